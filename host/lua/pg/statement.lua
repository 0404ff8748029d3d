-- host/lua/pg/statement.lua -- runs one statement: sends it, waits for it, retries it after a lost race.
-- Private to human.db and its transactions; callers have checked the gate (db.open).

local crypto = require "human.crypto"
local db_error = require "human.pg.error"
local fail = require "human.fail"
local host = require "human.core.host"
local sched = require "human.core.sched"

local E, NULL, pack, unpack_blob = host.E, host.NULL, host.pack, host.unpack
local await, owner, db_query = sched.await, sched.owner, host.db_query
local failure, is_error = db_error.failure, db_error.is

local M = {}

local CONFLICT_S = 5                             -- how long a transaction that loses races is retried,
local AGAIN_S, AGAIN_MAX_S = 0.01, 0.5           -- and the pause, which doubles: the winner must finish first
local PLAN_MAX_S = 0.04                          -- an outdated plan is retried at once, or never
-- Serialization failure and deadlock; and a cached plan whose table has changed meanwhile.
local CONFLICT = { ["40001"] = true, ["40P01"] = true }
local RETRY = { ["40001"] = true, ["40P01"] = true, ["0A000"] = true }
M.CONFLICT = CONFLICT
local ABORTED = "25P02"                          -- an earlier statement of the transaction has failed

local function params(...)
  local n = select("#", ...)
  local list = { n, ... }
  for i = 2, n + 1 do
    if list[i] == nil then list[i] = NULL end
  end
  return pack(list)
end

--- Sends a statement; returns the op that settle() waits for.
function M.start(lease, sql, ...) return db_query(owner(), lease, sql, params(...), 0) end
local start = M.start

--- The result {rows, n, tag} of a statement that was started, or nil and the error object.
function M.settle(op)
  local status, data = await(op)
  if status < 0 then return nil, failure(status, data) end
  return unpack_blob(data)
end
local settle = M.settle

--- Whether a statement failed only because it lost a race.
function M.is_lost(err) return is_error(err) and RETRY[err.sqlstate] or false end
local is_lost = M.is_lost

--- As settle().  A lost race ends the whole transaction, even if a script catches the error.  If the transaction sent
--- a statement with its BEGIN, waits for that one's answer first.
function M.settle_in(task, op)
  local tx = task.tx
  if tx and tx.first then tx:first() end
  local result, err = settle(op)
  if tx and not result and is_lost(err) then tx.lost = err end
  return result, err
end
local settle_in = M.settle_in

-- Why the server refuses all statements of a transaction: the error of the one that was sent on (Tx:ask) and failed.
local function culprit(tx, err)
  for _, answer in ipairs(tx and tx.asked or {}) do
    local ok, why = pcall(answer)
    if not ok then return why end
  end
  return err
end

--- Runs one statement once; returns as settle() does.
function M.attempt(lease, sql, ...)
  local task = sched.current()
  local result, err = settle_in(task, start(lease, sql, ...))
  if not result and is_error(err) and err.sqlstate == ABORTED then err = culprit(task.tx, err) end
  return result, err
end
local attempt = M.attempt

--- The Fail for a race that was lost for good.  Nil while no catalogue is loaded, as during the first migrations.
function M.conflict()
  local known, f = pcall(fail.new, "transaction_conflict", { retry_after_s = 1 })
  return known and f or nil
end

--- Calls fn(...) -> result, or nil and an error, which is raised.  Retries lost races for a while, then raises a
--- 503, since the request is valid.  Each try has its own count of awaits.
function M.persist(fn, ...)
  local task, stop, pause = sched.current(), host.now() + CONFLICT_S, AGAIN_S
  local awaits = task.awaits
  while true do
    local result, err = fn(...)
    if result then return result end
    local is_conflict = is_error(err) and CONFLICT[err.sqlstate]
    local again = is_conflict or pause < PLAN_MAX_S and is_lost(err)
    local wait_s = pause * (0.5 + crypto.random())
    if not again or host.now() + wait_s > stop then
      error(is_conflict and M.conflict() or err, 0)
    end
    sched.sleep(wait_s)
    pause, task.awaits = math.min(pause * 2, AGAIN_MAX_S), awaits
  end
end

--- The result of a statement; raises its error.
function M.run(lease, sql, ...)
  if lease == 0 then return M.persist(attempt, 0, sql, ...) end
  local result, err = attempt(lease, sql, ...)
  if not result then error(err, 0) end
  return result
end

--- Sends a statement without a result with the next one, or at once if too many are held back.
function M.simple(lease, sql)
  local r = host.db_simple(lease, sql)
  if r == E.FULL then return M.run(lease, sql) end
  if r < 0 then error(failure(r, sql), 0) end
end

--- The only column of a row, or nil.
function M.first_column(row)
  if not row then return nil end
  local _, v = next(row)
  return v
end

return M
