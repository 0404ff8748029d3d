-- scripts/gateway/sessions.lua -- the conversations of the operator's agent, each with a key of its own.
-- A session is a child of the agent (agents.parent_id), made at its first message.  Its mailbox never has anything
-- waiting for agent.turn: what it works at is in gateway_runs.  A reset begins a new conversation under the old key:
-- the model reads nothing from before it, and the history has it for who asks.

local db = require "human.db"
local json = require "human.json"
local compact = require "gateway.compact"
local limits = require "gateway.rules.limits"
local news = require "gateway.news"
local owner = require "gateway.owner"
local runs = require "gateway.run"
local sent = require "gateway.sent"
local store = require "gateway.store"

local M = {}

M.owner = owner.get

M.sql = {
  list = [[select s.id, a.session_key as key, s.label, s.model, s.created_at, s.last_active_at, s.last_message,
      s.messages, s.last_run - s.reset_run as turns,
      case when s.archived_at is null then 'active' else 'archived' end as status,
      s.run_id is not null as running, s.run_id
    from (select * from gateway_sessions where parent_id = $1 and ($2::boolean or archived_at is null)
        and ($3::text is null or id = (select id from agents where parent_id = $1 and session_key = $3))
      order by last_active_at desc, id desc limit $4::int) s join agents a on a.id = s.id
    order by s.last_active_at desc, s.id desc]],
  patch = [[update gateway_sessions set label = case when $2::boolean then $3 else label end,
      model = case when $4::boolean then $5 else model end,
      archived_at = case when $6::boolean is null then archived_at when $6 then coalesce(archived_at, human_now()) end
    where id = $1]],
  delete = "delete from agents where id = $1",
  -- The order of a history: by run, in it the message, then what the model answered, and before that the messages of
  -- others that it had read by then (gateway.arriving), by their own numbers.
  history = [[with newest as (select * from gateway_runs where session_id = $1 and n > $5::bigint and into_run is null
      and ($2::bigint is null or n <= $2) order by n desc limit $4::int + 1)
    select * from (
      select r.n, -1 as place, 0::bigint as own, e.id, 'user' as role, e.content->'message'->>'content' as content,
        e.created_at as at, r.id as run_id, r.state, r.error_code, null::bigint as input_tokens,
        null::bigint as output_tokens, null::bigint as cost_micros, null::text as calls, null::text as files
      from newest r join agent_events e on e.id = r.message_id
      union all
      select r.n, 2 * j.into_step - 1, j.n, e.id, 'user', e.content->'message'->>'content', e.created_at, j.id, j.state,
        j.error_code, null, null, null, null, null
      from newest r join gateway_runs j on j.into_run = r.id join agent_events e on e.id = j.message_id
      union all
      select r.n, 2 * s.n, 0, r.id || '.' || s.n, 'assistant', e.content->>'content', s.created_at, r.id, r.state,
        r.error_code, s.input_tokens, s.output_tokens, s.cost_micros,
        (select json_agg(json_build_object('id', c.id, 'name', c.tool, 'arguments', c.arguments, 'status', c.status,
            'result', c.result, 'result_bytes', c.result_bytes) order by c.n)::text
          from gateway_calls c where c.run_id = r.id and c.step = s.n),
        (select json_agg(json_build_object('id', f.id, 'name', f.name, 'type', f.type, 'size', f.bytes, 'text', f.said)
            order by f.created_at, f.id)::text from gateway_files f where f.run_id = r.id and f.step = s.n)
      from newest r join gateway_steps s on s.run_id = r.id left join agent_events e on e.id = s.event_id) m
    where $2::bigint is null or (n, place, own) < ($2::bigint, $3::int, $6::bigint)
    order by n desc, place desc, own desc limit $4::int]],
  floor = "select reset_run from gateway_sessions where id = $1",
  was_reset = "select reset_once from gateway_sessions where id = $1",
  reset = [[with y as (delete from gateway_summaries where session_id = $1)
    update gateway_sessions set reset_run = last_run, reset_once = $2, messages = 0, summary_after = 0,
      last_message = '', last_active_at = human_now() where id = $1]],
  at_message = [[select coalesce(i.n, r.n) as n, coalesce(2 * r.into_step - 1, -1) as place,
      case when i.id is null then 0 else r.n end as own
    from gateway_runs r left join gateway_runs i on i.id = r.into_run where r.session_id = $1 and r.message_id = $2]],
  at_step = [[select r.n, 2 * s.n as place, 0 as own from gateway_runs r join gateway_steps s on s.run_id = r.id
    where r.session_id = $1 and r.id = $2 and s.n = $3::int]],
}

