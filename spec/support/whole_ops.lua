-- spec/support/whole_ops.lua -- what actors may do on the marketplace, each once for the services and once for the model of
-- them (whole_model.lua).  An operation picks what it is about when its turn comes, by numbers that it was made with, and
-- remembers it: a list of operations still means the same when some are left out.

local db = require "human.db"
local model_of = require "whole_model"

local M = {}

local COMPANY = "data:extraction"
local SHARES = { { 10000 }, { 4000, 6000 }, { 3333, 3333, 3334 } }

-- The one of a list that a number means, or nil; the same one when the step is played again.
local function choose(s, slot, list, n)
  local by = s.of[slot]
  if by == nil then
    local one = list[1] and list[n % #list + 1]
    s.of[slot] = one and one.by or false
    return one
  end
  for _, one in ipairs(list) do
    if one.by == by then return one end
  end
end
M.choose = choose

local function deals_in(w, ...)
  local out, wanted = {}, {}
  for _, state in ipairs { ... } do wanted[state] = true end
  for _, d in ipairs(w.model.deals) do
    if wanted[d.state] then out[#out + 1] = d end
  end
  return out
end
M.deals_in = deals_in

-- Mostly one that is in one of these states, sometimes any.
local function pick_deal(w, s, ...)
  local list = (s.c % 8 == 0 or s.of.deal) and w.model.deals or deals_in(w, ...)
  return choose(s, "deal", list, s.a)
end

-- As the routes do what may need money that cannot be had.
local function watched(w, real) return function() return w.services.unpaid.watch(real) end end

-- ---- operations: fn(w, s) -> nothing to do, or {real = fn() -> result, may = boolean, model = fn(result),
-- lost = fn() or nil: what a refusal does, since money cannot be had} --------

local OPS = {}
M.OPS = OPS

local function listing(w, n, fields)
  fields.listing_type = fields.listing_type or "task_execution"
  fields.title, fields.description, fields.category_tags = "T", "D", { COMPANY }
  fields.negotiation_permitted, fields.min_seller_tier = true, 0
  return w.services.listings.create(w.actors[n], fields)
end

function OPS.list(w, s)
  local n, price = s.a % #w.actors + 1, 100 + s.b % 9000
  return { may = true, real = function() return listing(w, n, { direction = "sell", price_cents = price, sla_hours = 24 }) end,
           model = function(row) table.insert(w.model.offers, { by = s.n, id = row.id, seller = n, price = price }) end }
end

function OPS.ask(w, s)
  local n = s.a % #w.actors + 1
  return { may = true, real = function() return listing(w, n, { direction = "buy", budget_ceiling_cents = 20000 }) end,
           model = function(row)
             local ask = { by = s.n, id = row.id, buyer = n, bids = {} }
             table.insert(w.model.asks, ask)
             for agent = 1, #w.actors do w.model:match(ask, agent, s.n) end
           end }
end

local function bid_of(ask, n)
  for _, bid in ipairs(ask.bids) do
    if bid.seller == n then return bid end
  end
end

function OPS.bid(w, s)
  local ask = choose(s, "ask", w.model.asks, s.a)
  if not ask then return end
  local n, price = (s.seller or s.b) % #w.actors + 1, 1 + s.c % 30000
  local shares = SHARES[s.shares or s.d % 3 == 0 and s.c % #SHARES + 1]
  local milestones, sla = nil, s.d % 2 == 0 and 24 or 100
  if shares then
    milestones = {}
    for i, bp in ipairs(shares) do milestones[i] = { title = "m", share_bp = bp, sla_hours = sla } end
  end
  return {
    may = n ~= ask.buyer and not bid_of(ask, n),
    real = function()
      return w.services.bids.create(w.actors[n], { listing_id = ask.id, price_cents = price, sla_hours = sla,
                                                   milestones = milestones })
    end,
    model = function(row)
      w.model:bid(ask, { by = s.n, id = row.id, seller = n, price = price, sla = sla, shares = shares })
    end }
end

-- Who has to answer a bid.
local function receiver(ask, bid) return bid.turn == ask.buyer and bid.seller or ask.buyer end

-- An ask, one of its bids, and who does something with it: mostly who has to.
local function open_bid(w, s)
  local all = {}
  for _, ask in ipairs(w.model.asks) do
    for _, bid in ipairs(ask.bids) do all[#all + 1] = { by = bid.by, ask = ask, bid = bid } end
  end
  local it = choose(s, "bid", all, s.a)
  if not it then return end
  s.actor = s.actor or receiver(it.ask, it.bid)
  if s.is_first == nil then s.is_first = it.bid.round == 0 end
  return it.ask, it.bid
end

-- Whether an offer, or the counter offer that it was, may be answered.
local function may_answer(ask, bid, s) return s.actor == receiver(ask, bid) and s.is_first == (bid.round == 0) end

function OPS.counter(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  if s.c % 8 == 0 then s.actor, s.c = s.actor == ask.buyer and bid.seller or ask.buyer, 1 end
  local by, price = s.actor, 1 + s.b % 30000
  return { may = bid.round < 2 and by == receiver(ask, bid),
           real = function() return w.services.bids.counter(w.actors[by], bid.id, { price_cents = price }) end,
           model = function() w.model:counter(ask, bid, by, price) end }
end

function OPS.take_bid(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  return {
    may = may_answer(ask, bid, s),
    real = function()
      local bids = w.services.bids
      return (s.is_first and bids.accept or bids.counter_accept)(w.actors[s.actor].id, bid.id)
    end,
    model = function(row)
      local price = bid.countered or bid.price
      ask.bids = {}
      if bid.countered then w.model:reach "counter offer accepted" end
      w.model:deal { id = row.id, by = s.n, buyer = ask.buyer, seller = bid.seller, price = price, shares = bid.shares,
                     sla = bid.sla }
    end }
end

function OPS.reject_bid(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  local bids, is_bidder = w.services.bids, s.b % 2 == 0
  return { may = is_bidder or may_answer(ask, bid, s),
           real = function()
             if is_bidder then return bids.withdraw(w.actors[bid.seller].id, bid.id) end
             return (s.is_first and bids.reject or bids.counter_reject)(w.actors[s.actor].id, bid.id)
           end,
           model = function() model_of.end_bid(ask, bid) end }
end

function OPS.buy(w, s)
  local offer = choose(s, "offer", w.model.offers, s.a)
  if not offer then return end
  local n = s.b % w.humans + 1
  return { may = n ~= offer.seller,
           real = function() return w.services.purchases.create(w.actors[n], { listing_id = offer.id, cause = "spec" }) end,
           model = function(row)
             local d = w.model:deal { id = row.id, by = s.n, buyer = n, seller = offer.seller, price = offer.price, sla = 24,
                                      is_data = offer.is_data }
             if not d.is_data then return end
             w.model:authorize(d)
             w.model:assign(d)
           end }
end

local function is_in_chain(d, n)
  while d do
    if d.buyer == n or d.seller == n then return true end
    d = d.parent
  end
end

local function depth(d) return d.parent and depth(d.parent) + 1 or 0 end

--- Offers of who could do a part of this.
function M.offers_for(w, parent)
  local out = {}
  if parent.steps or depth(parent) >= 3 or M.free(parent) < 1 then return out end
  for _, offer in ipairs(w.model.offers) do
    if not is_in_chain(parent, offer.seller) then out[#out + 1] = offer end
  end
  return out
end
M.free = model_of.free

function OPS.subcontract(w, s)
  local fit = {}
  for _, d in ipairs(deals_in(w, "assigned", "revision_requested")) do
    if M.offers_for(w, d)[1] then fit[#fit + 1] = d end
  end
  local parent = choose(s, "deal", (s.c % 12 == 0 or s.of.deal) and w.model.deals or fit, s.a)
  local offers = parent and s.c % 5 > 0 and M.offers_for(w, parent) or w.model.offers
  local offer = choose(s, "offer", s.of.offer and w.model.offers or offers, s.b)
  if not parent or not offer then return end
  local most = s.b % 7 == 0 and offer.price or math.min(offer.price, model_of.free(parent))
  local price = s.price or 1 + s.d % math.max(1, most)
  s.price = price
  -- Its money is taken before it is known what is left of it.
  local fits = model_of.may(parent, "subcontract") == true and not parent.steps and depth(parent) < 3
    and not is_in_chain(parent, offer.seller)
  local is_lost = model_of.is_lost(parent)
  return {
    may = fits and not is_lost and price <= model_of.free(parent),
    lost = fits and is_lost and function() w.model:lose(parent) end,
    real = watched(w, function()
      return w.services.purchases.create(w.actors[parent.seller], { listing_id = offer.id, parent_id = parent.id,
                                                                    price_cents = price, cause = "spec" })
    end),
    model = function(row)
      w.model:deal { id = row.id, by = s.n, buyer = parent.seller, seller = offer.seller, price = price, parent = parent,
                     sla = 24, is_data = offer.is_data }
    end }
end

function OPS.assign(w, s)
  local d = pick_deal(w, s, "pending_payment")
  if not d then return end
  return { may = d.state == "pending_payment" or d.state == "assigned",
           real = function() return w.services.transactions.assign_by(w.actors[d.buyer].id, d.id) end,
           model = function()
             if d.state ~= "pending_payment" then return end
             w.model:authorize(d)
             w.model:assign(d)
           end }
end

function OPS.cancel(w, s)
  local d = pick_deal(w, s, "pending_payment", "assigned", "revision_requested")
  if not d then return end
  local by = s.side or s.b % 2 == 0 and "buyer" or "seller"
  local is_over = d.state == "canceled" or d.state == "canceled_refunded"
  return { may = model_of.may(d, "cancel", by) or is_over,
           real = function() return w.services.transactions.cancel(w.actors[d[by]].id, d.id) end,
           model = function()
             if not is_over then w.model:refund(d, d.state == "pending_payment" and "canceled" or "canceled_refunded") end
           end }
end

-- The milestone of a transaction that a step is about, and its number: the same one when it is played again; is_over: that
-- is not under way any more.
local function milestone_of(d, s)
  local step, i = model_of.current(d)
  if s.milestone == nil then s.milestone = i or false end
  return step, i, s.milestone ~= (i or false)
end

function OPS.deliver(w, s)
  local d = pick_deal(w, s, "assigned", "revision_requested")
  if not d then return end
  local step, i, is_over = milestone_of(d, s)
  return { may = model_of.may(d, "deliver") == true, skip = is_over or d.steps ~= nil and step == nil,
           real = function()
             if step then return w.services.milestones.deliver(w.actors[d.seller].id, d.id, i, "{}") end
             return w.services.transactions.deliver(w.actors[d.seller].id, d.id, { output_data = "{}" })
           end,
           model = function() w.model:deliver(d, step) end }
end

--- Those with a delivery that waits for its buyer.
function M.delivered(w)
  local out = deals_in(w, "delivered")
  for _, d in ipairs(deals_in(w, "assigned")) do
    local step = model_of.current(d)
    if step and step.state == "delivered" then out[#out + 1] = d end
  end
  return out
end

local function with_delivery(w, s)
  local d = choose(s, "deal", (s.c % 8 == 0 or s.of.deal) and w.model.deals or M.delivered(w), s.a)
  if d then return d, milestone_of(d, s) end
end

function OPS.accept(w, s)
  local d, step, i, is_over = with_delivery(w, s)
  if not d then return end
  local is_again = d.state == "accepted" and not d.steps
  local may, is_lost = model_of.may(d, "accept") == true or is_again, model_of.is_lost(d)
  return { may = may and not is_lost, lost = may and is_lost and function() w.model:lose(d) end,
           skip = is_over or d.steps ~= nil and step == nil,
           real = watched(w, function()
             if step then return w.services.milestones.accept(w.actors[d.buyer].id, d.id, i, "spec") end
             return w.services.transactions.accept(w.actors[d.buyer].id, d.id, "spec")
           end),
           model = function()
             if step then w.model:accept_step(d) elseif not is_again then w.model:accept(d) end
           end }
end

function OPS.revise(w, s)
  local d = pick_deal(w, s, "delivered")
  if not d or d.steps then return end
  return { may = model_of.may(d, "revise") == true,
           real = function() return w.services.transactions.revise(w.actors[d.buyer].id, d.id, "more") end,
           model = function() w.model:revise(d) end }
end

function OPS.dispute(w, s)
  local d, step, i, is_over = with_delivery(w, s)
  if not d then return end
  return { may = model_of.may(d, "dispute") == true, skip = is_over or d.steps ~= nil and step == nil,
           real = function()
             return w.services.disputes.open(w.actors[d.buyer], { transaction_id = d.id, reason = "not as agreed",
                                                                  milestone_sequence = i }, "spec")
           end,
           model = function(row) w.model:dispute(d, row.id) end }
end

--- Those whose dispute nobody has decided.
function M.disputed(w)
  local out = {}
  for _, d in ipairs(w.model.deals) do
    if model_of.is_disputed(d) then out[#out + 1] = d end
  end
  return out
end

function OPS.show(w, s)
  local d = choose(s, "deal", M.disputed(w), s.a)
  if not d then return end
  local by = s.side or s.b % 2 == 0 and "buyer" or "seller"
  return { may = d.dispute.state ~= "proposed" and d.dispute.shown[by] < 20,
           real = function()
             return w.services.disputes.show(w.actors[d[by]], { dispute_id = d.dispute.id, evidence_type = "text",
                                                                content = "x" })
           end,
           model = function() w.model:show(d, by) end, once = true }
end

local HOW = { "refund_buyer", "release_seller", "split" }

function OPS.resolve(w, s)
  local d = choose(s, "deal", M.disputed(w), s.a)
  if not d then return end
  local how, pct = s.how or HOW[s.b % (d.steps and 2 or 3) + 1], nil
  if how == "split" then pct = 1 + s.c % 99 end
  local is_lost = how ~= "refund_buyer" and model_of.is_lost(d)
  return { may = not is_lost, lost = is_lost and function() w.model:lose(d) end,
           real = function()
             return w.services.disputes.resolve(w.actors[1], { dispute_id = d.dispute.id, resolution = how, buyer_pct = pct,
                                                               note = "spec" })
           end,
           model = function() w.model:resolve(d, how, pct) end }
end

--- Transactions whose money is on a card.
function M.authorized(w)
  local out = {}
  for _, d in ipairs(w.model.deals) do
    if d.auth > 0 and not d.is_voided then out[#out + 1] = d end
  end
  return out
end

--- The bank of its buyer takes back what the card holds, and tells nobody.
function OPS.void(w, s)
  local d = choose(s, "deal", M.authorized(w), s.a)
  if not d then return end
  return { may = true, once = true,
           real = function()
             db.tx(function(tx) w.services.processor_test.cancel(tx, w.services.payments.of(tx, d.id)) end)
           end,
           model = function() d.is_voided = true end }
end

require "whole_credits" (OPS)
require("whole_other").ops(OPS, choose, listing)

return M
