-- spec/support/whole_play.lua -- plays lists of operations (whole_ops.lua) against the services and the model.  The process may
-- die before any statement and at any commit, several times in a row; after each step all invariants hold, and whatever the
-- model knows is so.

local fail = require "human.fail"
local json = require "human.json"
local clock = require "whole_clock"
local goals = require "whole_goals"
local mortal = require "mortal"
local ops = require "whole_ops"
local race = require "whole_race"
local world = require "whole_world"

-- How often each thing was done (and not refused), was refused, and was reached; how often the process died, and where.
local M = { done = {}, refused = {}, reached = {}, deaths = 0, race_deaths = 0, queue_deaths = {}, played = 0 }

local STATEMENTS, ROWS_MAX, SLICE_H = 30, 300, 12  -- of what has not been counted yet
-- Done again at once: answered, or refused, but never done twice.
local AGAIN = { accept = true, cancel = true, assign = true, resolve = true, take_bid = true, deliver = true, dispute = true,
                charge_back = true, decide = true, take_task = true }

-- ---- chance, the same for a seed everywhere ------------------------------------------------------------------------

--- n steps, the same for a seed everywhere.  What each of them does is known once it has been played.  o: {first = a kind of
--- whole_goals.lua that they lead to first, immortal = true: nobody dies}.
function M.steps(seed, n, o)
  o = o or {}
  local state, list = (seed * 7919 + 104729) * 48271 % 2147483647, { turn = seed, first = o.first }
  local function pick(most)
    state = (state * 16807) % 2147483647
    return math.floor(state / 7) % most
  end
  local function deaths()
    local out = {}
    if o.immortal then return out end
    for i = 1, ({ 0, 0, 1, 1, 2 })[pick(5) + 1] do out[i] = pick(99991) end
    return out
  end
  for i = 1, n do
    list[i] = { n = i, r = pick(99991), a = pick(99991), b = pick(99991), c = pick(99991), d = pick(99991), of = {},
                deaths = deaths(), drain = deaths() }
  end
  return list
end

-- ---- a step ----------------------------------------------------------------------------------------------------------

-- Runs fn, which may die before its statement number `last`: whether it has not, whether it was refused, and how many
-- statements there were.
local function attempt(last, fn)
  local ok, alive, count = pcall(mortal.survives, last, fn)
  if ok then
    if not alive then M.deaths = M.deaths + 1 end
    return alive, nil, count
  end
  if not fail.is(alive) then error(alive, 0) end
  return true, alive
end

-- Before which statement (or commit) of `what` the process dies, by a number: of as many as it had the last time.
local function last_of(w, what, n) return n % (w.statements[what] or STATEMENTS) + 1 end

-- Does something until nobody dies: each number is a death on the way.  died() is called after each.  Returns what was
-- refused.
local function insist(w, what, deaths, fn, died)
  for _, n in ipairs(deaths) do
    local alive, refused = attempt(last_of(w, what, n), fn)
    if alive then return refused end
    died()
  end
  local _, refused, count = attempt(nil, fn)
  w.statements[what] = count or w.statements[what]
  return refused
end

-- What waits for nothing but a worker; each may die some times before it is done.  Nothing may fail, or (is_first_try) what
-- does is left for later.
local function drain(w, deaths, is_first_try)
  for _ = 1, ROWS_MAX do
    local found = world.due()
    if not found then return end
    local refused = insist(w, found.kind, deaths, function() world.work(w, found) end, function()
      M.queue_deaths[found.kind] = (M.queue_deaths[found.kind] or 0) + 1
      world.check_audit()
    end)
    if refused and is_first_try then return end
    if refused then error(found.kind .. " fails: " .. json.encode(refused), 0) end
  end
  error("the queue never ends", 0)
end

local function assign_paid(w)
  for _, d in ipairs(w.model.deals) do
    if d.state == "pending_payment" and d.buyer > world.HUMANS then
      w.model:authorize(d)
      w.model:assign(d)
    end
  end
end

local function settle(w, s)
  drain(w, s.drain)
  assign_paid(w)
  w.model:give_gifts()
