-- spec/lua/catalogue_spec.lua -- which errors a surface has, and what the codes of a service mean on it.

local fake_host = require "fake_host"

local SURFACE = [[
local api, fail, s = require "human.api", require "human.fail", require "human.schema"
local spend = require "shop.spend"
local g = api.group { base = "/%s", auth = false }
g:get("/spend", { summary = "X", reply = { [204] = false }, errors = { %s } }, function() spend.now() end)
g:get("/own", { summary = "X", reply = { [204] = false } }, function(ctx) ctx:fail("budget_exceeded", { by = "u1" }) end)
return {}
]]
local SPEND = 'return { now = function() require("human.fail").throw("budget_exceeded", { retry_after_s = 2 }) end }'
local SHOP = 'return { budget_exceeded = { status = 400, message = "Too dear" }, sold = { status = 410, message = "Sold" },'
  .. ' not_found = { status = 404, message = "No such shelf" } }'

describe("the catalogue of errors", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function files(codes)
    local fail_first = 'local fail = require "human.fail"\n'
    return { ["api/shop/errors.lua"] = SHOP, ["api/shop/x.lua"] = SURFACE:format("shop", codes),
             ["api/agent/x.lua"] = SURFACE:format("agent", '"budget_exceeded"'),
             ["api/local/x.lua"] = SURFACE:format("local", '"sold", "budget_exceeded"'),
             ["shop/spend.lua"] = fail_first .. SPEND:gsub('require%("human.fail"%)', "fail") }
  end

  local function status(path) return app:request({ path = path }).status end

  it("gives a code of a service the status of the surface that answers", function()
    app:load(files '"budget_exceeded", "sold"')
    assert.same({ 400, 429, 429 }, { status "/shop/spend", status "/agent/spend", status "/local/spend" })
    local answer = app:request { path = "/shop/spend" }
    assert.equal('{"error":"Too dear","code":"budget_exceeded"}', answer.body)
    assert.equal("2", answer.headers["retry-after"])
    assert.equal('{"error":"Too dear","code":"budget_exceeded","by":"u1"}', app:request({ path = "/shop/own" }).body)
  end)

  it("lacks a code that a route lists: that refuses the load; another surface's code does not", function()
    app:load(files '"agent_paused"')
    local ok, err = pcall(app.load, app, files '"nope"')
    assert.is_false(ok)
    assert.equal("api/shop/x.lua:4: error code 'nope' is not in api/errors.lua, nor in api/shop/errors.lua", err)
  end)

  it("words shared codes as the surface does, in what no route serves and in what the host refuses", function()
    local all = files '"sold"'
    all["api/shop/surface.lua"] = [[
      local api, s = require "human.api", require "human.schema"
      api.shape("shop", { title = "E", paths = { "/shop" }, fields = { { "wrong", s.string } },
                          body = function(e) return { wrong = e.message } end })
      return {}]]
    all["api/shop/errors.lua"] = 'return { not_found = { status = 404, message = "No such shelf" }, '
      .. 'payload_too_large = { status = 413, message = "Too big for a shelf" } }'
    all["api/shop/x.lua"], all["api/local/x.lua"] = nil, nil
    app:load(all)
    assert.equal('{"wrong":"No such shelf"}', app:request({ path = "/shop/nothing" }).body)
    assert.equal('{"error":"Not found","code":"not_found"}', app:request({ path = "/nothing" }).body)
    assert.equal('{"wrong":"Too big for a shelf"}', app.host_refusals["/shop 413"])
  end)

  it("has what rules deny with", function()
    local rule = 'return { may = function() return deny("%s") end, examples = { { "may", expect = "%s" } } }'
    local all = files '"sold"'
    all["shop/rules/r.lua"] = rule:format("sold", "sold")
    app:load(all)
    all["shop/rules/r.lua"] = rule:format("nope", "nope")
    local ok, err = pcall(app.load, app, all)
    assert.is_false(ok)
    assert.matches("denies with 'nope', which is in no errors.lua", err)
  end)

  it("is refused where an entry makes no sense, by the name of its file", function()
    for entry, why in pairs { ["{ status = 200, message = 'x' }"] = "needs a status", ["{ status = 400 }"] = "and a message",
                              ["{ status = 400, message = 'x', rpc = 5 }"] = "rpc must be {number, NAME}", ["1"] = "needs a status" } do
      local ok, err = pcall(app.load, app, { ["api/shop/errors.lua"] = "return { odd = " .. entry .. " }" })
      assert.is_false(ok)
      assert.matches("^api/shop/errors.lua: odd", err)
      assert.is_truthy(err:find(why, 1, true), err)
    end
  end)

  it("of the marketplace has the seed's codes and statuses", function()
    local own, shared = require "api.marketplace.errors", require "api.errors"
    for code, want in pairs { founding_slots_full = 409, already_bid = 400, bid_price_too_high = 400, milestone_sum_invalid = 400,
      max_counter_rounds_exceeded = 400, negotiation_not_permitted = 400, missing_parent_transaction = 400, budget_exceeded = 400,
      self_dealing_not_permitted = 400, circular_chain_detected = 400, max_chain_depth_exceeded = 429,
      subscription_already_exists = 400, insufficient_balance = 400, subscription_not_active = 403, agent_frozen = 403,
      usage_quota_exceeded = 429, tool_suspended = 503, upstream_timeout = 504, validation_error = 400, rate_limited = 429 } do
      assert.equal(want, (own[code] or shared[code]).status, code)
    end
  end)
end)
