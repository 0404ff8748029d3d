-- scripts/agent/turn.lua -- one turn of an agent: from what came in to what it does.
-- A worker takes the agent's lease, reads what is new, asks agent.rules.respond, and carries the
-- verdict out.  A run that speaks has three steps, each one transaction: it begins (typing), the model
-- answers (no transaction, interruptible), it ends (all actions, agent-stopped, the mailbox moved on).
-- Since a run's actions and its end are one transaction, a host that is killed leaves a run either
-- finished or without actions; one without is taken up again when the lease lapses.

local bus = require "human.bus"
local config = require "human.config"
local db = require "human.db"
local decisions = require "human.decisions"
local id = require "human.id"
local llm = require "human.llm"
local log = require "human.log"
local metrics = require "human.metrics"
local task = require "human.task"
local actions = require "agent.actions"
local budget = require "agent.budget"
local facts = require "agent.facts"
local limits = require "agent.rules.limits"
local mailbox = require "agent.mailbox"
local memory = require "agent.memory"
local news_of = require "agent.news"
local prompt = require "agent.prompt"
local respond = require "agent.rules.respond"
local store = require "agent.store"
local tools = require "agent.tools"
require "agent.providers.init"

local M = {}

metrics.describe("human_agent_turns_given_up_total", "Turns of agents that had all their attempts")

M.sql = {
  begin = [[insert into agent_runs (id, agent_id, until_pos, typing) values ($1, $2, $3, $4)]],
  resume = [[update agent_runs set attempts = attempts + 1, until_pos = $2 where id = $1]],
  open_run = "select id, until_pos, typing from agent_runs where agent_id = $1 and finished_at is null",
  finish = [[update agent_runs set reason = $2, error_code = $3, typing = false, provider = $4, model = $5,
      input_tokens = $6, output_tokens = $7, cost_micros = $8, finished_at = clock_timestamp() where id = $1]],
  usage = [[select count(*) filter (where started_at > now() - interval '1 hour' and provider is not null) as runs,
      coalesce(sum(input_tokens + output_tokens), 0)::float8 as tokens
    from agent_runs where agent_id = $1 and started_at > now() - interval '24 hours']],
}

-- Turns of this worker, by agent: what they are doing and the task that does it.  After a reload the
-- new generation has a table of its own; turns of the old one end by themselves, and the database,
-- not this table, keeps two turns of an agent apart.
local running, n_running = {}, 0

-- Decisions ---------------------------------------------------------------------------------------
-- What rules said in this look is written with the transaction that carries it out.

-- Asks a rule about an agent; the decision is kept for the next transaction of its turn.
local function ask(entry, fn, ...)
  local answer, decision = decisions.ask(fn, { subject = entry.agent_id }, ...)
  entry.decided[#entry.decided + 1] = decision
  return answer
end

-- Writes them with tx.  run_id: what they were for, or nil.
local function record(tx, entry, run_id)
  local decided = entry.decided
  if #decided == 0 then return end
  for _, decision in ipairs(decided) do
    decision.row.ref = run_id
    decisions.record(tx, decision)
  end
  tx:after_commit(function() entry.decided = {} end)
end

-- Ending a run ------------------------------------------------------------------------------------

-- How the run really ends, now that the mailbox is locked: the session may be over, the agent paused,
-- or somebody may have said more before the first action.
local function outcome(tx, box, run, result)
  if result.final then return result end
  if box.expired_at then return { reason = "timer-expired", upto = box.last_in_pos } end
  if box.status ~= "active" then return { reason = "aborted" } end
  local newer = box.last_said_pos > run.until_pos and decisions.decide(tx, limits.may_supersede,
    { ref = run.id, subject = box.agent_id }, box.superseded)
  if result.interrupted or newer then return { reason = "superseded" } end
  return result
end

local function write_run(tx, run, box, result, reason)
  local usage = result.usage or {}
  local input, output = usage.input_tokens or 0, usage.output_tokens or 0
  tx:exec(M.sql.finish, run.id, reason, result.code, result.provider, result.model, input, output,
    usage.cost_micros)
  box.runs, box.cost_micros = box.runs + 1, box.cost_micros + (usage.cost_micros or 0)
  box.input_tokens, box.output_tokens = box.input_tokens + input, box.output_tokens + output
  budget.charge(function(...) tx:exec(...) end, box.agent_id, usage)
end

-- result: {actions, reason, code, usage, provider, model, interrupted, final (whatever came since)}.
local function finish(entry, run, result)
  local reason = db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    local real = outcome(tx, box, run, result)
    record(tx, entry, run.id)
    store.append_out(tx, entry.agent_id, box, run.id, actions.closing(run, real.actions or {}, real.reason, real.code))
    if real.reason == "superseded" then
      box.superseded = box.superseded + 1
    else
      box.superseded, box.processed_pos = 0, real.upto or run.until_pos
    end
    write_run(tx, run, box, result, real.reason)
    mailbox.save(tx, box)
    return real.reason
  end)
  metrics.add("human_agent_runs_total", 1, { reason = reason })
  return reason
