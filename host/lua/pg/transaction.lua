-- host/lua/pg/transaction.lua -- a transaction: its statements, its savepoints, its end.
-- It holds one lease, which is released whatever happens.  human.db begins it, or pg/whole.lua for a whole task.

local blame = require "human.core.blame"
local events = require "human.core.events"
local fail = require "human.fail"
local db_error = require "human.pg.error"
local host = require "human.core.host"
local sched = require "human.core.sched"
local soon = require "human.pg.soon"
local statement = require "human.pg.statement"

local getinfo = debug.getinfo
local failure, is_error, is_lost = db_error.failure, db_error.is, statement.is_lost
local start, settle, settle_in = statement.start, statement.settle, statement.settle_in
local attempt, run, simple, first_column = statement.attempt, statement.run, statement.simple, statement.first_column

local function log() return require "human.log" end  -- loaded late, since it is not available yet

local M = {}
local ABORTED = "25P02"                          -- in_failed_sql_transaction
local Tx = {}
local tx_mt = { __index = Tx }

-- As in human.db, on the connection of the transaction.
function Tx:query(sql, ...) return run(self.lease, sql, ...).rows end
function Tx:row(sql, ...) return run(self.lease, sql, ...).rows[1] end
function Tx:value(sql, ...) return first_column(run(self.lease, sql, ...).rows[1]) end
function Tx:exec(sql, ...) return run(self.lease, sql, ...).n end

-- As in human.db: the first row, or the request fails with `code`.
function Tx:must(code, sql, ...) return run(self.lease, sql, ...).rows[1] or error(fail.new(code), 0) end

-- Why what was sent on before `answer` has failed.
local function first_error(tx, answer)
  for _, earlier in ipairs(tx.asked) do
    if earlier == answer then return nil end
    local ok, err = pcall(earlier)
    if not ok then return err end
  end
end

