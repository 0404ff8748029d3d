-- host/lua/db.lua -- PostgreSQL for scripts: statements, rows and transactions that read top to bottom.
-- A statement outside a transaction goes to any connection (C pipelines it); a transaction holds one
-- lease, which is released whatever happens.  A task has at most one lease, so the pool cannot
-- deadlock on itself: a transaction inside a transaction is a savepoint.

local blame = require "human.core.blame"
local crypto = require "human.crypto"
local db_error = require "human.pg.error"
local options_of = require "human.pg.options"
local soon = require "human.pg.soon"
local events = require "human.core.events"
local fail = require "human.fail"
local host = require "human.core.host"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local E, NULL, pack, unpack_blob = host.E, host.NULL, host.pack, host.unpack
local await, owner, db_query = sched.await, sched.owner, host.db_query

local function log() return require "human.log" end  -- which asks us nothing, but is loaded late

local M = {}
local Tx = {}
local tx_mt = { __index = Tx }

local CONFLICT_S = 5                             -- a transaction that loses races runs again for so long,
local AGAIN_S, AGAIN_MAX_S = 0.01, 0.5           -- after about so long, twice as long each time: who won must end
local PLAN_MAX_S = 0.04                          -- a changed plan is made anew at once, or never
local OPEN_WAIT_S = 5                            -- how long a statement waits for migrations
-- Serialization failure and deadlock; and a cached plan whose table has changed meanwhile.
local CONFLICT = { ["40001"] = true, ["40P01"] = true }
local RETRY = { ["40001"] = true, ["40P01"] = true, ["0A000"] = true }
local is_open, waiters = false, {}

local failure, unavailable = db_error.failure, db_error.unavailable

-- True for the error object of a statement that the server refused: {sqlstate, message, detail, constraint, column,
-- table}.
M.is_error = db_error.is
-- What a client is told of a database that is not well, by host.db_state().
M.SENTENCES = db_error.SENTENCES

