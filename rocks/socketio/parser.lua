-- rocks/socketio/parser.lua -- Socket.IO v5 packets, what Engine.IO messages carry.
-- `<type>[<attachments>-][/namespace,][ack id][JSON]`.  Source: socket.io-protocol v5 and the
-- rules of socket.io-parser 4.2: where it throws, decode() returns nil and a message, and the
-- caller must close the connection.  JSON comes from the caller: this file has no opinion on it.

local byte, find, sub = string.byte, string.find, string.sub
local binary = require "socketio.binary"

local M = {}

M.CONNECT, M.DISCONNECT, M.EVENT, M.ACK, M.CONNECT_ERROR, M.BINARY_EVENT, M.BINARY_ACK =
  0, 1, 2, 3, 4, 5, 6

-- An event of these names would be taken for one that the library itself emits.
local RESERVED = { connect = true, connect_error = true, disconnect = true, disconnecting = true,
                   newListener = true, removeListener = true }
M.RESERVED = RESERVED

local MAX_ID_DIGITS = 18
local MAX_NAMESPACE = 256

local function is_event(data)
  if type(data) ~= "table" then return false end
  local name = data[1]
  return type(name) == "string" and not RESERVED[name] or type(name) == "number"
end

-- Checks a payload against its packet type; `first` is the payload's first byte (nil: no payload).
local function payload_ok(kind, first, data)
  if kind == 2 or kind == 5 then return first == 91 and is_event(data) end
  if kind == 3 or kind == 6 then return first == nil or first == 91 end
  if kind == 0 then return first == nil or first == 123 end
  if kind == 1 then return first == nil end
  return first == nil or first == 123 or first == 34
end

-- `<n>-` of binary packets: the count and where the rest starts, or nil and a message.
local function read_attachments(text, i, max)
  local _, stop = find(text, "^%d+%-", i)
  if not stop or stop - i > 9 then return nil, "malformed attachment count" end
  local count = tonumber(sub(text, i, stop - 1))
  if count > max then return nil, "too many attachments" end
  return count, stop + 1
end

-- `/name,` or `/name` up to the end.
local function read_namespace(text, i)
  local comma = find(text, ",", i, true)
  local stop = comma or #text + 1
  if stop - i > MAX_NAMESPACE then return nil, "namespace name too long" end
  return sub(text, i, stop - 1), stop + 1
end

local function read_id(text, i)
  local _, stop = find(text, "^%d+", i)
  if not stop then return false, i end
  if stop - i >= MAX_ID_DIGITS then return nil, "acknowledgement id too long" end
  return sub(text, i, stop), stop + 1
end

local function read_head(text, i, kind, max)
  local count, name = 0, "/"
  if kind >= 5 then
    count, i = read_attachments(text, i, max)
    if not count then return nil, i end
  end
  if byte(text, i) == 47 then
    name, i = read_namespace(text, i)
    if not name then return nil, i end
  end
  local id, from = read_id(text, i)
  if id == nil then return nil, from end
  return count, name, id, from
end

--- Makes a decoder.  options: json_decode(text) -> value | nil, message; or, where that saves a copy,
--- json_decode_from(text, from): of the text from that byte on; max_attachments (10).
--- The decoder is fn(text, i): the packet in `text` from byte `i` on.  It returns
--- kind (0..6), namespace, ack id (digits as a string) | false, data | nil, attachment count;
--- or nil and a message.
function M.decoder(options)
  local whole = options.json_decode
  local json_decode = options.json_decode_from or function(text, from) return whole(sub(text, from)) end
  local max = options.max_attachments or 10

  return function(text, i)
    local kind, first = byte(text, i, i + 1)
    if kind == 50 and first == 91 then -- `2[…]`: nearly all that ever comes
      local data, err = json_decode(text, i + 1)
      if is_event(data) then return 2, "/", false, data, 0 end
      return nil, err or "invalid payload"
    end
    if not kind or kind < 48 or kind > 54 then return nil, "unknown packet type" end
    kind = kind - 48
    local count, name, id, from = read_head(text, i + 1, kind, max)
    if not count then return nil, name end
    local data, err
    first = byte(text, from)
    if first then
      data, err = json_decode(text, from)
      if data == nil then return nil, err or "invalid JSON" end
    end
    if not payload_ok(kind, first, data) then return nil, "invalid payload" end
    return kind, name, id, data, count
  end
end

--- A packet's text: `kind` is its digit as a string, id may be "" and body is JSON or "".
function M.packet(kind, namespace, id, body)
  if namespace == "/" then return kind .. id .. body end
  return kind .. namespace .. "," .. id .. body
end

--- The text of an event (kind "2") or acknowledgement (kind "3") whose arguments may hold bytes,
--- and the array of its attachments or nil.  raw: see binary.extract.
function M.encode(kind, namespace, id, args, json_encode, raw)
  local plain, parts = binary.extract(args, raw)
  if not parts then return M.packet(kind, namespace, id, json_encode(args)), nil end
  local head = (kind == "2" and "5" or "6") .. #parts .. "-"
  return M.packet(head, namespace, id, json_encode(plain)), parts
end

return M
