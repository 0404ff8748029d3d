-- spec/support/whole_goals.lua -- what is played next (whole_play.lua): half by chance, weighted by what is possible, and half on the
-- way to a state that has not been reached yet.

local model_of = require "whole_model"
local ops = require "whole_ops"
local other = require "whole_other"

local M = {}

local OPEN, AT_WORK, YEAR_H = model_of.OPEN, model_of.AT_WORK, 8790
local DEALS_OPEN = 14

-- ---- ways: fn(w, s) -> the next operation on the way, and what it is about (fields of a step) ------------------------

local function with(op, d, more)
  more = more or {}
  more.of = more.of or { deal = d.by }
  return op, more
end

-- Brings a transaction to an end, or to a dispute.
local function lead(d, want)
  if d.state == "pending_payment" then return with("assign", d) end
  if AT_WORK[d.state] then
    for _, part in ipairs(d.parts) do
      if OPEN[part.state] then return lead(part, "accepted") end
    end
    return with("deliver", d)
  end
  if d.state == "delivered" then return with(want == "disputed" and "dispute" or "accept", d) end
  return with("resolve", d)
end

local function first(w, fits)
  for _, d in ipairs(w.model.deals) do
    if fits(d) then return d end
  end
end

local function is_root_at_work(d) return not d.parent and not d.steps and AT_WORK[d.state] end

local function has_due(d)
  for _, part in ipairs(model_of.below(d)) do
    if part.due > 0 then return true end
  end
end

local function new_deal(w)
  local waits = first(w, function(it) return not it.parent and not it.steps and it.state == "pending_payment" end)
  if waits then return with("assign", waits) end
  return "buy", { of = {} }
end

-- A whole with parts that have been accepted.
local function grow(w)
  local d = first(w, function(it)
    for _, part in ipairs(it.parts) do
      if is_root_at_work(it) and OPEN[part.state] then return true end
    end
  end)
  if d then return lead(d, "accepted") end
  d = first(w, function(it) return is_root_at_work(it) and ops.offers_for(w, it)[1] end)
  if d then return with("subcontract", d, { c = 1, b = 1 }) end
  return new_deal(w)
end

local WAYS = {}
M.WAYS = WAYS

WAYS["accepted part"] = grow

WAYS["accepted part of a part"] = function(w)
  local d = first(w, function(it) return it.parent and it.parent.parent and OPEN[it.state] end)
  if d then return lead(d, "accepted") end
  d = first(w, function(it)
    return it.parent and not it.parent.parent and AT_WORK[it.state] and ops.offers_for(w, it)[1]
  end)
  if d then return with("subcontract", d, { c = 1, b = 1 }) end
  d = first(w, function(it) return is_root_at_work(it) and ops.offers_for(w, it)[1] end)
  if d then return with("subcontract", d, { c = 1, b = 1 }) end
  return new_deal(w)
end

WAYS["paid part"] = function(w)
  local d = first(w, function(it) return not it.parent and it.state ~= "disputed" and OPEN[it.state] and has_due(it) end)
  if d then return lead(d, "accepted") end
  return grow(w)
end

WAYS["divided dispute with parts"] = function(w)
  local d = first(w, function(it) return not it.parent and OPEN[it.state] and has_due(it) end)
  if not d then return grow(w) end
  if d.state == "disputed" then return with("resolve", d, { how = "split" }) end
  return lead(d, "disputed")
end

WAYS["declined whole with parts"] = function(w)
  local d = first(w, function(it) return is_root_at_work(it) and has_due(it) end)
  if d then return with("cancel", d, { side = "seller" }) end
  return grow(w)
end

WAYS["refund"] = function(w)
  local d = first(w, function(it) return is_root_at_work(it) and it.captured and it.held > 0 end)
  if d then return with("cancel", d, { side = "seller" }) end
  return grow(w)
end

-- A bid with milestones is accepted.
local function new_milestones(w)
  for _, ask in ipairs(w.model.asks) do
    for _, bid in ipairs(ask.bids) do
      if bid.shares and bid.shares[2] then return "take_bid", { of = { bid = bid.by } } end
    end
  end
  return "bid", { of = {}, shares = 3 }
end

WAYS["milestones accepted partly"] = function(w)
  local d = first(w, function(it) return it.steps and it.steps[2] and (OPEN[it.state] or it.state == "pending_payment") end)
  if not d then return new_milestones(w) end
  local step, i = model_of.current(d)
  if d.state == "pending_payment" then return with("assign", d) end
  if step.state == "disputed" then return with("resolve", d, { how = i > 1 and "refund_buyer" or "release_seller" }) end
  if step.state == "delivered" then return with(i > 1 and "dispute" or "accept", d) end
  if i > 1 and d.n % 2 == 0 then return with("cancel", d, { side = "seller" }) end
  return with("deliver", d)
end

WAYS["withdrawal that failed"] = function(w)
  local last = #w.actors
  if w.model:sum(last, "W") < 100000 then return "deposit", { actor = last - 1, c = 1 } end
  return "withdraw", { actor = last - 1, c = 1, d = 1 }
