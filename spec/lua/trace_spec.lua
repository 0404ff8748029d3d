-- spec/lua/trace_spec.lua -- W3C Trace Context: what is accepted, what is passed on, when a new trace begins.

local fake_host = require "fake_host"

local ID, PARENT = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
local HEADER = "00-" .. ID .. "-" .. PARENT .. "-01"
local BUSY = "congo=t61rcWkgMzE, rojo=00f067aa0ba902b7"

local MALFORMED = {
  "", "00", "00-" .. ID .. "-" .. PARENT, "00-" .. ID .. "-" .. PARENT .. "-1", HEADER .. "-", HEADER .. "-00",
  HEADER:upper(), "ff" .. HEADER:sub(3), "0-" .. HEADER:sub(4), " " .. HEADER, HEADER .. " ", HEADER:gsub("-", "_"),
  "00-" .. ("0"):rep(32) .. "-" .. PARENT .. "-01", "00-" .. ID .. "-" .. ("0"):rep(16) .. "-01",
  "00-" .. ID:sub(2) .. "-" .. PARENT .. "-01", "00-" .. ID .. "0-" .. PARENT .. "-01",
  "00-" .. ID .. "-" .. PARENT .. "-0g", "01-" .. ID .. "-" .. PARENT .. "-01.x", HEADER .. ", " .. HEADER,
}

local STATES = { -- header, is it passed on
  { BUSY, true }, { "a=1", true }, { "0tenant@sys=x", true }, { "a=1,,b=2", true }, { "a=x y", true },
  { "", false }, { "a", false }, { "a=", false }, { "=1", false }, { "A=1", false }, { "a=1,a=2", false },
  { "a=b=c", false }, { "a=\1", false }, { "t@=1", false }, { "a@0b=1", false }, { ("a"):rep(257) .. "=1", false },
  { "a=" .. ("x"):rep(512), false },
}

describe("trace context", function()
  local app, trace

  before_each(function()
    app = fake_host.start()
    trace = require "human.observe.trace"
    app:load { ["api/x.lua"] = [[
      local s, fetch, task = require "human.schema", require "human.fetch", require "human.task"
      local g = require("human.api").group { auth = false }
      local function ask() fetch { url = "http://provider/x" } end
      g:get("/direct", { summary = "D", reply = { [204] = false } }, function() ask() return 204 end)
      g:get("/later", { summary = "L", reply = { [204] = false } }, function() task.spawn(function()
        task.sleep(1)
        ask()
      end) return 204 end)
      return g
    ]] }
    app.on_fetch = function(spec)
      app.sent = {}
      for _, header in ipairs(spec.headers) do app.sent[header[1]] = header[2] end
      return { status = 200, headers = {}, body = "" }
    end
  end)
  after_each(function() app:stop() end)

  local function get(path, headers) return app:request { path = path, headers = headers } end

  for i, header in ipairs(MALFORMED) do
    it("ignores malformed header " .. i .. ": " .. header:sub(1, 60), function()
      assert.is_nil(trace.parse(header))
      get("/direct", { traceparent = header, tracestate = "a=1" })
      local id = app.sent.traceparent:match "^00%-(%x+)%-%x+%-03$"
      assert.equal(32, #id)
      assert.is_true(id ~= ID)
      assert.is_nil(app.sent.tracestate)
    end)
  end

  for _, case in ipairs(STATES) do
    it((case[2] and "passes on" or "drops") .. " the state " .. case[1]:sub(1, 30), function()
      get("/direct", { traceparent = HEADER, tracestate = case[1] })
      assert.equal(case[2] and case[1] or nil, app.sent.tracestate)
    end)
  end

  it("goes on with the caller's trace, each request a span of its own", function()
    get("/direct", { traceparent = HEADER })
    local first = app.sent.traceparent
    assert.matches("^00%-" .. ID .. "%-%x+%-01$", first)
    get("/direct", { traceparent = HEADER })
    assert.matches("^00%-" .. ID .. "%-", app.sent.traceparent)
    assert.is_true(first ~= app.sent.traceparent and first ~= HEADER)
  end)

  it("knows later versions by what version 00 says, and only flags that have a meaning", function()
    assert.same({ id = ID, parent = PARENT, flags = 3 }, trace.parse("cc-" .. ID .. "-" .. PARENT .. "-ff-more"))
  end)

  it("belongs to the tasks that a request starts, also after its end", function()
    get("/later", { traceparent = HEADER })
    app:advance(2)
    assert.matches("^00%-" .. ID .. "%-", app.sent.traceparent)
  end)

  it("leaves a header alone that the caller has set", function()
    require("human.core.sched").spawn(function()
      assert.same({ Traceparent = "mine" }, trace.outbound { Traceparent = "mine" })
    end)
  end)
end)
