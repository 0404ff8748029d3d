-- spec/scripts/marketplace_faults_spec.lua -- payments, deposits and withdrawals while processes die: before any
-- statement and before any commit.  What is then tried again has happened once, and the books are true after each death.

local db = require "human.db"
local mortal = require "mortal"
local world = require "pay_world"

describe("while processes die", function()
  local loaded, processor, payments, deposits, withdrawals, credits

  setup(function()
    loaded = world.scripts()
    require "market_empty" ()
    processor, payments = loaded["marketplace.processor_test"], loaded["marketplace.payments"]
    deposits, withdrawals = loaded["marketplace.deposits"], loaded["marketplace.withdrawals"]
    credits = loaded["marketplace.credits"]
  end)

  local function at_last(fn)
    return mortal.at_last(fn, function() assert.equal("", world.wrong()) end)
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
end)
