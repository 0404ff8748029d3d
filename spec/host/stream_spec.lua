-- spec/host/stream_spec.lua -- answers that are written piece by piece (RFC 9112, section 7), to clients
-- that read and to clients that do not.

local host = require "human.core.host"
local wire = require "wire"
local connections = require "human.http.connections"

local function request(line, lines) return line .. "\r\nHost: x\r\n" .. (lines or "") .. "\r\n" end

describe("a streamed answer", function()
  local id, c
  local function begin(line, lines, status)
    wire.serve(function(req)
      id = req
      host.stream(req, status or 200, "")
    end)
    id = nil
    c = wire.open(request(line, lines))
    wire.eventually(function() return id end)
  end
  after_each(function()
    wire.serve(nil)
    c:close()
  end)

  it("is chunked, and leaves the connection for the next request", function()
    begin "GET / HTTP/1.1"
    assert.is_true(host.write(id, "hello") > 0)
    host.write(id, "")
    host.write(id, ("x"):rep(300))
    assert.equal(0, host.finish(id))
    wire.serve(function(req) host.respond(req, 200, "Connection: close\r\n", "next") end)
    c:send(request "GET / HTTP/1.1")
    local text = c:read_all()
    assert.truthy(text:find("\r\n\r\n5\r\nhello\r\n12c\r\n" .. ("x"):rep(300) .. "\r\n0\r\n\r\nHTTP/1.1 200", 1, true))
    assert.truthy(text:find "next$")
  end)

  it("ends with the connection for HTTP/1.0", function()
    begin("GET / HTTP/1.0", "Connection: keep-alive\r\n")
    host.write(id, "hello")
    host.finish(id)
    assert.equal("hello", c:read_all():match "\r\n\r\n(.*)$")
  end)

  it("has no body when there can be none", function()
    begin("HEAD / HTTP/1.1", "Connection: close\r\n")
    host.write(id, "hello")
    host.finish(id)
    assert.equal("", c:read_all():match "\r\n\r\n(.*)$")
  end)

  it("says when a slow client has caught up", function()
    begin "GET / HTTP/1.1"
    local drained = false
    connections.bind(id, { on_drained = function() drained = true end })
    local piece, sent = ("y"):rep(40000), 0
    while host.write(id, piece) <= 65536 do
      sent = sent + #piece
      assert.is_true(sent < 2000000)
    end
    host.write(id, piece)
    wire.eventually(function()
      c:read(20000)
      return drained
    end)
    connections.unbind(id)
    host.finish(id)
  end)

  it("is cut off when the client reads nothing and the queue is full", function() -- limit: limits.ws_queue_bytes
    begin "GET / HTTP/1.1"
    local gone, last = false, 0
    connections.bind(id, { on_abort = function() gone = true end })
    for _ = 1, 1000 do
      last = host.write(id, ("z"):rep(40000))
      if last < 0 then break end
    end
    assert.equal(host.E.FULL, last)
    wire.eventually(function() return gone end)
    assert.equal(host.E.GONE, host.write(id, "more"))
    assert.equal(host.E.GONE, host.finish(id))
    assert.is_false(c:read_all():find "0\r\n\r\n$" ~= nil)
  end)
end)
