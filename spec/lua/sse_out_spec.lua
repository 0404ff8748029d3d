-- spec/lua/sse_out_spec.lua -- ctx:stream(): events, slow and absent clients, failures.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, task = require "human.api", require "human.task"
local s, seen = require "human.schema", require("human.state").table "sse"
local g = api.group { auth = false, shape = "agent" }
g:stream("/events", { summary = "Events" }, function(ctx)
  local out = ctx:stream()
  out:event("progress", { n = 1 }, 7)
  out:event(nil, "a\r\nb")
  out:comment("hi\nthere")
end)
g:stream("/refuses", { summary = "Refuses", errors = { "conflict" } }, function(ctx) ctx:fail "conflict" end)
g:stream("/fails", { summary = "Fails", errors = { "conflict" } }, function(ctx)
  ctx:stream()
  ctx:fail "conflict"
end)
g:stream("/breaks", { summary = "Breaks" }, function(ctx) ctx:stream():event("a\nb", "x") end)
g:stream("/waits", { summary = "Waits" }, function(ctx)
  ctx:stream()
  local ok = pcall(task.sleep, 100)
  seen.ended = not ok and "canceled" or "slept"
end)
g:stream("/fills", { summary = "Fills" }, function(ctx)
  local out = ctx:stream()
  for i = 1, 3 do seen.sent = i; if not out:event("n", tostring(i)) then seen.gone = true return end end
end)
g:post("/maybe", {
  summary = "Either", headers = { accept = s.string:optional() }, reply = { [202] = false },
}, function(ctx)
  if ctx.headers.accept ~= "text/event-stream" then return 202 end
  ctx:stream():event("x", "1")
end)
return {}
]]

describe("a stream of events", function()
  local app, seen

  before_each(function()
    app = fake_host.start()
    app:load { ["api/agent/sse.lua"] = SCRIPT }
    seen = require("human.state").table "sse"
    for k in pairs(seen) do seen[k] = nil end
  end)
  after_each(function() app:stop() end)

  it("is written in the format that browsers read", function()
    local a = app:request { path = "/events" }
    assert.equal(200, a.status)
    assert.equal("text/event-stream; charset=utf-8", a.headers["content-type"])
    assert.equal('event: progress\nid: 7\ndata: {"n":1}\n\ndata: a\ndata: b\n\n: hi there\n\n', a.body)
    assert.is_false(a.streaming)
  end)

  it("is an ordinary answer until it begins", function()
    assert.equal(409, app:request({ path = "/refuses" }).status)
  end)

  it("ends with an error event when its handler fails", function()
    local a = app:request { path = "/fails" }
    assert.is_truthy(a.body:find('event: error\ndata: {"error":"Conflict"', 1, true))
    assert.is_false(a.streaming)
    a = app:request { path = "/breaks" }
    assert.is_truthy(a.body:find('"code":"internal"', 1, true))
    assert.is_nil(a.body:find("traceback", 1, true))
  end)

  it("has no time limit of its own and shows that it lives every 15 seconds", function()
    local id = app:send { path = "/waits" }
    app:advance(46)
    assert.equal((":\n\n"):rep(3), app:answer(id).body)
    assert.is_true(app:answer(id).streaming)
    app:advance(60)
    assert.equal("slept", seen.ended)
    assert.is_false(app:answer(id).streaming)
    app:advance(60)
    assert.equal((":\n\n"):rep(6), app:answer(id).body)
  end)

  it("ends with its client", function()
    app:abort(app:send { path = "/waits" })
    assert.equal("canceled", seen.ended)
    assert.equal(0, require("human.core.sched").live())
  end)

  it("waits for a slow client", function()
    app.queued_bytes = 65537
    local id = app:send { path = "/fills" }
    assert.equal(1, seen.sent)
    app:push(fake_host.EV.DRAINED, 0, id)
    app:settle()
    assert.equal(2, seen.sent)
    app.queued_bytes = 0
    app:push(fake_host.EV.DRAINED, 0, id)
    app:settle()
    assert.equal(3, seen.sent)
    assert.is_false(app:answer(id).streaming)
  end)

  it("gives a client up that reads nothing for a minute", function() -- limit: stream queue
    app.queued_bytes = 65537
    local id = app:send { path = "/fills" }
    app:advance(59)
    assert.is_true(app:answer(id).streaming)
    app:advance(2)
    assert.is_true(seen.gone)
    assert.is_false(app:answer(id).streaming)
  end)

  it("can be chosen by an ordinary route", function()
    assert.equal(202, app:request({ method = "POST", path = "/maybe" }).status)
    local a = app:request { method = "POST", path = "/maybe", headers = { accept = "text/event-stream" } }
    assert.equal("event: x\ndata: 1\n\n", a.body)
  end)

  it("is ended when the worker stops", function()
    app:send { path = "/waits" }
    require("human.http.websocket").shutdown()
    app:settle()
    assert.equal("canceled", seen.ended)
  end)
end)
