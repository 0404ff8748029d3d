-- host/lua/db.lua -- PostgreSQL for scripts: statements, rows and transactions that read top to bottom.
-- A statement outside a transaction goes to any connection (C pipelines it); a transaction holds one
-- lease, which is released whatever happens.  A task has at most one lease, so the pool cannot
-- deadlock on itself: a transaction inside a transaction is a savepoint.

local crypto = require "human.crypto"
local fail = require "human.fail"
local host = require "human.host"
local sched = require "human.sched"
local timer = require "human.timer"

local E, NULL, pack, unpack_blob = host.E, host.NULL, host.pack, host.unpack
local await, owner, db_query = sched.await, sched.owner, host.db_query

local M = {}
local Tx = {}
Tx.__index = Tx

local TRIES = 3                                  -- a transaction that loses a race runs again
local AGAIN_S = 0.02                             -- after about so long: who won must get a chance to end
local OPEN_WAIT_S = 5                            -- how long a statement waits for migrations
-- Serialization failure, deadlock, and a cached plan whose table has changed meanwhile.
local RETRY = { ["40001"] = true, ["40P01"] = true, ["0A000"] = true }
local is_open, waiters = false, {}

-- What a refused statement raises: {sqlstate, message, detail, constraint, column, table}.
local DbError = {}
DbError.__index = DbError
DbError.__tostring = function(e) return ("SQLSTATE %s: %s"):format(e.sqlstate, e.message) end

-- True for the error object of a statement that the server refused.
function M.is_error(e) return getmetatable(e) == DbError end

local function failure(status, data)
  if status == E.DB then
    local e = unpack_blob(data)
    e.sqlstate = e.code
    return setmetatable(e, DbError)
  end
  if status == E.TIMEOUT then return fail.new("db_timeout") end
  if status == E.LIMIT then return "the result is larger than a query may return" end
  if status == E.INVAL then return "the statement or its parameters are malformed: " .. data end
  return fail.new("database_unavailable")
end

