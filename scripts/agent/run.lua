-- scripts/agent/run.lua -- one run of an agent: the record of how it handled events, and of the cost.
-- A run that speaks has three steps: it begins (a transaction; typing), the model answers (no transaction,
-- interruptible: agent.thinking), it ends (a transaction: all actions, agent-stopped, the mailbox advanced, the lease
-- released when nothing is left).
-- Since a run's actions and its end are one transaction, a killed host leaves a run either finished or without
-- actions; one without is taken over when the lease expires.
--
-- An entry is what a worker holds while it has an agent's turn (agent.turn): {agent_id, owner (of the lease),
-- decided (what rules said since the last transaction), attempts, given_back (the lease, with the run's end), ..}.

local bus = require "human.bus"
local db = require "human.db"
local decisions = require "human.decisions"
local id = require "human.id"
local json = require "human.json"
local llm = require "human.llm"
local log = require "human.log"
local metrics = require "human.metrics"
local actions = require "agent.actions"
local budget = require "agent.budget"
local changes = require "agent.changes"
local facts = require "agent.facts"
local initiative = require "agent.initiative"
local limits = require "agent.rules.limits"
local mailbox = require "agent.mailbox"
local newer = require "agent.newer"
local respond = require "agent.rules.respond"
local store = require "agent.store"
local told = require "agent.told"

local M = {}

local TYPING = { type = "set-typing", isTyping = true }

metrics.describe("human_agent_runs_total", "Runs of agents, by how they ended.")
metrics.describe("human_agent_turns_given_up_total", "Turns of agents that had all their attempts")

-- A statement as a part of another one, whose parameters before it are so many.
local function behind(n, sql)
  return (sql:gsub("%$(%d+)", function(i) return "$" .. i + n end))
end

M.sql = {
  speak = [[insert into agent_runs (id, agent_id, until_pos, typing, verdict) values ($1, $2, $3, true, $4::jsonb)]],
  -- A run that begins and ends at once.
  whole = [[insert into agent_runs (id, agent_id, until_pos, typing, verdict, reason, error_code, provider, model,
      input_tokens, output_tokens, cost_micros, finished_at)
    values ($1, $2, $3, false, $4::jsonb, $5, $6, $7, $8, $9, $10, $11, clock_timestamp())]],
  resume = [[update agent_runs set attempts = attempts + 1, until_pos = $2 where id = $1]],
  open_run = "select id, until_pos, typing from agent_runs where agent_id = $1 and finished_at is null",
  finish = [[update agent_runs set reason = $2, error_code = $3, typing = false, plan = null, provider = $4, model = $5,
      input_tokens = input_tokens + $6, output_tokens = output_tokens + $7, finished_at = clock_timestamp(),
      cost_micros = case when $8::bigint is null then cost_micros else coalesce(cost_micros, 0) + $8 end
    where id = $1]],
}

-- The same for a run that counts, with all that its end writes in one piece.
M.sql.counted = "with saved as (" .. mailbox.sql.save .. "), " .. behind(10, budget.CHARGES) .. " "
  .. behind(16, M.sql.whole)

-- Decisions ---------------------------------------------------------------------------------------
-- Decisions of rules are written in the transaction that carries them out.

-- Asks a rule about an agent; the decision is written with the next transaction of its turn.
function M.ask(entry, fn, ...)
  local answer, decision = decisions.ask(fn, { subject = entry.agent_id }, ...)
  entry.decided[#entry.decided + 1] = decision
  return answer
end

-- Writes them with tx.  run_id: the run that they were for, or nil; box: the mailbox, or nil if no event can have come.
-- A message that they quote may have been deleted since it was read.
function M.record(tx, entry, run_id, box)
  local decided = entry.decided
  if #decided == 0 then return end
  local is_stale = box and box.rewritten_pos > (entry.seen or 0)
  for _, decision in ipairs(decided) do
    local row = decision.row                     -- nil: of its kind only some are kept
    if row then
      row.ref = run_id
      if is_stale then row.inputs, row.complete = json.raw(changes.FORGOTTEN), false end
      decisions.record(tx, decision)
    end
  end
  tx:after_commit(function() entry.decided = {} end)
end

-- Ending a run ------------------------------------------------------------------------------------

-- How the run really ends, now that the mailbox is locked: the session may be over, the agent paused,
-- or a message that changes the answer may have come before the first action.
local function outcome(tx, entry, box, run, result)
  if box.expired_at then return { reason = "timer-expired", upto = box.last_in_pos } end
  if box.status ~= "active" then return { reason = "aborted" } end
  if result.said then return result end
  if box.changed_pos > run.until_pos and limits.may_supersede(box.superseded) then return { reason = "superseded" } end
  local changed = result.interrupted or box.last_said_pos > run.until_pos and decisions.decide(tx, respond.supersedes,
    { ref = run.id, subject = box.agent_id }, newer.facts(entry.snap, run.until_pos, box.superseded))
  if changed then return { reason = "superseded" } end
  return result
end

-- The parameters of M.sql.whole.
local function whole(run, box, result, reason, usage)
  return run.id, box.agent_id, run.until_pos, run.verdict and json.encode(run.verdict), reason, result.code,
    result.provider, result.model, usage.input_tokens or 0, usage.output_tokens or 0, budget.known_cost(usage)
end

-- Adds values (n of them, some nil) to a list of them.
local function join(all, n, ...)
  for i = 1, n do all[all.n + i] = (select(i, ...)) end
  all.n = all.n + n
end

-- Counts the run, ends it, and writes the mailbox back.
local function write_counted(tx, run, box, over, ...)
  local all = { n = 0 }
  join(all, 10, mailbox.saved(box, over))
  join(all, 6, budget.counted(run.payer))
  join(all, 11, ...)
  tx:ask(M.sql.counted, unpack(all, 1, all.n))
end

-- Writes the end of a run and its cost; the mailbox is the caller's to write.
local function write_run(tx, run, box, result, reason)
  local usage = result.usage or {}
  local input, output, cost = usage.input_tokens or 0, usage.output_tokens or 0, budget.known_cost(usage)
  box.runs, box.cost_micros = box.runs + 1, box.cost_micros + (usage.cost_micros or 0)
  box.input_tokens, box.output_tokens = box.input_tokens + input, box.output_tokens + output
  budget.charge(tx, result.payer, usage)
  if run.payer then return write_counted(tx, run, box, mailbox.is_over(box), whole(run, box, result, reason, usage)) end
  if run.is_new then return tx:ask(M.sql.whole, whole(run, box, result, reason, usage)) end
  tx:ask(M.sql.finish, run.id, reason, result.code, result.provider, result.model, input, output, cost)
end

-- The same with the mailbox.  Returns whether the lease was released.
local function write_end(tx, run, box, result, reason)
  write_run(tx, run, box, result, reason)
  if run.payer then return mailbox.is_over(box) end
  return mailbox.save(tx, box, true)
end

-- Writes the end of a run, on the locked mailbox.  real: how it ends; result: what it cost.
local function close(tx, entry, box, run, real, result)
  told.with(tx, entry)
  M.record(tx, entry, run.id, box)
  local list = actions.closing(run, real.actions or {}, real.reason, real.code)
  if run.is_new and run.typing then table.insert(list, 1, TYPING) end
  local added = store.append_out(tx, entry.agent_id, box, run.id, list)
  initiative.arm(tx, entry, real.actions)
  if real.reason == "superseded" then
    box.superseded = box.superseded + 1
  else
    box.superseded, box.processed_pos = 0, real.upto or run.until_pos
  end
  entry.given_back = write_end(tx, run, box, result, real.reason)
  tx:after_commit(function() if entry.given_back and entry.snap then facts.keep(entry.snap, box, run, added()) end end)
  return real.reason
end

local function count(reason)
  metrics.add("human_agent_runs_total", 1, { reason = reason })
  return reason
end

-- result: {actions, reason, code, usage, payer (of agent.budget), provider, model, interrupted, said (some of its
-- messages: agent.delivery)}.
function M.finish(entry, run, result)
  return count(db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    return close(tx, entry, box, run, outcome(tx, entry, box, run, result), result)
  end))
end

-- A run that will think, for M.begin.
function M.new(snap) return { id = id.new(), until_pos = snap.seen, typing = true } end

local CLOSE = {}

-- Runs fn(tx, box) with the mailbox locked, for a run that may begin.  Returns what it returns; or nil and whether the
-- facts are better read again.
local function beginning(entry, snap, run, fn)
  local function try(tx)
    local user_id = snap.payer.user_id
    local alone = budget.begins_alone(user_id)
    local locked = mailbox.locking(tx, entry.agent_id, entry.owner, user_id, alone)
    local take = budget.taking(tx, snap.payer, run.id, alone)
    local box = locked()
    if box.last_said_pos > snap.seen and entry.may_look_again then return nil, true end
    local may = take(function(...) return M.ask(entry, ...) end)
    if may == nil then return nil, CLOSE end
    if may then return fn(tx, box) end
  end
  local result, why = db.tx(try)
  if why == CLOSE then return db.tx(try) end     -- now alone
  return result, why
end

-- Begins a run that thinks: stores its row, visible typing, and the minimum cost of asking the model (run.plan, from
-- human.llm, or nil).  Nil when there is no budget for it; nil and true when messages have come since the facts were
-- read, so that they should be read again.
function M.begin(entry, snap, run)
  return beginning(entry, snap, run, function(tx, box)
    told.with(tx, entry)
    budget.count(tx, snap.payer)
    tx:ask(M.sql.speak, run.id, entry.agent_id, run.until_pos, json.encode(snap.verdict))
    if run.plan then llm.write_down(tx, run.plan) end
    M.record(tx, entry, run.id, box)
    store.append_out(tx, entry.agent_id, box, run.id, { TYPING })
    mailbox.save(tx, box)
    return run
  end)
end

-- A run that needs no model: it begins and ends at once.
function M.at_once(entry, snap, result)
  local run = { id = id.new(), until_pos = snap.seen, typing = false, is_new = true }
  return count(db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    return close(tx, entry, box, run, result, result)
  end))
