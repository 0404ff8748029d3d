-- scripts/gateway/named.lua -- work that any worker and host can end: a call of the model, a tool. Work has a name
-- (task.spawn_named); whoever ends a run in the database ends its work by name. Such a message may be lost, so each
-- worker also checks every two seconds whether its work is still wanted.

local bus = require "human.bus"
local db = require "human.db"
local json = require "human.json"
local task = require "human.task"

local M = {}

M.LATE = setmetatable({}, { __tostring = function() return "it took too long" end })

local working = {}                               -- name -> {task, run_id, call_id (of a tool) or nil}; of this worker

M.sql = {
  -- Of the given ones those that go on: a tool has its name a moment before its call is written down as running.
  wanted = [[select w.name from jsonb_to_recordset($1::jsonb) as w (name text, run_id text, call_id text)
    join gateway_runs r on r.id = w.run_id and r.finished_at is null
    left join gateway_calls c on c.id = w.call_id
    where w.call_id is null or c.status in ('ready', 'running')]],
}

function M.of_session(session_id) return "session:" .. session_id end
function M.of_call(call_id) return "call:" .. call_id end

--- Runs fn() under a name for at most so many seconds and waits for it.  what: {run_id, call_id}.
--- Returns true and what it returned; or false and its error (M.LATE: the time was up); or nil and "running" when this
--- worker is at work of that name.
function M.run(name, seconds, what, fn)
  local me, over, ok, value = task.current(), false, nil, nil
  local child = task.spawn_named(name, function()
    ok, value = pcall(fn)
    over = true
    task.wake(me)
  end)
  if not child then return nil, "running" end
  local entry, until_at = { task = child, run_id = what.run_id, call_id = what.call_id }, task.clock() + seconds
  working[name] = entry
  local waited, why = pcall(function()
    while not over do
      local left = until_at - task.clock()
      if left <= 0 then
        task.kill(child)
        ok, value = false, M.LATE
        return
      end
      task.wait(left)
    end
  end)
  if working[name] == entry then working[name] = nil end
  if not waited then error(why, 0) end
  return ok, value
end

--- Ends work by name, on all workers of all hosts.
function M.kill(names)
  for _, name in ipairs(names) do task.kill_named(name) end
end

bus.on_running("bus.look", function()
  local list = {}
  for name, entry in pairs(working) do
    list[#list + 1] = { name = name, run_id = entry.run_id, call_id = entry.call_id }
  end
  if not list[1] then return end
  local seen, wanted = {}, {}
  for _, one in ipairs(list) do seen[one.name] = working[one.name] end
  for _, row in ipairs(db.query(M.sql.wanted, json.encode(json.array(list)))) do wanted[row.name] = true end
  for name, entry in pairs(seen) do
    if not wanted[name] and working[name] == entry then task.kill(entry.task) end
  end
end)

return M