local function wait_until_open()
  if not host.db_up() then error(fail.new("database_unavailable"), 0) end
  local task = sched.current()
  if not task then error("database call outside a task", 3) end
  waiters[#waiters + 1] = task
  local h = timer.start(OPEN_WAIT_S, sched.wake, task)
  sched.suspend()
  timer.cancel(h)
  if not is_open then error(fail.new("database_unavailable"), 0) end
end

-- The schema is up to date: let statements through.  Called by boot after the migrations.
function M.open()
  is_open = true
  for _, task in ipairs(waiters) do sched.wake(task) end
  waiters = {}
end

-- Whether statements go through now: the server is reachable and its schema up to date.
function M.is_ready() return is_open and host.db_up() end

local function params(...)
  local n = select("#", ...)
  local list = { n, ... }
  for i = 2, n + 1 do
    if list[i] == nil then list[i] = NULL end
  end
  return pack(list)
end

local function start(lease, sql, ...) return db_query(owner(), lease, sql, params(...), 0) end

-- The result {rows, n, tag} of a statement that was started, or nil and the error object.
local function settle(op)
  local status, data = await(op)
  if status < 0 then return nil, failure(status, data) end
  return unpack_blob(data)
end

-- Runs one statement; returns as settle() does.
local function attempt(lease, sql, ...) return settle(start(lease, sql, ...)) end

local function run(lease, sql, ...)
  local result, err = attempt(lease, sql, ...)
  if not result then error(err, 0) end
  return result
end

local function first_column(row)
  if not row then return nil end
  local _, v = next(row)
  return v
end

-- Statements -------------------------------------------------------------------------------------------
-- sql has $1 .. $n; nil is NULL.  Column types: see docs/scripting.md.

local function gated() if not is_open then wait_until_open() end end

-- A transaction in progress uses its own lease, whoever asks.
local function lease_now()
  local task = sched.current()
  local tx = task and task.tx
  return tx and tx.lease or 0
end

-- All rows, as an array of {column = value}; NULL columns are absent.
function M.query(sql, ...)
  gated()
  return run(lease_now(), sql, ...).rows
end

-- The first row, or nil.
function M.row(sql, ...) return M.query(sql, ...)[1] end

-- The only column of the first row, or nil.
function M.value(sql, ...) return first_column(M.query(sql, ...)[1]) end

-- How many rows were written.
function M.exec(sql, ...)
  gated()
  return run(lease_now(), sql, ...).n
end

-- The first row; without one the request fails with `code` of the catalogue.
function M.must(code, sql, ...)
  local row = M.query(sql, ...)[1]
  if not row then error(fail.new(code), 0) end
  return row
end

-- rows, or nil and {sqlstate, message, constraint, ..}; other failures raise as in query().
function M.try(sql, ...)
  gated()
  local tx = sched.current().tx
  if tx then return tx:try(sql, ...) end
  local result, err = attempt(0, sql, ...)
  if result then return result.rows end
  if not M.is_error(err) then error(err, 0) end
  return nil, err
end

-- Transactions -------------------------------------------------------------------------------------------

-- As in human.db, on the connection of the transaction.
function Tx:query(sql, ...) return run(self.lease, sql, ...).rows end
function Tx:row(sql, ...) return run(self.lease, sql, ...).rows[1] end
function Tx:value(sql, ...) return first_column(run(self.lease, sql, ...).rows[1]) end
function Tx:exec(sql, ...) return run(self.lease, sql, ...).n end

-- As in human.db: the first row, or the request fails with `code`.
function Tx:must(code, sql, ...)
  local row = run(self.lease, sql, ...).rows[1]
  if not row then error(fail.new(code), 0) end
  return row
end

-- Like db.try; a refused statement is undone alone, by a savepoint.
function Tx:try(sql, ...)
  host.db_simple(self.lease, "SAVEPOINT try")
  local result, err = attempt(self.lease, sql, ...)
  if result then
    host.db_simple(self.lease, "RELEASE SAVEPOINT try")
    return result.rows
  end
  if not M.is_error(err) then error(err, 0) end
  run(self.lease, "ROLLBACK TO SAVEPOINT try")
  return nil, err
end

-- fn() runs once, outside the transaction, after it has been committed.
function Tx:after_commit(fn) self.hooks[#self.hooks + 1] = fn end

-- Entries that go with the transaction: what M.on_end was given writes them, all in one statement that
-- travels with the commit.  After a rollback those with `survives` are written outside.
function Tx:keep(entry) self.kept[#self.kept + 1] = entry end

local keeper                                     -- entries -> sql, parameter

-- Declares how the entries of Tx:keep are written: fn(entries) -> sql, its only parameter.
function M.on_end(fn) keeper = fn end

-- Undone from entry number `from` on: only those that survive stay.
local function forget(kept, from)
  for i = #kept, from, -1 do
    if not kept[i].survives then table.remove(kept, i) end
  end
end

local function commit(tx)
  local written = tx.kept[1] and start(tx.lease, keeper(tx.kept))
  local ended = start(tx.lease, "COMMIT")
  for _, op in ipairs { written or ended, written and ended } do
    local result, err = settle(op)
    if not result then error(err, 0) end
    if result.tag == "ROLLBACK" then error("nothing was committed: a statement had failed (see tx:try)", 0) end
  end
end

-- A transaction that failed for good: its survivors are written, come what may of the write.
local function rescue(tx)
  forget(tx.kept, 1)
  if not tx.kept[1] then return end
  local ok, err = pcall(run, 0, keeper(tx.kept))
  if not ok then require("human.log").error("decisions lost", { count = #tx.kept, error = tostring(err) }) end
end

local function keep(ok, ...) return ok, select("#", ...), { ... } end

function Tx:nested(fn)
  self.depth = self.depth + 1
  local name, kept_before = "nested" .. self.depth, #self.kept
  host.db_simple(self.lease, "SAVEPOINT " .. name)
  local ok, n, values = keep(pcall(fn, self))
  self.depth = self.depth - 1
  if not ok then
    forget(self.kept, kept_before + 1)
    run(self.lease, "ROLLBACK TO SAVEPOINT " .. name)
    error(values[1], 0)
  end
  host.db_simple(self.lease, "RELEASE SAVEPOINT " .. name)
  return unpack(values, 1, n)
end

local function acquire()
  local lease = host.db_acquire(owner(), 0)
  local status = await(lease)
  if status < 0 then error(failure(status, ""), 0) end
  return lease
end

local function once(task, begin, fn)
  local lease = acquire()
  local tx = setmetatable({ lease = lease, hooks = {}, kept = {}, depth = 0 }, Tx)
  host.db_simple(lease, begin)
  task.tx = tx
  local ok, n, values = keep(pcall(fn, tx))
  if ok then
    local committed, err = pcall(commit, tx)
    if not committed then ok, values = false, { err } end
  end
  task.tx = nil
  host.db_release(lease, not ok)
  return ok, n, values, tx
end

-- Run fn(tx) in one transaction and return what it returns.  An error or a cancelled task rolls back.
-- A serialization failure or deadlock runs fn again after a moment, at most three times in all, so fn must do
-- nothing but talk to the database: no fetch, no sleep.  Inside a transaction: a savepoint.
-- options.isolation: "repeatable read" | "serializable"; options.read_only.
function M.tx(fn, options)
  local task = sched.current()
  if not task then error("transaction outside a task", 2) end
  if task.tx then return task.tx:nested(fn) end
  if not options or not options.ungated then gated() end
  local begin = "BEGIN"
  if options and options.isolation then begin = begin .. " ISOLATION LEVEL " .. options.isolation end
  if options and options.read_only then begin = begin .. " READ ONLY" end
  for try = 1, TRIES do
    local ok, n, values, tx = once(task, begin, fn)
    if ok then
      for _, hook in ipairs(tx.hooks) do hook() end
      return unpack(values, 1, n)
    end
    local err = values[1]
    if try == TRIES or not (M.is_error(err) and RETRY[err.sqlstate]) then
      rescue(tx)
      error(err, 0)
    end
    sched.sleep(AGAIN_S * try * (0.5 + crypto.random()))
  end
end

-- The current task's transaction, or nil.
function M.current_tx()
  local task = sched.current()
  return task and task.tx or nil
end

-- True while the current task holds a transaction: then the network is off limits.
function M.in_tx()
  local task = sched.current()
  return task ~= nil and task.tx ~= nil
end

return M
