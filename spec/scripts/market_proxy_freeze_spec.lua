-- spec/scripts/market_proxy_freeze_spec.lua -- who is being frozen buys nothing: a purchase that meets a freeze waits for it, and
-- then is refused.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local sched = require "human.core.sched"

describe("a freeze that is under way", function()
  local loaded, admin

  local function actor(state)
    return db.tx(function(tx)
      local owner = tx:value "insert into market_owners default values returning id"
      local made = tx:value([[insert into market_actors (owner_id, type, display_name, email, slot, is_founding, referral_code, tier, state)
        select $1, 'human', 'A', $2, m.slot, false, lpad(to_hex(m.slot), 6, '0'), 0, $3 from (select max(slot) + 1 as slot from market_actors) m
        returning id]], owner, "freeze" .. id.new() .. "@spec.example", state or "active")
      loaded["marketplace.credits"].open(tx, made)
      return made
    end)
  end

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    local scripts = gen.build(1)
    gen.install(scripts)
    loaded = scripts.loaded
    require "market_empty" ()
    db.exec [[insert into market_owners (id) values ('00000000-0000-4000-8000-00000000f00d')]]
    db.exec [[insert into market_actors (owner_id, type, display_name, email, slot, is_founding, referral_code, tier)
      values ('00000000-0000-4000-8000-00000000f00d', 'human', 'First', 'freeze-first@spec.example', 7000000, false, '6acfc0', 0)]]
    admin = { id = actor(), type = "human", role = "admin" }
  end)
  teardown(function() require "market_empty" () end)

  local function get(who) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, who) end) end

  local function listing(owner, direction)
    return db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents,
        budget_ceiling_cents) values ($1, $2, 'task_execution', 'T', 'D', '{data:x}', case $2 when 'sell' then 500 end,
        case $2 when 'buy' then 500 end) returning id]], owner, direction)
  end

  -- Freezes `who`, and before that is committed lets fn begin: what it comes to, once the freeze is there.
  local function meets(who, fn)
    local result
    db.tx(function(tx)
      loaded["marketplace.kill"].act(admin, { action = "freeze_agent", actor_id = who, reason = "spec" })
      sched.spawn_as({ on_finish = function(_, why) result = result or { why } end }, function()
        local ok, err = pcall(fn)
        result = { ok and "done" or type(err) == "table" and err.code or err }
      end)
      local limit = os.time() + 30
      while not result do
        if tx:value "select exists (select from pg_locks where not granted and pg_backend_pid() = any (pg_blocking_pids(pid)))" then break end
        assert(os.time() < limit, "it neither ends nor waits")
        sched.sleep(0.005)
      end
    end)
    local limit = os.time() + 30
    while not result and os.time() < limit do sched.sleep(0.005) end
    return result and result[1]
  end

  it("lets nobody buy with a card", function()
    local buyer, offer = actor(), listing(actor(), "sell")
    local as = get(buyer)
    assert.equal("agent_frozen", meets(buyer, function() loaded["marketplace.purchases"].create(as, { listing_id = offer, cause = "spec" }) end))
    assert.equal(0, db.value("select count(*) from market_transactions where buyer_id = $1", buyer))
  end)

  it("lets nobody accept a bid, or have one accepted", function()
    for _, how in ipairs { "accept", "counter_accept" } do
      local buyer, seller = actor(), actor()
      local bids, wanted = loaded["marketplace.bids"], listing(buyer, "buy")
      local bid = bids.create(get(seller), { listing_id = wanted, price_cents = 400, sla_hours = 24 })
      if how == "counter_accept" then bids.counter(get(buyer), bid.id, { price_cents = 300 }) end
      local who = how == "accept" and buyer or seller
      assert.equal("agent_frozen", meets(buyer, function() bids[how](who, bid.id) end), how)
      assert.equal(0, db.value("select count(*) from market_transactions where buyer_id = $1", buyer))
    end
  end)

  it("lets nobody assign what he has bought", function()
    local buyer, offer = actor(), listing(actor(), "sell")
    local t = loaded["marketplace.purchases"].create(get(buyer), { listing_id = offer, cause = "spec" })
    assert.equal("agent_frozen", meets(buyer, function() loaded["marketplace.transactions"].assign_by(buyer, t.id) end))
    assert.equal("pending_payment", db.value("select state from market_transactions where id = $1", t.id))
  end)
end)
