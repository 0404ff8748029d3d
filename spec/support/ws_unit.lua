-- spec/support/ws_unit.lua -- host/http/wsframe.c through the FFI, and the frames of a client to feed it.

local bit, ffi = require "bit", require "ffi"

local C = require "c_types" ("http/wsframe.h", "wsf_event", "wsf_reader", "wsf_start", "wsf_free", "wsf_next",
  "wsf_head", "WSF_MORE", "WSF_HEAD_MAX")
require "c_types" ("stdlib.h", "free")

local M = { MORE = tonumber(C.WSF_MORE), MESSAGE = tonumber(C.WSF_MESSAGE), PING = tonumber(C.WSF_PING),
            PONG = tonumber(C.WSF_PONG), CLOSE = tonumber(C.WSF_CLOSE), ERROR = tonumber(C.WSF_ERROR) }
local KEY = { 0x37, 0xfa, 0x21, 0x3d }

local function big_endian(n, bytes)
  local out = {}
  for i = bytes, 1, -1 do
    out[i] = string.char(n % 256)
    n = math.floor(n / 256)
  end
  return table.concat(out)
end

local function masked(text)
  local out = {}
  for i = 1, #text do out[i] = string.char(bit.bxor(text:byte(i), KEY[(i - 1) % 4 + 1])) end
  return table.concat(out)
end

-- A client's frame.  o: {fin = false, rsv = 4 (RSV1) .. 1, mask = false, length = 16 or 64 (bits)}.
function M.frame(opcode, payload, o)
  o = o or {}
  local n, mask = #payload, o.mask == false and 0 or 128
  local first = (o.fin == false and 0 or 128) + (o.rsv or 0) * 16 + opcode
  local form = o.length or (n < 126 and 7 or n < 65536 and 16 or 64)
  local length = form == 7 and n or form == 16 and 126 or 127
  local head = string.char(first, mask + length) .. (form > 7 and big_endian(n, form / 8) or "")
  if o.mask == false then return head .. payload end
  return head .. string.char(unpack(KEY)) .. masked(payload)
end

function M.close(code, reason) return M.frame(8, big_endian(code, 2) .. (reason or "")) end

-- The head of a server's frame.
function M.head(opcode, n)
  local to = ffi.new("uint8_t[?]", C.WSF_HEAD_MAX)
  return ffi.string(to, C.wsf_head(to, opcode, false, n))
end

-- C unmasks in place, and holds pointers only: `memory` must live as long as they do, also where the
-- compiler sees that no Lua uses it any more.
local memory

local function read_piece(r, piece, events)
  memory = ffi.new("char[?]", #piece + 1, piece)
  local p, n, e = ffi.new("char *[1]", memory), ffi.new("size_t[1]", #piece), ffi.new "wsf_event"
  while n[0] > 0 do
    local kind = tonumber(C.wsf_next(r, p, n, e))
    if kind ~= M.MORE then
      events[#events + 1] = { kind, e.code, kind == M.ERROR and "" or ffi.string(e.p, e.n) }
      if e.owned then C.free(e.p) end
      e.owned = false
    end
  end
end

-- The events {kind, code, payload} of `bytes`, fed in pieces of `step`.
function M.events(bytes, step, max, deflate)
  local r, events = ffi.gc(ffi.new "wsf_reader", C.wsf_free), {}
  C.wsf_start(r, max or 65536, deflate or false)
  for at = 1, #bytes, step or #bytes do read_piece(r, bytes:sub(at, at + (step or #bytes) - 1), events) end
  return events
end

return M
