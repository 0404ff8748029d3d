-- scripts/marketplace/moves.lua -- credits that come for cash, go for tools, and become cash again.
-- Each function belongs in the transaction of its cause.  Cents of USD, thousandths of a credit (_mrc).

local id = require "human.id"
local credits = require "marketplace.credits"
local ledger = require "marketplace.ledger"

local M = {}

local MRC_PER_CENT = 1000

M.sql = {
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.tool_fees', 0))",
  tool_fees = [[select coalesce(sum(case when credit = 6310 then amount else -amount end), 0)::bigint
    from ledger_transfers where credit = 6310 or debit = 6310]],
}

local function wallet(pool, actor) return { "wallet_" .. pool, actor } end

--- Cash has come: {actor, gross, fee}, in cents; gives credits for what is left after the fee.
function M.deposit(tx, cause, d)
  credits.lock(tx, d.actor)
  local net = d.gross - d.fee
  ledger.post(tx, "deposit", cause, {
    { debit = "processor", credit = "backing", amount = net },
    { debit = "processor", credit = "fees_moves", amount = d.fee },
    { debit = "issued_cash", credit = wallet("W", d.actor), amount = net * MRC_PER_CENT },
  })
  credits.note_lot(tx, "deposit", cause, { actor = d.actor, pool = "W", amount = net * MRC_PER_CENT,
                                           reason = "deposit" })
end

-- The fee of each pool: in proportion, the pool W has what is left, so that the parts sum to the whole.
local function parts(got, price_mrc, fee_mrc)
  local fee_m = math.floor(fee_mrc * got.m / price_mrc)
  local fee_w = fee_mrc - fee_m
  return { M = { share = got.m - fee_m, fee = fee_m }, W = { share = got.w - fee_w, fee = fee_w } }
end

--- A buyer pays a provider with credits: {buyer, provider, price_mrc, fee_mrc, reason}.  What the provider earns is of
--- the pools that the buyer paid from.  Returns {m, w}: what was paid from each.
function M.purchase(tx, event, cause, p)
  credits.lock(tx, p.buyer, p.provider)
  local got = credits.take(tx, event, cause, { actor = p.buyer, amount = p.price_mrc, reason = p.reason })
  local transfers, of = {}, parts(got, p.price_mrc, p.fee_mrc)
  for _, pool in ipairs { "M", "W" } do
    local from = wallet(pool, p.buyer)
    transfers[#transfers + 1] = { debit = from, credit = wallet(pool, p.provider), amount = of[pool].share }
    transfers[#transfers + 1] = { debit = from, credit = "platform_" .. pool, amount = of[pool].fee }
  end
  ledger.post(tx, event, cause, transfers)
  for _, pool in ipairs { "M", "W" } do
    if of[pool].share > 0 then
      credits.note_lot(tx, event, cause, { actor = p.provider, pool = pool, amount = of[pool].share,
                                           reason = "tool_revenue" })
    end
  end
  return got
end

--- The platform's withdrawable credits, its fees of tools, become income, in whole cents: the cash behind them is its
--- own from then on.  Where refunds have taken more than there was, income becomes credits again.  Returns how many
--- cents; less than nothing in that case.
function M.earn_tool_fees(tx)
  tx:query(M.sql.one_at_a_time)
  local cents = math.floor(tx:value(M.sql.tool_fees) / MRC_PER_CENT)
  local rc, usd = { debit = "platform_W", credit = "issued_cash" }, { debit = "backing", credit = "fees_tools" }
  if cents < 0 then
    rc.debit, rc.credit, usd.debit, usd.credit = rc.credit, rc.debit, usd.credit, usd.debit
  end
  rc.amount, usd.amount = math.abs(cents) * MRC_PER_CENT, math.abs(cents)
  ledger.post(tx, "tool_fees.earned", id.new(), { rc, usd })
  return cents
end

--- Withdrawable credits leave an actor's lots and are on their way: {actor, cents, reason = "withdrawal" (without it),
--- of = reasons: from lots that came for one of these alone}.
function M.withdraw(tx, cause, w)
  credits.lock(tx, w.actor)
  local amount = w.cents * MRC_PER_CENT
  credits.take(tx, "withdrawal", cause, { actor = w.actor, amount = amount, pool = "W", of = w.of,
                                          reason = w.reason or "withdrawal" })
  ledger.post(tx, "withdrawal", cause, {
    { kind = "pending", debit = wallet("W", w.actor), credit = { "in_flight", w.actor }, amount = amount },
  })
end

--- The processor has paid it: {actor, cents, fee}; the fee, in cents, is of the amount.
function M.withdrawal_paid(tx, cause, w)
  credits.lock(tx, w.actor)
  if ledger.settle(tx, "withdrawal.settled", cause, "withdrawal")() == 0 then return false end
  ledger.post(tx, "withdrawal.paid", cause, {
    { debit = { "in_flight", w.actor }, credit = "issued_cash", amount = w.cents * MRC_PER_CENT },
    { debit = "backing", credit = "processor", amount = w.cents - w.fee },
    { debit = "backing", credit = "fees_moves", amount = w.fee },
  })
  return true
end

--- It has failed: the credits are in their lots again.  False: it was not under way.
function M.withdrawal_failed(tx, cause, w)
  credits.lock(tx, w.actor)
  if ledger.void(tx, "withdrawal.failed", cause, "withdrawal")() == 0 then return false end
  credits.give_back(tx, "withdrawal", cause, w.actor, w.cents * MRC_PER_CENT)
  return true
end

return M
