-- scripts/gateway/waiting.lua -- waits until a run is over, whichever worker has it: by polling, ever more seldom,
-- since only the database knows for certain.

local db = require "human.db"
local task = require "human.task"
local time = require "human.time"
local owner = require "gateway.owner"

local M = {}

M.LONGEST_MS = 25000                             -- clients give up after 30 s
local FIRST_S, MOST_S, WAITERS = 0.05, 1, 200

M.sql = {
  by_id = [[select r.state, r.error_code, r.created_at, r.finished_at, a.session_key from gateway_runs r
    join agents a on a.id = r.session_id where r.id = $1 and a.parent_id = $2]],
  by_key = [[select r.state, r.error_code, r.created_at, r.finished_at, a.session_key from gateway_runs r
    join agents a on a.id = r.session_id where r.idempotency_key = $1 and a.parent_id = $2
    order by r.created_at desc limit 1]],
}

local STATUS = { done = "ok", failed = "error", aborted = "error" }
local waiters = 0

local function find(run_id)
  local agent_id = owner.get().agent_id
  return db.row(M.sql.by_id, run_id, agent_id) or db.row(M.sql.by_key, run_id, agent_id)
end

local function look(run_id, until_at)
  local pause = FIRST_S
  while true do
    local row = find(run_id)
    local left = until_at - task.clock()
    if not row or row.finished_at or left <= 0 then return row end
    task.sleep(math.min(pause, left))
    pause = math.min(pause * 1.5, MOST_S)
  end
end

--- Waits for the run with this id, or of this idempotency key: {status = "ok", "error" or "timeout" (it goes on),
--- created_ms, ended_ms, stop_reason, error_code, session_key}; or nil and "run_not_found" or "too_many_waiters".
function M.wait(run_id, timeout_ms)
  if waiters >= WAITERS then return nil, "too_many_waiters" end
  waiters = waiters + 1
  local ok, row = pcall(look, run_id, task.clock() + math.min(timeout_ms, M.LONGEST_MS) / 1000)
  waiters = waiters - 1
  if not ok then error(row, 0) end
  if not row then return nil, "run_not_found" end
  return {
    status = STATUS[row.state] or "timeout", created_ms = time.parse(row.created_at), error_code = row.error_code,
    ended_ms = row.finished_at and time.parse(row.finished_at), session_key = row.session_key,
    stop_reason = row.finished_at and (row.state == "done" and "stop" or row.state) or nil,
  }
end

return M
