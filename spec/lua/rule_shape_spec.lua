-- spec/lua/rule_shape_spec.lua -- what a rule may answer, and its substitute if it fails.

local fake_host = require "fake_host"
local shape = require "human.scripts.rule_shape"

local function no() return false end

describe("a shape", function()
  local function problem(declared, value) return shape.problem(shape.compile(declared, "f"), value, "it", no) end

  it("takes what it declares", function()
    for _, case in ipairs {
      { "string", "" }, { "boolean", false }, { "number", 0.5 }, { "integer", -3 }, { "table", {} },
      { "integer?", nil }, { "integer 0..10", 10 }, { "number -1..", 1e9 }, { "integer ..0", -5 },
      { "string[]", {} }, { "string[]", { "a", "b" } }, { "integer[]?", nil }, { { "yes", "no" }, "no" },
      { { a = "string", b = "integer?" }, { a = "x" } }, { { a = "string", ["b?"] = { "c" } }, { a = "x", b = "c" } },
      { { { text = "string" } }, { { text = "a" }, { text = "b" } } },
    } do
      assert.is_nil(problem(case[1], case[2]))
    end
  end)

  it("refuses everything else, and says where", function()
    for _, case in ipairs {
      { "string", 1, "it must be a string, not 1" }, { "string", nil, "it must be a string, not nil" },
      { "integer", 0.5, "it must be a whole number, not 0.5" }, { "integer", "5", "it must be a whole number, not '5'" },
      { "integer", 0 / 0, "it must be a whole number" }, { "number", math.huge, "it must be a number" },
      { "integer", 1e300, "it must be a whole number of at most 9.00719925474099e+15, not 1e+300" },
      { "integer 0..10", 11, "it must be a whole number of at most 10, not 11" },
      { "number 1..", 0.5, "it must be a number of at least 1, not 0.5" },
      { { "yes", "no" }, "maybe", "it must be one of yes, no, not 'maybe'" },
      { "string[]", { a = "b" }, "it must be a list" }, { "string[]", { "a", 1 }, "it[2] must be a string, not 1" },
      { { a = "string" }, {}, "it.a must be a string, not nil" }, { { a = "string" }, "x", "it must be an object, not 'x'" },
      { { a = "string?" }, { b = 1 }, "it has 'b', which its shape does not know" },
      { { a = { b = "integer" } }, { a = { b = 1.5 } }, "it.a.b must be a whole number, not 1.5" },
      { "verdict", "allow", "it must be allow(), deny() or escalate(), not 'allow'" },
    } do
      local got = tostring(problem(case[1], case[2]))
      assert.equal(case[3], got:sub(1, #case[3]))
    end
  end)

  it("must be one itself", function()
    local loop = {}
    loop.a = loop
    for _, bad in ipairs { "integers", "string 1..2", "", 5, {}, { 1, 2 }, { "a", 5 }, { "a", b = "c" }, { [5] = "string" }, loop,
                           "integer 1..x" } do
      local ok, err = pcall(shape.compile, bad, "f")
      assert.is_false(ok, tostring(bad))
      assert.matches("^returns%.f", err)
    end
  end)
end)

local RULE = [[
local M = { step = 10 }
M.returns = { wait = { action = { "wait", "go" }, ms = "integer?" }, may = "verdict", step = "integer 1..100" }
M.fallback = { wait = { action = "go" } }
function M.wait(f)
  if f.fraction then return { action = "wait", ms = 0.5 } end
  if f.shout then return { action = "shout" } end
  if f.spin then while true do end end
  if f.fails then return f.no.thing end
  if f.fn then return { action = "wait", ms = function() end } end
  return { action = "wait", ms = M.step }
end
function M.may(f) return f.ok and allow() or f.value end
M.examples = { { "wait", {}, expect = { action = "wait", ms = M.step } } }
return M
]]

describe("a rule", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function load(own, shipped)
    return app:load({ ["shop/rules/r.lua"] = own, ["shipped:shop/rules/r.lua"] = shipped }).loaded["shop.rules.r"]
  end
  local function refused(own, shipped)
    local ok, err = pcall(load, own, shipped)
    assert.is_false(ok)
    return tostring(err)
  end
  local function ask(rule, facts)
    return require("human.decisions").ask(rule.wait, {}, facts)
  end
  local function last_line() return app.host.lines[#app.host.lines].line end

  it("that fails, in whichever way, answers with its fallback, and that is recorded, logged and counted", function()
    local rule = load(RULE)
    for i, case in ipairs {
      { "fraction", "shop/rules/r.lua:4: its answer.ms must be a whole number, not 0.5" },
      { "shout", "shop/rules/r.lua:4: its answer.action must be one of wait, go, not 'shout'" },
      { "spin", "shop/rules/r.lua:7: used more than 200000 instructions" },
      { "fails", "shop/rules/r.lua:8: attempt to index field 'no' (a nil value)" },
      { "fn", "a rule answers with plain data, not with a function" },
    } do
      local answer, decision = ask(rule, { [case[1]] = true })
      assert.same({ action = "go" }, answer)
      local json = require "human.json"
      local row = decision.row
      local output = json.decode(json.encode(row)).output
      assert.same({ "failed", "fallback", "go" }, { row.verdict, output.by, output.instead.action })
      assert.truthy(output.failed:find(case[2], 1, true), output.failed)
      assert.truthy(last_line():find('"msg":"rule failed"', 1, true), last_line())
      assert.truthy(last_line():find(case[2], 1, true), last_line())
      assert.equal(i, app.host.sums['human_rule_failures_total{rule="shop.rules.r.wait"}'])
      assert.equal(i, app.host.sums['human_rule_decisions_total{rule="shop.rules.r.wait",verdict="failed"}'])
    end
    assert.same({ action = "wait", ms = 10 }, (ask(rule, {})))
  end)

  it("without a fallback fails whoever asks", function()
    local ok, err = pcall(load(RULE).may, { value = "yes" })
    assert.is_false(ok)
    assert.equal("shop/rules/r.lua:12: its answer must be allow(), deny() or escalate(), not 'yes'", err)
  end)

  it("of an operator that fails has the shipped one answer, from facts that are as they were", function()
    local own = [[
      local M = {}
      function M.wait(f) f.fraction = true f.ms = nil return f.no.thing end
      return M]]
    local rule = load(own, RULE)
    local answer, decision = ask(rule, { ms = 1 })
    assert.same({ action = "wait", ms = 10 }, answer)
    assert.equal("failed", decision.row.verdict)
    assert.truthy(last_line():find('"answered":"shipped"', 1, true), last_line())
    answer = ask(rule, { spin = true })
    assert.same({ action = "go" }, answer)       -- the shipped one failed as well: what it declares
  end)

  it("of an operator that declares nothing is held to the shipped shapes, and has what it lacks from there", function()
    local rule = load("return { wait = function() return { action = 'wait', ms = 1.5 } end }", RULE)
    assert.same({ action = "wait", ms = 10 }, (ask(rule, {})))
    assert.equal(10, rule.step)
    assert.equal("allow", tostring(rule.may { ok = true }))
    assert.matches("^/own/shop/rules/r.lua: step must be a whole number, not 0.5",
      refused("return { step = 0.5 }", RULE))
    rule = load("return { returns = { wait = 'string' }, wait = function() return 'now' end }", RULE)
    assert.equal("now", (ask(rule, {})))         -- it says that it means to
  end)

  it("is refused at load when a number, an example, or its fallback has another shape", function()
    local function edited(from, to) return (RULE:gsub(from, to)) end
    assert.matches("^shop/rules/r.lua: step must be a whole number of at most 100, not 200", refused(edited("step = 10", "step = 200")))
    assert.matches("^shop/rules/r.lua: fallback.wait.action must be one of wait, go", refused(edited('wait = { action = "go"', 'wait = { action = "x"')))
    assert.matches("^shop/rules/r.lua: fallback: there is no function weit", refused(edited("fallback = { wait", "fallback = { weit")))
    assert.matches("^shop/rules/r.lua: there is no wait", refused(edited("function M.wait", "function M.weit")))
    assert.matches("^shop/rules/r.lua: returns.may: 'verdicts' is no shape", refused(edited('"verdict"', '"verdicts"')))
    assert.matches("^shop/rules/r.lua:13: example 1 %(wait%): shop/rules/r.lua:4: its answer.ms must be a whole number",
      refused(edited("ms = M.step", "ms = M.step / 3")))
  end)

  it("of an operator loads although the shipped one does not beside it, with a warning", function()
    local g = app:load { ["shop/rules/r.lua"] = "return { wait = function() return 1 end }",
      ["shipped:shop/rules/r.lua"] = "local x = nil + 1 return {}" }
    assert.equal(1, g.loaded["shop.rules.r"].wait())
    assert.matches("/own/shop/rules/r.lua: what it overrides does not load beside it", g.warnings[1])
  end)
end)
