-- host/lua/core/timer.lua -- any number of timers on the worker's one wake-up.
-- Timers of one duration expire in the order in which they were started, so each duration is a list
-- and starting, cancelling and restarting are O(1) (the shape of Node's lib/internal/timers.js).
-- Callbacks run outside a task: they must not await; to wait, they spawn a task.

local host = require "human.core.host"

local M = {}
local lists = {}                                 -- duration -> list; only non-empty ones
local armed = math.huge                          -- when the host wakes us next

local function arm(at)
  if at >= armed then return end
  armed = at
  host.timer(math.max(at - host.now(), 0))
end

local function append(list, h)
  local tail = list.tail
  h.prev, h.next, h.list = tail, nil, list
  if tail then tail.next = h else list.head = h end
  list.tail = h
end

local function unlink(h)
  local list, prev, next = h.list, h.prev, h.next
  if prev then prev.next = next else list.head = next end
  if next then next.prev = prev else list.tail = prev end
  h.prev, h.next, h.list = nil, nil, nil
  if not list.head then lists[list.duration] = nil end
end

-- Durations are rounded up to a millisecond (10 ms over one second), which keeps the lists few.
local function rounded(seconds)
  if seconds <= 0.001 then return 0.001 end     -- never in this turn: a zero timer must not spin
  local unit = seconds > 1 and 100 or 1000
  return math.ceil(seconds * unit - 1e-6) / unit
end

local function list_for(duration)
  local list = lists[duration]
  if not list then
    list = { duration = duration }
    lists[duration] = list
  end
  return list
end

-- Calls fn(arg) once, `seconds` from now.  Returns a handle for cancel() and restart().
function M.start(seconds, fn, arg)
  local duration = rounded(seconds)
  local at = host.now() + duration
  local h = { fn = fn, arg = arg, at = at, duration = duration }
  append(list_for(duration), h)
  arm(at)
  return h
end

-- Safe on a handle that has fired or was already cancelled.
function M.cancel(h)
  if h and h.list then unlink(h) end
end

-- Restarts the full duration, whether or not it has fired.
function M.restart(h)
  if h.list then unlink(h) end
  h.at = host.now() + h.duration
  append(list_for(h.duration), h)
  arm(h.at)
end

local function expire(list, now)
  local h = list.head
  while h and h.at <= now do
    unlink(h)
    local ok, err = pcall(h.fn, h.arg)
    if not ok then host.log(0, "timer failed: " .. tostring(err)) end
    h = list.head
  end
end

-- Runs all timers that are due; called at the host's wake-up.
function M.run()
  armed = math.huge
  local now, due = host.now(), {}
  for _, list in pairs(lists) do
    if list.head.at <= now then due[#due + 1] = list end
  end
  for _, list in ipairs(due) do expire(list, now) end
  local first = math.huge
  for _, list in pairs(lists) do
    if list.head.at < first then first = list.head.at end
  end
  if first < math.huge then arm(first) end
end

return M
