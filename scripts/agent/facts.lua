-- scripts/agent/facts.lua -- everything a turn needs to know, read once at its beginning.
-- agent.lines turns the rows into lines, agent.situation derives the facts of agent.rules.respond, agent.prompt quotes
-- the lines.

local config = require "human.config"
local db = require "human.db"
local json = require "human.json"
local known_chats = require "agent.known"
local limits = require "agent.rules.limits"
local lines = require "agent.lines"
local old_rows = require "agent.old_rows"
local people = require "agent.people"
local settings = require "agent.settings"
local situation = require "agent.situation"
local store = require "agent.store"

local M = {}

local SAID = config.agent.window_messages + limits.memory_batch
local IS_SAID = { ["send-message"] = true, ["send-reply"] = true, ["add-reaction"] = true, ["remove-reaction"] = true }

local SAID_SQL = ([[select e.id, e.pos, e.direction, e.type, e.content, e.message_id, e.created_at,
    r.until_pos as answers, r.verdict, (extract(epoch from now() - e.created_at) * 1000)::float8 as age_ms,
    e.type = 'new-message' and length(e.content->'message'->>'content') >= %d and exists (select 1 from agent_events o
      where md5(o.content->>'content') = md5(e.content->'message'->>'content') and o.agent_id <> e.agent_id
        and o.type in ('send-message', 'send-reply') and o.created_at <= e.created_at
        and o.created_at > e.created_at - %d * interval '1 ms') as is_of_agent
  from (select * from agent_events where agent_id = (select $1::text)
      and pos > %%s and not given_up
      and type in ('new-message', 'send-message', 'send-reply', 'reaction', 'add-reaction', 'remove-reaction')
    order by pos desc limit %%d) e
  left join agent_runs r on r.id = e.run_id order by e.pos desc]]):format(limits.known_words_chars, limits.echo_ms)
local SUMMARY_POS = "coalesce((select y.until_pos from agent_memory y where y.agent_id = $1), 0)"

M.sql = {
  head = [[select a.id, a.user_id, a.name, a.status, a.settings, a.has_abilities, m.last_pos, m.last_in_pos,
      m.processed_pos, m.superseded, m.chat_code, m.room, m.greet, m.follow_up_pos, m.key_id, m.rewritten_pos,
      m.expired_at, (extract(epoch from now() - m.waiting_since) * 1000)::float8 as waited_ms,
      (extract(epoch from now()) * 1000)::float8 as now_ms,
      p.name as personality_name, p.description as personality_description, p.style_instructions,
      ]] .. store.VERSION .. [[ as version, s.template, y.summary, coalesce(y.until_pos, 0) as summary_pos,
      r.id as run_id, r.attempts, r.typing, r.until_pos, r.verdict,
      exists (select 1 from agent_mailboxes o where o.room = m.room and o.agent_id <> a.id) as has_siblings,
      exists (select 1 from agent_events e where e.agent_id = a.id and e.type = 'timer-expired'
        and e.pos > m.processed_pos and e.pos <= m.last_in_pos) as expires
    from agents a join agent_mailboxes m on m.agent_id = a.id
    left join personalities p on p.id = a.personality_id
    left join system_prompts s on s.id = a.system_prompt_id
    left join agent_memory y on y.agent_id = a.id
    left join agent_runs r on r.agent_id = a.id and r.finished_at is null
    where a.id = $1]],
  -- answers: the newest event that the run of an action knew of; verdict: what that run carried out; is_of_agent:
  -- another agent here, whoever its user is, said just that shortly before.  The server would find this planned
  -- better for each agent and each limit, and plan it anew each time, which costs more than to run it.  So the limit
  -- is part of the text and comes before the join, and the agent is a sub-select, of whose value nothing is known
  -- until it runs.
  said = SAID_SQL:format(SUMMARY_POS, SAID),
  -- Of what is behind the position up to which this worker knows it (agent.old_rows).
  said_since = SAID_SQL:format("greatest($2::bigint, " .. SUMMARY_POS .. ")", SAID),
}

