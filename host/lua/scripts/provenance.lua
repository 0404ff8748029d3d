-- host/lua/scripts/provenance.lua -- where each script of a bundle came from, and its name in messages.
-- A shipped script goes by its path in the tree (agent/rules/limits.lua); one that comes from a
-- directory before it by its path on disk, so that file:line leads an operator to the file to edit.

local host = require "human.core.host"

local M = {}
local Origin = {}
Origin.__index = Origin
local NAME_MAX = 59                              -- Lua truncates longer chunk names at the left

-- A name that Lua does not truncate; the directory's number distinguishes files with the same path.
local function shortened(name, root)
  if #name <= NAME_MAX then return name end
  return "~" .. root .. "..." .. name:sub(-(NAME_MAX - 5))
end

-- The origins of bundle n: {roots = {dir, ..}, files = {path = {{root, name, full, file}, ..}}}, the file
-- in force first, then those behind it.  root counts from 1; file is its path on disk.
function M.read(n)
  local raw = host.bundle_files(n)
  local o = setmetatable({ n = n, roots = raw.roots, files = {}, long = {} }, Origin)
  for i, path in ipairs(raw.paths) do
    local root = raw.root_of[i] + 1
    local file = raw.roots[root] .. "/" .. path
    local full = root == #raw.roots and path or file
    local name = shortened(full, root)
    if name ~= full then o.long[name] = full end
    o.files[path] = o.files[path] or {}
    table.insert(o.files[path], { root = root, name = name, full = full, file = file })
  end
  return o
end

-- The name in messages of the file `level` places after the one in force.
function Origin:name(path, level)
  local entry = self.files[path] and self.files[path][(level or 0) + 1]
  return entry and entry.name or path
end

-- The same without a length limit.
function Origin:full_name(path, level)
  local entry = self.files[path] and self.files[path][(level or 0) + 1]
  return entry and entry.full or path
end

-- The number of files with this path, including the one in force.
function Origin:depth(path) return self.files[path] and #self.files[path] or 0 end

-- A message with shortened names written out.
function Origin:explain(text)
  for short, full in pairs(self.long) do
    local from, to = text:find(short, 1, true)
    while from do
      text = text:sub(1, from - 1) .. full .. text:sub(to + 1)
      from, to = text:find(short, from + #full, true)
    end
  end
  return text
end

return M
