-- spec/scripts/marketplace_admin_spec.lua -- what admins stop is stopped whole, or not at all, whenever their process dies.

local db = require "human.db"
local json = require "human.json"
local mortal = require "mortal"
local world = require "pay_world"

describe("the kill switch", function()
  local loaded, kill, rules, admin

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    kill, rules = loaded["marketplace.kill"], loaded["marketplace.rules.kill"]
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
    admin = { id = world.actor(), type = "human", role = "admin" }
  end)
  after_each(function() assert.equal("", world.wrong()) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end

  local function tool(provider)
    return db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
        subscription_plans, tool_meta)
      values ($1, 'sell', 'compute_access', 'T', 'D', '{data:x}', $2, '{"upstream_url": "https://x.example/"}')
      returning id]], provider, json.encode(json.array { { plan_id = "p", name = "P", interval = "monthly", amount_cents = 0,
        included_calls = 1 } }))
  end

  local function subscribe(listing)
    return loaded["marketplace.subscriptions"].create(get(world.actor()), { listing_id = listing, plan_id = "p", funding_type = "direct" })
  end

  -- How many of each are stopped: listings, tools, subscriptions, keys, and what the trail and the outbox have of it.
  local function stopped(provider)
    local row = db.row([[select
        (select count(*)::int from market_listings where actor_id = $1 and not is_active) as listings,
        (select count(*)::int from market_tools t join market_listings l on l.id = t.listing_id
          where l.actor_id = $1 and t.state = 'suspended') as tools,
        (select count(*)::int from market_subscriptions where provider_id = $1 and state = 'paused') as subscriptions,
        (select count(*)::int from market_tool_keys k join market_subscriptions s on s.id = k.subscription_id
          where s.provider_id = $1 and k.is_suspended) as keys,
        (select count(*)::int from market_actors where id = $1 and state = 'banned') as banned,
        (select count(*)::int from market_records where resource_id = $1::text) as records]], provider)
    return { row.listings, row.tools, row.subscriptions, row.keys, row.banned, row.records }
  end

  -- Acts until the process has not died; each time, all of it is done or nothing.
  local function acts(order, provider, before, after)
    mortal.at_last(function()
      local ok, err = pcall(kill.act, admin, order)
      if not ok and not (type(err) == "table" and err.code == "invalid_state") then error(err, 0) end
    end, function()
      local now = stopped(provider)
      if now[6] == before[6] then assert.same(before, now) else assert.same(after, now) end
    end)
    assert.same(after, stopped(provider))
  end

  it("bans and unbans a provider at once, however often its process dies", function()
    local provider = world.actor()
    local listing = tool(provider)
    tool(provider)
    subscribe(listing)
    subscribe(listing)
    acts({ action = "ban_provider", actor_id = provider, reason = "r" }, provider, { 0, 0, 0, 0, 0, 0 }, { 2, 2, 2, 2, 1, 1 })
    acts({ action = "unban_provider", actor_id = provider, reason = "r" }, provider, { 2, 2, 2, 2, 1, 1 }, { 0, 0, 2, 0, 0, 2 })
    local row = world.row(listing)
    loaded["marketplace.tools"].resume(row)      -- which the queue does
    assert.same({ 0, 0, 0, 0, 0, 2 }, stopped(provider))
  end)

  it("tells a thousand subscribers of one action, and the owners of five hundred bids", function() -- limit: told of a stop
    local provider, heard, bids, done = world.actor(), nil, 0, nil
    local listing = tool(provider)
    local news = loaded["marketplace.news"]
    local put = news.put
    news.put = function(_, e)
      if e.name == "provider.banned" then heard = #e.to end
      if e.name == "bid.expired" then bids = bids + 1 end
    end
    local ok, err = pcall(db.tx, function(tx)
      tx:exec "set local session_replication_role = replica"
      tx:exec([[insert into market_subscriptions (listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type, period_id,
          state, ends_at)
        select $1::uuid, gen_random_uuid(), $2::uuid, gen_random_uuid(), 'p', 'direct', gen_random_uuid(), 'past_due', now()
        from generate_series(1, 1001)]], listing, provider)
      tx:exec([[with l as (insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
            budget_ceiling_cents)
          select $2::uuid, 'buy', 'task_execution', 'T', 'D', '{data:x}', 100 from generate_series(1, 501) returning id)
        insert into market_bids (listing_id, bidder_id, price_cents, sla_hours, expires_at)
          select id, $1::uuid, 1, 1, now() from l]], provider, admin.id)
      tx:exec "set local session_replication_role = origin"
      done = kill.act(admin, { action = "ban_provider", actor_id = provider, reason = "r" })
      error("undo", 0)
    end)
    news.put = put
    assert(not ok and err == "undo", tostring(err))
    assert.same({ rules.told, rules.told_bids, 501 }, { heard, bids, done.expired_bids })
  end)
end)
