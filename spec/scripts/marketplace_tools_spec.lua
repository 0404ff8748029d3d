-- spec/scripts/marketplace_tools_spec.lua -- finding tools, how they do by the calls that were made of them, and what their
-- providers see.

local db = require "human.db"
local json = require "human.json"
local world = require "pay_world"

describe("a tool", function()
  local loaded, search, stats, providers, subscriptions, quotas, moves

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    search, stats, providers = loaded["marketplace.tools_search"], loaded["marketplace.tools_stats"], loaded["marketplace.providers"]
    subscriptions, quotas, moves = loaded["marketplace.subscriptions"], loaded["marketplace.quotas"], loaded["marketplace.moves"]
    loaded["marketplace.transactions"].check_parties = function() end -- of the stand-in
  end)
  after_each(function() assert.equal("", world.wrong()) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end

  local function refuses(code, fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal(code, type(err) == "table" and err.code or err)
  end

  local function person(cents)
    local id = world.actor()
    db.tx(function(tx) moves.deposit(tx, world.uuid(), { actor = id, gross = cents, fee = 0 }) end)
    return id
  end

  local PLANS = json.encode(json.array { { plan_id = "p", name = "P", interval = "monthly", amount_cents = 1000, included_calls = 2,
    overage_cents_per_call = 0.5 }, { plan_id = "y", name = "Y", interval = "yearly", amount_cents = 6000, included_calls = 2 } })

  local function register(o)
    local provider, l = person(1), { title = "Scraper", description = "Scrapes", category_tags = { "data:scraping" },
      tool_meta = '{"upstream_url": "https://x.example/a", "auth_type": "bearer", "auth_secret": "s3cret"}', subscription_plans = PLANS }
    for name, value in pairs(o or {}) do l[name] = value end
    return providers.register(get(provider), l), provider
  end

  local function subscriber(tool)
    local who = person(5000)
    local s = subscriptions.create(get(who), { listing_id = tool.id, plan_id = "p", funding_type = "direct" })
    return db.row(loaded["marketplace.proxy"].sql.load, s.id, 72)
  end

  -- So many calls that ended so, each after so many ms.
  local function called(s, n, outcome, ms)
    for _ = 1, n do
      local call = quotas.reserve(s, 1000)
      if outcome == "ok" then quotas.succeed(call, ms) else quotas.give_back(call, outcome, ms) end
    end
  end

  it("is found by words, tag, price and uptime, and in each order", function()
    local tool = register { title = "Heliograph" }
    local other = register { title = "Heliograph for free", subscription_plans = PLANS:gsub("1000", "0"), category_tags = { "web:x" } }
    db.exec("update market_tools set uptime_30d = 99, subscriber_count = 3 where listing_id = $1", tool.id)
    local function found(q)
      q.limit, q.offset, q.query = q.limit or 10, 0, "heliograph"
      local ids, rows, total = {}, search.find(q)
      for i, row in ipairs(rows) do ids[i] = row.id == tool.id and "tool" or row.id == other.id and "other" or row.id end
      return table.concat(ids, " ") .. " " .. total
    end
    assert.equal("tool 1", found { category = "data:scraping" })
    assert.equal("other 1", found { has_free_tier = true })
    assert.equal("other 1", found { max_price_cents = 499 })
    assert.equal("tool other 2", found { max_price_cents = 500, sort_by = "subscriber_count" }) -- a month of the yearly plan
    assert.equal("tool 1", found { min_uptime = 99 })
    assert.equal("tool other 2", found { sort_by = "uptime_30d" })
    assert.equal("other tool 2", found { sort_by = "min_plan_cents" })
    assert.equal("tool 2", found { sort_by = "subscriber_count", limit = 1 })
    providers.move(get(db.value("select actor_id from market_listings where id = $1", tool.id)), tool.id, "pause")
    db.exec("update market_listings set is_active = false where id = $1", other.id)
    assert.equal(" 0", found {})
  end)

  it("has its calls summed up once, by the hour, and an uptime that inputs do not spoil", function()
    local tool, provider = register()
    local s = subscriber(tool)
    called(s, 6, "ok", 100)
    called(s, 1, "failed", 5)
    called(s, 1, "timeout", 5)
    called(s, 2, "refused", 5)
    called(s, 3, "lost", nil)
    stats.run()
    stats.run()
    local sums = db.row(stats.sql.month, tool.id)
    assert.same({ 10, 6, 2, 600 }, { sums.calls, sums.ok, sums.failures, sums.latency_ms })
    local now = stats.status(tool.id)
    assert.same({ 80, "unknown", 0 }, { now.uptime, now.status, now.breaches })
    local a = providers.analytics(get(provider), tool.id)
    assert.same({ subscribers = 1, calls_30d = 10, revenue_30d_cents = 1002, platform_fee_30d_cents = 150, net_revenue_30d_cents = 852,
      churn_rate = 0, avg_latency_ms = 100, uptime_30d = 80 }, a)
    refuses("not_owner", providers.analytics, get(person(1)), tool.id)
  end)

  it("that does not keep what it promises is told of once an hour, and so is who has subscribed", function()
    local tool, provider = register { sla_config = '{"uptime_target_pct": 99.5, "max_latency_p95_ms": 500}' }
    local s = subscriber(tool)
    called(s, 19, "ok", 520)
    stats.run()
    assert.equal(0, #providers.breaches(get(provider), nil, 20))
    called(s, 1, "ok", 520)
    called(s, 1, "failed", 1)
    stats.run()
    stats.check(tool.id)
    local list = providers.breaches(get(provider), tool.id, 20)
    table.sort(list, function(a, b) return a.type < b.type end)
    assert.same({ "latency", "warning", 520, 500 }, { list[1].type, list[1].severity, list[1].value, list[1].threshold })
    assert.same({ "uptime", "critical", 99.5 }, { list[2].type, list[2].severity, list[2].threshold })
    assert.equal(2, #list)
    assert.equal("breached", stats.status(tool.id).status)
    db.exec("update market_sla_breaches set at = at - interval '61 minutes' where listing_id = $1", tool.id)
    stats.check(tool.id)
    assert.equal(4, #providers.breaches(get(provider), nil, 20))
    assert.equal(0, #providers.breaches(get(s.subscriber_id), tool.id, 20))
  end)

  it("is held against the last sixty minutes, whatever the clock's hour", function()
    local tool, provider = register { sla_config = '{"max_error_rate_pct": 5}' }
    for _, row in ipairs { { 2, 10, 1 }, { 58, 15, 2 }, { 63, 1000, 1000 } } do
      db.exec([[insert into market_tool_minutes (listing_id, minute, calls, failures)
        values ($1, date_trunc('minute', human_now()) - $2 * interval '1 minute', $3, $4)]], tool.id, unpack(row))
    end
    local sums = db.row(stats.sql.hour, tool.id)
    assert.same({ 25, 3 }, { sums.calls, sums.failures })
    stats.check(tool.id)
    local list = providers.breaches(get(provider), tool.id, 20)
    assert.same({ 1, "error_rate", 12 }, { #list, list[1].type, list[1].value })
    db.exec("update market_tool_minutes set minute = minute - interval '2 hours' where listing_id = $1", tool.id)
    stats.run()
    assert.equal(0, db.value("select count(*) from market_tool_minutes where listing_id = $1", tool.id)) -- limit: tool minutes
  end)

  it("is measured by its newest calls, and old ones are forgotten", function() -- limit: tool samples
    local tool = register()
    local s = subscriber(tool)
    called(s, 2, "ok", 100)
    stats.run()
    assert.equal(1, db.row(stats.sql.p95, tool.id, 1).calls)
    db.exec("update market_tool_calls set started_at = started_at - interval '36 days' where listing_id = $1", tool.id)
    db.exec("update market_periods set starts_at = starts_at - interval '36 days' where subscription_id = $1", s.id)
    stats.run()
    assert.equal(0, db.value("select count(*) from market_tool_calls where listing_id = $1", tool.id))
    assert.equal(2, db.row(stats.sql.month, tool.id).calls)
  end)

  it("keeps what its provider does not name when it changes, its secret too", function()
    local tool, provider = register()
    local sealed = db.value("select tool_secret from market_listings where id = $1", tool.id)
    local now = providers.update(get(provider), tool.id, { tool_meta = '{"upstream_url": "https://y.example/b", "timeout_ms": 5000}' })
    local meta = json.decode(now.tool_meta)
    assert.same({ upstream_url = "https://y.example/b", timeout_ms = 5000, auth_type = "bearer" }, meta)
    assert.equal(sealed, db.value("select tool_secret from market_listings where id = $1", tool.id))
    refuses("unsafe_url", providers.update, get(provider), tool.id, { tool_meta = '{"upstream_url": "https://10.0.0.1/"}' })
    refuses("not_owner", providers.update, get(person(1)), tool.id, {})
    assert.equal(1, #providers.list(get(provider), { limit = 10, offset = 0 }))
    loaded["marketplace.listings"].update(get(provider), tool.id, { tool_meta = '{"timeout_ms": 6000}' })
    meta.timeout_ms = 6000
    assert.same(meta, json.decode(db.value("select tool_meta from market_listings where id = $1", tool.id)))
  end)

  it("has a secret that opens for it alone, one that was sealed for none included", function()
    local meta, one, other = loaded["marketplace.tool_meta"], register(), register()
    local function sealed(tool) return db.value("select tool_secret from market_listings where id = $1", tool.id) end
    local crypto = require "human.crypto"
    local function opens(tool, text) return (crypto.open(text, meta.context(tool.id))) end
    assert.equal("s3cret", opens(one, sealed(one)))
    assert.is_nil(opens(other, sealed(one)))
    db.exec("update market_listings set tool_secret = $2 where id = $1", one.id, crypto.seal("older", "market_listings.tool_secret"))
    meta.seal_again()
    assert.equal("older", opens(one, sealed(one)))
    assert.is_nil(opens(other, sealed(one)))
    assert.equal("s3cret", opens(other, sealed(other)))
  end)
end)
