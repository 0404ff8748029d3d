-- host/lua/db.lua -- PostgreSQL for scripts: statements, rows and transactions that read top to bottom.
-- A statement outside a transaction goes to any connection (C pipelines it); a transaction holds one
-- lease, which is released whatever happens.  A task has at most one lease, so the pool cannot
-- deadlock on itself: a transaction inside a transaction is a savepoint.

local blame = require "human.core.blame"
local db_error = require "human.pg.error"
local fail = require "human.fail"
local host = require "human.core.host"
local options_of = require "human.pg.options"
local sched = require "human.core.sched"
local soon = require "human.pg.soon"
local statement = require "human.pg.statement"
local timer = require "human.core.timer"
local transaction = require "human.pg.transaction"
local whole = require "human.pg.whole"

local run, attempt, persist, first_column = statement.run, statement.attempt, statement.persist, statement.first_column

local M = {}

local OPEN_WAIT_S = 5                            -- how long a statement waits for migrations
local is_open, waiters = false, {}

local unavailable = db_error.unavailable

-- True for the error object of a statement that the server refused: {sqlstate, message, detail, constraint, column,
-- table}.
M.is_error = db_error.is
-- The message for clients while the database is not well, by host.db_state().
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

-- Statements -------------------------------------------------------------------------------------------
-- sql has $1 .. $n; nil is NULL.  Column types: see docs/scripting.md.

local function gated() if not is_open then wait_until_open() end end

-- While the task has a transaction, its statements use that lease.
local function execute(sql, ...)
  gated()
  local task = sched.current()
  local tx = task and task.tx
  if not tx then return run(0, sql, ...) end
  if not whole.is_open(tx) then return run(tx.lease, sql, ...) end
  local list, n = { ... }, select("#", ...)
  return whole.inside(tx, nil, function() return run(tx.lease, sql, unpack(list, 1, n)) end)
end

-- All rows, as an array of {column = value}; NULL columns are absent.
function M.query(sql, ...) return execute(sql, ...).rows end

-- The first row, or nil.
function M.row(sql, ...) return M.query(sql, ...)[1] end

-- The only column of the first row, or nil.
function M.value(sql, ...) return first_column(M.query(sql, ...)[1]) end

-- How many rows were written.
function M.exec(sql, ...) return execute(sql, ...).n end

-- Runs a statement without waiting for its result: with the task's next commit, or by itself a moment later.
-- Calls failed(err) if it could not be run.
function M.soon(failed, sql, ...)
  soon.add(sched.current(), { sql = sql, n = select("#", ...), failed = failed, ... }, M.exec)
end

-- The first row; without one the request fails with `code` of the catalogue.
function M.must(code, sql, ...) return M.query(sql, ...)[1] or error(fail.new(code), 0) end

-- rows, or nil and {sqlstate, message, constraint, ..}; other failures raise as in query().
function M.try(sql, ...)
  gated()
  local tx = sched.current().tx
  if tx and not (whole.is_open(tx) and tx.is_fresh) then return tx:try(sql, ...) end
  if tx then
    local list, n = { ... }, select("#", ...)
    return whole.inside(tx, nil, function() return tx:try(sql, unpack(list, 1, n)) end)
  end
  local result, err = attempt(0, sql, ...)
  if result then return result.rows end
  if not M.is_error(err) then error(err, 0) end
  return nil, err
end

-- What a refused statement means for the client, or nil: a value that the schema accepts but the database does not
-- is still the client's mistake, and so is one that conflicts with other data.
function M.refusal(err)
  if not M.is_error(err) then return nil end
  local state = err.sqlstate
  if statement.CONFLICT[state] then return statement.conflict() end
  if state == "23505" or state == "23503" or state == "23P01" then return fail.new "conflict" end
  if state:sub(1, 2) == "22" or state:sub(1, 2) == "23" or state == "54000" then
    return fail.new("validation_error", { message = "A value is not one that can be stored" })
  end
end

-- Transactions -------------------------------------------------------------------------------------------

-- Declares how the entries of a transaction's keep() are written: fn(entries) -> sql and its only parameter.
M.on_end = transaction.on_end

-- For the runtime: runs fn() as one transaction, see human.pg.whole.
function M.whole(plan, fn)
  plan.gate = gated
  return whole.run(sched.current(), plan, fn)
end

-- Runs fn(tx) in one transaction and returns what it returns.  An error or a cancelled task rolls back.
-- After a serialization failure or deadlock fn runs again, for 5 seconds at most (then the request fails with
-- transaction_conflict), so it must do nothing but talk to the database: no fetch, no sleep.
-- Inside a transaction: a savepoint, with the options of the outer one.
-- options.isolation: "read committed" | "repeatable read" | "serializable"; options.read_only; options.durable = false:
-- the commit does not wait for the disk, and is lost if the server crashes within a second: for work that is then done
-- again, because its row of the queue ends in it.  (options.direct is for migrations: a connection of its own, without
-- a pooler and without timeouts.)
function M.tx(fn, options)
  local task = sched.current()
  if not task then error("transaction outside a task", 2) end
  local tx = task.tx
  if tx and not whole.is_open(tx) then
    if options then options_of.check_nested(tx, options) end
    return tx:nested(fn)
  end
  if options ~= nil and type(options) ~= "table" then blame.refuse "tx: options must be a table" end
  if not options or not options.ungated then gated() end
  local checked = options_of.read(options or {})
  if tx and whole.admits(task, tx, checked) then return whole.inside(tx, checked.isolation, fn) end
  local result = persist(transaction.once, task, checked, fn)
  return unpack(result[1], 1, result[2])
end

-- The current task's transaction, or nil.
function M.current_tx()
  local task = sched.current()
  return task and task.tx or nil
end

-- True while the current task has a transaction open: then it must not use the network.
function M.in_tx()
  local task = sched.current()
  local tx = task and task.tx
  return tx ~= nil and not whole.is_open(tx)
end

-- Runs a statement that deletes or changes `most` rows at a time, until it finds fewer or has run `rounds` times, each
-- time in a transaction of its own.  Returns how many rows that were.  The statement names its rows by their places:
-- "delete from t where ctid = any (array(select ctid from t where .. limit n))".  A plan that was made while the
-- table was empty would walk through it and compare each row with each place; here no plan walks through a table.
-- Not inside a transaction.
function M.sweep(sql, most, rounds, ...)
  if M.in_tx() then blame.refuse "sweep: not inside a transaction" end
  local total, n, args = 0, select("#", ...), { ... }
  local function once(tx)
    tx:exec "set local enable_seqscan = off"
    return tx:exec(sql, unpack(args, 1, n))
  end
  for _ = 1, rounds do
    local found = M.tx(once)
    total = total + found
    if found < most then break end
  end
  return total
end

return M
