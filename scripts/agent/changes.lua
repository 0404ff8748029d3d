-- scripts/agent/changes.lua -- messages that were edited or deleted.
-- The log shows a message as it is now, so that whatever reads the chat reads it so; the event that changed it has its
-- own place.  What is said of a message that the agent does not know, or in the same words again, changes nothing.

local attachments = require "agent.attachments"
local json = require "human.json"

local M = {}

local ECHO_WITHIN = 1000                         -- events between what the agent said and what brings it back

M.sql = {
  -- asked: a run is answering it.  answered: the agent has said something since.
  message = [[select e.id, e.pos, e.content->'message'->>'content' as text, e.pos > m.processed_pos as is_new,
      e.content->'message'->'participant'->>'id' as participant_id,
      exists (select 1 from agent_runs r where r.agent_id = e.agent_id and r.finished_at is null
        and r.until_pos >= e.pos) as asked,
      e.pos < greatest((select max(o.pos) from agent_events o where o.agent_id = $1 and o.type = 'send-message'),
        (select max(o.pos) from agent_events o where o.agent_id = $1 and o.type = 'send-reply'), 0) as answered
    from agent_events e join agent_mailboxes m on m.agent_id = e.agent_id
    where e.agent_id = $1 and e.message_id = $2 and not e.given_up]],
  edit = [[update agent_events set content = jsonb_set(content, '{message}', content->'message' || $2::jsonb)
    where id = $1]],
  delete = [[update agent_events set given_up = true,
      content = jsonb_set(content, '{message}',
        (content->'message') - 'attachments' || '{"content": "", "deleted": true}')
    where id = $1]],
  -- What the agent said itself stays in the log, whose actions may be delivered again.
  delete_own = [[update agent_events set given_up = true
    where id = $2 and agent_id = $1 and type in ('send-message', 'send-reply')]],
  -- A platform that sends the agent's messages back deletes them under its own ids.
  delete_original = [[update agent_events set given_up = true where id = (select o.id from agent_events o
      where o.agent_id = $1 and o.type in ('send-message', 'send-reply') and not o.given_up
        and o.pos < $2::bigint and o.pos > $2::bigint - $3::int and o.content->>'content' = $4
      order by o.pos desc limit 1)
    and exists (select 1 from agent_participants p where p.agent_id = $1 and p.participant_id = $5
      and (p.is_self or p.learned = 'self'))]],
  -- What is deleted is gone from the edits that came before it and from those that come after, too.
  forget_edits = [[update agent_events set content = content - 'content' where agent_id = $1
    and type = 'message-edited' and content->>'messageId' = $2]],
  is_deleted = "select true from agent_events where agent_id = $1 and message_id = $2 and given_up",
  changed = "update agent_mailboxes set last_said_pos = $2, changed_pos = $2 where agent_id = $1",
}

-- Both return whether what is being answered has changed.

local function note(tx, agent_id, pos, is_change)
  if is_change then tx:exec(M.sql.changed, agent_id, pos) end
  return is_change
end

-- c: content of the event, which stands at `pos`.  A message that was passed over and now says something else is as
-- good as new.
function M.edit(tx, agent_id, c, pos)
  local m = tx:row(M.sql.message, agent_id, c.messageId)
  if not m and tx:value(M.sql.is_deleted, agent_id, c.messageId) then
    tx:exec(M.sql.forget_edits, agent_id, c.messageId)
  end
  if not m or m.text == c.content then return false end
  local again = not m.is_new and not m.answered
  tx:exec(M.sql.edit, m.id, json.encode { content = c.content, mentions = c.mentions, editedAt = c.editedAt,
                                          editedPos = again and pos or nil })
  return note(tx, agent_id, pos, again or m.asked)
end

function M.delete(tx, agent_id, c, pos)
  local m = tx:row(M.sql.message, agent_id, c.messageId)
  if not m then
    tx:exec(M.sql.delete_own, agent_id, c.messageId)
    return false
  end
  tx:exec(M.sql.delete, m.id)
  tx:exec(M.sql.forget_edits, agent_id, c.messageId)
  tx:exec(M.sql.delete_original, agent_id, m.pos, ECHO_WITHIN, m.text, m.participant_id)
  attachments.forget(tx, m.id)
  return note(tx, agent_id, pos, m.is_new and m.asked)
end

return M
