-- spec/scripts/marketplace_payments_spec.lua -- payments of transactions: their states, cards, the window of an
-- authorisation, and refunds.

local db = require "human.db"
local time = require "human.time"
local world = require "pay_world"

describe("a payment", function()
  local payments, processor, buyer

  setup(function()
    local loaded = world.scripts()
    require "market_empty" ()
    payments, processor = loaded["marketplace.payments"], loaded["marketplace.processor_test"]
    buyer = world.actor()
  end)
  before_each(function() world.on_authorized = nil end)
  after_each(function() assert.equal("", world.wrong(processor)) end)

  local function open(amount, by)
    local transaction_id = world.uuid()
    return db.tx(function(tx)
      return payments.open(tx, { transaction_id = transaction_id, buyer_id = by or buyer, amount_cents = amount or 7500 })
    end)
  end

  local function confirm(payment, method)
    return db.tx(function(tx) return payments.confirm(tx, { id = payment.id }, method, buyer) end)
  end

  local function with(name, ...)
    local args = { ... }
    return db.tx(function(tx) return payments[name](tx, unpack(args)) end)
  end

  local function refuses(code, fn, ...)
    local ok, err = pcall(fn, ...)
    assert.is_false(ok)
    assert.equal(code, type(err) == "table" and err.code or err)
    return err
  end

  local function paid(amount)
    local payment = open(amount)
    confirm(payment, "pm_test_ok")
    return payment
  end

  it("is made once for a transaction, with what its payer's client needs", function()
    local payment = open()
    assert.equal("created", payment.state)
    assert.truthy(payment.provider_id:find "^pi_test_%x+$")
    assert.equal(payment.provider_id .. "_secret_", payment.client_secret:sub(1, #payment.provider_id + 8))
    local again = with("open", { transaction_id = payment.transaction_id, buyer_id = buyer, amount_cents = 7500 })
    assert.equal(payment.id, again.id)
    assert.is_false(with("is_authorized", payment.transaction_id))
  end)

  it("is authorized by a card, which holds the money and tells the transaction once", function()
    local payment = open()
    local now, why = confirm(payment, "pm_test_ok")
    assert.same({ "authorized" }, { now.state, why })
    assert.same({ 0, 7500 }, { world.held(payment.transaction_id) })
    assert.is_true(with("is_authorized", payment.transaction_id))
    assert.equal("authorized", confirm(payment, "pm_test_declined").state)
    assert.equal(1, world.authorized[payment.transaction_id])
  end)

  for card, reason in pairs { pm_test_declined = "card_declined", pm_test_insufficient_funds = "insufficient_funds",
                              pm_test_expired_card = "expired_card", pm_test_nobody = "unknown_card" } do
    it("says why " .. card .. " was declined, and takes another one", function()
      local payment = open()
      local now, why = confirm(payment, card)
      assert.same({ "created", reason, 1 }, { now.state, why, now.declines })
      assert.same({ 0, 0 }, { world.held(payment.transaction_id) })
      assert.is_nil(world.authorized[payment.transaction_id])
      assert.equal("authorized", confirm(payment, "pm_test_ok").state)
    end)
  end

  it("fails after the tenth card that was declined", function() -- limit: payment declines
    local payment, now = open(), nil
    for _ = 1, 10 do now = confirm(payment, "pm_test_declined") end
    assert.equal("failed", now.state)
    assert.equal("failed", refuses("invalid_state", confirm, payment, "pm_test_ok").data.status)
  end)

  it("is nobody's to confirm but its payer's", function()
    local payment, other = open(), world.actor()
    refuses("not_found", function()
      db.tx(function(tx) payments.confirm(tx, { id = payment.id }, "pm_test_ok", other) end)
    end)
  end)

  it("of an agent is authorized by the card that is kept for it, once the transaction is committed", function()
    local agent = world.actor { type = "delegated_agent" }
    local payment = open(100, agent)
    world.work(payments.authorize, "market.authorize", payment.id)
    assert.same({ 0, 100 }, { world.held(payment.transaction_id) })
    with("set_method", agent, "pm_test_insufficient_funds")
    local refused = open(100, agent)
    world.work(payments.authorize, "market.authorize", refused.id)
    assert.equal("insufficient_funds", with("of", refused.transaction_id).decline_code)
  end)

  it("of an agent that has been frozen meanwhile is not authorized", function()
    local agent = world.actor { type = "delegated_agent" }
    local payment = open(100, agent)
    db.exec("update market_actors set state = 'frozen' where id = $1", agent)
    world.work(payments.authorize, "market.authorize", payment.id)
    assert.equal("created", with("of", payment.transaction_id).state)
  end)

  it("is captured once, into escrow", function()
    local payment = paid()
    assert.equal("captured", with("capture", payment.transaction_id).state)
    assert.equal("captured", with("capture", payment.transaction_id).state)
    assert.same({ 7500, 0 }, { world.held(payment.transaction_id) })
  end)

  it("may be captured by the transaction that it authorizes", function()
    world.on_authorized = function(tx, transaction_id) payments.capture(tx, transaction_id) end
    local payment = paid()
    assert.same({ 7500, 0 }, { world.held(payment.transaction_id) })
  end)

  it("is not captured before it is authorized, nor when the processor refuses", function()
    local payment = open()
    refuses("payment_not_authorized", with, "capture", payment.transaction_id)
    confirm(payment, "pm_test_capture_fails")
    assert.equal("card_declined", refuses("capture_failed", with, "capture", payment.transaction_id).data.decline_code)
    assert.same({ 0, 7500 }, { world.held(payment.transaction_id) })
  end)

  it("is let go when it is canceled, but no longer once it is captured", function()
    local payment = paid()
    assert.equal("canceled", with("cancel", payment.transaction_id).state)
    assert.equal("canceled", with("cancel", payment.transaction_id).state)
    assert.same({ 0, 0 }, { world.held(payment.transaction_id) })
    refuses("capture_failed", with, "capture", payment.transaction_id)
    local other = paid()
    with("capture", other.transaction_id)
    refuses("invalid_state", with, "cancel", other.transaction_id)
  end)

  local function hours(n) return n * 3600 end

  it("is captured a day before its authorisation ends, and held", function()
    local payment = paid()
    local due = db.value("select due_at from host_queue where kind = 'market.escrow_guard' and key = $1", payment.id)
    assert.is_true(math.abs(time.parse(due) - time.now_ms() - hours(144) * 1000) < 60000)
    world.work(payments.guard, "market.escrow_guard", payment.id)
    assert.same({ 7500, 0 }, { world.held(payment.transaction_id) })
    assert.equal("captured", with("capture", payment.transaction_id).state)
  end)

  it("is canceled when its authorisation has ended before it was captured", function()
    local payment = paid()
    for _, sql in ipairs { "update market_payments set capture_before = human_now() where id = $1",
        "update market_test_orders set expires_at = human_now() where kind = 'authorize' and object = (select provider_id from market_payments where id = $1)" } do
      db.exec(sql, payment.id)
    end
    assert.equal("authorization_expired", refuses("capture_failed", with, "capture", payment.transaction_id).data.decline_code)
    world.work(payments.guard, "market.escrow_guard", payment.id)
    assert.equal("canceled", with("of", payment.transaction_id).state)
    assert.same({ 0, 0 }, { world.held(payment.transaction_id) })
  end)

  it("fails when the processor refuses the early capture", function()
    local payment = open()
    confirm(payment, "pm_test_capture_fails")
    world.work(payments.guard, "market.escrow_guard", payment.id)
    assert.equal("failed", with("of", payment.transaction_id).state)
    assert.same({ 0, 0 }, { world.held(payment.transaction_id) })
  end)

  it("is refunded in parts, each once for its cause, and never more than was paid", function()
    local payment, cause = paid(), world.uuid()
    with("capture", payment.transaction_id)
    with("refund", payment.transaction_id, cause, 2500)
    with("refund", payment.transaction_id, cause, 2500)
    assert.same({ 5000, 0 }, { world.held(payment.transaction_id) })
    local refund = db.value("select id from market_refunds where cause = $1", cause)
    world.work(payments.pay_refund, "market.refund", refund)
    local again = world.row(refund)
    payments.pay_refund(again)
    assert.is_true(again.gone)
    assert.equal(1, db.value("select count(*) from market_test_orders where key = $1", "refund:" .. refund))
    refuses("invalid_state", with, "refund", payment.transaction_id, world.uuid(), 5001)
    with("refund", payment.transaction_id, world.uuid(), 5000)
    assert.same({ 0, 0 }, { world.held(payment.transaction_id) })
    for _, row in ipairs(db.query "select key from host_queue where kind = 'market.refund'") do
      world.work(payments.pay_refund, "market.refund", row.key)
    end
  end)

  it("that is refunded before it is captured is let go, or captured where a part stays", function()
    local whole, part = paid(), paid()
    assert.equal("canceled", with("refund", whole.transaction_id, world.uuid(), 7500).state)
    assert.equal("captured", with("refund", part.transaction_id, world.uuid(), 1000).state)
    assert.same({ 6500, 0 }, { world.held(part.transaction_id) })
    for _, row in ipairs(db.query "select key from host_queue where kind = 'market.refund'") do
      world.work(payments.pay_refund, "market.refund", row.key)
    end
  end)

  it("goes along its edges alone, whoever moves it", function()
    local payment = open()
    for _, state in ipairs { "captured", "created x" } do
      local ok, err = pcall(db.exec, "update market_payments set state = $2 where id = $1", payment.id, state)
      assert.is_false(ok)
      assert.is_true(err.sqlstate == "55000" or err.sqlstate == "23514", err.sqlstate)
    end
    with("cancel", payment.transaction_id)
    local ok, err = pcall(db.exec, "update market_payments set state = 'created' where id = $1", payment.id)
    assert.is_false(ok)
    assert.equal("55000", err.sqlstate)
  end)
end)
