-- rocks/socketio/engine3.lua -- Engine.IO v3 polling payloads, which clients of Socket.IO 2 speak.
-- As text each packet is `<length>:<packet>`, the length in UTF-16 code units, and bytes are `b4<base64>`.  As
-- bytes each is 0 (text) or 1 (bytes), its length in digits that are bytes from 0 to 9, 255, and the packet.

local byte, char, find, gsub, match, sub = string.byte, string.char, string.find, string.gsub, string.match, string.sub
local concat = table.concat

local M = {}
local DIGITS_MAX = 10

--- The length of UTF-8 text in UTF-16 code units, as JavaScript counts.
function M.units(text)
  if not find(text, "[\128-\255]") then return #text end
  local _, inside = gsub(text, "[\128-\191]", "")
  local _, pairs_ = gsub(text, "[\240-\247]", "")
  return #text - inside + pairs_
end

local function size_of(lead) return lead < 128 and 1 or lead < 224 and 2 or lead < 240 and 3 or 4 end

-- Where the text of n units that begins at `at` ends; nil when there is not so much, or it ends inside a pair.
local function skip(text, at, n, plain)
  if plain then return at + n - 1 <= #text and at + n - 1 or nil end
  while n > 0 do
    local lead = byte(text, at)
    if not lead then return nil end
    local size = size_of(lead)
    n, at = n - (size == 4 and 2 or 1), at + size
  end
  if n < 0 or at - 1 > #text then return nil end
  return at - 1
end

--- Splits a payload of text: an array of at most `max` packets, or nil and a message.
function M.decode_text(payload, max)
  local packets, at, plain = {}, 1, not find(payload, "[\128-\255]")
  while at <= #payload do
    if #packets == max then return nil, "too many packets" end
    local digits, from = match(payload, "^(%d+):()", at)
    if not digits or #digits > DIGITS_MAX then return nil, "malformed length" end
    local stop = skip(payload, from, tonumber(digits), plain)
    if not stop then return nil, "it ends too early" end
    packets[#packets + 1], at = sub(payload, from, stop), stop + 1
  end
  if not packets[1] then return nil, "it is empty" end
  return packets
end

-- The length of a packet of bytes, and where it begins.
local function read_length(payload, at)
  local n = 0
  for i = at, at + DIGITS_MAX do
    local digit = byte(payload, i)
    if digit == 255 and i > at then return n, i + 1 end
    if not digit or digit > 9 then return nil end
    n = n * 10 + digit
  end
end

--- The same for a payload of bytes.  Packets of bytes are {data = …}, without their type.
function M.decode_bytes(payload, max)
  local packets, at = {}, 1
  while at <= #payload do
    if #packets == max then return nil, "too many packets" end
    local kind = byte(payload, at)
    local n, from = read_length(payload, at + 1)
    if kind > 1 or not n then return nil, "malformed length" end
    if from + n - 1 > #payload then return nil, "it ends too early" end
    local packet = sub(payload, from, from + n - 1)
    if kind == 1 then
      if byte(packet, 1) ~= 4 then return nil, "bytes that are no message" end
      packet = { data = sub(packet, 2) }
    end
    packets[#packets + 1], at = packet, from + n
  end
  if not packets[1] then return nil, "it is empty" end
  return packets
end

local function length_bytes(n)
  return (gsub(tostring(n), "%d", function(digit) return char(digit) end)) .. "\255"
end

local function encode_bytes(list, n)
  local out = {}
  for i = 1, n do
    local packet = list[i]
    local text = type(packet) == "string" and packet or "\4" .. packet.data
    out[i] = (type(packet) == "string" and "\0" or "\1") .. length_bytes(#text) .. text
  end
  return concat(out)
end

--- Joins packets list[1..n]; an entry that is a table is binary: {data = bytes}.  as_text: the client takes no bytes.
--- Returns the payload, and whether it is bytes.
function M.encode_payload(list, n, base64, as_text)
  local out = {}
  for i = 1, n do
    local packet = list[i]
    if type(packet) == "table" then
      if not as_text then return encode_bytes(list, n), true end
      packet = "b4" .. base64(packet.data)
    end
    out[i] = M.units(packet) .. ":" .. packet
  end
  return concat(out), false
end

return M
