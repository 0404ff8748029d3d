-- rocks/archive/archive.lua -- reads tar, gzipped tar and zip that strangers sent, from their bytes.
-- Nothing is written and no file is touched: what the entries say has been checked before the first one is seen.

local inflater = require "archive.inflate"
local tar = require "archive.tar"
local zip = require "archive.zip"

local M = {}

local DEFAULTS = {
  max_entries = 10000,     -- directories included
  max_bytes = 33554432,    -- of all entries, unpacked
  max_ratio = 200,         -- unpacked to packed, of an entry or a gzip that is larger than free_bytes
  free_bytes = 1048576,
  max_name = 1024, max_depth = 32,
}

local function limits_of(options)
  local limits = {}
  for name, value in pairs(DEFAULTS) do limits[name] = value end
  for name, value in pairs(options or {}) do limits[name] = value end
  return limits
end

local function told(what, ok, result)
  if ok then return result end
  return nil, "is not " .. what .. " that is taken: " .. tostring(result)
end

--- The entries of a tar: a list of {name, kind = "file" or "directory", size, mode, mtime, read()}; or nil and why not.
--- options, all optional: max_entries, max_bytes, max_ratio, free_bytes, max_name, max_depth.
function M.tar(bytes, options)
  return told("a tar", pcall(tar.read, bytes, limits_of(options)))
end

--- The entries of a zip, as those of a tar, without mtime.  read() gives nil and why not for data that are damaged.
--- options.inflate(bytes, from, max): a faster one than the one in Lua, which returns the text, or nil and why not.
function M.zip(bytes, options)
  return told("a zip", pcall(zip.read, bytes, limits_of(options), options and options.inflate or inflater.inflate))
end

--- The text of a gzip file; or nil and why not.
function M.gunzip(bytes, options)
  local limits = limits_of(options)
  local max = math.min(limits.max_bytes, math.max(limits.free_bytes, #bytes * limits.max_ratio))
  local text, why = inflater.gunzip(bytes, max)
  if text then return text end
  return nil, "is not a gzip that is taken: " .. why
end

--- The entries of a tar, a gzipped tar or a zip, whichever the bytes are; or nil and why not.
function M.read(bytes, options)
  if bytes:sub(1, 4):find "^PK[\3\5][\4\6]" then return M.zip(bytes, options) end
  if bytes:sub(1, 2) ~= "\31\139" then return M.tar(bytes, options) end
  local limits = limits_of(options)
  limits.max_bytes = limits.max_bytes + limits.max_entries * 2048 -- headers and padding are none of the entries'
  local text, why = M.gunzip(bytes, limits)
  if not text then return nil, why end
  return M.tar(text, options)
end

return M
