-- rocks/archive/zip.lua -- zip: stored and deflated entries whose own headers agree with the directory.

local entries_of = require "archive.entries"
local inflater = require "archive.inflate"

local M = {}

local byte, find, sub = string.byte, string.find, string.sub
local floor = math.floor

local function fail(why) error(why, 0) end

local function number(text, at, bytes)
  if at + bytes - 1 > #text then fail "it ends too early" end
  local n = 0
  for i = at + bytes - 1, at, -1 do n = n * 256 + byte(text, i) end
  return n
end

-- The record at the very end; its comment, of up to 64 KB, is behind it.
local function find_end(text)
  for at = #text - 21, math.max(1, #text - 21 - 65535), -1 do
    if byte(text, at) == 80 and sub(text, at, at + 3) == "PK\5\6" and at + 21 + number(text, at + 20, 2) == #text then
      return at
    end
  end
  fail "it is cut off, or no zip"
end

local function directory_of(text, limits)
  local at = find_end(text)
  local count, size, from = number(text, at + 10, 2), number(text, at + 12, 4), number(text, at + 16, 4)
  if count == 65535 or size == 4294967295 or from == 4294967295 then fail "zip64 is not taken" end
  if number(text, at + 4, 2) ~= 0 or number(text, at + 6, 2) ~= 0 or number(text, at + 8, 2) ~= count then
    fail "it is one of several parts"
  end
  if count > limits.max_entries then fail("it has more than " .. limits.max_entries .. " entries") end
  if from + size + 1 ~= at then fail "its directory is not where it should be" end
  return from + 1, at, count
end

local function kind_of(made_by, attributes, name)
  local format = floor(made_by / 256) == 3 and floor(attributes / 2 ^ 28) or 0 -- Unix: the type of a file
  if format == 10 then return "symbolic link" end
  if format == 0 or format == 4 or format == 8 then
    return (find(name, "/$") or format == 4) and "directory" or "file"
  end
  return "device"
end

local function central_of(text, at, stop)
  if at + 45 >= stop or sub(text, at, at + 3) ~= "PK\1\2" then fail "its directory is malformed" end
  local name_length, extra, comment = number(text, at + 28, 2), number(text, at + 30, 2), number(text, at + 32, 2)
  local name = sub(text, at + 46, at + 45 + name_length)
  local entry = {
    name = name, flags = number(text, at + 8, 2), method = number(text, at + 10, 2), crc = number(text, at + 16, 4),
    packed = number(text, at + 20, 4), size = number(text, at + 24, 4), header = number(text, at + 42, 4) + 1,
    kind = kind_of(number(text, at + 4, 2), number(text, at + 38, 4), name),
    mode = floor(number(text, at + 4, 2) / 256) == 3 and floor(number(text, at + 38, 4) / 65536) % 4096 or nil,
  }
  return entry, at + 46 + name_length + extra + comment
end

local function check(entry, limits)
  if entry.flags % 2 == 1 then fail "an entry is encrypted" end
  if entry.method ~= 0 and entry.method ~= 8 then fail("the method " .. entry.method .. " is not known") end
  if entry.size == 4294967295 or entry.packed == 4294967295 then fail "zip64 is not taken" end
  if entry.method == 0 and entry.size ~= entry.packed then fail "the size of an entry is wrong" end
  if entry.kind == "directory" and entry.size > 0 then fail "a directory has data" end
  if entry.size > limits.free_bytes and entry.size > entry.packed * limits.max_ratio then
    fail("an entry unpacks to more than " .. limits.max_ratio .. " times its size")
  end
end

-- Where the data of an entry begin; its own header must agree with the directory.
local function data_at(text, entry)
  local at = entry.header
  if sub(text, at, at + 3) ~= "PK\3\4" then fail "an entry is not where it should be" end
  local name_length, extra = number(text, at + 26, 2), number(text, at + 28, 2)
  if sub(text, at + 30, at + 29 + name_length) ~= entry.name or number(text, at + 8, 2) ~= entry.method
    or number(text, at + 6, 2) ~= entry.flags then
    fail "an entry has two headers that differ"
  end
  return at + 30 + name_length + extra
end

local function reader(text, entry, from, inflate)
  return function()
    local data = sub(text, from, from + entry.packed - 1)
    if entry.method == 8 then
      local why
      data, why = inflate(data, 1, entry.size)
      if not data then return nil, "is not a zip: " .. why end
    end
    if #data == entry.size and inflater.crc32(data) == entry.crc then return data end
    return nil, "is not a zip: its checksum is wrong"
  end
end

-- Entries that share bytes are how a small file becomes a huge one.
local function check_overlaps(ranges)
  table.sort(ranges, function(a, b) return a.from < b.from end)
  for i = 2, #ranges do
    if ranges[i].from <= ranges[i - 1].to then fail "two entries share bytes" end
  end
end

--- The entries of a zip, within `limits`; raises the reason if it is refused.
function M.read(text, limits, inflate)
  local at, stop, count = directory_of(text, limits)
  local start = at
  local entries, ranges = entries_of.new(limits), {}
  for i = 1, count do
    local entry
    entry, at = central_of(text, at, stop)
    check(entry, limits)
    local from = data_at(text, entry)
    if from + entry.packed > start then fail "an entry reaches into the directory" end
    ranges[i] = { from = entry.header, to = from + entry.packed - 1 }
    entries_of.add(entries, { name = entry.name, kind = entry.kind, size = entry.size, mode = entry.mode,
                              read = reader(text, entry, from, inflate) })
  end
  if at ~= stop then fail "its directory is malformed" end
  check_overlaps(ranges)
  return entries.list
end

return M
