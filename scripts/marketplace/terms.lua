-- scripts/marketplace/terms.lua -- what two sides agree on, and when it has to be there.

local json = require "human.json"
local time = require "human.time"
local rules = require "marketplace.rules.trade"

local M = {}
local HOUR_MS = 3600 * 1000

--- The time in so many hours, to the millisecond, so that the row and the work that waits for it agree.
function M.in_hours(hours) return time.format(math.floor(time.now_ms() + hours * HOUR_MS)) end

local function after(at, hours) return time.format(math.floor(time.parse(at) + hours * HOUR_MS)) end

--- When both sides are warned of a deadline, and when what has not come by then is refunded.
function M.warn_at(deadline, sla_hours) return after(deadline, -sla_hours * (1 - rules.sla_warn_bp / 10000)) end

function M.refund_at(deadline, sla_hours) return after(deadline, rules.grace_hours(sla_hours)) end

--- Whether a time has come.
function M.is_past(at) return time.parse(at) <= time.now_ms() end

--- The terms of a purchase: what is agreed does not change when the listing does.  asked: {price_cents, sla_hours,
--- milestones ({title, share_bp, sla_hours}, or nil), input_data (JSON), is_part (of other work)}.
function M.of(listing, asked)
  local price = rules.price(asked.price_cents)
  return {
    price_cents = asked.price_cents, fee_cents = price.fee_cents, payout_cents = price.payout_cents,
    paid_when = rules.paid_when(asked.is_part == true),
    sla_hours = asked.sla_hours or listing.sla_hours or rules.sla_hours, listing_type = listing.listing_type,
    title = listing.title, input_schema = listing.input_schema, output_schema = listing.output_schema,
    evaluation_rubric = listing.evaluation_rubric, input_data = asked.input_data, milestones = asked.milestones,
  }
end

--- The milestones of terms, as rows: [{sequence, title, share_bp, sla_hours, fee_cents, payout_cents}].
function M.milestones(terms)
  local shares, rows = {}, json.array {}
  for i, m in ipairs(terms.milestones) do shares[i] = m.share_bp end
  local parts = rules.milestones { fee_cents = terms.fee_cents, payout_cents = terms.payout_cents, shares = shares }
  for i, m in ipairs(terms.milestones) do
    rows[i] = { sequence = i, title = m.title, share_bp = m.share_bp, sla_hours = m.sla_hours,
                fee_cents = parts[i].fee_cents, payout_cents = parts[i].payout_cents }
  end
  return rows
end

return M