end

-- A run that thinks: its row, and typing for all to see.  Nil when the user has no budget for it.
local function begin(entry, snap)
  local run = { id = id.new(), until_pos = snap.seen, typing = true }
  return db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    if not budget.take(tx, entry.agent_id, run.id) then return nil end
    tx:exec(M.sql.begin, run.id, entry.agent_id, run.until_pos, true)
    record(tx, entry, run.id)
    store.append_out(tx, entry.agent_id, box, run.id, { { type = "set-typing", isTyping = true } })
    mailbox.save(tx, box)
    return run
  end)
end

-- A run that needs no model: begun and ended at once.
local function at_once(entry, snap, result)
  result.final = true
  local run = { id = id.new(), until_pos = snap.seen, typing = false }
  db.tx(function(tx)
    mailbox.lock(tx, entry.agent_id, entry.owner)
    tx:exec(M.sql.begin, run.id, entry.agent_id, run.until_pos, false)
    finish(entry, run, result)
  end)
end

-- A turn that has had all its attempts.  Nothing here looks at its events, or asks a rule about them: one of
-- those has ended everybody who did.
local function give_up(entry, code)
  db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    local run = tx:row(M.sql.open_run, entry.agent_id)
    if not run then
      run = { id = id.new(), until_pos = math.max(box.tried_pos, box.processed_pos), typing = false }
      tx:exec(M.sql.begin, run.id, entry.agent_id, run.until_pos, false)
    end
    store.append_out(tx, entry.agent_id, box, run.id, actions.closing(run, {}, "error", code))
    write_run(tx, run, box, { code = code }, "error")
    mailbox.give_up(tx, box)
  end)
  entry.suspect = true
  log.error("turn given up", { agent_id = entry.agent_id, code = code, attempts = entry.attempts })
  metrics.add("human_agent_runs_total", 1, { reason = "error" })
  metrics.add("human_agent_turns_given_up_total", 1, { code = code })
end

-- Thinking ----------------------------------------------------------------------------------------

local function request(snap, run)
  local built = prompt.build(snap, os.date "!%Y-%m-%dT%H:%M:%SZ")
  return {
    system = built.system, messages = built.messages, tools = tools.definitions, ref = run.id,
    max_tokens = limits.answer_tokens, deadline_s = limits.run_s,
  }
end

-- The model's answer, or nil and an error; nil alone when the run was interrupted.
local function think(entry, snap, run)
  if entry.stop then return nil end
  entry.thinking = true
  local ok, reply, err = pcall(llm.chat, request(snap, run))
  entry.thinking = false
  if ok then return reply, err end
  if entry.stop then return nil end
  error(reply, 0)
end

