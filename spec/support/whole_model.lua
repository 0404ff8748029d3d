-- spec/support/whole_model.lua -- a small model of trade: what state each transaction and bid is in, whose money is where, what
-- becomes of both, and when.  It knows nothing of tables: amounts are cents, and thousandths of a credit in wallets; times
-- are hours.  It is data alone, so that a copy of it can be tried.

local lots = require "whole_lots"

local M = {}
M.__index = M
for name, fn in pairs(lots) do M[name] = fn end

local OPEN = { assigned = true, delivered = true, revision_requested = true, disputed = true }
local AT_WORK = { assigned = true, revision_requested = true }
M.OPEN, M.AT_WORK = OPEN, AT_WORK

local function share(amount, bp) return math.floor((amount * bp + 5000) / 10000) end

--- An empty world.  year_h(): how long credits last that are given away now.
function M.new(year_h)
  return setmetatable({ now = 0, seq = 0, timers = {}, wallets = {}, deals = {}, offers = {}, asks = {}, fees = 0, moves = 0,
                        tasks = {}, slots = {}, losses = 0, kept = 0, auto = {}, referrer = {}, gifts = {}, withdrawn = {}, reached = {}, year_h = year_h }, M)
end

--- One more of a kind of thing that this is about.
function M:reach(kind) self.reached[kind] = (self.reached[kind] or 0) + 1 end

-- ---- time ----------------------------------------------------------------------------------------------------------

local ON = {}                                    -- by name: fn(model, timer)

--- In so many hours something happens.  Returns when that is.
function M:after(hours, what, timer)
  timer.at, timer.what, self.seq = self.now + hours, what, self.seq + 1
  timer.seq = self.seq
  table.insert(self.timers, timer)
  return timer.at
end

--- When the next thing happens; nil: nothing waits.
function M:next_at()
  local at
  for _, t in ipairs(self.timers) do at = math.min(at or t.at, t.at) end
  return at
end

--- It is so late now: what was due by then has happened, the earliest first.  Returns whether anything was.
function M:pass(to)
  self.now = to
  local any = false
  while true do
    local first
    for i, t in ipairs(self.timers) do
      local f = first and self.timers[first]
      if t.at <= to and (not f or t.at < f.at or t.at == f.at and t.seq < f.seq) then first = i end
    end
    if not first then break end
    local t = table.remove(self.timers, first)
    ON[t.what](self, t)
    any = true
  end
  self:give_gifts()
  return any
end

-- ---- transactions --------------------------------------------------------------------------------------------------

--- A new transaction: {by, buyer, seller, price, sla, parent (a transaction of this model), shares (of milestones)}.
function M:deal(d)
  d.n, d.fee = #self.deals + 1, share(d.price, 1000)
  d.state, d.held, d.auth, d.due, d.captured, d.parts, d.revisions = "pending_payment", 0, 0, 0, false, {}, 0
  if d.shares then
    d.steps = {}
    local sum, fee, payout = 0, 0, 0
    for i, bp in ipairs(d.shares) do
      sum = sum + bp
      local f, p = share(d.fee, sum), share(d.price - d.fee, sum)
      d.steps[i] = { state = "pending", fee = f - fee, payout = p - payout }
      fee, payout = f, p
    end
  end
  self.deals[d.n] = d
  if d.parent then
    self:capture(d.parent)                       -- whose money is there: see is_lost
    d.parent.held, d.held = d.parent.held - d.price, d.price
    table.insert(d.parent.parts, d)
    self:assign(d)
  else
    self:after(24, "payment", { d = d })
  end
  return d
end

function ON.payment(m, t) if t.d.state == "pending_payment" then m:refund(t.d, "canceled") end end

function M.capture(_, d)
  if d.parent or d.captured then return end
  d.held, d.auth, d.captured = d.price, 0, true
end

--- Whether its bank has taken back what its buyer's card held, so that it cannot be captured.
function M.is_lost(d) return d.is_voided == true and d.auth > 0 end

--- It cannot be: what it was for ends, and nobody is paid.
function M:lose(d)
  self:reach("lost while " .. d.state)
  if M.is_disputed(d) then d.dispute.state = "resolved" end
  d.state, d.auth = "canceled", 0
