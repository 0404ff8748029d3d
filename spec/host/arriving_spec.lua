-- spec/host/arriving_spec.lua -- many large bodies and messages at a time: what a worker holds of all of them
-- together is bounded.  The limit is shortened in place for the time of these tests.

local host = require "human.core.host"
local wire = require "wire"
local connections = require "human.http.connections"

describe("bodies that arrive at the same time", function() -- limit: limits.arriving_bytes
  local limit = require "conn_limits"
  local before, open = limit.arriving_bytes, {}

  before_each(function()
    wire.eventually(function() return wire.count() == 0 end) -- with what has arrived on them
    limit.arriving_bytes = 1000000
  end)
  after_each(function()
    limit.arriving_bytes = before
    for _, c in ipairs(open) do c:close() end
    open = {}
    wire.serve(nil)
  end)

  local function client(bytes)
    open[#open + 1] = wire.open(bytes)
    return open[#open]
  end

  local function post(length, sent)
    return client("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: " .. length .. "\r\n\r\n" .. ("x"):rep(sent))
  end

  it("are answered 503 when together they are too much; small ones find room", function()
    local got = 0
    wire.serve(function(id)
      got = got + 1
      host.respond(id, 200, "", tostring(#host.body(id)))
    end)
    local first, second = post(900000, 800000), nil
    wire.eventually(function()
      second = post(900000, 800000)
      return second:answer() == 503
    end)
    assert.equal(200, (post(1000, 1000):answer()))
    first:send(("x"):rep(100000))
    assert.equal(200, (first:answer()))
    assert.equal(200, (post(700000, 700000):answer()))
    assert.equal(3, got)
  end)

  it("are messages, too: their WebSocket is closed with 1013", function()
    local HANDSHAKE = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    wire.serve(function(req) connections.bind(host.ws_accept(req, {}), { on_close = function() end }) end)
    post(900000, 900000 - 1)
    -- the beginning of a masked text frame of 800,000 bytes
    local c = client(HANDSHAKE .. "\1\255\0\0\0\0\0\12\53\0\0\0\0\0" .. ("x"):rep(700000))
    assert.equal(101, (c:answer()))
    assert.truthy(c:read_all():find("\3\245too many messages are arriving", 1, true))
  end)
end)
