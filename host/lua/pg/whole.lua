-- host/lua/pg/whole.lua -- a task whose database work is one transaction, committed when the task's function has
-- returned an answer to keep.
-- The function does not notice.  Its first transaction is this one; later ones are savepoints of it, even a
-- single statement, so a failure undoes no earlier work.  Anything that reaches beyond the database relies on
-- the work before it being committed, so it calls human.core.beyond, which ends the transaction.

local host = require "human.core.host"
local options_of = require "human.pg.options"
local statement = require "human.pg.statement"
local transaction = require "human.pg.transaction"

local M = {}
local PLAIN = options_of.read {}

-- Rolls back; returns when the server has done so: its locks are free.
local function undo(tx)
  local lease = tx.lease
  transaction.forget(tx.kept, 1)
  tx.hooks, tx.asked, tx.rows, tx.lease, tx.first, tx.depth = {}, {}, nil, nil, nil, 0
  if not lease then return end
  local ok = pcall(statement.run, lease, "ROLLBACK")
  host.db_release(lease, not ok)
end

-- Checks whether it may continue, by the answer of the statement sent with BEGIN.
local function hear_first(tx)
  local heard = tx.heard
  tx.first, tx.heard = nil, nil
  local ok, err = pcall(function() return tx.plan.check(tx, heard()[1]) end)
  if ok then return end
  undo(tx)
  tx.over = err                                  -- even if a script catches it
  error(err, 0)
end

-- is_fresh: the function has done nothing in it yet.  A strict one need not wait here.
local function begin(tx, isolation)
  local plan = tx.plan
  if tx.over then error(tx.over, 0) end
  plan.gate()
  tx.options = isolation and options_of.read { isolation = isolation } or PLAIN
  tx.lease, tx.is_fresh = transaction.acquire(), true
  statement.simple(tx.lease, tx.options.begin)
  if not plan.first then return end
  tx.heard, tx.first, tx.asked = tx:ask(unpack(plan.first)), hear_first, {}
  if not plan.strict then tx:first() end
end

local function commit(task, tx, more)
  if tx.first then tx:first() end
  task.max_awaits = nil                          -- a function that used them all must not lose its work
  transaction.commit(task, tx, more)
  host.db_release(tx.lease, false)
  tx.lease, task.tx = nil, nil
  transaction.run_hooks(tx)
end

-- The first transaction of the task: if it fails, there is nothing else to undo.
local function adopt(tx, isolation, fn)
  if isolation and isolation ~= tx.options.isolation then undo(tx) end
  if not tx.lease then begin(tx, isolation) end
  tx.depth = 1
  local ok, n, values = transaction.keep(pcall(fn, tx))
  if ok then
    tx.depth, tx.is_fresh = 0, false
    return unpack(values, 1, n)
  end
  undo(tx)
  error(values[1], 0)
end

--- Whether tx is such a transaction, and the task is in no transaction of its own.
function M.is_open(tx) return tx.plan ~= nil and tx.depth == 0 end

--- Runs fn(tx) as part of this transaction, for work of the task outside of its own ones.  isolation: nil, or accepted
--- by admits().
function M.inside(tx, isolation, fn)
  if tx.lease and not tx.is_fresh then return tx:nested(fn) end
  return adopt(tx, isolation, fn)
end

-- The task continues without it: commits its work so far, with the plan's statements.
local function leave(task, tx, what)
  if tx.depth > 0 then return end                -- the script's own transaction, which continues
  local plan = tx.plan
  if plan.strict then error(what .. ": " .. plan.strict, 0) end
  local ok, err = pcall(function()
    if not tx.lease then begin(tx) end
    commit(task, tx, plan.leave)
    plan.left()
  end)
  tx.has_left = ok
  if ok then return end
  tx.over = plan.raced(err) or tx.lost or err
  error(tx.over, 0)
end

--- Whether a transaction with these options can be part of this one; if not, the task leaves this one.
function M.admits(task, tx, options)
  local asked = options.isolation
  if not tx.lease or tx.is_fresh or asked == nil or asked == tx.options.isolation then return true end
  leave(task, tx, "a transaction of another isolation")
  return false
end

-- Returns fn's answer, or nil and an error.
local function finish(task, tx, answer)
  local plan, over = tx.plan, tx.lost or tx.over
  if over or not plan.keeps(answer) then
    task.max_awaits = nil
    undo(tx)
    task.tx = nil
    if not tx.lost then transaction.rescue(tx) end
    if over then return nil, over end
    return answer
  end
  if not tx.lease then begin(tx) end
  commit(task, tx, function() plan.store(tx, answer) end)
  return answer
end

local function once(task, plan, fn)
  local tx = transaction.new(nil, PLAIN, { plan = plan, leave = leave })
  task.tx = tx
  local answer
  local ok, result, err = pcall(function()
    begin(tx)
    answer = fn()
    if tx.has_left then return answer end
    return finish(task, tx, answer)
  end)
  if ok then return result, err end
  undo(tx)
  task.tx = nil
  err = plan.raced(result) or tx.lost or result
  if not statement.is_lost(err) then transaction.rescue(tx) end
  return nil, err
end

--- Runs fn(), which never raises, as one transaction, again if that lost a race; returns its answer.  plan:
---   first    a statement sent with BEGIN, {sql, ..}, or nil; check(tx, row) gets its row, and raises if fn must
---            not run: before fn, or (strict) before the answer of its first statement
---   keeps    keeps(answer): whether to commit; store(tx, answer) sends statements with the commit
---   leave    leave(tx): fn reaches beyond the database; sends statements with the commit of the work so far;
---            left(): that is committed
---   strict   a text: fn must not do that, and why
---   raced    raced(err): the error to raise if err means that somebody else was first, else nil
---   gate     waits until statements may be sent
function M.run(task, plan, fn)
  return statement.persist(once, task, plan, fn)
end

return M
