-- scripts/gateway/tools/shell.lua -- a program, given as a list of arguments; no shell reads it.  It runs in a
-- sandbox: it reads the system's programs, and writes where it works.  Off until tools.enabled names it.

local exec = require "human.exec"
local tools = require "gateway.tools"
local written = require "gateway.written"

local TIMEOUT_S, OUTPUT_MAX, FILE_MAX = 60, 1048576, 1073741824

tools.define("shell", {
  description = "Runs a program in a sandbox and returns what it prints. Give the program and its arguments as a list; "
    .. "there are no pipes, redirections or variables.",
  parameters = { type = "object", required = { "argv" }, additionalProperties = false, properties = {
    argv = { type = "array", minItems = 1, maxItems = 200, items = { type = "string", maxLength = 16000 } },
    stdin = { type = "string", maxLength = 60000 },
  } },
  risk = "high", off = true, always_by = "argv", timeout_ms = (TIMEOUT_S + 5) * 1000,
}, function(call)
  local done, why = written.around(call, function(most)
    local ended, err = exec.run(call.arguments.argv, { stdin = call.arguments.stdin, timeout_s = TIMEOUT_S,
      output_max = OUTPUT_MAX, limits = { file_bytes = math.max(1, math.min(most, FILE_MAX)) },
      sandbox = { network = false } })
    return ended, err and err.message
  end)
  if not done then return nil, why end
  return { status = done.status, signal = done.signal, stdout = done.stdout, stderr = done.stderr,
           truncated = done.truncated or nil, timed_out = done.timed_out or nil }
end)

return {}
