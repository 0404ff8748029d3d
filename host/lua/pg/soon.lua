-- host/lua/pg/soon.lua -- statements without a wait for their result (human.db.soon).
-- They are sent with the next commit of their task; by themselves if none comes within a moment, or if that
-- transaction fails.

local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local SOON_S, MAX = 0.25, 10

local function write(entry, run)
  local ok, err = pcall(run, entry.sql, unpack(entry, 1, entry.n))
  if not ok then entry.failed(err) end
end

-- Writes an entry by itself.  run(sql, ..) awaits.
local function alone(entry, run)
  if entry.taken then return end
  entry.taken = true
  sched.spawn(write, entry, run)
end

-- entry: {sql, n, parameters.., failed = fn(err)}.
function M.add(task, entry, run)
  local list = task.soon or {}
  if #list == MAX then return alone(entry, run) end
  list[#list + 1], task.soon = entry, list
  entry.timer = timer.start(SOON_S, function() alone(entry, run) end)
end

-- The entries to send with the commit that comes now.
function M.take(task)
  local list = {}
  for _, entry in ipairs(task.soon or list) do
    timer.cancel(entry.timer)
    if not entry.taken then list[#list + 1] = entry end
    entry.taken = true
  end
  task.soon = nil
  return list
end

-- That commit failed.
function M.give_back(list, run)
  for _, entry in ipairs(list) do
    entry.taken = false
    alone(entry, run)
  end
end

-- Rows that a module of the runtime collects (human.queue.rows): write_rows(tx, rows) sends them in one statement,
-- before a savepoint begins or ends, and with the commit.
function M.send_rows(tx)
  local rows = tx.rows
  if not rows then return end
  tx.rows = nil
  tx.write_rows(tx, rows)
end

return M
