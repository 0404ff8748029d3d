-- spec/lua/gen_shipped_spec.lua -- scripts that extend what they override, and their names in messages.

local fake_host = require "fake_host"

local SHIPPED = [[
local M = { price = 10 }
function M.fee(n) return n * M.price end
function M.who() return "shipped" end
M.examples = { { "fee", 2, expect = 20 } }
return M
]]
local AMENDED = [[
local base = require "shipped:shop.rules.fees"
local M = { price = base.price }
function M.fee(n) return base.fee(n) + 1 end
function M.who() return "own, over " .. base.who() end
M.examples = { { "fee", 2, expect = 21 } }
return M
]]

describe("a script that stands before a shipped one", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function load(own, shipped)
    return app:load { ["shop/rules/fees.lua"] = own, ["shipped:shop/rules/fees.lua"] = shipped or SHIPPED }
  end

  local function says(want, files)
    local ok, err = pcall(app.load, app, files)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find(want, 1, true), err)
  end

  it("amends it with shipped:", function()
    local rule = load(AMENDED).loaded["shop.rules.fees"]
    assert.equal(21, rule.fee(2))
    assert.equal("own, over shipped", rule.who())
  end)

  it("answers for its own examples, and not for the shipped ones", function()
    load(AMENDED, (SHIPPED:gsub("expect = 20", "expect = 99")))
    says("/own/shop/rules/fees.lua:5: example 1 (fee): expected 5, got 21", {
      ["shop/rules/fees.lua"] = AMENDED:gsub("expect = 21", "expect = 5"), ["shipped:shop/rules/fees.lua"] = SHIPPED })
  end)

  it("is a rule still, and so is what is behind it: bounded, and without a clock", function()
    local endless = SHIPPED:gsub("return n %* M.price", "while true do end"):gsub("M.examples[^\n]*", "")
    local rule = load(AMENDED:gsub("M.examples[^\n]*", ""), endless).loaded["shop.rules.fees"]
    local ok, err = pcall(rule.fee, 1)
    assert.is_false(ok)
    assert.equal("rule_budget", err.code)
    says("undefined global 'os'", { ["shop/rules/fees.lua"] = AMENDED,
      ["shipped:shop/rules/fees.lua"] = "local t = os.time()\n" .. SHIPPED })
  end)

  it("may be asked for by other scripts as well", function()
    local g = app:load { ["shop/rules/fees.lua"] = AMENDED, ["shipped:shop/rules/fees.lua"] = SHIPPED,
      ["shop/rules/other.lua"] = 'local f = require "shipped:shop.rules.fees"\nreturn { twice = function(n) return f.fee(n) * 2 end }' }
    assert.equal(40, g.loaded["shop.rules.other"].twice(2))
  end)

  it("must exist twice", function()
    says("shop/rules/fees.lua:1: require 'shipped:shop.rules.fees': shop/rules/fees.lua overrides nothing",
      { ["shop/rules/fees.lua"] = AMENDED })
    says("shop/rules/x.lua:1: require 'shipped:shop.rules.nope': there is no shop/rules/nope.lua",
      { ["shop/rules/x.lua"] = 'local x = require "shipped:shop.rules.nope"\nreturn x' })
    says("overrides nothing", { ["shop/rules/fees.lua"] = AMENDED, ["shipped:shop/rules/fees.lua"] = AMENDED })
    says("write shipped: once", { ["shop/rules/x.lua"] = 'local x = require "shipped:shipped:shop.rules.x"\nreturn x' })
    says("rules may require rules only, not 'shipped:api.x'",
      { ["shop/rules/x.lua"] = 'local x = require "shipped:api.x"\nreturn x' })
  end)

  it("is called by its place on disk, so that an error leads there", function()
    says("/own/shop/rules/fees.lua:2: undefined global 'x'",
      { ["shop/rules/fees.lua"] = "\nlocal y = x\nreturn {}", ["shipped:shop/rules/fees.lua"] = SHIPPED })
    says("/own/shop/rules/fees.lua:1:", { ["shop/rules/fees.lua"] = "return {", ["shipped:shop/rules/fees.lua"] = SHIPPED })
    says("shop/rules/fees.lua:1: assignment to global 'x'", { ["shop/rules/fees.lua"] = AMENDED,
      ["shipped:shop/rules/fees.lua"] = "x = 1" })
    says("/own/shop/rules/fees.lua: must return a table, returned nothing",
      { ["shop/rules/fees.lua"] = "local x = 1", ["shipped:shop/rules/fees.lua"] = SHIPPED })
  end)

  it("is called by its whole name where Lua would cut it off", function()
    local long = ("long"):rep(20)
    says("/own/shop/" .. long .. "/x.lua:1: undefined global 'y'", { ["api/a.lua"] = ('return require "shop.%s.x"'):format(long),
      ["shop/" .. long .. "/x.lua"] = "return y", ["shipped:shop/" .. long .. "/x.lua"] = "return {}" })
  end)
end)
