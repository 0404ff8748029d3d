-- scripts/agent/claims.lua -- who carries out an agent's actions, and which of them are done.
-- Of all sockets that claim an agent's actions, on any worker or host, one holds the claim.  An action is done once it
-- is acknowledged; the next holder of the claim gets those that are not.  This module knows nothing of sockets: a
-- holder is a string that its worker makes up.

local bus = require "human.bus"
local db = require "human.db"
local json = require "human.json"
local owned = require "agent.owned"
local store = require "agent.store"

local M = {}

local LEASE_MS = 6000                            -- a worker without a beat for so long is dead
local KEEP_S = 3600                              -- after which its row is deleted

local FREE = [[(c.holder is null or not exists (select 1 from claim_workers w
  where w.id = c.worker_id and w.alive_until > now()))]]

M.sql = {
  beat = [[insert into claim_workers (id, alive_until) values ($1, now() + $2::int * interval '1 ms')
    on conflict (id) do update set alive_until = excluded.alive_until]],
  forget = "delete from claim_workers where alive_until < now() - $1::int * interval '1 second'",
  skip = [[insert into agent_claims as c (agent_id, done_seq)
    select agent_id, least($2::bigint, last_seq) from agent_mailboxes where agent_id = $1
    on conflict (agent_id) do update set done_seq = greatest(c.done_seq, excluded.done_seq)]],
  take = [[insert into agent_claims as c (agent_id, worker_id, holder, done_seq)
    select agent_id, $2, $3, least($4::bigint, last_seq) from agent_mailboxes where agent_id = $1
    on conflict (agent_id) do update set worker_id = excluded.worker_id, holder = excluded.holder where ]] .. FREE .. [[
    returning agent_id]],
  give_back = "update agent_claims set worker_id = null, holder = null where agent_id = $1 and holder = $2",
  -- Acknowledgements come in any order: done_seq goes as far as there is no gap.
  done = [[with box as (
      select agent_id, done_seq, done from agent_claims where agent_id = $1 for update
    ), listed as (
      select distinct s from box, unnest(box.done || (select array_agg(v::bigint)
        from jsonb_array_elements_text($2::jsonb) v)) s where s > box.done_seq
    ), numbered as (select s, row_number() over (order by s) as n from listed),
    reached as (
      select box.done_seq + count(s) filter (where s = box.done_seq + n) as seq
      from box left join numbered on true group by box.done_seq
    )
    update agent_claims c set done_seq = reached.seq,
      done = coalesce((select array_agg(s order by s) from listed where s > reached.seq), '{}')
    from reached where c.agent_id = $1]],
  todo = owned.paged([[select e.id, e.seq, e.type, e.content, e.run_id, e.created_at
    from agent_claims c join agent_events e on e.agent_id = c.agent_id
    where c.agent_id = $1 and c.holder = $2 and e.seq > greatest($3::bigint, c.done_seq) and e.seq <> all (c.done)
    order by e.seq limit $4]], "seq", 5),
  states = "select c.agent_id, c.holder, " .. FREE .. [[ as free from agent_claims c
    where c.agent_id in (select jsonb_array_elements_text($1::jsonb))]],
}

-- A worker's heartbeat.
function M.beat(worker_id) db.exec(M.sql.beat, worker_id, LEASE_MS) end

function M.forget() db.exec(M.sql.forget, KEEP_S) end

-- A platform says that it has carried out all actions up to number `seq`.
function M.skip(agent_id, seq) db.exec(M.sql.skip, agent_id, seq) end

-- Takes the claim, if it is free.  An agent that nobody has ever claimed has its first action after number `seq`.
function M.take(agent_id, worker_id, holder, seq)
  return db.row(M.sql.take, agent_id, worker_id, holder, seq) ~= nil
end

-- Actions with these numbers are carried out.
function M.done(agent_id, seqs) db.exec(M.sql.done, agent_id, json.encode(json.array(seqs))) end

-- Releases the claim, stores what is known to be done, and notifies all workers.
function M.give_back(agent_id, holder, seqs)
  db.tx(function(tx)
    if #seqs > 0 then tx:exec(M.sql.done, agent_id, json.encode(json.array(seqs))) end
    tx:exec(M.sql.give_back, agent_id, holder)
    bus.notify(tx, "agent.claim_free", { agent_id = agent_id })
  end)
end

-- The next actions after number `seq` that are not done: {{seq, action, bytes}}, and whether there may be more.
-- Nothing for a holder that has lost the claim.
function M.todo(agent_id, holder, seq, limit)
  local rows, list = db.query(M.sql.todo, agent_id, holder, seq, limit, owned.bytes()), {}
  for i, row in ipairs(rows) do
    list[i] = { seq = row.seq, bytes = #row.content + 200, action = store.shown(row) }
  end
  return list, #rows == limit or rows[1] ~= nil and rows[1].listed > #rows
end

-- How the claims of these agents are: {agent id = {holder, free}}.
function M.states(agent_ids)
  local out = {}
  for _, row in ipairs(db.query(M.sql.states, json.encode(json.array(agent_ids)))) do out[row.agent_id] = row end
  return out
end

return M
