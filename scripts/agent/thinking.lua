-- scripts/agent/thinking.lua -- what a run asks the model, and what becomes of the answer.
-- Awaits the model outside of any transaction; agent.turn ends the task when the run is cut short.

local config = require "human.config"
local llm = require "human.llm"
local log = require "human.log"
local task = require "human.task"
local actions = require "agent.actions"
local attachments = require "agent.attachments"
local budget = require "agent.budget"
local calling = require "agent.calling"
local continuing = require "agent.continuing"
local endings = require "agent.endings"
local limits = require "agent.rules.limits"
local pacing = require "agent.rules.pacing"
local parts = require "agent.parts"
local prompt = require "agent.prompt"
local runs = require "agent.run"
local said = require "agent.said"
local store = require "agent.store"
local tools = require "agent.tools"
require "agent.providers.init"

local M = {}

local LEAST_S = 2                                -- needed to continue an answer, including a retry

local function build(snap) return prompt.build(snap, os.date "!%Y-%m-%dT%H:%M:%SZ") end

-- Rules answer from the chat itself: of the prompt, what one of them looks at is made.
local MADE = { messages = function(snap) return build(snap).messages end }

-- It stays with the head as long as that one does (agent.known).
function MADE.system(snap)
  local head = snap.head
  head.system = head.system or prompt.system(snap)
  return head.system
end

local function when_asked(req, snap)
  return setmetatable(req, { __index = function(_, name)
    local make = MADE[name]
    if make then req[name] = make(snap) end
    return rawget(req, name)
  end })
end

-- Lines that do not fit the model's window are left to agent.memory.
local function request(entry, snap, run)
  local set = snap.settings
  local built = run.at_once and {} or build(snap)
  return {
    system = built.system, messages = built.messages, tools = calling.tools(run, (tools.permitted(set))), ref = run.id,
    model = set.model, temperature = set.temperature, reasoning_effort = set.reasoning_effort,
    max_tokens = set.max_tokens or limits.answer_tokens, record_soon = true,
    context = snap,
    fit = function(tokens)
      local messages, left_out = prompt.messages(snap, tokens, llm.tokens)
      entry.left_out = left_out and left_out.pos
      return messages
    end,
  }
end

-- Prepares the request of a run (run.request), so that its cost can be stored when the run begins (run.plan).
-- run.at_once: the answer is immediate and free, and is given without pauses; then there is no prompt either.  Who can
-- do something besides speaking may have to do that first.
function M.plan(entry, snap, run)
  run.at_once = (snap.settings.typing_ms_per_char or 0) == 0 and not snap.head.has_abilities
    and llm.is_instant(snap.settings.model)
  if not run.at_once then
    attachments.show(entry.agent_id, snap.lines)
    calling.prepare(entry, snap, run)
  end
  run.request = request(entry, snap, run)
  if run.at_once then
    when_asked(run.request, snap)
    return
  end
  if calling.has_begun(run) then return end       -- what is asked next is known when its calls have ended
  run.plan = llm.plan(run.request)
  run.request.plan = run.plan
end

-- The model's answer, or nil and an error; nil alone when the run was interrupted.
local function think(entry, req)
  if entry.stop then
    if req.plan then llm.strike_out(req.plan) end
    return nil
  end
  entry.thinking, entry.asked_at = true, task.clock()
  local ok, reply, err = pcall(llm.chat, req)
  entry.thinking = false
  if ok then return reply, err end
  if entry.stop then return nil end
  error(reply, 0)
end

-- Whose names may stand before a line of the answer.
local function names(snap)
  local others = {}
  for _, p in ipairs(snap.people) do
    if not p.mine then others[#others + 1] = p.nickname end
  end
  return said.names({ snap.head.personality_name or snap.head.name, snap.head.name }, others)
end

-- How long a message may be; a decision is recorded where one is longer.
local function part_chars(wishes, wanted, ask)
  local most = pacing.part_chars(wanted)
  for _, wish in ipairs(wishes) do
    if wish.content and parts.length(wish.content) > most then return ask(pacing.part_chars, wanted) end
  end
  return most
end

-- The actions of the answer, without those that are not allowed.
local function result_of(entry, snap, run, reply)
  local wishes, unknown, broken = tools.wishes(reply, names(snap))
  local where = { agent_id = entry.agent_id, run_id = run.id, ask = function(...) return runs.ask(entry, ...) end }
  if #unknown > 0 then log.warn("unknown tools", { run_id = run.id, tools = table.concat(unknown, " ") }) end
  if broken then log.warn("call of a tool not understood", { run_id = run.id, model = reply.model }) end
  local chat = store.known(entry.agent_id, actions.message_ids(wishes))
  local _, permits = tools.permitted(snap.settings)
  chat.template, chat.max, chat.permits = snap.head.template, config.agent.max_actions, permits
  chat.house = prompt.HOUSE
  chat.part_chars = part_chars(wishes, snap.settings.max_message_chars, where.ask)
  local done = actions.allowed(wishes, chat, where)
  return { actions = done, reason = #done > 0 and "completed" or "no-response" }
end

-- The rest of a text that was cut off: one more call, if there is time and money for it.  Nil when it yields nothing.
-- A length that the owner has set is respected.
local function rest_of(entry, snap, run, req, text, left_s)
  if snap.settings.max_tokens or left_s < LEAST_S then return nil end
  if not budget.may_go_on(snap.payer, run.id, req.spent) then return nil end
  local more = continuing.request(req, text, llm.tokens)
  more.deadline_s = left_s
  local reply, err = think(entry, more)
  if err then log.info("answer not continued", { run_id = run.id, code = err.code }) end
  return reply
end

-- Completes an answer that was cut off by its length: continues it if possible, else ends it at a sentence.
local function whole(entry, snap, run, req, reply)
  local text = continuing.text(reply, names(snap))
  local left_s = llm.timeout_ms() / 1000 - (task.clock() - entry.asked_at)
  local more = text and rest_of(entry, snap, run, req, text, left_s)
  local rest, calls = said.read(more and more.text or "", names(snap))
  if rest == "" or #calls > 0 then return endings.whole(reply.text) end
  local joined = continuing.join(text, rest)
  return more.stop_reason == "length" and endings.whole(joined) or joined
end

-- The model's answer, once it calls nothing more; or as think() returns; and the request that it answers.
local function asked(entry, snap, run)
  if run.work then return calling.answer(entry, snap, run, think, (tools.permitted(snap.settings))) end
  local reply, err = think(entry, run.request)
  return reply, err, run.request
end

local function outcome(entry, snap, run)
  local reply, err, req = asked(entry, snap, run)
  if reply and reply.stop_reason == "length" then
    reply.text = whole(entry, snap, run, req, reply)
    if entry.stop then reply = nil end
  end
  if reply then return result_of(entry, snap, run, reply) end
  if not err then return { interrupted = true, reason = "superseded" } end
  log.warn("run failed", { agent_id = entry.agent_id, run_id = run.id, code = err.code, error = err.message })
  return { reason = "error", code = err.code }
end

-- The result and the cost of a planned run, for agent.run.finish.
function M.result(entry, snap, run)
  local spent = {}
  run.request.spent = spent
  local ok, result = pcall(outcome, entry, snap, run)
  if not ok then
    task.spawn(budget.book, snap.payer, spent, run.id) -- nobody ends the run here
    error(result, 0)
  end
  result.usage, result.payer, result.provider, result.model = spent, snap.payer, spent.provider, spent.model
  return result
end

return M
