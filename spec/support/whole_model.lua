-- spec/support/whole_model.lua -- a small model of trade: what state each transaction is in, whose money is where, and what
-- becomes of both.  It knows nothing of tables: amounts are cents, and thousandths of a credit in wallets.

local M = {}
M.__index = M

local OPEN = { assigned = true, delivered = true, revision_requested = true, disputed = true }
local AT_WORK = { assigned = true, revision_requested = true }

local function share(amount, bp) return math.floor((amount * bp + 5000) / 10000) end

--- An empty world.
function M.new() return setmetatable({ wallets = {}, deals = {}, fees = 0, moves = 0 }, M) end

--- An actor, with what it was given.
function M:actor(n, m_mrc) self.wallets[n] = { M = m_mrc, W = 0 } end

--- A new transaction: {buyer, seller, price, parent (a transaction of this model), shares (of milestones)}.
function M:deal(d)
  d.fee = share(d.price, 1000)
  d.state, d.held, d.auth, d.due, d.captured, d.parts = "pending_payment", 0, 0, 0, false, {}
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
  self.deals[#self.deals + 1] = d
  if d.parent then
    self:capture(d.parent)
    d.parent.held, d.held, d.state = d.parent.held - d.price, d.price, "assigned"
    table.insert(d.parent.parts, d)
  end
  return d
end

function M.capture(_, d)
  if d.parent or d.captured then return end
  d.held, d.auth, d.captured = d.price, 0, true
end

--- What is left of its price for subcontracts.
function M.free(d) return (d.captured and d.held or d.parent and d.held or d.price) - d.fee end

function M.authorize(d) d.auth = d.price end

function M:assign(d)
  d.state, d.breached = "assigned", false
  if d.steps or d.sla + 48 + 72 > 144 then self:capture(d) end
  if d.steps then d.steps[1].state = "active" end
end

local function pay(self, seller, payout, fee)
  self.wallets[seller].W, self.fees = self.wallets[seller].W + payout * 1000, self.fees + fee
end

local function each_below(d, fn)
  for _, part in ipairs(d.parts) do
    fn(part)
    each_below(part, fn)
  end
end

local function kept(d)
  local sum = d.held + d.due
  each_below(d, function(part) sum = sum + part.held + part.due end)
  return sum
end

local function fee_of(d, has) return math.min(has, math.floor((2 * d.fee * kept(d) + d.price) / (2 * d.price))) end

-- The seller of d has what it holds, or the whole has: then all parts' sellers have theirs.
local function release(self, d)
  self:capture(d)
  if d.parent then
    d.held, d.due = 0, d.due + d.held
    return
  end
  local list = { { d, d.held, fee_of(d, d.held) } }
  each_below(d, function(part) list[#list + 1] = { part, part.due, fee_of(part, part.due) } end)
  for _, one in ipairs(list) do pay(self, one[1].seller, one[2] - one[3], one[3]) end
  d.held = 0
  each_below(d, function(part) part.due = 0 end)
end

local function to_buyer(d, amount)
  d.held = d.held - amount
  if d.parent then d.parent.held = d.parent.held + amount end
end

function M.refund(_, d, state)
  d.state = state
  for _, step in ipairs(d.steps or {}) do
    if step.state == "pending" or step.state == "active" then step.state = "canceled" end
  end
  each_below(d, function(part)
    if OPEN[part.state] then part.state = "canceled" end
    d.held = d.held + part.held + part.due
    part.held, part.due = 0, 0
  end)
  if d.auth > 0 then d.auth = 0 else to_buyer(d, d.held) end
end

function M:accept(d)
  d.state = "accepted"
  release(self, d)
end

function M:split(d, pct)
  self:capture(d)
  d.state = "split_resolved"
  local bp, sum = math.floor(pct * 100 + 0.5), d.held
  local back = share(sum, bp)
  d.held = d.held - back
  -- Below it in the order of their depth: sums are rounded.
  local level = { d }
  while level[1] do
    local next_level = {}
    for _, one in ipairs(level) do
      for _, part in ipairs(one.parts) do next_level[#next_level + 1] = part end
    end
    table.sort(next_level, function(a, b) return a.n < b.n end)
    for _, part in ipairs(next_level) do
      sum = sum + part.due
      local now = share(sum, bp)
      part.due, back = part.due - (now - back), now
    end
    level = next_level
  end
  if d.parent then d.parent.held = d.parent.held + back end
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
  pay(self, d.seller, step.payout, step.fee)
  if d.steps[i + 1] then d.steps[i + 1].state, d.breached = "active", false else d.state = "accepted" end
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
  if what == "revise" then return s == "delivered" and (d.revisions or 0) < 2 end
  if what == "accept" or what == "dispute" then return s == "delivered" end
  if what == "subcontract" then return AT_WORK[s] == true end
end

-- ---- credits ---------------------------------------------------------------------------------------------------

function M:deposit(n, cents, fee)
  self.wallets[n].W, self.moves = self.wallets[n].W + (cents - fee) * 1000, self.moves + fee
end

function M:withdraw(n, cents, fee, is_paid)
  if not is_paid then return end
  self.wallets[n].W, self.moves = self.wallets[n].W - cents * 1000, self.moves + fee
end

--- Credits pay for a tool: marketplace credits first, and what is earned is of the same pools.
function M:purchase(buyer, provider, price, fee)
  local b, p = self.wallets[buyer], self.wallets[provider]
  if b.M + b.W < price then return false end
  local m = math.min(b.M, price)
  local fee_m = math.floor(fee * m / price)
  b.M, b.W = b.M - m, b.W - (price - m)
  p.M, p.W = p.M + m - fee_m, p.W + price - m - (fee - fee_m)
  return true
end

return M