--- Newest first: {id, key, label, model, created_at, last_active_at, turns, messages, last_message, status ("active"
--- or "archived"), running}. query: {limit, archived (true: those too), key (only this one)}.
function M.list(query)
  query = query or {}
  local limit = math.min(query.limit or 100, limits.history)
  return db.query(M.sql.list, owner.get().agent_id, query.archived == true, query.key, limit)
end

local function given(value) return value ~= nil, value ~= json.null and value or nil end

--- Changes a session: label, model (json.null: none), archived.  Its row as list() has it, or nil.
function M.patch(key, changes)
  local session_id = store.find(key)
  if not session_id then return nil end
  local has_label, label = given(changes.label)
  local has_model, model = given(changes.model)
  db.exec(M.sql.patch, session_id, has_label, label, has_model, model, changes.archived)
  return M.list({ archived = true, key = key, limit = 1 })[1]
end

--- Begins a new conversation in the session with this key, in tx; what it works at is aborted.  once: an idempotency
--- key, or nil.  Whether there was one.
function M.reset_in(tx, key, once)
  local session_id = store.is_key(key) and tx:value(store.sql.find, owner.get().agent_id, key)
  local session = session_id and store.lock(tx, session_id)
  if not session then return false end
  if once and tx:value(M.sql.was_reset, session_id) == once then return true end
  runs.abort(tx, session)
  tx:exec(M.sql.reset, session_id, once)
  news.after(tx, "sessions.changed", { key = key, sessionKey = key, reason = "reset" })
  return true
end

--- Aborts, in tx, all that the session with this key works at.  How many runs that were.
function M.stop_in(tx, key)
  local session_id = store.is_key(key) and tx:value(store.sql.find, owner.get().agent_id, key)
  local session = session_id and store.lock(tx, session_id)
  return session and runs.abort(tx, session) or 0
end

--- A reset in a transaction of its own.
function M.reset(key) return db.tx(function(tx) return M.reset_in(tx, key) end) end

--- Has all but its newest messages summarised, in tx (gateway.compact), which takes a while.  Whether there was one.
function M.compact_in(tx, key)
  local session_id = store.is_key(key) and tx:value(store.sql.find, owner.get().agent_id, key)
  if not (session_id and store.lock(tx, session_id)) then return false end
  compact.ask(tx, session_id)
  return true
end

--- The same in a transaction of its own.
function M.compact(key) return db.tx(function(tx) return M.compact_in(tx, key) end) end

--- What stands for the oldest messages: {summary, until_run, by_model, created_at}, or nil.
function M.summary(key)
  local session_id = store.find(key)
  return session_id and compact.get(session_id) or nil
end

--- Deletes it with all that was said in it; what it works at ends.  Whether there was one.
function M.delete(key)
  local session_id = store.find(key)
  if not session_id then return false end
  runs.abort_all(session_id)
  return db.tx(function(tx)
    if not store.lock(tx, session_id) then return false end
    return tx:exec(M.sql.delete, session_id) > 0
  end)
end

-- Where in the history the message with this id is.
local function position(session_id, message_id)
  local run_id, step = tostring(message_id):match "^(%w+)%.(%d+)$"
  if run_id and #step < 10 then return db.row(M.sql.at_step, session_id, run_id, tonumber(step)) end
  return db.row(M.sql.at_message, session_id, message_id)
end

local function files_of(row)
  local files = row.files and json.decode(row.files)
  for i, f in ipairs(files or {}) do files[i] = sent.told(f) end
  return files or nil
end

local function shown(row)
  local usage = row.input_tokens and { input_tokens = row.input_tokens, output_tokens = row.output_tokens,
                                       cost_micros = row.cost_micros }
  return { id = row.id, role = row.role, content = row.content or "", at = row.at, run_id = row.run_id,
           state = row.state, error_code = row.error_code, usage = usage or nil,
           tool_calls = row.calls and json.decode(row.calls) or nil, files = files_of(row) }
end

--- The newest messages, oldest first: {id, role, content, at, run_id, state (of its run), error_code, tool_calls,
--- files (gateway.sent), usage}. query: {limit, before (id of a message), all (true: also those from before a reset)}.
function M.history(key, query)
  query = query or {}
  local session_id = store.find(key)
  if not session_id then return {} end
  local before = query.before and (position(session_id, query.before) or { n = 0, place = -1, own = 0 }) or {}
  local limit = math.max(1, math.min(query.limit or 100, limits.history))
  local floor = query.all and 0 or db.value(M.sql.floor, session_id) or 0
  local rows, list = db.query(M.sql.history, session_id, before.n, before.place, limit, floor, before.own), {}
  for i, row in ipairs(rows) do list[#rows - i + 1] = shown(row) end
  return list
end

return M