end

-- As a host that is there all the time: what is due is done within half a day.
local function wait(w, s, hours)
  local target = w.model.now + hours
  repeat
    local next_at = w.model:next_at() or target
    local to = math.min(target, math.max(next_at, w.model.now + SLICE_H))
    clock.set(to)
    drain(w, s.drain)
    w.model:pass(to)
    assign_paid(w)
    world.check(w)
  until to >= target
end

local function count(op, refused)
  local of = refused and M.refused or M.done
  of[op] = (of[op] or 0) + 1
end

local function operate(w, s, todo)
  local result
  local function real() result = todo.real() end
  local refused = insist(w, s.op, s.deaths, real, world.check_audit)
  if (refused == nil) ~= todo.may then
    error(refused and "was refused: " .. json.encode(refused) or "went through, and should not", 0)
  end
  if not refused then todo.model(result) elseif todo.lost and refused.code == "capture_failed" then todo.lost() end
  count(s.op, refused)
  settle(w, s)
  if not refused and AGAIN[s.op] and not todo.once then attempt(nil, real) end
  world.check(w)
end

-- Two at once, of which one may die, and begins again when the other has ended.
local function both(w, s)
  local function after()
    assign_paid(w)
    w.model:give_gifts()
    world.check(w)
  end
  local o = { drain = function() drain(w, {}) end, work = function() drain(w, {}, true) end, after = after, count = count,
              last = s.deaths[1] and last_of(w, "race", s.deaths[1]) }
  function o.died()
    M.race_deaths = M.race_deaths + 1
    world.check_audit()
  end
  if not race.play(w, s, o) then return false end
  M.played = M.played + 1
  count "race"
  return true
end

local function play(w, s)
  goals.choose(w, s)
  if s.op == "race" then return both(w, s) end
  local todo = ops.OPS[s.op](w, s)
  if not todo or todo.skip then return false end
  M.played = M.played + 1
  if todo.hours then
    count "time"
    wait(w, s, todo.hours)
  else
    operate(w, s, todo)
  end
  return true
end

local function note_reached(w)
  for kind, n in pairs(w.model.reached) do M.reached[kind] = (M.reached[kind] or 0) + n end
end

--- Plays all steps in a world of their own, until `until_s` at most.  Returns what went wrong, or nil; how many steps did
--- something, and how many were played.
function M.run(loaded, steps, until_s)
  local at, did, played, w = nil, 0, 0, nil
  local ok, err = pcall(function()
    w = world.new(loaded, ops.OPS, steps)
    for _, s in ipairs(steps) do
      if until_s and os.time() >= until_s then break end
      at, played = s, played + 1
      if play(w, s) then did = did + 1 end
    end
  end)
  if w then note_reached(w) end
  if ok then return nil, did, played end
  local why = fail.is(err) and json.encode(err) or type(err) == "table" and json.encode_sorted(err) or tostring(err)
  return ("step %d, %s: %s"):format(at and at.n or 0, at and at.op or "none", why), did, played
end

--- The shortest list that still fails, by leaving out smaller and smaller parts, as far as one gets in so many seconds.
function M.shrink(loaded, steps, seconds)
  local until_s, most = os.time() + seconds, select(3, M.run(loaded, steps))
  local function take(list)
    list.turn, list.first = steps.turn, steps.first
    return list
  end
  local fewest = take { unpack(steps, 1, most) }
  local size = math.ceil(#fewest / 2)
  while size >= 1 and os.time() < until_s do
    local from = 1
    while from <= #fewest and os.time() < until_s do
      local fewer = take {}
      for i, step in ipairs(fewest) do
        if i < from or i >= from + size then fewer[#fewer + 1] = step end
      end
      if #fewer > 0 and M.run(loaded, fewer) then fewest = fewer else from = from + size end
    end
    size = size > 1 and math.ceil(size / 2) or 0
  end
  return fewest
end

--- A list of steps for people.
function M.text(steps)
  local out = {}
  for i, s in ipairs(steps) do out[i] = "  " .. json.encode_sorted(s) end
  return table.concat(out, "\n")
end

return M
