-- spec/lua/sio_http_spec.lua -- handshake, refusals, polling and its limits, as the reference has them.
local sio_world = require "sio_world"

local ECHO = [[io:namespace("/", { on = { message = function(s, v) s:emit("message", v) end } })]]

describe("a Socket.IO server over HTTP", function()
  local w
  before_each(function() w = sio_world.start(ECHO, "max_payload = 1000") end)
  after_each(function() w:stop() end)

  local refusals = {
    { "no transport", "GET", "", 0, "Transport unknown" },
    { "a foreign transport", "GET", "tcp", 0, "Transport unknown" },
    { "an unknown session", "GET", "polling&sid=bogus", 1, "Session ID unknown" },
    { "an unknown session before its method", "PUT", "polling&sid=AAAAAAAAAAAAAAAAAAAA", 1,
      "Session ID unknown" },
    { "a handshake by POST", "POST", "polling", 2, "Bad handshake method" },
    { "a handshake by DELETE", "DELETE", "polling", 2, "Bad handshake method" },
    { "a plain GET for a websocket", "GET", "websocket", 3, "Bad request" },
  }
  for _, case in ipairs(refusals) do
    it("refuses " .. case[1], function()
      local answer = w:http(case[2], case[3])
      assert.equal(400, answer.status)
      assert.equal(('{"code":%d,"message":"%s"}'):format(case[4], case[5]), answer.body)
      assert.equal("application/json", answer.headers["content-type"])
      assert.equal("*", answer.headers["access-control-allow-origin"])
    end)
  end

  it("refuses every protocol but 4", function()
    for _, eio in ipairs { "EIO=3&", "EIO=5&", "EIO=&", "" } do
      local answer = w.app:request { path = "/socket.io/?" .. eio .. "transport=polling" }
      assert.same({ 400, '{"code":5,"message":"Unsupported protocol version"}' },
        { answer.status, answer.body })
    end
  end)

  it("refuses an Origin with control characters", function()
    assert.equal(3, w:http("GET", "polling", nil, { origin = "http://a\1b" }).json.code)
  end)

  it("refuses a WebSocket with the bare text and 400", function()
    local c, answer = w:raw "websocket&sid=bogus"
    assert.is_nil(c)
    assert.same({ 400, "Session ID unknown", "text/html" },
      { answer.status, answer.body, answer.headers["content-type"] })
  end)

  it("opens a session with exactly the reference's keys", function()
    local answer = w:http("GET", "polling")
    assert.equal(200, answer.status)
    assert.equal("text/plain; charset=UTF-8", answer.headers["content-type"])
    assert.equal("no-store", answer.headers["cache-control"])
    assert.truthy(answer.body:find('^0{"sid":"[%w_-]+","upgrades":%["websocket"%],"pingInterval":25000,'
      .. '"pingTimeout":20000,"maxPayload":1000}$'))
  end)

  it("takes an empty sid for none, and the last of two", function()
    assert.equal(200, w:http("GET", "polling&sid=").status)
    assert.equal(200, w:http("GET", "polling&sid=bogus&sid=").status)
  end)

  it("answers a preflight", function()
    local answer = w:http("OPTIONS", "polling", nil, { ["access-control-request-headers"] = "x-a" })
    assert.equal(204, answer.status)
    assert.equal("x-a", answer.headers["access-control-allow-headers"])
    assert.equal("*", answer.headers["access-control-allow-origin"])
  end)

  it("echoes over polling", function()
    local sid = w:poller()
    local answer = w:http("POST", "polling&sid=" .. sid, '42["message",1]\03042["message",[]]')
    assert.same({ 200, "ok", "text/html" }, { answer.status, answer.body, answer.headers["content-type"] })
    assert.equal('42["message",1]\03042["message",[]]', w:http("GET", "polling&sid=" .. sid).body)
  end)

  it("holds a poll until there is something to say", function()
    local sid = w:poller()
    local id = w:send("GET", "polling&sid=" .. sid)
    assert.is_nil(w:answer(id))
    w:http("POST", "polling&sid=" .. sid, '42["message","x"]')
    assert.equal('42["message","x"]', w:answer(id).body)
  end)

  it("ends a session that polls twice at once", function()
    local sid = w:poller()
    local first = w:send("GET", "polling&sid=" .. sid)
    local second = w:http("GET", "polling&sid=" .. sid)
    assert.same({ 400, "" }, { second.status, second.body })
    assert.same({ 200, "1" }, { w:answer(first).status, w:answer(first).body })
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("ends a session whose poll is cut, and that request", function()
    local sid = w:poller()
    local poll = w:send("GET", "polling&sid=" .. sid)
    w.app:abort(poll)
    assert.truthy(w:answer(poll), "else its connection is kept for ever")
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("refuses a large POST and keeps the session", function() -- limit: socket.io payload
    local sid = w:poller()
    local answer = w:http("POST", "polling&sid=" .. sid, ("4"):rep(1001))
    assert.same({ 413, "" }, { answer.status, answer.body })
    assert.equal(200, w:http("POST", "polling&sid=" .. sid, '42["message",1]').status)
  end)

  for name, body in pairs { ["an empty one"] = "", ["an unknown type"] = "abc", ["bad base64"] = "b!!!",
                            ["a ping"] = "2" } do
    it("ends the session for a POST with " .. name, function()
      local sid = w:poller()
      assert.equal(400, w:http("POST", "polling&sid=" .. sid, body).status)
      assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
    end)
  end

  it("ends the session for binary POSTs, which were EIO=3", function()
    local sid = w:poller()
    local headers = { ["content-type"] = "application/octet-stream" }
    local answer = w:http("POST", "polling&sid=" .. sid, "x", headers)
    assert.same({ 400, "" }, { answer.status, answer.body })
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)

  it("answers other methods on a live session with 500", function()
    assert.equal(500, w:http("PUT", "polling&sid=" .. w:poller(), "x").status)
  end)

  it("says noop to the poll when the client closes", function()
    local sid = w:poller()
    local poll = w:send("GET", "polling&sid=" .. sid)
    assert.equal("ok", w:http("POST", "polling&sid=" .. sid, "1").body)
    assert.equal("6", w:answer(poll).body)
    assert.equal(1, w:http("GET", "polling&sid=" .. sid).json.code)
  end)
end)

describe("who may open a session", function()
  local w
  after_each(function() w:stop() end)

  it("is up to allow_request", function()
    w = sio_world.start(ECHO, [[allow_request = function(info)
      return info.query.ok == "1", info.query.why
    end]])
    assert.equal(200, w:http("GET", "polling&ok=1").status)
    assert.equal('{"code":4,"message":"Forbidden"}', w:http("GET", "polling").body)
    local answer = w:http("GET", "polling&why=not+%22you%22")
    assert.same({ 403, 'not "you"' }, { answer.status, answer.json.message })
  end)

  it("ends where the worker is full", function()
    w = sio_world.start(ECHO, "", { limits = { connections = 2 } })
    w:open()
    w:ws()
    assert.equal(503, w:http("GET", "polling").status)
  end)

  it("is told to the listed origins alone", function()
    w = sio_world.start(ECHO, 'cors = "https://a.example, https://b.example"')
    local function allowed(origin)
      local headers = w:http("GET", "polling", nil, { origin = origin }).headers
      assert.equal("Origin", headers.vary)
      return headers["access-control-allow-origin"]
    end
    assert.equal("https://b.example", allowed "https://b.example")
    assert.is_nil(allowed "https://evil.example")
    assert.is_nil(allowed(nil))
  end)

  it("may be told to bring cookies along, on listed origins alone", function()
    w = sio_world.start(ECHO, 'cors = { origins = "https://a.example", credentials = true }')
    for _, method in ipairs { "GET", "OPTIONS", "PUT" } do
      local a = w:http(method, "polling", nil, { origin = "https://a.example" }).headers
      assert.same({ "https://a.example", "true", "Origin" },
        { a["access-control-allow-origin"], a["access-control-allow-credentials"], a.vary })
      local b = w:http(method, "polling", nil, { origin = "https://b.example" }).headers
      assert.is_nil(b["access-control-allow-origin"])
      assert.is_nil(b["access-control-allow-credentials"])
    end
    w:load(ECHO, 'cors = "https://a.example"')
    assert.is_nil(w:http("GET", "polling", nil, { origin = "https://a.example" }).headers["access-control-allow-credentials"])
  end)

  for _, cors in ipairs { '{ credentials = true }', '{ origins = "*", credentials = true }', '{ origins = 5 }', "false",
                          '{ origins = "https://a", credentials = "yes" }', '{ origin = "https://a" }' } do
    it("is not declared with cors = " .. cors, function()
      w = sio_world.start(ECHO)
      assert.has_error(function() w:load(ECHO, "cors = " .. cors) end)
    end)
  end

  it("is refused to pages of other origins, on every transport", function()
    w = sio_world.start(ECHO, 'cors = "https://a.example"', { http = { hosts = "human.example" } })
    local own = "http://127.0.0.1:3000"
    for origin, status in pairs { ["https://a.example"] = 200, [own] = 200, ["https://b.example"] = 403, null = 403, other = 403, listed = 403,
      ["http://localhost.evil.com"] = 403, ["http://127.0.0.1"] = 403, ["http://127.0.0.1:3001"] = 403, ["https://127.0.0.1:3000"] = 403,
      ["https://a.example.evil.com"] = 403, ["https://a.example, https://b.example"] = 403 } do
      assert.equal(status, w:http("GET", "polling", nil, { origin = origin }).status, origin)
      local id = w.app:send { path = "/socket.io/?EIO=4&transport=websocket", websocket = true, headers = { origin = origin } }
      assert.equal(status == 200 and 101 or 400, w:answer(id).status, origin)
      local answer = w:http("OPTIONS", "polling", nil, { origin = origin, ["access-control-request-headers"] = "x-a" })
      assert.equal(status == 200 and "x-a" or nil, answer.headers["access-control-allow-headers"], origin)
    end
    local sid = w:open()
    assert.equal(403, w:http("POST", "polling&sid=" .. sid, "40", { origin = "https://b.example" }).status)
    assert.equal(200, w:http("POST", "polling&sid=" .. sid, "40").status)
  end)
end)
