-- scripts/marketplace/payments.lua -- card payments: of transactions, whose money is then held in escrow, and of
-- deposits (deposits.lua).  A payment is created, then authorized by its payer's card, then captured; or it is
-- canceled, or fails (rules/payments.lua).  Each function belongs in the transaction of its cause.  A processor that is
-- asked over a network (processor.lua) answers later: heard() is told its word, whichever way that comes.
--
-- Whoever changes a payment locks first what it pays for, the transaction with its wallets or its payer's wallet, and
-- then the payment: M.lock().

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local time = require "human.time"
local actors = require "marketplace.actors"
local escrow = require "marketplace.escrow"
local books = require "marketplace.processor_books"
local credits = require "marketplace.credits"
local history = require "marketplace.history"
local news = require "marketplace.news"
local processor = require "marketplace.processor"
local rules = require "marketplace.rules.payments"

local M = {}

local HOUR_MS = 3600000

local COLUMNS = [[id, kind, transaction_id, payer_id, amount_cents, fee_cents, refunded_cents, state, provider,
  provider_id, client_secret, declines, decline_code, declined_by, is_claimed, capture_before,
  capture_before > human_now() as is_in_time]]

M.sql = {
  make = [[insert into market_payments (kind, transaction_id, payer_id, amount_cents, fee_cents, provider, provider_id,
      client_secret)
    values ($1, $2::uuid, $3::uuid, $4, $5, $6, $7, $8) on conflict (transaction_id) do nothing returning ]] .. COLUMNS
    .. ", (select a.type from market_actors a where a.id = payer_id) as payer_type",
  get = "select " .. COLUMNS .. " from market_payments where id = $1::uuid",
  lock = "select " .. COLUMNS .. " from market_payments where id = $1::uuid for update",
  of = "select " .. COLUMNS .. " from market_payments where transaction_id = $1::uuid",
  lock_of = "select " .. COLUMNS .. " from market_payments where transaction_id = $1::uuid for update",
  lock_to_pay = "select " .. COLUMNS .. [[,
      (select m.method from market_payment_methods m where m.actor_id = payer_id) as kept_method
    from market_payments where transaction_id = $1::uuid and payer_id = $2::uuid for update]],
  authorize = [[update market_payments set state = 'authorized', authorized_at = human_now(), decline_code = null,
      capture_before = $2::timestamptz
    where id = $1::uuid and state = 'created' returning ]] .. COLUMNS,
  decline = [[update market_payments set state = $3, declines = declines + 1, decline_code = $2, declined_by = $4,
      ended_at = case when $3 = 'failed' then human_now() end
    where id = $1::uuid and state = 'created' returning ]] .. COLUMNS,
  capture = [[update market_payments set state = 'captured', captured_at = human_now()
    where id = $1::uuid and state in ('authorized', 'capturing') returning ]] .. COLUMNS,
  ask = [[update market_payments set state = 'capturing' where id = $1::uuid and state = 'authorized' returning ]]
    .. COLUMNS,
  claim = "update market_payments set is_claimed = true where id = $1::uuid returning " .. COLUMNS,
  finish = [[update market_payments set state = $3, ended_at = human_now(), decline_code = coalesce($4, decline_code)
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  refund = [[insert into market_refunds (cause, payment_id, amount_cents) values ($1, $2::uuid, $3)
    on conflict (cause) do nothing returning id, cause, amount_cents, state]],
  refunded = [[update market_payments set refunded_cents = refunded_cents + $2
    where id = $1::uuid and state in ('captured', 'capturing') and refunded_cents + $2 <= amount_cents]],
  refund_of = [[select r.id, r.cause, r.amount_cents, r.state, p.provider, p.provider_id, p.payer_id, p.transaction_id
    from market_refunds r join market_payments p on p.id = r.payment_id where r.id = $1::uuid]],
  refund_paid = [[update market_refunds set state = 'paid', paid_at = human_now()
    where id = $1::uuid and state = 'pending']],
  method = "select method from market_payment_methods where actor_id = $1::uuid",
  set_method = [[insert into market_payment_methods (actor_id, method) values ($1::uuid, $2)
    on conflict (actor_id) do update set method = excluded.method, changed_at = human_now()]],
}

--- A payment, locked, and before it what it pays for; nil when there is none.
function M.lock(tx, id)
  local payment = tx:row(M.sql.get, id)
  if not payment then return nil end
  if payment.transaction_id then require("marketplace.transactions").lock(tx, payment.transaction_id)
  else credits.lock(tx, payment.payer_id) end
  return tx:row(M.sql.lock, id)
end

-- A row moved: notes it, and tells its payer.
local function moved(tx, was, now, cause, actor_id)
  history.note(tx, { entity = "payment", id = now.id, from = was and was.state, to = now.state, actor_id = actor_id,
                     cause = cause })
  if not was then return now end
  local what = now.state == was.state and "declined" or now.state
  news.put(tx, { name = "payment." .. what, about = now.transaction_id or now.id, to = { now.payer_id },
                 data = { payment_id = now.id, transaction_id = now.transaction_id, amount_cents = now.amount_cents,
                          cause = cause, decline_code = now.decline_code } })
  return now
end

local function lead(payment, event, facts) return rules.next("PAYMENT", payment.state, event, facts or {}).to end

--- Makes a payment: p = {kind, transaction_id, payer_id, amount_cents, fee_cents}.  An agent pays with the card that is
--- kept for it, as soon as this is committed.
function M.make(tx, p)
  local at, name = processor.now()
  local provider_id, secret = at.new(p)
  local made = tx:row(M.sql.make, p.kind, p.transaction_id, p.payer_id, p.amount_cents, p.fee_cents or 0, name,
    provider_id, secret)
  if not made then return tx:row(M.sql.of, p.transaction_id) end
  moved(tx, nil, made, p.kind)
  if at.made then at.made(tx, made) end
  if made.payer_type == "delegated_agent" then queue.add(tx, "market.authorize", made.id) end
  return made
end

--- Opens the payment of a new transaction: p = {transaction_id, buyer_id, amount_cents}.  Returns its row {id,
--- provider_id, client_secret, state = "created", ..}; called again, the same one.
function M.open(tx, p)
  escrow.open(tx, p.transaction_id)
  return M.make(tx, { kind = "transaction", transaction_id = p.transaction_id, payer_id = p.buyer_id,
                      amount_cents = p.amount_cents })
end

local function declined(tx, payment, why, actor_id, attempt)
  local to = payment.declines + 1 >= rules.declines and lead(payment, "give_up") or lead(payment, "decline")
  return moved(tx, payment, tx:row(M.sql.decline, payment.id, why, to, attempt), "declined", actor_id)
end

-- Captures; or nil and why not.  Where the processor answers later, the payment is "capturing" until then.
local function capture(tx, payment, cause)
  if not lead(payment, "capture", { is_in_time = payment.is_in_time }) then return nil, "authorization_expired" end
  local how, why = processor.of(payment.provider).capture(tx, payment)
  if not how then return nil, why end
  local now = moved(tx, payment, tx:row(how == "asked" and M.sql.ask or M.sql.capture, payment.id), cause)
  if how ~= "asked" and now.kind == "transaction" then escrow.capture(tx, now.transaction_id, now.amount_cents, 0) end
  return now
end
M.take = capture

-- The money that is being captured counts as held: what is paid of it is paid before the processor has it.
local function claim(tx, payment)
  if payment.state ~= "capturing" or payment.is_claimed then return payment end
  books.claim(tx, payment)
  return tx:row(M.sql.claim, payment.id)
end

-- Where the processor answers later, money that is to be captured when its transaction is assigned is captured before
-- that: nobody works for what cannot be had.
local function is_captured_first(tx, payment)
  if not processor.of(payment.provider).is_remote then return false end
  local t = require("marketplace.transactions").get(tx, payment.transaction_id)
  local data_products = require "marketplace.data_products"
  return require("marketplace.settlement").is_early(t) or data_products.data_at_once(tx, t) ~= nil
end

-- t: its transaction, where that is locked and known.  Returns that as it is then, when it was.
local function authorized(tx, payment, capture_before, actor_id, t)
  local now = moved(tx, payment, tx:row(M.sql.authorize, payment.id, capture_before), "confirmed", actor_id)
  if now.kind == "deposit" then return nil, queue.add(tx, "market.deposit", now.id) end
  escrow.authorise(tx, now.transaction_id, now.amount_cents)
  queue.add(tx, "market.escrow_guard", now.id, time.parse(now.capture_before) - rules.guard_hours * HOUR_MS)
  if is_captured_first(tx, now) then return t, capture(tx, now, "captured_hold") end
  return require("marketplace.transactions").authorized(tx, now.transaction_id, t)
end

-- Whether the money of a payment is there, or counted as that.
local function is_held(payment)
  local state = payment.state
  return state == "authorized" or state == "captured" or state == "capturing" and payment.is_claimed
end

-- Asks a card to pay what is locked.  Returns whether it does; else why not.
local function ask_card(tx, payment, method, actor_id, t)
  if payment.state == "capturing" then return false, M.PROCESSING end
  if payment.state ~= "created" then fail.throw("invalid_state", { status = payment.state }) end
  local held, why = processor.of(payment.provider).authorize(tx, payment, method)
  if held == "asked" then return false, M.PROCESSING end
  if not held then
    declined(tx, payment, why, actor_id)
    return false, why
  end
  return true, authorized(tx, payment, held.capture_before, actor_id, t)
end

--- Pays with a card.  which: {id} or {transaction_id}; method: its name (nil: the one that is kept for the payer);
--- actor_id: who says so, or nil.  Returns the payment, and why the card was declined, if it was: nothing else has
--- happened then; PROCESSING: the processor will say.
M.PROCESSING = "processing"
function M.confirm(tx, which, method, actor_id)
  local id = which.id or tx:must("not_found", M.sql.of, which.transaction_id).id
  local payment = M.lock(tx, id) or fail.throw "not_found"
  if actor_id and payment.payer_id ~= actor_id then fail.throw "not_found" end
  if is_held(payment) then return payment end
  local is_paid, why = ask_card(tx, payment, method or M.method(tx, payment.payer_id), actor_id)
  return tx:row(M.sql.get, id), not is_paid and why or nil
end

--- Sends on, behind the lock of a transaction, the lock of its payment when this actor is who pays it; returns a
--- function that waits for it: nil, or {.., kept_method}.
function M.ask_to_pay(tx, transaction_id, payer_id)
  local rows = tx:ask(M.sql.lock_to_pay, transaction_id, payer_id)
  return function() return rows()[1] end
end

--- Pays a transaction, which is locked, as its payment of ask_to_pay is, with the card that is kept for its buyer, if
--- its money is not there yet.  Returns the transaction as it is then; or nil, and why the card was declined.
function M.pay(tx, payment, t)
  if not payment then fail.throw "not_found" end
  if is_held(payment) then return t end
  local is_paid, now = ask_card(tx, payment, payment.kept_method or processor.now().DEFAULT_CARD, t.buyer_id, t)
  if not is_paid then return nil, now end
  return now
end

--- Work of the queue: an agent's card is asked, unless it may spend nothing by now.
function M.authorize(row)
  db.tx(function(tx)
    local payment = M.lock(tx, row.key)
    local waits = payment.state == "created" and payment.declines == 0
    if waits and actors.get(tx, payment.payer_id).state == "active" then M.confirm(tx, { id = row.key }) end
    row:done(tx)
  end)
end

--- Takes the money of a transaction into its escrow; called again, does nothing.  Returns the payment.
--- Fails with payment_not_authorized, or capture_failed, with why: marketplace.unpaid then ends the transaction.
function M.capture(tx, transaction_id)
  local payment = tx:must("not_found", M.sql.lock_of, transaction_id)
  if payment.state == "captured" then return payment end
  if payment.state == "capturing" then return claim(tx, payment) end
  if payment.state == "created" then fail.throw("payment_not_authorized", { status = payment.state }) end
  local now, why
  if payment.state == "authorized" then now, why = capture(tx, payment, "captured") end
  if now then return claim(tx, now) end
  fail.throw("capture_failed", { status = payment.state, decline_code = why, transaction_id = transaction_id })
end

local function ended(tx, payment, event, cause, why)
  if payment.state ~= "created" and payment.kind == "transaction" and not payment.is_claimed then
    escrow.let_go(tx, payment.transaction_id)
  end
  return moved(tx, payment, tx:row(M.sql.finish, payment.id, payment.state, lead(payment, event), why), cause)
end

-- Ends a payment that has not been captured.
local function finish(tx, payment, event, cause, why)
  processor.of(payment.provider).cancel(tx, payment)
  return ended(tx, payment, event, cause, why)
end
M.finish = finish

--- Lets the payment of a transaction go; called again, does nothing.  Fails with invalid_state when it is captured:
--- then it is refunded.
function M.cancel(tx, transaction_id)
  local payment = tx:must("not_found", M.sql.lock_of, transaction_id)
  if payment.state == "canceled" or payment.state == "failed" then return payment end
  if payment.state == "capturing" and not payment.is_claimed then
    return M.refund(tx, transaction_id, transaction_id, payment.amount_cents) -- once it is captured
  end
  if not lead(payment, "cancel") then fail.throw("invalid_state", { status = payment.state }) end
  return finish(tx, payment, "cancel", "canceled")
end

-- The money of a payment that was authorised cannot be had any more: its transaction ends with it, and what its parts
-- held is its own again before what it counted on is written off.
local function lost(tx, payment)
  if payment.kind ~= "transaction" then return payment end
  require("marketplace.unpaid").finish(tx, payment.transaction_id)
  if payment.is_claimed then payment.lost_cents = books.lost(tx, payment) end
  return payment
end

-- Captures what is authorised.  What cannot be captured ends, and its transaction.
local function take_or_end(tx, payment)
  if payment.state ~= "authorized" then return payment end
  local now, why = capture(tx, payment, "captured_hold")
  return now or lost(tx, finish(tx, payment, payment.is_in_time and "refuse" or "lapse", why, why))
end

--- The money of a transaction could not be had: asks once more, and ends both when it still cannot.  Returns the
--- payment as it is then.
function M.take_or_end(tx, transaction_id)
  local payment = M.lock(tx, tx:must("not_found", M.sql.of, transaction_id).id)
  if payment.state == "canceled" or payment.state == "failed" then
    require("marketplace.unpaid").finish(tx, transaction_id)
  end
  return take_or_end(tx, payment)
end

--- Work of the queue (escrow_guard): a payment whose authorisation would end is captured, and held.  One that can no
--- longer be captured is canceled.
function M.guard(row)
  db.tx(function(tx)
    take_or_end(tx, M.lock(tx, row.key))
    row:done(tx)
  end)
end

--- Gives an amount of a transaction's money back to its buyer, for a cause (an id: once).  Money that is only
--- authorised is let go, or captured first when a part of it stays.  The processor pays after the commit.
function M.refund(tx, transaction_id, cause, amount_cents)
  if amount_cents == 0 then return nil end
  local payment = tx:must("not_found", M.sql.lock_of, transaction_id)
  if payment.state == "authorized" and amount_cents == payment.amount_cents then return M.cancel(tx, transaction_id) end
  if payment.state == "authorized" then M.capture(tx, transaction_id) end
  claim(tx, payment)
  local refund = tx:row(M.sql.refund, cause, payment.id, amount_cents)
  if not refund then return payment end
  if tx:exec(M.sql.refunded, payment.id, amount_cents) == 0 then
    fail.throw("invalid_state", { status = payment.state })
  end
  escrow.refund(tx, cause, transaction_id, amount_cents)
  local at = processor.of(payment.provider)
  if at.is_remote then at.refund_later(tx, payment, refund) else queue.add(tx, "market.refund", refund.id) end
  return tx:row(M.sql.get, payment.id)
end

--- The processor has paid a refund, a row of sql.refund_of; told again, does nothing.
function M.refunded(tx, refund)
  if tx:exec(M.sql.refund_paid, refund.id) == 0 then return end
  escrow.refund_paid(tx, refund.cause, refund.amount_cents)
  history.note(tx, { entity = "refund", id = refund.id, from = "pending", to = "paid", cause = refund.cause })
  news.put(tx, { name = "payment.refunded", about = refund.transaction_id, to = { refund.payer_id },
                 data = { transaction_id = refund.transaction_id, amount_cents = refund.amount_cents } })
end

--- A refund, a row of sql.refund_of, of money that could not be captured: nobody has paid, and the loss is none.
function M.refund_needless(tx, refund)
  if tx:exec(M.sql.refund_paid, refund.id) == 0 then return end
  books.needless(tx, refund)
  history.note(tx, { entity = "refund", id = refund.id, from = "pending", to = "paid", cause = "not_captured" })
end

-- What the processor says of a payment that is locked, by what it says; each moves it at most once.
local HEARD = {}

function HEARD.held(tx, payment, word)
  if payment.state ~= "created" then return payment end
  authorized(tx, payment, word.capture_before)
  return tx:row(M.sql.get, payment.id)
end

-- It has been captured, though perhaps by nobody here.
function HEARD.taken(tx, payment, word)
  local now = HEARD.held(tx, payment, word)
  if now.state ~= "authorized" and now.state ~= "capturing" then return now end
  local was = now
  now = moved(tx, was, tx:row(M.sql.capture, was.id), "captured")
  if now.kind == "deposit" then require("marketplace.deposits").give(tx, now)
  elseif was.is_claimed then books.captured(tx, now)
  else
    escrow.capture(tx, now.transaction_id, now.amount_cents, 0)
    require("marketplace.transactions").authorized(tx, now.transaction_id)
  end
  books.fee(tx, now, word.fee_cents or 0)
  return tx:row(M.sql.get, now.id)
end

-- Nobody has it any more.
function HEARD.gone(tx, payment, word)
  local event = payment.state == "authorized" and "lapse" or payment.state == "capturing" and "refuse" or "cancel"
  if not lead(payment, event) then return payment end
  return lost(tx, ended(tx, payment, event, "gone", word.why))
end

function HEARD.declined(tx, payment, word)
  if payment.state ~= "created" or payment.declined_by == word.attempt then return payment end
  return declined(tx, payment, word.why, nil, word.attempt)
end

--- The processor's word on a payment that is locked: word = {is = "held" | "taken" | "gone" | "declined",
--- capture_before, fee_cents, attempt (which one was declined), why}.  What is known already changes nothing.
--- Returns the payment as it is then.
function M.heard(tx, payment, word) return HEARD[word.is](tx, payment, word) end

--- Work of the queue: the processor pays a refund.
function M.pay_refund(row)
  local refund = db.row(M.sql.refund_of, row.key)
  if refund.state == "pending" then
    local ok, why = processor.of(refund.provider).refund("refund:" .. refund.id, refund, refund.amount_cents)
    if not ok then row:retry_in(3600, why) end
  end
  db.tx(function(tx)
    M.refunded(tx, refund)
    row:done(tx)
  end)
end

--- Whether the money of a transaction is there: authorised, captured, or counted as captured.
function M.is_authorized(tx, transaction_id)
  local payment = tx:row(M.sql.of, transaction_id)
  return payment ~= nil and is_held(payment)
end

--- The payment of a transaction; nil when it has none, as a subcontract.
function M.of(tx, transaction_id) return tx:row(M.sql.of, transaction_id) end

--- The card that is kept for an actor, with which agents pay.
function M.method(tx, actor_id)
  return tx:value(M.sql.method, actor_id) or processor.now().DEFAULT_CARD
end

--- Keeps a card for an actor.
function M.set_method(tx, actor_id, method) tx:exec(M.sql.set_method, actor_id, method) end

queue.define("market.authorize", "marketplace.payments.authorize", { per_key = true })
queue.define("market.escrow_guard", "marketplace.payments.guard", { per_key = true, attempts = 100 })
queue.define("market.refund", "marketplace.payments.pay_refund", { per_key = true, attempts = 100 })

return M
