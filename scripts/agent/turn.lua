-- scripts/agent/turn.lua -- one turn of an agent: from new events to actions.
-- A worker takes the agent's lease and reads what is new, asks agent.rules.respond, and carries the
-- verdict out (agent.run, agent.thinking).  A turn that speaks is three transactions: the lease with the facts,
-- the beginning of the run, and its end, which releases the lease.

local bus = require "human.bus"
local db = require "human.db"
local log = require "human.log"
local task = require "human.task"
local budget = require "agent.budget"
local delivery = require "agent.delivery"
local facts = require "agent.facts"
local initiative = require "agent.initiative"
local initiative_rules = require "agent.rules.initiative"
local limits = require "agent.rules.limits"
local mailbox = require "agent.mailbox"
local memory = require "agent.memory"
local news_of = require "agent.news"
local respond = require "agent.rules.respond"
local runs = require "agent.run"
local thinking = require "agent.thinking"
local told = require "agent.told"

local M = {}

-- Turns of this worker, by agent: what they are doing, and the task that does it.  After a reload the
-- new generation has its own table; turns of the old one end by themselves, and the database, not this
-- table, ensures that an agent has one turn at a time.
local running, n_running = {}, 0
local renewer                                    -- the task that renews their leases, while there are any

-- Notifications for the current turn --------------------------------------------------------------
-- A notification may come before or after the facts are read that include its event; what counts is whether the facts
-- include it when the model is asked.

-- Whether events since the facts were read make the current run pointless.  Awaits.
local function is_outrun(entry)
  local seen = entry.seen
  if not seen then return false end
  return entry.final_pos > seen or entry.changed_pos > seen and limits.may_supersede(entry.snap.head.superseded)
    or entry.said_pos > seen and runs.is_superseded(entry)
end

-- Ends the model call of a turn, if it is at one.
function M.interrupt(entry)
  entry.stop = true
  if entry.thinking then task.kill(entry.task) end
end

-- A new message came, the message being answered changed, or the session is over: {pos, changed, final}.
local function hear(entry, news)
  local kind = news.final and "final_pos" or news.changed and "changed_pos" or "said_pos"
  entry[kind] = math.max(entry[kind], news.pos)
  if is_outrun(entry) then M.interrupt(entry) end
end

-- Verdicts ----------------------------------------------------------------------------------------

-- A run that another worker has taken over, or whose agent was deleted, has cost money all the same.
local function generate(entry, snap, run)
  entry.stop = entry.stop or is_outrun(entry)
  local result
  local ok, err = pcall(delivery.answer, entry, snap, run, function(...)
    result = thinking.result(...)
    return result
  end)
  if ok then return end
  -- With a plan (per_char) the worker that takes over the run books the cost.
  if result and not result.per_char then task.spawn(budget.book, snap.payer, result.usage, run.id) end
  error(err, 0)
end

-- Takes over a run that another worker has left: posts the rest of its answer, or else starts over with all events.
local function take_up(entry, snap, run)
  local plan = delivery.plan(run)
  if plan then return delivery.go_on(entry, run, plan) end
  thinking.plan(entry, snap, run)
  runs.resume(entry, snap, run)
  generate(entry, snap, run)
end

-- Begins it, and gives the answer.  Returns nil, or nil and true, as agent.run.begin does.
local function begin(entry, snap, planned)
  if planned.at_once then
    return runs.answer_at_once(entry, snap, planned, thinking.result(entry, snap, planned))
  end
  local run, again = runs.begin(entry, snap, planned)
  if run then generate(entry, snap, run) end
  return run, again
end

local function speak(entry, snap, verdict)
  facts.carry_out(snap, verdict)
  local planned = runs.new(snap)
  thinking.plan(entry, snap, planned)
  local begun, again = begin(entry, snap, planned)
  if begun then return end
  if again then
    entry.looks_again = entry.looks_again + 1
    return
  end
  runs.at_once(entry, snap, { reason = "budget-exceeded", code = "budget_exceeded" })
end

local function react(entry, snap, verdict)
  local action = { type = "add-reaction", messageId = verdict.message_id, emoji = verdict.emoji }
  runs.at_once(entry, snap, { reason = "completed", actions = { action } })
end

-- Silence after a message of people is reported ("no-response"), so that nobody waits for an answer; silence
-- after typing, joining, reactions and the agent's own echo is not worth an action.
local function keep_silent(entry, snap, verdict)
  local reason = snap.expires and "timer-expired"
  if #snap.facts.messages > 0 and verdict.reason ~= "own-message" then
    reason = verdict.reason == "timer-expired" and "timer-expired" or "no-response"
  end
  if reason then return runs.at_once(entry, snap, { reason = reason }) end
  runs.pass(entry, snap)
end

-- What it does unprompted: it greets a session that has begun, and speaks once more when nobody answers.

