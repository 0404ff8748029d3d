-- scripts/marketplace/stripe/kinds.lua -- the kinds of orders (orders.lua).  Each has
--   request(order) -> {path, params, account}; or nil and {is_passing, code} or {is_needless} (it has become needless)
--   done(tx, order, object): Stripe has done it;  refused(tx, order, err, now): never will
--   look(order) -> what it is about, as it is now, and has_happened(now);  find(order, request) -> what was made for it
-- The last two, and request, talk to Stripe or read; what moves our rows does it in tx.

local config = require "human.config"
local db = require "human.db"
local accounts = require "marketplace.stripe.accounts"
local findings = require "marketplace.stripe.findings"
local freeze = require "marketplace.freeze"
local lists = require "marketplace.stripe.lists"
local observe = require "marketplace.stripe.observe"
local orders = require "marketplace.stripe.orders"
local payments = require "marketplace.payments"
local withdrawals = require "marketplace.withdrawals"

local M = {}

local NEEDLESS = { is_needless = true }
local CLOCKS_S = 3600                            -- by which Stripe's clock may be behind ours

M.sql = {
  payment = [[select p.id, p.kind, p.transaction_id, p.payer_id, p.amount_cents, p.state, p.provider_id, a.type
    from market_payments p join market_actors a on a.id = p.payer_id where p.id = $1::uuid]],
}

local function payment_of(order) return db.row(M.sql.payment, order.subject) end

local function waits(why) return { is_passing = true, code = why } end

-- The one of a list of Stripe's that has this in its metadata.
local function of_list(path, params, name, value, account)
  return lists.find(path, params, account, function(object)
    return type(object.metadata) == "table" and object.metadata[name] == value
  end)
end

-- What cannot be older than an order.
local function since(order) return { gte = order.created_s - CLOCKS_S } end

local function look(order) return observe.fetch(payment_of(order).provider_id) end

-- ---- payments -------------------------------------------------------------------------------------------------

M.create = {}

function M.create.request(order)
  local p = payment_of(order)
  if p.state ~= "created" then return nil, NEEDLESS end
  local customer, err = accounts.customer(p.payer_id)
  if not customer then return nil, err end
  return { path = "/v1/payment_intents", params = {
    amount = p.amount_cents, currency = "usd", capture_method = "manual", customer = customer,
    payment_method_types = { "card" }, transfer_group = p.transaction_id or p.id,
    metadata = { payment_id = p.id, transaction_id = p.transaction_id }, expand = observe.EXPAND } }
end

function M.create.find(order, request)
  local params = { customer = request.params.customer, created = since(order),
                   expand = { "data." .. observe.EXPAND[1] } }
  return of_list("/v1/payment_intents", params, "payment_id", order.subject)
end

function M.create.done(tx, _, intent) observe.intent(tx, intent) end

function M.create.refused(tx, order, err)
  payments.heard(tx, payments.lock(tx, order.subject), { is = "gone", why = err.code })
end

M.confirm = { look = look }

function M.confirm.has_happened(now)
  return now.last_payment_error ~= nil
    or now.status ~= "requires_payment_method" and now.status ~= "requires_confirmation"
end

function M.confirm.request(order)
  local p = payment_of(order)
  if p.state ~= "created" then return nil, NEEDLESS end
  if not p.provider_id then return nil, waits "it is not made yet" end
  local is_agent, method = p.type ~= "human", { id = order.facts.method }
  if is_agent then
    local customer, err = accounts.customer(p.payer_id)
    if customer then method, err = accounts.attach(order.key, order.facts.method, customer) end
    if err then return nil, err end
  end
  return { path = ("/v1/payment_intents/%s/confirm"):format(p.provider_id), params = {
    payment_method = method.id, off_session = is_agent or nil, expand = observe.EXPAND } }
end

function M.confirm.done(tx, _, intent) observe.intent(tx, intent) end

function M.confirm.refused(tx, order, err, now)
  local payment = observe.intent(tx, now)
  if payment and payment.state == "created" and err.status ~= 402 then
    payments.heard(tx, payment, { is = "declined", attempt = order.key, why = err.code })
  end
end

M.capture = { look = look, has_happened = function(now) return now.status ~= "requires_capture" end }

function M.capture.request(order)
  local p = payment_of(order)
  if p.state ~= "capturing" then return nil, NEEDLESS end
  return { path = ("/v1/payment_intents/%s/capture"):format(p.provider_id), params = {
    amount_to_capture = p.amount_cents, expand = observe.EXPAND } }
end

function M.capture.done(tx, _, intent) observe.intent(tx, intent) end

function M.capture.refused(tx, order, err, now)
  local payment = observe.intent(tx, now)
  if payment and payment.state == "capturing" then
    observe.gone(tx, payment, err.code)
    M.let_go(tx, order.subject, 2)
  end