end

-- Takes its money; false: that is gone.
local function take(self, d)
  if M.is_lost(d) then
    self:lose(d)
    return false
  end
  self:capture(d)
  return true
end

--- What is left of its price for subcontracts.
function M.free(d) return (d.captured and d.held or d.parent and d.held or d.price) - d.fee end

--- Its buyer's card holds the price.
function M:authorize(d)
  d.auth = d.price
  self:after(144, "guard", { d = d })
end

function ON.guard(m, t)
  if t.d.auth == 0 then return end
  if take(m, t.d) then m:reach "expired hold" end
end

-- The time of a task, or of a part of it, counts from now.
local function begin(m, d, step)
  local it = step or d
  d.breached, it.sla_at = false, m.now + d.sla
  m:after(d.sla, "breach", { d = d, step = step })
  m:after(d.sla + math.min(24, d.sla / 4), "late", { d = d, step = step })
end

local function is_late(d, step) return AT_WORK[d.state] and (not step or step.state == "active") end

function ON.breach(_, t)
  if is_late(t.d, t.step) and (t.step or t.d).sla_at == t.at then t.d.breached = true end
end

function ON.late(m, t)
  local it = t.step or t.d
  local due_at = t.at - math.min(24, t.d.sla / 4)
  if not is_late(t.d, t.step) or it.sla_at ~= due_at then return end
  m:reach "given up as late"
  m:refund(t.d, "canceled_refunded")
end

function M:assign(d)
  d.state = "assigned"
  if d.is_data then                              -- which is there at once
    self:capture(d)
    self:reach "data product"
    return self:deliver(d)
  end
  if not d.parent and (d.steps or d.sla + 48 + 72 > 144) then self:capture(d) end
  if d.steps then d.steps[1].state = "active" end
  begin(self, d, d.steps and d.steps[1])
end

function M:deliver(d, step)
  local it = step or d
  it.state, it.review_at = "delivered", self:after(48, "review", { d = d, step = step })
end

function ON.review(m, t)
  local it = t.step or t.d
  if it.state ~= "delivered" or it.review_at ~= t.at then return end
  m:reach "accepted by silence"
  if t.step then m:accept_step(t.d) else m:accept(t.d) end
end

function M:revise(d)
  d.state, d.revisions = "revision_requested", d.revisions + 1
  begin(self, d)
end

