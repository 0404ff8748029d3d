-- scripts/marketplace/fees.lua -- fees of actors (rules/fees.lua), and the turn by which fees of tools, which come as
-- credits, become income.

local db = require "human.db"
local decisions = require "human.decisions"
local jobs = require "human.jobs"
local moves = require "marketplace.moves"
local rules = require "marketplace.rules.fees"

local M = {}

local TURN_S = 3600

M.sql = {
  used = [[select exists (select from market_withdrawals where actor_id = $1::uuid and is_waived and state <> 'failed'
    and created_at >= date_trunc('month', human_now() at time zone 'UTC') at time zone 'UTC')]],
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

--- Work by the clock: fees of tools become income.
function M.turn() db.tx(moves.earn_tool_fees) end

jobs.every("market.tool_fees", TURN_S, "marketplace.fees.turn")

return M
