-- host/lua/sio/encode.lua -- events and acknowledgements as packets, each encoded exactly once.
-- One plain argument, the usual case, is spliced behind a cached prefix without any table.  Every function returns
-- a packet and the array of the binary messages that belong to it, or nil; a packet that is all binary, as servers
-- with parser = "msgpack" have them, is false and an array of one.

local binary = require "socketio.binary"
local host = require "human.core.host"
local json = require "human.json"
local lossy = require "human.core.lossy"
local msgpack = require "msgpack"
local packed = require "socketio.packed"
local parser = require "socketio.parser"

local encode, between, select, type = json.encode, json.encode_between, select, type
local possible, RESERVED, NULL = binary.possible, parser.RESERVED, host.NULL
local PREFIX_MAX = 512 -- cached prefixes per namespace; clients may choose event names, e.g. by an echo

local M = {}

local function check(event)
  if type(event) ~= "string" then
    error("emit: the event must be a string, not " .. type(event), 4)
  end
  if RESERVED[event] then error("emit: '" .. event .. "' is a reserved event name", 4) end
end

local function prefix(nsp, event)
  check(event)
  if nsp.n_prefixes >= PREFIX_MAX then nsp.prefixes, nsp.n_prefixes = {}, 0 end
  local text = "42" .. nsp.head .. "[" .. json.quote(event) .. ","
  nsp.prefixes[event] = text
  nsp.n_prefixes = nsp.n_prefixes + 1
  return text
end

-- {first, ...} with null for nil, and its length.
local function pack(first, ...)
  local n = select("#", ...)
  local args = { first, ... }
  for i = 1, n + 1 do
    if args[i] == nil then args[i] = NULL end
  end
  return args, n + 1
end

--- The value of the JSON in a text from byte `from` on; or nil and a message.  Halves of characters are rare, so they
--- are looked for only in what could not be read.
function M.from_json(text, from)
  local v, err = json.decode(text, from)
  if not err then return v end
  local mended = lossy.json(text)
  if mended == text then return nil, err end
  return json.decode(mended, from)
end

-- MessagePack ------------------------------------------------------------------------------------

local function bytes_of(v) return binary.is(v) and v.data or nil end

local function plain(v)
  local text = json.raw_text(v)
  if text then return (json.decode(text)) end
  return v
end

local pack_value, unpack_value = msgpack.codec {
  null = NULL, array = json.array, is_array = json.is_array, bytes = binary.new, bytes_of = bytes_of,
  is_text = host.utf8_ok, mend = lossy.utf8, plain = plain,
}

--- Any plain value as a text for other workers and hosts, bytes included, and back: value | nil, message.
M.pack, M.unpack_value = pack_value, unpack_value

--- The packet in a binary message: kind, namespace, id | false, data; or nil and a message.
M.unpack = packed.decoder { decode = unpack_value, is_array = json.is_array, null = NULL }

local function packed_packet(kind, name, id, data)
  return false, { pack_value(packed.packet(kind, name, id, data)) }
end

-- Events -----------------------------------------------------------------------------------------

local function general(nsp, id, offset, event, ...)
  check(event)
  local args, n = pack(event, ...)
  args[n + 1] = offset
  if nsp.rt.packed then return packed_packet(2, nsp.name, id, args) end
  local text, parts = parser.encode("2", nsp.name, id or "", args, encode, json.raw)
  return "4" .. text, parts
end

--- An event packet.  id: the acknowledgement id or nil; offset: the recovery offset or nil.
--- Returns the packet, and the array of its binary messages or nil.
function M.event(nsp, id, offset, event, ...)
  if id or select("#", ...) ~= 1 or possible() or nsp.rt.packed then return general(nsp, id, offset, event, ...) end
  local value = ...
  local head = nsp.prefixes[event] or prefix(nsp, event)
  if offset then return between(head, value, ',"' .. offset .. '"]') end
  return between(head, value, "]")
end

--- An acknowledgement packet; id: digits as received.
function M.ack(nsp, id, ...)
  local n = select("#", ...)
  if nsp.rt.packed then return packed_packet(3, nsp.name, id, n == 0 and json.array {} or (pack(...))) end
  if n == 0 then return "43" .. nsp.head .. id .. "[]" end
  if n == 1 and not possible() then
    local value = ...
    return "43" .. nsp.head .. id .. "[" .. encode(value) .. "]"
  end
  local text, parts = parser.encode("3", nsp.name, id, (pack(...)), encode, json.raw)
  return "4" .. text, parts
end

-- The rest --------------------------------------------------------------------------------------

local function head(name) return name == "/" and "" or name .. "," end

--- The answer to a refused CONNECT for the namespace `name`.
function M.refusal(session, name, message, data)
  message = tostring(message)
  if session.conf.packed then return packed_packet(4, name, nil, { message = message, data = data }) end
  if session.v3 then
    return "44" .. head(name) .. (data ~= nil and encode(data) or json.quote(message))
  end
  local body = '{"message":' .. json.quote(message)
  if data ~= nil then body = body .. ',"data":' .. encode(data) end
  return "44" .. head(name) .. body .. "}"
end

--- The answer to a CONNECT.  pid: the private id of a socket that may come back, or nil.
function M.connect(session, socket, pid)
  local nsp = socket.nsp
  if session.conf.packed then return packed_packet(0, nsp.name, nil, { sid = socket.id, pid = pid }) end
  if session.v3 then return "40" .. nsp.head end
  local body = '{"sid":"' .. socket.id .. (pid and '","pid":"' .. pid or "") .. '"}'
  return "40" .. nsp.head .. body
end

--- A DISCONNECT: the socket has left the namespace.
function M.disconnect(session, nsp)
  if session.conf.packed then return packed_packet(1, nsp.name) end
  return "41" .. nsp.head
end

return M
