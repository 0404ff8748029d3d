-- scripts/marketplace/stripe/observe.lua -- an object of Stripe's, as it is now, moves our rows: whether it came as an
-- answer, after an event or when the books were compared, and however often.

local db = require "human.db"
local time = require "human.time"
local books = require "marketplace.processor_books"
local client = require "marketplace.stripe.client"
local findings = require "marketplace.stripe.findings"
local orders = require "marketplace.stripe.orders"
local payments = require "marketplace.payments"
local withdrawals = require "marketplace.withdrawals"

local M = { EXPAND = { "latest_charge.balance_transaction" } }

local WINDOW_S = 7 * 86400                       -- in which a charge can be captured, where Stripe does not say

M.sql = {
  by_intent = "select id from market_payments where provider_id = $1",
  named = [[update market_payments set provider_id = $2, client_secret = $3
    where id = $1::uuid and provider_id is null]],
  charged = "update market_payments set charge = $2 where id = $1::uuid and charge is distinct from $2",
  named_at = "update market_transactions set payment_ref = $2 where id = $1::uuid and payment_ref is null",
}

local UUID = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"

-- An id of ours that stands in the metadata; it was ours to write, but dashboards can, too.
local function ours(object, name)
  local id = type(object.metadata) == "table" and object.metadata[name]
  return type(id) == "string" and id:find(UUID) and id or nil
end

--- A payment intent as it is now: the object; or nil and why (as client.ask).
function M.fetch(provider_id) return client.get("/v1/payment_intents/" .. provider_id, { expand = M.EXPAND }) end

local function charge_of(intent) return type(intent.latest_charge) == "table" and intent.latest_charge or {} end

local function capture_before(intent)
  local details = charge_of(intent).payment_method_details
  local at = details and details.card and details.card.capture_before or intent.created + WINDOW_S
  return time.format(at * 1000)
end

local WORDS = {}

function WORDS.requires_capture(intent) return { is = "held", capture_before = capture_before(intent) } end

function WORDS.succeeded(intent)
  local balance = charge_of(intent).balance_transaction
  return { is = "taken", capture_before = capture_before(intent), fee_cents = type(balance) == "table" and balance.fee }
end

function WORDS.canceled(intent) return { is = "gone", why = intent.cancellation_reason or "canceled" } end

function WORDS.requires_payment_method(intent)
  local e = intent.last_payment_error
  if not e then return nil end
  return { is = "declined", attempt = e.charge or charge_of(intent).id or e.code, why = e.decline_code or e.code }
end

-- The payment of an intent, locked.
local function lock(tx, intent)
  local id = tx:value(M.sql.by_intent, intent.id) or ours(intent, "payment_id")
  local payment = id and tx:row(payments.sql.get, id)
  if not payment or payment.provider ~= "stripe" then return nil end
  return payments.lock(tx, id)
end

local function name(tx, payment, intent)
  if payment.provider_id then return payment.provider_id == intent.id end
  tx:exec(M.sql.named, payment.id, intent.id, intent.client_secret)
  if payment.transaction_id then tx:exec(M.sql.named_at, payment.transaction_id, intent.id) end
  return true
end

local function note_differences(tx, payment, intent)
  if (payment.lost_cents or 0) > 0 then
    findings.add(tx, "lost", payment.id, "its money was counted on, and could not be captured")
  end
  if intent.status == "succeeded" and payment.state ~= "captured" then
    findings.add(tx, "captured", payment.id, "Stripe has captured what is here " .. payment.state .. ": refund it")
  end
end

--- A payment intent.  Returns our payment as it is then; nil when it is none of ours.
function M.intent(tx, intent)
  local payment = lock(tx, intent)
  if not payment then return nil end
  if not name(tx, payment, intent) then
    findings.add(tx, "second", payment.id, "Stripe has a second payment for it: " .. intent.id)
    return payment
  end
  local word = WORDS[intent.status] and WORDS[intent.status](intent)
  if word and word.is == "taken" and intent.amount_received ~= payment.amount_cents then
    findings.add(tx, "amount", payment.id, ("Stripe has captured %s cents of %d"):format(
      tostring(intent.amount_received), payment.amount_cents))
    return payment
  end
  if charge_of(intent).id then tx:exec(M.sql.charged, payment.id, charge_of(intent).id) end
  if not word then return payment end
  payment = payments.heard(tx, tx:row(payments.sql.get, payment.id), word)
  note_differences(tx, payment, intent)
  return payment
end

--- A payment that cannot be had any more.
function M.gone(tx, payment, why)
  local now = payments.heard(tx, payment, { is = "gone", why = why })
  note_differences(tx, now, { status = "canceled" })
  return now
end

--- A refund.
function M.refund(tx, refund)
  local id = ours(refund, "refund_id")
  local row = id and tx:row(payments.sql.refund_of, id)
  if not row or row.provider_id ~= refund.payment_intent then return end
  if refund.status == "succeeded" then payments.refunded(tx, row)
  elseif refund.status == "failed" or refund.status == "canceled" then
    findings.add(tx, "refund", id, "it did not reach the card: " .. (refund.failure_reason or refund.status))
  end
end

--- A dispute of the buyer's bank: what it takes, and gives back when it is won, is the platform's loss until then.
function M.dispute(tx, dispute)
  local id = tx:value(M.sql.by_intent, dispute.payment_intent)
  if id and payments.lock(tx, id) then
    for _, moved in ipairs(dispute.balance_transactions or {}) do
      if moved.currency == "usd" then books.charged_back(tx, moved.id, -moved.amount, moved.fee) end
    end
  end
  if dispute.status == "won" then tx:exec(findings.sql.finish, "chargeback", dispute.id) end
end

--- A payout that has failed: what was transferred for it comes back.
function M.come_back(tx, withdrawal_id, why)
  local w = tx:row(withdrawals.sql.get, withdrawal_id)
  local transfer = orders.made(tx, withdrawal_id .. ":transfer:1")
  if not w or w.state ~= "processing" or not transfer then return end
  orders.add(tx, { key = withdrawal_id .. ":reversal:1", subject = withdrawal_id, kind = "reversal",
                   facts = { transfer = transfer, amount_cents = w.amount_cents - w.fee_cents, why = why } })
end

--- A payout to a bank.
function M.payout(tx, payout)
  local id = ours(payout, "withdrawal_id")
  local w = id and tx:row(withdrawals.sql.get, id)
  if not w or w.provider ~= "stripe" then return end
  local has_failed = payout.status == "failed" or payout.status == "canceled"
  if payout.status == "paid" and not orders.is_known(tx, id .. ":reversal:1") then withdrawals.ended(tx, w, true)
  elseif has_failed and w.state == "paid" then
    local why = payout.failure_code or payout.status
    findings.add(tx, "payout", id, "the bank has sent it back after it was paid: " .. why)
  elseif has_failed then M.come_back(tx, id, payout.failure_code or payout.status) end
end

--- Payment, refund, payout or dispute: fetches it and has it move our rows.  Not in a transaction.  True; or nil and
--- why.
function M.again(kind, id, account)
  local object, err
  if kind == "intent" then object, err = M.fetch(id)
  else object, err = client.get(("/v1/%ss/%s"):format(kind, id), nil, account) end
  if not object then return nil, err end
  db.tx(function(tx) M[kind](tx, object) end)
  return true
end

return M