end

M.cancel = { look = look, has_happened = function(now) return now.status == "canceled" end }

--- Writes down that Stripe is to let a payment go.
function M.let_go(tx, payment_id, n)
  orders.add(tx, { key = ("%s:cancel:%d"):format(payment_id, n), subject = payment_id, kind = "cancel" })
end

function M.cancel.request(order)
  local p = payment_of(order)
  if not p.provider_id then return nil, NEEDLESS end
  return { path = ("/v1/payment_intents/%s/cancel"):format(p.provider_id),
           params = { cancellation_reason = "requested_by_customer", expand = observe.EXPAND } }
end

function M.cancel.done(tx, _, intent) observe.intent(tx, intent) end

function M.cancel.refused(tx, order, err, now)
  observe.intent(tx, now)
  if now.status ~= "canceled" and now.status ~= "succeeded" then
    findings.add(tx, "cancel", order.subject, "Stripe does not cancel it: " .. err.code)
  end
end

M.refund = {}

function M.refund.request(order)
  local p = payment_of(order)
  if p.state ~= "captured" and p.state ~= "capturing" then
    return nil, { code = "not_captured" }
  end
  if p.state == "capturing" then return nil, waits "it is not captured yet" end
  return { path = "/v1/refunds", params = {
    payment_intent = p.provider_id, amount = order.facts.amount_cents, reason = "requested_by_customer",
    metadata = { refund_id = order.about } } }
end

function M.refund.find(order, request)
  local params = { payment_intent = request.params.payment_intent, created = since(order) }
  return of_list("/v1/refunds", params, "refund_id", order.about)
end

function M.refund.done(tx, _, refund) observe.refund(tx, refund) end

function M.refund.refused(tx, order, err)
  if err.code == "not_captured" then
    return payments.refund_needless(tx, tx:row(payments.sql.refund_of, order.about))
  end
  findings.add(tx, "refund", order.about, "Stripe refuses it: " .. err.code)
end

-- ---- what is paid out -----------------------------------------------------------------------------------------

M.account = {}

function M.account.request(order)
  return { path = "/v1/accounts", params = {
    type = "express", country = config.marketplace.stripe.country, capabilities = { transfers = { requested = true } },
    metadata = { actor_id = order.subject } } }
end

function M.account.find(order)
  return of_list("/v1/accounts", { created = since(order) }, "actor_id", order.subject)
end

function M.account.done(tx, order, account) accounts.opened(tx, order.subject, account) end

function M.account.refused(tx, order, err)
  findings.add(tx, "account", order.subject, "Stripe opens none: " .. err.code)
end

local function withdrawal(tx, order) return tx:row(withdrawals.sql.get, order.subject) end

M.transfer = {}

function M.transfer.request(order)
  if freeze.now() then return nil, waits "payouts are stopped" end
  local f = order.facts
  return { path = "/v1/transfers", params = { amount = f.amount_cents, currency = "usd", destination = f.account,
    transfer_group = order.subject, metadata = { withdrawal_id = order.subject } } }
end

function M.transfer.find(order)
  return of_list("/v1/transfers", { transfer_group = order.subject }, "withdrawal_id", order.subject)
end

function M.transfer.done(tx, order)
  orders.add(tx, { key = order.subject .. ":payout:1", subject = order.subject, kind = "payout", facts = order.facts })
end

function M.transfer.refused(tx, order, err) withdrawals.ended(tx, withdrawal(tx, order), false, err.code) end

M.payout = {}

function M.payout.request(order)
  if freeze.now() then return nil, waits "payouts are stopped" end
  local f = order.facts
  return { path = "/v1/payouts", account = f.account, params = { amount = f.amount_cents, currency = "usd",
    method = f.is_instant and "instant" or "standard", metadata = { withdrawal_id = order.subject } } }
end

function M.payout.find(order)
  return of_list("/v1/payouts", { created = since(order) }, "withdrawal_id", order.subject, order.facts.account)
end

function M.payout.done(tx, _, payout) observe.payout(tx, payout) end

function M.payout.refused(tx, order, err) observe.come_back(tx, order.subject, err.code) end

M.reversal = {}

function M.reversal.request(order)
  return { path = ("/v1/transfers/%s/reversals"):format(order.facts.transfer), params = {
    amount = order.facts.amount_cents, metadata = { withdrawal_id = order.subject } } }
end

function M.reversal.find(order)
  local path = ("/v1/transfers/%s/reversals"):format(order.facts.transfer)
  return of_list(path, {}, "withdrawal_id", order.subject)
end

function M.reversal.done(tx, order) withdrawals.ended(tx, withdrawal(tx, order), false, order.facts.why) end

function M.reversal.refused(tx, order, err)
  findings.add(tx, "reversal", order.subject, "the money of a payout that failed does not come back: " .. err.code)
end

return M
