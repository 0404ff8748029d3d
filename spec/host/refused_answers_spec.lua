-- spec/host/refused_answers_spec.lua -- what the host refuses at the boundary, and the fake host of the other
-- specs with it: one table of cases for both.

local fake_host = require "fake_host"
local host = require "human.core.host"
local wire = require "wire"
local headers = require "human.http.headers"

local HANDSHAKE = "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
  .. "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
local GET = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

local LINES = {
  "", "a: b\r\n", "a:b\r\n", "a:\r\n", "A-b_c.1: \t x\r\nc: d\r\n", "a: \195\164\r\n", "a: \255\r\n",
  "a: b", "a: b\n", "a: b\r", "\r\n", "a: b\r\n\r\n", "a: b\r\r\n", "a: b\nc: d\r\n", "a: b\rc\r\n", "a: \0\r\n",
  "a: \127\r\n", "a: \11\r\n", ": b\r\n", "a b: c\r\n", "a\r\n", " a: b\r\n", "a : b\r\n", "\195\164: b\r\n",
  "date: x\r\n", "DATE: x\r\n", "Content-Length: 1\r\n", "transfer-encoding: chunked\r\n", "connection: close\r\n",
  "a: b\r\nDate: x\r\n", "dates: x\r\n",
}
local STATUS = { 200, 204, 304, 404, 599, 100, 101, 199, 600, 0, -1 }
local CLOSE = {
  { 0, "" }, { 0, "x" }, { 1000, "" }, { 999, "" }, { 1003, "" }, { 1004, "" }, { 1005, "" }, { 1006, "" }, { 1007, "" },
  { 1014, "" }, { 1015, "" }, { 2999, "" }, { 3000, "" }, { 4999, "" }, { 5000, "" }, { 4000, ("x"):rep(123) },
  { 4000, ("x"):rep(124) }, { 4000, "\255" }, { 4000, "\195" },
}
local SEND = { { 1, "x" }, { 1, "\255" }, { 2, "\255" }, { 9, ("x"):rep(125) }, { 9, ("x"):rep(126) }, { 3, "x" }, { 0, "x" } }
local PROTOCOL = { "", "chat", "a b", "a,b", ("x"):rep(128), ("x"):rep(129), "\195\164" }

-- What one host says to one case: 0 for any success.
local function code(r) return r < 0 and r or 0 end

-- Calls fn(id) with a request of the real host.
local function with_request(bytes, fn)
  local result
  wire.serve(function(id)
    result = code(fn(host, id))
    host.respond(id, 500, "", "")                -- a request lives until it is answered,
    host.finish(id)                              -- to the end
  end)
  local c = wire.open(bytes)
  wire.eventually(function() return result end)
  wire.serve(nil)
  c:close()
  return result
end

local function with_fake(fn)
  local app = fake_host.start()
  local id = app:new_id()
  app.requests[id] = { headers = {}, body = "", ip = "" }
  local ok, result = pcall(fn, app.host, id)
  app:stop()
  assert(ok, result)
  return code(result)
end

local function both(what, bytes, fn)
  assert.equal(with_request(bytes, fn), with_fake(fn), what)
end

describe("the fake host refuses what the host refuses:", function()
  it("header lines", function()
    for _, lines in ipairs(LINES) do
      both(("%q"):format(lines), GET, function(h, id) return h.respond(id, 200, lines, "") end)
      both(("stream %q"):format(lines), GET, function(h, id)
        local r = h.stream(id, 200, lines)
        h.finish(id)
        return r
      end)
    end
  end)

  it("a status", function()
    for _, status in ipairs(STATUS) do
      both(status, GET, function(h, id) return h.respond(id, status, "", "") end)
    end
  end)

  it("a second answer, and what does not belong to the first", function()
    local turns = {
      function(h, id) h.respond(id, 200, "", "") return h.respond(id, 200, "", "") end,
      function(h, id) h.stream(id, 200, "") return h.respond(id, 200, "", "") end,
      function(h, id) h.stream(id, 200, "") return h.stream(id, 200, "") end,
      function(h, id) h.respond(id, 200, "date: x\r\n", "") return h.respond(id, 200, "", "") end,
      function(h, id) return h.write(id, "x") end,
      function(h, id) h.respond(id, 200, "", "") return h.write(id, "x") end,
      function(h, id) return h.finish(id) end,
      function(h, id) h.finish(id) return h.respond(id, 200, "", "") end,
      function(h, id) h.stream(id, 200, "") h.finish(id) return h.write(id, "x") end,
    }
    for i, turn in ipairs(turns) do both("turn " .. i, GET, turn) end
  end)

  it("a protocol, frames and ends of WebSockets", function()
    for _, protocol in ipairs(PROTOCOL) do
      both("protocol " .. protocol, HANDSHAKE, function(h, id) return h.ws_accept(id, { protocol = protocol }) end)
    end
    for _, case in ipairs(SEND) do
      both(("send %d"):format(case[1]), HANDSHAKE, function(h, id)
        return h.ws_send(h.ws_accept(id, {}), case[1], case[2])
      end)
    end
    for _, case in ipairs(CLOSE) do
      both(("close %d %q"):format(case[1], case[2]), HANDSHAKE, function(h, id)
        return h.ws_close(h.ws_accept(id, {}), case[1], case[2])
      end)
    end
  end)
end)

describe("what scripts may send as a header", function()
  it("is what the host takes", function()
    local values = { "", "b", " b ", "\t", "\195\164", "\255", "\0", "\r\nb: c", "\n", "\r", "\127", "\11" }
    local names = { "a", "A-b", "a b", "", "a:", "\195\164", "Date", "content-length", "Transfer-Encoding", "a\r\n", "(a)" }
    for _, name in ipairs(names) do
      for _, value in ipairs(values) do
        local lines = headers.lines { [name] = value }
        local raw = name .. ": " .. value .. "\r\n"
        local taken = with_request(GET, function(h, id) return h.respond(id, 200, raw, "") end)
        -- what would be another header, or two, is refused all the same
        local wanted = taken == 0 and not name:find "[:\r]" and not value:find "\r\n"
        assert.equal(wanted, lines ~= nil, ("%q"):format(raw))
      end
    end
  end)
end)