end

WAYS["several lots of W"] = function(w)
  local lots, sum, newest = 0, 0, 0
  for _, lot in ipairs(w.model.wallets[1]) do
    if lot.pool == "W" and lot.rest > 0 then lots, sum, newest = lots + 1, sum + lot.rest, lot.rest end
  end
  local cents = math.floor((sum + newest) / 2000)
  if lots < 2 or cents < 100 or cents * 1000 <= newest then return "deposit", { actor = 0, c = 1 } end
  return "withdraw", { actor = 0, c = 1, d = 1, cents = cents }
end

WAYS["several lots of M"] = function(w)
  for n = 1, #w.actors do
    local lots, sum = 0, 0
    for _, lot in ipairs(w.model.wallets[n]) do
      if lot.pool == "M" and lot.rest > 0 then lots, sum = lots + 1, sum + lot.rest end
    end
    if lots > 1 then return "purchase", { actor = n - 1, price = sum - 1 } end
  end
  return "purchase", { actor = 2, price = 5000 }
end

WAYS["auto-bid"] = function(w)
  for _, c in pairs(w.model.auto) do
    if c.is_enabled then return "ask", {} end
  end
  return "auto_bid", { c = 3 }
end

local function bid_that(w, fits)
  for _, ask in ipairs(w.model.asks) do
    for _, bid in ipairs(ask.bids) do
      if fits(bid) then return bid end
    end
  end
end

WAYS["counter offer accepted"] = function(w)
  local bid = bid_that(w, function(bid) return bid.turn end)
  if bid then return "take_bid", { of = { bid = bid.by } } end
  bid = bid_that(w, function() return true end)
  if bid then return "counter", { of = { bid = bid.by }, c = 1 } end
  return "bid", { of = {} }
end

WAYS["paid referral"] = function(w)
  local d = first(w, function(it) return not it.parent and not it.steps and (OPEN[it.state] or it.state == "pending_payment") end)
  if d then return lead(d, "accepted") end
  return new_deal(w)
end

-- Time goes on while a dispute waits; its buyer's card is still only authorized.
local function wait_in_dispute(w)
  local d = first(w, function(it) return it.auth > 0 and it.state == "disputed" end)
  if d then
    if d.dispute.state == "open" then return with("show", d, { side = "seller" }) end
    if d.dispute.shown.buyer == 0 and d.dispute.state == "responded" then return with("show", d, { side = "buyer" }) end
    return "time", { hours = d.dispute.state == "responded" and 72 or 100 }
  end
  d = first(w, function(it) return it.auth > 0 and is_root_at_work(it) or it.state == "delivered" and it.auth > 0 end)
  if d then return lead(d, "disputed") end
  return new_deal(w)
end

WAYS["expired hold"] = wait_in_dispute
WAYS["proposal that counts"] = wait_in_dispute

-- The bank takes back what its card holds, and somebody asks for it.
local function lose(state)
  return function(w)
    local d = first(w, function(it) return it.is_voided and it.state == state and it.auth > 0 end)
    if d and AT_WORK[state] then return with("subcontract", d, { c = 1, b = 1 }) end
    if d then return with(state == "disputed" and "resolve" or "accept", d, { how = "split" }) end
    d = first(w, function(it) return it.auth > 0 and it.state == state end)
    if d then return with("void", d) end
    d = first(w, function(it) return it.auth > 0 and is_root_at_work(it) or it.state == "delivered" and it.auth > 0 end)
    if d and d.state == "delivered" and state == "revision_requested" and d.revisions < 2 then return with("revise", d) end
    if d then return lead(d, "disputed") end
    return new_deal(w)
  end
end
for _, state in ipairs { "assigned", "delivered", "revision_requested", "disputed" } do WAYS["lost while " .. state] = lose(state) end

WAYS["data product"] = function(w)
  for _, offer in ipairs(w.model.offers) do
    if offer.is_data then return "buy", { of = { offer = offer.by }, b = offer.seller } end
  end
  return "list_data", {}
end

local function of_slot(passes)
  return function(w)
    local slot, free = other.at_work(w)[1], other.free(w)[1]
    if slot and passes == nil then return "time", { hours = 24 } end
    if slot then return "submit", { of = { slot = slot.by }, passes = passes } end
    if free then return "take_task", { of = { task = free.by }, seller = free.seller } end
    return "post_task", {}
  end
end
WAYS["credit task passed"], WAYS["credit task failed"], WAYS["credit task expired"] = of_slot(true), of_slot(false), of_slot()

local function of_chargeback(how)
  return function(w)
    local charged, captured = other.charged(w, "needs_response")[1], other.charged(w, nil)[1]
    if charged then return with("decide", charged, { how = how }) end
    if captured then return with("charge_back", captured) end
    return WAYS["paid referral"](w)
  end
end
WAYS["chargeback won"], WAYS["chargeback lost"] = of_chargeback "won", of_chargeback "lost"