-- Who is there ------------------------------------------------------------------------------------

-- Who an agent is and who is there, for agent.lines; and the people as a list, newest first.
-- room: the chat in which to look for other agents of its user, or nil; seen: from people.ask, or nil to read now.
function M.who(agent, room, seen)
  local list, by_id = people.of(agent.id, seen)
  local names = { agent.personality_name or agent.name, agent.name }
  return { id = agent.id, names = names, people = by_id, siblings = room and people.siblings(agent.id, room) }, list
end

-- A participant that has sent nothing but the agent's own words counts as the agent.
local function tell_apart(snap)
  snap.others = 0
  for _, p in ipairs(snap.people) do
    p.mine = snap.found.mine[p.id] or snap.found.echoing[p.id] or false
    if not p.mine then snap.others = snap.others + 1 end
  end
end

-- What the agent said last, when that is not long ago, the line before it and all lines by their ids.
local function last_said(snap)
  local own, before, by_id, prior = nil, nil, {}, nil
  for _, line in ipairs(snap.lines) do
    if line.kind == "message" then
      if line.id then by_id[line.id] = line end
      if line.action_id then own, before = line, prior end
      if not line.mine then prior = line end
    end
  end
  if own and own.age_ms <= limits.follow_up_ms then return own, before, by_id end
end

-- Whom it answered: {to = participant id, text (what was said to the agent), follow_ups (how many answers before
-- it were not asked for by name)}; without a verdict, whoever spoke before it.
local function last_answered(snap)
  if snap.others < 2 or snap.seen <= snap.processed_pos then return nil end
  local own, before, by_id = last_said(snap)
  if not own then return nil end
  local verdict = own.verdict and json.decode(own.verdict) or {}
  local line = by_id[verdict.message_id] or before or {}
  return { to = verdict.to or line.from_id, text = line.text, follow_ups = verdict.follow_ups or 0 }
end

-- What the run of this look does: verdict (of a rule) and, for the prompt, reason and to (whom and what it answers:
-- {id, nickname, message_id, by_agent}, as far as known).
function M.carry_out(snap, verdict)
  local last
  for _, line in ipairs(snap.lines) do
    local fits = line.kind == "message" and not line.mine
    if fits and (verdict.message_id == nil or line.id == verdict.message_id) then last = line end
  end
  snap.verdict, snap.reason = verdict, verdict.reason
  snap.to = last and { id = last.from_id, nickname = last.from, message_id = last.id, by_agent = last.by_agent }
end

local function open_run(head)
  if not head.run_id then return nil end
  return { id = head.run_id, attempts = head.attempts, typing = head.typing, until_pos = head.until_pos }
end

-- Queries the facts for a turn in transaction tx; pass the result to M.load.
function M.ask(tx, agent_id)
  local known = old_rows.of(agent_id)
  return {
    head = tx:ask(M.sql.head, agent_id), people = people.ask(tx, agent_id), known = known,
    said = known and tx:ask(M.sql.said_since, agent_id, known.until_pos) or tx:ask(M.sql.said, agent_id),
  }
end

-- What is known of a chat, so that a message need not wait for it to be read (store.append_known); or nil.
function M.known(agent_id, event)
  local rows = store.is_plain(event) and old_rows.all(agent_id)
  local chat = rows and known_chats.of(agent_id, event.content.message)
  if not chat or rows.until_pos ~= chat.last_pos then return nil end
  chat.rows = rows
  return chat
end

-- The result of M.ask for a message that was stored so.
function M.continued(chat, stored, event, key_id)
  local head, list = known_chats.look(chat, stored, key_id)
  local row = { id = stored.id, pos = stored.pos, direction = "in", type = event.type, message_id = event.message_id,
                content = stored.content, created_at = stored.created_at, age_ms = 0,
                is_of_agent = stored.is_of_agent }
  return { head = function() return { head } end, people = function() return list end,
           said = function() return { row } end, known = chat.rows }
