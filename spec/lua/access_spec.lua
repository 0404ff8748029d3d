-- spec/lua/access_spec.lua -- one line per request: its contents, which requests get one, and what it
-- never contains.

local cjson = require "cjson"
local fake_host = require "fake_host"

local SCRIPT = [[
  local s, api, task = require "human.schema", require "human.api", require "human.task"
  api.auth("key", { type = "apiKey", header = "X-API-Key" }, function(_, key)
    return { id = 'u1"\n' .. #key, kind = "user" }
  end)
  local g = api.group { auth = false }
  local ok = { [200] = s.object { v = s.string } }
  g:get("/x/{id}", { summary = "X", reply = ok, query = { token = s.string:optional() } },
    function() return 200, { v = "hi" } end)
  g:post("/in", { summary = "I", auth = "key", reply = ok, body = s.object { password = s.string } },
    function() return 200, { v = "in" } end)
  g:get("/slow", { summary = "S", reply = ok }, function() task.sleep(2) return 200, { v = "s" } end)
  g:get("/bug", { summary = "B", reply = ok }, function() error "boom" end)
  g:get("/no", { summary = "N", reply = ok, errors = { "not_found" } }, function(ctx) ctx:fail "not_found" end)
  g:stream("/feed", { summary = "F" }, function(ctx) ctx:stream():event("a", "b") end)
  return g
]]
local TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"

describe("the line of a request", function()
  local app
  local function start(log)
    log.level, log.format = log.level or "info", log.format or "json"
    app = fake_host.start { conf = { log = log } }
    app:load { ["api/x.lua"] = SCRIPT }
  end
  after_each(function() app:stop() end)

  local function lines()
    local list = {}
    for _, l in ipairs(app.host.lines) do
      if l.line:find("request", 1, true) and not l.line:find("request failed", 1, true) then
        local line = l.line:find "^{" and cjson.decode(l.line) or l.line
        list[#list + 1] = line
      end
    end
    return list
  end

  it("says who asked for what, and what became of it", function()
    start { requests = "all" }
    app:request { path = "/x/17?token=S3CRET", headers = { ["x-request-id"] = "r-1",
      traceparent = "00-" .. TRACE .. "-00f067aa0ba902b7-01" } }
    assert.same({ msg = "request", method = "GET", route = "/x/{id}", request_id = "r-1", status = 200, bytes = 10,
                  ip = "127.0.0.1", duration_ms = 0, trace_id = TRACE }, lines()[1])
    assert.equal("0123456789ab", app.host.lines[1].gen)
  end)

  it("names the actor by kind and id, and nothing of the key, the query or the body", function()
    start { requests = "all" }
    app:request { method = "POST", path = "/in", json = { password = "S3CRET" }, headers = { ["x-api-key"] = "S3CRET" } }
    app:request { path = "/S3CRET?apiKey=S3CRET", headers = { authorization = "Bearer S3CRET" } }
    local text = ""
    for _, l in ipairs(app.host.lines) do text = text .. l.line end
    assert.is_nil(text:find("S3CRET", 1, true), text)
    assert.equal("user:u1__6", lines()[1].actor)
    assert.same({ "none", 404 }, { lines()[2].route, lines()[2].status })
  end)

  it("comes for refusals, bugs, HEAD, OPTIONS and the end of a stream", function()
    start { requests = "all" }
    for _, r in ipairs { { "GET", "/no" }, { "GET", "/bug" }, { "HEAD", "/x/1" }, { "OPTIONS", "/x/1" },
                         { "PUT", "/x/1" }, { "GET", "/feed" } } do
      app:request { method = r[1], path = r[2] }
    end
    local got = {}
    for i, l in ipairs(lines()) do got[i] = ("%s %s %d %d"):format(l.method, l.route, l.status, l.bytes) end
    local body = "event: a\ndata: b\n\n"
    assert.same({ "GET /no 404 " .. lines()[1].bytes, "GET /bug 500 " .. lines()[2].bytes, "HEAD /x/{id} 200 0",
                  "OPTIONS none 204 0", "PUT none 405 " .. lines()[5].bytes, "GET /feed 200 " .. #body }, got)
  end)

  local CASES = { -- setting, the routes that get a line
    { "all", "/bug /no /slow /x/{id}" }, { "errors", "/bug /no /slow" }, { "slow", "/bug /slow" }, { "none", "" },
  }
  for _, case in ipairs(CASES) do
    it("comes with log.requests " .. case[1] .. " for " .. case[2], function()
      start { requests = case[1], slow_ms = 1500 }
      for _, path in ipairs { "/x/1", "/no", "/bug" } do app:request { path = path } end
      app:send { path = "/slow" }
      app:advance(3)
      local routes = {}
      for i, l in ipairs(lines()) do routes[i] = l.route end
      table.sort(routes)
      assert.equal(case[2], table.concat(routes, " "))
    end)
  end

  it("is a warning when the server failed, and says so in text as well", function()
    start { requests = "all", format = "text" }
    app:request { path = "/bug", headers = { ["x-request-id"] = "r" } }
    local last = app.host.lines[#app.host.lines]
    assert.equal(1, last.level)
    assert.matches("^request GET /bug request_id=r status=500 bytes=%d+ ip=127.0.0.1 duration_ms=0.000$", last.line)
  end)
end)
