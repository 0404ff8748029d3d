-- spec/support/whole_race.lua -- two operations on the same objects at once, each in a task and on a connection of its own.  Both
-- may go first: what came of them, and all that is so afterwards, is what the model says of one of the two orders.

local fail = require "human.fail"
local json = require "human.json"
local sched = require "human.core.sched"
local clock = require "whole_clock"
local mortal = require "mortal"
local model_of = require "whole_model"
local ops = require "whole_ops"

local M = {}

local OPEN, AT_WORK = model_of.OPEN, model_of.AT_WORK

-- ---- what may meet -------------------------------------------------------------------------------------------------

-- Transactions, or bids, of which something is so.
local function deals(fits)
  return function(w)
    local out = {}
    for _, d in ipairs(w.model.deals) do
      if fits(d) then out[#out + 1] = d end
    end
    return out, "deal"
  end
end

local function bids(w)
  local out = {}
  for _, ask in ipairs(w.model.asks) do
    for _, bid in ipairs(ask.bids) do out[#out + 1] = bid end
  end
  return out, "bid"
end

local function wallets() return { { by = 0 }, { by = 1 }, { by = 2 }, { by = 3 }, { by = 4 } }, "actor" end

local function is_delivered(d) return d.state == "delivered" end
local function is_at_work(d) return AT_WORK[d.state] and not d.steps end
local function is_pending(d) return d.state == "pending_payment" end
local function has_parts(d) return d.parts[1] and OPEN[d.state] and OPEN[d.parts[#d.parts].state] end

local function is_milestone_delivered(d)
  local step = model_of.current(d)
  return d.state == "assigned" and step ~= nil and step.state == "delivered"
end

local SELLER = { side = "seller" }
-- {of what, operation, operation, more of the first, more of the second}; below: the second is about its last part.
local MEETINGS = {
  { deals(is_delivered), "accept", "dispute" }, { deals(is_delivered), "accept", "revise" },
  { deals(is_delivered), "accept", "accept" }, { deals(is_delivered), "dispute", "revise" },
  { deals(is_milestone_delivered), "accept", "dispute" }, { deals(is_milestone_delivered), "accept", "accept" },
  { deals(is_at_work), "deliver", "cancel", nil, SELLER }, { deals(is_at_work), "subcontract", "cancel", nil, SELLER },
  { deals(is_at_work), "subcontract", "deliver" }, { deals(is_at_work), "subcontract", "subcontract" },
  { deals(is_pending), "assign", "cancel" }, { deals(is_pending), "assign", "assign" },
  { deals(model_of.is_disputed), "resolve", "resolve" }, { deals(model_of.is_disputed), "show", "resolve", SELLER },
  { deals(has_parts), "cancel", "accept", SELLER, below = true }, { deals(has_parts), "cancel", "deliver", SELLER, below = true },
  { deals(has_parts), "cancel", "dispute", SELLER, below = true }, { deals(has_parts), "deliver", "accept", below = true },
  { deals(has_parts), "cancel", "subcontract", SELLER, below = true },
  { bids, "take_bid", "reject_bid" }, { bids, "take_bid", "counter" }, { bids, "counter", "reject_bid" },
  { bids, "counter", "counter" }, { bids, "take_bid", "take_bid" },
  { wallets, "withdraw", "withdraw" }, { wallets, "purchase", "withdraw" }, { wallets, "purchase", "purchase" },
  { wallets, "deposit", "purchase" }, { wallets, "purchase", "purchase", beside = true },
}
-- What time may meet.
local LATE = { "accept", "dispute", "revise", "deliver", "cancel", "take_bid", "reject_bid", "counter", "assign", "resolve",
               "show", "subcontract" }

local function sub_step(s, k, op, more)
  local one = { n = s.n + k / 4, op = op, of = {}, a = s.a + k, b = s.b * k, c = s.c + k, d = s.d + k }
  for name, value in pairs(more or {}) do one[name] = value end
  if one.c % 8 == 0 then one.c = one.c + 1 end
  return one
end

-- What this step is about, which it then remembers.
local function arrange(w, s)
  if s.b % 4 == 0 and w.model:next_at() then
    s.two = { { op = "due" }, sub_step(s, 1, LATE[s.a % #LATE + 1]) }
    return
  end
  for i = 1, #MEETINGS do
    local it = MEETINGS[(s.a + i) % #MEETINGS + 1]
    local list, slot = it[1](w)
    local one = list[1] and list[s.b % #list + 1]
    if one then
      s.two = { sub_step(s, 1, it[2], it[4]), sub_step(s, 2, it[3], it[5]) }
      for k, sub in ipairs(s.two) do
        local about = it.below and k == 2 and one.parts[#one.parts].by or one.by
        if it.beside and k == 2 then about = about + 1 end
        if slot == "actor" then sub.actor = about else sub.of[slot] = about end
      end
      return
    end
  end
end

-- ---- both at once --------------------------------------------------------------------------------------------------

local function side_by_side(fns)
  local me, left, errors = sched.current(), #fns, {}
  for i, fn in ipairs(fns) do
    sched.spawn_as({ on_finish = function(_, err)
      errors[i] = err
      left = left - 1
      if left == 0 then sched.wake(me) end
    end }, fn)
  end
  if left > 0 then sched.suspend() end
  return errors
end

local function todo_of(w, sub, o)
  if sub.op == "due" then
    return { may = true, real = o.work, model = function() w.model:pass(o.to) end }
  end
  local todo = ops.OPS[sub.op](w, sub)
  return todo and not todo.skip and todo or nil
end

-- Plays both in one order on a copy of the model, and looks whether all is so.  Raises when it is not.
local function try(w, s, o, order)
  w.model = o.base:copy()
  for _, k in ipairs(order) do
    local todo, refused, op = todo_of(w, s.two[k], o), o.refused[k], s.two[k].op
    -- What has nothing left to be about is refused, or answered again.
    if todo and (refused == nil) ~= todo.may then
      error(("%s: %s"):format(op, refused and "was refused: " .. json.encode(refused) or "went through, and should not"), 0)
    end
    if todo and not refused then todo.model(o.results[k])
    elseif todo and todo.lost and refused.code == "capture_failed" then todo.lost() end
  end
  o.after(w)
end

-- One of them has nothing to be about: the other is as always, but time, which has gone on.
local function alone(w, o)
  if not o.to then return false end
  o.drain()
  w.model:pass(o.to)
  o.after(w)
  return true
end

-- Both at once; whoever has died begins again.
local function meet(fns, o)
  local errors
  mortal.survives(o.last, function() errors = side_by_side(fns) end)
  for k, err in pairs(errors) do
    if mortal.is_death(err) then
      o.died()
      local ok, why = pcall(fns[k])
      errors[k] = not ok and why or nil
    end
  end
  return errors
end

--- Plays a step: o = {drain(), work(): the same, up to what fails and is tried again later, after(w): does what follows in the
--- model, and checks, count(op, refused), last: before which
--- statement of both one dies, or nil, died(): is called then}.  Returns whether there was anything to do.
function M.play(w, s, o)
  if not s.two then arrange(w, s) end
  if not s.two then return false end
  if s.two[1].op == "due" then
    o.to = w.model:next_at()
    if not o.to then return false end
    o.to = math.max(o.to, w.model.now)
    clock.set(o.to)
    w.model.now = o.to
  end
  o.results, o.refused, o.base = {}, {}, w.model
  local fns = {}
  for k, sub in ipairs(s.two) do
    local todo = todo_of(w, sub, o)
    if not todo then return alone(w, o) end
    fns[k] = function() o.results[k] = todo.real() end
  end
  for k, err in pairs(meet(fns, o)) do
    if not fail.is(err) then error(err, 0) end
    o.refused[k] = err
  end
  o.drain()
  for k, sub in ipairs(s.two) do o.count(sub.op, o.refused[k]) end
  local ok, first = pcall(try, w, s, o, { 1, 2 })
  if ok then return true end
  local second
  ok, second = pcall(try, w, s, o, { 2, 1 })
  if ok then return true end
  error(("%s and %s at once: in this order %s; in the other %s"):format(s.two[1].op, s.two[2].op,
    tostring(first), tostring(second)), 0)
end

return M
