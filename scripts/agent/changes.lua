-- scripts/agent/changes.lua -- messages that were edited or deleted.
-- The log holds each message in its current version, so that every reader of the chat sees that one; the event that
-- changed it is a row of its own.  A repeated edit or deletion changes nothing; one that comes before its message waits
-- for it.  The text of a deleted message is removed wherever texts are kept: its row, its edits, its images, its
-- copies, the decisions that quote it, and the summary that includes it.

local bus = require "human.bus"
local attachments = require "agent.attachments"
local json = require "human.json"
local limits = require "agent.rules.limits"
local lines = require "agent.lines"

local M = {}

local ECHO_WITHIN, COPIES = 1000, 200            -- events around what the agent said, texts in them, that may repeat it
local SLACK = "interval '1 second'"              -- between the clocks of two transactions

M.FORGOTTEN = '{"forgotten": true}'              -- instead of the inputs of a decision

-- The decisions about an agent ($1) that may quote a message: those made until the turn that handled it ended.
local FORGET = "update rule_decisions d set inputs = '" .. M.FORGOTTEN .. [[', complete = false
  from (%s) spot where d.subject = $1 and d.at >= spot.created_at - ]] .. SLACK .. [[
    and d.at <= coalesce(spot.ended_at, now()) + ]] .. SLACK .. [[
    and (not d.complete or jsonb_path_exists(d.inputs, %s))]]

M.sql = {
  -- asked: a run is answering it.  answered: the agent has said something since.
  message = [[select e.id, e.pos, e.content->'message'->>'content' as text, e.pos > m.processed_pos as is_new,
      e.content->'message'->>'editedAt' as edited_at, e.content->'message'->>'deleted' is not null as is_deleted,
      e.given_up, e.content->'message'->'participant'->>'id' as participant_id,
      exists (select 1 from agent_runs r where r.agent_id = e.agent_id and r.finished_at is null
        and r.until_pos >= e.pos) as asked,
      e.pos < greatest((select max(o.pos) from agent_events o where o.agent_id = $1 and o.type = 'send-message'),
        (select max(o.pos) from agent_events o where o.agent_id = $1 and o.type = 'send-reply'), 0) as answered
    from agent_events e join agent_mailboxes m on m.agent_id = e.agent_id
    where e.agent_id = $1 and e.message_id = $2]],
  edit = [[update agent_events set content = jsonb_set(content, '{message}', content->'message' || $2::jsonb)
    where id = $1]],
  delete = [[update agent_events set given_up = true,
      content = jsonb_set(content, '{message}',
        (content->'message') - 'attachments' || '{"content": "", "deleted": true}')
    where id = $1]],
  -- Of the agent's own actions only the text is removed: their numbers have no gaps, and they may be delivered again.
  own = [[select id, pos, content->>'content' as text from agent_events
    where id = $2 and agent_id = $1 and type in ('send-message', 'send-reply') and not given_up]],
  delete_own = [[update agent_events set given_up = true,
      content = content || '{"content": "", "deleted": true}' where id = $1
    returning id, seq, type, content, run_id, created_at]],
  edit_own = [[update agent_events set content = content || jsonb_build_object('content', $2::text) where id = $1
    returning id, seq, type, content, run_id, created_at]],
  names = [[select a.name, coalesce(p.name, a.name) as personality_name from agents a
    left join personalities p on p.id = a.personality_id where a.id = $1]],
  -- A platform that sends the agent's messages back knows them by its own ids, and deletes them under either.
  originals = [[select id, pos, content->>'content' as text from agent_events
    where agent_id = $1 and type in ('send-message', 'send-reply') and not given_up and pos < $2::bigint
      and pos > $2::bigint - $3::int order by pos desc limit $4]],
  copies = [[select e.id, e.pos, e.message_id, e.content->'message'->>'content' as text,
      coalesce(p.is_self or p.learned = 'self', false) as by_self
    from agent_events e left join agent_participants p on p.agent_id = e.agent_id
      and p.participant_id = e.content->'message'->'participant'->>'id'
    where e.agent_id = $1 and e.type = 'new-message' and not e.given_up and e.pos > $2::bigint
      and e.pos < $2::bigint + $3::int order by e.pos limit $4]],
  is_self = [[select true from agent_participants where agent_id = $1 and participant_id = $2
    and (is_self or learned = 'self')]],
  forget_edits = [[update agent_events set content = content - 'content' where agent_id = $1
    and type = 'message-edited' and content->>'messageId' = $2 and content ? 'content']],
  forget_decisions = FORGET:format([[select s.created_at, (select o.created_at from agent_events o
        join agent_runs r on r.id = o.run_id where o.agent_id = $1 and o.type = 'agent-stopped' and o.pos > s.pos
          and r.until_pos >= s.pos and r.reason <> 'superseded' order by o.pos limit 1) as ended_at
      from (select pos, created_at from agent_events where agent_id = $1 and message_id = $2
        union all select pos, created_at from agent_events where agent_id = $1 and type = 'message-edited'
          and content->>'messageId' = $2) s]],
    "'$.** ? (@ == $id)', jsonb_build_object('id', $2::text)"),
  forget_own_decisions = FORGET:format([[select r.started_at as created_at, r.finished_at as ended_at
      from agent_events o join agent_runs r on r.id = o.run_id where o.id = $2]], "'$.**.content'"),
  is_deleted = [[select true from agent_events where agent_id = $1 and type = 'message-deleted'
    and content->>'messageId' = $2 and pos < $3 limit 1]],
  -- The last edit of a message by the platform's clock, where it has one, or else in the order of the log.
  last_edit = [[select pos, content from agent_events where agent_id = $1 and type = 'message-edited'
      and content->>'messageId' = $2 and content ? 'content' and pos < $3
    order by (content->>'editedAt') desc nulls last, pos desc limit 1]],
  early = "update agent_mailboxes set early_changes = true where agent_id = $1 and not early_changes",
  changed = "update agent_mailboxes set last_said_pos = $2, changed_pos = $2 where agent_id = $1",
  rewritten = "update agent_mailboxes set rewritten_pos = $2 where agent_id = $1",
  -- A summary that includes a changed message is rebuilt from the last lines that it covered.
  remember_again = [[update agent_memory y set summary = '', since_pos = again.pos, until_pos = again.pos,
      updated_at = now()
    from (select coalesce(min(pos), 1) - 1 as pos from (select e.pos from agent_memory k join agent_events e
        on e.agent_id = k.agent_id and e.pos <= k.until_pos and not e.given_up and e.type in ('new-message',
          'send-message', 'send-reply', 'reaction', 'add-reaction', 'remove-reaction')
        where k.agent_id = $1 order by e.pos desc limit $3) newest) again
    where y.agent_id = $1 and y.until_pos >= $2 and y.since_pos < $2]],
}

