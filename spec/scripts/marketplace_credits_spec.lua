-- spec/scripts/marketplace_credits_spec.lua -- deposits, withdrawals and payouts, the history of credits, fees of tools,
-- and the founders' share.

local db = require "human.db"
local mortal = require "mortal"
local world = require "pay_world"

describe("credits", function()
  local loaded, processor, deposits, withdrawals, payments, shares, history, credits, moves, escrow

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    processor = loaded["marketplace.processor_test"]
    deposits, withdrawals = loaded["marketplace.deposits"], loaded["marketplace.withdrawals"]
    payments, shares = loaded["marketplace.payments"], loaded["marketplace.shares"]
    history, credits = loaded["marketplace.credit_history"], loaded["marketplace.credits"]
    moves, escrow = loaded["marketplace.moves"], loaded["marketplace.escrow"]
  end)
  after_each(function() assert.equal("", world.wrong(processor)) end)

  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function balance(id) local b = credits.balance(id) return { b.m, b.w } end

  local function refuses(code, fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal(code, type(err) == "table" and err.code or err)
    return err
  end

  local function deposit(actor, cents, card)
    local payment, why = db.tx(function(tx) return deposits.begin(tx, get(actor), cents, card or "pm_test_ok") end)
    if not why then world.work(deposits.take, "market.deposit", payment.id) end
    return payment, why
  end

  local function onboard(actor, bank)
    local path = db.tx(function(tx) return withdrawals.onboard(tx, actor) end)
    assert.equal(path, db.tx(function(tx) return withdrawals.onboard(tx, actor) end))
    return processor.set_up(path:match "[^/]+$", bank or "ba_test_ok")
  end

  local function withdraw(actor, cents, kind, is_instant)
    return db.tx(function(tx)
      return withdrawals.begin(tx, get(actor), { kind = kind or "withdrawal", amount_cents = cents, is_instant = is_instant })
    end)
  end
  local function carry_out(w) world.work(withdrawals.pay, "market.withdrawal", w.id) end

  local function earn(actor, cents)
    local id = world.uuid()
    db.tx(function(tx)
      payments.open(tx, { transaction_id = id, buyer_id = world.payer, amount_cents = cents })
      payments.confirm(tx, { transaction_id = id }, "pm_test_ok")
      payments.capture(tx, id)
      local fee = loaded["marketplace.rules.fees"].share(cents, 1000)
      escrow.release(tx, id, { id = id, seller = actor, payout = cents - fee, fee = fee })
    end)
  end

  describe("that are bought", function()
    it("come less the fee, once, when the payment is captured", function()
      local actor = world.actor { is_founding = true }
      local payment = deposit(actor, 10000)
      assert.same({ 0, 9975000 }, balance(actor))
      local again = world.row(payment.id)
      deposits.take(again)
      assert.is_true(again.gone)
      assert.same({ 0, 9975000 }, balance(actor))
    end)

    it("do not come from a card that is declined, nor from one that cannot be captured", function()
      local actor = world.actor()
      assert.equal("card_declined", select(2, deposit(actor, 1000, "pm_test_declined")))
      deposit(actor, 1000, "pm_test_capture_fails")
      assert.same({ 0, 0 }, balance(actor))
    end)

    it("are paid with the card that is kept for an agent", function()
      local agent = world.actor { type = "delegated_agent" }
      local payment = db.tx(function(tx) return deposits.begin(tx, get(agent), 1000) end)
      world.work(payments.authorize, "market.authorize", payment.id)
      world.work(deposits.take, "market.deposit", payment.id)
      assert.same({ 0, 990000 }, balance(agent))
    end)
  end)

  describe("that are withdrawn", function()
    it("need an account that is set up", function()
      local actor = world.actor()
      deposit(actor, 10000)
      refuses("connect_not_ready", withdraw, actor, 1000)
      db.tx(function(tx) withdrawals.onboard(tx, actor) end)
      refuses("connect_not_ready", withdraw, actor, 1000)
      onboard(actor)
      assert.equal("processing", withdraw(actor, 1000).state)
    end)

    it("leave at once, and are paid less the fee, once", function()
      local actor = world.actor { tier = 1 }
      deposit(actor, 20000)
      onboard(actor)
      local w = withdraw(actor, 10000)
      assert.same({ 50, { 0, 9900000 } }, { w.fee_cents, balance(actor) })
      carry_out(w)
      local again = world.row(w.id)
      withdrawals.pay(again)
      assert.is_true(again.gone)
      assert.equal(9950, db.value("select sum(amount_cents)::bigint from market_test_orders where kind = 'payout' and key like $1", "%" .. w.id .. "%"))
      assert.same({ 0, 9900000 }, balance(actor))
      refuses("insufficient_balance", withdraw, actor, 9901)
    end)

    it("come back to their lots when the bank sends them back", function()
      local actor = world.actor()
      deposit(actor, 10000)
      deposit(actor, 10000)
      onboard(actor, "ba_test_closed")
      local lots = "select string_agg(remaining::text, ' ' order by id) from credit_lots where actor = $1"
      local before = db.value(lots, actor)
      local w = withdraw(actor, 15000)
      assert.equal("4800000 0", db.value(lots, actor))
      carry_out(w)
      assert.equal(before, db.value(lots, actor))
      assert.equal("account_closed", db.value("select failure from market_withdrawals where id = $1", w.id))
      local rows = history.page(actor, { limit = 20, offset = 0, include = "lots" })
      assert.same({ -15000000, 15000000, 2 }, { rows[1].amount, rows[1].returned_amount, #rows[1].lots })
    end)

    it("cost a founder nothing once in a month, unless that one failed", function()
      local actor = world.actor { is_founding = true }
      deposit(actor, 90000)
      onboard(actor, "ba_test_closed")
      local failed = withdraw(actor, 10000)
      assert.equal(0, failed.fee_cents)
      assert.equal(25, withdraw(actor, 10000).fee_cents)
      carry_out(failed)
      assert.equal(0, withdraw(actor, 10000).fee_cents)
      assert.equal(100, withdraw(actor, 10000, "withdrawal", true).fee_cents)
      for _, row in ipairs(db.query "select key from host_queue where kind = 'market.withdrawal'") do carry_out { id = row.key } end
    end)

    it("are never those that cost nothing", function()
      local actor = world.actor()
      db.tx(function(tx) credits.grant(tx, "grant", actor, { actor = actor, amount = 128000, reason = "halvening_grant" }) end)
      onboard(actor)
      refuses("insufficient_balance", withdraw, actor, 100)
    end)

    it("are as payouts only those that were earned", function()
      world.payer = world.actor()
      local actor = world.actor()
      deposit(actor, 10000)
      earn(actor, 5000)
      onboard(actor)
      refuses("insufficient_balance", withdraw, actor, 4501, "payout")
      local w = withdraw(actor, 4500, "payout")
      carry_out(w)
      assert.same({ 0, 9900000 }, balance(actor))
    end)

    it("go along their edges alone", function()
      local actor = world.actor()
      deposit(actor, 10000)
      onboard(actor)
      local w = withdraw(actor, 1000)
      carry_out(w)
      local ok, err = pcall(db.exec, "update market_withdrawals set state = 'failed' where id = $1", w.id)
      assert.is_false(ok)
      assert.equal("55000", err.sqlstate)
    end)
  end)

  describe("in their history", function()
    it("are listed newest first, with what is left of them, by reason and page", function()
      local a, b = world.actor(), world.actor()
      db.tx(function(tx) credits.grant(tx, "grant", a, { actor = a, amount = 128000, reason = "halvening_grant" }) end)
      deposit(a, 10000)
      db.tx(function(tx)
        moves.purchase(tx, "tool.paid", world.uuid(), { buyer = a, provider = b, price_mrc = 200500, fee_mrc = 30075,
          reason = "tool_subscription" })
      end)
      local rows, total = history.page(a, { limit = 20, offset = 0, include = "lots" })
      assert.equal(3, total)
      local seen = {}
      for i, r in ipairs(rows) do
        seen[i] = { r.amount, r.reason, r.credit_type, r.withdrawal_eligible, r.remaining_amount }
      end
      assert.same({ { -200500, "tool_subscription", "task_posting", false },
                    { 9900000, "deposit", "liquid", true, 9827500 },
                    { 128000, "halvening_grant", "liquid", false, 0 } }, seen)
      assert.same({ 128000, 72500 }, { rows[1].lots[1].amount, rows[1].lots[2].amount })
      assert.equal(rows[3].id, rows[1].lots[1].id)
      assert.equal(rows[2].id, history.page(a, { limit = 1, offset = 1 })[1].id)
      local some, n = history.page(a, { limit = 20, offset = 0, reason = "deposit" })
      assert.same({ 1, 1 }, { #some, n })
    end)
  end)

  describe("that tools earn the platform", function()
    it("become income in whole cents, and stay credits below one", function()
      local a, b = world.actor(), world.actor()
      db.tx(moves.earn_tool_fees)
      deposit(a, 10000)
      local rest = db.value(moves.sql.tool_fees)
      assert.is_true(rest >= 0 and rest < 1000)
      db.tx(function(tx)
        moves.purchase(tx, "tool.paid", world.uuid(), { buyer = a, provider = b, price_mrc = 100500, fee_mrc = 15075,
          reason = "tool_usage" })
      end)
      local now = rest + 15075
      assert.equal(math.floor(now / 1000), db.tx(moves.earn_tool_fees))
      assert.equal(now % 1000, db.value(moves.sql.tool_fees))
      assert.equal(0, db.tx(moves.earn_tool_fees))
    end)
  end)

  describe("of the founders' share", function()
    it("are a tenth of the month's fees, in equal parts to founders who traded, once, whatever dies", function()
      local month = db.value(shares.sql.month)
      local seller, buyer, idle = world.actor { is_founding = true }, world.actor { is_founding = true },
        world.actor { is_founding = true }
      local stranger = world.actor()
      world.payer = buyer
      earn(seller, 10001)
      earn(stranger, 20000)
      local before, n, traded = shares.status(month), 0, {}
      for _, actor in ipairs(db.query(shares.sql.traded, month)) do n, traded[actor.id] = n + 1, true end
      assert.same({ true, true }, { traded[seller], traded[buyer], traded[idle], traded[stranger] })
      assert.is_true(before.fees_cents >= 3000 and not before.is_distributed)
      assert.equal(math.floor((before.fees_cents + 5) / 10), before.pool_cents)
      local was = { balance(seller)[2], balance(buyer)[2], balance(idle)[2], balance(stranger)[2] }
      local deaths = mortal.at_last(function() shares.run(world.row(month)) end,
        function() assert.equal("", world.wrong(processor)) end)
      assert.is_true(deaths > 10)
      shares.run(world.row(month))
      local each = math.floor(before.pool_cents / n) * 1000
      assert.same({ was[1] + each, was[2] + each, was[3], was[4] },
        { balance(seller)[2], balance(buyer)[2], balance(idle)[2], balance(stranger)[2] })
      assert.equal(before.pool_cents % n, db.value(shares.sql.left))
      local after = shares.status(month)
      assert.same({ before.fees_cents, before.pool_cents, true }, { after.fees_cents, after.pool_cents, after.is_distributed })
      assert.equal(1, db.value("select count(*) from host_queue where kind = 'market.revenue_share' and key = $1",
        db.value(shares.sql.following, month)))
    end)

    it("are due on the 5th of the next month, ten minutes past midnight", function()
      local time = require "human.time"
      assert.equal("2026-04-05T00:10:00.000Z", time.format(db.value(shares.sql.due, "2026-03")))
      assert.equal("2027-01-05T00:10:00.000Z", time.format(db.value(shares.sql.due, "2026-12")))
    end)
  end)
end)