WAYS["accepted by silence"] = function(w)
  local d = first(w, function(it) return it.state == "delivered" end)
  if d then return "time", { hours = 48 } end
  return WAYS["paid referral"](w)
end

WAYS["given up as late"] = function(w)
  if first(w, function(it) return AT_WORK[it.state] end) then return "time", { hours = 30 } end
  return new_deal(w)
end

WAYS["bid that timed out"] = function(w)
  if bid_that(w, function() return true end) then return "time", { hours = 168 } end
  return "bid", { of = {} }
end

WAYS["credits that expired"] = function() return "time", { hours = YEAR_H } end

--- What a run has to reach: first what needs no time.
M.KINDS = { "accepted part", "divided dispute with parts", "milestones accepted partly", "several lots of M",
  "withdrawal that failed", "declined whole with parts", "counter offer accepted", "paid part", "auto-bid", "paid referral",
  "several lots of W", "refund", "accepted part of a part", "lost while assigned", "lost while delivered",
  "lost while revision_requested", "lost while disputed", "data product", "credit task passed", "credit task failed",
  "chargeback won", "chargeback lost", "credit task expired", "expired hold", "proposal that counts", "accepted by silence",
  "given up as late", "bid that timed out", "credits that expired" }
local TIMELESS = 22

-- The way to go: to what the run is about, then to what has not been reached, in an order of the run's own; then to any,
-- half as often.
local function way(w, s)
  if w.first and not w.model.reached[w.first] then return WAYS[w.first] end
  for i = 1, #M.KINDS do
    local kind = M.KINDS[i <= TIMELESS and (i + w.turn * 5) % TIMELESS + 1 or i]
    if not w.model.reached[kind] then return WAYS[kind] end
  end
  return s.r % 16 < 8 and WAYS[M.KINDS[(math.floor(s.n / 12) * 7 + w.turn) % #M.KINDS + 1]] or nil
end

-- ---- chance --------------------------------------------------------------------------------------------------------

--- How likely an operation is when it is possible.
M.LIKELY = { list = 1, ask = 1, bid = 4, counter = 2, take_bid = 3, reject_bid = 1, buy = 4, assign = 6, cancel = 1,
             deliver = 9, accept = 7, revise = 2, dispute = 4, show = 3, resolve = 4, subcontract = 9, deposit = 2,
             withdraw = 2, purchase = 2, auto_bid = 1, time = 2, race = 10,
             void = 1, list_data = 1, post_task = 1, take_task = 2, submit = 2, charge_back = 1, decide = 1 }

local function weights(w)
  local m, can, open = w.model, {}, 0
  for name in pairs(M.LIKELY) do can[name] = true end
  local at_work, pending, fit, bids = false, false, false, false
  for _, d in ipairs(m.deals) do
    if OPEN[d.state] then open = open + 1 end
    at_work, pending = at_work or AT_WORK[d.state], pending or d.state == "pending_payment"
    fit = fit or AT_WORK[d.state] and ops.offers_for(w, d)[1] ~= nil
  end
  for _, ask in ipairs(m.asks) do bids = bids or #ask.bids > 0 end
  local delivered, disputed = ops.delivered(w)[1] ~= nil, ops.disputed(w)[1] ~= nil
  can.list, can.ask, can.buy = #m.offers < 12, #m.asks < 8, open < DEALS_OPEN
  can.list_data, can.post_task, can.take_task = #m.offers < 12, #m.tasks < 6, m.tasks[1] ~= nil
  can.submit, can.charge_back = other.at_work(w)[1] ~= nil, other.charged(w, nil)[1] ~= nil
  can.decide = other.charged(w, "needs_response")[1] ~= nil
  can.counter, can.take_bid, can.reject_bid = bids, bids and open < DEALS_OPEN, bids
  can.assign, can.deliver, can.cancel = pending, at_work, at_work or pending
  can.accept, can.dispute, can.revise = delivered, delivered, delivered
  can.void = ops.authorized(w)[1] ~= nil
  can.show, can.resolve, can.subcontract = disputed, disputed, fit and open < 2 * DEALS_OPEN
  return can
end

local NAMES = {}
for name in pairs(M.LIKELY) do NAMES[#NAMES + 1] = name end
table.sort(NAMES)

local function by_chance(w, n)
  local can, sum = weights(w), 0
  for _, name in ipairs(NAMES) do sum = sum + (can[name] and M.LIKELY[name] or 0) end
  n = n % sum
  for _, name in ipairs(NAMES) do
    n = n - (can[name] and M.LIKELY[name] or 0)
    if n < 0 then return name end
  end
end

--- Says what a step does, if it has not been said: its op, what that is about, and how.
function M.choose(w, s)
  if s.op then return end
  local more
  local next_step = s.r % 8 < 6 and way(w, s)
  if next_step then s.op, more = next_step(w, s) end
  if not s.op then s.op = by_chance(w, math.floor(s.r / 16)) end
  for name, value in pairs(more or {}) do s[name] = value end
end

return M
