-- spec/support/ledger_model.lua -- a small model of the ledger, and what may happen to it: each kind of thing once for the
-- model and once for the database.

local credits = require "marketplace.credits"
local escrow = require "marketplace.escrow"
local money = require "marketplace.money"
local moves = require "marketplace.moves"

local M = {}

local ACTORS, OBJECTS = 4, 6

-- ---- chance, the same for a seed everywhere ------------------------------------------------------------------

local function chance(seed)
  local state = seed
  return function(n)
    state = (state * 16807) % 2147483647
    return state % n + 1
  end
end

-- ---- the model ------------------------------------------------------------------------------------------------

local Model = {}
Model.__index = Model

function M.new()
  local m = { lots = {}, held = {}, authorised = {}, done = {}, out = {}, backing = 0 }
  for a = 1, ACTORS do m.lots[a] = {} end
  for t = 1, OBJECTS do m.held[t] = 0 end
  return setmetatable(m, Model)
end

function Model:add(actor, pool, amount, expired)
  if amount <= 0 then return end
  table.insert(self.lots[actor], { pool = pool, amount = amount, rest = amount, expired = expired })
end

function Model:once(event, what)
  local key = event .. ":" .. what
  if self.done[key] then return false end
  self.done[key] = true
  return true
end

-- Newest first, of the marketplace pool first.  nil when there is not enough.
function Model:take(actor, amount, only)
  local got, list = { M = 0, W = 0 }, {}
  for _, pool in ipairs(only and { only } or { "M", "W" }) do
    for i = #self.lots[actor], 1, -1 do
      local lot = self.lots[actor][i]
      local part = lot.pool == pool and not lot.expired and math.min(lot.rest, amount - got.M - got.W) or 0
      if part > 0 then
        got[pool] = got[pool] + part
        list[#list + 1] = { lot = lot, amount = part }
      end
    end
  end
  if got.M + got.W < amount then return nil end
  for _, use in ipairs(list) do use.lot.rest = use.lot.rest - use.amount end
  return got, list
end

-- What could be taken of a pool.
function Model:live(actor, pool)
  local n = 0
  for _, lot in ipairs(self.lots[actor]) do
    if lot.pool == pool and not lot.expired then n = n + lot.rest end
  end
  return n
end

function Model:sum(actor, pool)
  local n = 0
  for _, lot in ipairs(self.lots[actor]) do
    if lot.pool == pool then n = n + lot.rest end
  end
  return n
end

function Model:lots_of(actor)
  local list = {}
  for i, lot in ipairs(self.lots[actor]) do list[i] = ("%s%d"):format(lot.pool, lot.rest) end
  return table.concat(list, " ")
end

-- ---- what may happen: to the model, and to the database --------------------------------------------------------
-- Each is {make(pick): a step, model(model, step): whether it happens, real(tx, step, name): does it}.

local KINDS = {}

KINDS.grant = {
  make = function(pick) return { actor = pick(ACTORS), amount = pick(5000) * 10 + pick(9), expired = pick(2) == 1 } end,
  model = function(m, s) m:add(s.actor, "M", s.amount, s.expired) return true end,
  real = function(tx, s, name)
    credits.grant(tx, "grant", name(s), { actor = name(s.actor), amount = s.amount, reason = "halvening_grant",
      expires_at = s.expired and "2001-01-01T00:00:00Z" or "2999-01-01T00:00:00Z" })
  end,
}

KINDS.deposit = {
  make = function(pick) return { actor = pick(ACTORS), gross = 100 + pick(5000), fee = pick(20) - 1 } end,
  model = function(m, s)
    m:add(s.actor, "W", (s.gross - s.fee) * 1000)
    m.backing = m.backing + s.gross - s.fee
    return true
  end,
  real = function(tx, s, name)
    moves.deposit(tx, name(s), { actor = name(s.actor), gross = s.gross, fee = s.fee })
  end,
}

KINDS.purchase = {
  make = function(pick)
    local buyer = pick(ACTORS)
    return { buyer = buyer, provider = buyer % ACTORS + 1, price = pick(3) == 1 and pick(9000000) or pick(90000) }
  end,
  model = function(m, s)
    local got = m:take(s.buyer, s.price)
    if not got then return false end
    local fee = math.floor((s.price * 1500 + 5000) / 10000)
    local fee_m = math.floor(fee * got.M / s.price)
    m:add(s.provider, "M", got.M - fee_m)
    m:add(s.provider, "W", got.W - (fee - fee_m))
    return true
  end,
  real = function(tx, s, name)
    moves.purchase(tx, "tool.paid", name(s), { buyer = name(s.buyer), provider = name(s.provider),
      price_mrc = s.price, fee_mrc = money.share(s.price, 1500), reason = "tool_subscription" })
  end,
}

-- The platform's own: the audit says whether it is right.
KINDS.tool_fees = {
  make = function() return { repeats = true } end,
  model = function() return true end,
  real = function(tx)
    moves.earn_tool_fees(tx)
    local rest = tx:value(moves.sql.tool_fees)
    assert(rest >= 0 and rest < 1000, "the platform is left with " .. rest)
  end,
}

KINDS.withdraw = {
  make = function(pick) return { actor = pick(ACTORS), cents = pick(4000) } end,
  model = function(m, s)
    local got, list = m:take(s.actor, s.cents * 1000, "W")
    if got then m.out[s.n] = { actor = s.actor, cents = s.cents, list = list } end
    return got ~= nil
  end,
  real = function(tx, s, name) moves.withdraw(tx, name(s), { actor = name(s.actor), cents = s.cents }) end,
}

-- One of the withdrawals before it, which may have been refused, paid or failed.
local function of_withdrawal(happens)
  return function(m, s)
    local w = m.out[s.of]
    if not w then return false end
    m.out[s.of] = nil
    happens(m, w)
    return true
  end
end

KINDS.paid = {
  make = function() return { refers = "withdraw" } end,
  model = of_withdrawal(function(m, w) m.backing = m.backing - w.cents end),
  real = function(tx, s, name)
    return moves.withdrawal_paid(tx, name { n = s.of }, { actor = name(s.its.actor), cents = s.its.cents,
      fee = math.min(25, s.its.cents) })
  end,
}

KINDS.failed = {
  make = function() return { refers = "withdraw" } end,
  model = of_withdrawal(function(_, w)
    for _, use in ipairs(w.list) do use.lot.rest = use.lot.rest + use.amount end
  end),
  real = function(tx, s, name)
    return moves.withdrawal_failed(tx, name { n = s.of }, { actor = name(s.its.actor), cents = s.its.cents })
  end,
}

KINDS.expire = {
  make = function(pick) return { actor = pick(ACTORS), repeats = true } end,
  model = function(m, s)
    for _, lot in ipairs(m.lots[s.actor]) do
      if lot.expired then lot.rest = 0 end
    end
    return true
  end,
  real = function(tx, s, name) credits.expire(tx, name(s.actor)) end,
}

KINDS.authorise = {
  make = function(pick) return { object = pick(OBJECTS), price = pick(20000) } end,
  model = function(m, s)
    if not m:once("authorised", s.object) then return false end
    m.authorised[s.object] = s.price
    return true
  end,
  real = function(tx, s, name) escrow.authorise(tx, name("t" .. s.object), s.price) end,
}

KINDS.let_go = {
  make = function(pick) return { object = pick(OBJECTS) } end,
  model = function(m, s)
    local was = m.authorised[s.object]
    m.authorised[s.object] = nil
    return was ~= nil
  end,
  real = function(tx, s, name) return escrow.let_go(tx, name("t" .. s.object)) end,
}

KINDS.capture = {
  make = function(pick) return { object = pick(OBJECTS), price = pick(20000) } end,
  model = function(m, s)
    if not m:once("captured", s.object) then return false end
    m.authorised[s.object] = nil
    m.held[s.object] = m.held[s.object] + s.price
    return true
  end,
  real = function(tx, s, name) escrow.capture(tx, name("t" .. s.object), s.price, 31) end,
}

KINDS.carve = {
  make = function(pick)
    local parent = pick(OBJECTS)
    return { parent = parent, child = parent % OBJECTS + 1, price = pick(9000) }
  end,
  model = function(m, s)
    if m.held[s.parent] < s.price or not m:once("carved", s.child) then return false end
    m.held[s.parent], m.held[s.child] = m.held[s.parent] - s.price, m.held[s.child] + s.price
    return true
  end,
  real = function(tx, s, name) escrow.carve(tx, name("t" .. s.parent), name("t" .. s.child), s.price) end,
}

KINDS.release = {
  make = function(pick) return { object = pick(OBJECTS), seller = pick(ACTORS), part = pick(3) } end,
  model = function(m, s)
    s.price = s.part == 1 and m.held[s.object] or math.floor(m.held[s.object] / s.part)
    if s.price == 0 then s.price = 4242 end      -- more than there is
    if m.held[s.object] < s.price then return false end
    local fee = math.floor((s.price * 1000 + 5000) / 10000)
    m.held[s.object] = m.held[s.object] - s.price
    m.backing = m.backing + s.price - fee
    m:add(s.seller, "W", (s.price - fee) * 1000)
    return true
  end,
  real = function(tx, s, name)
    local fee = money.share(s.price, 1000)
    escrow.release(tx, name(s), { id = name("t" .. s.object), seller = name(s.seller), payout = s.price - fee,
      fee = fee })
  end,
}

KINDS.refund = {
  make = function(pick) return { object = pick(OBJECTS), amount = pick(9000) } end,
  model = function(m, s)
    if m.held[s.object] < s.amount then return false end
    m.held[s.object] = m.held[s.object] - s.amount
    return true
  end,
  real = function(tx, s, name) escrow.refund(tx, name(s), name("t" .. s.object), s.amount) end,
}

local NAMES = {}
for kind in pairs(KINDS) do NAMES[#NAMES + 1] = kind end
table.sort(NAMES)

--- n steps, the same for a seed everywhere.
function M.steps(seed, n)
  local pick, list = chance(seed), {}
  local before = { withdraw = {}, purchase = {} }
  for i = 1, n do
    local kind = NAMES[pick(#NAMES)]
    local step = KINDS[kind].make(pick)
    step.kind, step.n, step.fault = kind, i, pick(1000)
    if step.refers then
      local those = before[step.refers]
      step.its = those[pick(math.max(1, #those))] or { n = 0, actor = 1, cents = 1, buyer = 1, provider = 2, price = 1 }
      step.of = step.its.n
    end
    if before[kind] then table.insert(before[kind], step) end
    list[i] = step
  end
  return list
end

M.KINDS, M.ACTORS, M.OBJECTS = KINDS, ACTORS, OBJECTS

return M
