-- host/lua/sched.lua -- tasks, awaiting, cancelling.  The whole of our concurrency.
-- A task is a coroutine that may wait for a host op (await) or for another part of the runtime
-- (suspend/wake).  It is ended by raising inside it, so that its pcall-based cleanup runs; a
-- suspended coroutine is never dropped.  Coroutines are reused: a task costs one small table.

local host = require "human.host"
local timer = require "human.timer"

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local next_event, clock, task_new, task_end = host.next, host.clock, host.task_new, host.task_end
local DONE, CANCELED_CODE = host.EV.DONE, host.E.CANCELED

local M = {}
local IDLE, PARKED = {}, {}                      -- what a coroutine yields besides an op id
local POOL_MAX, FAIR_EVERY = 256, 4
local waiting = {}                               -- op id -> task
local owners = {}                                -- host task id -> task
local chunks = {}                                -- op id -> function(status, data)
local pool, pooled = {}, 0
local ready, n_ready = {}, 0                     -- tasks woken during this event
local current                                    -- the task that runs now
local live = 0
local listed = {}                                -- tasks that wait or have waited: task -> true
local trace_of                                   -- task -> its trace (human.trace)
local handlers = {}                              -- event kind -> function(status, id, owner, data)

M.generation = nil                               -- the one in service (gen.install)
M.Canceled = setmetatable({}, { __tostring = function() return "canceled" end })
M.TooMany = setmetatable({}, { __tostring = function() return "too many operations in one request" end })

local function body(fn, a, b, c, d, e)
  while true do
    fn(a, b, c, d, e)
    fn, a, b, c, d, e = yield(IDLE)
  end
end

local function report(task, err)
  if err == M.Canceled then return end
  local text = type(err) == "string" and debug.traceback(task.co, err) or tostring(err)
  host.log(0, "task failed: " .. text)
end

local function finish(task, err)
  live = live - 1
  task.ended = true
  if task.listed then listed[task] = nil end
  if task.deadline then timer.cancel(task.deadline) end
  if task.owner then
    owners[task.owner] = nil
    task_end(task.owner)
  end
  local hook = task.on_finish
  if hook then hook(task, err) elseif err then report(task, err) end
end

local function on_deadline(task)
  task.deadline = nil
  M.kill(task, task.limit_error or M.Canceled)
end

local function step(task, a, b, c, d, e, f)
  local outer = current
  current = task
  local ok, what = resume(task.co, a, b, c, d, e, f)
  current = outer
  if not ok then return finish(task, what) end
  if what == IDLE then
    if pooled < POOL_MAX then
      pooled = pooled + 1
      pool[pooled] = task.co
    end
    return finish(task)
  end
  if not task.listed then
    task.listed, listed[task] = true, true
  end
  if what ~= PARKED then
    waiting[what], task.op = task, what
  else
    task.parked = true
  end
  if task.limit and not task.deadline then
    task.deadline = timer.start(task.limit, on_deadline, task)
  end
end

local function coroutine_for_task()
  if pooled == 0 then return create(body) end
  local co = pool[pooled]
  pool[pooled] = nil
  pooled = pooled - 1
  return co
end

-- Run fn(a..e) as the given task, at once, until its first await.  The caller prepares the table when
-- the task must know more before it runs: {on_finish = function(task, err), limit = seconds,
-- limit_error = what is raised then, max_awaits = n, gen = the generation of scripts whose code it
-- runs}.  Returns it.
function M.spawn_as(task, fn, a, b, c, d, e)
  task.co, task.ended, task.awaits = coroutine_for_task(), false, 0
  if task.gen == nil then task.gen = current and current.gen or M.generation end
  if current and trace_of and (current.req or current.trace) then task.trace = trace_of(current) end
  live = live + 1
  step(task, fn, a, b, c, d, e)
  return task
end

-- The same with a new table.  An error that nobody handles is logged.
function M.spawn(fn, a, b, c, d, e)
  return M.spawn_as({ co = false, ended = false, awaits = 0 }, fn, a, b, c, d, e)
end

-- The task that runs now, or nil in an event handler.
function M.current() return current end

-- The host's id of the current task, made on first use; host ops take it as their owner.
function M.owner()
  local task = current
  if not task then error("await outside a task", 2) end
  local owner = task.owner
  if not owner then
    owner = task_new()
    if owner < 0 then error("no free task id", 2) end
    task.owner, owners[owner] = owner, task
  end
  return owner
end

local function enter(task)
  if task.err then
    local err = task.err
    task.err = nil
    error(err, 0)
  end
  local n = task.awaits + 1
  task.awaits = n
  if task.max_awaits and n > task.max_awaits then error(M.TooMany, 0) end
