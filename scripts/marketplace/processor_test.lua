-- scripts/marketplace/processor_test.lua -- the processor `test`: cards, refunds and payouts that move nothing but the
-- rows of its own books (market_test_orders), by the test clock.  How a card or a bank behaves is its name.

local crypto = require "human.crypto"
local db = require "human.db"

local M = {}

local WINDOW_DAYS = 7                            -- in which an authorisation can be captured

-- Cards, and why they are declined; false: they are not.
M.CARDS = {
  pm_test_ok = false, pm_test_capture_fails = false,
  pm_test_declined = "card_declined", pm_test_insufficient_funds = "insufficient_funds",
  pm_test_expired_card = "expired_card", pm_test_incorrect_cvc = "incorrect_cvc", pm_test_lost_card = "lost_card",
  pm_test_processing_error = "processing_error",
}
-- Banks, and why payouts to them come back.
M.BANKS = { ba_test_ok = false, ba_test_closed = "account_closed", ba_test_no_account = "no_account" }
M.DEFAULT_CARD = "pm_test_ok"

M.sql = {
  order = [[with made as (
      insert into market_test_orders (key, kind, object, amount_cents, refusal, expires_at, method)
      values ($1, $2, $3, $4, $5, human_now() + $6::int * interval '1 day', $7)
      on conflict (key) do nothing returning refusal, expires_at
    ) select refusal, expires_at from made
    union all select refusal, expires_at from market_test_orders where key = $1 limit 1]],
  authorisation = [[select method, expires_at > human_now() as is_open, exists (select from market_test_orders c
      where c.object = $1 and c.kind = 'cancel' and c.refusal is null) as is_canceled
    from market_test_orders where object = $1 and kind = 'authorize' and refusal is null limit 1]],
  account = "insert into market_test_accounts (id, token) values ($1, $2)",
  token = "select token from market_test_accounts where id = $1",
  ready = "select ready_at is not null as is_ready, bank from market_test_accounts where id = $1",
  set_up = [[update market_test_accounts set ready_at = coalesce(ready_at, human_now()), bank = $2 where token = $1
    returning id]],
  balance = [[select coalesce(sum(case when kind in ('capture', 'reversal') then amount_cents
      when kind in ('refund', 'transfer') then -amount_cents else 0 end), 0)::bigint
    from market_test_orders where refusal is null]],
}

-- o: {key, kind, object, amount_cents, refusal, days, method}.  What came of it, now or the first time.
local function order(q, o)
  return q.row(q, M.sql.order, o.key, o.kind, o.object, o.amount_cents, o.refusal, o.days, o.method)
end

--- Whether a name is that of a card.
function M.knows(method) return M.CARDS[method] ~= nil end

-- human.db as a transaction is used.
local outside = { row = function(_, ...) return db.row(...) end }

local function done(row)
  if row.refusal then return nil, row.refusal end
  return true
end

--- A new payment: its id and secret.
function M.new()
  local name = "pi_test_" .. crypto.random_hex(12)
  return name, name .. "_secret_" .. crypto.random_hex(12)
end

--- Holds the amount on a card.
function M.authorize(tx, payment, method)
  local refusal = M.CARDS[method]
  if refusal == nil then refusal = "unknown_card" end
  local row = order(tx, { key = ("authorize:%s:%d"):format(payment.provider_id, payment.declines), kind = "authorize",
    object = payment.provider_id, amount_cents = payment.amount_cents, refusal = refusal or nil,
    days = WINDOW_DAYS, method = method })
  if row.refusal then return nil, row.refusal end
  return { capture_before = row.expires_at }
end

local function why_no_capture(tx, payment)
  local held = tx:row(M.sql.authorisation, payment.provider_id)
  if not held then return "not_authorized" end
  if not held.is_open then return "authorization_expired" end
  if held.method == "pm_test_capture_fails" then return "card_declined" end
  return held.is_canceled and "canceled" or nil
end

--- Takes what is held.
function M.capture(tx, payment)
  local refusal = why_no_capture(tx, payment)
  if refusal then return nil, refusal end
  return done(order(tx, { key = "capture:" .. payment.provider_id, kind = "capture", object = payment.provider_id,
                          amount_cents = payment.amount_cents }))
end

--- Lets go of what is held.
function M.cancel(tx, payment)
  order(tx, { key = "cancel:" .. payment.provider_id, kind = "cancel", object = payment.provider_id,
              amount_cents = payment.amount_cents })
end

--- Pays a part of a captured payment back.
function M.refund(key, payment, amount_cents)
  return done(order(outside, { key = key, kind = "refund", object = payment.provider_id, amount_cents = amount_cents }))
end

--- Opens an account that money can be paid out to, once its owner has visited its address.
function M.open_account(tx)
  local account = "acct_test_" .. crypto.random_hex(8)
  tx:exec(M.sql.account, account, crypto.random_hex(16))
  return account
end

--- Where its owner sets it up: a path of this server.
function M.setup_path(tx, account) return "/payments-test-setup/" .. tx:value(M.sql.token, account) end

--- What the visit of that address does.  Returns the account; nil when there is no such address.
function M.set_up(token, bank) return db.value(M.sql.set_up, token, bank) end

--- Whether an account can be paid out to.
function M.is_ready(q, account)
  local row = q:row(M.sql.ready, account)
  return row ~= nil and row.is_ready
end

--- Transfers an amount to an account, and from there to its bank; what comes back is with us again.
function M.pay_out(key, account, amount_cents)
  local bank = db.row(M.sql.ready, account).bank
  order(outside, { key = key .. ":transfer", kind = "transfer", object = account, amount_cents = amount_cents })
  local paid = order(outside, { key = key .. ":payout", kind = "payout", object = account, amount_cents = amount_cents,
                                refusal = M.BANKS[bank] or nil })
  if not paid.refusal then return true end
  order(outside, { key = key .. ":reversal", kind = "reversal", object = account, amount_cents = amount_cents })
  return nil, paid.refusal
end

--- What the platform has at this processor, in cents.
function M.balance() return db.value(M.sql.balance) end

return M