-- What the answer comes to, with everything refused that may not be done.
local function result_of(entry, snap, run, reply)
  local wishes, unknown = tools.wishes(reply)
  local where = { agent_id = entry.agent_id, run_id = run.id, ask = function(...) return ask(entry, ...) end }
  if #unknown > 0 then log.warn("unknown tools", { run_id = run.id, tools = table.concat(unknown, " ") }) end
  local chat = store.known(entry.agent_id, actions.message_ids(wishes))
  chat.template, chat.max = snap.head.template, config.agent.max_actions
  local done = actions.allowed(wishes, chat, where)
  return {
    actions = done, reason = #done > 0 and "completed" or "no-response",
    usage = reply.usage, provider = reply.provider, model = reply.model,
  }
end

local function generate(entry, snap, run)
  local reply, err = think(entry, snap, run)
  if reply then
    finish(entry, run, result_of(entry, snap, run, reply))
  elseif not err then
    finish(entry, run, { interrupted = true, reason = "superseded" })
  else
    log.warn("run failed", { agent_id = entry.agent_id, run_id = run.id, code = err.code, error = err.message })
    finish(entry, run, { reason = "error", code = err.code })
  end
end

local function over_budget(entry)
  return ask(entry, limits.over_budget, db.row(M.sql.usage, entry.agent_id))
end

-- Verdicts ----------------------------------------------------------------------------------------

local function speak(entry, snap)
  local run = not over_budget(entry) and begin(entry, snap)
  if not run then return at_once(entry, snap, { reason = "budget-exceeded", code = "budget_exceeded" }) end
  generate(entry, snap, run)
end

-- Taken up from a worker that did not end it, with what has come since.
local function resume(entry, snap)
  local run = snap.run
  run.until_pos = snap.seen
  db.exec(M.sql.resume, run.id, run.until_pos)
  generate(entry, snap, run)
end

local function react(entry, snap, verdict)
  local action = { type = "add-reaction", messageId = verdict.message_id, emoji = verdict.emoji }
  at_once(entry, snap, { reason = "completed", actions = { action } })
end

-- Silence about what people said is told ("no-response"), so that nobody waits for an answer; silence
-- about typing, joining, reactions and the agent's own echo is not worth an action.
local function keep_silent(entry, snap, verdict)
  local told = snap.expires and "timer-expired"
  if #snap.facts.messages > 0 and verdict.reason ~= "own-message" then
    told = verdict.reason == "timer-expired" and "timer-expired" or "no-response"
  end
  if told then return at_once(entry, snap, { reason = told }) end
  db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    box.processed_pos = snap.seen
    record(tx, entry)
    mailbox.save(tx, box)
  end)
end

local carry_out = { speak = speak, react = react, silent = keep_silent }

-- Says what this task does.  Once a worker has died at a turn of this agent it is the agent that answers for
-- what happens; false: too many have.
local function may_run(entry)
  if entry.suspect then return task.suspect("agent turn " .. entry.agent_id, entry.agent_id) end
  task.name("agent turn", entry.agent_id)
  return true
end

-- One look at the mailbox.  Returns how long to wait, when the verdict is to wait.
local function look(entry)
  entry.stop, entry.decided = false, {}
  if not may_run(entry) then
    give_up(entry, "out_of_service")
    return nil
  end
  local snap = facts.load(entry.agent_id)
  if not snap then error(mailbox.LOST, 0) end
  entry.seen, entry.may_supersede = snap.seen, limits.may_supersede(snap.head.superseded)
  entry.remember = entry.remember or snap.full
  if snap.run then
    resume(entry, snap)
    return nil
  end
  if snap.seen <= snap.processed_pos then return nil end
  local verdict = ask(entry, respond.decide, snap.facts)
  if verdict.action == "wait" then return mailbox.pause_ms(verdict.wait_ms) end
  carry_out[verdict.action](entry, snap, verdict)
  return nil
end

-- Holding the lease -------------------------------------------------------------------------------

