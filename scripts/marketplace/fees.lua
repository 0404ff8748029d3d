-- scripts/marketplace/fees.lua -- fees of actors (rules/fees.lua), and the turn by which fees of tools, which come as
-- credits, become income.

local db = require "human.db"
local decisions = require "human.decisions"
local id = require "human.id"
local jobs = require "human.jobs"
local ledger = require "marketplace.ledger"
local rules = require "marketplace.rules.fees"

local M = {}

local MRC_PER_CENT = 1000
local TURN_S = 3600

M.sql = {
  used = [[select exists (select from market_withdrawals where actor_id = $1::uuid and is_waived and state <> 'failed'
    and created_at >= date_trunc('month', human_now() at time zone 'UTC') at time zone 'UTC')]],
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.tool_fees', 0))",
  tool_fees = [[select coalesce(sum(case when credit = 6310 then amount else -amount end), 0)::bigint
    from ledger_transfers where credit = 6310 or debit = 6310]],
}

local function is_free_left(q, actor)
  if not actor.is_founding then return false end
  local used
  if q == db then used = db.value(M.sql.used, actor.id) else used = q:value(M.sql.used, actor.id) end
  return not used
end

local function facts(q, actor, fee_type, amount_cents)
  return { fee_type = fee_type, amount_cents = amount_cents, is_founding = actor.is_founding, tier = actor.tier,
           is_free_left = fee_type == "withdrawal" and is_free_left(q, actor) }
end

--- What a fee would be: {fee_cents, rate_percent, tier, waived}.
function M.preview(actor, fee_type, amount_cents) return rules.charge(facts(db, actor, fee_type, amount_cents)) end

--- What it is: decided in tx, and recorded.
function M.charge(tx, actor, fee_type, amount_cents)
  return decisions.decide(tx, rules.charge, { subject = actor.id }, facts(tx, actor, fee_type, amount_cents))
end

--- The platform's withdrawable credits become income, in whole cents; the cash behind them is its own from then on.
--- Where refunds have taken more than there was, income becomes credits again.  Returns how many cents; less than
--- nothing in that case.
function M.earn(tx)
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

--- Work by the clock.
function M.turn() db.tx(M.earn) end

jobs.every("market.tool_fees", TURN_S, "marketplace.fees.turn")

return M
