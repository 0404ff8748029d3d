-- spec/host/ws_spec.lua -- WebSocket connections (RFC 6455) from the handshake to the last frame.

local host = require "human.core.host"
local sched = require "human.core.sched"
local wire = require "wire"
local ws = require "ws_unit"
local connections = require "human.http.connections"

local frame, close = ws.frame, ws.close
local HANDSHAKE = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

describe("a WebSocket", function()
  local id, c, options, seen
  before_each(function()
    options = {}
    local mine = { messages = {} }                 -- an earlier test's connection may still be closing
    local handler = {
      on_message = function(_, data, is_text)
        mine.messages[#mine.messages + 1] = data
        host.ws_send(id, is_text and 1 or 2, data)
      end,
      on_close = function(_, code, reason)
        mine.closed = { code, reason }
        return mine.goes_on
      end,
    }
    seen = mine
    wire.serve(function(req)
      id = host.ws_accept(req, options)
      connections.bind(id, handler)
    end)
  end)
  after_each(function()
    wire.serve(nil)
    c:close()
  end)

  -- Connect, with `behind` right behind the handshake; the head of the answer.
  local function connect(behind, lines)
    c = wire.open(HANDSHAKE .. (lines or "") .. "\r\n" .. (behind or ""))
    return select(2, c:answer())
  end

  local function expect(opcode, payload)
    local want = ws.head(opcode, #payload) .. payload
    assert.equal(want, c:read(#want))
  end

  local function ends(code, reason)
    wire.eventually(function() return seen.closed end)
    assert.same({ code, reason }, seen.closed)
    assert.is_true(host.ws_send(id, 1, "late") < 0)
  end

  it("is accepted with the key of RFC 6455, 1.3, and echoes", function()
    options.protocol = "chat"
    local head = connect()
    assert.truthy(head:find("^HTTP/1.1 101 ", 1))
    assert.truthy(head:find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n", 1, true))
    assert.truthy(head:find("Sec-WebSocket-Protocol: chat\r\n", 1, true))
    for _, payload in ipairs { "", "text", ("long "):rep(20000) } do
      c:send(frame(1, payload))
      expect(1, payload)
    end
  end)

  it("loses nothing of what came right behind the handshake", function()
    connect(frame(1, "early") .. frame(2, "bird"))
    expect(1, "early")
    expect(2, "bird")
  end)

  it("answers pings, between the fragments of a message too", function()
    connect()
    c:send(frame(1, "a", { fin = false }) .. frame(9, "p") .. frame(0, "b"))
    expect(10, "p")
    expect(1, "ab")
  end)

  it("answers a close frame, and says so once", function()
    connect()
    c:send(close(1001, "bye") .. frame(1, "late"))
    expect(8, "\3\233")
    assert.equal("", c:read_all())
    ends(1001, "bye")
    assert.same({}, seen.messages)
  end)

  it("sends what was queued and then its own close; nothing arrives after that", function()
    connect()
    host.ws_send(id, 1, "last")
    assert.equal(0, host.ws_close(id, 4000, "done"))
    assert.is_true(host.ws_send(id, 1, "more") < 0)
    c:send(frame(1, "ignored"))
    expect(1, "last")
    expect(8, "\15\160done")
    c:send(close(4000))
    ends(4000, "")
    assert.same({}, seen.messages)
  end)

  it("ends with 1006 when the client is just gone", function()
    connect()
    c:close()
    ends(1006, "")
  end)

  it("ends with the error's code, after what was queued", function()
    connect()
    host.ws_send(id, 1, "before")
    c:send(frame(1, "\255"))
    expect(1, "before")
    assert.equal("\136", c:read(1))
    assert.equal("\3\239", c:read(3):sub(2))
    ends(1007, "text is not UTF-8")
  end)

  it("refuses to send what no client could read", function()
    connect()
    assert.equal(host.E.INVAL, host.ws_send(id, 1, "\255"))
    assert.equal(host.E.INVAL, host.ws_send(id, 9, ("p"):rep(126)))
    assert.equal(host.E.INVAL, host.ws_send(id, 8, ""))
    assert.equal(host.E.INVAL, host.ws_close(id, 1006, ""))
    assert.equal(host.E.INVAL, host.ws_close(id, 1000, ("r"):rep(124)))
  end)

  it("pings a silent client, and closes with 1001 when it stays silent", function()
    options.ping_s, options.idle_s = 0.2, 1
    connect()
    expect(9, "")
    ends(1001, "nothing was received for too long")
  end)

  it("reads nothing while it is told not to", function()
    connect()
    c:send(frame(1, "one"))
    expect(1, "one")
    host.read(id, false)
    c:send(frame(1, "two"))
    sched.sleep(0.05)
    assert.same({ "one" }, seen.messages)
    host.read(id, true)
    expect(1, "two")
  end)

  it("is cut when it does not read and its queue is full", function()
    options.max_queue = 100000
    connect()
    local sent
    for _ = 1, 1000 do
      sent = host.ws_send(id, 2, ("q"):rep(50000))
      if sent < 0 then break end
    end
    assert.equal(host.E.FULL, sent)
    ends(1006, "")
  end)

  it("drops what is volatile for a client that is behind, and nothing else", function()
    options.max_queue = 10000000
    connect()
    assert.is_true(host.ws_send(id, 1 + host.WS_VOLATILE, "ready") > 0)
    expect(1, "ready")
    local block = ("q"):rep(50000)
    local blocks = 0
    repeat
      blocks = blocks + 1
      host.ws_send(id, 2, block)
    until host.ws_send(id, 1 + host.WS_VOLATILE, "volatile") == 0
    assert.equal(0, host.ws_broadcast({ id }, 1, 1 + host.WS_VOLATILE, "volatile"))
    host.ws_send(id, 1, "last")
    local volatile = 0
    for _ = 1, blocks do
      local head = c:read(4)
      if head:byte(1) == 129 then
        volatile = volatile + 1
        c:read(2 + 8 - 4)
        head = c:read(4)
      end
      assert.equal(ws.head(2, 50000), head)
      c:read(50000)
    end
    expect(1, "last")
    assert.equal(blocks - 1, volatile)
    assert.is_true(host.ws_send(id, 1 + host.WS_VOLATILE, "again") > 0)
    expect(1, "again")
  end)

  it("compresses when both sides want it", function()
    options.deflate = true
    local head = connect(nil, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n")
    assert.truthy(head:find("Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover", 1, true))
    host.ws_send(id, 1, ("again and "):rep(1000))
    local first = c:read(2)
    assert.equal(0xc1, first:byte(1))
    assert.is_true(first:byte(2) < 126)
    c:read(first:byte(2))
    host.ws_send(id, 1, "short")
    expect(1, "short")
  end)

  it("takes part in a broadcast", function()
    connect()
    assert.equal(1, host.ws_broadcast({ id, 12345 }, 2, 1, "all"))
    expect(1, "all")
  end)

  -- What ends a connection right behind a message, and the close frame that answers it.
  local ENDS = {
    ["a close frame"] = { close(1000, "bye"), "\3\232", 1000 },
    ["a close frame without a code"] = { frame(8, ""), "", 1005 },
    ["a close frame with a code of its own"] = { close(4321), "\16\225", 4321 },
    ["a broken close frame"] = { frame(8, "\3"), "\3\234close code of one byte", 1002 },
    ["a forbidden close code"] = { close(1006), "\3\234invalid close code", 1002 },
    ["a reserved bit"] = { frame(1, "x", { rsv = 2 }), "\3\234reserved bits are set", 1002 },
    ["an unknown opcode"] = { frame(3, "x"), "\3\234unknown opcode", 1002 },
    ["a frame without a mask"] = { frame(1, "x", { mask = false }), "\3\234frame is not masked", 1002 },
    ["text that is not UTF-8"] = { frame(1, "\255"), "\3\239text is not UTF-8", 1007 },
    ["a message that is too large"] = { frame(2, ("x"):rep(2000)), "\3\241message too large", 1009 },
    ["a fragment of nothing"] = { frame(0, "x"), "\3\234nothing to continue", 1002 },
  }

  for name, how in pairs(ENDS) do
    it("answers what came in the same piece before " .. name, function()
      options.max_message = 1000
      connect()
      c:send(frame(1, "one") .. frame(9, "p") .. frame(1, "tw", { fin = false }) .. frame(0, "o") .. how[1]
        .. frame(1, "late"))
      expect(10, "p")
      expect(1, "one")
      expect(1, "two")
      expect(8, how[2])
      assert.equal("", c:read_all())
      assert.equal(how[3], seen.closed[1])
      assert.same({ "one", "two" }, seen.messages)
    end)
  end

  it("answers compressed messages before the close, too", function()
    options.deflate = true
    connect(nil, "Sec-WebSocket-Extensions: permessage-deflate\r\n")
    c:send(frame(1, ("x"):rep(1000)) .. frame(1, "\255", { rsv = 4 }) .. close(1000))
    local first = c:read(2)
    assert.equal(0xc1, first:byte(1))
    c:read(first:byte(2))
    expect(8, "\3\239compressed data is malformed")
    assert.same({ ("x"):rep(1000) }, seen.messages)
  end)

  it("answers a client that stops sending without a close frame", function()
    connect()
    c:send(frame(1, "one") .. frame(1, "tw", { fin = false }))
    c:half_close()
    expect(1, "one")
    assert.equal("", c:read_all())
    ends(1006, "")
  end)

  it("waits for a handler that has more to say, and reads no more meanwhile", function()
    seen.goes_on = true
    connect()
    c:send(frame(1, "one") .. close(1001, "bye") .. frame(1, "late"))
    expect(1, "one")
    wire.eventually(function() return seen.closed end)
    assert.is_true(host.ws_send(id, 1, "more") > 0)
    assert.equal(0, host.ws_close(id, 4000, "not heard"))
    expect(1, "more")
    expect(8, "\3\233")
    ends(1001, "bye")
    assert.equal("", c:read_all())
  end)

  it("waits for nobody longer than 5 s", function() -- limit: websocket end
    seen.goes_on = true
    connect()
    c:send(close(1000))
    assert.equal(ws.head(8, 2) .. "\3\232", c:read_all(8))
    ends(1000, "")
  end)
end)
