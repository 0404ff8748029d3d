-- host/lua/sio_encode.lua -- events and acknowledgements as packets, each encoded exactly once.
-- One plain argument, the usual case, is spliced behind a cached prefix without any table.

local binary = require "socketio.binary"
local host = require "human.host"
local json = require "human.json"
local parser = require "socketio.parser"

local encode, select, type = json.encode, select, type
local possible, RESERVED, NULL = binary.possible, parser.RESERVED, host.NULL
local PREFIX_MAX = 512 -- cached prefixes per namespace; a client may choose the names of an echo

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

local function general(nsp, id, offset, event, ...)
  check(event)
  local args, n = pack(event, ...)
  args[n + 1] = offset
  local text, parts = parser.encode("2", nsp.name, id or "", args, encode, json.raw)
  return "4" .. text, parts
end

--- An event packet.  id: the acknowledgement id or nil; offset: the recovery offset or nil.
--- Returns the packet, and the array of its binary messages or nil.
function M.event(nsp, id, offset, event, ...)
  if id or select("#", ...) ~= 1 or possible() then return general(nsp, id, offset, event, ...) end
  local value = ...
  local head = nsp.prefixes[event] or prefix(nsp, event)
  if offset then return head .. encode(value) .. ',"' .. offset .. '"]' end
  return head .. encode(value) .. "]"
end

--- An acknowledgement packet; id: digits as they came.
function M.ack(nsp, id, ...)
  local n = select("#", ...)
  if n == 0 then return "43" .. nsp.head .. id .. "[]" end
  if n == 1 and not possible() then
    local value = ...
    return "43" .. nsp.head .. id .. "[" .. encode(value) .. "]"
  end
  local text, parts = parser.encode("3", nsp.name, id, (pack(...)), encode, json.raw)
  return "4" .. text, parts
end

--- The answer to a refused CONNECT.
function M.refusal(head, message, data)
  local body = '{"message":' .. json.quote(tostring(message))
  if data ~= nil then body = body .. ',"data":' .. encode(data) end
  return "44" .. head .. body .. "}"
end

return M
