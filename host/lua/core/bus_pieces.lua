-- host/lua/core/bus_pieces.lua -- splits messages that are too long for one notification, and joins them.
-- A piece is a message of the bus: {"bus.piece", {id, index, count, base64}}.  Pieces come in the order in which
-- they were sent, or not at all, so an unexpected piece discards its message.  Any user of the database
-- can send pieces: the memory for them is bounded.

local host = require "human.core.host"
local json = require "human.json"

local M = {}
local TOPIC = "bus.piece"
local PIECE = 4800                               -- bytes per piece, before base64
local PIECES_MAX = 400
local ARRIVING_MAX, ARRIVING_S = 16, 10          -- incomplete texts
local arriving, n_arriving = {}, 0
local prefix, last = nil, 0

local function new_id()
  if not prefix then
    prefix = host.random(8):gsub(".", function(c) return ("%02x"):format(c:byte()) end) .. "-"
  end
  last = last + 1
  return prefix .. last
end

--- Splits `text`, a message as JSON, into messages of at most `max` bytes.  Raises if it is too long even for that.
function M.cut(text, max)
  if #text <= max then return { text } end
  local n, id, list = math.ceil(#text / PIECE), new_id(), {}
  if n > PIECES_MAX then error(("bus: a message of %d bytes is too long for other hosts"):format(#text), 0) end
  for i = 1, n do
    local piece = host.base64(text:sub((i - 1) * PIECE + 1, i * PIECE))
    list[i] = json.encode { TOPIC, { id, i, n, piece } }
  end
  return list
end

--- Whether a message from another host is a piece.
function M.is(message)
  return json.is_array(message) and message[1] == TOPIC and json.is_array(message[2])
end

local function forget(id)
  if arriving[id] then arriving[id], n_arriving = nil, n_arriving - 1 end
end

local function forget_old()
  local now = host.now()
  for id, one in pairs(arriving) do
    if now - one.at > ARRIVING_S then forget(id) end
  end
end

local function begin(id, n)
  if n_arriving >= ARRIVING_MAX then forget_old() end
  if n_arriving >= ARRIVING_MAX then return end
  forget(id)
  arriving[id], n_arriving = { n = n, have = 0, at = host.now() }, n_arriving + 1
end

--- Adds a piece.  Returns the text if that is now complete, or nil.
function M.join(message)
  local id, i, n, piece = unpack(message[2], 1, 4)
  local is_sane = type(id) == "string" and #id <= 64 and type(piece) == "string"
    and type(n) == "number" and n % 1 == 0 and n <= PIECES_MAX
  if not is_sane then return end
  if i == 1 then begin(id, n) end
  local one, bytes = arriving[id], host.unbase64(piece)
  if not one then return end
  if i ~= one.have + 1 or n ~= one.n or not bytes then return forget(id) end
  one[i], one.have = bytes, i
  if i < n then return end
  forget(id)
  return table.concat(one, "", 1, n)
end

return M
