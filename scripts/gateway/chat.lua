-- scripts/gateway/chat.lua -- messages in, runs out.
-- Each message is a run of its own.  While a run of the session is at work, later ones wait, in their order, unless
-- they steer or interrupt it (gateway.arriving); those of other sessions do not.

local db = require "human.db"
local id = require "human.id"
local arriving = require "gateway.arriving"
local limits = require "gateway.rules.limits"
local news = require "gateway.news"
local owner = require "gateway.owner"
local runs = require "gateway.run"
local store = require "gateway.store"
local texts = require "agent.texts"

local M = {}

local IDEMPOTENCY_MAX = 200
M.DEFAULT_KEY = "default"

M.sql = {
  sent = "select id from gateway_runs where session_id = $1 and idempotency_key = $2",
  waiting = "select count(*) from gateway_runs where session_id = $1 and state in ('waiting', 'thinking', 'acting')",
  insert = [[with s as (update gateway_sessions set last_run = last_run + 1, archived_at = null where id = $2
      returning last_run)
    insert into gateway_runs (id, session_id, n, message_id, idempotency_key, conn, streams, answers,
      cause, mode, is_foreign)
    select $1, $2, last_run, $3, $4, $5, $6::boolean, $7, $8, $9, $10::boolean from s]],
  of_conn = [[select session_id, id from gateway_runs where conn = $1 and state in ('waiting', 'thinking', 'acting')]],
  session = "select session_id from gateway_runs where id = $1",
}

local function characters(text) return #text - select(2, text:gsub("[\128-\191]", "")) end

local function refusal(key, request)
  if not store.is_key(key) then return "bad_key" end
  if type(request.message) ~= "string" or not request.message:find "%S" then return "empty_message" end
  if characters(request.message) > limits.message_chars then return "message_too_long" end
  local once = request.idempotency_key
  if once and (type(once) ~= "string" or once == "" or #once > IDEMPOTENCY_MAX) then return "bad_key" end
  return nil
end

local function tell_received(run, text) news.tell("chat", news.chat(run, "received", text)) end

local function queued(run_id, key) return { run_id = run_id, session_key = key, status = "queued" } end

-- A session that is at work: the mode in which the message waits, or nil; what it interrupts is ended.
local function arrive(tx, session, request)
  if not session.run_id then return nil end
  local mode = arriving.mode(tx, runs.get(tx, session.run_id), request.cause, request.mode)
  if mode == "interrupt" then runs.abort(tx, session, arriving.interrupts(tx, request.cause)) end
  return (mode == "steer" or mode == "collect") and mode or nil
end

local function take(tx, session, request)
  local once, origin = request.idempotency_key, request.origin or {}
  local before = once and tx:value(M.sql.sent, session.id, once)
  if before then return queued(before, session.key) end
  if tx:value(M.sql.waiting, session.id) > limits.waiting_runs then return nil, "too_many_waiting" end
  local run = { id = id.new(), session_id = session.id, session_key = session.key, once = once, conn = origin.conn,
                answers = origin.answers, is_foreign = request.is_foreign }
  local text = texts.valid(request.message)
  local mode = arrive(tx, session, request)
  local message_id = store.say(tx, session, text, request.attachments)
  tx:exec(M.sql.insert, run.id, session.id, message_id, once, origin.conn, origin.stream == true, origin.answers,
          request.cause, mode, request.is_foreign == true)
  if not session.run_id then runs.begin(tx, session, run.id) end
  tx:after_commit(function() news.after_answer(tell_received, run, text) end) -- who asked is answered first
  return queued(run.id, session.key)
end

--- Takes a message: {key ("default"), message, attachments (as gateway.attached reads them), idempotency_key, origin =
--- {conn = id of the connection, stream = it wants pieces as chat.chunk, answers = id of the call `agent` to answer
--- again at the end}, cause (gateway.ends), mode ("queue", "steer", "collect" or
--- "interrupt", where the session is at work; nil: as the rule has it)}.
--- Returns {run_id, session_key, status = "queued"}; or nil and "bad_key", "empty_message", "message_too_long",
--- "too_many_sessions", "too_many_waiting".  What comes of it are events.
function M.send(request)
  return db.tx(function(tx) return M.take(tx, request) end)
end

--- Whether there is a run of this idempotency key in the session with that key.
function M.was_sent(tx, key, once)
  local session_id = store.is_key(key) and tx:value(store.sql.find, owner.get().agent_id, key)
  return session_id and tx:value(M.sql.sent, session_id, once) ~= nil
end

--- The same in a transaction of the caller, with what asks for it.  request.agent_id: for a session of another agent
--- than the operator's, whose runs are foreign then.
function M.take(tx, request)
  local key, own = request.key or M.DEFAULT_KEY, owner.get().agent_id
  local code = refusal(key, request)
  if code then return nil, code end
  local agent_id = request.agent_id or own
  request.is_foreign = agent_id ~= own
  local session_id, why = store.ensure(tx, agent_id, key)
  if not session_id then return nil, why end
  local session = store.lock(tx, session_id)
  if not session then return nil, "no_agent" end -- deleted just now
  return take(tx, session, request)
end

--- Ends runs: the one with run_id; else all of the session `key`; else those that the connection of origin asked for.
--- Whether there was one.  What they do (a call of the model, a tool) ends at once on whatever worker it is.
function M.abort(request)
  if request.run_id then
    local session_id = db.value(M.sql.session, request.run_id)
    return session_id ~= nil and runs.abort_all(session_id, request.run_id) > 0
  end
  if request.key then
    local session_id = store.find(request.key)
    return session_id ~= nil and runs.abort_all(session_id) > 0
  end
  local n, conn = 0, request.origin and request.origin.conn
  for _, run in ipairs(conn and db.query(M.sql.of_conn, conn) or {}) do
    n = n + runs.abort_all(run.session_id, run.id)
  end
  return n > 0
end

return M
