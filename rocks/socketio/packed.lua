-- rocks/socketio/packed.lua -- Socket.IO v5 packets as MessagePack, one binary Engine.IO message each.
-- Compatible with npm socket.io-msgpack-parser 3: {type, nsp, data, id}.  Bytes are inline in the data, so there are
-- no attachments.  MessagePack comes from the caller.

local parser = require "socketio.parser"

local M = {}
local MAX_NAMESPACE, MAX_ID = 256, 2 ^ 53

local function is_whole(n, max) return type(n) == "number" and n >= 0 and n <= max and n % 1 == 0 end

local function data_ok(kind, data, is_list)
  if kind == 2 then
    local name = is_list and data[1]
    return type(name) == "number" or type(name) == "string" and not parser.RESERVED[name]
  end
  if kind == 3 then return is_list end
  if kind == 0 then return data == nil or type(data) == "table" and not is_list end
  if kind == 1 then return data == nil end
  return type(data) == "string" or type(data) == "table" and not is_list
end

--- Makes a decoder: fn(bytes) -> kind (0..4), namespace, ack id (digits as a string) | false, data | nil; or nil and
--- a message.  options: decode(bytes) -> value | nil, message; is_array(table); null.
function M.decoder(options)
  local decode, is_array, null = options.decode, options.is_array, options.null

  return function(bytes)
    local packet, err = decode(bytes)
    if type(packet) ~= "table" then return nil, err or "no packet" end
    local kind, name, id, data = packet.type, packet.nsp, packet.id, packet.data
    if id == null then id = nil end
    if data == null then data = nil end
    if not is_whole(kind, 4) then return nil, "unknown packet type" end
    if type(name) ~= "string" or name:byte(1) ~= 47 or #name > MAX_NAMESPACE then return nil, "invalid namespace" end
    if not data_ok(kind, data, type(data) == "table" and is_array(data)) then return nil, "invalid payload" end
    if id ~= nil and not is_whole(id, MAX_ID) then return nil, "invalid acknowledgement id" end
    return kind, name, id and ("%d"):format(id) or false, data
  end
end

--- What the encoder is given for a packet; id: digits, a number or nil.
function M.packet(kind, namespace, id, data)
  return { type = kind, nsp = namespace, id = id and tonumber(id), data = data }
end

return M
