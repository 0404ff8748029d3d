-- rocks/socketio/engine.lua -- Engine.IO v4 packets and polling payloads.
-- Source: engine.io-protocol v4.  A WebSocket text frame is `<type><data>`, a binary frame is the
-- bytes of one message; a polling payload joins packets by 0x1e and carries bytes as `b<base64>`.

local byte, find, gsub, match, rep, sub = string.byte, string.find, string.gsub, string.match, string.rep, string.sub
local concat = table.concat

local M = {}

M.OPEN, M.CLOSE, M.PING, M.PONG, M.MESSAGE, M.UPGRADE, M.NOOP = "0", "1", "2", "3", "4", "5", "6"
M.SEPARATOR = "\30"

--- Whether a packet's first byte names a type ('0' to '6'); false for an empty packet.
function M.is_packet(packet)
  local kind = byte(packet, 1)
  return kind ~= nil and kind >= 48 and kind <= 54
end

--- Reads the packet of `payload` that starts at `from`.  Returns it and where the next one starts
--- (nil: it was the last).  An empty payload holds one empty, hence invalid, packet.
function M.next_packet(payload, from)
  local stop = find(payload, "\30", from, true)
  if not stop then return sub(payload, from), nil end
  return sub(payload, from, stop - 1), stop + 1
end

local URL_ALPHABET = { ["-"] = "+", ["_"] = "/" }

-- Base64 as clients write it: the Java one breaks lines, others leave the padding out or use the
-- alphabet for URLs.  The reference takes all that.  Returns what `unbase64` takes, or nil.
local function strict_base64(text)
  local digits = match(gsub(text, "%s", ""), "^([%w+/_-]*)=?=?$")
  if not digits or #digits % 4 == 1 then return nil end
  return gsub(digits, "[-_]", URL_ALPHABET) .. rep("=", -#digits % 4)
end

--- The bytes of a `b<base64>` packet: string | false when it is none | nil when it is malformed.
--- unbase64: strict (standard alphabet, padded); what it refuses is tried again in that form.
function M.binary(packet, unbase64)
  if byte(packet, 1) ~= 98 then return false end
  local text = sub(packet, 2)
  local bytes = unbase64(text)
  if bytes then return bytes end
  text = strict_base64(text)
  return text and unbase64(text)
end

--- Splits a whole payload: an array of packets (at most `max`), or nil and a message.
function M.decode_payload(payload, max)
  local packets, from = {}, 1
  repeat
    if #packets == max then return nil, "too many packets" end
    packets[#packets + 1], from = M.next_packet(payload, from)
  until not from
  return packets
end

--- Joins packets `list[1..n]`.  An entry that is a table is binary: `{data = bytes}`.
function M.encode_payload(list, n, base64)
  for i = 1, n do
    local packet = list[i]
    if type(packet) == "table" then list[i] = "b" .. base64(packet.data) end
  end
  return concat(list, "\30", 1, n)
end

--- The JSON after the `0` of an open packet, without the session id: the constant tail.
function M.open_tail(options)
  return ('","upgrades":[%s],"pingInterval":%d,"pingTimeout":%d,"maxPayload":%d}'):format(
    options.upgrade and '"websocket"' or "", options.ping_interval_ms, options.ping_timeout_ms,
    options.max_payload)
end

return M
