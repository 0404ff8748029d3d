-- spec/host/ws_deflate_spec.lua -- host/http/wsdeflate.c: permessage-deflate (RFC 7692).

local ffi = require "ffi"
require "c_buf"
local ws = require "ws_unit"

local C = require "c_types" ("http/wsdeflate.h", "wsdeflate_negotiate", "wsdeflate_pack")

local ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

local function taken(b)
  local text = ffi.string(b.p, b.n)
  C.free(b.p)
  return text
end

local function negotiate(offers)
  local b = ffi.new "buf"
  return C.wsdeflate_negotiate(offers, #offers, b), taken(b)
end

local function pack(text, window)
  local b = ffi.new "buf"
  local status = C.wsdeflate_pack(window or 15, text, #text, b)
  return status, taken(b)
end

local function packed(text, window)
  local status, bytes = pack(text, window)
  assert.equal(0, status)
  return bytes
end

local function events(bytes, step, max) return ws.events(bytes, step, max or 65536, true) end

describe("permessage-deflate", function()
  local offers = {
    { "permessage-deflate", 15, ANSWER },
    { "permessage-deflate; client_max_window_bits", 15, ANSWER },
    { "x-other, permessage-deflate;server_no_context_takeover", 15, ANSWER },
    { "permessage-deflate; server_max_window_bits=10", 10, ANSWER .. "; server_max_window_bits=10" },
    { 'permessage-deflate; server_max_window_bits="9"', 9, ANSWER .. "; server_max_window_bits=9" },
    { "permessage-deflate; server_max_window_bits=8, permessage-deflate", 15, ANSWER },
    { "permessage-deflate; server_max_window_bits=8", 0, "" },
    { "permessage-deflate; server_max_window_bits=16", 0, "" },
    { "permessage-deflate; server_max_window_bits", 0, "" },
    { "permessage-deflate; client_max_window_bits=7", 0, "" },
    { "permessage-deflate; server_no_context_takeover=1", 0, "" },
    { "permessage-deflate; client_max_window_bits; client_max_window_bits", 0, "" },
    { "permessage-deflate; unknown", 0, "" },
    { "x-webkit-deflate-frame", 0, "" },
    { "", 0, "" },
  }
  for _, c in ipairs(offers) do
    it(("answers the offer %q"):format(c[1]), function()
      assert.same({ c[2], c[3] }, { negotiate(c[1]) })
    end)
  end

  it("gives back what was compressed, from every window and in any pieces", function()
    local text = ("some text that repeats itself; "):rep(300)
    for _, window in ipairs { 9, 12, 15 } do
      local bytes = packed(text, window)
      assert.is_true(#bytes < #text / 10)
      for _, step in ipairs { 1, 5, 1000 } do
        assert.same({ { ws.MESSAGE, 1, text } }, events(ws.frame(1, bytes, { rsv = 4 }), step))
      end
    end
  end)

  it("marks only the first of the fragments, and lets control frames between", function()
    local bytes = packed(("ab"):rep(500))
    local frames = ws.frame(2, bytes:sub(1, 3), { rsv = 4, fin = false }) .. ws.frame(9, "!")
      .. ws.frame(0, bytes:sub(4)) .. ws.frame(1, "plain")
    assert.same({ { ws.PING, 1005, "!" }, { ws.MESSAGE, 2, ("ab"):rep(500) }, { ws.MESSAGE, 1, "plain" } },
      events(frames))
    local again = ws.frame(1, "a", { fin = false }) .. ws.frame(0, "b", { rsv = 4 })
    assert.same({ { ws.ERROR, 1002, "" } }, events(again))
  end)

  it("is left out when it does not make a message smaller", function()
    local text = "\1\143\27\200\91\13\66\250\111\35"
    assert.equal(-1, (pack(text)))
  end)

  it("stops a message that expands over the limit, at the limit", function()
    local bytes = ws.frame(2, packed(("\0"):rep(65536)), { rsv = 4 })
    assert.same({ ws.MESSAGE, 2 }, { unpack(events(bytes)[1], 1, 2) })
    assert.same({ { ws.ERROR, 1009, "" } }, events(bytes, nil, 65535))
    local bomb = ws.frame(2, packed(string.rep("\0", 20000000)), { rsv = 4 })
    assert.same({ { ws.ERROR, 1009, "" } }, events(bomb))
  end)

  it("refuses what is malformed, or not UTF-8 when it should be", function()
    assert.same({ { ws.ERROR, 1007, "" } }, events(ws.frame(2, "\255\255\255\255", { rsv = 4 })))
    assert.same({ { ws.ERROR, 1007, "" } },
      events(ws.frame(1, packed(("text "):rep(100) .. "\255"), { rsv = 4 })))
  end)
end)
