-- rocks/archive/tar.lua -- tar: ustar (POSIX.1-1988), pax (POSIX.1-2001), and GNU's long names and numbers.

local entries_of = require "archive.entries"

local M = {}

local byte, find, match, sub = string.byte, string.find, string.match, string.sub
local floor = math.floor

local BLOCK = 512
local MAX_META = 65536       -- bytes of one long name or pax header

local KINDS = {
  ["0"] = "file", ["\0"] = "file", ["7"] = "file", ["1"] = "hard link", ["2"] = "symbolic link",
  ["3"] = "device", ["4"] = "device", ["5"] = "directory", ["6"] = "pipe",
}

local function fail(why) error(why, 0) end

local function text_of(field) return match(field, "^%Z*") end

-- Octal digits, or GNU's binary when the first bit is set.
local function number_of(field)
  local first = byte(field, 1)
  if first == 128 then
    local n = 0
    for i = 2, #field do n = n * 256 + byte(field, i) end
    if n > 2 ^ 53 then fail "a number is too large" end
    return n
  end
  local digits = match(field, "^ *([0-7]*)[ %z]*$") -- linear: of 12 bytes
  if not digits then fail "a number is malformed" end
  return digits == "" and 0 or tonumber(digits, 8)
end

local function check_sum(block)
  local plain, signed = 0, 0
  for i = 1, BLOCK do
    local b = (i > 148 and i <= 156) and 32 or byte(block, i)
    plain, signed = plain + b, signed + (b > 127 and b - 256 or b)
  end
  local told = number_of(sub(block, 149, 156))
  if told ~= plain and told ~= signed then fail "the checksum of a header is wrong" end
end

-- "length name=value\n", over and over.
local function pax_of(data)
  local out, at = {}, 1
  while at <= #data do
    local digits = match(data, "^(%d+) ", at)
    local length = digits and #digits <= 5 and tonumber(digits) or 0
    local record = sub(data, at + #(digits or "") + 1, at + length - 1)
    local name, value = match(record, "^([^=]+)=(.*)\n$")
    if not name or at + length - 1 > #data then fail "a pax header is malformed" end
    out[name] = value
    at = at + length
  end
  return out
end

local function header_of(block)
  local name, prefix = text_of(sub(block, 1, 100)), ""
  if sub(block, 258, 263) == "ustar\0" then prefix = text_of(sub(block, 346, 500)) end
  return {
    name = prefix ~= "" and prefix .. "/" .. name or name, mode = number_of(sub(block, 101, 108)) % 4096,
    size = number_of(sub(block, 125, 136)), mtime = number_of(sub(block, 137, 148)), type = sub(block, 157, 157),
  }
end

-- Attributes of an entry from the headers before it.
local function with_pax(header, pax)
  for _, key in ipairs { "GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.size" } do
    if pax[key] then fail "a sparse file is not taken" end
  end
  header.name = pax.path or header.name
  header.mtime = pax.mtime and match(pax.mtime, "^%d+") and tonumber(match(pax.mtime, "^%d+")) or header.mtime
  if pax.size then
    if not find(pax.size, "^%d+$") or #pax.size > 15 then fail "a number is malformed" end
    header.size = tonumber(pax.size)
  end
  return header
end

local function entry_of(text, header, at)
  local kind = KINDS[header.type]
  if not kind then fail("an entry is of the type " .. ("%q"):format(header.type) .. ", which is not known") end
  if kind == "file" and find(header.name, "/$") and header.size == 0 then kind = "directory" end -- before ustar
  local size = kind == "file" and header.size or 0
  return { name = header.name, kind = kind, size = size, mode = header.mode, mtime = header.mtime,
           read = function() return sub(text, at, at + size - 1) end }
end

local function read(text, limits)
  local entries, at = entries_of.new(limits), 1
  local global, pax, long, headers = {}, {}, nil, 0
  while at + BLOCK - 1 <= #text do
    local block = sub(text, at, at + BLOCK - 1)
    if not find(block, "%Z") then return entries.list end
    headers = headers + 1
    if headers > limits.max_entries * 4 then fail("it has more than " .. limits.max_entries .. " entries") end
    check_sum(block)
    local header = header_of(block)
    if header.type:find "[xgLK]" then
      if header.size > MAX_META then fail "a header is too long" end
      local data = sub(text, at + BLOCK, at + BLOCK + header.size - 1)
      if #data < header.size then fail "it ends too early" end
      if header.type == "L" then long = text_of(data)
      elseif header.type == "x" then pax = pax_of(data)
      elseif header.type == "g" then
        for name, value in pairs(pax_of(data)) do global[name] = value end
      end
    else
      header = with_pax(header, setmetatable(pax, { __index = global }))
      header.name = long or header.name
      if KINDS[header.type] == "directory" then header.size = 0 end
      if at + BLOCK + header.size - 1 > #text then fail "it ends too early" end
      entries_of.add(entries, entry_of(text, header, at + BLOCK))
      pax, long = {}, nil
    end
    at = at + BLOCK + floor((header.size + BLOCK - 1) / BLOCK) * BLOCK
  end
  if at <= #text or headers == 0 then fail "it is cut off, or no tar" end
  return entries.list -- without the zeros at its end, as some write it
end

--- The entries of a tar, within `limits`; raises the reason if it is refused.
M.read = read

return M
