-- host/lua/core/sched.lua -- tasks, awaiting, cancelling.  The whole of our concurrency.
-- A task is a coroutine that may wait for a host op (await) or for another part of the runtime
-- (suspend/wake).  It is ended by raising inside it, so that its pcall-based cleanup runs; a
-- suspended coroutine is never dropped.  Coroutines are reused: a task costs one small table.

local events = require "human.core.events"
local host = require "human.core.host"
local timer = require "human.core.timer"

local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local next_event, clock, task_new, task_end = host.next, host.clock, host.task_new, host.task_end
local mark = host.mark
local DONE, CANCELED_CODE, OPS_CODE = host.EV.DONE, host.E.CANCELED, host.E.OPS

local M = {}
local IDLE, PARKED, LOST = {}, {}, {}            -- what a coroutine yields besides an op id
local POOL_MAX = 256
local LATE_MAX, LATE_S = 3, 2                    -- how often a task is told to end, and the time in between
local REFUSED_MAX = 100                          -- waits that a task may attempt beyond its limit
local waiting = {}                               -- op id -> task
local owners = {}                                -- host task id -> task
local chunks, ends = {}, {}                      -- op id -> function(status, data)
local pool, pooled = {}, 0
local ready, next_ready, n_ready = {}, 1, 0      -- tasks woken during this event
local current                                    -- the running task
local live = 0
local listed = {}                                -- tasks that have waited at least once: task -> true
local slice_label, slice_ref = 0, nil            -- the first label and ref that ran in this event
local limits = { tasks = 20000, ops = 64, slice_s = 0.02 }
local on_slow
local trace_of                                   -- task -> its trace (human.trace)

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
  local parent = task.parent
  if parent then parent.children = parent.children - 1 end
  if task.scope then task.scope:leave(task) end
  if task.deadline then timer.cancel(task.deadline) end
  if task.owner then
    owners[task.owner] = nil
    task_end(task.owner)
  end
  local hook = task.on_finish
  if not hook then return err and report(task, err) end
  local ok, why = events.try(hook, task, err)
  if not ok then host.log(0, "end of a task failed: " .. why) end
end

-- Gives up a task that does not end however often it is told to: releases what it holds, without running its
-- cleanup.
local function abandon(task, err)
  local op = task.op
  if op then waiting[op], task.op = nil, nil end
  task.parked = nil
  finish(task, err)
end

local function on_deadline(task)
  task.deadline = nil
  local err = task.limit_error or M.Canceled
  local late = (task.late or 0) + 1
  if late > LATE_MAX then return abandon(task, err) end
  task.late = late
  M.kill(task, err)
end

local function pause(task, what)
  if what == LOST then return finish(task, task.limit_error_now) end
  if not task.listed then task.listed, listed[task] = true, true end
  if what ~= PARKED then
    waiting[what], task.op = task, what
  else
    task.parked = true
  end
  if task.limit and not task.deadline then
    task.deadline = timer.start(task.late and LATE_S or task.limit, on_deadline, task)
  end
end

local function step(task, a, b, c, d, e, f)
  local outer = current
  current = task
  if not outer then slice_label, slice_ref = task.label, task.ref end
  mark(task.label, task.ref)
  local ok, what = resume(task.co, a, b, c, d, e, f)
  current = outer
  if outer then mark(outer.label, outer.ref) else mark(0) end
  if not ok then return finish(task, what) end
  if what == IDLE then
    if pooled < POOL_MAX then
      pooled = pooled + 1
      pool[pooled] = task.co
    end
    return finish(task)
  end
  pause(task, what)
end

local function coroutine_for_task()
  if pooled == 0 then return create(body) end
  local co = pool[pooled]
  pool[pooled] = nil
  pooled = pooled - 1
  return co
end

