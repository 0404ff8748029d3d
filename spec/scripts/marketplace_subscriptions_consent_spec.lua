-- spec/scripts/marketplace_subscriptions_consent_spec.lua -- subscriptions that an agent has to ask for, while processes die.

local db = require "human.db"
local json = require "human.json"
local mortal = require "mortal"
local world = require "pay_world"

describe("a subscription that an agent has to ask for", function()
  local loaded, subscriptions, approvals, quotas, credits, moves

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    subscriptions, approvals, quotas = loaded["marketplace.subscriptions"], loaded["marketplace.approvals"], loaded["marketplace.quotas"]
    credits, moves = loaded["marketplace.credits"], loaded["marketplace.moves"]
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
  end)
  after_each(function() assert.equal("", world.wrong()) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function balance(id) local b = credits.balance(id) return b.m + b.w end
  local function person() return world.actor() end

  local function tool(plan)
    local all = { plan_id = "p", name = "P", interval = "monthly", amount_cents = 1000, included_calls = 2 }
    for name, value in pairs(plan or {}) do all[name] = value end
    return db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
        subscription_plans, tool_meta)
      values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}', $2, '{"upstream_url": "https://x.example/"}')
      returning id]], person(), json.encode(json.array { all }))
  end

  local function subscribe(who, listing_id)
    return subscriptions.create(get(who), { listing_id = listing_id, plan_id = "p", funding_type = "direct" })
  end

  -- An agent with so many cents, and a person of its owner.
  local function pair(cents)
    local owner, agent = person(), world.actor { type = "delegated_agent" }
    db.exec("update market_actors set owner_id = (select owner_id from market_actors where id = $1::uuid) where id = $2::uuid",
      owner, agent)
    db.tx(function(tx) moves.deposit(tx, world.uuid(), { actor = agent, gross = cents, fee = 0 }) end)
    return agent, owner
  end
  local function ask(agent, listing)
    local ok, err = pcall(subscribe, agent, listing)
    assert.is_false(ok)
    if type(err) ~= "table" then error(err, 0) end
    assert.equal("approval_required", err.code)
    return err.data.approval_message_id
  end
  local function count(agent) return db.value("select count(*)::int from market_subscriptions where subscriber_id = $1", agent) end

  it("is asked for once, however often its process dies", function()
    local agent, listing = pair(1500), tool()
    mortal.at_last(function()
      local ok, err = pcall(subscribe, agent, listing)
      if not ok and not (type(err) == "table" and err.code == "approval_required") then error(err, 0) end
    end, function()
      assert.is_true(db.value("select count(*)::int from market_approvals where agent_id = $1", agent) <= 1)
      assert.same({ 0, 1500000 }, { count(agent), balance(agent) })
    end)
    assert.truthy(ask(agent, listing))
  end)

  it("is made with the approval, however often the process of the answer dies", function()
    local agent, owner = pair(1500)
    local id = ask(agent, (tool()))
    mortal.at_last(function()
      local ok, err = pcall(approvals.respond, get(owner), { message_id = id, response_status = "approved" })
      if not ok and not (type(err) == "table" and err.code == "already_resolved") then error(err, 0) end
    end, function()
      local is_approved = db.value("select response_status = 'approved' from market_messages where id = $1", id)
      assert.equal(is_approved and 1 or 0, count(agent))
      assert.equal(1500000 - count(agent) * 1000000, balance(agent))
      assert.equal("", world.wrong())
    end)
    assert.same({ 1, 500000 }, { count(agent), balance(agent) })
  end)

  it("gives its key once, however often the process dies that gets it", function()
    local agent, owner = pair(1500)
    local listing = tool()
    approvals.respond(get(owner), { message_id = ask(agent, listing), response_status = "approved" })
    local n = 0
    mortal.at_last(function()
      local ok, err = pcall(subscribe, agent, listing)
      if not ok and not (type(err) == "table" and err.code == "subscription_already_exists") then error(err, 0) end
    end, function()
      n = db.value([[select count(*)::int from market_tool_keys k join market_subscriptions s on s.id = k.subscription_id
        where s.subscriber_id = $1]], agent)
      assert.is_true(n <= 1)
    end)
    assert.same({ 1, 1, 500000 }, { n, count(agent), balance(agent) })
  end)

  it("counts for the day, with the calls beyond its quota that may be made", function()
    local agent = pair(5000)
    db.exec("update market_actors set autonomy = 3 where id = $1", agent)
    local s = subscribe(agent, (tool { overage_cents_per_call = 1, included_calls = 0 }))
    local call = quotas.reserve(db.row(loaded["marketplace.proxy"].sql.load, s.id, 72), 1000)
    quotas.succeed(call, 1)
    assert.same({ 1100000, 100000 }, { db.value("select spent_mrc from market_tool_days where actor_id = $1", agent),
      db.value("select overage_allowed_mrc from market_periods where id = $1", s.period_id) })
  end)
end)
