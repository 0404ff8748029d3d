-- scripts/agent/store.lua -- the durable log of an agent, both directions.
-- Every writer of the log locks the agent's mailbox row, so positions and action numbers are in commit
-- order: a reader that has seen number n has seen all before it.  An action is in the log before anybody
-- is notified of it: the topic agent.action is published when its transaction has committed.

local bus = require "human.bus"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local json = require "human.json"
local limits = require "agent.rules.limits"
local attachments = require "agent.attachments"
local changes = require "agent.changes"
local owned = require "agent.owned"
local people = require "agent.people"
local action_types = require "agent.action_types"

local M = {}

local SEQS_AT_ONCE = 500
local TOLD_BYTES = 65536                         -- of text sent with a notification; more is read from the log

-- Changes when one of the rows changes that a turn reads besides the chat: agents a, personalities p, system_prompts s,
-- agent_memory y.
M.VERSION = "concat_ws(',', a.xmin, p.xmin, s.xmin, y.xmin)"

M.sql = {
  -- One statement, so that a duplicate burns no position.
  append_in = [[with box as (
      select last_pos, last_seq, processed_pos, early_changes, coalesce(lease_until > now(), false) as busy,
        $10::text is not null and lease_owner is null and attempts = 0 and failures = 0 as free
      from agent_mailboxes where agent_id = $2 and exists (select 1 from agents
        where id = $2 and user_id = $9 and parent_id is null)
      for update
    ), made as (
      insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
      select $1, $2, last_pos + 1, 'in', $3, $4::jsonb, $5 from box
      where last_pos - processed_pos < $7::int and not ($13::boolean and early_changes)
      on conflict (agent_id, message_id) where message_id is not null do nothing
      returning id, pos, (select free from box) as claimed
    ), grown as (
      update agent_mailboxes m set last_pos = made.pos, last_in_pos = made.pos, due_at = null, active = true,
        last_said_pos = case when $6::boolean then made.pos else m.last_said_pos end,
        key_id = case when $6::boolean then $8 else m.key_id end,
        last_event_at = clock_timestamp(), events_in = m.events_in + 1,
        lease_owner = case when made.claimed then $10 else m.lease_owner end,
        lease_until = case when made.claimed then now() + $11::int * interval '1 ms' else m.lease_until end,
        attempts = case when made.claimed then 1 else m.attempts end,
        tried_pos = case when made.claimed then made.pos else m.tried_pos end,
        retry_ms = case when made.claimed then $12::int * (0.5 + random()) else m.retry_ms end
      from made where m.agent_id = $2
    )
    select box.last_seq as seq, box.busy, box.early_changes, made.id, made.pos, made.claimed
    from box left join made on true]],
  -- A message for a turn of who knows the chat (agent.known), if all of that still holds: nobody has
  -- written since, and the rows that a turn reads are the same.  $6, the lease, is taken with it.
  append_known = ([[with box as (
      select m.last_seq, m.last_pos, m.last_pos = $9::bigint and m.processed_pos = $10::bigint
        and ]] .. M.VERSION .. [[ = $11 and m.lease_owner is null and m.attempts = 0 and m.failures = 0
        and not m.early_changes and (m.room is null or not exists (select 1 from agent_mailboxes o
          where o.room = m.room and o.agent_id <> m.agent_id)) as holds
      from agent_mailboxes m join agents a on a.id = m.agent_id and a.user_id = $12
        left join personalities p on p.id = a.personality_id
        left join system_prompts s on s.id = a.system_prompt_id
        left join agent_memory y on y.agent_id = a.id
      where m.agent_id = $2 for update of m
    ), made as (
      insert into agent_events (id, agent_id, pos, direction, type, content, message_id)
      select $1, $2, last_pos + 1, 'in', 'new-message', $3::jsonb, $4 from box where holds
      on conflict (agent_id, message_id) where message_id is not null do nothing returning id, pos, created_at
    ), grown as (
      update agent_mailboxes m set last_pos = made.pos, last_in_pos = made.pos, last_said_pos = made.pos, due_at = null,
        active = true, key_id = $5, last_event_at = clock_timestamp(), events_in = m.events_in + 1, lease_owner = $6,
        lease_until = now() + $7::int * interval '1 ms', attempts = 1, tried_pos = made.pos,
        retry_ms = $8::int * (0.5 + random())
      from made where m.agent_id = $2
    )
    select box.holds, case when $14::boolean then set_config('synchronous_commit', 'off', true) end as late,
      box.last_seq as seq, made.id, made.pos, made.created_at, made.id is not null as claimed,
      (extract(epoch from now()) * 1000)::float8 as now_ms,
      made.id is not null and length($13::text) >= %d and exists (select 1 from agent_events o
        where md5(o.content->>'content') = md5($13) and o.agent_id <> $2 and o.type in ('send-message', 'send-reply')
          and o.created_at > now() - %d * interval '1 ms') as is_of_agent
    from box left join made on true]]):format(limits.known_words_chars, limits.echo_ms),
  by_message = [[select e.id, e.pos, coalesce((select o.seq from agent_events o
      where o.agent_id = e.agent_id and o.direction = 'out' and o.pos < e.pos order by o.pos desc limit 1), 0) as seq
    from agent_events e where e.agent_id = $1 and e.message_id = $2]],
  append_out = [[insert into agent_events (id, agent_id, pos, direction, seq, type, content, run_id, created_at)
    select a->>'id', $1, $2::bigint + n, 'out', $3::bigint + n, a->>'type', a->'content', $4, clock_timestamp()
    from jsonb_array_elements($5::jsonb) with ordinality as list (a, n)
    returning seq, created_at, (extract(epoch from created_at) * 1000)::float8 as said_ms]],
  actions = owned.paged([[select e.id, e.seq, e.type, e.content, e.run_id, e.created_at, r.until_pos
    from agent_events e join agent_runs r on r.id = e.run_id
    where e.agent_id = $1 and e.seq > $2 order by e.seq limit $3]], "seq", 4),
  -- Where the newest actions begin, at most $4 of them and at most $5 bytes together.
  replay_after = [[select coalesce(min(seq) - 1, $3::bigint) from (
      select seq, row_number() over (order by seq desc) as nr,
        sum(octet_length(content::text) + 200) over (order by seq desc) as upto
      from (select seq, content from agent_events where agent_id = $1 and seq > $2::bigint and seq <= $3::bigint
        order by seq desc limit $4) newest) sized
    where nr = 1 or upto <= $5::bigint]],
  action = [[select id, seq, type, content, run_id, created_at from agent_events
    where agent_id = $1 and id = $2 and direction = 'out']],
  last_seq = "select m.last_seq from agent_mailboxes m join agents a on a.id = m.agent_id "
    .. "where a.id = $1 and a.user_id = $2 and a.parent_id is null",
  newest = [[select agent_id, last_seq, processed_pos from agent_mailboxes
    where agent_id in (select jsonb_array_elements_text($1::jsonb))]],
  processed = "select processed_pos from agent_mailboxes where agent_id = $1",
  expired = "update agent_mailboxes set expired_at = now() where agent_id = $1",
  left = "delete from agent_participants where agent_id = $1 and participant_id = $2",
  known_messages = [[select message_id from agent_events where agent_id = $1 and not given_up
    and message_id in (select jsonb_array_elements_text($2::jsonb))]],
  own_reactions = [[select latest.* from (select distinct v as id from jsonb_array_elements_text($2::jsonb) v) m
    cross join lateral (select distinct on (content->>'emoji')
        content->>'messageId' as message_id, content->>'emoji' as emoji, type
      from agent_events where agent_id = $1 and type in ('add-reaction', 'remove-reaction')
        and content->>'messageId' = m.id
      order by content->>'emoji', pos desc) latest]],
  position = "select pos from agent_events where agent_id = $1 and id = $2",
  -- Positions and action numbers have no gaps, so only a type has to be counted.
  count = [[select case $2::text when 'out' then last_seq when 'in' then last_pos - last_seq else last_pos end
    from agent_mailboxes where agent_id = $1]],
  count_type = owned.counted "from agent_events where agent_id = $1 and type = $2",
}

