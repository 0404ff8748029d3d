-- spec/lua/rules_spec.lua -- verdicts, budgets and examples.

local fake_host = require "fake_host"

local LIMITS = "return { ceiling = 100 }"
local RULE = [[
local limits = require "market.rules.limits"
local M = {}
function M.may(bid)
  if bid.price > limits.ceiling then return deny("conflict", { max = limits.ceiling }) end
  return allow()
end
function M.fee(n) return n * 2 end
function M.ask() return escalate "unsure" end
function M.spin() while true do end end
function M.twice(n) return M.fee(n) + 0 end
M.examples = { { "may", { price = 100 }, expect = "allow" }, { "may", { price = 101 }, expect = "conflict" },
  { "fee", 2, expect = 4 }, { "ask", expect = "escalate" } }
return M
]]
local ROUTES = [[
local api, s = require "human.api", require "human.schema"
local g = api.group { auth = false, area = "market" }
for _, name in ipairs { "may", "fee", "ask", "spin", "nope" } do
  g:post("/" .. name, { summary = name, reply = { [200] = s.object { got = s.string } } }, function(ctx)
    local v = ctx:rule("bids." .. name, name == "may" and { price = 200 } or 21)
    return 200, { got = tostring(v) }
  end)
end
return {}
]]

describe("a rule", function()
  local app
  before_each(function() app = fake_host.start() end)
  after_each(function() app:stop() end)

  local function load(rule)
    return app:load { ["api/x.lua"] = ROUTES, ["market/rules/bids.lua"] = rule or RULE,
                      ["market/rules/limits.lua"] = LIMITS }
  end

  local function ask(name) return app:request { method = "POST", path = "/" .. name } end

  it("refuses a request with its code and facts when it denies", function()
    load()
    local a = ask "may"
    assert.same({ 409, "conflict", 100 }, { a.status, a.json.code, a.json.max })
  end)

  it("gives the handler any other verdict or value", function()
    load()
    assert.equal("42", ask("fee").json.got)
    assert.equal("escalate", ask("ask").json.got)
  end)

  it("is of the route's area, and of no other", function()
    local function ask_from(path, options, call)
      return pcall(app.load, app, { [path] = ([[
        local api = require "human.api"
        local g = api.group { auth = false, shape = "agent"%s }
        g:get("/x", { summary = "x", reply = { [204] = false } }, function(ctx)
          %s
          return 204
        end)
        return {}]]):format(options, call), ["agent/rules/own.lua"] = "return { may = function() return allow() end }" })
    end
    for path, area in pairs { ["api/marketplace/x.lua"] = "marketplace", ["api/shop/x.lua"] = "shop" } do
      for _, call in ipairs { 'ctx:rule("own.may", 1)', "ctx:rule 'own.may'" } do
        local ok, err = ask_from(path, "", call)
        assert.is_false(ok)
        assert.equal(("%s:4: ctx:rule: no rule 'own.may' in %s.rules"):format(path, area), err)
      end
      assert.is_true(ask_from(path, ', area = "agent"', 'ctx:rule("own.may")'))
      assert.is_true(ask_from(path, "", '-- ctx:rule("own.may")'))
      assert.is_true(ask_from(path, "", 'ctx:rule("own" .. ".may")'))
      assert.equal(500, app:request({ path = "/x" }).status)
      local last = ""
      for _, line in ipairs(app.host.lines) do last = line.line:find("request failed", 1, true) and line.line or last end
      assert.truthy(last:find(("%s:4: ctx:rule: no rule 'own.may' in %s.rules"):format(path, area), 1, true), last)
    end
    assert.is_true(ask_from("api/x.lua", "", 'ctx:rule("own.may")'))
    assert.equal(204, app:request({ path = "/x" }).status)
    assert.is_false((ask_from("api/x.lua", "", 'ctx:rule("own.none")')))
  end)

  it("is ended when it uses more than its budget, and the next one runs", function() -- limit: rule budget
    load()
    assert.same({ 500, "rule_budget" }, { ask("spin").status, ask("spin").json.code })
    assert.equal("42", ask("fee").json.got)
  end)

  it("is recorded, a denial as well, before the answer", function()
    local g = load()
    for _, case in ipairs { { "fee", "number", "42" }, { "ask", "escalate" }, { "may", "deny conflict" } } do
      app.statements = {}
      local id = ask(case[1]).headers["x-request-id"]
      local written = app.statements[#app.statements]
      assert.matches("^insert into rule_decisions", written.sql)
      local row = require("human.json").decode(written.params[1])[1]
      assert.same({ "market.rules.bids." .. case[1], case[2], id, g.id, true },
        { row.rule, row.verdict, row.ref, row.bundle, row.complete })
      if case[3] then assert.equal(case[3], tostring(row.output)) end
    end
    assert.equal(1, app.host.sums['human_rule_decisions_total{rule="market.rules.bids.may",verdict="deny conflict"}'])
  end)

  it("must exist", function()
    load()
    assert.equal(500, ask("nope").status)
    assert.matches("no rule 'bids.nope' in market.rules", app.host.lines[#app.host.lines].line)
  end)

  it("refuses the load when an example does not hold", function()
    for _, case in ipairs {
      { "expect = 4", "expect = 5", "11: example 3 (fee): expected 5, got 4" },
      { 'expect = "escalate"', 'expect = "allow"', "11: example 4 (ask): expected allow, got escalate" },
      { '"may", { price = 100 }', '"nope", {}', "11: example 1 (nope): no function 'nope'" },
    } do
      local from, to = RULE:find(case[1], 1, true)
      local ok, err = pcall(load, RULE:sub(1, from - 1) .. case[2] .. RULE:sub(to + 1))
      assert.is_false(ok)
      assert.equal("market/rules/bids.lua:" .. case[3], err)
    end
  end)

  it("refuses the load when an example denies with an unknown code", function()
    local ok, err = pcall(load, (RULE:gsub('"conflict"', '"nonsense"')))
    assert.is_false(ok)
    assert.matches("denies with 'nonsense', which is in no errors.lua", err)
  end)

  it("cannot reach the runtime or other scripts", function()
    for _, name in ipairs { "human.db", "agent.turn" } do
      local ok, err = pcall(load, ("local x = require %q return {}"):format(name))
      assert.is_false(ok)
      assert.matches("market/rules/bids.lua:1: rules may require rules only", err)
    end
  end)
end)
