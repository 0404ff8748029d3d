-- spec/lua/shapes_spec.lua -- how errors look to clients (api.shape), including the host's own.

local fake_host = require "fake_host"

local MARKET = [[
local api, s, fail = require "human.api", require "human.schema", require "human.fail"
api.shape("shop", {
  title = "ShopError", paths = { "/shop", "/shop/v2/odd" }, facts = true,
  fields = { { "wrong", s.string }, { "http", s.int } },
  body = function(e)
    if e.message == "break" then error "broken" end
    return { wrong = e.message, http = e.status }
  end,
})
local g = api.group { auth = false }
g:get("/shop/things/{id}", { summary = "X", reply = { [204] = false }, errors = { "conflict" } }, function(ctx)
  fail.throw("conflict", { message = ctx.params.id, max_cents = 5, by = "u1", retry_after_s = 2, wrong = "no" })
end)
g:get("/shop/bug", { summary = "X", reply = { [204] = false } }, function() error "secret of ours" end)
g:get("/elsewhere", { summary = "X", reply = { [204] = false }, errors = { "conflict" } }, function() fail.throw("conflict", { by = "u1" }) end)
api.group({ auth = false, shape = "shop" }):get("/odd", { summary = "X", reply = { [204] = false } }, function() fail.throw "conflict" end)
return {}
]]

describe("the shape of errors", function()
  local app

  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function body(path) return app:request({ path = path }).body end

  it("is that of the agent API below /api, as the seed shows it", function()
    app:load { ["api/x.lua"] = [[
      local api, fail = require "human.api", require "human.fail"
      api.group({ base = "/api", auth = false }):get("/x", { summary = "X", reply = { [204] = false } }, function()
        fail.throw("conflict", { by = "u1", details = { { path = "a", message = 'is "bad"' } } })
      end)
      return {}]] }
    assert.equal('{"error":"Conflict","message":"Conflict with the present state","statusCode":409,"code":"conflict",'
      .. '"details":[{"path":"a","message":"is \\"bad\\""}]}', body "/api/x")
    assert.matches('"statusCode":404', body "/api/nothing", 1, true)
    assert.equal('{"error":"Not found","code":"not_found"}', body "/apinot")
  end)

  it("is what scripts declare for a path, facts behind it in a stable order", function()
    app:load { ["api/x.lua"] = MARKET }
    assert.equal('{"wrong":"taken","http":409,"by":"u1","max_cents":5}', body "/shop/things/taken")
    assert.equal('{"wrong":"Not found","http":404}', body "/shop/nothing")
    assert.equal('{"wrong":"Conflict with the present state","http":409}', body "/odd")
    assert.equal('{"error":"Conflict with the present state","code":"conflict","by":"u1"}', body "/elsewhere")
  end)

  it("tells the request id of a bug, and nothing else about it", function()
    app:load { ["api/x.lua"] = MARKET }
    assert.matches('^{"wrong":"Internal error","http":500,"request_id":"[%w-]+"}$', body "/shop/bug")
  end)

  it("is plain where its own function fails", function()
    app:load { ["api/x.lua"] = MARKET }
    assert.equal('{"error":"break","code":"conflict","by":"u1","max_cents":5,"wrong":"no"}', body "/shop/things/break")
  end)

  it("is handed to the host for each path and each of the host's refusals", function()
    app:load { ["api/x.lua"] = MARKET }
    assert.equal('{"wrong":"Payload too large","http":413}', app.host_refusals["/shop 413"])
    assert.equal('{"wrong":"Payload too large","http":413}', app.host_refusals["/shop/v2/odd 413"])
    assert.equal('{"error":"The request did not arrive in time","code":"request_timeout"}', app.host_refusals["/ 408"])
    assert.equal('{"error":"Content Too Large","message":"Payload too large","statusCode":413,'
      .. '"code":"payload_too_large"}', app.host_refusals["/api 413"])
  end)

  it("may be one for all that no other shape has, also in what the host refuses without a path", function()
    app:load { ["api/x.lua"] = [[
      local api, s = require "human.api", require "human.schema"
      api.shape("all", { title = "All", paths = { "/" }, fields = { { "all", s.string } },
        body = function(e) return { all = e.code } end })
      return {}]] }
    assert.equal('{"all":"not_found"}', body "/nothing")
    assert.equal('{"all":"request_timeout"}', app.host_refusals["/ 408"])
    assert.matches('"statusCode":404', body "/api/nothing", 1, true)
    assert.matches('"statusCode":408', app.host_refusals["/api 408"], 1, true)
  end)

  local wrong = {
    { "a path that another one has", 'api.shape("x", { title = "X", paths = { "/api" }, fields = {}, body = function() return {} end })',
      "the shape 'agent' has the path /api" },
    { "unknown options", 'api.shape("x", { title = "X", colour = 1 })', "no number option 'colour'" },
    { "less than title, fields and body", 'api.shape("x", { title = "X" })', "needs title, fields and body" },
    { "a path that ends with /", 'api.shape("x", { title = "X", paths = { "/x/" }, fields = {}, body = function() end })', "must not end with /" },
    { "a function that fails", 'api.shape("x", { title = "X", fields = {}, body = function() error "oops" end })', "oops" },
    { "a function that leaves out a field", 'api.shape("x", { title = "X", fields = { { "a", s.string } }, body = function() return {} end })', "a" },
    { "one name twice", 'for _ = 1, 2 do api.shape("x", { title = "X", fields = {}, body = function() return {} end }) end', "declared twice" },
    { "a group with a shape that nobody declares", 'api.group({ auth = false, shape = "y" }):get("/y", { summary = "X", reply = { [204] = false } }, function() end)', "unknown shape 'y'" },
  }
  for _, case in ipairs(wrong) do
    it("cannot have " .. case[1], function()
      assert.error_matches(function()
        app:load { ["api/x.lua"] = 'local api, s = require "human.api", require "human.schema"\nassert(s)\n' .. case[2] .. "\nreturn {}" }
      end, case[3], 1, true)
    end)
  end
end)