local function renew(entry)
  while not entry.over do
    task.sleep(mailbox.renew_every_s())
    if entry.over then return end
    -- While the database is away the lease cannot be lost to anybody either; it is checked at every write.
    local ok, held = pcall(mailbox.renew, entry.agent_id, entry.owner)
    if ok and not held then return M.interrupt(entry) end
  end
end

local function wake_later(agent_id, wait_ms)
  task.sleep(wait_ms / 1000)
  M.wake(agent_id)
end

-- Gives the turn back for a while, unless something came meanwhile; then the verdict is void.
local function wait(entry, wait_ms)
  return db.tx(function(tx)
    if not mailbox.wait(entry.agent_id, entry.owner, entry.seen, wait_ms) then return false end
    record(tx, entry)
    return true
  end)
end

-- Looks until nothing is left.
local function take_turns(entry)
  local claim = mailbox.claim(entry.agent_id, entry.owner)
  if not claim then return end
  entry.attempts, entry.suspect = claim.attempts, claim.attempts > 1 or claim.failures > 0
  entry.renewer = task.spawn(renew, entry)
  if claim.over then give_up(entry, "interrupted") end
  for _ = 1, limits.turns_in_a_row do
    local wait_ms = look(entry)
    if wait_ms then
      if wait(entry, wait_ms) then
        task.spawn(wake_later, entry.agent_id, wait_ms)
        return
      end
    elseif mailbox.release(entry.agent_id, entry.owner) then
      return
    end
  end
  mailbox.yield(entry.agent_id, entry.owner)
end

local function leave(entry)
  entry.over = true
  if entry.renewer then task.kill(entry.renewer) end
  running[entry.agent_id], n_running = nil, n_running - 1
  if entry.again then M.wake(entry.agent_id) end
end

-- A turn that fails keeps its lease until it lapses, and then for as long as agent.mailbox says: that is the
-- pause before the next attempt.
local function run_turns(entry)
  task.name("agent turn", entry.agent_id)
  local ok, err = pcall(take_turns, entry)
  leave(entry)
  if not ok and err ~= mailbox.LOST then
    local why = type(err) == "table" and err.message or tostring(err)
    log.error("turn failed", { agent_id = entry.agent_id, error = why })
  end
  if ok and entry.remember then task.spawn(memory.roll, entry.agent_id) end
end

-- Looks after an agent soon, unless this worker has enough to do; then M.scan finds it later.
function M.wake(agent_id)
  local entry = running[agent_id]
  if entry then
    entry.again = true
    return
  end
  if n_running >= limits.turns_per_worker then return end
  entry = { agent_id = agent_id, owner = mailbox.new_owner() }
  running[agent_id], n_running = entry, n_running + 1
  local ok, made = pcall(task.spawn, run_turns, entry)
  if ok then
    entry.task = made
    return
  end
  running[agent_id], n_running = nil, n_running - 1
  log.warn("turn put off", { agent_id = agent_id, error = tostring(made) })
end

-- Ends the model call of a turn, if it is at one.
function M.interrupt(entry)
  entry.stop = true
  if entry.thinking then task.kill(entry.task) end
end

-- Somebody said more, or the session is over: {agent_id, pos, final}.
bus.on("agent.interrupt", news_of.interrupt, function(news)
  local entry = running[news.agent_id]
  if not entry or not entry.seen or news.pos <= entry.seen then return end
  if news.final or entry.may_supersede then M.interrupt(entry) end
end)

local function stop_now(news)
  local entry = news.agent_id and running[news.agent_id]
  if entry then M.interrupt(entry) end
end

bus.on("agent.changed", news_of.changed, stop_now)
bus.on("agent.access_ended", news_of.access_ended, stop_now)
bus.on("agent.wake", news_of.wake, function(news)
  for _, agent_id in ipairs(news.agents) do M.wake(agent_id) end
end)

-- Agents whose events nobody works on, after a crash or when all workers were full; see agent.tick.
function M.scan()
  local waiting = mailbox.waiting(limits.turns_per_worker)
  if #waiting > 0 then bus.send("agent.wake", { agents = waiting }) end
end

return M
