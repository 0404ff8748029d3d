-- rocks/archive/archive.lua -- reads untrusted tar, gzipped tar and zip archives from their bytes.
-- It writes nothing and touches no file; all entries are checked before the first one is returned.

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

--- The entries of a tar: a list of {name, kind = "file" or "directory", size, mode, mtime, read()}; or nil and a
--- reason. options, all optional: max_entries, max_bytes, max_ratio, free_bytes, max_name, max_depth; only(name), which
--- gives the name that an entry is to have, or nil: it is left out and not judged, as if it were not there.
function M.tar(bytes, options)
  return told("a tar", pcall(tar.read, bytes, limits_of(options)))
end

--- The entries of a zip, like those of a tar, without mtime.  read() returns nil and a reason for damaged data.
--- options.inflate(bytes, from, max): a faster replacement for the one in Lua; returns the text, or nil and a reason.
function M.zip(bytes, options)
  return told("a zip", pcall(zip.read, bytes, limits_of(options), options and options.inflate or inflater.inflate))
end

--- The text of a gzip file; or nil and a reason.
function M.gunzip(bytes, options)
  local limits = limits_of(options)
  local max = math.min(limits.max_bytes, math.max(limits.free_bytes, #bytes * limits.max_ratio))
  local text, why = inflater.gunzip(bytes, max)
  if text then return text end
  return nil, "is not a gzip that is taken: " .. why
end

--- The entries of a tar, a gzipped tar or a zip, detected from the bytes; or nil and a reason.
function M.read(bytes, options)
  if bytes:sub(1, 4):find "^PK[\3\5][\4\6]" then return M.zip(bytes, options) end
  if bytes:sub(1, 2) ~= "\31\139" then return M.tar(bytes, options) end
  local limits = limits_of(options)
  limits.max_bytes = limits.max_bytes + limits.max_entries * 2048 -- headers and padding do not count as entries
  local text, why = M.gunzip(bytes, limits)
  if not text then return nil, why end
  return M.tar(text, options)
end

return M
