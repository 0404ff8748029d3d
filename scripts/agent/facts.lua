-- scripts/agent/facts.lua -- everything a turn needs to know, read once at its beginning.
-- Turns rows into the facts of agent.rules.respond and, by agent.lines, what agent.prompt quotes.

local config = require "human.config"
local db = require "human.db"
local limits = require "agent.rules.limits"
local lines = require "agent.lines"
local settings = require "agent.settings"

local M = {}

local TEXT_BYTES, PROMPT_BYTES = 1000, 4000      -- what rules get to see of a text

M.sql = {
  head = [[select a.id, a.name, a.status, a.settings, m.last_pos, m.last_in_pos, m.processed_pos,
      m.superseded, m.chat_code, m.greet, m.follow_up_pos,
      m.expired_at, (extract(epoch from now() - m.waiting_since) * 1000)::float8 as waited_ms,
      p.name as personality_name, p.description as personality_description, p.style_instructions,
      s.template, y.summary, coalesce(y.until_pos, 0) as summary_pos,
      r.id as run_id, r.attempts, r.typing, r.until_pos,
      exists (select 1 from agent_events e where e.agent_id = a.id and e.type = 'timer-expired'
        and e.pos > m.processed_pos and e.pos <= m.last_in_pos) as expires
    from agents a join agent_mailboxes m on m.agent_id = a.id
    left join personalities p on p.id = a.personality_id
    left join system_prompts s on s.id = a.system_prompt_id
    left join agent_memory y on y.agent_id = a.id
    left join agent_runs r on r.agent_id = a.id and r.finished_at is null
    where a.id = $1]],
  -- answers: the newest event that the run of an action knew of.
  said = [[select e.id, e.pos, e.direction, e.type, e.content, e.message_id, e.created_at, r.until_pos as answers,
      (extract(epoch from now() - e.created_at) * 1000)::float8 as age_ms
    from agent_events e left join agent_runs r on r.id = e.run_id
    where e.agent_id = $1 and e.pos > coalesce((select y.until_pos from agent_memory y where y.agent_id = $1), 0)
      and not e.given_up
      and e.type in ('new-message', 'send-message', 'send-reply', 'reaction', 'add-reaction', 'remove-reaction')
    order by e.pos desc limit $2]],
  people = [[select participant_id as id, nickname, is_agent,
      (extract(epoch from now() - typing_at) * 1000)::float8 as typing_ms
    from agent_participants where agent_id = $1 order by seen_at desc, participant_id limit $2]],
}

-- Facts -------------------------------------------------------------------------------------------

local function own_ids(list)
  local ids = {}
  for _, line in ipairs(list) do
    if line.mine and line.kind == "message" then
      if line.id then ids[line.id] = true end
      if line.action_id then ids[line.action_id] = true end
    end
  end
  return ids
end

local function agents_by_id(people)
  local ids = {}
  for _, p in ipairs(people) do ids[p.id] = p.is_agent end
  return ids
end

-- The new messages, and what the end of the chat looked like before and with them.
local function conversation(snap, facts)
  local mine, is_agent, before = own_ids(snap.lines), agents_by_id(snap.people), nil
  for _, line in ipairs(snap.lines) do
    if line.kind == "message" then
      line.by_agent = line.by_agent or is_agent[line.from_id] or false
      facts.agent_chain = (line.mine or line.by_agent) and facts.agent_chain + 1 or 0
      if line.pos <= snap.processed_pos or line.action_id then
        facts.own_in_row = line.mine and facts.own_in_row + 1 or 0
      else
        line.new = true
        facts.messages[#facts.messages + 1] = {
          id = line.id, text = lines.cut(line.text, TEXT_BYTES):lower(), mine = line.mine, by_agent = line.by_agent,
          after_mine = before ~= nil and before.mine,
          replies_to_me = line.reply_to ~= nil and mine[line.reply_to] or false,
        }
      end
      if line.action_id then facts.since_mine_ms = line.age_ms end
      before = line
    end
  end
end

local function others(snap)
  local list, typing_ms = {}, nil
  for _, p in ipairs(snap.people) do
    p.mine = lines.is_self(snap.agent, p)
    if not p.mine then
      list[#list + 1] = p.nickname
      if p.typing_ms and (not typing_ms or p.typing_ms < typing_ms) then typing_ms = p.typing_ms end
    end
  end
  return list, typing_ms
end

local function facts_of(snap)
  local head, nicknames, typing_ms = snap.head, others(snap)
  local facts = {
    status = head.status, expired = head.expired_at ~= nil, others = #nicknames, messages = {},
    typing_ms = typing_ms, waited_ms = head.waited_ms or 0, own_in_row = 0, agent_chain = 0,
  }
  if facts.others > 1 then                       -- a one-to-one chat needs no address
    facts.called, facts.nicknames = { head.personality_name or head.name, head.name }, nicknames
    facts.prompt = lines.cut((head.template or "") .. " " .. (head.style_instructions or ""), PROMPT_BYTES)
  end
  conversation(snap, facts)
  return facts
end

-- Sends for what a turn has to know, with transaction tx; for M.load, when it has come.
function M.ask(tx, agent_id)
  return {
    head = tx:ask(M.sql.head, agent_id), people = tx:ask(M.sql.people, agent_id, limits.participants),
    said = tx:ask(M.sql.said, agent_id, config.agent.window_messages + limits.memory_batch),
  }
end

-- What came between two of the reads is left for the next look.
local function until_pos(rows, last_pos)
  local out = {}
  for _, row in ipairs(rows) do
    if row.pos <= last_pos then out[#out + 1] = row end
  end
  return out
end

-- nil when the agent is gone, else
--   agent {id, name, personality_name}   head (row of sql.head)      people, lines
--   settings (of agent.settings)      quiet_ms (how long its quiet hours go on, or nil)
--   seen (the newest event that the turn knows of)                   processed_pos
--   expires (a timer-expired event is among the new ones)            facts (of agent.rules.respond)
--   full (there is as much to read as may be: time for agent.memory)
--   run (taken up from a worker that died: {id, attempts, typing, until_pos}) or nil
-- asked: what M.ask gave; without it all is read now.
function M.load(agent_id, asked)
  asked = asked or db.tx(function(tx) return M.ask(tx, agent_id) end)
  local head, rows = asked.head()[1], asked.said()
  if not head then return nil end
  local snap = { head = head, seen = head.last_in_pos, processed_pos = head.processed_pos, expires = head.expires }
  snap.agent = { id = head.id, name = head.name, personality_name = head.personality_name }
  snap.settings = settings.of(head.settings)
  snap.quiet_ms = settings.quiet_ms(snap.settings.quiet_hours, os.time())
  snap.people = asked.people()
  snap.lines = lines.from_rows(until_pos(rows, head.last_pos), snap.agent)
  snap.full = #rows == config.agent.window_messages + limits.memory_batch
  if head.run_id then
    snap.run = { id = head.run_id, attempts = head.attempts, typing = head.typing, until_pos = head.until_pos }
  end
  snap.facts = facts_of(snap)
  lines.in_order_of_answers(snap.lines)
  return snap
end

return M