-- Sends a statement without waiting for it; later ones are pipelined behind it.  Returns a function that waits for and
-- returns its rows.  The commit waits for all others: if the server refuses one, the transaction is rolled back.  Its
-- error, which names the line that sent it, is raised by that function, those of statements behind it, the next one
-- that is waited for, or the commit.
function Tx:ask(sql, ...)
  local task, op, result, err = sched.current(), start(self.lease, sql, ...), nil, nil
  local from = getinfo(2, "Sl")
  if op < 0 then error(failure(op, ""), 0) end     -- not sent: the commit must not be either
  local answer
  function answer()
    if op then
      local armed = op
      op = nil
      result, err = settle_in(task, armed)
      if is_error(err) then err.sent_at = from.short_src .. ":" .. from.currentline end
    end
    if not result then
      local is_behind = is_error(err) and err.sqlstate == ABORTED
      if is_behind then err = first_error(self, answer) or err end
      error(err, 0)
    end
    return result.rows
  end
  self.asked[#self.asked + 1] = answer
  return answer
end

-- Waits for statements of ask(), since a savepoint must cover them, too.
local function hear(tx)
  local asked = tx.asked
  tx.asked = {}
  for _, answer in ipairs(asked) do answer() end
end
M.hear = hear

-- Like db.try; a refused statement is undone alone, by a savepoint.
function Tx:try(sql, ...)
  hear(self)
  simple(self.lease, "SAVEPOINT try")
  local result, err = attempt(self.lease, sql, ...)
  if result then
    simple(self.lease, "RELEASE SAVEPOINT try")
    return result.rows
  end
  if not is_error(err) or is_lost(err) then error(err, 0) end
  run(self.lease, "ROLLBACK TO SAVEPOINT try")
  return nil, err
end

-- Runs fn() once, outside the transaction, after the commit; not if the savepoint in which it was
-- requested is rolled back.  Errors in it are logged: the commit stands, and so does the answer.
function Tx:after_commit(fn)
  if type(fn) ~= "function" then blame.refuse("tx:after_commit: a function is needed") end
  self.hooks[#self.hooks + 1] = fn
end

function M.run_hooks(tx)
  for _, hook in ipairs(tx.hooks) do
    local ok, err = events.try(hook)
    if not ok then log().error("after_commit: a hook failed", { error = err }) end
  end
end

-- Adds an entry to write with the transaction: the writer that M.on_end declared writes all of them in one statement,
-- sent with the commit.  After a rollback those with `survives` are written outside.
function Tx:keep(entry) self.kept[#self.kept + 1] = entry end

local keeper                                     -- entries -> sql, parameter

-- Declares how the entries of Tx:keep are written: fn(entries) -> sql, its only parameter.
function M.on_end(fn) keeper = fn end

-- Drops entries from number `from` on, except those that survive a rollback.
function M.forget(kept, from)
  for i = #kept, from, -1 do
    if not kept[i].survives then table.remove(kept, i) end
  end
end

local function commit(tx, more)
  soon.send_rows(tx)
  if more then more(tx) end
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

-- After the final failure of a transaction: writes its surviving entries, as best it can.
function M.rescue(tx)
  M.forget(tx.kept, 1)
  if not tx.kept[1] then return end
  local ok, err = pcall(run, 0, keeper(tx.kept))
  if not ok then log().error("decisions lost", { count = #tx.kept, error = tostring(err) }) end
end

local function keep(ok, ...) return ok, select("#", ...), { ... } end
M.keep = keep

function Tx:nested(fn)
  self.depth = self.depth + 1
  soon.send_rows(self)
  hear(self)
  local name, kept_before, hooks_before = "nested" .. self.depth, #self.kept, #self.hooks
  simple(self.lease, "SAVEPOINT " .. name)
  local ok, n, values = keep(pcall(function()
    local function heard(...)
      soon.send_rows(self)
      hear(self)
      return ...
    end
    return heard(fn(self))
  end))
  self.depth = self.depth - 1
  if not ok then
    M.forget(self.kept, kept_before + 1)
    self.asked, self.rows = {}, nil
    for i = #self.hooks, hooks_before + 1, -1 do self.hooks[i] = nil end
    run(self.lease, "ROLLBACK TO SAVEPOINT " .. name)
    error(values[1], 0)
  end
  simple(self.lease, "RELEASE SAVEPOINT " .. name)
  return unpack(values, 1, n)
end

-- A connection for a transaction.  direct: see db.tx.
function M.acquire(direct)
  local lease = direct and host.db_acquire_direct(sched.owner()) or host.db_acquire(sched.owner(), 0)
  local status = sched.await(lease)
  if status < 0 then error(failure(status, ""), 0) end
  return lease
end

--- A transaction with these options (human.pg.options) on a connection; `fields` are further members.
function M.new(lease, options, fields)
  local tx = fields or {}
  tx.lease, tx.options, tx.hooks, tx.kept, tx.asked, tx.depth = lease, options, {}, {}, {}, 0
  return setmetatable(tx, tx_mt)
end

local function exec(sql, ...) return run(0, sql, ...).n end

--- Commits; `more` (optional) sends further statements with the commit.  Raises on failure.  The caller keeps the
--- connection.
function M.commit(task, tx, more)
  tx.owed = soon.take(task)
  local ok, err = pcall(commit, tx, more)
  if ok then return end
  soon.give_back(tx.owed, exec)
  error(err, 0)
end

--- Returns {values, n}, the results of fn; or nil and the error.
function M.once(task, options, fn)
  local lease = M.acquire(options.direct)
  local tx = M.new(lease, options)
  task.tx = tx
  local ok, n, values = keep(pcall(function()
    simple(lease, options.begin)
    if options.is_hasty then tx:ask "SET LOCAL synchronous_commit = off" end
    return fn(tx)
  end))
  if ok then
    local committed, err = pcall(M.commit, task, tx)
    if not committed then ok, values = false, { err } end
  end
  task.tx = nil
  host.db_release(lease, not ok)
  if ok then
    M.run_hooks(tx)
    return { values, n }
  end
  local err = tx.lost or values[1]
  if not is_lost(err) then M.rescue(tx) end
  return nil, err
end

return M
