-- scripts/marketplace/withdrawals.lua -- credits that become cash: withdrawals, of all withdrawable credits, and
-- payouts, of what was earned.  The credits leave their lots when it is written down; the queue then asks the
-- processor, and a payment that comes back puts them where they were.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local credits = require "marketplace.credits"
local fees = require "marketplace.fees"
local freeze = require "marketplace.freeze"
local history = require "marketplace.history"
local moves = require "marketplace.moves"
local news = require "marketplace.news"
local processor = require "marketplace.processor"
local rules = require "marketplace.rules.payments"
local time = require "human.time"

local M = {}

local FROZEN_MS = 60000                          -- between looks at whether payouts go on
local EARNED = { "task_completion", "tool_revenue", "revenue_share" }

M.sql = {
  account = "select connect_account from market_actors where id = $1::uuid",
  lock_account = "select connect_account from market_actors where id = $1::uuid for update",
  set_account = "update market_actors set connect_account = $2 where id = $1::uuid and connect_account is null",
  make = [[insert into market_withdrawals (actor_id, kind, amount_cents, fee_cents, is_instant, is_waived, account,
      provider)
    values ($1::uuid, $2, $3, $4, $5, $6, $7, $8) returning id, amount_cents, fee_cents, is_instant, state]],
  get = [[select id, actor_id, kind, amount_cents, fee_cents, account, provider, state from market_withdrawals
    where id = $1::uuid]],
  finish = [[update market_withdrawals set state = $2, failure = $3, ended_at = human_now()
    where id = $1::uuid and state = 'processing' returning id]],
}

--- Where an actor's account for payouts is set up, a path of this server: the same account however often he asks.
--- A processor that is remote is asked itself (setup_url).
function M.onboard(tx, actor_id)
  local at = processor.now()
  local account = tx:value(M.sql.lock_account, actor_id)
  if not account then
    account = at.open_account(tx)
    tx:exec(M.sql.set_account, actor_id, account)
  end
  return at.setup_path(tx, account)
end

--- Begins a withdrawal, in tx: w = {kind = "withdrawal" | "payout", amount_cents, is_instant}.
--- Returns {id, amount_cents, fee_cents, state}.  Fails with service_unavailable (payouts are stopped),
--- connect_not_ready and insufficient_balance.
function M.begin(tx, actor, w)
  freeze.must_be_open(tx)
  credits.lock(tx, actor.id)
  local at, provider = processor.now()
  local account = tx:value(M.sql.account, actor.id)
  if not account or not at.is_ready(tx, account) then fail.throw "connect_not_ready" end
  local fee = fees.charge(tx, actor, w.is_instant and "instant_withdrawal" or "withdrawal", w.amount_cents)
  local made = tx:row(M.sql.make, actor.id, w.kind, w.amount_cents, fee.fee_cents, w.is_instant == true, fee.waived,
    account, provider)
  moves.withdraw(tx, made.id, { actor = actor.id, cents = w.amount_cents, reason = w.kind,
                                of = w.kind == "payout" and EARNED or nil })
  history.note(tx, { entity = "withdrawal", id = made.id, to = made.state, actor_id = actor.id, cause = w.kind })
  if at.is_remote then at.pay_out_later(tx, made, account) else queue.add(tx, "market.withdrawal", made.id) end
  return made
end

--- The processor has paid w, a row of sql.get, or not, and why; told again, does nothing.
function M.ended(tx, w, paid, why)
  if w.state ~= "processing" then return end
  local to = rules.next("WITHDRAWAL", w.state, paid and "pay" or "fail", {}).to
  credits.lock(tx, w.actor_id)
  if not tx:row(M.sql.finish, w.id, to, why) then return end
  local move = { actor = w.actor_id, cents = w.amount_cents, fee = w.fee_cents }
  if paid then moves.withdrawal_paid(tx, w.id, move) else moves.withdrawal_failed(tx, w.id, move) end
  history.note(tx, { entity = "withdrawal", id = w.id, from = w.state, to = to, cause = why or "paid" })
  news.put(tx, { name = w.kind .. "." .. to, about = w.id, to = { w.actor_id },
                 data = { id = w.id, amount_cents = w.amount_cents, fee_cents = w.fee_cents, failure = why } })
end

-- Not counted as a try: nobody knows how long it takes.
local function later(row)
  db.tx(function(tx)
    queue.add(tx, "market.withdrawal", row.key, time.now_ms() + FROZEN_MS)
    row:done(tx)
  end)
end

--- Work of the queue: the processor pays, unless payouts are stopped.
function M.pay(row)
  if freeze.now() then return later(row) end
  local w = db.row(M.sql.get, row.key)
  local paid, why
  if w.state == "processing" then
    paid, why = processor.of(w.provider).pay_out("withdrawal:" .. w.id, w.account, w.amount_cents - w.fee_cents)
  end
  db.tx(function(tx)
    M.ended(tx, w, paid, why)
    row:done(tx)
  end)
end

queue.define("market.withdrawal", "marketplace.withdrawals.pay", { per_key = true, attempts = 100 })

return M
