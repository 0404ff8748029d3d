-- spec/scripts/marketplace_subscriptions_spec.lua -- subscriptions to tools: what a plan costs, periods that end, are paid
-- for or are not, tools that stand still, keys, and quotas while processes die.

local db = require "human.db"
local json = require "human.json"
local mortal = require "mortal"
local time = require "human.time"
local world = require "pay_world"

local DAY = 86400

describe("a subscription", function()
  local loaded, subscriptions, jobs, quotas, credits, moves, tools, keys

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    subscriptions, jobs = loaded["marketplace.subscriptions"], loaded["marketplace.subscriptions_jobs"]
    quotas, credits, moves = loaded["marketplace.quotas"], loaded["marketplace.credits"], loaded["marketplace.moves"]
    tools, keys = loaded["marketplace.tools"], loaded["marketplace.subscriptions_keys"]
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
  end)
  after_each(function() assert.equal("", world.wrong()) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function balance(id) local b = credits.balance(id) return b.m + b.w end

  local function refuses(code, fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal(code, type(err) == "table" and err.code or err)
  end

  -- A person with so many cents.
  local function person(cents)
    local id = world.actor()
    if cents then db.tx(function(tx) moves.deposit(tx, world.uuid(), { actor = id, gross = cents, fee = 0 }) end) end
    return id
  end

  local function tool(plan)
    local provider = person()
    local all = { plan_id = "p", name = "P", interval = "monthly", amount_cents = 1000, included_calls = 2 }
    for name, value in pairs(plan or {}) do all[name] = value end
    return db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
        subscription_plans, tool_meta)
      values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}', $2, '{"upstream_url": "https://x.example/"}')
      returning id]], provider, json.encode(json.array { all })), provider
  end

  local function subscribe(who, listing_id)
    return subscriptions.create(get(who), { listing_id = listing_id, plan_id = "p", funding_type = "direct" })
  end
  local function now_of(id) return db.row(subscriptions.sql.get, id) end

  -- Does what waits at the end of a period: with its payload, as the queue would.
  local function renew(id, try)
    local row = world.row(id)
    row.payload = { at = now_of(id).ends_at, try = try or 0 }
    jobs.renew(row)
    assert.is_true(row.gone)
    return now_of(id)
  end

  -- As if its period had ended so many days ago.
  local function ended(id, days)
    db.exec([[update market_subscriptions set ends_at = date_trunc('milliseconds', human_now()) - $2::int * interval '1 day'
      where id = $1]], id, days)
    return now_of(id).ends_at
  end

  it("is paid for at once: 85 % for the provider, of the pools that it was paid from", function()
    local who, listing, provider = person(3000), tool { amount_cents = 2900 }
    local s, key = subscribe(who, listing)
    assert.same({ 100000, 2465000, "active" }, { balance(who), balance(provider), s.state })
    assert.truthy(key:find "^hm_tool_%w+$")
    assert.equal(1, db.value("select subscriber_count from market_tools where listing_id = $1", listing))
    assert.equal(1, loaded["marketplace.counts"].of(get(who)).subscriptions_active)
    refuses("subscription_already_exists", subscribe, who, listing)
  end)

  it("is refused where it cannot be paid for, and leaves nothing", function()
    local who, listing = person(999), tool()
    refuses("insufficient_balance", subscribe, who, listing)
    assert.equal(0, db.value("select count(*) from market_subscriptions where subscriber_id = $1", who))
    assert.equal(999000, balance(who))
  end)

  it("is made once, however often its process dies", function()
    local who, listing = person(1500), tool()
    mortal.at_last(function()
      local ok, err = pcall(subscribe, who, listing)
      if not ok and not (type(err) == "table" and err.code == "subscription_already_exists") then error(err, 0) end
    end, function()
      local n = db.value("select count(*) from market_subscriptions where subscriber_id = $1", who)
      assert.equal(1500000 - n * 1000000, balance(who))
      assert.equal("", world.wrong())
    end)
    assert.equal(500000, balance(who))
  end)

  describe("whose period ends", function()
    it("goes on where the last one ended, for what the plan says now", function()
      local who, listing = person(5000), tool()
      local s = subscribe(who, listing)
      local at = ended(s.id, 1)
      db.exec([[update market_listings set subscription_plans =
        jsonb_set(jsonb_set(subscription_plans, '{0,amount_cents}', '1200'), '{0,included_calls}', '7') where id = $1]], listing)
      local now = renew(s.id)
      assert.same({ "active", 5000000 - 2200000 }, { now.state, balance(who) })
      local period = db.row("select starts_at, included_calls, used from market_periods where id = $1", now.period_id)
      assert.same({ at, 7, 0 }, { period.starts_at, period.included_calls, period.used })
      assert.equal(1, db.value("select count(*) from host_queue where kind = 'market.subscription' and key = $1 and due_at > human_now()",
        s.id) - 1, "one for each period")
    end)

    it("is not paid for while its tool is stopped", function()
      local who, listing = person(500), tool { amount_cents = 500 }
      local s = subscribe(who, listing)
      ended(s.id, 1)
      assert.equal("past_due", renew(s.id).state)
      db.tx(function(tx) moves.deposit(tx, world.uuid(), { actor = who, gross = 5000, fee = 0 }) end)
      db.tx(function(tx) tools.move(tx, listing, "suspend", { cause = "spec", reason = "r" }) end)
      assert.same({ "past_due", 5000000 }, { renew(s.id, 1).state, balance(who) })
      db.tx(function(tx) tools.move(tx, listing, "reinstate", { cause = "spec" }) end)
      assert.same({ "active", 4500000 }, { renew(s.id, 2).state, balance(who) })
    end)

    it("is renewed once for each end, whatever comes again, and however often the process dies", function()
      local who, listing = person(2500), tool()
      local s = subscribe(who, listing)
      local at = ended(s.id, 1)
      mortal.at_last(function()
        local row = world.row(s.id)
        row.payload = { at = at, try = 0 }
        jobs.renew(row)
      end, function() assert.equal("", world.wrong()) end)
      assert.equal(500000, balance(who))
      assert.equal(2, db.value("select count(*) from market_periods where subscription_id = $1", s.id))
    end)

    it("ends on the same day of each month, or its last", function()
      local who, listing = person(9000), tool()
      local s = subscribe(who, listing)
      db.exec([[update market_subscriptions set anchored_at = '2027-01-31T10:00:00Z', periods = 1, ends_at = '2027-02-28T10:00:00Z'
        where id = $1]], s.id)
      local ends = {}
      for n = 1, 3 do ends[n] = renew(s.id).ends_at end
      assert.same({ "2027-03-31T10:00:00.000Z", "2027-04-30T10:00:00.000Z", "2027-05-31T10:00:00.000Z" }, ends)
    end)

    it("is past due without credits, is tried on the first, third and fifth day, and then canceled", function()
      local who, listing = person(1000), tool()
      local s = subscribe(who, listing)
      local at = ended(s.id, 0)
      assert.equal("past_due", renew(s.id).state)
      for try, days in ipairs { 1, 3, 5 } do
        local due = db.row("select due_at from host_queue where kind = 'market.subscription' and key = $1 and payload->>'try' = $2",
          s.id, tostring(try))
        assert.equal(time.parse(at) + days * DAY * 1000, time.parse(due.due_at))
        assert.equal(try == 3 and "canceled" or "past_due", renew(s.id, try).state)
      end
      assert.equal(0, db.value("select subscriber_count from market_tools where listing_id = $1", listing))
    end)

    it("goes on when it is paid for late: as if in time within three days, and from then on after them", function()
      for _, case in ipairs { { 2, true }, { 4, false } } do
        local who, listing = person(1000), tool()
        local s = subscribe(who, listing)
        renew(s.id)
        local at = ended(s.id, case[1])
        db.tx(function(tx) moves.deposit(tx, world.uuid(), { actor = who, gross = 1000, fee = 0 }) end)
        local now = renew(s.id, 1)
        local starts = db.value("select starts_at from market_periods where id = $1", now.period_id)
        assert.same({ "active", case[2] }, { now.state, starts == at })
      end
    end)

    it("ends when it was canceled, when its listing is gone, and when its plan is", function()
      local function case(fn)
        local who, listing = person(3000), tool()
        local s = subscribe(who, listing)
        fn(s, listing, who)
        assert.equal("canceled", renew(s.id).state)
        assert.equal(2000000, balance(who))
      end
      case(function(s, _, who)
        assert.equal("cancel_at_period_end", subscriptions.cancel(get(who), s.id).state)
        assert.equal("cancel_at_period_end", subscriptions.cancel(get(who), s.id).state)
      end)
      case(function(_, listing) db.exec("update market_listings set is_active = false where id = $1", listing) end)
      case(function(_, listing)
        db.exec("update market_listings set subscription_plans = jsonb_set(subscription_plans, '{0,plan_id}', '\"q\"') where id = $1", listing)
      end)
    end)
  end)

  it("stands still while its tool does, and goes on for as long", function()
    local who, listing = person(1000), tool()
    local s = subscribe(who, listing)
    local function move(event) return db.tx(function(tx) return tools.move(tx, listing, event, { cause = "spec" }) end) end
    assert.equal(1, move "suspend")
    assert.equal("paused", now_of(s.id).state)
    assert.equal("paused", renew(s.id).state)
    refuses("invalid_state", move, "suspend")
    refuses("invalid_state", move, "resume")
    refuses("tool_suspended", subscribe, person(1000), listing)
    db.exec("update market_subscriptions set paused_at = paused_at - interval '10 days' where id = $1", s.id)
    move "reinstate"
    world.work(tools.resume, "market.tool_resumed", listing)
    local now = now_of(s.id)
    assert.equal("active", now.state)
    local stood_s = (time.parse(now.ends_at) - time.parse(s.ends_at)) / 1000
    assert.is_true(stood_s >= 10 * DAY and stood_s < 11 * DAY)
    assert.equal(now.ends_at, db.value("select ends_at from market_periods where id = $1", now.period_id))
    assert.equal(1, db.value("select count(*) from host_queue where kind = 'market.subscription' and key = $1 and payload->>'at' = $2",
      s.id, now.ends_at))
  end)

  it("has keys, ten at most, which end at once or after a while", function() -- limit: subscription keys
    local who, listing = person(1000), tool()
    local s, key = subscribe(who, listing)
    local function with(fn) return db.tx(fn) end
    assert.same({ who, s.id }, { keys.check(key).id, keys.check(key).subscription_id })
    local second = with(function(tx) return keys.rotate(tx, s.id, keys.prefix(key), 60) end)
    assert.truthy(keys.check(key) and keys.check(second))
    db.exec("update market_tool_keys set valid_until = human_now() where prefix = $1 and subscription_id = $2", keys.prefix(key), s.id)
    assert.equal("unauthorized", select(2, keys.check(key)))
    local third = with(function(tx) return keys.rotate(tx, s.id, nil, 0) end)
    assert.equal("unauthorized", select(2, keys.check(second)))
    refuses("not_found", with, function(tx) return keys.revoke(tx, s.id, keys.prefix(second)) end)
    assert.equal(1, with(function(tx) return keys.revoke(tx, s.id, keys.prefix(third)) end))
    assert.equal("unauthorized", select(2, keys.check(third)))
    for _ = 1, 10 do with(function(tx) return keys.generate(tx, s.id) end) end
    refuses("too_many_keys", with, function(tx) return keys.generate(tx, s.id) end)
    assert.equal(13, #keys.list(s.id))
  end)

  it("has its calls, and their price, exactly, however often the process dies", function()
    local who, listing, provider = person(1010), tool { included_calls = 1, overage_cents_per_call = 0.5 }
    local s = subscribe(who, listing)
    local left, earned = balance(who), balance(provider)
    local full = db.row(loaded["marketplace.proxy"].sql.load, s.id, 72)
    quotas.succeed(quotas.reserve(full, 1000), 5)
    local function lose()
      db.exec("update market_tool_calls set settle_by = now() - interval '1 s' where subscription_id = $1 and state = 'open'", s.id)
      quotas.sweep()
    end
    local function once(finish)
      mortal.at_last(function()
        local call = quotas.reserve(full, 1000)
        assert.is_true(finish(call))
      end, function()
        assert.equal("", world.wrong())
        lose()
      end)
    end
    once(function(call) return quotas.succeed(call, 5) end)
    assert.same({ left - 500, earned + 425 }, { balance(who), balance(provider) })
    once(function(call) return quotas.give_back(call, "failed", 5) end)
    assert.same({ left - 500, earned + 425 }, { balance(who), balance(provider) })
    local p = db.row("select used, overage, in_flight from market_periods where id = $1", s.period_id)
    assert.same({ 1, 1, 0 }, { p.used, p.overage, p.in_flight })
    local call = quotas.reserve(full, 1000)
    assert.is_true(quotas.succeed(call, 5))
    assert.is_false(quotas.succeed(call, 5))
    assert.is_false(quotas.give_back(call, "failed", 5))
  end)

  describe("that a budget pays", function()
    local function budget(giver, agent, cents, o)
      return db.value([[insert into market_delegations (delegator_id, grantee_id, total_mrc, allowed_categories)
        values ($1, $2, $3::bigint * 1000, array[$4]) returning id]], giver, agent, cents, o and o.category or "data:*")
    end
    local function with_budget(who, listing_id, id)
      return subscriptions.create(get(who), { listing_id = listing_id, plan_id = "p", funding_type = "delegation", delegation_id = id })
    end
    local function spent(id) return db.value("select spent_mrc from market_delegations where id = $1", id) end

    it("takes the credits of whoever gave it, as far as it goes", function()
      local giver, who, listing = person(3000), person(), tool { included_calls = 0, overage_cents_per_call = 30 }
      local id = budget(giver, who, 1050)
      local s = with_budget(who, listing, id)
      assert.same({ 2000000, 0, 1000000, giver }, { balance(giver), balance(who), spent(id), s.payer_id })
      local full = db.row(loaded["marketplace.proxy"].sql.load, s.id, 72)
      quotas.succeed(quotas.reserve(full, 1000), 1)
      assert.same({ 1970000, 1030000 }, { balance(giver), spent(id) })
      refuses("budget_exceeded", quotas.reserve, full, 1000)
      assert.equal("past_due", renew(s.id).state)
      assert.equal(1, db.value("select overage from market_periods where id = $1", s.period_id))
    end)

    it("is refused for what it may not buy, for others, and for the provider's own people", function()
      local giver, who, listing, provider = person(3000), person(), tool()
      refuses("category_not_allowed", with_budget, who, listing, budget(giver, who, 2000, { category = "web:*" }))
      refuses("delegation_invalid", with_budget, who, listing, budget(giver, person(), 2000))
      refuses("delegation_invalid", with_budget, who, listing, world.uuid())
      refuses("self_dealing_not_permitted", with_budget, who, listing, budget(provider, who, 2000))
      assert.equal(3000000, balance(giver))
    end)

    it("has back what a call did not cost, also when it was revoked within the call, and then pays no more", function()
      local giver, who, listing = person(3000), person(), tool { included_calls = 0, overage_cents_per_call = 30 }
      local id = budget(giver, who, 2000)
      local s = with_budget(who, listing, id)
      local full = db.row(loaded["marketplace.proxy"].sql.load, s.id, 72)
      local failing, working = quotas.reserve(full, 1000), quotas.reserve(full, 1000)
      assert.same({ 1940000, 1060000 }, { balance(giver), spent(id) })
      loaded["marketplace.delegations"].revoke(get(giver), id)
      quotas.give_back(failing, "failed", 1)
      quotas.succeed(working, 1)
      assert.same({ 1970000, 1030000 }, { balance(giver), spent(id) })
      refuses("delegation_invalid", quotas.reserve, full, 1000)
      local p = db.row("select overage, in_flight from market_periods where id = $1", s.period_id)
      assert.same({ 1, 0 }, { p.overage, p.in_flight })
      assert.equal("revoked", db.value("select state from market_delegations where id = $1", id))
    end)
  end)

  it("is moved along the edges of its rules alone", function()
    local rules = loaded["marketplace.rules.subscriptions"]
    local first = { subscription = "active", tool_call = "open", tool = "open" }
    for machine, begins in pairs(first) do
      local told, known = { [":" .. begins] = true }, {}
      if machine == "subscription" then told[":per_call"] = true end       -- a tab
      for _, e in ipairs(rules[machine]) do told[e.from .. ":" .. e.to] = true end
      for _, e in ipairs(db.query("select from_state, to_state from market_edges where entity = $1", machine)) do
        known[e.from_state .. ":" .. e.to_state] = true
      end
      assert.same(told, known)
    end
    local s = subscribe(person(1000), (tool()))
    assert.truthy(select(2, db.try("update market_subscriptions set state = 'past_due' where id = $1", s.id)) == nil)
    assert.equal("55000", select(2, db.try("update market_subscriptions set state = 'paused' where id = $1", s.id)).sqlstate)
  end)
end)
