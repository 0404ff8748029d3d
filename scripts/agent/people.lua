-- scripts/agent/people.lua -- who is in an agent's chat, and who of them is the agent itself.
-- The id alone identifies a participant.  Nicknames prove nothing: anybody may take the agent's.  Whether an id sends
-- the agent's own words, or those of another agent, the platform says or agent.lines finds out; it is then kept for
-- all sessions.

local db = require "human.db"
local json = require "human.json"
local limits = require "agent.rules.limits"

local M = {}

local SELVES = 8                                 -- of the agent's own ids that a turn reads, besides the newest people

M.sql = {
  -- Beyond the limit, those seen longest ago are deleted; only a new participant makes that necessary.
  see = [[with seen as (
      insert into agent_participants as p (agent_id, participant_id, nickname, is_agent, is_self, handles, introduced,
        typing_at)
      select $1, x->>'id', x->>'nickname', coalesce((x->>'isAgent')::boolean, false)
          or exists (select 1 from agents a where a.id = x->>'id' and a.id <> $1),
        case when x->>'id' = $1 then true else (x->>'self')::boolean end, x->'handles', $3::boolean,
        case when $4::boolean then now() end
      from (select distinct on (v->>'id') v as x from jsonb_array_elements($2::jsonb) v) list
      where $6::text is null or exists (select 1 from agent_events e where e.id = $6)
      on conflict (agent_id, participant_id) do update set nickname = excluded.nickname,
        is_agent = p.is_agent or excluded.is_agent, is_self = coalesce(excluded.is_self, p.is_self),
        handles = coalesce(excluded.handles, p.handles), introduced = p.introduced or excluded.introduced,
        typing_at = excluded.typing_at, seen_at = now()
      returning xmax = 0 as is_new
    ) delete from agent_participants where agent_id = $1 and exists (select 1 from seen where is_new)
        and seen_at <= (select seen_at from agent_participants where agent_id = $1
          order by seen_at desc offset $5::int - 1 limit 1)]],
  -- The ids of the agent itself are the platform's, not the chat's.
  forget = [[delete from agent_participants where agent_id = $1 and is_self is not true
    and learned is distinct from 'self']],
  -- A platform may repeat where the agent is: only another chat, or one whose time was up, begins a new session.
  joined = [[update agent_mailboxes m set chat_code = $2, room = a.user_id || '/' || $2, expired_at = null,
      follow_up_at = null,
      greet = (m.greet or m.chat_code is distinct from $2 or m.expired_at is not null) and a.settings ? 'greeting'
    from agents a where m.agent_id = $1 and a.id = m.agent_id]],
  -- Planned once, as agent.facts says.
  list = ([[select participant_id as id, nickname, is_agent, is_self, learned, introduced, handles,
      (extract(epoch from now() - typing_at) * 1000)::float8 as typing_ms
    from (select * from (select * from agent_participants where agent_id = (select $1::text)
        order by seen_at desc, participant_id limit %d) newest
      union select * from (select * from agent_participants where agent_id = (select $1::text)
          and (is_self or learned = 'self')
        limit %d) selves) people
    order by seen_at desc, participant_id]]):format(limits.participants, SELVES),
  learn = "update agent_participants set learned = $3 where agent_id = $1 and participant_id = $2",
  siblings = [[select a.id, coalesce(p.name, a.name) as nickname, e.content->>'content' as text,
      (extract(epoch from now() - e.created_at) * 1000)::float8 as age_ms
    from (select agent_id, last_seq from agent_mailboxes where room = $2 and agent_id <> $1 limit $3) s
      join agents a on a.id = s.agent_id
      left join personalities p on p.id = a.personality_id
      left join lateral (select content, created_at from agent_events where agent_id = s.agent_id
        and seq > s.last_seq - $4::int and type in ('send-message', 'send-reply') and not given_up) e on true]],
}

-- Stores the people that an event names: list of {id, nickname, isAgent?, self?, handles?}.
-- how: {introduced, typing}, both optional.  event_id (optional): only if there is such an event.
function M.see(tx, agent_id, list, how, event_id)
  if #list == 0 then return end
  tx:ask(M.sql.see, agent_id, json.encode(json.array(list)), how and how.introduced or false,
    how and how.typing or false, limits.participants_kept, event_id)
end

-- A session begins: chat_code, and who is there.
function M.begin(tx, agent_id, chat_code, list)
  tx:ask(M.sql.joined, agent_id, chat_code)
  tx:ask(M.sql.forget, agent_id)
  M.see(tx, agent_id, list, { introduced = true })
end

-- Queries the participants in transaction tx; returns a function that waits for them.
function M.ask(tx, agent_id) return tx:ask(M.sql.list, agent_id) end

-- The participants, newest first: {id, nickname, is_agent, is_self, learned, introduced, handles (a list),
-- typing_ms}, and by id.
-- seen: the result of M.ask, or nil to read now.
function M.of(agent_id, seen)
  local list, by_id = seen or db.query(M.sql.list, agent_id), {}
  for _, p in ipairs(list) do
    p.handles = p.handles and json.decode(p.handles) or {}
    by_id[p.id] = p
  end
  return list, by_id
end

-- What has been found out about participants: {[id] = "self" | "agent" | false}.
function M.learn(agent_id, learned)
  for id, what in pairs(learned) do db.exec(M.sql.learn, agent_id, id, what or nil) end
end

-- Other agents of the same user in the same room, and what they have said lately: {{id, nickname, text, age_ms}, ..},
-- one for each of their lines; an agent that has said nothing has one entry without a text.
function M.siblings(agent_id, room)
  return db.query(M.sql.siblings, agent_id, room, limits.siblings, limits.sibling_actions)
end

return M
