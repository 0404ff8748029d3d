-- spec/scripts/gateway_market_spec.lua -- the marketplace in the gateway: requests in words, answers while processes die, and how
-- much of an owner's work and spend is shown.

local db = require "human.db"
local json = require "human.json"
local mortal = require "mortal"
local waits = require "marketplace.operator_waits"
local words = require "marketplace.operator_words"
local world = require "pay_world"

local CTX = { route = { title = "spec" }, actor = { id = "spec" } }

local function row(change)
  local r = { id = "00000000-0000-4000-8000-000000000001", agent = "Worker", agent_id = "a1", message_type = "approval_request", body = "May I?",
              structured_data = '{"plan_id":"starter"}', amount_cents = 2900, reason = "first_purchase", kind = "tool_request", title = "T",
              listing_id = "l1", provider = "P", provider_id = "p1", created_at = "2026-01-01T00:00:00Z", response_deadline = "2026-01-02T00:00:00Z" }
  for name, value in pairs(change or {}) do r[name] = value ~= json.null and value or nil end
  return r
end

describe("a request of the marketplace in words", function()
  it("is shown with all that it is for, and nothing else of what its sender wrote beside it", function()
    assert.same({ agent = "Worker", agent_id = "a1", amount_usd = "29.00", kind = "tool_request", listing = "T", listing_id = "l1", message = "May I?",
                  plan_id = "starter", provider = "P", provider_id = "p1" }, json.decode(words.arguments(row())))
    local asked = json.decode(words.arguments(row { amount_cents = json.null, kind = json.null, structured_data = json.encode {
      amount_cents = 150, listing_id = ("x"):rep(10000), more = "y" } }))
    assert.same({ "1.50", "approval_request", nil }, { asked.amount_usd, asked.kind, asked.more })
    assert.equal("l1", asked.listing_id)
    assert.equal(200, #json.decode(words.arguments(row { listing_id = json.null, structured_data = json.encode { listing_id = ("x"):rep(10000) } })).listing_id)
  end)

  it("can be allowed for good where a rule would have let it pass", function()
    assert.same({ rule_type = "tool_request", action_type = "auto_approve", max_amount_cents = 2900, providers = { "p1" } }, words.rule(row()))
    assert.is_table(words.rule(row { reason = "asked" }))
    for name, values in pairs { reason = { "daily_cap", "observed", "rule", json.null }, kind = { json.null }, provider_id = { json.null },
                                amount_cents = { json.null } } do
      for _, value in ipairs(values) do assert.is_nil(words.rule(row { [name] = value }), name) end
    end
  end)

  it("is answered with a sentence in which its agent's name is only a name", function()
    assert.equal("The request of `Worker` was allowed once by Ann. The agent may buy it within a day.",
      words.answered(row(), { decision = "allow-once", by = "Ann" }))
    assert.equal("The request of `Worker` was denied.", words.answered(row(), { decision = "deny" }))
    assert.equal("The request of `Worker` was allowed once. It could not be carried out (agent_frozen); the consent is good for a day.",
      words.answered(row { carries = "subscription" }, { decision = "allow-once", not_carried_out = "agent_frozen" }))
    assert.equal("The request of `a''/approve x yes'**b` was denied.", words.answered(row { agent = "a`\n/approve x yes`**b" }, { decision = "deny" }))
  end)
end)

describe("what is under way", function()
  it("waits for us, for them, or for the platform", function()
    local function on(kind, state, side, more)
      local item = { kind = kind, state = state, side = side, actor_id = "me", counter_by = more }
      local found = waits.of(item)
      return found and found.on
    end
    assert.same({ "us", "them", "us", "them", "platform" }, { on("transaction", "pending_payment", "buyer"), on("transaction", "assigned", "buyer"),
      on("transaction", "revision_requested", "seller"), on("transaction", "delivered", "seller"), on("transaction", "disputed", "buyer") })
    assert.same({ "them", "us" }, { on("bid", "pending", "bidder"), on("bid", "pending", "owner") })
    assert.same({ "them", "us", "them", "us" }, { on("bid", "countered", "bidder", "me"), on("bid", "countered", "bidder", "other"),
      on("bid", "countered", "owner", "me"), on("bid", "countered", "owner", "other") })
    assert.is_nil(on("bid", "accepted", "bidder"))
    assert.is_nil(on("transaction", "accepted", "buyer"))
  end)
end)

describe("the marketplace in the gateway", function()
  local loaded, approvals, work, spend, subscriptions, person

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function of_owner(id)
    db.exec("update market_actors set owner_id = (select owner_id from market_actors where id = $1::uuid) where id = $2::uuid", person, id)
    return id
  end

  setup(function()
    loaded = world.scripts()
    approvals, work, spend = loaded["marketplace.operator_approvals"], loaded["marketplace.operator_work"], loaded["marketplace.operator_spend"]
    subscriptions = loaded["marketplace.subscriptions"]
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
    loaded["marketplace.operator"].operator = function(q)
      if q == db then return get(person) end
      return loaded["marketplace.actors"].get(q, person)
    end
  end)
  before_each(function() -- some make up rows of which the books know nothing
    require "market_empty" ()
    person = world.actor()
  end)
  teardown(function() require "market_empty" () end)

  local function tool(provider)
    local plan = { plan_id = "p", name = "P", interval = "monthly", amount_cents = 1000, included_calls = 2 }
    return db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, subscription_plans, tool_meta)
      values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}', $2, '{"upstream_url": "https://x.example/"}') returning id]],
      provider or world.actor(), json.encode(json.array { plan }))
  end

  local function ask(agent, listing)
    local ok, err = pcall(subscriptions.create, get(agent), { listing_id = listing, plan_id = "p", funding_type = "direct" })
    assert.is_false(ok)
    return assert(err.data and err.data.approval_message_id, tostring(err.message or err))
  end

  local function agent_with(cents)
    local agent = of_owner(world.actor { type = "delegated_agent" })
    db.tx(function(tx) loaded["marketplace.moves"].deposit(tx, world.uuid(), { actor = agent, gross = cents, fee = 0 }) end)
    return agent
  end

  local function count(sql, ...) return db.value("select count(*)::int from " .. sql, ...) end

  it("has a request answered, its rule made and what it asks for carried out together, however often its process dies", function()
    local agent = agent_with(1500)
    local id = ask(agent, (tool()))
    local function decide() return db.tx(function(tx) return approvals.decide(tx, id, "allow-always", { id = "spec", name = "Ann" }) end) end
    mortal.at_last(decide, function()
      local is_done = db.value("select response_status = 'approved' from market_messages where id = $1", id) and 1 or 0
      assert.same({ is_done, is_done, is_done }, { count("market_subscriptions where subscriber_id = $1", agent),
        count("market_approval_rules where created_by = $1", person), count("market_requests_shown where message_id = $1 and decided_by = 'spec'", id) })
      assert.equal("", world.wrong())
    end)
    assert.same({ resolved = false, decision = "allow-once" }, decide())
    assert.equal(1, count("market_subscriptions where subscriber_id = $1", agent))
  end)

  it("is shown and told of once, however often its process dies, and not at all when it was answered before", function()
    local agent = agent_with(1500)
    local id = ask(agent, (tool()))
    local function show() db.tx(function(tx) approvals.show(tx, id) end) end
    mortal.at_last(show, function() assert.is_true(count("market_requests_shown where message_id = $1", id) <= 1) end)
    show()
    assert.equal(1, count("market_requests_shown where message_id = $1 and decision is null", id))
    local late = ask(agent, (tool()))
    db.tx(function(tx) assert(approvals.decide(tx, late, "deny", { id = "spec" })) end)
    db.tx(function(tx) approvals.show(tx, late) end)
    assert.equal("deny", db.value("select decision from market_requests_shown where message_id = $1", late))
  end)

  it("refuses what is not a person's to answer, and what cannot be allowed for good", function()
    local agent = agent_with(0 + 1500)
    db.exec("update market_actors set autonomy = 0 where id = $1", agent)
    local id = ask(agent, (tool()))
    local function decide(...)
      local args = { ... }
      return select(2, db.tx(function(tx) return approvals.decide(tx, unpack(args)) end))
    end
    assert.equal("invalid", decide(id, "allow-always", { id = "spec" }))
    assert.equal("invalid", decide(id, "allow-prefix", { id = "spec" }))
    assert.equal("conflict", decide(id, "allow-once", { id = "spec" }, "another"))
    local stranger = world.actor { type = "delegated_agent" }
    assert.equal("not_found", decide(ask(stranger, (tool())), "allow-once", { id = "spec" }))
    db.exec("update market_actors set state = 'banned' where id = $1", person)
    assert.equal("forbidden", decide(id, "allow-once", { id = "spec" }))
    db.exec("update market_actors set state = 'active' where id = $1", person)
    assert.is_nil(decide(id, "deny", { id = "spec" }))
  end)

  it("shows the newest thousand transactions of an actor, if they are under way", function() -- limit: market work
    local agent, seller = agent_with(1500), world.actor()
    local listing = tool(seller)
    local function trade(n, ended) -- each one newer than those before
      db.exec([[insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents, root_id, listing_type, title,
          sla_hours, created_at, ended_at)
        select $1::uuid, $2::uuid, $3::uuid, 1, 0, 1, gen_random_uuid(), 'task_execution', 'T', 1, clock_timestamp() + i * interval '1 us',
          case when $5::boolean then now() end from generate_series(1, $4::int) i]], listing, agent, seller, n, ended)
    end
    local owner = get(person).owner_id
    local function open() return #work.items(CTX, owner, { actorId = agent, limit = 100 }) end
    trade(1, false)
    trade(999, true)
    assert.equal(1, open())
    trade(1, true)
    assert.equal(0, open())
  end)

  it("is looked at where it is the owner's turn, what is due first comes first, and where there is a dispute", function()
    local agent, seller = agent_with(1500), world.actor()
    local listing = tool(seller)
    local function trade(title, state, hours)
      db.tx(function(tx) -- in no state that a transaction begins with
        tx:exec "set local session_replication_role = replica"
        tx:exec([[insert into market_transactions (listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents, root_id, listing_type, title,
          sla_hours, state, review_deadline, sla_deadline)
        values ($1::uuid, $2::uuid, $3::uuid, 1, 0, 1, gen_random_uuid(), 'task_execution', $4, 1, $5, now() + $6::int * interval '1 hour',
            now() + $6::int * interval '1 hour')]], listing, agent, seller, title, state, hours)
      end)
    end
    trade("later", "delivered", 9)
    trade("sooner", "delivered", 3)
    trade("theirs", "assigned", 1)
    trade("fought over", "disputed", 5)
    local seen = {}
    for _, one in ipairs((loaded["gateway.attention"].list(CTX))) do
      if one.kind == "work" or one.kind == "dispute" then seen[#seen + 1] = ("%s: %s"):format(one.kind, one.name) end
    end
    assert.same({ "work: sooner", "work: later", "dispute: fought over" }, seen)
  end)

  it("names a hundred categories, and the rest of what was spent as one, so that the sum is right", function() -- limit: market spend
    local agent, seller = agent_with(1500), world.actor()
    db.exec([[with l as (insert into market_listings (id, actor_id, direction, listing_type, title, description, category_tags, price_cents)
        select md5('spend' || i)::uuid, $2::uuid, 'sell', 'task_execution', 'T', 'D', array['c:' || i], i from generate_series(1, 110) i returning id),
      t as (insert into market_transactions (id, listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents, root_id, listing_type, title, sla_hours)
        select id, id, $1::uuid, $2::uuid, 1, 0, 1, id, 'task_execution', 'T', 1 from l returning id)
      insert into market_payments (kind, transaction_id, payer_id, amount_cents, state, provider, provider_id, client_secret, captured_at)
        select 'transaction', md5('spend' || i)::uuid, $1::uuid, i, 'captured', 'test', 'spend' || i, '', human_now() from generate_series(1, 110) i]], agent, seller)
    local sums = spend.sums(get(person).owner_id, { actorId = agent, days = 1 })
    assert.same({ 101, "c:110", "the rest", 55 }, { #sums.category, sums.category[1].key, sums.category[101].key, sums.category[101].cents })
    local all = 0
    for _, one in ipairs(sums.category) do all = all + one.cents end
    assert.same({ 6105, 6105, 6105 }, { all, sums.all[1].cents, sums.day[1].cents })
  end)

  it("shows two hundred actors of an owner", function() -- limit: market actors shown
    local owner = get(person).owner_id
    for _ = #work.actors(owner), 200 do of_owner(world.actor { type = "delegated_agent" }) end
    assert.equal(200, #work.actors(owner))
  end)
end)
