-- scripts/gateway/tools/shell.lua -- runs a program, given as a list of arguments; no shell reads it. It runs in a
-- sandbox: it reads the system's programs, and writes only where it works. Off until tools.enabled names it.

local config = require "human.config"
local decisions = require "human.decisions"
local exec = require "human.exec"
local files = require "human.files"
local rules = require "gateway.rules.shell"
local tools = require "gateway.tools"
local written = require "gateway.written"

local TIMEOUT_S, OUTPUT_MAX, FILE_MAX = 60, 1048576, 1073741824
local PROCESSES = 128                            -- limit: shell processes

-- A repository's settings can name programs for git to run, so that of a directory that only looks like one is not
-- taken for one; file_write and its like leave .git alone.
local ENV = { GIT_CONFIG_COUNT = 2, GIT_CONFIG_KEY_0 = "safe.bareRepository", GIT_CONFIG_VALUE_0 = "explicit",
              GIT_CONFIG_KEY_1 = "core.fsmonitor", GIT_CONFIG_VALUE_1 = "false", GIT_PAGER = "cat",
              GIT_CONFIG_NOSYSTEM = 1 }          -- /etc is not in the sandbox, and git ends where it may not read

-- Where the program of this name is; nil: nowhere, or where the agent could have put it.
local function path_of(name)
  local workspace = files.root("workspace").dir .. "/"
  for dir in config.exec.path:gmatch "[^:]+" do
    local is_ours = (dir .. "/"):sub(1, #workspace) == workspace
    local found = dir:find "^/" and files.directory(dir):stat(name)
    if found and found.kind ~= "directory" then return not is_ours and dir .. "/" .. name or nil end
  end
end

-- With which of its first words a command may be allowed for good: {path, words}; nil: only as it is.
local function prefix_of(arguments)
  local facts = { argv = arguments.argv, has_stdin = arguments.stdin ~= nil }
  local n = decisions.ask(rules.prefix, {}, facts).words
  local path = n > 0 and path_of(arguments.argv[1])
  if not path then return nil end
  local words = {}
  for i = 1, n do words[i] = arguments.argv[i] end
  return { path = path, words = words }
end

-- What is started: where a command may be allowed by its beginning, the very program that was shown.
local function argv_of(arguments)
  local prefix, argv = prefix_of(arguments), { unpack(arguments.argv) }
  if prefix then argv[1] = prefix.path end
  return argv
end

tools.define("shell", {
  description = "Runs a program in a sandbox and returns what it prints. Give the program and its arguments as a list; "
    .. "there are no pipes, redirections or variables.",
  parameters = { type = "object", required = { "argv" }, additionalProperties = false, properties = {
    argv = { type = "array", minItems = 1, maxItems = 200, items = { type = "string", maxLength = 16000 } },
    stdin = { type = "string", maxLength = 60000 },
  } },
  risk = "high", off = true, always_by = "argv stdin", prefix_of = prefix_of, timeout_ms = (TIMEOUT_S + 5) * 1000,
}, function(call)
  local argv = argv_of(call.arguments)
  local done, why = written.around(call, function(most)
    local ended, err = exec.run(argv, { stdin = call.arguments.stdin, timeout_s = TIMEOUT_S, env = ENV,
      output_max = OUTPUT_MAX, limits = { file_bytes = math.max(1, math.min(most, FILE_MAX)), processes = PROCESSES },
      sandbox = { network = false } })
    return ended, err and err.message
  end)
  if not done then return nil, why end
  return { status = done.status, signal = done.signal, stdout = done.stdout, stderr = done.stderr,
           truncated = done.truncated or nil, timed_out = done.timed_out or nil }
end)

return {}
