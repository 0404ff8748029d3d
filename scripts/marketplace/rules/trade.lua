-- scripts/marketplace/rules/trade.lua -- the numbers of trading, what a price is made of, and who may bid what.
-- Money is cents, shares are hundredths of a percent (10000: all of it), durations end in _hours.
--% version: 1

local M = {
  fee_bp = 1000,                   -- of the price of a transaction, that the platform keeps
  ceiling_bp = 15000,              -- of a listing's budget, that a bid may ask for

  bid_hours = 168,                 -- a bid nobody answers
  counter_hours = 48,              -- a counter offer nobody answers
  counter_rounds = 2,
  payment_hours = 24,              -- a transaction nobody pays
  review_hours = 48,               -- a delivery nobody answers is accepted
  reminder_hours = { 24, 42 },     -- after a delivery
  sla_hours = 72,                  -- of a listing that says nothing
  sla_warn_bp = 8000,              -- of its time gone: both are warned
  revisions = 2,                   -- that a buyer may ask for
  chain_depth = 3,                 -- subcontracts of subcontracts
  chain_children = 50,             -- subcontracts of one transaction
  chain_links = 200,               -- transactions of one chain, which end in one transaction of the database

  -- An authorised card holds for seven days; what may last longer is captured when it is assigned.
  hold_hours = 144,                -- a day before it ends
  hold_margin_hours = 72,          -- for a dispute
}

M.returns = {
  fee_bp = "integer 0..5000", ceiling_bp = "integer 10000..100000", bid_hours = "integer 1..720",
  counter_hours = "integer 1..168", counter_rounds = "integer 0..2", payment_hours = "integer 1..168",
  review_hours = "integer 1..168", sla_hours = "integer 1..168", sla_warn_bp = "integer 1..9999",
  revisions = "integer 0..2", chain_depth = "integer 0..3", chain_children = "integer 1..1000",
  chain_links = "integer 1..1000", hold_hours = "integer 1..1000", hold_margin_hours = "integer 0..1000",
  price = { fee_cents = "integer", payout_cents = "integer" },
  milestones = { { fee_cents = "integer", payout_cents = "integer" } }, kept_fee = "integer",
  split = "integer[]",
  paid_when = { "accepted", "parent_released" },
  may_bid = "verdict", may_counter = "verdict", grace_hours = "number", is_captured_early = "boolean",
}

local function share(amount, bp) return math.floor((amount * bp + 5000) / 10000) end

--- What the platform and the seller get of a price.
function M.price(cents)
  local fee = share(cents, M.fee_bp)
  return { fee_cents = fee, payout_cents = cents - fee }
end

--- What each milestone is worth: deal = {fee_cents, payout_cents, shares = {share_bp, ..}}.  Sums are rounded, not
--- parts, so that the parts sum to the whole.
function M.milestones(deal)
  local parts, sum, fee, payout = {}, 0, 0, 0
  for i, bp in ipairs(deal.shares) do
    sum = sum + bp
    local fee_now, payout_now = share(deal.fee_cents, sum), share(deal.payout_cents, sum)
    parts[i] = { fee_cents = fee_now - fee, payout_cents = payout_now - payout }
    fee, payout = fee_now, payout_now
  end
  return parts
end

--- What the platform gets of a price of which the buyer has had a part back: deal = {fee_cents, price_cents,
--- kept_cents (of the price, that its seller and those he has subcontracted keep)}.
function M.kept_fee(deal)
  return math.floor((2 * deal.fee_cents * deal.kept_cents + deal.price_cents) / (2 * deal.price_cents))
end

--- How much of each amount goes back when back_bp of all do.  Sums are rounded, not parts, so that the parts sum to
--- what goes back of the whole.  asked: {back_bp, amounts = {cents, ..}}.
function M.split(asked)
  local parts, sum, back = {}, 0, 0
  for i, amount in ipairs(asked.amounts) do
    sum = sum + amount
    local back_now = share(sum, asked.back_bp)
    parts[i], back = back_now - back, back_now
  end
  return parts
end

--- When the seller of a transaction is paid: what a part of other work costs is its buyer's only once that has been
--- accepted.
function M.paid_when(is_part) return is_part and "parent_released" or "accepted" end

local function is_too_high(price_cents, ceiling_cents)
  return price_cents * 10000 > ceiling_cents * M.ceiling_bp
end

--- May somebody bid on a listing?  bid: {direction, is_active, is_same_owner, bidder_tier, min_seller_tier,
--- price_cents, ceiling_cents, shares (of milestones, or nil)}.
function M.may_bid(bid)
  if bid.direction ~= "buy" then return deny "not_a_buy_listing" end
  if bid.is_same_owner then return deny "self_bid_not_permitted" end
  if not bid.is_active then return deny "listing_inactive" end
  if bid.bidder_tier < bid.min_seller_tier then return deny "tier_too_low" end
  if is_too_high(bid.price_cents, bid.ceiling_cents) then return deny "bid_price_too_high" end
  if bid.shares then
    local sum = 0
    for _, bp in ipairs(bid.shares) do sum = sum + bp end
    if sum ~= 10000 then return deny "milestone_sum_invalid" end
  end
  return allow()