end

-- The same for a run whose answer was available at once and free.  Returns nil, or nil and true, as M.begin does.
function M.answer_at_once(entry, snap, run, result)
  run.is_new, run.verdict, run.payer = true, snap.verdict, snap.payer
  local reason, again = beginning(entry, snap, run, function(tx, box)
    return close(tx, entry, box, run, outcome(tx, entry, box, run, result), result)
  end)
  return reason and count(reason), again
end

-- Says nothing; callers that wait for an answer are notified that there is none.
function M.pass(entry, snap)
  db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    box.processed_pos = snap.seen
    told.with(tx, entry)
    M.record(tx, entry, nil, box)
    entry.given_back = mailbox.save(tx, box, true)
    local news = { agent_id = entry.agent_id, seq = box.last_seq }
    tx:after_commit(function() bus.publish("agent.action", news) end)
  end)
end

-- Ends a turn that has used all its attempts.  Nothing here reads its events, or asks a rule about them: one of them
-- has killed every worker that did.
function M.give_up(entry, code)
  db.tx(function(tx)
    local run = tx:row(M.sql.open_run, entry.agent_id)
    if run then budget.book_interrupted(tx, tx:row(budget.sql.payer, entry.agent_id), run.id) end
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    run = run or { id = id.new(), until_pos = math.max(box.tried_pos, box.processed_pos), typing = false,
                   is_new = true }
    store.append_out(tx, entry.agent_id, box, run.id, actions.closing(run, {}, "error", code))
    write_run(tx, run, box, { code = code }, "error")
    mailbox.give_up(tx, box)
  end)
  entry.suspect = true
  log.error("turn given up", { agent_id = entry.agent_id, code = code, attempts = entry.attempts })
  metrics.add("human_agent_runs_total", 1, { reason = "error" })
  metrics.add("human_agent_turns_given_up_total", 1, { code = code })
end

-- Whether what came since the look that began the present answer would change it; false before it has begun.
-- Awaits.
function M.is_superseded(entry)
  local snap = entry.snap
  if not (snap and snap.verdict) then return false end
  local about = newer.facts(snap, entry.seen, snap.head.superseded)
  return entry.snap == snap and (decisions.ask(respond.supersedes, { subject = entry.agent_id }, about))
end

-- Takes over a run from a worker that did not end it, with the events since.  Books what that worker spent, and stores
-- what asking again will cost, as M.begin does.
function M.resume(entry, snap, run)
  run.until_pos = snap.seen
  db.tx(function(tx)
    mailbox.lock(tx, entry.agent_id, entry.owner)
    tx:ask(M.sql.resume, run.id, run.until_pos)
    budget.book_interrupted(tx, snap.payer, run.id)
    if run.plan then llm.write_down(tx, run.plan) end
  end)
end

return M
