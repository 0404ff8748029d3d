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

-- Returns when the server has heard of it: what was locked is free.
local function undo(tx)
  local lease = tx.lease
  transaction.forget(tx.kept, 1)
  tx.hooks, tx.asked, tx.rows, tx.lease, tx.first, tx.depth = {}, {}, nil, nil, nil, 0
  if not lease then return end
  local ok = pcall(statement.run, lease, "ROLLBACK")
  host.db_release(lease, not ok)
end

-- Whether it may go on, by what was asked with BEGIN.
local function hear_first(tx)
  local heard = tx.heard
  tx.first, tx.heard = nil, nil
  local ok, err = pcall(function() return tx.plan.check(tx, heard()[1]) end)
  if ok then return end
  undo(tx)
  tx.over = err                                  -- whoever catches it
  error(err, 0)
end

-- is_fresh: the function has done nothing in it yet.  One that can do nothing else (strict) need not wait here.
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
  task.max_awaits = nil                          -- a function that used them all must not lose what it did
  transaction.commit(task, tx, more)
  host.db_release(tx.lease, false)
  tx.lease, task.tx = nil, nil
  transaction.run_hooks(tx)
end

-- The first transaction of the task: nothing but it has to be undone when it fails.
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

--- Whether tx, a task's, is such a transaction, and the task in none of its own.
function M.is_open(tx) return tx.plan ~= nil and tx.depth == 0 end

--- What the task does outside of transactions of its own: fn(tx) as part of this one.  isolation: nil, or what admits()
--- let pass.
function M.inside(tx, isolation, fn)
  if tx.lease and not tx.is_fresh then return tx:nested(fn) end
  return adopt(tx, isolation, fn)
end

-- The task goes on without it: what it did is committed, with what the plan has to say of that.
local function leave(task, tx, what)
  if tx.depth > 0 then return end                -- a transaction of the script's own, which goes on
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

--- Whether a transaction with these options can be a part of this one; if not the task is in none any more.
function M.admits(task, tx, options)
  local asked = options.isolation
  if not tx.lease or tx.is_fresh or asked == nil or asked == tx.options.isolation then return true end
  leave(task, tx, "a transaction of another isolation")
  return false
end

-- Returns what fn answered, or nil and an error.
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

--- Runs fn(), which never raises, as one transaction, again when that lost a race; returns what it answered.  plan:
---   first    a statement that goes with BEGIN, {sql, ..}, or nil; check(tx, row) takes its row, or raises when fn is
---            not to run: before fn, or (strict) before its first statement is answered
---   keeps    keeps(answer): whether what was done stays; store(tx, answer) asks for what goes with the commit
---   leave    leave(tx): fn reaches beyond the database; asks for what goes with the commit of what was done so far;
---            left(): it has been committed
---   strict   a text: fn must not, and why
---   raced    raced(err): the error that stands for it when it means that somebody else was first, else nil
---   gate     waits until statements may be sent
function M.run(task, plan, fn)
  return statement.persist(once, task, plan, fn)
end

return M
