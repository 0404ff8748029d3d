-- spec/host/decisions_spec.lua -- decisions of rules against a real PostgreSQL: none with an effect is lost,
-- and a denial survives the rollback that it causes.

local db = require "human.db"
local decisions = require "human.decisions"
local json = require "human.json"
local rules = require "human.scripts.rules"

local v = rules.verdicts
local seen                                       -- the arguments of the last echo
local rule = rules.view("spec.rules.r", {
  may = function(n) return n > 10 and v.deny("conflict", { n = n }) or v.allow() end,
  fee = function(order) return order.cents * 2 end,
  spoil = function(order)
    order.cents, order.list[1] = 0, "changed"
    return "spoiled"
  end,
  echo = function(...)
    seen = { n = select("#", ...), ... }
    return "seen"
  end,
  reason = function() return v.escalate "unsure" end,
}, "0123456789ab")

describe("a decision", function()
  setup(function()
    db.exec "drop table if exists spec_effects"
    db.exec "create table spec_effects (n int primary key)"
  end)
  teardown(function() db.exec "drop table spec_effects" end)
  before_each(function()
    db.exec "truncate spec_effects"
    db.exec "delete from rule_decisions where rule like 'spec.%'"
  end)

  local function kept()
    local list = {}
    for i, row in ipairs(db.query [[select verdict from rule_decisions where rule like 'spec.%' order by id]]) do
      list[i] = row.verdict
    end
    return list
  end
  local function last() return db.row "select * from rule_decisions where rule like 'spec.%' order by id desc limit 1" end
  local function effects() return db.value "select count(*) from spec_effects" end
  local function effect(n) db.exec("insert into spec_effects values ($1::int)", n) end
  local about = { ref = "run1", subject = "agent1" }

  it("is written with the commit of its effect", function()
    db.tx(function(tx)
      effect(1)
      assert.equal("allow", decisions.decide(tx, rule.may, about, 1).verdict)
      assert.equal(4, decisions.decide(db, rule.fee, nil, { cents = 2 }))
    end)
    assert.same({ "allow", "number" }, kept())
    assert.same({ 1, "4", "spec.rules.r.fee", '[{"cents": 2}]', true, "0123456789ab" },
      { effects(), last().output, last().rule, last().inputs, last().complete, last().bundle })
  end)

  it("that allowed goes with the rollback, one that forbade stays", function()
    for _, q in ipairs { "tx", "db" } do
      local ok, err = pcall(db.tx, function(tx)
        effect(1)
        decisions.decide(tx, rule.may, about, 1)
        decisions.enforce(q == "tx" and tx or db, rule.may,
          { ref = "run1", subject = "agent1", errors = { conflict = { status = 409, message = "No" } } }, 11)
      end)
      assert.same({ false, "conflict", 11 }, { ok, err.code, err.data.n })
    end
    assert.same({ 0, { "deny conflict", "deny conflict" } }, { effects(), kept() })
    assert.same({ "run1", "agent1", { verdict = "deny", code = "conflict", data = { n = 11 } } },
      { last().ref, last().subject, json.decode(last().output) })
  end)

  it("of a savepoint that is undone goes with it, a denial stays", function()
    db.tx(function(tx)
      pcall(db.tx, function()
        decisions.decide(tx, rule.may, about, 1)
        decisions.decide(tx, rule.may, about, 11)
        error "undo"
      end)
      decisions.decide(tx, rule.fee, about, { cents = 1 })
    end)
    assert.same({ "deny conflict", "number" }, kept())
  end)

  it("is written once when the transaction has to run again", function()
    local tries = 0
    db.tx(function(tx)
      tries = tries + 1
      decisions.decide(tx, rule.may, about, 11)
      if tries < 3 then tx:exec "do $$ begin raise exception using errcode = '40001'; end $$" end
    end)
    assert.same({ 3, { "deny conflict" } }, { tries, kept() })
  end)

  it("undoes the transaction when it cannot be written", function()
    local ok, err = pcall(db.tx, function(tx)
      effect(1)
      local _, decision = decisions.ask(rule.fee, { ref = ("x"):rep(201) }, { cents = 1 })
      decisions.record(tx, decision)
    end)
    assert.is_false(ok)
    assert.equal("23514", err.sqlstate)
    assert.same({ 0, {} }, { effects(), kept() })
  end)

  it("outside a transaction is written at once", function()
    assert.equal("escalate", decisions.decide(db, rule.reason).verdict)
    assert.same({ verdict = "escalate", reason = "unsure" }, json.decode(last().output))
    assert.equal("escalate", last().verdict)
  end)

  it("is about a copy: a rule that changes its inputs changes neither the caller's nor the record", function()
    local order = { cents = 5, list = { "a" } }
    decisions.decide(db, rule.spoil, about, order)
    assert.same({ cents = 5, list = { "a" } }, order)
    assert.same({ order }, json.decode(last().inputs))
  end)

  it("keeps inputs exactly, nothing and empty ones included", function()
    local text = "é\"\\/"
    decisions.decide(db, rule.echo, nil, nil, {}, json.array {}, { a = json.null, b = 1e15 + 0.5, c = text }, nil)
    local args = decisions.arguments(json.decode(last().inputs))
    assert.same({ [2] = {}, [3] = {}, [4] = { b = 1e15 + 0.5, c = text } }, args)
    args.n = 5
    assert.same(args, seen)
  end)

  it("masks secrets, for the rule as well", function()
    decisions.decide(db, rule.echo, nil, { text = "it is sk-abcdefghijklmnop12", api_key = "hello", has_key = true })
    assert.same({ text = "it is sk-[redacted]", api_key = "[redacted]", has_key = true }, seen[1])
    assert.same({ seen[1] }, json.decode(last().inputs))
  end)

  it("whose inputs do not fit is kept with a part of them", function() -- limit: rule decision
    for _, text in ipairs { ("ä"):rep(40000), "nul \0", "\255" } do
      decisions.decide(db, rule.may, about, 1, text)
      local inputs = json.decode(last().inputs)
      assert.same({ true, false, "allow" }, { inputs.truncated, last().complete, last().verdict })
      assert.is_true(inputs.bytes > 0 and #inputs.head <= 1000)
    end
  end)

  it("wants plain data and a function of a rule", function()
    for _, bad in ipairs { print, setmetatable({}, {}), 0 / 0 } do
      assert.has_error(function() decisions.ask(rule.may, about, { bad }) end)
    end
    local loop = {}
    loop.loop = loop
    assert.has_error(function() decisions.ask(rule.may, about, loop) end, "inputs of a rule are nested too deep, or a cycle")
    assert.has_error(function() decisions.ask(print, about) end, "decisions.ask: not a function of a rule module")
  end)

  it("is forgotten after its time, in batches", function()
    db.exec [[insert into rule_decisions (at, bundle, rule, verdict, inputs, complete, output)
      select now() - interval '31 days', 'b', 'spec.old', 'ok', '[]', true, '"ok"' from generate_series(1, 2500)]]
    decisions.decide(db, rule.may, about, 1)
    assert.is_true(decisions.forget(30) >= 2500)
    assert.same({ "allow" }, kept())
  end)

  describe("of a rule that keeps a share", function()
    local metrics = require "human.metrics"
    local function sealed(keep)
      local _, view = rules.seal("spec.rules.share", {
        may = function(n) return n > 10 and v.deny("conflict", { n = n }) or v.allow() end,
        choose = function(n) return { action = n % 2 == 0 and "even" or "odd" } end, keep = keep,
      }, "0123456789ab")
      return view
    end
    local function counted(name)
      local n = 0
      for line in metrics.text():gmatch "[^\n]+" do
        if line:find(name, 1, true) and line:find("spec.rules.share", 1, true) then n = n + tonumber(line:match "(%d+)$") end
      end
      return n
    end

    it("is written when it forbids, and counted when it is not", function()
      local view, before = sealed { may = 0, choose = { even = 0 } }, counted "human_rule_decisions_total"
      for n = 1, 20 do
        decisions.decide(db, view.may, nil, n)
        decisions.decide(db, view.choose, nil, n)
      end
      local verdicts = {}
      for _, verdict in ipairs(kept()) do verdicts[verdict] = (verdicts[verdict] or 0) + 1 end
      assert.same({ ["deny conflict"] = 10, odd = 10 }, verdicts)
      assert.equal(before + 40, counted "human_rule_decisions_total")
      assert.equal(20, counted "human_rule_decisions_unkept_total")
    end)

    it("is written about that often, and says how many it stands for", function()
      local view = sealed { may = 0.5 }
      for _ = 1, 400 do decisions.decide(db, view.may, nil, 1) end
      local n, stands_for = #kept(), db.value "select sum(1 / share)::float8 from rule_decisions where rule like 'spec.%'"
      assert.is_true(n > 120 and n < 280)        -- eight standard deviations
      assert.equal(2 * n, stands_for)
    end)

    it("is refused as the share of something else", function()
      for wrong, why in pairs { [{ may = 2 }] = "keep: may must be a share from 0 to 1", [{ none = 1 }] = "keep: there is no function none",
                                [{ may = { allow = "all" } }] = "keep: allow must be a share from 0 to 1", [true] = "keep must be a table" } do
        assert.has_error(function() sealed(wrong) end, why)
      end
    end)
  end)
end)