local function greet(entry, snap)
  local verdict = runs.ask(entry, initiative_rules.greet, initiative.facts(snap))
  db.tx(function(tx)
    mailbox.lock(tx, entry.agent_id, entry.owner)
    initiative.greeted(tx, entry)
    if verdict.action ~= "greet" then return runs.record(tx, entry) end
    runs.at_once(entry, { seen = initiative.greeting_pos(snap) }, { reason = "completed", actions = {
      { type = "set-typing", isTyping = true }, { type = "send-message", content = snap.settings.greeting } } })
  end)
end

local function follow_up(entry, snap)
  local verdict = runs.ask(entry, initiative_rules.follow_up, initiative.facts(snap))
  if verdict.action == "speak" then return speak(entry, snap, verdict) end
  db.tx(function(tx)
    keep_silent(entry, snap, verdict)
    if verdict.action == "wait" then initiative.put_off(tx, entry, verdict.wait_ms) end
  end)
end

local carry_out = { speak = speak, react = react, silent = keep_silent }

-- Labels this task for the watchdog.  Once a worker has died during a turn of this agent, the agent is held responsible
-- for what happens; false: too many workers have died.
local function may_run(entry)
  if entry.suspect then return task.suspect("agent turn " .. entry.agent_id, entry.agent_id) end
  task.name("agent turn", entry.agent_id)
  return true
end

-- Handles the mailbox once.  asked: from facts.ask, or nil to read now.  Returns how long to wait, when the verdict is
-- to wait.
local function look(entry, asked)
  local snap = facts.load(entry.agent_id, asked)
  if not snap then error(mailbox.LOST, 0) end
  entry.seen, entry.snap = snap.seen, snap
  entry.may_look_again = entry.looks_again < limits.supersedes
  entry.remember = entry.remember or snap.full
  initiative.note(entry, snap)
  if snap.run then
    take_up(entry, snap, snap.run)
    return nil
  end
  if snap.seen <= snap.processed_pos then return nil end
  if snap.head.greet then return greet(entry, snap) end
  if snap.follow_up then return follow_up(entry, snap) end
  local verdict = runs.ask(entry, respond.decide, snap.facts)
  if verdict.action == "wait" then
    -- Each line of a burst would record a decision; the last one includes how long the agent waited.
    if verdict.reason == "burst" then entry.decided = {} end
    return mailbox.pause_ms(verdict.wait_ms)
  end
  carry_out[verdict.action](entry, snap, verdict)
  return nil
end

-- Holding the lease -------------------------------------------------------------------------------