-- Runs fn(a..e) as the given task, at once, until its first await.  The caller may set fields of the table
-- first: {on_finish = function(task, err), limit = seconds, limit_error = what is raised then, max_awaits = n,
-- gen = the generation of scripts whose code it runs, lasts = seconds that it, and what it starts, may run on
-- when these scripts are replaced, label and ref = for host.mark(); both default to those of the task that spawns
-- it}.  Returns the task.
function M.spawn_as(task, fn, a, b, c, d, e)
  task.co, task.ended, task.awaits = coroutine_for_task(), false, 0
  if task.gen == nil then task.gen = current and current.gen or M.generation end
  if task.lasts then
    task.until_at = clock() + task.lasts
  elseif current and current.until_at and current.gen == task.gen then
    task.until_at = current.until_at
  end
  if not task.label then
    task.label, task.ref = current and current.label or 0, current and current.ref
  end
  if current and trace_of and (current.req or current.trace) then task.trace = trace_of(current) end
  live = live + 1
  step(task, fn, a, b, c, d, e)
  return task
end

-- The same with a new table.  An error that nobody handles is logged.
function M.spawn(fn, a, b, c, d, e)
  return M.spawn_as({ co = false, ended = false, awaits = 0 }, fn, a, b, c, d, e)
end

-- The same for scripts: raises TooMany when a request has limits.ops of them, or this worker is at its limit
-- of tasks.  It joins the scope of the task that starts it (human.core.scope).
function M.spawn_child(fn, ...)
  local parent = current
  if live >= limits.tasks then error(M.TooMany, 0) end
  local task = { co = false, ended = false, awaits = 0 }
  if parent and parent.max_awaits then
    local n = (parent.children or 0) + 1
    if n > limits.ops then error(M.TooMany, 0) end
    task.parent, parent.children = parent, n
  end
  if parent and parent.scope then parent.scope:enter(task) end
  return M.spawn_as(task, fn, ...)
end

-- Labels what the current task does from here on, for the watchdog and on_slow: a host.label(), and a ref.
function M.name(label, ref)
  local task = current
  if not task then return end
  task.label, task.ref = label, ref
  slice_label, slice_ref = label, ref
  mark(label, ref)
end

-- Is this worker at its limit of tasks?
function M.is_full() return live >= limits.tasks end

-- {tasks =, ops =, slice_s = seconds}: see docs/limits.md.
function M.limit(to) limits = to end

-- fn(label, ref, seconds) is called for each event whose tasks ran for longer than slice_s without waiting.
function M.on_slow(fn) on_slow = fn end

-- The task that runs now, or nil in an event handler.
function M.current() return current end

-- The host's id of the current task, made on first use; host ops take it as their owner.
function M.owner()
  local task = current
  if not task then error("await outside a task", 2) end
  if task.owner then return task.owner end
  local owner = task_new()
  if owner < 0 then error("no free task id", 2) end
  task.owner, owners[owner] = owner, task
  return owner
end

-- The error that a task was told to end with.
local function raise_pending(task)
  local err = task.err
  if not err then return end
  task.err = nil
  error(err, 0)
end

local function enter(task)
  raise_pending(task)
  local n, max = task.awaits + 1, task.max_awaits
  task.awaits = n
  if max and n > max then
    if n > max + REFUSED_MAX then
      task.limit_error_now = M.TooMany
      yield(LOST)
    end
    error(M.TooMany, 0)
  end
end

-- op: the result of a host.* call.  Yields until its DONE; returns status, data (status is negative if the
-- call was refused or the op failed).  Raises if the task was killed meanwhile.
function M.await(op)
  if op < 0 then
    if op == OPS_CODE then error(M.TooMany, 0) end
    return op, ""
  end
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
  raise_pending(task)
  if code == CANCELED_CODE then error(M.Canceled, 0) end
  return code, data
end

-- fn(status, data) gets the CHUNK events of an op, outside a task; at_end(status, data) its DONE if nobody awaits it.
function M.on_chunk(op, fn, at_end) chunks[op], ends[op] = fn, at_end end

-- Waits until wake(task, a, b, c) is called; returns those values.
function M.suspend()
  local task = current
  if not task then error("suspend outside a task", 2) end
  enter(task)
  local a, b, c = yield(PARKED)
  raise_pending(task)
  return a, b, c
end

-- Continues a suspended task after the current event.  False if it is not suspended.
function M.wake(task, a, b, c)
  if not task.parked then return false end
  task.parked = nil
  n_ready = n_ready + 1
  ready[n_ready] = { task, a, b, c }
  return true
end