--- All below a transaction, in the order in which sums are made of them.
function M.below(d)
  local out, level = {}, { d }
  while level[1] do
    local next_level = {}
    for _, one in ipairs(level) do
      for _, part in ipairs(one.parts) do next_level[#next_level + 1] = part end
    end
    table.sort(next_level, function(a, b) return a.n < b.n end)
    for _, part in ipairs(next_level) do out[#out + 1] = part end
    level = next_level
  end
  return out
end

local function kept(d)
  local sum = d.held + d.due
  for _, part in ipairs(M.below(d)) do sum = sum + part.held + part.due end
  return sum
end

local function fee_of(d, has) return math.min(has, math.floor((2 * d.fee * kept(d) + d.price) / (2 * d.price))) end

local function pay(self, d, payout, fee)
  self:add(d.seller, "W", payout * 1000, "task_completion")
  self.fees = self.fees + fee
end

-- The seller of d has what it holds, or the whole has: then all parts' sellers have theirs.
local function release(self, d)
  self:capture(d)
  if d.parent then
    d.earned, d.held, d.due = true, 0, d.due + d.held
    return
  end
  local list = { { d, d.held, fee_of(d, d.held) } }
  for _, part in ipairs(M.below(d)) do list[#list + 1] = { part, part.due, fee_of(part, part.due) } end
  for _, one in ipairs(list) do
    pay(self, one[1], one[2] - one[3], one[3])
    if one[1].parent and one[2] > 0 then self:reach "paid part" end
    if one[1].parent and one[1].earned and not one[1].is_returned then self:business(one[1]) end
    one[1].held, one[1].due = one[1].held - (one[1] == d and one[2] or 0), 0
  end
end

local function to_buyer(self, d, amount)
  d.held = d.held - amount
  if d.parent then d.parent.held = d.parent.held + amount elseif amount > 0 then self:reach "refund" end
end

-- Whether any part has earned something that waits.
local function has_due(d)
  for _, part in ipairs(M.below(d)) do if part.due > 0 then return true end end
end

function M:refund(d, state)
  if state == "canceled_refunded" and has_due(d) then self:reach "declined whole with parts" end
  d.state = state
  for i, step in ipairs(d.steps or {}) do
    if i > 1 and d.steps[i - 1].state == "accepted" and step.state ~= "accepted" then self:reach "milestones accepted partly" end
    if step.state == "pending" or step.state == "active" then step.state = "canceled" end
  end
  for _, part in ipairs(M.below(d)) do
    if M.is_disputed(part) then part.dispute.state = "resolved" end
    if OPEN[part.state] then part.state = "canceled" end
    d.held = d.held + part.held + part.due
    part.held, part.due, part.is_returned = 0, 0, true
  end
  if d.auth > 0 then d.auth = 0 else to_buyer(self, d, d.held) end
end

function M:accept(d)
  if not take(self, d) then return end
  d.state = "accepted"
  if d.parent then
    self:reach(d.parent.parent and "accepted part of a part" or "accepted part")
  else
    self:business(d)
  end
  release(self, d)
end

function M:split(d, pct)
  if not take(self, d) then return end
  if has_due(d) then self:reach "divided dispute with parts" end
  d.state = "split_resolved"
  local bp, sum = math.floor(pct * 100 + 0.5), d.held
  local back = share(sum, bp)
  local all = back
  for _, part in ipairs(M.below(d)) do
    sum = sum + part.due
    local now = share(sum, bp)
    if now > all and now - all == part.due then part.is_returned = true end
    part.due, all = part.due - (now - all), now
  end
  d.held = d.held + all - back
  to_buyer(self, d, all)
  release(self, d)
end

--- The part of a transaction that is under way.
function M.current(d)
  for i, step in ipairs(d.steps or {}) do
    if step.state ~= "accepted" then return step, i end
  end
end

function M:accept_step(d)
  local step, i = M.current(d)
  step.state, d.held = "accepted", d.held - step.payout - step.fee
  pay(self, d, step.payout, step.fee)
  local following = d.steps[i + 1]
  if not following then
    d.state = "accepted"
    return self:business(d)
  end
  following.state = "active"
  begin(self, d, following)
end

function M:refuse_step(d)
  M.current(d).state = "refunded"
  self:refund(d, "canceled_refunded")
end

--- Whether something may happen to a transaction now: what = the event, by = "buyer", "seller" or nil.
function M.may(d, what, by)
  local s, step = d.state, M.current(d)
  if what == "cancel" then
    if s == "pending_payment" then return true end
    if not AT_WORK[s] or step and (step.state == "delivered" or step.state == "disputed") then return false end
    return by == "seller" or d.breached == true
  end
  if d.steps then
    if s ~= "assigned" then return false end
    return what == "deliver" and step.state == "active" or (what == "accept" or what == "dispute") and step.state == "delivered"
  end
  if what == "deliver" then
    for _, part in ipairs(d.parts) do
      if OPEN[part.state] then return false end
    end
    return AT_WORK[s] == true
  end
  if what == "revise" then return s == "delivered" and d.revisions < 2 end
  if what == "accept" or what == "dispute" then return s == "delivered" end
  if what == "subcontract" then return AT_WORK[s] == true end
end

function ON.expire(m, t) m:expire(t.n, t.at) end

require "whole_bids" (M, ON)
require("whole_other").model(M, ON)

-- ---- trying it -----------------------------------------------------------------------------------------------------

--- A copy, which goes its own way.
function M.copy(model)
  local known = {}
  local function copy(it)
    if type(it) ~= "table" then return it end
    if known[it] then return known[it] end
    local out = {}
    known[it] = out
    for k, v in pairs(it) do out[copy(k)] = copy(v) end
    return setmetatable(out, getmetatable(it))
  end
  return copy(model)
end

return M