-- The log, forward and back: all of it, one type, or one direction, each along an index of its own.
local LOG = [[select pos, id, agent_id as "agentId", direction, type, content, seq, run_id as "runId",
    created_at as "createdAt"
  from agent_events where agent_id = $1 and pos > coalesce($2::bigint, -1)
    and pos < coalesce($3::bigint, 9223372036854775807) and %s order by pos %s limit $5]]
local FILTER = { all = "$4::text is null", type = "type = $4", direction = "direction = $4" }
for name, filter in pairs(FILTER) do
  M.sql["log_forward_" .. name] = owned.paged(LOG:format(filter, "asc"), "pos", 6)
  M.sql["log_back_" .. name] = owned.paged(LOG:format(filter, "desc"), "pos desc", 6)
end

-- In ----------------------------------------------------------------------------------------------

-- What an event changes besides the log: who is in the chat, who types, whether the session is over.
local KNOWN, TYPES = { introduced = true }, { introduced = true, typing = true }

local effects = {
  ["agent-joined"] = function(tx, agent_id, c) people.begin(tx, agent_id, c.chatCode, c.participants) end,
  ["new-message"] = function(tx, agent_id, c) people.see(tx, agent_id, { c.message.participant }) end,
  ["user-joined"] = function(tx, agent_id, c) people.see(tx, agent_id, { c.participant }, KNOWN) end,
  ["reaction"] = function(tx, agent_id, c) people.see(tx, agent_id, { c.participant }) end,
  ["message-edited"] = changes.edit, ["message-deleted"] = changes.delete,
  ["user-left"] = function(tx, agent_id, c) tx:ask(M.sql.left, agent_id, c.participant.id) end,
  ["user-typing"] = function(tx, agent_id, c)
    people.see(tx, agent_id, { { id = c.participantId, nickname = c.nickname } }, TYPES)
  end,
  ["timer-expired"] = function(tx, agent_id) tx:ask(M.sql.expired, agent_id) end,
}