end

--- May a bid be countered?  counter: {is_negotiable, round (that would be the next), is_my_turn, price_cents,
--- ceiling_cents}.
function M.may_counter(counter)
  if not counter.is_negotiable then return deny "negotiation_not_permitted" end
  if counter.round > M.counter_rounds then return deny "max_counter_rounds_exceeded" end
  if not counter.is_my_turn then return deny "not_your_turn" end
  if is_too_high(counter.price_cents, counter.ceiling_cents) then return deny "bid_price_too_high" end
  return allow()
end

--- How long after its deadline an undelivered task is refunded.
function M.grace_hours(sla_hours) return math.min(24, sla_hours / 4) end

--- Is a card captured when the task is assigned, not when it is accepted?
function M.is_captured_early(task)
  if task.has_milestones then return true end
  return task.sla_hours + M.review_hours + M.hold_margin_hours > M.hold_hours
end

local function bid(change)
  local facts = { direction = "buy", is_active = true, is_same_owner = false, bidder_tier = 1, min_seller_tier = 1,
                  price_cents = 30000, ceiling_cents = 20000 }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

local function counter(change)
  local facts = { is_negotiable = true, round = 1, is_my_turn = true, price_cents = 30000, ceiling_cents = 20000 }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

M.examples = {
  { "price", 7500, expect = { fee_cents = 750, payout_cents = 6750 } },
  { "price", 5, expect = { fee_cents = 1, payout_cents = 4 } },
  { "price", 4, expect = { fee_cents = 0, payout_cents = 4 } },
  { "milestones", { fee_cents = 1000, payout_cents = 9000, shares = { 4000, 6000 } },
    expect = { { fee_cents = 400, payout_cents = 3600 }, { fee_cents = 600, payout_cents = 5400 } } },
  { "milestones", { fee_cents = 1, payout_cents = 13, shares = { 4900, 200, 4900 } },
    expect = { { fee_cents = 0, payout_cents = 6 }, { fee_cents = 1, payout_cents = 1 },
               { fee_cents = 0, payout_cents = 6 } } },
  { "milestones", { fee_cents = 10, payout_cents = 90, shares = { 3333, 3333, 3334 } },
    expect = { { fee_cents = 3, payout_cents = 30 }, { fee_cents = 4, payout_cents = 30 },
               { fee_cents = 3, payout_cents = 30 } } },
  { "kept_fee", { fee_cents = 1000, price_cents = 10000, kept_cents = 10000 }, expect = 1000 },
  { "kept_fee", { fee_cents = 1000, price_cents = 10000, kept_cents = 6667 }, expect = 667 },
  { "kept_fee", { fee_cents = 1, price_cents = 5, kept_cents = 2 }, expect = 0 },
  { "split", { back_bp = 5000, amounts = { 1, 1, 1 } }, expect = { 1, 0, 1 } },
  { "split", { back_bp = 3333, amounts = { 6000, 4000 } }, expect = { 2000, 1333 } },
  { "split", { back_bp = 10000, amounts = { 0, 7 } }, expect = { 0, 7 } },
  { "paid_when", true, expect = "parent_released" },
  { "paid_when", false, expect = "accepted" },
  { "may_bid", bid {}, expect = "allow" },
  { "may_bid", bid { price_cents = 30001 }, expect = "bid_price_too_high" },
  { "may_bid", bid { direction = "sell" }, expect = "not_a_buy_listing" },
  { "may_bid", bid { is_same_owner = true }, expect = "self_bid_not_permitted" },
  { "may_bid", bid { is_active = false }, expect = "listing_inactive" },
  { "may_bid", bid { bidder_tier = 0 }, expect = "tier_too_low" },
  { "may_bid", bid { shares = { 4000, 6000 } }, expect = "allow" },
  { "may_bid", bid { shares = { 4000, 5999 } }, expect = "milestone_sum_invalid" },
  { "may_counter", counter {}, expect = "allow" },
  { "may_counter", counter { is_negotiable = false }, expect = "negotiation_not_permitted" },
  { "may_counter", counter { round = 3 }, expect = "max_counter_rounds_exceeded" },
  { "may_counter", counter { is_my_turn = false }, expect = "not_your_turn" },
  { "may_counter", counter { price_cents = 30001 }, expect = "bid_price_too_high" },
  { "grace_hours", 48, expect = 12 },
  { "grace_hours", 168, expect = 24 },
  { "is_captured_early", { sla_hours = 24, has_milestones = false }, expect = false },
  { "is_captured_early", { sla_hours = 25, has_milestones = false }, expect = true },
  { "is_captured_early", { sla_hours = 1, has_milestones = true }, expect = true },
}

return M
