-- spec/lua/answers_spec.lua -- every request gets exactly one answer, whatever its handler tries to send.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s, task, sse = require "human.api", require "human.schema", require "human.task"
local state = require("human.state").table "answers"
local g = api.group { auth = false, shape = "agent" }
local reply = { [200] = s.object { ok = s.bool } }
g:get("/returns", { summary = "x", reply = reply }, function() return 200, { ok = true }, state.headers end)
g:get("/fails", { summary = "x", reply = reply, errors = { "conflict" } }, function(ctx)
  ctx:fail("conflict", state.data)
end)
g:get("/ends", { summary = "x", reply = reply }, function() task.kill(task.current()) task.sleep(1) end)
g:get("/leaves", { summary = "x", reply = reply, abort = true }, function() task.sleep(60) end)
g:stream("/streams", { summary = "x" }, function(ctx) ctx:stream() error "late" end)
g:websocket("/ws", { summary = "x" }, {
  on_message = function(conn, text)
    if text == "fail" then require("human.fail").throw("not_found", { message = ("\u{e4}"):rep(200) }) end
    conn:close(state.code, state.reason)
  end,
})
return {}
]]

describe("an answer", function()
  local app, state
  before_each(function()
    app = fake_host.start()
    app:load { ["api/answers.lua"] = SCRIPT }
    state = require("human.state").table "answers"
    for key in require("human.state").pairs "answers" do state[key] = nil end
  end)
  after_each(function() app:stop() end)

  local function logged(text)
    for _, line in ipairs(app.host.lines) do
      if line.line:find(text, 1, true) then return true end
    end
    return false
  end

  local WRONG = {
    { { date = "now" }, "the header 'date' is the host's own" },
    { { Date = "now" }, "the header 'Date' is the host's own" },
    { { ["Content-Length"] = 5 }, "the header 'Content-Length' is the host's own" },
    { { ["transfer-encoding"] = "chunked" }, "the header 'transfer-encoding' is the host's own" },
    { { ["x-a"] = "a\r\nb: c" }, "the header 'x-a' has a line break" },
    { { ["x-a"] = "a\nb" }, "the header 'x-a' has a line break" },
    { { ["x-a"] = "a\0b" }, "the header 'x-a' has a line break" },
    { { ["x-a"] = "\127" }, "the header 'x-a' has a line break" },
    { { ["x a"] = "b" }, [[the header name \"x a\" is none]] },
    { { [""] = "b" }, [[the header name \"\" is none]] },
    { { [1] = "b" }, [[the header name \"1\" is none]] },
    { { ["x-a"] = { a = "b" } }, "the header 'x-a' must be a text, or a list of texts" },
    { { ["x-a"] = { "b", { "c" } } }, "the header 'x-a' must be a text" },
    { { ["x-a"] = { "b", "c\r\nd: e" } }, "the header 'x-a' has a line break" },
    { { Location = { "/b" } }, "the header 'Location' may be said once only" },
    { { ["set-cookie"] = "a" }, "a Set-Cookie has no name" },
    { { ["set-cookie"] = { "a=b", "__Secure-a=b; Path=/" } }, "the cookie '__Secure-a' must be Secure, by its name" },
    { { ["content-type"] = "text/html" }, "the header 'content-type' is the declared reply's" },
  }

  it("with a header that the host refuses is a 500, and the log names the header and the line", function()
    for _, case in ipairs(WRONG) do
      app.host.lines = {}
      state.headers = case[1]
      assert.equal(500, app:request({ path = "/returns" }).status, case[2])
      assert.is_true(logged("api/answers.lua:5: " .. case[2]), case[2])
    end
    state.headers = { ["x-a"] = "a\tb \195\164", link = "<x>" }
    local a = app:request { path = "/returns" }
    assert.same({ 200, "a\tb \195\164", "<x>" }, { a.status, a.headers["x-a"], a.headers.link })
  end)

  it("of ctx:fail likewise", function()
    for _, case in ipairs(WRONG) do
      app.host.lines = {}
      state.data = { headers = case[1] }
      assert.equal(500, app:request({ path = "/fails" }).status, case[2])
      assert.is_true(logged("api/answers.lua:7: conflict: " .. case[2]), case[2])
    end
    for _, retry in ipairs { "5", -1, 0 / 0, math.huge, {} } do
      state.data = { retry_after_s = retry }
      assert.equal(500, app:request({ path = "/fails" }).status)
    end
    state.data = { headers = { ["x-a"] = "b" }, retry_after_s = 0.2 }
    local a = app:request { path = "/fails" }
    assert.same({ 409, "b", "1" }, { a.status, a.headers["x-a"], a.headers["retry-after"] })
  end)

  it("is a bare 500 when nothing else can be sent", function()
    app.host.peer = function() return "127.0.0.1" end
    local g = require("human.scripts.generation").current()
    g.common_head = "date: now\r\n"
    for _, route in ipairs(g.routes) do route.common_head = g.common_head end
    for _, path in ipairs { "/returns", "/nope", "/fails" } do
      local a = app:request { path = path }
      if path ~= "/returns" then assert.same({ 500, "internal" }, { a.status, a.json.code }) end
    end
    assert.equal(500, app:request({ path = "/returns", method = "OPTIONS" }).status)
    assert.is_true(logged "the host refused an answer")
  end)

  it("ends the connection when even that cannot be sent", function()
    local id
    app.host.respond = function() return fake_host.E.INVAL end
    id = app:send { path = "/nope" }
    assert.is_true(app.requests[id].cut)
  end)

  it("is given by a handler that ends itself", function()
    local id = app:send { path = "/ends" }
    app:advance(1)
    assert.equal(503, app:answer(id).status)
  end)

  it("frees the request of a client that has left", function()
    local id = app:send { path = "/leaves" }
    app:abort(id)
    assert.is_true(app.requests[id].over)
  end)

  it("is an ordinary error when a stream cannot be begun", function()
    app.host.stream = function() return fake_host.E.INVAL end
    assert.equal(500, app:request({ path = "/streams" }).status)
  end)

  it("tells of a WebSocket that the host cannot open", function()
    app.refuse_ws = fake_host.E.FULL
    assert.equal(503, app:request({ path = "/ws", websocket = true }).status)
    app.refuse_ws = fake_host.E.INVAL
    assert.equal(500, app:request({ path = "/ws", websocket = true }).status)
  end)

  it("closes a WebSocket even when the reason cannot be sent", function()
    for _, case in ipairs { { 1005, "" }, { 999, "" }, { 5000, "" }, { 4000, ("x"):rep(124) }, { 4000, "\255" } } do
      local ws = app:request({ path = "/ws", websocket = true }).ws
      state.code, state.reason = case[1], case[2]
      app:ws_message(ws, "close")
      assert.equal(1011, app.sockets[ws].closed.code)
      assert.is_true(logged "api/answers.lua:15: conn:close: the code must be")
    end
    local ws = app:request({ path = "/ws", websocket = true }).ws
    app:ws_message(ws, "fail")
    assert.same({ 4000, "not_found: " .. ("\195\164"):rep(56) },
      { app.sockets[ws].closed.code, app.sockets[ws].closed.reason })
  end)

  it("has a media type and a protocol that the host takes, else the scripts are refused", function()
    local function load(spec)
      return pcall(app.load, app, { ["api/x.lua"] = [[local api, s = require "human.api", require "human.schema"
        local g = api.group { auth = false }
        ]] .. spec .. " return {}" })
    end
    local ok, err = load [[api.auth("a", { type = "apiKey", header = "X-Key\r\nx: y" }, function() end)]]
    assert.is_false(ok)
    assert.matches("^api/x.lua:3: api.auth: the header name", err)
    for _, spec in ipairs { [[g:get("/x", { summary = "x", reply = { [200] = s.raw "a\r\nb: c" } }, function() end)]],
      [[g:websocket("/x", { summary = "x", protocol = "a b" }, {})]] } do
      ok, err = load(spec)
      assert.is_false(ok)
      assert.matches("^api/x.lua:3: ", err)
    end
  end)
end)
