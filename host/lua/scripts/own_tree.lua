-- host/lua/scripts/own_tree.lua -- the operator's directory of scripts, the first of the search path: read and written
-- through the host's file operations, which no name and no link leads out of.

local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}
local FILE = host.FILE
local FILE_MAX, FILES_MAX, DEPTH_MAX, LIST_MAX = 1048576, 1000, 16, 10000
M.FILE_MAX = FILE_MAX

--- The directories of the search path, as configured: the first is the operator's, the last the shipped one.
function M.directories()
  local dirs = {}
  for dir in host.conf().scripts:gmatch "[^:]+" do dirs[#dirs + 1] = dir end
  return dirs
end

--- How many directories the search path has.
function M.count() return #M.directories() end

--- The directory; or nil and a sentence, where there is none to write to.
function M.directory()
  local dirs = M.directories()
  if #dirs > 1 then return dirs[1] end
  return nil, "the search path (the setting scripts) has no directory of your own before " .. dirs[1]
end

--- Whether a text is a path of a script inside of a tree: relative, without "..", .lua.
function M.is_path(text)
  if #text > 200 or not text:find "^[%w_][%w_./-]*%.lua$" or text:find("//", 1, true) then return false end
  for part in text:gmatch "[^/]+" do
    if part:sub(1, 1) == "." then return false end
  end
  return not text:find "_spec%.lua$"
end

-- Its data, or nil and a status.
local function ask(work)
  local status, data = sched.await(host.file(sched.owner(), work))
  if status == FILE.OK then return data end
  return nil, status, data
end

local REASONS = { [FILE.FORBIDDEN] = "the server's user may not write there", [FILE.FULL] = "the disk is full",
                  [FILE.LINK] = "a link is in its path", [FILE.LARGE] = "it is larger than a script may be (1 MB)",
                  [FILE.DIRECTORY] = "it is a directory" }

local function reason(status, data)
  return REASONS[status] or data and data ~= "" and data or host.error_name(status) or tostring(status)
end

--- The text at a path, or nil; and why, if there is a file that cannot be read.
function M.read(path)
  local dir = M.directory()
  if not dir then return nil end
  local text, status, data = ask { what = FILE.READ, root = dir, name = path, max = FILE_MAX }
  if text then return text end
  if status == FILE.NONE or status == FILE.NO_DIRECTORY then return nil end
  return nil, path .. ": " .. reason(status, data)
end

local function walk(dir, below, depth, out)
  local data = ask { what = FILE.LIST, root = dir, name = below, max = LIST_MAX }
  for _, entry in ipairs(data and host.unpack(data) or {}) do
    local path = below == "" and entry.name or below .. "/" .. entry.name
    if #out >= FILES_MAX then return end
    if entry.kind == "directory" and entry.name:sub(1, 1) ~= "." and depth < DEPTH_MAX then
      walk(dir, path, depth + 1, out)
    elseif entry.kind == "file" and M.is_path(path) then out[#out + 1] = path end
  end
end

--- The paths of the scripts in it, at most 1,000.
function M.list()
  local dir, out = M.directory(), {}
  if dir then walk(dir, "", 0, out) end
  return out
end

-- Directories are made one by one above the root, which a first override finds missing.
local function make_root(dir)
  local above, name = dir:match "^(/.*)/([^/]+)$"
  if not above then return end
  local _, status = ask { what = FILE.LIST, root = dir, name = "", max = LIST_MAX }
  if status ~= FILE.NONE and status ~= FILE.NO_DIRECTORY then return end
  make_root(above)
  ask { what = FILE.MKDIR, root = above, name = name }
end

--- Writes a file whole or not at all: true, or nil and a sentence.
function M.write(path, text)
  local dir, why = M.directory()
  if not dir then return nil, why end
  make_root(dir)
  local folder = path:match "^(.*)/[^/]+$"
  local ok, status, data = true, nil, nil
  if folder then ok, status, data = ask { what = FILE.MKDIR, root = dir, name = folder } end
  if ok then ok, status, data = ask { what = FILE.WRITE, root = dir, name = path, data = text } end
  if ok then return true end
  return nil, dir .. "/" .. path .. ": " .. reason(status, data)
end

--- Removes a file: true, also if it is not there; or nil and a sentence.
function M.remove(path)
  local dir, why = M.directory()
  if not dir then return nil, why end
  local ok, status, data = ask { what = FILE.REMOVE, root = dir, name = path }
  if ok or status == FILE.NONE or status == FILE.NO_DIRECTORY then return true end
  return nil, dir .. "/" .. path .. ": " .. reason(status, data)
end

return M
