-- spec/host/conn_spec.lua -- a connection from its first byte to its last: answers in order, bounded
-- reading and writing, and requests whose client leaves.

local host = require "human.core.host"
local wire = require "wire"
local connections = require "human.http.connections"

local function get(target, lines) return "GET " .. target .. " HTTP/1.1\r\nHost: x\r\n" .. (lines or "") .. "\r\n" end

describe("a connection", function()
  local waiting                                    -- ids of requests nobody answered yet
  before_each(function()
    waiting = {}
    wire.serve(function(id, status, target)
      if target == "/wait" then waiting[#waiting + 1] = id return end
      if target == "/status" then return host.respond(id, 200, "", ("%x"):format(status)) end
      if target == "/header" then
        return host.respond(id, 200, "", (host.header(id, "x-a") or "none") .. "|" .. host.body(id))
      end
      host.respond(id, 200, "x-t: " .. target .. "\r\n", target)
    end)
  end)
  after_each(function() wire.serve(nil) end)

  local function open(bytes) return wire.open(bytes) end

  it("is kept, and answers pipelined requests in their order", function()
    local c = open()
    c:send(get "/1" .. get "/wait" .. get "/2")
    assert.equal("/1", select(3, c:answer()))
    wire.eventually(function() return waiting[1] end)
    host.respond(waiting[1], 201, "", "waited")
    local status, head, body = c:answer()
    assert.same({ 201, "waited" }, { status, body })
    assert.truthy(head:find "Date: %a%a%a, %d%d %a%a%a %d%d%d%d %d%d:%d%d:%d%d GMT\r\n")
    assert.equal("/2", select(3, c:answer()))
    c:close()
  end)

  it("answers all of many requests sent at once", function()
    local c = open()
    local n = 3000
    c:send(get("/"):rep(n - 1) .. get("/", "Connection: close\r\n"))
    assert.equal(n, select(2, c:read_all():gsub("HTTP/1.1 200 OK", "")))
    c:close()
  end)

  it("joins repeated headers and hands over the body", function()
    local c = open("POST /header HTTP/1.1\r\nHost: x\r\nX-A: 1\r\nx-a: 2\r\nContent-Length: 4\r\n\r\nbo")
    c:send "dy"
    assert.equal("1, 2|body", select(3, c:answer()))
    c:close()
  end)

  it("says what it knows about a request in its status", function()
    local c = open("PUT /status HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx")
    local status = tonumber((select(3, c:answer())), 16)
    assert.equal("PUT", host.METHOD[status % 256])
    assert.equal(2, math.floor(status / 65536) % 16)
    c:close()
  end)

  it("is closed after a refusal, whose answer can be read", function()
    local c = open()
    c:send "GET / HTTP/1.1\r\n\r\n"
    local status, head, body = c:answer()
    assert.equal(400, status)
    assert.truthy(head:find("Connection: close\r\n", 1, true))
    assert.truthy(body:find('"code":"bad_request"', 1, true))
    assert.equal("", c:read_all())
    c:close()
  end)

  it("asks for the body that a client announces, unless it is too large", function()
    local head = "POST /header HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n"
    local c = open(head:format(2))
    assert.equal("HTTP/1.1 100 Continue\r\n\r\n", c:read(25))
    c:send "ok"
    assert.equal("none|ok", select(3, c:answer()))
    c:close()
    c = open(head:format(host.conf().limits.body_bytes + 1))
    assert.equal(413, (c:answer()))
    c:close()
  end)

  it("takes larger bodies below a path that allows them, and only there", function()
    local n = host.conf().limits.body_bytes + 100
    host.body_limit("/header", n)
    local c = open(("POST /header HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(n))
    c:send(("b"):rep(n))
    assert.equal(n + 5, #select(3, c:answer()))
    c:close()
    c = open(("POST /headers HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"):format(n))
    assert.equal(413, (c:answer()))
    c:close()
    host.body_limit("/header", host.conf().limits.body_bytes)
  end)

  it("tells that a client left, and answering it then is harmless", function()
    local c, aborted = open(get "/wait"), false
    wire.eventually(function() return waiting[1] end)
    connections.bind(waiting[1], { on_abort = function() aborted = true end })
    c:close()
    wire.eventually(function() return aborted end)
    host.respond(waiting[1], 200, "", "too late")
    assert.is_true(host.respond(waiting[1], 200, "", "") < 0)
  end)

  it("still answers a client that only stopped sending", function()
    local c = open(get "/1" .. get "/wait" .. get "/2")
    c:half_close()
    wire.eventually(function() return waiting[1] end)
    host.respond(waiting[1], 200, "", "/wait")
    local text = c:read_all()
    assert.same({ "/1", "/2" }, { text:match "\r\n\r\n(/1).*\r\n\r\n(/2)$" })
    c:close()
  end)

  it("never sends more head than was meant", function()
    local results = {}
    wire.serve(function(id)
      for _, bad in ipairs { "a: b\nc: d\r\n", "a: b\r\n\r\n", "a: b\0\r\n", "a b: c\r\n", "a\r\n", "a: b",
                             "Content-Length: 3\r\n", "transfer-encoding: chunked\r\n", ": b\r\n" } do
        results[#results + 1] = host.respond(id, 200, bad, "")
      end
      host.respond(id, 200, "", "fine")
    end)
    local c = open(get "/")
    assert.equal("fine", select(3, c:answer()))
    assert.equal(9, #results)
    for _, r in ipairs(results) do assert.equal(host.E.INVAL, r) end
    c:close()
  end)
end)