local function wait_until_open()
  if not host.db_up() then error(unavailable(), 0) end
  local task = sched.current()
  if not task then error("database call outside a task", 3) end
  waiters[#waiters + 1] = task
  local h = timer.start(OPEN_WAIT_S, sched.wake, task)
  sched.suspend()
  timer.cancel(h)
  if not is_open then error(unavailable "starting", 0) end
end

-- The schema is up to date: let statements through.  Called by boot after the migrations.
function M.open()
  is_open = true
  for _, task in ipairs(waiters) do sched.wake(task) end
  waiters = {}
end

-- Whether statements go through, as far as this worker can tell at no cost.
function M.passes() return is_open and host.db_up() end

-- Whether statements go through now, writes too: the server is well and its schema up to date.
function M.is_ready() return is_open and host.db_state() == "up" end

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

-- Runs one statement; returns as settle() does.  What lost a race takes its transaction with it, whoever
-- catches the error.
local function settle_in(task, op)
  local result, err = settle(op)
  local tx = not result and task.tx
  if tx and M.is_error(err) and RETRY[err.sqlstate] then tx.lost = err end
  return result, err
end

local function attempt(lease, sql, ...) return settle_in(sched.current(), start(lease, sql, ...)) end

-- Nil while no catalogue is loaded, as for the first migrations.
local function conflict()
  local known, f = pcall(fail.new, "transaction_conflict", { retry_after_s = 1 })
  return known and f or nil
end

-- fn(...) -> result, or nil and an error that is raised; again for a while when it lost a race: 503 in the
-- end, since nothing is wrong with the request.  Each try counts its own waits.
local function persist(fn, ...)
  local task, stop, pause = sched.current(), host.now() + CONFLICT_S, AGAIN_S
  local awaits = task.awaits
  while true do
    local result, err = fn(...)
    if result then return result end
    local is_conflict = M.is_error(err) and CONFLICT[err.sqlstate]
    local again = is_conflict or pause < PLAN_MAX_S and M.is_error(err) and RETRY[err.sqlstate]
    local wait_s = pause * (0.5 + crypto.random())
    if not again or host.now() + wait_s > stop then
      error(is_conflict and conflict() or err, 0)
    end
    sched.sleep(wait_s)
    pause, task.awaits = math.min(pause * 2, AGAIN_MAX_S), awaits
  end
end

local function run(lease, sql, ...)
  if lease == 0 then return persist(attempt, 0, sql, ...) end
  local result, err = attempt(lease, sql, ...)
  if not result then error(err, 0) end
  return result
end

-- A statement whose result nobody wants; it travels with the next one, unless too many wait for that.
local function simple(lease, sql)
  local r = host.db_simple(lease, sql)
  if r == E.FULL then return run(lease, sql) end
  if r < 0 then error(failure(r, sql), 0) end
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

-- Writes soon what nobody waits for: with the task's next commit, or by itself within a moment.  failed(err) hears of
-- a statement that could not be written.
function M.soon(failed, sql, ...)
  soon.add(sched.current(), { sql = sql, n = select("#", ...), failed = failed, ... }, M.exec)
end

-- The first row; without one the request fails with `code` of the catalogue.
function M.must(code, sql, ...) return M.query(sql, ...)[1] or error(fail.new(code), 0) end

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

-- What a statement that the server refused means for the client, or nil: a value that our schemas let pass
-- and the database does not is the client's mistake all the same, and so is what collides with other data.
function M.refusal(err)
  if not M.is_error(err) then return nil end
  local state = err.sqlstate
  if CONFLICT[state] then return conflict() end
  if state == "23505" or state == "23503" or state == "23P01" then return fail.new "conflict" end
  if state:sub(1, 2) == "22" or state:sub(1, 2) == "23" or state == "54000" then
    return fail.new("validation_error", { message = "A value is not one that can be stored" })
  end
end

-- Transactions -------------------------------------------------------------------------------------------

-- As in human.db, on the connection of the transaction.
function Tx:query(sql, ...) return run(self.lease, sql, ...).rows end
function Tx:row(sql, ...) return run(self.lease, sql, ...).rows[1] end
function Tx:value(sql, ...) return first_column(run(self.lease, sql, ...).rows[1]) end
function Tx:exec(sql, ...) return run(self.lease, sql, ...).n end

-- As in human.db: the first row, or the request fails with `code`.
function Tx:must(code, sql, ...) return run(self.lease, sql, ...).rows[1] or error(fail.new(code), 0) end

-- Sends a statement on without waiting for it; later ones travel with it.  Returns a function that waits and gives
-- its rows.  What nobody waited for is waited for with the commit: the server's refusal undoes all.
function Tx:ask(sql, ...)
  local task, op, result, err = sched.current(), start(self.lease, sql, ...), nil, nil
  if op < 0 then error(failure(op, ""), 0) end     -- not sent: the commit must not be either
  local function answer()
    if op then
      local armed = op
      op = nil
      result, err = settle_in(task, armed)
    end
    if not result then error(err, 0) end
    return result.rows
  end
  self.asked[#self.asked + 1] = answer
  return answer
end

-- What was asked for is part of what a savepoint undoes.
local function hear(tx)
  local asked = tx.asked
  tx.asked = {}
  for _, answer in ipairs(asked) do answer() end
end

-- Like db.try; a refused statement is undone alone, by a savepoint.
function Tx:try(sql, ...)
  hear(self)
  simple(self.lease, "SAVEPOINT try")
  local result, err = attempt(self.lease, sql, ...)
  if result then
    simple(self.lease, "RELEASE SAVEPOINT try")
    return result.rows
  end
  if not M.is_error(err) or RETRY[err.sqlstate] then error(err, 0) end
  run(self.lease, "ROLLBACK TO SAVEPOINT try")
  return nil, err
end

-- fn() runs once, outside the transaction, after it has been committed; not when the savepoint that it was
-- asked for in is undone.  What it raises is logged: what was committed stays, and so does the answer.
function Tx:after_commit(fn)
  if type(fn) ~= "function" then blame.refuse("tx:after_commit: a function is needed") end
  self.hooks[#self.hooks + 1] = fn
end

local function run_hooks(tx)
  for _, hook in ipairs(tx.hooks) do
    local ok, err = events.try(hook)
    if not ok then log().error("after_commit: a hook failed", { error = err }) end
  end
end

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
  for _, entry in ipairs(tx.owed) do tx:ask(entry.sql, unpack(entry, 1, entry.n)) end
  local written = tx.kept[1] and start(tx.lease, keeper(tx.kept))
  local ended = start(tx.lease, "COMMIT")
  hear(tx)
  for _, op in ipairs { written or ended, written and ended } do
    local result, err = settle(op)
    if not result then error(err, 0) end
    if result.tag == "ROLLBACK" then
      error(tx.lost or "nothing was committed: a statement had failed (see tx:try)", 0)
    end
  end
end

-- A transaction that failed for good: its survivors are written, come what may of the write.
local function rescue(tx)
  forget(tx.kept, 1)
  if not tx.kept[1] then return end
  local ok, err = pcall(run, 0, keeper(tx.kept))
  if not ok then log().error("decisions lost", { count = #tx.kept, error = tostring(err) }) end
end

local function keep(ok, ...) return ok, select("#", ...), { ... } end

function Tx:nested(fn)
  self.depth = self.depth + 1
  hear(self)
  local name, kept_before, hooks_before = "nested" .. self.depth, #self.kept, #self.hooks
  simple(self.lease, "SAVEPOINT " .. name)
  local ok, n, values = keep(pcall(function()
    local function heard(...)
      hear(self)
      return ...
    end
    return heard(fn(self))
  end))
  self.depth = self.depth - 1
  if not ok then
    forget(self.kept, kept_before + 1)
    self.asked = {}
    for i = #self.hooks, hooks_before + 1, -1 do self.hooks[i] = nil end
    run(self.lease, "ROLLBACK TO SAVEPOINT " .. name)
    error(values[1], 0)
  end
  simple(self.lease, "RELEASE SAVEPOINT " .. name)
  return unpack(values, 1, n)
end

local function acquire(direct)
  local lease = direct and host.db_acquire_direct(owner()) or host.db_acquire(owner(), 0)
  local status = await(lease)
  if status < 0 then error(failure(status, ""), 0) end
  return lease
end

-- Returns {values, n}, the results of fn; or nil and the error.
local function once(task, options, fn)
  local lease = acquire(options.direct)
  local tx = setmetatable({ lease = lease, options = options, hooks = {}, kept = {}, asked = {}, depth = 0 }, tx_mt)
  task.tx = tx
  local ok, n, values = keep(pcall(function()
    simple(lease, options.begin)
    return fn(tx)
  end))
  if ok then
    tx.owed = soon.take(task)
    local committed, err = pcall(commit, tx)
    if not committed then ok, values = false, { err } end
  end
  task.tx = nil
  host.db_release(lease, not ok)
  if ok then
    run_hooks(tx)
    return { values, n }
  end
  if tx.owed then soon.give_back(tx.owed, M.exec) end
  local err = tx.lost or values[1]
  if not (M.is_error(err) and RETRY[err.sqlstate]) then rescue(tx) end
  return nil, err
end

-- Run fn(tx) in one transaction and return what it returns.  An error or a cancelled task rolls back.
-- A serialization failure or deadlock runs fn again after a moment, for 5 seconds at most, so fn must do
-- nothing but talk to the database: no fetch, no sleep; then the request fails with transaction_conflict.
-- Inside a transaction: a savepoint, with the options of the outer one.
-- options.isolation: "read committed" | "repeatable read" | "serializable"; options.read_only.  (options.direct is
-- for migrations: a connection of its own, past a pooler and without limits of time.)
function M.tx(fn, options)
  local task = sched.current()
  if not task then error("transaction outside a task", 2) end
  if task.tx then
    if options then options_of.check_nested(task.tx, options) end
    return task.tx:nested(fn)
  end
  if options ~= nil and type(options) ~= "table" then blame.refuse "tx: options must be a table" end
  if not options or not options.ungated then gated() end
  local result = persist(once, task, options_of.read(options or {}), fn)
  return unpack(result[1], 1, result[2])
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
