-- host/lua/scripts/override.lua -- scripts that override shipped ones: reads their metadata, and checks whether it
-- still holds.  `--% base: SHA256` identifies the text that a script was copied from, `--% host:
-- >= N` the API level that it needs; both are among the comments at the start of a script.

local host = require "human.core.host"
local linediff = require "human.core.linediff"
local texts = require "human.text"

local M = {}
local BASE_DIR = ".base"                         -- texts that overrides were copied from, by SHA-256

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- The SHA-256 of a text, in hex.
function M.sum(text) return hex(host.sha256(text)) end

-- The metadata in the leading comments of a script: {key = {value, line}}.
function M.metadata(text)
  local out, number = {}, 0
  for line in text:gmatch "([^\n]*)\n?" do
    number = number + 1
    if not line:find "^%s*%-%-" and line:find "%S" then break end
    if line == "" and number > 100 then break end
    local key, value = line:match "^%-%-%%%s*([%w_]+):(.*)$"
    if key and not out[key] then out[key] = { value = texts.trim(value), line = number } end
  end
  return out
end

-- The text without its base line, for comparison with the shipped text.
function M.without_base(text)
  if text:find "^%-%-%%%s*base:" then return (text:gsub("^[^\n]*\n?", "", 1)) end
  return (text:gsub("\n%-%-%%%s*base:[^\n]*", "", 1))
end

local function level_needed(name, said)
  local level = said.value:match "^>=%s*(%d+)$"
  if level then return tonumber(level) end
  error(("%s:%d: --%% host: must read >= N"):format(name, said.line), 0)
end

local function check_level(name, said)
  if not said or level_needed(name, said) <= host.API_LEVEL then return end
  error(("%s:%d: needs a host of API level %d, this one has %d: install a newer human"):format(
    name, said.line, level_needed(name, said), host.API_LEVEL), 0)
end

local function base_of(name, said)
  if not said then return nil end
  if #said.value == 64 and not said.value:find "[^%da-f]" then return said.value end
  error(("%s:%d: --%% base: must be a SHA-256 of 64 hex digits"):format(name, said.line), 0)
end

-- The text that an override was copied from, or nil if it was not kept.
function M.base_text(root, base)
  local f = io.open(root .. "/" .. BASE_DIR .. "/" .. base, "rb")
  if not f then return nil end
  local text = f:read "*a"
  f:close()
  return M.sum(text) == base and text or nil
end

-- Where `human override` keeps the text that it copies, inside of the directory.
function M.base_path(sum) return BASE_DIR .. "/" .. sum end

-- Compares the script in force at `path` with the one that it overrides: {path, file, root, state =, base, text,
-- below}.  state: "added" (it overrides nothing), "same" (unchanged since it was copied), "outdated" (the
-- overridden text has changed since), "gone" (it was copied from a file that no longer exists),
-- "unknown" (it does not say what it was copied from).
function M.describe(origin, path)
  local entry = origin.files[path][1]
  local text, below = host.bundle_file(origin.n, path), host.bundle_below(origin.n, path, 1)
  local base = base_of(entry.name, M.metadata(text).base)
  local state
  if not below then state = base and "gone" or "added"
  elseif not base then state = "unknown"
  else state = M.sum(below) == base and "same" or "outdated" end
  return { path = path, file = entry.file, name = entry.name, root = origin.roots[entry.root],
           state = state, base = base, text = text, below = below }
end

-- Everything in force that was not shipped, by path.
function M.list(origin)
  local list = {}
  for path, entries in pairs(origin.files) do
    if entries[1].root < #origin.roots then list[#list + 1] = M.describe(origin, path) end
  end
  table.sort(list, function(a, b) return a.path < b.path end)
  return list
end

-- One sentence about an override whose shipped text has changed, or nil.
function M.warning(o)
  if o.state == "gone" then
    return o.file .. ": overrides a shipped script that is no longer there"
  end
  if o.state ~= "outdated" then return nil end
  local was = M.base_text(o.root, o.base)
  local n = was and linediff.count(was, o.below)
  local what = n and ("%d line%s changed upstream"):format(n, n == 1 and "" or "s") or "it has changed upstream"
  return ("%s: based on an older shipped version; %s (human overrides --diff)"):format(o.file, what)
end

-- Checks the metadata of all scripts of a bundle.  Returns warnings; raises if the bundle must be refused.
function M.check(origin)
  local warnings = {}
  for path, entries in pairs(origin.files) do
    for level, entry in ipairs(entries) do
      check_level(entry.name, M.metadata(host.bundle_below(origin.n, path, level - 1)).host)
    end
  end
  for _, o in ipairs(M.list(origin)) do
    local warning = M.warning(o)
    if warning and host.conf().strict_overrides then error(warning .. " (strict_overrides)", 0) end
    warnings[#warnings + 1] = warning
  end
  return warnings
end

return M
