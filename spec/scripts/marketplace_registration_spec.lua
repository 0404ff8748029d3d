-- spec/scripts/marketplace_registration_spec.lua -- actors are made whole or not at all, each has a place of its own,
-- credits that are given away end by the clock, and the audit trail shows what was changed in it.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local sched = require "human.core.sched"
local audit = require "marketplace.audit"

local function side_by_side(n, fn)
  local me, left, errors = sched.current(), n, {}
  for i = 1, n do
    sched.spawn_as({ on_finish = function(_, err)
      if err then errors[#errors + 1] = err end
      left = left - 1
      if left == 0 then sched.wake(me) end
    end }, fn, i)
  end
  if left > 0 then sched.suspend() end
  return errors
end

describe("registration", function()
  local scripts, registration, referrals, records, credits, address = nil, nil, nil, nil, nil, 0

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    require "market_empty" ()
    scripts = gen.build(1)
    gen.install(scripts)
    registration, referrals = scripts.loaded["marketplace.registration"], scripts.loaded["marketplace.referrals"]
    records, credits = scripts.loaded["marketplace.trail"], scripts.loaded["marketplace.credits"]
  end)

  local function somewhere()
    address = address + 1
    return ("10.9.%d.%d"):format(math.floor(address / 250), address % 250 + 1)
  end

  local function person(change)
    local who = { type = "human", display_name = "Alice", email = id.new() .. "@spec.example" }
    for k, v in pairs(change or {}) do who[k] = v end
    return registration.register(who, somewhere(), "actors-register")
  end

  local function wallet() return "0x" .. ("%040x"):format(math.random(2 ^ 50)) end
  local function agent(change)
    local who = { type = "delegated_agent", display_name = "Bot", owner_wallet = wallet(), agent_address = wallet() }
    for k, v in pairs(change or {}) do who[k] = v end
    return registration.register(who, somewhere(), "actors-register")
  end

  local function refused(code, fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal(code, err.code or tostring(err))
    return err
  end

  it("gives two hundred at once a place each, without gaps, with first credits in the ledger", function()
    local before, made = db.value "select registrations from market_genesis", {}
    local errors = side_by_side(200, function(i)
      repeat                                     -- as clients do: a busy machine has not enough connections for all
        local ok, err = pcall(person)
        if not ok and err.code ~= "db_timeout" then error(err, 0) end
        made[i] = ok and err
      until ok
    end)
    assert.same({}, errors)
    local slots = db.row([[select count(distinct slot) as n, min(slot) as low, max(slot) as high,
      bool_and(is_founding = (slot <= 1000)) as founding from market_actors where slot > $1 and slot < 1000000]], before)
    assert.same({ n = 200, low = before + 1, high = before + 200, founding = true }, slots)
    assert.equal(before + 200, db.value "select registrations from market_genesis")
    for _, actor in ipairs(made) do assert.equal(128000, actor.rc_mrc) end
    assert.same({}, audit.run())
    assert.same({}, records.verify().found)
  end)

  it("leaves nothing of a registration that fails, and its place to the next", function()
    local taken = id.new() .. "@spec.example"
    person { email = taken }
    local before = db.value "select registrations from market_genesis"
    refused("already_registered", person, { email = taken:upper() })
    refused("invalid_referral_code", person, { referral_code = "ffffff" })
    assert.equal(before, db.value "select registrations from market_genesis")
    assert.equal(0, db.value("select count(*)::int from market_registrations where network = $1::inet",
      ("10.9.%d.%d"):format(math.floor(address / 250), address % 250 + 1)))
  end)

  it("takes five a day from one address, and says when the next may come", function() -- limit: registrations
    local function from(ip)
      local who = { type = "human", display_name = "A", email = id.new() .. "@spec.example" }
      return registration.register(who, ip, "actors-register")
    end
    for network, others in pairs {
      ["192.0.2.7"] = { "192.0.2.7", "192.0.2.8" },
      ["2001:db8:1:2::1"] = { "2001:db8:1:2:ffff::9", "2001:db8:1:3::1" },
    } do
      local errors = side_by_side(9, function() from(network) end)
      assert.equal(4, #errors)
      for _, err in ipairs(errors) do assert.equal("rate_limited", err.code) end
      local err = refused("rate_limited", from, others[1])
      assert.is_true(err.data.retry_after_s > 86000 and err.data.retry_after_s <= 86400)
      assert.is_string(from(others[2]).api_key)
      db.exec("update market_registrations set at = at - interval '1 day' where network >>= $1::inet or network = $1::inet",
        network)
      if network:find ":" then
        db.exec "update market_registrations set at = at - interval '1 day' where network <<= '2001:db8::/32'"
      end
      assert.is_string(from(network).api_key)
    end
  end)

  it("gives agents of one wallet one owner, and lets no owner refer its own", function()
    local owner = wallet()
    local first = agent { owner_wallet = owner }
    local owned = db.value "select count(*)::int from market_owners"
    agent { owner_wallet = owner }
    assert.equal(owned, db.value "select count(*)::int from market_owners")
    refused("self_referral", agent, { owner_wallet = owner, referral_code = first.referral_code })
  end)

  it("pays both once, when the first business is done, and only fifty times to one referrer", function() -- limit: referrals
    local referrer = person()
    local referee = person { referral_code = referrer.referral_code }
    local function settle(who)
      db.tx(function(tx) referrals.settle(tx, who) end)
      local row = db.row("select id from host_queue where kind = 'market.referral.pay' and key = $1", who)
      return row and side_by_side(2, function()
        referrals.pay { payload = { referee_id = who }, done = function() end }
      end)
    end
    assert.same({}, settle(referee.id))
    assert.equal(144000, credits.balance(referrer.id).m)
    assert.equal(144000, credits.balance(referee.id).m)
    db.exec("delete from host_queue where kind = 'market.referral.pay'")
    assert.is_nil(settle(referee.id))
    local actor = { id = referee.id, owner_id = db.value("select owner_id from market_actors where id = $1::uuid", referee.id) }
    refused("already_referred", referrals.apply, actor, referrer.referral_code)

    db.exec([[insert into market_referrals (referee_id, referrer_id, state)
      select id, $1::uuid, 'paid' from market_actors where id <> $1::uuid and id <> $2::uuid limit 49]], referrer.id,
      referee.id)
    local late = person { referral_code = referrer.referral_code }
    settle(late.id)
    assert.equal(144000, credits.balance(referrer.id).m)
    assert.equal("void", db.value("select state from market_referrals where referee_id = $1::uuid", late.id))
    assert.same({}, audit.run())
  end)

  it("ranks five hundred agents of a search, those with most of its tags first", function() -- limit: agents ranked
    local first, tag = agent(), "rank" .. id.new()
    db.exec([[insert into market_actors (owner_id, type, display_name, capability_tags, slot, is_founding, referral_code, tier)
      select owner_id, 'delegated_agent', 'R', array[$2], 2000000 + i, false, lpad(to_hex(9000000 + i), 6, '0'), 2
      from market_actors, generate_series(1, 510) i where id = $1::uuid]], first.id, tag)
    scripts.loaded["marketplace.capabilities"].set(first, { tag, tag .. ":more" })
    local found = scripts.loaded["marketplace.capabilities"].search({ tag, tag .. ":more" }, 0, 600)
    assert.same({ 500, 511, first.id }, { #found.agents, found.total, found.agents[1].id })
  end)

  it("warns of credits that end and are still there, and tells when they have ended", function()
    local grants, news, told = scripts.loaded["marketplace.grants"], scripts.loaded["marketplace.news"], {}
    local actor, put = person(), news.put
    news.put = function(_, e) told[#told + 1] = e end
    finally(function() news.put = put end)
    local lot = db.value("select id from credit_lots where actor = $1", actor.id)
    local row = { key = tostring(lot), payload = { actor = actor.id }, done = function() end }
    grants.warn(row)
    assert.same({ "credits.expiring", 128000, { actor.id } }, { told[1].name, told[1].data.amount_mrc, told[1].to })
    db.exec("update credit_lots set expires_at = human_now() where id = $1", lot)
    grants.expire(row)
    assert.same({ "credits.expired", 2 }, { told[2].name, #told })
    grants.warn(row)
    grants.expire(row)
    assert.equal(2, #told)
  end)

  it("counts in a heartbeat what parts of the marketplace say how to count", function()
    local counts, profile, actor = scripts.loaded["marketplace.counts"], scripts.loaded["marketplace.profile"], person()
    assert.has_error(function() counts.define("friends", function() return 1 end) end)
    local function beat() return profile.beat { id = actor.id }.active_transactions end
    local before = beat()
    counts.define("active_transactions", function(who) return who.id == actor.id and before + 2 or 0 end)
    assert.equal(before + 2, beat())
  end)

  it("adds the end of what it gives, and a warning before it, to the queue", function()
    local grants, actor = scripts.loaded["marketplace.grants"], person()
    local lot = db.row("select id, expires_at from credit_lots where actor = $1", actor.id)
    local due = db.query([[select kind, due_at = $2::timestamptz - case kind when 'market.credits.warn' then interval '30 days'
      else interval '0' end as exact from host_queue where key = $1 order by kind]], tostring(lot.id), lot.expires_at)
    assert.same({ { kind = "market.credits.expire", exact = true }, { kind = "market.credits.warn", exact = true } }, due)
    assert.is_true(db.value("select expires_at = date_trunc('milliseconds', created_at) + interval '12 months' from credit_lots where id = $1", lot.id))

    db.exec("update credit_lots set expires_at = human_now() - interval '1 hour' where id = $1", lot.id)
    assert.equal(0, credits.balance(actor.id).m)
    grants.sweep()
    assert.equal(0, db.value("select remaining from credit_lots where id = $1", lot.id))
    grants.expire { payload = { actor = actor.id }, done = function() end }
    assert.same({}, audit.run())
  end)
end)

describe("the audit trail", function()
  local records

  setup(function() records = gen.build(1).loaded["marketplace.trail"] end)

  local function put(n) db.tx(function(tx)
    records.put(tx, { action = "spec", resource_type = "thing", resource_id = tostring(n), facts = { n = n } })
  end) end

  it("has the records of many at once in one chain", function()
    local before, things = records.verify().n, records.list({ resource_type = "thing", limit = 1 }).total
    assert.same({}, side_by_side(50, put))
    local found = records.verify()
    assert.equal(before + 50, found.n)
    assert.same({}, found.found)
    assert.equal(0, db.value "select count(*)::int from market_records where hash is null")
    local page = records.list { resource_type = "thing", limit = 3 }
    assert.same({ 3, things + 50, true }, { #page.entries, page.total, page.entries[1].verified })
    assert.equal(page.entries[2].n, records.list { limit = 1, before = page.entries[1].n }.entries[1].n)
  end)

  it("records nothing of what was rolled back", function()
    local before = records.verify().n
    pcall(db.tx, function(tx)
      records.put(tx, { action = "spec", resource_type = "thing", resource_id = "x" })
      error "no"
    end)
    assert.equal(before, records.verify().n)
  end)

  it("is only ever added to, and shows what somebody with all rights has changed, cut out or cut off", function()
    for n = 1, 5 do put(n) end
    local last = records.verify().n
    local ok = pcall(db.exec, "update market_records set action = 'x'")
    assert.is_false(ok)
    assert.is_false(pcall(db.exec, "delete from market_records"))
    assert.is_false(pcall(db.exec, "update market_record_end set n = 0"))
    assert.is_false(pcall(db.exec, "update market_records set hash = sha256('x') where n = " .. last))
    local function tampered(...)
      local seen
      local real, statements = db.tx, { ... }
      pcall(real, function(tx)
        tx:exec "set local session_replication_role = replica"
        for _, statement in ipairs(statements) do tx:exec((statement:gsub("LAST", last))) end
        db.tx = function(fn) return fn(tx) end
        local found = records.verify()
        seen = {}
        for i, f in ipairs(found.found) do seen[i] = { f.n - last, f.is, f.was and f.was - last } end
        local broken = #tx:query("select what from (" .. records.BROKEN .. ") b")
        assert.is_true(broken > 0, "the books' own check sees it, too")
        error "back"
      end)
      db.tx = real
      return seen
    end
    local shift = "update market_records set n = -n where n > LAST - 3"
    local REHASH = [[update market_records r set facts = '{"n": 9}', hash = market_record_hash((select hash from market_records p
      where p.n = r.n - 1), n, actor_id, action, resource_type, resource_id, '{"n": 9}', at) where n = LAST]]
    assert.same({ { -2, "changed" } }, tampered [[update market_records set facts = '{"n": 9}' where n = LAST - 2]])
    assert.same({ { -2, "changed" } }, tampered [[update market_records set at = at - interval '1 day' where n = LAST - 2]])
    assert.same({ { 0, "changed" } }, tampered(REHASH))
    assert.same({ { -1, "changed" } }, tampered((REHASH:gsub("n = LAST", "n = LAST - 2"))), "the next does not follow")
    assert.same({ { -2, "removed" } }, tampered "delete from market_records where n = LAST - 2")
    assert.same({ { -3, "removed" }, { -2, "removed" } }, tampered "delete from market_records where n in (LAST - 2, LAST - 3)")
    assert.same({ { 0, "removed" } }, tampered "delete from market_records where n = LAST")
    assert.same({ { -2, "changed" }, { -1, "moved", 0 }, { 0, "removed" } }, tampered(
      "delete from market_records where n = LAST - 2", "update market_records set n = -n where n > LAST - 2",
      "update market_records set n = -n - 1 where n < 0"))
    local COPY = [[insert into market_records (n, action, resource_type, resource_id, facts, at, hash)
      select %s, action, resource_type, resource_id, facts, at, hash from market_records where n = %s]]
    assert.same({ { 1, "inserted" } }, tampered(COPY:format("LAST + 1", "LAST")))
    assert.same({ { -2, "inserted" }, { -1, "moved", -2 }, { 0, "moved", -1 }, { 1, "inserted" } }, tampered(shift,
      "update market_records set n = -n + 1 where n < 0",
      "insert into market_records (n, action, resource_type, resource_id, facts, hash) values (LAST - 2, 'a', 't', 'i', '{}', sha256('x'))"))
    assert.same({ { -2, "moved", -1 }, { -1, "moved", -2 } }, tampered("update market_records set n = 0 where n = LAST - 2",
      "update market_records set n = LAST - 2 where n = LAST - 1", "update market_records set n = LAST - 1 where n = 0"))
    assert.same({ { -3, "moved", 0 }, { 0, "moved", -3 } }, tampered("update market_records set n = 0 where n = LAST - 3",
      "update market_records set n = LAST - 3 where n = LAST", "update market_records set n = LAST where n = 0"))
    assert.same({}, records.verify().found)
    local kept = records.verify()
    put(6)
    assert.same({}, records.verify(kept).found)
    assert.same({ { n = kept.n, is = "changed" } }, records.verify({ n = kept.n, hash = ("0"):rep(64) }).found)
  end)

  it("can be checked elsewhere, by what is exported", function()
    local crypto, before, last = require "human.crypto", nil, nil
    records.export(0, function(row)
      before, last = last, row
      if not before then return end
      local bytes = before.hash:gsub("%x%x", function(hex) return string.char(tonumber(hex, 16)) end)
      assert.equal(row.hash, crypto.sha256_hex(bytes .. row.hashed))
    end)
    assert.equal(records.verify().hash, last.hash)
  end)

  it("holds nobody up while others are sealed, and seals what is committed later", function()
    local before = records.verify().n
    db.tx(function(tx)
      tx:row "select n from market_record_end for update"
      require("human.task").spawn(function() put(7) end)
      local task = require "human.task"
      local left = 300
      while left > 0 and db.value "select count(*)::int from market_records where hash is null and resource_id = '7'" == 0 do
        task.sleep(0.1)
        left = left - 1
      end
      assert.is_true(left > 0, "it was written while another held the end")
    end)
    assert.equal(before + 1, records.verify().n)
    assert.same({}, records.verify().found)
  end)
end)
