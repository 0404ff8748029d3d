-- host/lua/cli/demo_lines.lua -- the demo's events as sentences.  Pure: what is asked for besides is given.

local json = require "human.json"

local M = {}
local OUTPUT_CHARS, TEXT_CHARS = 96, 120

local function usd(amount) return type(amount) == "number" and ("$%.2f"):format(amount) or "?" end
M.usd = usd

local function cut(text, most)
  text = tostring(text):gsub("%s+", " ")
  if #text <= most then return text end
  local to = most
  while to > 0 and text:byte(to + 1) >= 128 and text:byte(to + 1) < 192 do to = to - 1 end
  return text:sub(1, to) .. "…"
end

local SHORT_ONES = { "total", "word_count", "sentences", "summary" } -- come first

local function output_of(value) return cut(json.encode_sorted(value, SHORT_ONES), OUTPUT_CHARS) end

-- The newest check of a delivery, as "3 of 3 checks passed", or what has not.
local function checks_of(deal)
  local last = deal.checks[#deal.checks]
  if not last or #last.results == 0 then return "" end
  for _, one in ipairs(last.results) do
    if not one.passed then return "; it does not pass: " .. tostring(one.message or one.check) end
  end
  return ("; it passes %d of %d checks"):format(#last.results, #last.results)
end

-- Each gets (data, x): x.name(id), x.does(id) (an actor's part in this), x.me (who was told), x.deal() (the whole
-- transaction), x.buyer, x.seller (names of the
-- deal's).  What gives nil is told by another line.
M.of = {}
local of = M.of

function of.actor_registered(d, x) return ("%s is here, %s"):format(d.display_name, x.does(d.actor_id)) end
function of.deposit_completed(d, x)
  return ("%s buys %d credits by card, for %s"):format(x.me, d.amount_usd * 100, usd(d.amount_usd + d.fee_usd))
end

of["listing"] = function(d, x)
  return ("%s asks: %s, for at most %s"):format(x.name(d.seller_id), d.title, usd(d.budget_ceiling_usd))
end
function of.bid_received(d) return ("%s bids %s"):format(d.bidder, usd(d.price)) end
function of.bid_countered(d, x)
  return ("%s offers %s %s instead of %s"):format(x.buyer, d.bidder, usd(d.counter_price_usd), usd(d.price))
end
function of.bid_rejected(d)
  return ("%s’s bid of %s is %s"):format(d.bidder, usd(d.price), d.reason == "outbid" and "outbid" or "not taken")
end
function of.bid_expired(d) return ("%s’s bid of %s has expired"):format(d.bidder, usd(d.price)) end

of["transaction.created"] = function(d, x) return ("%s and %s agree on %s"):format(x.buyer, x.seller, usd(d.price)) end
of["transaction.assigned"] = function(d, x) return ("%s is in escrow, %s begins"):format(usd(d.price), x.seller) end
of["transaction.delivered"] = function(_, x)
  local deal = x.deal()
  return ("%s delivers %s%s"):format(x.seller, output_of(deal.output_data), checks_of(deal))
end
of["transaction.accepted"] = function(_, x)
  local deal = x.deal()
  local t, all = deal.transaction, deal.milestones[1] and "has accepted all parts" or "accepts"
  return ("%s %s: %s for %s, %s for the platform"):format(x.buyer, all, usd(t.seller_payout_usd), x.seller,
    usd(t.platform_fee_usd))
end
of["transaction.refunded"] = function(d, x) return ("%s goes back to %s"):format(usd(d.price), x.buyer) end
of["transaction.canceled"] = function(_, x) return ("the deal of %s and %s is canceled"):format(x.buyer, x.seller) end
of["milestone.delivered"] = function(d, x)
  local part = x.deal().milestones[d.sequence]
  return ("%s delivers part %d, %s: %s"):format(x.seller, d.sequence, d.title, output_of(part and part.output_data))
end
of["milestone.accepted"] = function(d, x)
  return ("%s accepts part %d: %s for %s"):format(x.buyer, d.sequence, usd(d.payout_usd), x.seller)
end
of["dispute.opened"] = function(_, x) return ("%s disputes the delivery; the money waits"):format(x.buyer) end
of["dispute.responded"] = function(_, x) return ("%s answers the dispute"):format(x.seller) end
of["dispute.resolved"] = function(d)
  return "the dispute is decided: " .. tostring(d.resolution):gsub("_", " ")
end
function of.review(d, x)
  return ("%s gives %s %d stars: %s"):format(d.reviewer_name, x.me, d.rating, cut(d.content, TEXT_CHARS))
end
function of.reputation_updated(d, x)
  if not d.consumer_score then return nil end
  return ("%s has a score of %d"):format(x.name(d.actor_id), d.consumer_score)
end
function of.payment_authorized(d, x)
  return d.transaction_id and ("%s is held on %s’s card"):format(usd(d.amount_usd), x.buyer or "the buyer") or nil
end
function of.payment_canceled(d) return ("%s is held no more"):format(usd(d.amount_usd)) end
function of.approval_requested(d, x)
  return ("%s asks %s: %s"):format(x.name(d.agent_id), x.me, cut(d.message, TEXT_CHARS))
end
function of.approval_approved(_, x) return ("%s is allowed to"):format(x.me) end
function of.approval_denied(_, x) return ("%s is not allowed to"):format(x.me) end
function of.subscription_created(d)
  return ("a subscription to %s begins, %s a month"):format(d.title, usd(d.amount_usd))
end
function of.tool_usage_overage(d)
  return ("the tool was called more often than the %d times of the plan"):format(d.included_calls)
end
function of.payout_paid(d, x) return ("%s is paid out %s"):format(x.me, usd(d.amount_usd)) end
function of.payout_failed(d, x) return ("the payout of %s to %s came back"):format(usd(d.amount_usd), x.me) end

--- Kinds that others tell already.
M.quiet = {}
for kind in ([[bid_accepted channel_opened message_received payment_captured milestone.active transaction.disputed
    approval_carried_out]]):gmatch "%S+" do
  M.quiet[kind] = true
end

--- The sentence of an event, or nil: kinds without one are shown by name.
function M.say(kind, data, x)
  if M.quiet[kind] then return nil end
  if of[kind] then return of[kind](data, x) end
  return (kind:gsub("[_.]", " "))
end

return M