end

-- Notes how a run has left the chat, for the next message.  box: the mailbox as it was written; added: the run's
-- actions, as they were stored.
function M.keep(snap, box, run, added)
  local head, rows, verdict = snap.head, {}, snap.verdict and json.encode(snap.verdict)
  if box.last_in_pos ~= snap.seen or box.processed_pos ~= snap.seen then return known_chats.forget(head.id) end
  for i = #added, 1, -1 do
    local one = added[i]
    if IS_SAID[one.type] then
      rows[#rows + 1] = { id = one.id, pos = one.pos, direction = "out", type = one.type, answers = run.until_pos,
                          content = json.encode(one.content), read = one.content, verdict = verdict,
                          created_at = one.created_at, age_ms = 0, said_ms = one.said_ms }
    end
  end
  for i = 1, math.min(#snap.rows, SAID - #rows) do rows[#rows + 1] = snap.rows[i] end
  old_rows.keep_all(head.id, rows, box.last_pos, head.now_ms)
  known_chats.keep(snap, box, run.at_once)
end

-- Events that came between two of the reads are left for the next look.
local function until_pos(rows, last_pos)
  local out = {}
  for _, row in ipairs(rows) do
    if row.pos <= last_pos then out[#out + 1] = row end
  end
  return out
end

-- New rows, merged with the cached ones.
local function all_rows(head, rows, known)
  if known then rows = old_rows.with(known, rows, head.summary_pos, SAID, head.now_ms) end
  old_rows.keep(head.id, rows, head.processed_pos, head.now_ms)
  return rows
end

local function read_lines(snap, rows, seen)
  local head = snap.head
  snap.rows, snap.full = until_pos(rows, head.last_pos), #rows == SAID
  snap.who, snap.people = M.who(snap.agent, head.has_siblings and head.room or nil, seen)
  snap.by_id = snap.who.people
  snap.lines, snap.found = lines.from_rows(snap.rows, snap.who, true)
end

-- nil when the agent is gone, else
--   agent {id, name, personality_name}   head (row of sql.head)      people (mine: the agent itself), lines
--   settings (of agent.settings)         quiet_ms (how long its quiet hours go on, or nil)
--   others (how many people)           payer (of agent.budget)
--   seen (the newest event that the turn knows of)                   processed_pos
--   expires (a timer-expired event is among the new ones)            facts (of agent.rules.respond)
--   full (there is as much to read as may be: time for agent.memory)
--   run (taken up from a worker that died: {id, attempts, typing, until_pos}) or nil
--   verdict, reason, to (of that run; agent.turn puts in those of the present look, by M.carry_out) or nil
-- asked: from M.ask; without it everything is read now.
function M.load(agent_id, asked)
  asked = asked or db.tx(function(tx) return M.ask(tx, agent_id) end)
  local head, rows, seen = asked.head()[1], asked.said(), asked.people()
  if not head then return nil end
  if asked.known and head.rewritten_pos > asked.known.until_pos then -- what is known may not be so any more
    old_rows.forget(agent_id)
    return M.load(agent_id)
  end
  local snap = { head = head, seen = head.last_in_pos, processed_pos = head.processed_pos, expires = head.expires }
  snap.agent = { id = head.id, name = head.name, personality_name = head.personality_name }
  snap.settings = settings.of(head.settings)
  snap.payer = { agent_id = agent_id, user_id = head.user_id, key_id = head.key_id }
  snap.quiet_ms = settings.quiet_ms(snap.settings.quiet_hours, os.time())
  read_lines(snap, all_rows(head, rows, asked.known), seen)
  tell_apart(snap)
  people.learn(agent_id, snap.found.learned)
  snap.run = open_run(head)
  if head.verdict then M.carry_out(snap, json.decode(head.verdict)) end
  snap.answered = last_answered(snap)
  snap.facts = situation.of(snap)
  lines.in_order_of_answers(snap.lines)
  return snap
end

return M
