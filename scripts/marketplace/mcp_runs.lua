-- scripts/marketplace/mcp_runs.lua -- a call as a task of its own: what it tells while it runs, and how it ends early.
-- In the revisions of 2025 a client that hangs up has not cancelled: the call goes on, and notifications/cancelled ends
-- it, on whichever worker that arrives.  Since 2026-07-28 hanging up is how to cancel.

local fail = require "human.fail"
local json = require "human.json"
local task = require "human.task"
local text = require "human.text"
local sessions = require "marketplace.mcp_sessions"

local M = {}

local TICK_S, STEP, SAID = 5, 0.001, 2000        -- seconds; and bytes of an event that are told of

M.longest_s = 90                                 -- of one call

--- The code of a request that its client has cancelled.
M.CANCELLED = -32000

-- A stream, where the client wants to hear of progress and takes one.
local function opened(ctx, asked)
  if asked.progress_token == nil then return nil end
  local accept = ctx:header "accept"
  if accept and not accept:lower():find("text/event-stream", 1, true) then return nil end
  return ctx:stream()
end

-- Progress is told by whoever knows it; of a call that says nothing, how long it has lasted.
local function teller(out, asked)
  return function(n, total, message)
    local note = out and not out.closed and asked:progress(n, total, message)
    if note then out:event("message", json.encode(note)) end
  end
end

local function elapsed(begun) return math.floor((task.clock() - begun) * 1000 + 0.5) / 1000 end

-- What a tool tells of its own progress: {"progress": 3, "total": 10, "message": ".."}, in an event `progress`.
local function progress_of(name, data)
  local told = name == "progress" and json.decode(data)
  if type(told) ~= "table" or type(told.progress) ~= "number" then return nil end
  return told.progress, type(told.total) == "number" and told.total or nil,
    type(told.message) == "string" and told.message or nil
end

-- Tells of the events of a tool that streams.  Once it has counted by itself, nobody else does.
local function event_teller(run, asked)
  return function(name, data)
    local n, total, message = progress_of(name, data)
    if n then
      run.tell_own = run.tell_own or run.tell
      run.tell = function() end
      return run.tell_own(n, total, message and text.cut(message, SAID))
    end
    run.tell(math.max(elapsed(run.begun), (asked.told or 0) + STEP), nil, text.cut(data, SAID))
  end
end

local function begin_to_tell(run, caller, asked, tool)
  if tool.run then
    asked.tell = run.tell
  else
    run.tell(0, nil, "Called")
    if caller.out then asked.tell_event = event_teller(run, asked) end
  end
end

local function begin(caller, asked, work)
  if not caller.session or asked.id == nil then return task.spawn(work) end
  return (task.spawn_named(sessions.task_name(caller.session, asked.id), work))
end

local function refused(status, code, message)
  return { status = status, code = code, message = message, body = json.encode { error = message, code = code } }
end

-- Waits for the task, so many seconds; tells how long it has lasted.  nil: it was ended then.
local function wait(run, asked, seconds)
  local begun = task.clock()
  while not run.ended do
    local ok, err = pcall(task.wait, math.min(TICK_S, seconds))
    if not ok then
      if asked.is_modern or fail.is(err) then task.kill(run.handle) end
      error(err, 0)
    end
    if not run.ended then
      if task.clock() - begun > seconds then
        task.kill(run.handle)
        return nil
      end
      run.tell(elapsed(begun), nil, "Waiting for the tool")
    end
  end
  return elapsed(begun)
end

--- Runs work() for a request and returns what it returns: what an operation has answered, a result, an error; nothing
--- when it was cancelled.  caller.out is the stream that the answer is to be sent on, if there is one.
function M.carry_out(caller, asked, tool, work)
  caller.out = opened(caller.ctx, asked)
  local run, me = { tell = teller(caller.out, asked), begun = task.clock() }, task.current()
  begin_to_tell(run, caller, asked, tool)
  run.handle = begin(caller, asked, function()
    run.result = { pcall(work) }
    run.ended = true
    task.wake(me)
  end)
  if not run.handle then return refused(409, "conflict", "A request with this id is under way") end
  local took = wait(run, asked, M.longest_s)
  if not took then return refused(504, "deadline_exceeded", "The call has taken too long") end
  local ok, err = run.result[1], run.result[2]
  if not ok then
    if fail.is(err) or type(err) == "string" then error(err, 0) end
    return nil
  end
  if not tool.run then run.tell(took, nil, "Answered") end
  return run.result[2], run.result[3], run.result[4]
end

return M
