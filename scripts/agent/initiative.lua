-- scripts/agent/initiative.lua -- what an agent does unprompted, as far as the database must remember it.
-- A session to be greeted is a flag in the mailbox; a silence that has lasted long enough becomes an event in the log
-- ("follow-up"), so that it gets exactly one turn, whatever happens to hosts.  agent.rules.initiative decides,
-- agent.turn carries out.

local db = require "human.db"
local id = require "human.id"
local limits = require "agent.rules.limits"

local M = {}

M.sql = {
  greeted = "update agent_mailboxes set greet = false where agent_id = $1 and lease_owner = $2",
  follow_up_in = [[update agent_mailboxes set follow_up_at = now() + $2::float8 * interval '1 ms'
    where agent_id = $1]],
  due = "select agent_id from agent_mailboxes where follow_up_at <= now() order by follow_up_at limit $1",
  fire = [[with box as (
      update agent_mailboxes set last_pos = last_pos + 1, last_in_pos = last_pos + 1, follow_up_pos = last_pos + 1,
        follow_up_at = null, active = true
      where agent_id = $2 and follow_up_at <= now() returning agent_id, last_pos)
    insert into agent_events (id, agent_id, pos, direction, type, content)
    select $1, agent_id, last_pos, 'in', 'follow-up', '{}'::jsonb from box]],
}

-- Notes in snap what the turn is about, and in entry what its end does: snap.follow_up (nobody has spoken since the
-- agent, and it is time), entry.follow_up_ms (how long after what the agent says now it may follow up).
function M.note(entry, snap)
  local head, after_s = snap.head, snap.settings.follow_up_after_s
  snap.follow_up = head.follow_up_pos > snap.processed_pos and #snap.facts.messages == 0 and not snap.expires
  entry.follow_up_ms = after_s and not snap.follow_up and after_s * 1000 or nil
end

local function last_message(lines)
  for i = #lines, 1, -1 do
    if lines[i].kind == "message" then return lines[i] end
  end
end

-- For agent.rules.initiative.
function M.facts(snap)
  local set, known, last = snap.settings, snap.facts, last_message(snap.lines)
  return {
    status = known.status, expired = known.expired, reactions_only = set.reactions_only,
    has_greeting = set.greeting ~= nil, after_ms = set.follow_up_after_s and set.follow_up_after_s * 1000,
    others = known.others, mine_last = last ~= nil and last.action_id ~= nil, silence_ms = last and last.age_ms or 0,
    typing_ms = known.typing_ms, quiet_ms = snap.quiet_ms,
  }
end

-- Up to where a greeting answers the log: messages of people are left for the next look.
function M.greeting_pos(snap)
  for _, line in ipairs(snap.lines) do
    if line.new then return line.pos - 1 end
  end
  return snap.seen
end

-- The session was greeted, or will not be.  For the holder of the lease only.
function M.greeted(tx, entry) tx:exec(M.sql.greeted, entry.agent_id, entry.owner) end

-- Sets the timer when what was done says something.
function M.arm(tx, entry, done)
  if not entry.follow_up_ms then return end
  for _, action in ipairs(done or {}) do
    if action.content then return tx:ask(M.sql.follow_up_in, entry.agent_id, entry.follow_up_ms) end
  end
end

-- Not yet: asks again after a while.
function M.put_off(tx, entry, wait_ms) tx:exec(M.sql.follow_up_in, entry.agent_id, wait_ms) end

-- Turns expired timers into events; agent.turn.scan finds them.
function M.fire()
  for _, row in ipairs(db.query(M.sql.due, limits.turns_per_worker)) do db.exec(M.sql.fire, id.new(), row.agent_id) end
end

return M