-- at_once: not when changes of the message have come before it.
local function asking(tx, event_id, actor, agent_id, event, interrupts, lease, at_once)
  local by = lease or {}
  return tx:ask(M.sql.append_in, event_id, agent_id, event.type, json.encode(event.content), event.message_id,
    interrupts, limits.mailbox, actor.key_id, actor.id, by.owner, by.ms, by.retry_ms, at_once)
end

local function by_message(agent_id, event) return M.sql.by_message, agent_id, event.message_id end

-- The row of a message that was stored before.
local function earlier(row)
  if not row then fail.throw "mailbox_full" end
  row.duplicate = true
  return row
end

-- Stores an event of agent.events for one of the actor's agents.  interrupts: it may cut a run short.  lease: of
-- agent.mailbox, to claim the turn as well: {owner, ms, retry_ms}, or nil.
-- Returns {id, pos, seq (of the last action before it), busy (somebody holds the agent's turn), claimed (the turn is
-- that owner's: nobody had it, and nothing has gone wrong with it),
-- changed (what somebody is answering is not what it was), early_changes, duplicate = true | nil}.
function M.append_in(tx, actor, agent_id, event, interrupts, lease)
  local images = attachments.take(event.content.message)
  local rows = asking(tx, id.new(), actor, agent_id, event, interrupts, lease, false)
  local box = rows()[1] or fail.throw "agent_not_found"
  if box.id then
    attachments.store(tx, agent_id, box.id, images)
    box.changed = effects[event.type](tx, agent_id, event.content, box.pos) == true
    if box.early_changes and event.message_id then changes.catch_up(tx, agent_id, event.content.message, box.pos) end
    return box
  end
  return earlier(tx:row(by_message(agent_id, event)))
end

-- The same where nothing depends on what the database answers, which is nearly always: the transaction need not wait.
-- Returns a function that waits for the row (nil: no such agent; without an id: nothing was stored); and one for after
-- the commit, which returns as M.append_in, or nil: what came before the message changes it, so it is not stored so.
function M.appending(tx, actor, agent_id, event, interrupts, lease)
  local event_id = id.new()
  local rows = asking(tx, event_id, actor, agent_id, event, interrupts, lease, true)
  people.see(tx, agent_id, { event.content.message.participant }, nil, event_id)
  return function() return rows()[1] end, function()
    local box = rows()[1] or fail.throw "agent_not_found"
    if box.id then return box end
    if box.early_changes then return nil end
    return earlier(db.row(by_message(agent_id, event)))
  end
end

-- Stores a message for the holder of a lease that knows the chat (agent.known): the same, with content (as stored),
-- created_at, now_ms and is_of_agent (agent.facts).  late: the commit does not wait for the disk.  Nil when something
-- has happened since; then nothing is stored.
function M.append_known(actor, agent_id, event, lease, chat, late)
  local text, content = event.content.message.content, json.encode(event.content)
  local row = db.must("agent_not_found", M.sql.append_known, id.new(), agent_id, content, event.message_id,
    actor.key_id, lease.owner, lease.ms, lease.retry_ms, chat.last_pos, chat.processed_pos, chat.version, actor.id,
    #text >= limits.known_words_chars and text or nil, late or false)
  if not row.holds then return nil end
  row.content = content
  return row.id and row or earlier(db.row(by_message(agent_id, event)))
end

-- Whether an event can be stored so: a message without attachments.
function M.is_plain(event)
  local message = event.content.message
  return event.type == "new-message" and #(message.attachments or {}) == 0
end

-- Out ---------------------------------------------------------------------------------------------

-- jsonb cannot store NUL, and a model may produce one.
local function storable(value) return type(value) == "string" and value:gsub("%z", "") or value end

local function record(action)
  local content = {}
  for _, name in ipairs(action_types.names[action.type]) do content[name] = storable(action[name]) end
  return { id = id.new(), type = action.type, content = content }
end

-- Stored actions as clients get them, for this host's other workers, which then need not read them.
local function told(list, rows, run_id)
  local at, out, bytes = {}, {}, 0
  for _, row in ipairs(rows) do at[row.seq] = row.created_at end
  for i, one in ipairs(list) do
    local action = { type = one.type, id = one.id, runId = run_id, seq = one.seq, createdAt = at[one.seq] }
    for name, value in pairs(one.content) do
      action[name], bytes = value, bytes + (type(value) == "string" and #value or 0)
    end
    out[i] = action
  end
  return bytes <= TOLD_BYTES and out or nil
end

-- Stores actions ({type, and the seed's fields}) of a run in order and notifies all workers when they are committed.
-- box: the locked mailbox row {last_pos, last_seq}; it is advanced here, the caller writes it back.
-- Returns a function for after the commit, which returns them as stored: {{id, pos, seq, type, content, created_at,
-- said_ms}, ..}.
function M.append_out(tx, agent_id, box, run_id, actions)
  if #actions == 0 then return function() return {} end end
  local list = {}
  for i, action in ipairs(actions) do list[i] = record(action) end
  local rows = tx:ask(M.sql.append_out, agent_id, box.last_pos, box.last_seq, run_id, json.encode(json.array(list)))
  for i, one in ipairs(list) do one.pos, one.seq = box.last_pos + i, box.last_seq + i end
  box.last_pos, box.last_seq = box.last_pos + #list, box.last_seq + #list
  local news = { agent_id = agent_id, seq = box.last_seq }
  tx:after_commit(function() bus.publish("agent.action", news, told(list, rows(), run_id)) end)
  return function()
    local at = {}
    for i, one in ipairs(list) do at[one.seq] = i end
    for _, row in ipairs(rows()) do
      local one = list[at[row.seq]]
      one.created_at, one.said_ms = row.created_at, row.said_ms
    end
    return list
  end
end

-- A stored action as clients get it: the seed's fields at the top level, and ours.  An action whose message was
-- deleted becomes an action-deleted: a client that catches up has nothing to post.
function M.shown(row)
  local action = json.decode(row.content)
  if action.deleted then
    return { type = "action-deleted", id = row.id, runId = row.run_id, seq = row.seq, createdAt = row.created_at }
  end
  action.type, action.id, action.runId, action.seq = row.type, row.id, row.run_id, row.seq
  action.createdAt = row.created_at
  return action
end

-- From which action on a client that has seen those up to `after` is replayed: no more than it can take at once.
function M.replay_after(agent_id, after, upto, limit, bytes)
  return db.value(M.sql.replay_after, agent_id, after, upto, limit, bytes)
end

-- The next actions after number `seq`, up to `limit`: {{seq, action, ends (the run's last word), until_pos}},
-- and whether there may be more.
function M.actions_after(agent_id, seq, limit)
  local list = {}
  local rows = db.query(M.sql.actions, agent_id, seq, limit, owned.bytes())
  for i, row in ipairs(rows) do
    local action = M.shown(row)
    list[i] = { seq = row.seq, action = action, until_pos = row.until_pos,
                ends = row.type == "agent-stopped" and action.reason ~= "superseded" }
  end
  return list, #rows == limit or rows[1] ~= nil and rows[1].listed > #rows
end

-- The row of an action (M.shown), or nil.
function M.action(agent_id, action_id) return db.row(M.sql.action, agent_id, action_id) end

-- Number of the newest action of one of the actor's agents; nil when there is no such agent.
function M.last_seq_of(actor, agent_id) return db.value(M.sql.last_seq, agent_id, actor.id) end

local function newest(agent_ids, value)
  local out = {}
  for from = 1, #agent_ids, SEQS_AT_ONCE do
    local some = { unpack(agent_ids, from, math.min(from + SEQS_AT_ONCE - 1, #agent_ids)) }
    local rows = db.query(M.sql.newest, json.encode(json.array(some)))
    for _, row in ipairs(rows) do out[row.agent_id] = value(row) end
  end
  return out
end

-- Numbers of the newest actions: {agent id = seq} of those that exist.
function M.last_seqs(agent_ids)
  return newest(agent_ids, function(row) return row.last_seq end)
end

-- The same with the agent's progress: a string that changes whenever a waiting response may continue.
function M.progress(agent_ids)
  return newest(agent_ids, function(row) return row.last_seq .. " " .. row.processed_pos end)
end

-- The position up to which events are processed; nil when the agent was deleted.
function M.processed(agent_id) return db.value(M.sql.processed, agent_id) end

-- Which of these message ids (a JSON array) the chat has: {messages = {id = true}, reactions = ..}.
function M.known(agent_id, ids)
  local chat = { messages = {}, reactions = {} }
  if ids == "[]" then return chat end
  for _, row in ipairs(db.query(M.sql.known_messages, agent_id, ids)) do
    chat.messages[row.message_id] = true
  end
  for _, row in ipairs(db.query(M.sql.own_reactions, agent_id, ids)) do
    chat.reactions[row.message_id .. "\0" .. row.emoji] = row.type == "add-reaction"
  end
  return chat
end

-- Reading -----------------------------------------------------------------------------------------

local function position(agent_id, name, event_id)
  if not event_id then return nil end
  local pos = db.value(M.sql.position, agent_id, event_id)
  if pos then return pos end
  fail.throw("event_not_found", { details = { { path = name, message = "is not an event of this agent" } } })
end

-- The statement's filter for a query, its value, and how many rows it has in all.  A type has one direction.
local function filter(agent_id, query)
  local name = query.type
  local is_out = name ~= nil and action_types.names[name] ~= nil
  if name and query.direction and (query.direction == "out") ~= is_out then return nil end
  if name then return "type", name, db.value(M.sql.count_type, agent_id, name) end
  local direction = query.direction
  return direction and "direction" or "all", direction, db.value(M.sql.count, agent_id, direction)
end

-- A page of the log: oldest first after a cursor, newest first without one or before one.
-- query: {limit, after, before (event ids), type, direction}.  Returns {rows, total, more} (agent.owned).
function M.log(agent_id, query)
  local after = position(agent_id, "after", query.after)
  local before = position(agent_id, "before", query.before)
  local kind, value, total = filter(agent_id, query)
  if not kind then return owned.page({}, query.limit, 0) end
  local rows = db.query(M.sql[(after and "log_forward_" or "log_back_") .. kind], agent_id, after, before, value,
    query.limit + 1, owned.bytes())
  return owned.page(rows, query.limit, total)
end

return M
