-- host/lua/queue/run.lua -- a run: the rows passed to one call of a script's function, from when they are
-- taken until their outcome is known.  Runs of one chain (rows with one key, or of one batch) follow each other.
-- A run is a task with all that it starts (human.core.scope); it belongs to the scripts it began with.
-- Knows nothing of statements but the one by which a transaction completes its rows.

local blame = require "human.core.blame"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local json = require "human.json"
local lossy = require "human.core.lossy"
local sched = require "human.core.sched"
local scope = require "human.core.scope"
local sql = require "human.queue.sql"
local target = require "human.scripts.target"
local text = require "human.text"

local M = {}
local ERROR_MAX = 1000
local LOST = setmetatable({}, { __tostring = function() return "the lease of this row was lost" end })
local LATE = setmetatable({}, { __tostring = function() return "it took longer than its timeout_s" end })
M.LOST = LOST

local Row, Batch = {}, {}
local run_of = setmetatable({}, { __mode = "k" }) -- the argument of a script's function -> its run

local function complete(tx, run)
  local row = run.rows[1]
  if not run.rows[2] then return tx:exec(sql.done_one, run.kind, row.id, row.attempts, run.owner) end
  local ids, attempts = M.arrays(run.rows)
  return tx:exec(sql.done, run.kind, ids, attempts, run.owner)
end

--- Completes the row in `tx`, a transaction of human.db: whatever else the transaction writes happens exactly once with
--- it, or not at all.  Raises if another worker has the row by now, so that nothing is written.
function Row:done(tx)
  local run = run_of[self]
  if type(tx) ~= "table" or not tx.lease then blame.refuse "done: a transaction of db.tx is needed" end
  if run.is_lost then error(LOST, 0) end
  if complete(tx, run) < #run.rows then error(LOST, 0) end
  tx:after_commit(function() run.is_done = true end)
end

--- Fails this try on purpose: the next one runs in so many seconds, and counts like any other.  why: a text for
--- operators who inspect the queue.
function Row:retry_in(seconds, why)
  if type(seconds) ~= "number" or not (seconds >= 0 and seconds < 1e9) then
    blame.refuse "retry_in: a number of seconds is needed"
  end
  run_of[self].wish = { wait_s = seconds, error = why and tostring(why) or "asked for another try" }
end

--- Gives up on the row: it is put aside for an operator (`human queue`).
function Row:dead(why)
  run_of[self].wish = { dead = true, error = why and tostring(why) or "given up" }
end

Batch.done, Batch.retry_in, Batch.dead = Row.done, Row.retry_in, Row.dead
local row_mt, batch_mt = { __index = Row }, { __index = Batch }

--- The ids and attempts of rows, '{a,b}' and '{1,2}', for statements.
function M.arrays(rows)
  local ids, attempts = {}, {}
  for i, row in ipairs(rows) do ids[i], attempts[i] = row.id, row.attempts end
  return "{" .. table.concat(ids, ",") .. "}", "{" .. table.concat(attempts, ",") .. "}"
end

local function plain(row)
  return { id = row.id, key = row.key, payload = json.decode(row.payload), attempt = row.attempts, due_at = row.due_at,
           added_at = row.added_at }
end

-- The argument of the script's function.
local function argument(run)
  local given
  if run.batch then
    given = setmetatable({}, batch_mt)
    for i, row in ipairs(run.rows) do given[i] = plain(row) end
  else
    given = setmetatable(plain(run.rows[1]), row_mt)
  end
  run_of[given] = run
  return given
end

local function body(run)
  run.scope = scope.open()
  local ok, err = pcall(function() target.resolve(gen.current(), run.path)(argument(run)) end)
  local waited, why = pcall(run.scope.wait, run.scope)
  if not ok then error(err, 0) end
  if not waited then error(why, 0) end
end

local function text_of(err) return text.cut(lossy.utf8((tostring(err):gsub("%z", ""))), ERROR_MAX) end

-- The outcome for the rows: nil (already done, or another worker's), or {is_done =}, or {error =, dead =,
-- wait_s =, is_void = true: they were not to blame}.
local function outcome(run, task, err)
  if run.is_done or run.is_lost then return nil end
  local wish = not err and run.wish
  if wish then return { error = text_of(wish.error), dead = wish.dead, wait_s = wish.wait_s } end
  if not err then return { is_done = true } end
  if err == sched.Canceled and task.gen ~= gen.current() then return { is_void = true } end
  return { error = text_of(err) }
end

--- Starts a run {kind, owner, path, label, timeout_s, rows, batch}.  finished(run, outcome) is called once.
function M.start(run, finished)
  local function on_finish(task, err) finished(run, outcome(run, task, err)) end
  run.task = { gen = gen.current(), label = run.label, ref = run.rows[1].id, on_finish = on_finish,
               limit = run.timeout_s, limit_error = LATE, lasts = run.timeout_s }
  sched.spawn_as(run.task, body, run)
end

--- Another worker may have its rows now: ends the run with all that it started.
function M.lose(run)
  if run.is_lost then return end
  run.is_lost = true
  if run.scope then run.scope:stop(LOST) end
end

--- The runs of rows that were taken together, as chains: lists of runs that follow each other.  def: of the kind.
function M.chains(rows, def, owner)
  local chains, by_key = {}, {}
  local function new_run(row)
    return { kind = def.kind, owner = owner, path = def.path, label = host.label("queue " .. def.kind),
             timeout_s = def.timeout_s, batch = def.batch, rows = { row } }
  end
  local function chain_for(row)
    local name = def.batch and 0 or def.per_key and row.key
    local chain = name and by_key[name]
    if chain then return chain end
    chain = {}
    chains[#chains + 1] = chain
    if name then by_key[name] = chain end
    return chain
  end
  for _, row in ipairs(rows) do
    local chain = chain_for(row)
    local last = chain[#chain]
    -- A row that has failed before runs alone, so that others do not fail with it.
    if def.batch and last and #last.rows < def.batch and row.attempts == 1 and last.rows[1].attempts == 1 then
      last.rows[#last.rows + 1] = row
    else
      chain[#chain + 1] = new_run(row)
    end
  end
  return chains
end

return M
