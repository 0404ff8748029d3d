-- spec/scripts/marketplace_delegations_spec.lua -- budgets: caps that nobody passes, what may be bought with one, what comes
-- back, and how one ends.

local db = require "human.db"
local json = require "human.json"
local task = require "human.task"
local world = require "pay_world"

describe("a budget", function()
  local loaded, delegations, credits, moves, giver, agent, provider

  setup(function()
    loaded = world.scripts()
    delegations, credits, moves = loaded["marketplace.delegations"], loaded["marketplace.credits"], loaded["marketplace.moves"]
    giver, agent, provider = world.actor(), world.actor { type = "delegated_agent" }, world.actor()
  end)

  local n = 0
  local function cause()
    n = n + 1
    return "spec-budget-" .. n .. "-" .. world.uuid()
  end

  local function budget(o)
    return db.value([[insert into market_delegations (delegator_id, grantee_id, total_mrc, allowed_categories, max_purchase_mrc,
        expires_at)
      values ($1::uuid, $2::uuid, $3, (select array_agg(p) from json_array_elements_text($4::json) p), $5,
        human_now() + $6::int * interval '1 s') returning id]],
      giver, agent, o.total, o.categories and json.encode(json.array(o.categories)), o.most, o.expires_in_s)
  end

  local function spend(id, amount, more)
    local s = { id = id, grantee_id = agent, amount_mrc = amount, category = "data:extraction", cause = cause() }
    for name, value in pairs(more or {}) do s[name] = value end
    return db.tx(function(tx) return delegations.spend(tx, s) end)
  end

  local function refuses(code, ...)
    local ok, err = pcall(spend, ...)
    assert.is_false(ok)
    assert.equal(code, type(err) == "table" and err.code or err)
  end

  local function now(id)
    local d = db.row("select spent_mrc, state from market_delegations where id = $1::uuid", id)
    return d.state, d.spent_mrc
  end

  -- Runs fn(i) for 1 to count at once, on as many connections as there are; how many did not fail.
  local function at_once(count, fn)
    local left, me, good, other = count, task.current(), 0, {}
    for i = 1, count do
      task.spawn(function()
        local ok, err = pcall(fn, i)
        if ok then good = good + 1 else other[#other + 1] = type(err) == "table" and err.code or tostring(err) end
        left = left - 1
        if left == 0 then task.wake(me) end
      end)
    end
    while left > 0 do task.wait(60) end
    return good, other
  end

  it("is spent by whom it is for, and says who pays", function()
    local id = budget { total = 1000 }
    assert.equal(giver, db.tx(function(tx) return delegations.payer(tx, id) end))
    assert.equal(giver, spend(id, 400))
    assert.same({ "active", 400 }, { now(id) })
    refuses("delegation_invalid", id, 1, { grantee_id = provider })
    refuses("delegation_invalid", world.uuid(), 1)
  end)

  it("gives exactly its cap to two hundred who spend at once", function()
    local id = budget { total = 100000 }
    local good, bad = at_once(200, function() spend(id, 1000) end)
    assert.equal(100, good)
    for _, code in ipairs(bad) do assert.equal("budget_exceeded", code) end
    assert.same({ "exhausted", 100000 }, { now(id) })
    assert.equal(100, db.value("select count(*) from market_delegation_moves where delegation_id = $1::uuid", id))
  end)

  it("gives exactly its cap in parts of a cent, as credits of who gave it", function()
    db.tx(function(tx) moves.deposit(tx, cause(), { actor = giver, gross = 100, fee = 0 }) end)
    local before, id = credits.balance(giver), budget { total = 1250 } -- a cent and a quarter
    local good = at_once(20, function()
      local of = cause()
      db.tx(function(tx)
        credits.lock(tx, delegations.payer(tx, id), provider)
        local payer = delegations.spend(tx, { id = id, grantee_id = agent, amount_mrc = 125, category = "data:x", cause = of })
        moves.purchase(tx, "spec.used", of, { buyer = payer, provider = provider, price_mrc = 125, fee_mrc = 0, reason = "tool_usage" })
      end)
    end)
    assert.equal(10, good)
    assert.same({ "exhausted", 1250 }, { now(id) })
    assert.equal(before.m + before.w - 1250, credits.balance(giver).m + credits.balance(giver).w)
    assert.equal("", world.wrong())
  end)

  it("keeps what is left when it is not enough", function()
    local id = budget { total = 1000 }
    spend(id, 700)
    refuses("budget_exceeded", id, 301)
    assert.same({ "active", 700 }, { now(id) })
    spend(id, 300)
    assert.equal("exhausted", (now(id)))
    refuses("budget_exceeded", id, 1)
  end)

  it("is for the categories, and for purchases of the size, that it says", function()
    local id = budget { total = 1000, categories = { "data:*" }, most = 300 }
    spend(id, 300)
    spend(id, 1, { category = { "web", "data:x" } })
    refuses("category_not_allowed", id, 1, { category = "web" })
    refuses("budget_exceeded", id, 301)
    assert.same({ "active", 301 }, { now(id) })
  end)

  it("ends when its time has come, and when it is revoked", function()
    local late, revoked = budget { total = 1000, expires_in_s = -1 }, budget { total = 1000 }
    refuses("delegation_expired", late, 1)
    db.exec("update market_delegations set state = 'revoked' where id = $1::uuid", revoked)
    refuses("delegation_invalid", revoked, 1)
    assert.is_false(pcall(db.exec, "update market_delegations set state = 'active' where id = $1::uuid", revoked))
  end)

  it("is not spent while who gave it may spend nothing", function()
    local id = budget { total = 1000 }
    db.exec("update market_actors set state = 'frozen' where id = $1::uuid", giver)
    refuses("agent_frozen", id, 1)
    db.exec("update market_actors set state = 'active' where id = $1::uuid", giver)
    spend(id, 1)
  end)

  it("gets back what was not used, once for each cause, and can be spent again", function()
    local id, of = budget { total = 1000 }, cause()
    spend(id, 1000)
    local function back() return db.tx(function(tx)
      return delegations.give_back(tx, { id = id, amount_mrc = 400, cause = of })
    end) end
    local trues = 0
    assert.equal(20, (at_once(20, function() if back() then trues = trues + 1 end end)))
    assert.equal(1, trues)
    assert.same({ "active", 600 }, { now(id) })
    spend(id, 400)
    assert.is_false(pcall(db.tx, function(tx) delegations.give_back(tx, { id = id, amount_mrc = 1001, cause = cause() }) end))
  end)

  it("is one of a hundred at most", function() -- limit: budgets given
    local rich = world.actor()
    local actor = db.tx(function(tx) return loaded["marketplace.actors"].get(tx, rich) end)
    local function give() return delegations.create(actor, { grantee_id = agent, total_cents = 1 }) end
    local good, bad = at_once(110, give)
    assert.same({ 100, 10, "conflict" }, { good, #bad, bad[1] })
    delegations.revoke(actor, delegations.list(rich, { status = "active", limit = 1, offset = 0 })[1].id)
    assert.equal("active", give().state)
  end)

  it("counts a cause once", function()
    local id, of = budget { total = 1000 }, cause()
    spend(id, 10, { cause = of })
    assert.is_false(pcall(spend, id, 10, { cause = of }))
    assert.same({ "active", 10 }, { now(id) })
  end)
end)
