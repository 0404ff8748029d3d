-- spec/host/ws_frame_spec.lua -- host/http/wsframe.c: frames in any pieces give the same events, and violations of
-- RFC 6455 end the connection with the right code.

local ws = require "ws_unit"

local frame, close = ws.frame, ws.close
local KAPPA = "\206\186\225\189\185\207\131\206\188\206\181"           -- kosme in Greek
local FIRST, NEXT = { fin = false }, { fin = false }

local function events(bytes, max)
  local whole = ws.events(bytes, nil, max)
  for _, step in ipairs { 1, 3, 64 } do assert.same(whole, ws.events(bytes, step, max)) end
  return whole
end

describe("WebSocket frames", function()
  for _, n in ipairs { 0, 1, 7, 8, 31, 125, 126, 127, 65535, 65536, 70000 } do
    it(("carry a message of %d bytes"):format(n), function()
      local payload = ("0123456789abcdefg"):rep(math.ceil(n / 17)):sub(1, n)
      assert.same({ { ws.MESSAGE, 2, payload } }, events(frame(2, payload), 70000))
      assert.same({ { ws.MESSAGE, 1, payload } }, events(frame(1, payload), 70000))
    end)
  end

  it("may be fragments, even inside of a character, with control frames between them", function()
    local bytes = frame(1, KAPPA:sub(1, 3), FIRST) .. frame(9, "ping") .. frame(0, "", NEXT)
      .. frame(10, "pong") .. frame(0, KAPPA:sub(4)) .. frame(2, "x")
    assert.same({ { ws.PING, 1005, "ping" }, { ws.PONG, 1005, "pong" }, { ws.MESSAGE, 1, KAPPA },
                  { ws.MESSAGE, 2, "x" } }, events(bytes))
  end)

  it("end with a close frame, after which nothing is read", function()
    assert.same({ { ws.CLOSE, 1000, "bye" } }, events(close(1000, "bye") .. frame(1, "late")))
    assert.same({ { ws.CLOSE, 1005, "" } }, events(frame(8, "") .. frame(1, "late")))
  end)

  local wrong = {
    { 1002, "not masked", frame(1, "a", { mask = false }) },
    { 1002, "RSV1 without an extension", frame(1, "a", { rsv = 4 }) },
    { 1002, "RSV2", frame(1, "a", { rsv = 2 }) },
    { 1002, "RSV3", frame(1, "a", { rsv = 1 }) },
    { 1002, "opcode 3", frame(3, "a") },
    { 1002, "opcode 11", frame(11, "") },
    { 1002, "a ping of 126 bytes", frame(9, ("a"):rep(126)) },
    { 1002, "a ping in fragments", frame(9, "a", FIRST) },
    { 1002, "a continuation of nothing", frame(0, "a") },
    { 1002, "a message inside a message", frame(1, "a", FIRST) .. frame(1, "b") },
    { 1002, "16 bits for a short length", frame(1, "a", { length = 16 }) },
    { 1002, "64 bits for a short length", frame(1, ("a"):rep(200), { length = 64 }) },
    { 1002, "a negative length", "\130\255\255\255\255\255\255\255\255\255\1\2\3\4" },
    { 1009, "a message over the limit", frame(2, ("a"):rep(65537)) },
    { 1009, "fragments over the limit", frame(2, ("a"):rep(65000), FIRST) .. frame(0, ("b"):rep(600)) },
    { 1007, "a surrogate", frame(1, "a\237\160\128") },
    { 1007, "an overlong character", frame(1, "\192\175") },
    { 1007, "a character over U+10FFFF", frame(1, "\244\144\128\128") },
    { 1007, "an unfinished character", frame(1, "\206") },
    { 1007, "a character broken by a fragment", frame(1, "\206", FIRST) .. frame(0, "a") },
    { 1002, "a close code of one byte", frame(8, "\3") },
    { 1007, "a close reason that is not UTF-8", close(1000, "\255") },
  }
  for _, code in ipairs { 0, 999, 1004, 1005, 1006, 1015, 1016, 2000, 2999, 5000, 65535 } do
    wrong[#wrong + 1] = { 1002, "close code " .. code, close(code) }
  end
  for _, c in ipairs(wrong) do
    it(("fail with %d for %s"):format(c[1], c[2]), function()
      assert.same({ { ws.ERROR, c[1], "" } }, events(c[3] .. frame(1, "late")))
    end)
  end

  for _, code in ipairs { 1000, 1001, 1003, 1007, 1014, 3000, 4999 } do
    it("accept close code " .. code, function()
      assert.same({ { ws.CLOSE, code, "" } }, events(close(code)))
    end)
  end

  it("fail before the end of a frame when its text cannot become UTF-8 any more", function()
    local bytes = frame(1, "ab\244\144" .. ("c"):rep(1000))
    assert.same({ { ws.ERROR, 1007, "" } }, ws.events(bytes:sub(1, 12)))
  end)

  it("fail at the head when a message will be too large", function() -- limit: limits.ws_message_bytes
    assert.same({ { ws.ERROR, 1009, "" } }, ws.events(frame(2, ("a"):rep(65537)):sub(1, 14)))
  end)

  it("have the shortest heads when we send them", function()
    local heads = { [0] = "\129\0", [125] = "\129\125", [126] = "\129\126\0\126", [65535] = "\129\126\255\255",
                    [65536] = "\129\127\0\0\0\0\0\1\0\0" }
    for n, head in pairs(heads) do assert.equal(head, ws.head(1, n)) end
  end)
end)
