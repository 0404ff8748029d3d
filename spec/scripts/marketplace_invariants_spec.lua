-- spec/scripts/marketplace_invariants_spec.lua -- what must be true of the books is looked for: each check finds what was broken
-- behind the triggers' back, and nothing before; and payouts stop when one does.

local db = require "human.db"
local world = require "pay_world"

local UNDO = "the spec is over"

describe("what must be true of the books", function()
  local loaded, audit, freeze, job, trade
  local seller, buyer, listing

  -- A transaction of trade, with its money where its state says.
  local function task(state, o)
    o = o or {}
    local price = o.price or 10000
    local fee = price / 10
    return db.tx(function(tx)
      tx:exec "set local session_replication_role = replica"
      local id = tx:value([[insert into market_transactions (listing_id, buyer_id, seller_id, state, price_cents, fee_cents,
          payout_cents, root_id, parent_id, depth, listing_type, title, sla_hours, has_milestones)
        values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7, coalesce($8::uuid, gen_random_uuid()), $8::uuid, $9, 'task_execution', 'T', 24, $10)
        returning id]], listing, buyer, seller, state, price, fee, price - fee, o.parent, o.parent and 1 or 0,
        o.milestones ~= nil)
      tx:exec "set local session_replication_role = origin"
      trade.open(tx, id)
      if o.parent then
        trade.carve(tx, o.parent, id, price)
      else
        trade.authorise(tx, id, price)
        trade.capture(tx, id, price)
      end
      for i, part in ipairs(o.milestones or {}) do
        tx:exec("set local session_replication_role = replica")
        local m = tx:value([[insert into market_milestones (transaction_id, sequence, state, title, share_bp, fee_cents, payout_cents,
          sla_hours) values ($1::uuid, $2, $3, 'M', 5000, $4, $5, 24) returning id]], id, i, part, fee / 2, (price - fee) / 2)
        tx:exec("set local session_replication_role = origin")
        if part == "accepted" then
          trade.release(tx, m, { id = id, seller = seller, payout = (price - fee) / 2, fee = fee / 2 })
        end
      end
      if state == "accepted" and o.parent then
        trade.hold(tx, id, id, price)
        tx:exec("update market_transactions set payout_status = 'held' where id = $1::uuid", id)
      elseif state == "accepted" and not o.milestones then
        trade.release(tx, id, { id = id, seller = seller, payout = price - fee, fee = fee })
      end
      return id
    end)
  end

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    audit, freeze, job = loaded["marketplace.audit"], loaded["marketplace.freeze"], loaded["marketplace.freeze_job"]
    trade = loaded["marketplace.escrow"]
    seller, buyer = world.actor(), world.actor()
    listing = db.value([[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags, price_cents)
      values ($1::uuid, 'sell', 'task_execution', 'T', 'D', '{a}', 10000) returning id]], seller)
    db.tx(function(tx)
      loaded["marketplace.trail"].put(tx, { action = "spec", resource_type = "spec", resource_id = "1" })
      loaded["marketplace.credits"].grant(tx, "spec", world.uuid(), { actor = buyer, amount = 5000, reason = "spec" })
    end)
    local get, deposits = loaded["marketplace.actors"].get, loaded["marketplace.deposits"]
    local payment = db.tx(function(tx) return deposits.begin(tx, get(tx, buyer), 10000, "pm_test_ok") end)
    world.work(deposits.take, "market.deposit", payment.id)
    db.tx(function(tx)
      loaded["marketplace.moves"].purchase(tx, "tool.paid", world.uuid(), { buyer = buyer, provider = seller, price_mrc = 3000,
        fee_mrc = 450, reason = "tool_usage" })
    end)
    db.exec "delete from host_queue where kind like 'market%'"
    task "assigned"
    task "accepted"
    task("assigned", { milestones = { "accepted", "active" } })
    task("accepted", { milestones = { "accepted", "accepted" } })
    task("assigned", { parent = task "assigned", price = 2000 })
    task("accepted", { parent = task "assigned", price = 3000 })
  end)

  it("is true of whole lives", function()
    for _, f in ipairs(audit.run()) do assert.equal("", f.check .. " " .. f.what .. " " .. f.off) end
  end)

  -- What the checks find when that was done behind the triggers' back; all of it is undone.
  local function broken_by(...)
    local statements, found = { ... }, {}
    local ok, err = pcall(db.tx, function(tx)
      tx:exec "set local session_replication_role = replica"
      for _, sql in ipairs(statements) do assert(tx:exec(sql) ~= 0 or sql:find "^alter", "nothing was changed by " .. sql) end
      for _, f in ipairs(audit.look(tx)) do found[f.check] = (found[f.check] or 0) + 1 end
      error(UNDO, 0)
    end)
    assert(not ok and err == UNDO, tostring(err))
    return found
  end

  local ONE_ESCROW = "(select id from ledger_accounts where code = 2000 order by id limit 1)"
  local BROKEN = {
    entries = { "update ledger_transfers set kind = 'posted', debit = 999 where id = (select max(id) from ledger_transfers where debit = 1000)" },
    counters = { "update ledger_accounts set credits_posted = credits_posted + 1 where id = " .. ONE_ESCROW },
    resolutions = { "alter table ledger_transfers drop constraint ledger_transfers_resolves_key",
      [[insert into ledger_transfers (kind, debit, credit, amount, resolves, event, cause, n)
        select kind, debit, credit, amount, resolves, event, cause, n + 100 from ledger_transfers where resolves is not null limit 1]] },
    remaining = { "alter table credit_lots drop constraint credit_lots_check, drop constraint credit_lots_check1",
      "update credit_lots set remaining = amount + 1 where id = (select max(id) from credit_lots)" },
    wallets = { "update credit_lots set remaining = remaining - 1 where id = (select max(id) from credit_lots where remaining > 0)" },
    lots = { "update credit_debit_lots set amount = amount + 1" },
    debits = { "update credit_debits set amount = amount + 1" },
    backing = { "update ledger_transfers set amount = amount + 1 where id = (select max(id) from ledger_transfers where debit = 5010)" },
    payments = { "delete from ledger_transfers where event = 'deposit'" },
    withdrawals = { [[insert into market_withdrawals (actor_id, kind, amount_cents, fee_cents, account, provider)
      select id, 'withdrawal', 100, 1, 'a', 'test' from market_actors limit 1]] },
    records = { "select market_records_seal(1000)", "update market_records set facts = '{\"a\": 1}'" },
    escrows = { "update market_transactions set state = 'refunded' where state = 'assigned' and not has_milestones" },
    held = { "update market_transactions set state = 'delivered', price_cents = price_cents + 1, fee_cents = fee_cents + 1 where state = 'assigned'" },
    prices = { "alter table market_transactions drop constraint market_transactions_check1",
      "update market_transactions set fee_cents = fee_cents + 1" },
    milestones = { "update market_milestones set payout_cents = payout_cents + 1 where sequence = 1" },
    subcontracts = { "update market_transactions set payout_cents = 1999, fee_cents = price_cents - 1999 where id in (select parent_id from market_transactions)" },
    balances = { "insert into market_stripe_findings (kind, subject, says) values ('balance', 'elsewhere', 'one cent')" },
    stripe = { "insert into market_stripe_findings (kind, subject, says) values ('lost', 'a payment', 'is not there')" },
    budgets = { [[insert into market_delegations (delegator_id, grantee_id, total_mrc, spent_mrc)
      select a.id, b.id, 2, 1 from market_actors a join market_actors b on b.id <> a.id limit 1]] },
    dues = { "update market_transactions set payout_status = 'released' where payout_status = 'held'" },
    releases = { "update market_transactions set state = 'assigned' where state = 'accepted'" },
    task_budgets = { "insert into market_task_budgets (transaction_id, total_mrc, spent_mrc) values (gen_random_uuid(), 2, 1)" },
    quotas = { [[insert into market_periods (subscription_id, plan, included_calls, used, starts_at, ends_at)
      values (gen_random_uuid(), '{}', 2, 1, human_now(), human_now())]] },
    stopped = { [[insert into market_tools (listing_id, state, is_active, min_plan_cents, has_free_tier)
        select gen_random_uuid(), 'suspended', true, 0, true]],
      [[insert into market_subscriptions (listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type, period_id, ends_at)
        select listing_id, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'p', 'direct', gen_random_uuid(), human_now()
        from market_tools where state = 'suspended' limit 1]] },
    call_payments = { [[with s as (insert into market_subscriptions (listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type,
        state, period_id, ends_at)
      values (gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'pay_per_call', 'direct', 'per_call', gen_random_uuid(),
        human_now()) returning id)
      insert into market_tool_calls (subscription_id, period_id, listing_id, settle_by) select id, gen_random_uuid(), gen_random_uuid(), now() from s]] },
  }

  it("has a way to be broken for each check", function()
    for _, c in ipairs(audit.CHECKS) do assert(BROKEN[c.name], c.name) end
  end)

  for name, statements in pairs(BROKEN) do
    it("is looked at by " .. name, function()
      local found = broken_by(unpack(statements))
      assert(found[name], "found " .. require("human.json").encode_sorted(found))
    end)
  end

  it("of a quota are its calls, those under way, and what may be spent beyond it", function()
    local function period(fields)
      local p = { included = 1, used = 0, overage = 0, flight = 0, allowed = 0 }
      for name, value in pairs(fields) do p[name] = value end
      return ([[with p as (insert into market_periods (subscription_id, plan, included_calls, overage_mrc, used, overage, in_flight,
          overage_allowed_mrc, starts_at, ends_at)
        values (gen_random_uuid(), '{}', %d, 10, %d, %d, %d, %d, human_now(), human_now()) returning id, subscription_id)
        insert into market_tool_calls (subscription_id, period_id, listing_id, state, is_overage, settle_by, ended_at)
          select subscription_id, id, gen_random_uuid(), '%s', %s, now(), %s from p]]):format(p.included, p.used, p.overage,
        p.flight, p.allowed, fields.state or "done", tostring(p.overage > 0), fields.state == "open" and "null" or "now()")
    end
    for _, good in ipairs { { used = 1 }, { used = 1, flight = 1, state = "open" }, { state = "returned" }, { overage = 1, allowed = 10 } } do
      assert.is_nil(broken_by(period(good)).quotas)
    end
    for _, bad in ipairs { {}, { used = 1, flight = 1 }, { used = 1, state = "open" }, { used = 1, state = "returned" }, { overage = 1, allowed = 9 },
        { used = 1, included = 2, overage = 1, allowed = 10 } } do
      assert.equal(1, broken_by(period(bad)).quotas)
    end
    assert.is_false(pcall(db.exec, "insert into market_periods (subscription_id, plan, included_calls, used, starts_at, ends_at)"
      .. " values (gen_random_uuid(), '{}', 1, 2, human_now(), human_now())"), "and no more than are included")
  end)

  it("twice paid, or never, is seen", function()
    assert(broken_by("delete from ledger_transfers where event = 'escrow.released'").releases)
    assert(broken_by([[insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
      select kind, debit, credit, amount, event, cause, n + 100 from ledger_transfers where event = 'escrow.released' limit 1]]).releases)
  end)

  describe("stops payouts", function()
    local function withdraw()
      return pcall(db.tx, function(tx)
        return loaded["marketplace.withdrawals"].begin(tx, loaded["marketplace.actors"].get(tx, seller),
          { kind = "withdrawal", amount_cents = 100 })
      end)
    end

    it("when something is found, once, and until it is lifted", function()
      local n = db.value "select coalesce(max(id), 0) from market_records"
      assert.same({}, job.check())
      assert.is_nil(freeze.now())
      db.tx(function(tx)
        tx:exec "set local session_replication_role = replica"
        tx:exec "update credit_debits set amount = amount + 1"
      end)
      assert(#job.check() > 0)
      job.check()
      assert.matches("a debit is not the sum of what it took", freeze.now().reason, 1, true)
      assert.equal(1, db.value "select count(*)::int from market_freezes where lifted_at is null")
      local ok, err = withdraw()
      assert(not ok and err.code == "service_unavailable", tostring(err))
      assert.matches("payouts are stopped", freeze.probe()[1], 1, true)
      db.tx(function(tx)
        tx:exec "set local session_replication_role = replica"
        tx:exec "update credit_debits set amount = amount - 1"
      end)
      assert.same({}, job.check())
      assert(freeze.now(), "what is mended does not lift it")
      assert.is_true(freeze.lift "mended")
      assert.is_false(freeze.lift "mended")
      assert.same({}, freeze.probe())
      assert.equal("payouts freeze, payouts unfreeze", db.value([[select string_agg(action, ', ' order by id)
        from market_records where resource_type = 'payouts' and id > $1::bigint]], n))
      ok, err = withdraw()
      assert(not ok and err.code == "connect_not_ready", tostring(err))
    end)

    it("not for what an operator is to look at", function()
      local findings = loaded["marketplace.stripe.findings"]
      local function add(...)
        local given = { ... }
        db.tx(function(tx) findings.add(tx, unpack(given)) end)
      end
      add("chargeback", "ch_1", "see the dispute at Stripe")
      assert.same({}, job.check())
      assert.is_nil(freeze.now())
      assert.equal("stripe", audit.run()[1].check)
      add("balance", "platform", "Stripe has 1 cent, our books say 2")
      assert.equal("balances", job.check()[1].check)
      local _, why = loaded["marketplace.stripe.kinds"].transfer.request { subject = "w", facts = {} }
      assert.same({ is_passing = true, code = "payouts are stopped" }, why)
      findings.finish("chargeback", "ch_1")
      findings.finish("balance", "platform")
      assert.is_true(freeze.lift "looked at")
    end)

    it("also those that were asked for before", function()
      local account = db.tx(function(tx) return loaded["marketplace.processor_test"].open_account(tx) end)
      local id = db.value([[insert into market_withdrawals (actor_id, kind, amount_cents, fee_cents, account, provider)
        values ($1::uuid, 'withdrawal', 100, 25, $2, 'test') returning id]], seller, account)
      freeze.freeze "by hand"
      local row = world.row(id)
      loaded["marketplace.withdrawals"].pay(row)
      assert.is_true(row.gone)
      assert.equal(1, db.value("select count(*)::int from host_queue where kind = 'market.withdrawal' and key = $1", id))
      assert.equal("processing", db.value("select state from market_withdrawals where id = $1::uuid", id))
      freeze.lift "done"
      db.tx(function(tx)                         -- its credits were never on their way
        tx:exec "set local session_replication_role = replica"
        tx:exec("delete from market_withdrawals where id = $1::uuid", id)
      end)
    end)
  end)
end)
