-- spec/scripts/market_x402_spec.lua -- tabs, on which calls are that are paid for one by one: there is one of an actor at a
-- tool, it opens nothing else, and its payments are forgotten after a day.

local db = require "human.db"
local json = require "human.json"
local sched = require "human.core.sched"
local world = require "pay_world"

describe("a tab at a tool", function()
  local loaded, tabs, quotas, pay, subscriptions

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    tabs, quotas, pay = loaded["marketplace.pay_per_call_tabs"], loaded["marketplace.quotas"], loaded["marketplace.pay_per_call"]
    subscriptions = loaded["marketplace.subscriptions"]
  end)
  after_each(function() assert.equal("", world.wrong()) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function code(fn, ...)
    local ok, err = pcall(fn, ...)
    return ok and "done" or type(err) == "table" and err.code or err
  end

  -- Someone with a dollar, and what a tool of somebody else offers him.
  local function world_of(price_mrc)
    local who, provider = world.actor(), world.actor()
    db.tx(function(tx) loaded["marketplace.moves"].deposit(tx, world.uuid(), { actor = who, gross = 100, fee = 0 }) end)
    local listing = db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
        subscription_plans, tool_meta)
      values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}',
        '[{"plan_id": "p", "name": "P", "interval": "monthly", "amount_cents": 0, "included_calls": 1}]', $2) returning id]],
      provider, json.encode { upstream_url = "https://x.example/", pay_per_call_cents = price_mrc / 1000 })
    return get(who), { listing_id = listing, provider_id = provider, category_tags = '["data:x"]', price_mrc = price_mrc }
  end

  it("is one, however many open it at once, and goes on until the price is another one or a month is over", function()
    local who, offer = world_of(500)
    local ids, ended = {}, 0
    for _ = 1, 8 do
      sched.spawn_as({ on_finish = function() ended = ended + 1 end }, function() ids[tabs.open(who, offer).id] = true end)
    end
    local limit = os.time() + 30
    while ended < 8 and os.time() < limit do sched.sleep(0.005) end
    local first = tabs.open(who, offer)
    assert.same({ [first.id] = true }, ids)
    assert.equal(first.period_id, tabs.open(who, offer).period_id)
    offer.price_mrc = 700
    local dearer = tabs.open(who, offer)
    assert.same({ first.id, true }, { dearer.id, dearer.period_id ~= first.period_id })
    db.exec("update market_periods set ends_at = human_now() where id = $1", dearer.period_id)
    local later = tabs.open(who, offer)
    assert.same({ first.id, true }, { later.id, later.period_id ~= dearer.period_id })
    assert.equal(700, db.value("select overage_mrc from market_periods where id = $1", later.period_id))
    assert.equal(1, db.value("select count(*)::int from market_history where entity = 'subscription' and entity_id = $1", first.id))
  end)

  it("is of one budget, and no stranger's", function()
    local who, offer = world_of(500)
    local giver = get(world.actor())
    local budget = db.value([[insert into market_delegations (delegator_id, grantee_id, total_mrc) values ($1, $2, 1000) returning id]],
      giver.id, who.id)
    local mine, given = tabs.open(who, offer), tabs.open(who, offer, budget)
    assert.same({ true, who.id, giver.id }, { mine.id ~= given.id, mine.payer_id, given.payer_id })
    assert.equal("self_dealing_not_permitted", code(tabs.open, get(offer.provider_id), offer))
    assert.equal("delegation_invalid", code(tabs.open, who, offer, world.uuid()))
  end)

  it("is shown to nobody, calls nothing by its id, and leaves room for a subscription", function()
    local who, offer = world_of(500)
    local tab = tabs.open(who, offer)
    local rows, total = subscriptions.list(who, { limit = 20, offset = 0 })
    assert.same({ 0, 0 }, { #rows, total })
    assert.equal(0, loaded["marketplace.counts"].of(who).subscriptions_active)
    assert.equal("not_found", code(subscriptions.cancel, who, tab.id))
    assert.equal("not_found", code(loaded["marketplace.proxy"].call, who, { subscription_id = tab.id, input = "{}" }))
    local row = db.row(loaded["marketplace.proxy"].sql.load, tab.id, 72)
    assert.equal("subscription_not_active", code(loaded["marketplace.proxy"].must_be_callable, row))
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
    local made = subscriptions.create(who, { listing_id = offer.listing_id, plan_id = "p", funding_type = "direct" })
    assert.equal(made.id, pay.subscription_of(who, offer.listing_id))
    assert.equal(1, db.value("select subscriber_count from market_tools where listing_id = $1", offer.listing_id))
  end)

  it("can be revoked: a new one begins, and the tool has not lost a subscriber", function()
    local who, offer = world_of(500)
    local tab = tabs.open(who, offer)
    db.exec("update market_tools set subscriber_count = 3 where listing_id = $1", offer.listing_id)
    db.tx(function(tx) subscriptions.move(tx, subscriptions.lock(tx, tab.id), "revoke", nil, "spec") end)
    assert.equal(3, db.value("select subscriber_count from market_tools where listing_id = $1", offer.listing_id))
    assert.is_true(tabs.open(who, offer).id ~= tab.id)
    assert.is_false(pcall(db.exec, "update market_subscriptions set state = 'per_call' where id = $1", tab.id))
  end)

  it("takes what a call costs with its payment, or neither; what was paid is forgotten after a day", function()
    local who, offer = world_of(500)
    local function left() local b = loaded["marketplace.credits"].balance(who.id) return b.m + b.w end
    local function note(id)
      return function(tx, call) tx:exec(pay.sql.note, id, call.id, who.id, "x402", 500) end
    end
    local tab = tabs.open(who, offer)
    local refused = pcall(quotas.reserve, tab, 1000, function() error("no", 0) end)
    assert.same({ false, 100000 }, { refused, left() })
    local call = quotas.reserve(tab, 1000, note "spec-x402-one")
    assert.equal(99500, left())
    quotas.succeed(call, 1, nil, function(tx) tx:exec(pay.sql.answered, "spec-x402-one", "{}") end)
    local used = db.row(pay.sql.used, "spec-x402-one", who.id)
    assert.same({ call.id, "{}", "done" }, { used.call_id, used.answer, used.state })
    assert.is_nil(db.row(pay.sql.used, "spec-x402-one", offer.provider_id))
    pay.sweep()
    assert.equal(1, db.value "select count(*)::int from market_call_payments where id = 'spec-x402-one'")
    db.exec "update market_call_payments set created_at = human_now() - interval '25 hours' where id = 'spec-x402-one'"
    db.exec("update market_tool_calls set started_at = human_now() - interval '25 hours' where id = $1", call.id)
    pay.sweep()
    assert.equal(0, db.value "select count(*)::int from market_call_payments where id = 'spec-x402-one'")
  end)
end)
