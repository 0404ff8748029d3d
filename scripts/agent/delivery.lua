-- scripts/agent/delivery.lua -- how an answer is given: typing that stays visible, and messages one after another.
-- While a run thinks or pauses, typing is shown repeatedly.  An agent with a typing speed (typing_ms_per_char) posts
-- its messages one by one, as agent.rules.pacing says.  The rest of the answer is stored with the run as soon as it is
-- known: a worker that takes over the run posts the rest without asking the model again.  The last message is part of
-- the run's end; without pauses, so are all messages.

local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local task = require "human.task"
local mailbox = require "agent.mailbox"
local pacing = require "agent.rules.pacing"
local parts = require "agent.parts"
local runs = require "agent.run"
local store = require "agent.store"

local M = {}

M.sql = {
  is_open = "select finished_at is null from agent_runs where id = $1",
  plan = "select plan from agent_runs where id = $1",
  keep = "update agent_runs set plan = $2::jsonb where id = $1",
}

local TYPING = { type = "set-typing", isTyping = true }

-- Typing -------------------------------------------------------------------------------------------------

-- False when the run has ended, for any reason.
local function show(entry, run)
  return db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    if not tx:value(M.sql.is_open, run.id) then return false end
    store.append_out(tx, entry.agent_id, box, run.id, { TYPING })
    mailbox.save(tx, box)
    return true
  end)
end

-- An unavailable database is no reason to stop: the run goes on too.
local function show_again(entry, run, shown)
  while true do
    task.sleep(pacing.typing_again_ms() / 1000)
    if entry.over then return end
    local ok, is_open = pcall(show, entry, run)
    if shown.over or (ok and not is_open) or is_open == mailbox.LOST then return end
    if not ok then log.info("typing not shown", { agent_id = entry.agent_id, error = tostring(is_open) }) end
  end
end

-- Calls fn(..), which may take long, and shows typing in the meantime.
local function while_typing(entry, run, fn, ...)
  local shown = { over = false }
  local handle = task.spawn(show_again, entry, run, shown)
  local ok, result = pcall(fn, ...)
  shown.over = true
  task.kill(handle)
  if not ok then error(result, 0) end
  return result
end

-- Messages -----------------------------------------------------------------------------------------------

-- plan: result of agent.thinking with {per_char, typed_ms, said (some of it has been)}; actions are those to come.

local function pause_ms(entry, plan)
  local action = plan.actions[1]
  if not action.content then return 0 end
  return runs.ask(entry, pacing.pause_ms, {
    chars = parts.length(action.content), ms_per_char = plan.per_char, typed_ms = plan.typed_ms })
end

-- Sends the first action, unless the session is over.
local function give(entry, run, plan)
  return db.tx(function(tx)
    local box = mailbox.lock(tx, entry.agent_id, entry.owner)
    if box.expired_at or box.status ~= "active" then return false end
    runs.record(tx, entry, run.id, box)
    local action = table.remove(plan.actions, 1)
    plan.said, plan.typed_ms = plan.said or action.content ~= nil, 0
    store.append_out(tx, entry.agent_id, box, run.id, { action, TYPING })
    tx:exec(M.sql.keep, run.id, json.encode(plan))
    mailbox.save(tx, box)
    return true
  end)
end

-- Sends the actions one after another, except for the last message and what follows it.  Before the first one, a new
-- message may still make the answer pointless (entry.stop).
local function give_all(entry, run, plan)
  while true do
    local messages = 0
    for _, action in ipairs(plan.actions) do messages = messages + (action.content and 1 or 0) end
    if messages == 0 then return end
    task.sleep(pause_ms(entry, plan) / 1000)
    if messages == 1 and plan.actions[1].content or entry.stop and not plan.said then return end
    if not give(entry, run, plan) then return end
  end
end

-- Ends a run as its plan says.
function M.go_on(entry, run, plan)
  while_typing(entry, run, give_all, entry, run, plan)
  plan.interrupted = entry.stop and not plan.said
  runs.finish(entry, run, plan)
end

-- The rest of the answer of a run that was taken over: a plan, or nil.
function M.plan(run)
  local text = db.value(M.sql.plan, run.id)
  return text and json.decode(text)
end

local function says_something(result)
  for _, action in ipairs(result.actions or {}) do
    if action.content then return true end
  end
  return false
end

-- think(): of agent.thinking.  Awaits it, and ends the run with what comes of it.
function M.answer(entry, snap, run, think)
  local began = os.time()
  local result = while_typing(entry, run, think, entry, snap, run)
  local per_char = snap.settings.typing_ms_per_char or 0
  if per_char == 0 or not says_something(result) then return runs.finish(entry, run, result) end
  result.per_char, result.typed_ms = per_char, (os.time() - began) * 1000
  db.exec(M.sql.keep, run.id, json.encode(result))
  M.go_on(entry, run, result)
end

return M