-- Ends a task: raises err (Canceled when absent) at its current or next await.
function M.kill(task, err)
  if task.ended then return end
  task.err = err or M.Canceled
  if task == current then return end
  if task.op then host.cancel(task.op) else M.wake(task) end
end

-- Limits the task to `seconds` from now; then raises err inside it.  nil: no limit.
function M.deadline(task, seconds, err)
  if task.deadline then
    timer.cancel(task.deadline)
    task.deadline = nil
  end
  task.limit, task.limit_error, task.late = seconds, err, nil
  if seconds and task ~= current then task.deadline = timer.start(seconds, on_deadline, task) end
end

-- Waits.  All timers of the worker share one host timer.
function M.sleep(seconds)
  local h = timer.start(seconds, M.wake, current)
  local ok, err = pcall(M.suspend)
  timer.cancel(h)
  if not ok then error(err, 0) end
end

-- The number of labels that must not run until the next reload (host.is_struck).
M.struck = 0

-- The number of live tasks.
function M.live() return live end

-- The waiting tasks of generation g.
function M.tasks_of(g)
  local list = {}
  for task in pairs(listed) do
    if task.gen == g then list[#list + 1] = task end
  end
  return list
end

-- Ends a waiting task as if it had reached a time limit: if it does not end it is told again, and finally abandoned.
function M.expire(task)
  if task.deadline then timer.cancel(task.deadline) end
  task.limit = task.limit or LATE_S
  on_deadline(task)
end

-- A task inherits the trace that fn(task) returns for the task that starts it.
function M.inherit_trace(fn) trace_of = fn end

-- kind: one of host.EV except DONE and CHUNK; see events.on.
M.on_event = events.on

-- Reports what ran since `begun` without waiting; returns the current time.
local function measure(begun)
  local now = clock()
  if now - begun > limits.slice_s and on_slow then events.try(on_slow, slice_label, slice_ref, now - begun) end
  slice_label, slice_ref = 0, nil
  return now
end

-- Continues woken tasks until `stop`; the rest stays in the queue.
local function run_ready(begun, stop)
  while next_ready <= n_ready do
    local r = ready[next_ready]
    ready[next_ready] = nil
    next_ready = next_ready + 1
    local task = r[1]
    if not task.ended then
      step(task, r[2], r[3], r[4])
      begun = measure(begun)
      if begun > stop then return begun end
    end
  end
  next_ready, n_ready = 1, 0
  return begun
end

local CHUNK = host.EV.CHUNK

-- A task may start several ops and await them one after another: keeps results that come early.
local function keep_for(task, id, code, data)
  if not task then return end
  task.early = task.early or {}
  task.early[id] = { code, data }
end

-- If the handler of a chunk fails, the task that waits for the rest must not wait forever.
local function take_chunk(id, code, data)
  local fn = chunks[id]
  if not fn then return end
  local ok, err = events.try(fn, code, data)
  if ok then return end
  host.log(0, "a piece of a response was not taken: " .. err)
  chunks[id] = nil
  host.cancel(id)
end

local function one(kind, code, id, owner, data)
  if kind == DONE then
    local task, at_end = waiting[id], ends[id]
    chunks[id], ends[id] = nil, nil
    if not task then return at_end and events.try(at_end, code, data) or keep_for(owners[owner], id, code, data) end
    waiting[id], task.op = nil, nil
    return step(task, code, data)
  end
  if kind == CHUNK then return take_chunk(id, code, data) end
  local ok, err = events.handle(kind, code, id, owner, data)
  if not ok then host.log(0, err) end
end

-- The one function that C calls, once per loop turn.  Returns true when it stopped early to be fair.
function M.dispatch(budget)
  local begun = clock()
  local stop = begun + budget
  current, M.struck = nil, host.struck()
  if n_ready > 0 then
    begun = run_ready(begun, stop)
    if begun > stop then return true end
  end
  local kind, code, id, owner, data = next_event()
  while kind do
    one(kind, code, id, owner, data)
    begun = measure(begun)
    if n_ready > 0 then begun = run_ready(begun, stop) end
    if begun > stop then return true end
    kind, code, id, owner, data = next_event()
  end
  return false
end

return M