end

-- op is what a host.* call returned.  Yields until its DONE; returns status, data (status is negative
-- when the call was refused or the op failed).  Raises when the task was killed meanwhile.
function M.await(op)
  if op < 0 then return op, "" end
  local task = current
  if not task then error("await outside a task", 2) end
  enter(task)
  local code, data
  local early = task.early and task.early[op]
  if early then
    task.early[op] = nil
    code, data = early[1], early[2]
  else
    code, data = yield(op)
  end
  if task.err then
    local err = task.err
    task.err = nil
    error(err, 0)
  end
  if code == CANCELED_CODE then error(M.Canceled, 0) end
  return code, data
end

-- Receive the CHUNK events of an op: fn(status, data), called outside a task.  nil ends it.
function M.on_chunk(op, fn) chunks[op] = fn end

-- Wait until somebody calls wake(task, a, b, c); returns those values.
function M.suspend()
  local task = current
  if not task then error("suspend outside a task", 2) end
  enter(task)
  local a, b, c = yield(PARKED)
  if task.err then
    local err = task.err
    task.err = nil
    error(err, 0)
  end
  return a, b, c
end

-- Continue a suspended task after the present event.  False when it does not wait (any more).
function M.wake(task, a, b, c)
  if not task.parked then return false end
  task.parked = nil
  n_ready = n_ready + 1
  ready[n_ready] = { task, a, b, c }
  return true
end

-- End a task: err (Canceled when absent) is raised at its present or next await.
function M.kill(task, err)
  if task.ended then return end
  task.err = err or M.Canceled
  if task == current then return end
  if task.op then host.cancel(task.op) else M.wake(task) end
end

-- Limit the task to `seconds` from now; then err is raised inside it.  nil: no limit.
function M.deadline(task, seconds, err)
  if task.deadline then
    timer.cancel(task.deadline)
    task.deadline = nil
  end
  task.limit, task.limit_error = seconds, err
  if seconds and task ~= current then task.deadline = timer.start(seconds, on_deadline, task) end
end

-- Wait.  Timers of the whole worker share one host timer.
function M.sleep(seconds)
  local h = timer.start(seconds, M.wake, current)
  local ok, err = pcall(M.suspend)
  timer.cancel(h)
  if not ok then error(err, 0) end
end

-- How many tasks have begun and not ended.
function M.live() return live end

-- How many tasks of generation g wait.
function M.count(g)
  local n = 0
  for task in pairs(listed) do
    if task.gen == g then n = n + 1 end
  end
  return n
end

-- End all tasks of generation g, those with a time limit as if it had been reached.
function M.kill_generation(g)
  local doomed = {}
  for task in pairs(listed) do
    if task.gen == g and task ~= current then doomed[#doomed + 1] = task end
  end
  for _, task in ipairs(doomed) do M.kill(task, task.limit_error) end
  return #doomed
end

-- A task that another one starts belongs to what fn(task) says that one does.
function M.inherit_trace(fn) trace_of = fn end

-- kind: one of host.EV but DONE and CHUNK.
function M.on_event(kind, fn) handlers[kind] = fn end

local function run_ready()
  local i = 1
  while i <= n_ready do
    local r = ready[i]
    ready[i] = nil
    local task = r[1]
    if not task.ended then step(task, r[2], r[3], r[4]) end
    i = i + 1
  end
  n_ready = 0
end

local CHUNK = host.EV.CHUNK

-- A task may arm several ops and await them one after another: what is done before its turn is kept.
local function keep_for(task, id, code, data)
  if not task then return end
  task.early = task.early or {}
  task.early[id] = { code, data }
end

local function one(kind, code, id, owner, data)
  if kind == DONE then
    local task = waiting[id]
    chunks[id] = nil
    if not task then return keep_for(owners[owner], id, code, data) end
    waiting[id], task.op = nil, nil
    return step(task, code, data)
  end
  if kind == CHUNK then
    local fn = chunks[id]
    if fn then fn(code, data) end
    return
  end
  handlers[kind](code, id, owner, data)
end

-- The one function that C calls, once per loop turn.  Returns true when it stopped early to be fair.
function M.dispatch(budget)
  local stop, n = clock() + budget, 0
  if n_ready > 0 then run_ready() end
  local kind, code, id, owner, data = next_event()
  while kind do
    one(kind, code, id, owner, data)
    if n_ready > 0 then run_ready() end
    n = n + 1
    if n % FAIR_EVERY == 0 and clock() > stop then return true end
    kind, code, id, owner, data = next_event()
  end
  return false
end

return M
