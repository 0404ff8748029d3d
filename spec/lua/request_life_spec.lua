-- spec/lua/request_life_spec.lua -- routing answers, limits, deadlines, aborts and bugs.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s, task = require "human.api", require "human.schema", require "human.task"
local seen = require("human.state").table "life"
local reply = { [200] = s.object { ok = s.bool } }
local g = api.group { base = "/api", auth = false, shape = "agent", cors = "*" }
g:get("/slow", { summary = "Waits", reply = reply, timeout_s = 2 }, function(ctx)
  local ok, err = pcall(task.sleep, 10)
  seen.cleaned = not ok
  error(err, 0)
end)
local function work(name)
  return function() task.sleep(1) seen[name] = true return 200, { ok = true } end
end
g:get("/works", { summary = "Goes on", reply = reply }, work "done")
g:get("/stops", { summary = "Stops", reply = reply, abort = true }, work "stopped")
g:get("/bug", { summary = "Fails", reply = reply }, function() local t = nil return t.secret_field end)
g:get("/undeclared", { summary = "Lies", reply = reply }, function() return 201, {} end)
g:get("/misfit", { summary = "Lies", reply = reply }, function() return 200, { ok = "yes" } end)
for path, headers in pairs { ["/split"] = { x = "a\r\nb: c" }, ["/page"] = { ["X-Total-Count"] = 3 } } do
  g:get(path, { summary = "Header", reply = reply }, function() return 200, { ok = true }, headers end)
end
g:delete("/none", { summary = "No body", reply = { [204] = false } }, function() return 204 end)
g:get("/limited", { summary = "Limited", reply = reply, limit = { rate = 0.5, burst = 1 } },
  function() return 200, { ok = true } end)
g:get("/ctx", { summary = "Slip", reply = reply }, function(ctx) return ctx.quarry end)
local m = api.group { auth = false }
m:get("/market-only", { summary = "Main port", reply = reply }, function() return 200, { ok = true } end)
return {}
]]

describe("the life of a request", function()
  local app, state

  before_each(function()
    app = fake_host.start()
    app:load { ["api/agent/life.lua"] = SCRIPT }
    state = require("human.state").table "life"
    for k in pairs(state) do state[k] = nil end
  end)
  after_each(function() app:stop() end)

  local function get(path, o)
    o = o or {}
    o.path = path
    return app:request(o)
  end

  it("ends with 404 or 405 in the shape of its part of the API", function()
    local a = get "/api/nope"
    assert.same({ 404, "Not Found", "not_found" }, { a.status, a.json.error, a.json.code })
    assert.same({ error = "Not found", code = "not_found" }, get("/nope").json)
    a = get("/api/none", { method = "POST" })
    assert.same({ 405, "DELETE, OPTIONS" }, { a.status, a.headers.allow })
    assert.equal(405, get("/api/none", { method = "OTHER" }).status)
  end)

  it("answers OPTIONS and preflights by itself", function()
    local a = get("/api/none", { method = "OPTIONS" })
    assert.same({ 204, "DELETE, OPTIONS" }, { a.status, a.headers.allow })
    assert.is_nil(a.headers["access-control-allow-methods"])
    a = get("/api/none", { method = "OPTIONS", headers = { origin = "http://x",
      ["access-control-request-method"] = "DELETE", ["access-control-request-headers"] = "x-api-key" } })
    assert.same({ "DELETE, OPTIONS", "x-api-key", "*" }, { a.headers["access-control-allow-methods"],
      a.headers["access-control-allow-headers"], a.headers["access-control-allow-origin"] })
    assert.equal(204, get("*", { method = "OPTIONS" }).status)
  end)

  it("sees only the agent API on the second listener", function()
    assert.equal(200, get("/market-only").status)
    assert.equal(404, get("/market-only", { listener = 1 }).status)
    assert.equal(200, get("/api/limited", { listener = 1 }).status)
  end)

  it("ends with 504 at its deadline, and its cleanup runs", function()
    local id = app:send { path = "/api/slow" }
    app:advance(1.9)
    assert.is_nil(app:answer(id))
    app:advance(0.2)
    assert.equal("deadline_exceeded", app:answer(id).json.code)
    assert.is_true(state.cleaned)
  end)

  it("goes on without its client, except where the route says abort", function()
    app:abort(app:send { path = "/api/works" })
    app:abort(app:send { path = "/api/stops" })
    app:advance(2)
    assert.is_true(state.done)
    assert.is_nil(state.stopped)
    assert.equal(0, require("human.core.sched").live())
    assert.equal(0, require("human.core.replaced").count(require("human.scripts.generation").current()))
  end)

  it("shows nothing of a bug but the request's id, and logs the rest", function()
    for _, path in ipairs { "bug", "undeclared", "misfit", "split", "ctx" } do
      local a = get("/api/" .. path)
      assert.equal(500, a.status, path)
      assert.same({ error = "Internal Server Error", message = "Internal error", statusCode = 500,
                    code = "internal", request_id = a.headers["x-request-id"] }, a.json)
      local line = app.host.lines[#app.host.lines].line
      assert.is_truthy(line:find(a.headers["x-request-id"], 1, true))
      assert.is_truthy(line:find("api/agent/life.lua:", 1, true), line)
    end
  end)

  it("carries the handler's own headers", function()
    assert.equal("3", get("/api/page").headers["x-total-count"])
  end)

  it("has no body where none is declared", function()
    local a = get("/api/none", { method = "DELETE" })
    assert.same({ 204, "", nil }, { a.status, a.body, a.headers["content-type"] })
  end)

  it("is refused with 429 when the caller's bucket is empty", function()
    local asked
    app.on_rate = function(key) asked = key return false end
    local a = get("/api/limited", { ip = "2001:db8::1:2:3:4" })
    assert.same({ 429, "rate_limited", "2" }, { a.status, a.json.code, a.headers["retry-after"] })
    assert.equal("GET /api/limited 2001:db8:0:0::/64", asked)
  end)
end)
