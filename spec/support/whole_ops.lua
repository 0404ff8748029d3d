-- spec/support/whole_ops.lua -- what actors may do on the marketplace, each once for the services and once for the model of
-- them (whole_model.lua).  An operation picks what it is about when its turn comes, by numbers that it was made with, so
-- that a list of them still means something when some are left out.

local db = require "human.db"
local json = require "human.json"
local model_of = require "whole_model"

local M = {}

local COMPANY = "data:extraction"

-- The one of a list that a number means, or nil.
local function one_of(list, n) return list[1] and list[n % #list + 1] end

local function deals_in(w, ...)
  local out, wanted = {}, {}
  for _, state in ipairs { ... } do wanted[state] = true end
  for _, d in ipairs(w.model.deals) do
    if wanted[d.state] then out[#out + 1] = d end
  end
  return out
end

-- Mostly one that is in one of these states, sometimes any.
local function pick_deal(w, s, ...)
  local list = s.c % 8 == 0 and w.model.deals or deals_in(w, ...)
  return one_of(list, s.a)
end

local function listing(w, n, fields)
  fields.listing_type, fields.title, fields.description, fields.category_tags = "task_execution", "T", "D", { COMPANY }
  fields.negotiation_permitted, fields.min_seller_tier = true, 0
  return w.services.listings.create(w.actors[n], fields)
end

-- ---- operations: fn(w, s) -> nothing to do, or {real = fn() -> result, may = boolean or nil, model = fn(result)} ----

local OPS = {}
M.OPS = OPS

function OPS.list(w, s)
  local n, price = s.a % #w.actors + 1, 100 + s.b % 9000
  return { may = true, real = function() return listing(w, n, { direction = "sell", price_cents = price, sla_hours = 24 }) end,
           model = function(row) table.insert(w.offers, { id = row.id, seller = n, price = price }) end }
end

function OPS.ask(w, s)
  local n = s.a % #w.actors + 1
  return { may = true, real = function() return listing(w, n, { direction = "buy", budget_ceiling_cents = 20000 }) end,
           model = function(row) table.insert(w.asks, { id = row.id, buyer = n, bids = {} }) end }
end

local SHARES = { { 10000 }, { 4000, 6000 }, { 3333, 3333, 3334 } }

function OPS.bid(w, s)
  local ask = one_of(w.asks, s.a)
  if not ask then return end
  local n, price = s.b % #w.actors + 1, 1 + s.c % 30000
  local shares, milestones, sla = s.d % 3 == 0 and SHARES[s.d % #SHARES + 1] or nil, nil, s.d % 2 == 0 and 24 or 100
  if shares then
    milestones = {}
    for i, bp in ipairs(shares) do milestones[i] = { title = "m", share_bp = bp, sla_hours = sla } end
  end
  return {
    may = n ~= ask.buyer and not ask.bids[n] and not ask.deal,
    real = function()
      return w.services.bids.create(w.actors[n], { listing_id = ask.id, price_cents = price, sla_hours = sla,
                                                   milestones = milestones })
    end,
    model = function(row)
      ask.bids[n] = { id = row.id, price = price, shares = shares, sla = sla, seller = n, round = 0 }
      ask.last = n
    end }
end

local function open_bid(w, s)
  local ask = one_of(w.asks, s.a)
  local bid = ask and ask.last and ask.bids[ask.last]
  if bid then return ask, bid end
end

function OPS.counter(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  local by, price = bid.round == 0 and ask.buyer or bid.by == ask.buyer and bid.seller or ask.buyer, 1 + s.b % 30000
  return { may = bid.round < 2, real = function() return w.services.bids.counter(w.actors[by], bid.id, { price_cents = price }) end,
           model = function() bid.round, bid.by, bid.price = bid.round + 1, by, price end }
end

function OPS.take_bid(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  local by = bid.round == 0 and ask.buyer or bid.by == ask.buyer and bid.seller or ask.buyer
  return {
    may = true,
    real = function()
      local bids = w.services.bids
      return (bid.round == 0 and bids.accept or bids.counter_accept)(w.actors[by].id, bid.id)
    end,
    model = function(row)
      ask.bids, ask.last = {}, nil
      w.model:deal { id = row.id, n = #w.model.deals + 1, buyer = ask.buyer, seller = bid.seller, price = bid.price,
                     shares = bid.shares, sla = bid.sla }
    end }
end

function OPS.reject_bid(w, s)
  local ask, bid = open_bid(w, s)
  if not bid then return end
  local bids = w.services.bids
  return { may = true,
           real = function()
             if s.b % 2 == 0 then return bids.withdraw(w.actors[bid.seller].id, bid.id) end
             if bid.round == 0 then return bids.reject(w.actors[ask.buyer].id, bid.id) end
             return bids.counter_reject(w.actors[bid.by == ask.buyer and bid.seller or ask.buyer].id, bid.id)
           end,
           model = function() ask.bids[bid.seller], ask.last = nil, nil end }
end

function OPS.buy(w, s)
  local offer = one_of(w.offers, s.a)
  if not offer then return end
  local n = s.b % w.humans + 1
  return { may = n ~= offer.seller,
           real = function() return w.services.purchases.create(w.actors[n], { listing_id = offer.id, cause = "spec" }) end,
           model = function(row)
             w.model:deal { id = row.id, n = #w.model.deals + 1, buyer = n, seller = offer.seller, price = offer.price, sla = 24 }
           end }
end

local function is_in_chain(d, n)
  while d do
    if d.buyer == n or d.seller == n then return true end
    d = d.parent
  end
end

local function depth(d) return d.parent and depth(d.parent) + 1 or 0 end

-- A parent and an offer that go together; sometimes any.
local function pick_part(w, s)
  local pairs_of = {}
  for _, parent in ipairs(deals_in(w, "assigned", "revision_requested")) do
    for _, offer in ipairs(w.offers) do
      if s.c % 5 == 0 or not parent.steps and not is_in_chain(parent, offer.seller) then
        pairs_of[#pairs_of + 1] = { parent, offer }
      end
    end
  end
  return unpack(one_of(pairs_of, s.a) or {})
end

function OPS.subcontract(w, s)
  local parent, offer = pick_part(w, s)
  if not parent then return end
  local price = 1 + s.d % math.max(1, math.min(offer.price, s.b % 3 == 0 and offer.price or model_of.free(parent)))
  return {
    may = model_of.may(parent, "subcontract") == true and not parent.steps and depth(parent) < 3
      and not is_in_chain(parent, offer.seller) and price <= model_of.free(parent),
    real = function()
      return w.services.purchases.create(w.actors[parent.seller], { listing_id = offer.id, parent_id = parent.id,
                                                                    price_cents = price, cause = "spec" })
    end,
    model = function(row)
      w.model:deal { id = row.id, n = #w.model.deals + 1, buyer = parent.seller, seller = offer.seller, price = price,
                     parent = parent, sla = 24 }
    end }
end

function OPS.assign(w, s)
  local d = pick_deal(w, s, "pending_payment", "pending_payment")
  if not d then return end
  return { may = d.state == "pending_payment" or d.state == "assigned",
           real = function() return w.services.transactions.assign_by(w.actors[d.buyer].id, d.id) end,
           model = function()
             if d.state ~= "pending_payment" then return end
             model_of.authorize(d)
             w.model:assign(d)
           end }
end

function OPS.cancel(w, s)
  local d = pick_deal(w, s, "pending_payment", "assigned", "revision_requested")
  if not d or s.d % 3 > 0 then return end
  local by = s.b % 2 == 0 and "buyer" or "seller"
  local is_over = d.state == "canceled" or d.state == "canceled_refunded"
  return { may = model_of.may(d, "cancel", by) or is_over,
           real = function() return w.services.transactions.cancel(w.actors[d[by]].id, d.id) end,
           model = function()
             if not is_over then w.model:refund(d, d.state == "pending_payment" and "canceled" or "canceled_refunded") end
           end }
end

function OPS.deliver(w, s)
  local d = pick_deal(w, s, "assigned", "revision_requested")
  if not d then return end
  local step, i = model_of.current(d)
  return { may = model_of.may(d, "deliver") == true and i ~= nil == (d.steps ~= nil),
           real = function()
             if step then return w.services.milestones.deliver(w.actors[d.seller].id, d.id, i, "{}") end
             return w.services.transactions.deliver(w.actors[d.seller].id, d.id, { output_data = "{}" })
           end,
           model = function() if step then step.state = "delivered" else d.state = "delivered" end end }
end

local function with_delivery(w, s)
  local d = s.c % 2 == 0 and pick_deal(w, s, "delivered") or one_of(deals_in(w, "delivered", "assigned"), s.a)
  if d then return d, model_of.current(d) end
end

function OPS.accept(w, s)
  local d, step, i = with_delivery(w, s)
  if not d then return end
  local is_again = d.state == "accepted" and not d.steps
  return { may = model_of.may(d, "accept") == true or is_again,
           real = function()
             if step then return w.services.milestones.accept(w.actors[d.buyer].id, d.id, i, "spec") end
             return w.services.transactions.accept(w.actors[d.buyer].id, d.id, "spec")
           end,
           model = function()
             if step then w.model:accept_step(d) elseif not is_again then w.model:accept(d) end
           end, skip = d.steps ~= nil and step == nil }
end

function OPS.revise(w, s)
  local d = pick_deal(w, s, "delivered")
  if not d or d.steps then return end
  return { may = model_of.may(d, "revise") == true,
           real = function() return w.services.transactions.revise(w.actors[d.buyer].id, d.id, "more") end,
           model = function() d.state, d.revisions, d.breached = "revision_requested", (d.revisions or 0) + 1, false end }
end

function OPS.dispute(w, s)
  local d, step, i = with_delivery(w, s)
  if not d or s.d % 2 == 0 then return end
  return { may = model_of.may(d, "dispute") == true, skip = d.steps ~= nil and step == nil,
           real = function()
             return w.services.disputes.open(w.actors[d.buyer], { transaction_id = d.id, reason = "not as agreed",
                                                                  milestone_sequence = i }, "spec")
           end,
           model = function(row)
             d.dispute, d.responded = row.id, false
             if step then step.state = "disputed" else d.state = "disputed" end
           end }
end

function OPS.show(w, s)
  local d = one_of(deals_in(w, "disputed"), s.a)
  if not d then return end
  return { may = true,
           real = function()
             return w.services.disputes.show(w.actors[d.seller], { dispute_id = d.dispute, evidence_type = "text", content = "x" })
           end,
           model = function() d.responded = true end }
end

local HOW = { "refund_buyer", "release_seller", "split" }

function OPS.resolve(w, s)
  local open = {}
  for _, d in ipairs(w.model.deals) do
    local step = model_of.current(d)
    if d.state == "disputed" or step and step.state == "disputed" and d.state == "assigned" then open[#open + 1] = d end
  end
  local d = one_of(open, s.a)
  if not d then return end
  local how, pct = HOW[s.b % (d.steps and 2 or 3) + 1], nil
  if how == "split" then pct = 1 + s.c % 99 end
  return { may = true,
           real = function()
             return w.services.disputes.resolve(w.actors[1], { dispute_id = d.dispute, resolution = how, buyer_pct = pct,
                                                               note = "spec" })
           end,
           model = function()
             if d.steps then
               if how == "refund_buyer" then w.model:refuse_step(d) else w.model:accept_step(d) end
             elseif how == "split" then
               w.model:split(d, pct)
             elseif how == "refund_buyer" then
               w.model:refund(d, "refunded")
             else
               w.model:accept(d)
             end
           end }
end

-- ---- credits -----------------------------------------------------------------------------------------------------

local function rate(amount, bp, least) return math.min(amount, math.max(math.floor((amount * bp + 5000) / 10000), least)) end

function OPS.deposit(w, s)
  local n, cents = s.a % #w.actors + 1, 100 + s.b % 20000
  local declined = s.c % 5 == 0
  return { may = true,
           real = function()
             return db.tx(function(tx)
               local made, why = w.services.deposits.begin(tx, w.actors[n], cents,
                 declined and "pm_test_declined" or "pm_test_ok")
               return { id = made.id, why = why }
             end)
           end,
           model = function() if not declined then w.model:deposit(n, cents, rate(cents, 25, 0)) end end }
end

function OPS.withdraw(w, s)
  local n, cents = s.a % #w.actors + 1, 1 + s.b % 9000
  return { may = w.model.wallets[n].W >= cents * 1000,
           real = function()
             return db.tx(function(tx)
               return w.services.withdrawals.begin(tx, w.actors[n], { kind = "withdrawal", amount_cents = cents })
             end)
           end,
           model = function()             -- a founder's first of the month is free
             local fee = w.has_withdrawn[n] and rate(cents, 25, 25) or 0
             w.has_withdrawn[n] = true
             w.model:withdraw(n, cents, fee, n ~= #w.actors)
           end }
end

function OPS.purchase(w, s)
  local buyer, price = s.a % #w.actors + 1, 1 + s.b % 300000
  local provider, fee = buyer % #w.actors + 1, math.floor(price * 15 / 100)
  local has = w.model.wallets[buyer].M + w.model.wallets[buyer].W
  return { may = has >= price,
           real = function()
             return db.tx(function(tx)
               return w.services.moves.purchase(tx, "tool.paid", w.name .. s.n, { buyer = w.actors[buyer].id,
                 provider = w.actors[provider].id, price_mrc = price, fee_mrc = fee, reason = "tool_subscription" })
             end)
           end,
           model = function() w.model:purchase(buyer, provider, price, fee) end, once = true }
end

-- ---- time: the next thing that waits for a transaction happens ------------------------------------------------------

local TIMERS = [[select kind, id, key, payload from host_queue where kind in ('market.transaction', 'market.milestone',
    'market.dispute', 'market.escrow_guard') and due_at > human_now() order by due_at, seq limit 1000]]

-- What a row is about, by the payment or dispute that it names.
local OF = { ["market.escrow_guard"] = "select transaction_id from market_payments where id = $1::uuid",
             ["market.dispute"] = "select transaction_id from market_disputes where id = $1::uuid" }

local AT_WORK = { assigned = true, revision_requested = true }
local ON = {}

function ON.payment(w, d) if d.state == "pending_payment" then w.model:refund(d, "canceled") end end

function ON.review(w, d, at, it, step)
  if it.review_deadline ~= at or (step or d).state ~= "delivered" then return end
  if step then w.model:accept_step(d) else w.model:accept(d) end
end

local function is_late(d, at, it, step)
  return it.sla_deadline == at and AT_WORK[d.state] and (not step or step.state == "active")
end

function ON.sla_breach(_, d, at, it, step) if is_late(d, at, it, step) then d.breached = true end end

function ON.sla_refund(w, d, at, it, step)
  if is_late(d, at, it, step) then w.model:refund(d, "canceled_refunded") end
end

local function dispute_due(w, d, state)
  if state == (d.responded and "open" or "responded") then return end
  local step = model_of.current(d)
  if (step or d).state ~= "disputed" then return end
  if d.steps then return w.model:refuse_step(d) end
  if state == "open" then w.model:refund(d, "refunded") else w.model:accept(d) end
end

local function time_of(w, row, d, p)
  if row.kind == "market.escrow_guard" then
    if d.auth > 0 then w.model:capture(d) end
  elseif row.kind == "market.dispute" then
    dispute_due(w, d, p.state)
  elseif ON[p.what] then
    local step = p.sequence and d.steps[p.sequence]
    local it = db.tx(function(tx)
      return step and w.services.milestones.list(tx, d.id)[p.sequence] or w.services.transactions.get(tx, d.id)
    end)
    return function() ON[p.what](w, d, p.at, it, step) end
  end
end

function OPS.time(w, s)
  local row = one_of(db.query(TIMERS), s.a)
  if not row then return end
  local p = json.decode(row.payload)
  if p == json.null then p = {} end
  local id = OF[row.kind] and db.value(OF[row.kind], row.key) or p.transaction_id or row.key
  for _, d in ipairs(w.model.deals) do
    if d.id == id then
      local later = ON[p.what] and time_of(w, row, d, p) or function() time_of(w, row, d, p) end
      return { may = true, real = function() w.work(row) end, model = later, once = true }
    end
  end
end

return M
