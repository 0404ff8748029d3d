-- scripts/gateway/store.lua -- rows of sessions: found, made, and locked.
-- Every writer of a session's runs locks its row first, so that runs, calls and approvals of one session change one
-- after another, whatever worker is at them.

local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local json = require "human.json"
local task = require "human.task"
local time = require "human.time"
local texts = require "human.text"
local attachments = require "agent.attachments"
local limits = require "gateway.rules.limits"
local owner = require "gateway.owner"

local M = {}

local KEY_MAX, SHOWN_BYTES = 200, 400
local TRIES, AGAIN_S = 40, 0.5                   -- to write down what has happened already
local AWAY = { database_unavailable = true, db_timeout = true, transaction_conflict = true }

M.sql = {
  lock_parent = "select id, user_id, agent_type_id from agents where id = $1 for no key update",
  find = "select id from agents where parent_id = $1 and session_key = $2",
  count = ("select count(*) from (select from agents where parent_id = $1 limit %d) s"):format(limits.sessions),
  insert = [[with made as (insert into agents (id, user_id, agent_type_id, name, parent_id, session_key)
      values ($1, $2, $3, $5, $4, $5) returning id),
    box as (insert into agent_mailboxes (agent_id) select id from made)
    insert into gateway_sessions (id, parent_id) values ($1, $4)]],
  lock = [[select s.id, s.model, s.label, s.run_id, s.last_run, a.session_key as key, a.parent_id, a.user_id
    from gateway_sessions s join agents a on a.id = s.id where s.id = $1 for update of s]],
  -- A session has no turns: its mailbox never has anything that agent.turn would look at.
  say = [[with box as (update agent_mailboxes set last_pos = last_pos + 1, last_in_pos = last_pos + 1,
      last_said_pos = last_pos + 1, processed_pos = last_pos + 1, events_in = events_in + 1,
      last_event_at = clock_timestamp() where agent_id = $2 returning last_pos)
    insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
    select $1, $2, last_pos, 'in', 'new-message', $3::jsonb, $1 from box]],
  answer = [[with box as (update agent_mailboxes set last_pos = last_pos + 1, last_seq = last_seq + 1
      where agent_id = $2 returning last_pos, last_seq)
    insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id)
    select $1, $2, last_pos, 'out', last_seq, 'send-message', $3::jsonb, $4 from box]],
  touch = [[update gateway_sessions set last_active_at = human_now(), messages = messages + 1, last_message = $2
    where id = $1]],
}

--- Whether a text can be the key of a session.
function M.is_key(key)
  return type(key) == "string" and key ~= "" and #key <= KEY_MAX and not key:find "%c"
end

--- The id of the operator's session with this key, or nil.
function M.find(key)
  return M.is_key(key) and db.value(M.sql.find, owner.get().agent_id, key) or nil
end

--- The same for an agent in tx; it is made where there is none.  Nil and a code when there are all that there may be.
function M.ensure(tx, agent_id, key)
  local found = tx:value(M.sql.find, agent_id, key)
  if found then return found end
  local parent = tx:row(M.sql.lock_parent, agent_id)
  found = tx:value(M.sql.find, agent_id, key)
  if found then return found end
  if not parent then return nil, "no_agent" end
  if tx:value(M.sql.count, agent_id) >= limits.sessions then return nil, "too_many_sessions" end
  local session_id = id.new()
  tx:exec(M.sql.insert, session_id, parent.user_id, parent.agent_type_id, agent_id, key)
  return session_id
end

--- Locks a session: {id, key, model, label, run_id (at work), last_run (number), parent_id, user_id}; nil: it is gone.
function M.lock(tx, session_id) return tx:row(M.sql.lock, session_id) end

--- Runs fn(tx) in a transaction, again while the database is away: for what has happened and would be lost.
function M.insist(fn)
  for n = 1, TRIES do
    local ok, result = pcall(db.tx, fn)
    if ok then return result end
    if n == TRIES or not (fail.is(result) and AWAY[result.code]) then error(result, 0) end
    task.sleep(AGAIN_S)
  end
end

-- A transaction may run again, and attachments.take changes what it is given.
local function copies(list)
  if not list or not list[1] then return nil end
  local out = json.array()
  for i, a in ipairs(list) do
    out[i] = { type = a.type, mediaType = a.mediaType, data = a.data, text = a.text, name = a.name }
  end
  return out
end

local function touch(tx, session_id, text)
  tx:ask(M.sql.touch, session_id, texts.cut(text, SHOWN_BYTES):match "^[^\n]*")
end

--- Appends what somebody said to the log, with what is attached (gateway.attached); the id of the event.
function M.say(tx, session, text, list)
  local event_id = id.new()
  local message = { id = event_id, content = text, participant = { id = "operator", nickname = "Operator" },
                    createdAt = time.now(), attachments = copies(list) }
  local images = attachments.take(message)
  tx:ask(M.sql.say, event_id, session.id, json.encode { message = message })
  attachments.store(tx, session.id, event_id, images)
  touch(tx, session.id, text)
  return event_id
end

--- Appends what the agent said in a run.
function M.answer(tx, session, run_id, text)
  local event_id = id.new()
  tx:ask(M.sql.answer, event_id, session.id, json.encode { content = text }, run_id)
  touch(tx, session.id, text)
  return event_id
end

return M