-- Edits and deletions return whether what is being answered has changed.

local function note(tx, agent_id, pos, is_change)
  if is_change then tx:exec(M.sql.changed, agent_id, pos) end
  return is_change
end

-- Notes that the row at `at` has been rewritten.  pos: of the event that changed it.
local function rewrite(tx, agent_id, at, pos)
  tx:exec(M.sql.rewritten, agent_id, pos)
  tx:exec(M.sql.remember_again, agent_id, at, limits.memory_again)
end

-- The agent's own messages and the copies that platforms send back count as one ------------------------------

local function names_of(tx, agent_id)
  local row = tx:row(M.sql.names, agent_id)
  return { row.personality_name, row.name }
end

-- The copies of an action that came back.
local function copies_of(tx, agent_id, own)
  local names, out = names_of(tx, agent_id), {}
  for _, copy in ipairs(tx:query(M.sql.copies, agent_id, own.pos, ECHO_WITHIN, COPIES)) do
    local same, telling = lines.repeats(copy.text, own.text, names)
    if same and (telling or copy.by_self) then out[#out + 1] = copy end
  end
  return out
end

-- The action that a message of the agent's own account repeats, or nil.
local function original_of(tx, agent_id, m)
  if m.text == "" or not tx:value(M.sql.is_self, agent_id, m.participant_id) then return nil end
  local names = names_of(tx, agent_id)
  for _, own in ipairs(tx:query(M.sql.originals, agent_id, m.pos, ECHO_WITHIN, COPIES)) do
    if lines.repeats(m.text, own.text, names) then return own end
  end
end

-- Changes an action; clients that reconnect are not sent what it was.
local function rewrite_own(tx, agent_id, own, pos, sql, ...)
  local row = tx:row(sql, own.id, ...)
  rewrite(tx, agent_id, own.pos, pos)
  tx:after_commit(function() bus.publish("agent.rewritten", { agent_id = agent_id, action_id = own.id }, row) end)
end

-- Editing ------------------------------------------------------------------------------------------------

-- A message that was passed over counts as new once its text changes.
local function edit(tx, agent_id, m, c, pos)
  if m.text == c.content or m.edited_at and c.editedAt and c.editedAt < m.edited_at then return false end
  local own = original_of(tx, agent_id, m)
  local again = not (own or m.is_new or m.answered or m.given_up)
  tx:exec(M.sql.edit, m.id, json.encode { content = c.content, mentions = c.mentions, editedAt = c.editedAt,
                                          editedPos = again and pos or nil })
  if own then rewrite_own(tx, agent_id, own, pos, M.sql.edit_own, c.content) end
  rewrite(tx, agent_id, m.pos, pos)
  return note(tx, agent_id, pos, again or m.asked)
end

-- c: content of the event at `pos`.
function M.edit(tx, agent_id, c, pos)
  if tx:value(M.sql.is_deleted, agent_id, c.messageId, pos) then
    tx:exec(M.sql.forget_edits, agent_id, c.messageId)
    return false
  end
  local m = tx:row(M.sql.message, agent_id, c.messageId)
  if m then return edit(tx, agent_id, m, c, pos) end
  local own = tx:row(M.sql.own, agent_id, c.messageId)
  if not own then
    tx:exec(M.sql.early, agent_id)
    return false
  end
  for _, copy in ipairs(copies_of(tx, agent_id, own)) do
    tx:exec(M.sql.edit, copy.id, json.encode { content = c.content })
  end
  rewrite_own(tx, agent_id, own, pos, M.sql.edit_own, c.content)
  return false
end

-- Deleting -----------------------------------------------------------------------------------------------

local function delete_message(tx, agent_id, m, message_id, pos)
  tx:exec(M.sql.forget_decisions, agent_id, message_id)
  tx:exec(M.sql.delete, m.id)
  tx:exec(M.sql.forget_edits, agent_id, message_id)
  attachments.forget(tx, m.id)
  rewrite(tx, agent_id, m.pos, pos)
end

local function delete_own(tx, agent_id, own, pos)
  tx:exec(M.sql.forget_own_decisions, agent_id, own.id)
  rewrite_own(tx, agent_id, own, pos, M.sql.delete_own)
end

function M.delete(tx, agent_id, c, pos)
  local m = tx:row(M.sql.message, agent_id, c.messageId)
  if m and m.is_deleted then return false end
  local own = m and original_of(tx, agent_id, m) or not m and tx:row(M.sql.own, agent_id, c.messageId) or nil
  local copies = own and copies_of(tx, agent_id, own) or {}
  tx:exec(M.sql.forget_edits, agent_id, c.messageId)
  if m then delete_message(tx, agent_id, m, c.messageId, pos) end
  if own then delete_own(tx, agent_id, own, pos) end
  for _, copy in ipairs(copies) do delete_message(tx, agent_id, copy, copy.message_id, pos) end
  if not (m or own) then tx:exec(M.sql.early, agent_id) end
  return note(tx, agent_id, pos, m and m.is_new and m.asked or false)
end

-- Applies the changes that came before their message, which comes now, at `pos`.
function M.catch_up(tx, agent_id, message, pos)
  if tx:value(M.sql.is_deleted, agent_id, message.id, pos) then
    return M.delete(tx, agent_id, { messageId = message.id }, pos)
  end
  local edited = tx:row(M.sql.last_edit, agent_id, message.id, pos)
  if not edited then return false end
  local c = json.decode(edited.content)
  tx:exec(M.sql.edit, tx:row(M.sql.message, agent_id, message.id).id,
    json.encode { content = c.content, mentions = c.mentions, editedAt = c.editedAt })
  return false
end

return M
