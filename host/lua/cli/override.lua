-- host/lua/cli/override.lua -- `human override PATH`: copies a shipped script for editing.
-- The copy goes into the first directory of the search path and names its origin.  The original text is
-- kept beside it, so that after an upgrade both sides' changes can be distinguished (human overrides --diff).

local cli = require "human.cli.words"
local host = require "human.core.host"
local json = require "human.json"
local origin = require "human.scripts.provenance"
local override = require "human.scripts.override"
local own_tree = require "human.scripts.own_tree"

local M = {}
local function refuse(...)
  io.stderr:write("human override: ", table.concat { ... }, "\n")
  return 1
end

M.directories = own_tree.directories

--- The operator's directory, or nil and a sentence.
function M.own_directory()
  local dirs = M.directories()
  if #dirs > 1 then return dirs[1] end
  return nil, "the search path has no directory of your own before " .. dirs[1]
    .. "; give one: --scripts DIR:" .. dirs[1]
end

--- Whether text is a path of a script inside a tree: relative, without "..", .lua or .sql.
function M.is_path(text)
  if text:find "^/" or text:find "//" or text:find "%z" then return false end
  for part in text:gmatch "[^/]+" do
    if part == "." or part == ".." then return false end
  end
  return text:find "[^/]%.lua$" ~= nil or text:find "[^/]%.sql$" ~= nil
end

-- Paths with the same file name, as suggestions.
local function similar(o, path)
  local name, list = path:match "^.*/(.*)$" or path, {}
  for known in pairs(o.files) do
    if (known:match "^.*/(.*)$" or known) == name then list[#list + 1] = known end
  end
  table.sort(list)
  return #list > 0 and "; did you mean " .. table.concat(list, " or ") .. "?" or ""
end

local function next_steps(path)
  if not path:find "/rules/" then
    return "Edit it, then `human check`; a running server takes it with `human reload`.\n"
  end
  return ("Edit it, then `human check`; `human rules replay %s` shows what it would have decided otherwise, and\n"
    .. "a running server takes it with `human reload`.\n"):format(path:match "^.*/(.*)$" or path)
end

local function copy(o, dir, path, as_json)
  local entry = o.files[path][1]
  local text = host.bundle_file(o.n, path)
  local sum = override.sum(text)
  local ok, why = host.native.write_new(dir, path, "--% base: " .. sum .. "\n" .. text)
  if not ok then return refuse(why) end
  ok, why = host.native.write_new(dir, override.base_path(sum), text)
  if not ok and not why:find("exists already", 1, true) then return refuse(why) end
  if as_json then
    io.stdout:write(json.encode_sorted { file = dir .. "/" .. path, copy_of = entry.file, path = path }, "\n")
  else
    io.stdout:write(("%s/%s: a copy of %s\n"):format(dir, path, entry.file), next_steps(path))
  end
  return 0
end

--- Returns the exit code: 0 written, 1 refused, 2 wrong usage.
function M.run(args)
  local words, flags = cli.parse("override", args, { ["--json"] = true })
  cli.count("override", words, { "PATH" }, 1, 1)
  local path = words[1]
  if host.native.refused ~= "" then return refuse(host.native.refused) end
  local dir, why = M.own_directory()
  if not dir then return refuse(why) end
  if not M.is_path(path) then
    return refuse(path, ": give the path of a script inside of the tree, as agent/rules/limits.lua")
  end
  local o = origin.read(host.native.generation)
  if not o.files[path] then return refuse(path, ": there is no such script", similar(o, path)) end
  if path:find "%.sql$" then
    return refuse(path, ": a migration cannot be overridden, since it runs only once; add one of your own")
  end
  if not host.native.overridable(path) then
    return refuse(path, ": the setting `overrides` does not allow it (it allows: ", host.conf().overrides, ")")
  end
  return copy(o, dir, path, flags.json)
end

return M
