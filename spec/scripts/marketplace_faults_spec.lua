-- spec/scripts/marketplace_faults_spec.lua -- payments, deposits, withdrawals and shares while processes die: before any
-- statement and before any commit.  What is then tried again has happened once, and the books are true after each death.

local db = require "human.db"
local world = require "pay_world"

local DIED, DEATHS_MAX = "the process died here", 120

-- Runs fn while the process dies before its statement (or commit) number `last`.  True when it has not.
local function survives(last, fn)
  local real, count = { tx = db.tx, row = db.row, query = db.query, value = db.value, exec = db.exec }, 0
  local function step()
    count = count + 1
    if count == last then error(DIED, 0) end
  end
  local function counted(one)
    return function(...)
      step()
      return one(...)
    end
  end
  local function mortal(tx)
    return setmetatable({}, { __newindex = tx, __index = function(_, name)
      if type(tx[name]) ~= "function" then return tx[name] end
      return function(_, ...)
        if name == "query" or name == "row" or name == "value" or name == "exec" then step() end
        return tx[name](tx, ...)
      end
    end })
  end
  for name, one in pairs(real) do db[name] = counted(one) end
  db.tx = function(body, options)
    return real.tx(function(tx)
      local result = { body(mortal(tx)) }
      step()
      return unpack(result)
    end, options)
  end
  local ok, err = pcall(fn)
  for name, one in pairs(real) do db[name] = one end
  if not ok and err ~= DIED then error(err, 0) end
  return ok
end

describe("while processes die", function()
  local loaded, processor, payments, deposits, withdrawals, credits

  setup(function()
    loaded = world.scripts()
    processor, payments = loaded["marketplace.processor_test"], loaded["marketplace.payments"]
    deposits, withdrawals = loaded["marketplace.deposits"], loaded["marketplace.withdrawals"]
    credits = loaded["marketplace.credits"]
  end)

  -- Does something again and again until it has not died.  Returns how often it died.
  local function at_last(fn)
    for last = 1, DEATHS_MAX do
      if survives(last, fn) then
        assert.equal("", world.wrong())
        return last - 1
      end
      assert.equal("", world.wrong())
    end
    error "it dies for ever"
  end

  local function count(sql, ...) return db.value("select count(*) from " .. sql, ...) end
  local function get(id) return db.tx(function(tx) return loaded["marketplace.actors"].get(tx, id) end) end
  local function work(fn, key)
    assert.is_true(at_last(function() fn(world.row(key)) end) > 1)
  end

  local function deposit(actor, cents)
    local made
    local who = get(actor)
    at_last(function()
      made = db.tx(function(tx) return deposits.begin(tx, who, cents, "pm_test_ok") end)
    end)
    work(deposits.take, made.id)
  end

  local function with_account(bank)
    local actor = world.actor()
    deposit(actor, 10000)
    local setup_path
    at_last(function() setup_path = db.tx(function(tx) return withdrawals.onboard(tx, actor) end) end)
    processor.set_up(setup_path:match "[^/]+$", bank)
    return actor
  end

  local function withdraw(actor, cents)
    local made
    local who = get(actor)
    at_last(function()
      made = db.tx(function(tx) return withdrawals.begin(tx, who, { kind = "withdrawal", amount_cents = cents }) end)
    end)
    work(withdrawals.pay, made.id)
    return made
  end

  after_each(function() assert.equal("", world.wrong(processor)) end)

  it("a deposit comes once", function()
    local actor = world.actor()
    deposit(actor, 10000)
    assert.equal(9900000, credits.balance(actor).w)
    assert.equal(1, count("market_payments where payer_id = $1", actor))
  end)

  it("a withdrawal is paid once", function()
    local actor = with_account "ba_test_ok"
    local made = withdraw(actor, 5000)
    assert.equal(4900000, credits.balance(actor).w)
    assert.equal(1, count("market_test_orders where kind = 'payout' and key like $1", "%" .. made.id .. "%"))
  end)

  it("a withdrawal that fails gives its lots back once", function()
    local actor = with_account "ba_test_closed"
    withdraw(actor, 5000)
    assert.equal(9900000, credits.balance(actor).w)
  end)

  it("a payment is held, captured early, and refunded once", function()
    local buyer, transaction_id, cause, payment = world.actor(), world.uuid(), world.uuid(), nil
    at_last(function()
      payment = db.tx(function(tx)
        payments.open(tx, { transaction_id = transaction_id, buyer_id = buyer, amount_cents = 7500 })
        return payments.confirm(tx, { transaction_id = transaction_id }, "pm_test_ok", buyer)
      end)
    end)
    assert.same({ 0, 7500 }, { world.held(transaction_id) })
    work(payments.guard, payment.id)
    assert.same({ 7500, 0 }, { world.held(transaction_id) })
    at_last(function() db.tx(function(tx) payments.refund(tx, transaction_id, cause, 2500) end) end)
    work(payments.pay_refund, db.value("select id from market_refunds where cause = $1", cause))
    assert.same({ 5000, 0 }, { world.held(transaction_id) })
    assert.equal(1, count("market_test_orders where kind = 'refund' and object = $1", payment.provider_id))
  end)

  it("a payment that is canceled is let go", function()
    local buyer, transaction_id = world.actor(), world.uuid()
    db.tx(function(tx)
      payments.open(tx, { transaction_id = transaction_id, buyer_id = buyer, amount_cents = 7500 })
      payments.confirm(tx, { transaction_id = transaction_id }, "pm_test_ok", buyer)
    end)
    at_last(function() db.tx(function(tx) payments.cancel(tx, transaction_id) end) end)
    assert.same({ 0, 0 }, { world.held(transaction_id) })
  end)

  it("each founder gets his share once", function()
    local shares = loaded["marketplace.shares"]
    local founder, other = world.actor { is_founding = true }, world.actor { is_founding = true }
    for _, actor in ipairs { founder, other } do
      deposit(actor, 50000)
      db.tx(function(tx)
        loaded["marketplace.moves"].purchase(tx, "tool.paid", world.uuid(), { buyer = actor,
          provider = actor == founder and other or founder, price_mrc = 100000, fee_mrc = 15000,
          reason = "tool_subscription" })
      end)
    end
    local month, before = db.value(shares.sql.month), credits.balance(founder).w
    work(shares.run, month)
    local share = db.value("select share_cents from market_shares where month = ($1 || '-01')::date", month)
    assert.is_true(share > 0)
    assert.equal(before + share * 1000, credits.balance(founder).w)
    assert.equal(count "market_share_payments", count "credit_lots where reason = 'revenue_share'")
  end)
end)
