-- spec/support/http1_unit.lua -- host/http/http1.c through the FFI: bytes in, parsed requests out.

local ffi = require "ffi"
require "c_buf"
local C = require "c_types" ("http/http1.h", "http1", "http1_start", "http1_free", "http1_feed", "http1_raw",
  "HTTP1_MORE", "HTTP1_HEAD", "HTTP1_DONE")

local M = { MORE = C.HTTP1_MORE, HEAD = C.HTTP1_HEAD, DONE = C.HTTP1_DONE }

local used = ffi.new "size_t[1]"

local function part(h, at, n) return ffi.string(h.head.p + at, n) end

local function describe_request(h)
  local r = {
    target = part(h, h.target, h.target_n), method = h.method, minor = h.minor, keep = h.keep,
    websocket = h.websocket, expect = h.expect, headers = {}, body = ffi.string(h.body.p, h.body.n),
  }
  for i = 0, h.count - 1 do
    local f = h.header[i]
    r.headers[i + 1] = part(h, f.name, f.name_n) .. "=" .. part(h, f.value, f.value_n)
  end
  return r
end

local function raw(h)
  local b = ffi.new "buf"
  assert(C.http1_raw(h, b) == 0)
  local text = ffi.string(b.p, b.n)
  C.buf_free(b)
  return text
end

-- Feed `text` in pieces of `step` bytes (default: in one).  The request as a table with `rest`, the
-- bytes behind it, and `raw`; or nil and the status of the refusal, 0 when it is not complete.
function M.parse(text, step, head_max, body_max)
  local h = ffi.gc(ffi.new "http1", C.http1_free)
  C.http1_start(h, head_max or 16384, body_max or 65536)
  local at, state = 0, M.MORE
  while at < #text and state < M.DONE do
    local piece = text:sub(at + 1, at + (step or #text))
    state = C.http1_feed(h, piece, #piece, used)
    at = at + tonumber(used[0])
    if state == M.HEAD then
      piece = text:sub(at + 1, at + (step or #text))
      state = C.http1_feed(h, piece, #piece, used)
      at = at + tonumber(used[0])
    end
  end
  if state ~= M.DONE then return nil, state end
  local r = describe_request(h)
  r.rest, r.raw = text:sub(at + 1), raw(h)
  return r
end

return M