-- One task for all turns, which runs until there are none: few turns take long enough to need it.
local function renew_due()
  local due, held_until = {}, task.clock() - mailbox.renew_every_s() / 2
  for _, entry in pairs(running) do
    if entry.held_at and entry.held_at < held_until then due[#due + 1] = entry end
  end
  if not due[1] then return end
  local list = {}
  for i, entry in ipairs(due) do list[i] = { agent_id = entry.agent_id, owner = entry.owner } end
  -- While the database is unavailable nobody else can take the lease either; it is checked at every write.
  local ok, held = pcall(mailbox.renew, list)
  for _, entry in ipairs(ok and due or {}) do
    if held[entry.owner] then
      entry.held_at = task.clock()
    elseif running[entry.agent_id] == entry then
      M.interrupt(entry)
    end
  end
end

local function renew()
  local ok, err = pcall(function()
    repeat
      task.sleep(mailbox.renew_every_s() / 2)
      renew_due()
    until n_running == 0
  end)
  renewer = nil
  if not ok then error(err, 0) end
end

local function wake_later(agent_id, wait_ms)
  task.sleep(wait_ms / 1000)
  M.wake(agent_id)
end

-- Releases the turn for a while, unless an event has come since; then the verdict is void.
local function wait(entry, wait_ms)
  return db.tx(function(tx)
    if not mailbox.wait(entry.agent_id, entry.owner, entry.seen, wait_ms) then return false end
    runs.record(tx, entry)
    return true
  end)
end

local function give_up(entry, code)
  runs.give_up(entry, code)
  return nil
end

local function look_once(entry, asked)
  entry.seen, entry.snap, entry.stop, entry.decided, entry.given_back = nil, nil, false, {}, false
  if not may_run(entry) then return give_up(entry, "out_of_service") end
  return look(entry, asked)
end

-- The facts, if the turn is ours.
local function claim(entry)
  local held_at = task.clock()
  local function read(tx) return facts.ask(tx, entry.agent_id) end
  local claimed, asked = mailbox.claim(entry.agent_id, entry.owner, read)
  if not claimed then return false end
  entry.held_at, entry.attempts, entry.suspect = held_at, claimed.attempts, claimed.attempts > 1 or claimed.failures > 0
  if claimed.over then asked = give_up(entry, "interrupted") end
  return true, asked
end

-- Handles the mailbox until nothing is left.  asked: what was read with the claim, if there was one.
local function take_turns(entry, asked)
  if not asked then
    local is_ours
    is_ours, asked = claim(entry)
    if not is_ours then return end
  end
  renewer = renewer or task.detach(renew)
  for _ = 1, limits.turns_in_a_row do
    local wait_ms = look_once(entry, asked)
    asked = nil
    if wait_ms then
      if wait(entry, wait_ms) then
        task.spawn(wake_later, entry.agent_id, wait_ms)
        return
      end
    elseif entry.given_back or mailbox.release(entry.agent_id, entry.owner) then
      return
    end
  end
  mailbox.yield(entry.agent_id, entry.owner)
end

local function leave(entry)
  entry.over = true
  running[entry.agent_id], n_running = nil, n_running - 1
  if entry.again then M.wake(entry.agent_id) end
end

-- A turn that fails keeps its lease until it expires, and then for the retry delay of agent.mailbox: that is the pause
-- before the next attempt.
local function run_turns(entry, asked)
  task.name("agent turn", entry.agent_id)
  local ok, err = pcall(take_turns, entry, asked)
  leave(entry)
  if not ok and err ~= mailbox.LOST then
    local why = type(err) == "table" and err.message or tostring(err)
    log.error("turn failed", { agent_id = entry.agent_id, error = why })
  end
  if ok and (entry.remember or entry.left_out) then task.spawn(memory.roll, entry.agent_id, entry.left_out) end
end

-- Reserves a place for an agent in this worker, unless it has one or the worker is full.
local function enter(agent_id)
  if running[agent_id] or n_running >= limits.turns_per_worker then return nil end
  local entry = { agent_id = agent_id, owner = mailbox.new_owner(), looks_again = 0, said_pos = 0, changed_pos = 0,
                  final_pos = 0 }
  running[agent_id], n_running = entry, n_running + 1
  return entry
end

-- False when there is no room for its task.
local function begin_turns(entry, run, ...)
  local ok, made = pcall(task.detach, run, entry, ...) -- it has a lease of its own
  if ok then
    entry.task = made
    return true
  end
  running[entry.agent_id], n_running = nil, n_running - 1
  log.warn("turn put off", { agent_id = entry.agent_id, error = tostring(made) })
  return false
end

-- Starts an agent's turn soon, unless this worker is busy; then M.scan finds it later.
function M.wake(agent_id)
  local entry = running[agent_id]
  if entry then
    entry.again = true
    return
  end
  entry = enter(agent_id)
  if entry then begin_turns(entry, run_turns) end
end

local function run_posted(entry, asked)
  run_turns(entry, asked)
  told.at_last(entry)
end

-- Stores an event and claims the turn, unless another worker has it.  late: see mailbox.post_known.  Returns what was
-- stored and the facts.
local function take_in(actor, agent_id, event, entry, late)
  local chat = entry and facts.known(agent_id, event)
  local stored = chat and mailbox.post_known(actor, agent_id, event, entry.owner, chat, late and chat.at_once)
  if stored then return stored, stored.claimed and facts.continued(chat, stored, event, actor.key_id) end
  return mailbox.post(actor, agent_id, event, entry and entry.owner, function(tx) return facts.ask(tx, agent_id) end)
end

-- Stores an event, as agent.mailbox does, and starts its turn; if no other worker has the turn, this one claims it in
-- the same transaction.  Whoever sent the event hears of it before any action: the turn waits for the database before
-- it says anything.  tell (optional): fn(stored) or fn(nil, error), called once the event is on the disk, which may be
-- with the answer, after this has returned.
function M.post(actor, agent_id, event, tell)
  local entry = enter(agent_id)
  local held_at = task.clock()
  local ok, stored, asked = pcall(take_in, actor, agent_id, event, entry, tell ~= nil)
  if ok and stored.is_late then told.later(entry, stored, tell) elseif ok and tell then tell(stored) end
  if ok and stored.claimed then
    entry.held_at, entry.attempts = held_at, 1
    if begin_turns(entry, run_posted, asked) then return stored end
    mailbox.yield(agent_id, entry.owner)
    told.at_last(entry)
    return stored
  end
  if entry then leave(entry) end
  if not ok then                                 -- it may have been stored all the same
    if entry then pcall(mailbox.yield, agent_id, entry.owner) end
    error(stored, 0)
  end
  M.wake(agent_id)
  return stored
end

bus.on_running("agent.interrupt", news_of.interrupt, function(news)
  local entry = running[news.agent_id]
  if entry then hear(entry, news) end
end)

local function stop_now(news)
  local entry = news.agent_id and running[news.agent_id]
  if entry then M.interrupt(entry) end
end

bus.on_running("agent.changed", news_of.changed, stop_now)
bus.on_running("agent.access_ended", news_of.access_ended, stop_now)
bus.on("agent.wake", news_of.wake, function(news)
  for _, agent_id in ipairs(news.agents) do M.wake(agent_id) end
end)

-- Starts turns of agents whose events no worker handles, after a crash or when all workers were full; see agent.tick.
function M.scan()
  local waiting = mailbox.waiting(limits.turns_per_worker)
  if #waiting > 0 then bus.send("agent.wake", { agents = waiting }) end
end

return M
