-- host/lua/cli/test_words.lua -- the arguments of `human test`: those of busted, parsed by busted's own code.
-- Runs twice: before the runtime starts, since the first path decides which scripts to load, and inside
-- it.  So it must not use our modules.

local M = {}
local DISTRIBUTION = {
  "/usr/share/lua/5.1/?.lua", "/usr/share/lua/5.1/?/init.lua", "/usr/local/share/lua/5.1/?.lua",
  "/usr/local/share/lua/5.1/?/init.lua",
}
local LIBRARIES = {
  "/usr/lib/x86_64-linux-gnu/lua/5.1/?.so", "/usr/lib/aarch64-linux-gnu/lua/5.1/?.so",
  "/usr/local/lib/lua/5.1/?.so",
}

M.OUTPUT = "human"                               -- busted's name for our output
M.NAME = "human test"

--- Adds the path of Debian's busted.
function M.extend_search()
  package.path = table.concat(DISTRIBUTION, ";") .. ";" .. package.path
  package.cpath = table.concat(LIBRARIES, ";") .. ";" .. package.cpath
end

--- Arguments for busted: runs specs in this Lua, whichever `--lua` names; without a path, those in `otherwise`.
function M.complete(words, otherwise)
  local out = { [0] = M.NAME, "--ignore-lua" }
  for _, word in ipairs(words) do out[#out + 1] = word end
  if otherwise then out[#out + 1] = otherwise end
  return out
end

local function parse(words, ...)
  local cli = require "busted.modules.cli" { output = M.OUTPUT }
  cli:set_name(M.NAME)
  return cli:parse(M.complete(words, ...))
end

--- -> busted's options (ROOT: the paths, or nil if none is given), or nil and the reason.
function M.parse(words)
  local options, why = parse(words)
  if not options then return nil, why end
  -- Without a path ROOT has busted's default; a second parse with one more path tells whether it was given.
  local given = parse(words, "")
  local none = not given or type(given.ROOT) ~= "table" or #given.ROOT == 0 or given.ROOT[1] == ""
  local root = options.ROOT
  if none and (root == "spec" or type(root) == "table" and #root == 1 and root[1] == "spec") then
    options.ROOT = nil
  end
  return options
end

-- The first path, "" if none was given; or nil and one that does not exist.
local function first_path(options)
  local dir, first = options.directory, nil
  for _, word in ipairs(options.ROOT or {}) do
    local path = require "pl.path".join(dir, word)
    if not require "pl.path".exists(path) then return nil, path end
    first = first or path
  end
  return first or (dir ~= "./" and dir or "")
end

--- -> nil and the first path, "" if none was given; or an exit status and the text to end with.  Starts and
--- creates nothing.
function M.read(words)
  M.extend_search()
  if not pcall(require, "busted.modules.cli") then
    return 1, "human test: busted is not installed (Debian: lua-busted)"
  end
  local options, why = M.parse(words)
  if not options then
    local usage = why:match "Usage: .*"
    if not usage then return 1, why end
    return 0, (usage:gsub("; re%-run with %-%-help for usage%.$", ""))
  end
  if options.version then return 0, require "busted.core"().version end
  local first, absent = first_path(options)
  if not first then return 1, absent .. ": No such file or directory" end
  return nil, first
end

return M
