-- scripts/agent/mailbox.lua -- events in, turns out: which worker may run an agent, and how far it has come.
-- The worker that holds the lease on the agent's mailbox row owns the turn.  Every write of a turn locks
-- that row and checks the holder, so a worker that was presumed dead and comes back writes nothing.

local bus = require "human.bus"
local config = require "human.config"
local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local budget = require "agent.budget"
local limits = require "agent.rules.limits"
local store = require "agent.store"

local M = {}

M.LOST = setmetatable({}, { __tostring = function() return "the agent's lease was lost" end })

local RETRY_MS, RETRY_MAX_MS = 1000, 60000       -- after a lease that was lost; doubles with each attempt

local PAUSE_MIN_MS, PAUSE_MAX_MS = 50, 3600000
local REST_S, REST_MAX = 5, 5000                 -- since its last event, an agent is looked at; put aside at once

-- There is work and nobody is doing it.  $1: limits.attempts.  Last attempts run one at a time, so that a turn that
-- merely shared its workers with one that kills them gets through.
local READY = [[m.last_in_pos > m.processed_pos and (m.due_at is null or m.due_at <= now())
  and (m.lease_owner is null or m.lease_until + m.retry_ms * interval '1 ms' < now())
  and (m.attempts = 0 or m.attempts + 1 <> $1::int or not exists (select 1 from agent_mailboxes o
    where o.suspect and o.attempts = $1::int and o.lease_until > now()))]]

-- What a turn has to know of the row that it locks.
local BOX = [[m.agent_id, m.last_pos, m.last_in_pos, m.last_said_pos, m.processed_pos, m.last_seq, m.superseded,
  m.changed_pos, m.rewritten_pos, m.tried_pos, m.failures, m.expired_at, m.runs, m.input_tokens, m.output_tokens,
  m.cost_micros, a.status]]

M.sql = {
  -- The attempt is counted before it runs, since a worker that dies during it cannot.  After a turn that was given up,
  -- the next one has a single attempt.
  claim = [[update agent_mailboxes m set lease_owner = $3, lease_until = now() + $4::int * interval '1 ms',
      attempts = m.attempts + 1,
      tried_pos = case when m.attempts < case when m.failures > 0 then 1 else $1::int end then m.last_in_pos
        else m.tried_pos end,
      retry_ms = least($6::int, $5::int * power(2, least(m.attempts, 20))) * (0.5 + random())
    where m.agent_id = $2 and ]] .. READY .. [[
    returning m.attempts, m.failures, m.attempts > case when m.failures > 0 then 1 else $1::int end as over]],
  renew = [[update agent_mailboxes m set lease_until = now() + $2::int * interval '1 ms'
    from jsonb_to_recordset($1::jsonb) as held (agent_id text, owner text)
    where m.agent_id = held.agent_id and m.lease_owner = held.owner returning m.lease_owner]],
  lock = "select " .. BOX .. [[ from agent_mailboxes m join agents a on a.id = m.agent_id
    where m.agent_id = $1 and m.lease_owner = $2 for update of m]],
  lock_with_user = "select " .. BOX .. ", " .. budget.LOCK:format("$4", "$3", "$3") .. [[
    from agent_mailboxes m join agents a on a.id = m.agent_id
    where m.agent_id = $1 and m.lease_owner = $2 for update of m]],
  save = [[update agent_mailboxes set last_pos = $2, last_seq = $3, processed_pos = $4, superseded = $5,
      runs = $6, input_tokens = $7, output_tokens = $8, cost_micros = $9,
      waiting_since = case when $4 > processed_pos then null else waiting_since end,
      lease_owner = case when $10::boolean then null else lease_owner end,
      lease_until = case when $10::boolean then null else lease_until end,
      attempts = case when $10::boolean then 0 when $4 > processed_pos then 1 else attempts end,
      failures = case when $4 > processed_pos then 0 else failures end,
      tried_pos = case when $4 > processed_pos then last_in_pos else tried_pos end
    where agent_id = $1]],
  -- Events up to tried_pos count as processed, although their turn produced nothing but its end.
  give_up = [[with skipped as (update agent_events set given_up = true
      where agent_id = $1 and pos > $2::bigint and pos <= $3::bigint and direction = 'in')
    update agent_mailboxes set failures = $4::int + 1 where agent_id = $1]],
  -- Nothing came since the facts were read; otherwise the turn goes on.
  release = [[update agent_mailboxes set lease_owner = null, lease_until = null, attempts = 0
    where agent_id = $1 and lease_owner = $2 and last_in_pos <= processed_pos returning agent_id]],
  wait = [[update agent_mailboxes set lease_owner = null, lease_until = null, attempts = 0,
      due_at = now() + $4::int * interval '1 ms', waiting_since = coalesce(waiting_since, now())
    where agent_id = $1 and lease_owner = $2 and last_in_pos = $3 returning agent_id]],
  yield = [[update agent_mailboxes set lease_owner = null, lease_until = null, attempts = 0
    where agent_id = $1 and lease_owner = $2]],
  waiting = "select m.agent_id from agent_mailboxes m where m.active and " .. READY
    .. " order by m.last_event_at limit $2",
  -- Those to which nothing has come for a while, and which have no work.
  rest = [[update agent_mailboxes set active = false where ctid = any (array(select ctid from agent_mailboxes
    where active and last_in_pos <= processed_pos and lease_owner is null
      and coalesce(last_event_at < now() - $1::int * interval '1 second', true) limit $2 for update skip locked))]],
}

-- Events that may cut a run short: messages (agent.newer finds out whether they would change the answer), and the end
-- of the session.
local CUTS = { ["new-message"] = true, ["timer-expired"] = true }

local function lease_ms() return config.agent.lease_ms end

-- Whoever is busy with the agent's turn may have to stop.
local function tell(agent_id, event, stored, cuts)
  if not (cuts or stored.changed) or not stored.busy or stored.duplicate then return end
  bus.publish("agent.interrupt", { agent_id = agent_id, pos = stored.pos, changed = stored.changed or nil,
                                   final = event.type == "timer-expired" })
end

-- A message: everything leaves with the commit, in one piece.  What is read is in vain where somebody else has the
-- turn.  Nil when it takes more than that.
local function post_plain(actor, agent_id, event, lease, read)
  local settled, found = db.tx(function(tx)
    local row, settled = store.appending(tx, actor, agent_id, event, true, lease)
    tx:after_commit(function()
      local stored = row()
      if stored and stored.id then tell(agent_id, event, stored, true) end
    end)
    return settled, lease and read(tx)
  end)
  local stored = settled()
  return stored, stored and stored.claimed and found or nil
end

-- Stores an event for one of the actor's agents and notifies all workers.  event: from agent.events.  owner, read
-- (optional): as for M.claim, to claim the turn in the same transaction.
-- Returns {id, pos, seq, duplicate, claimed} (agent.store), and the result of read(tx) if the turn was claimed.
function M.post(actor, agent_id, event, owner, read)
  local lease = owner and { owner = owner, ms = lease_ms(), retry_ms = RETRY_MS }
  if store.is_plain(event) then
    local stored, found = post_plain(actor, agent_id, event, lease, read)
    if stored then return stored, found end
  end
  return db.tx(function(tx)
    local cuts = CUTS[event.type] or false
    local stored = store.append_in(tx, actor, agent_id, event, cuts, lease)
    tx:after_commit(function() tell(agent_id, event, stored, cuts) end)
    return stored, stored.claimed and read(tx) or nil
  end)
end

-- The same for a message, whose turn this worker takes and whose chat it knows (agent.known).  Nil when something has
-- happened there since.  late: the commit does not wait for the disk (is_late, if something was stored): the caller
-- waits for another one before it says so.
function M.post_known(actor, agent_id, event, owner, chat, late)
  local lease = { owner = owner, ms = lease_ms(), retry_ms = RETRY_MS }
  local stored = store.append_known(actor, agent_id, event, lease, chat, late)
  if stored and stored.claimed then stored.is_late = late end
  return stored
end

-- A unique name for one tenure of a lease.
function M.new_owner() return id.new() end

-- Claims the agent's turn: {attempts (this one included), failures (turns in a row that were given up
-- before), over (it has had all its attempts)}; nil when there is nothing to do or another worker has the turn.
-- read (optional): fn(tx), called in the same transaction; its result is the second return value.  The commit does not
-- wait for the disk: if the database loses the claim, the lease is lost with it, and the turn ends at its next write.
function M.claim(agent_id, owner, read)
  local claimed, found
  db.tx(function(tx)
    tx:ask "set local synchronous_commit = off"
    claimed = tx:ask(M.sql.claim, limits.attempts, agent_id, owner, lease_ms(), RETRY_MS, RETRY_MAX_MS)
    found = read and read(tx)
  end)
  return claimed()[1], found
end

-- Renews these leases ({{agent_id, owner}, ..}).  Returns {owner = true} for those still held.
function M.renew(list)
  local held = {}
  for _, row in ipairs(db.query(M.sql.renew, json.encode(json.array(list)), lease_ms())) do
    held[row.lease_owner] = true
  end
  return held
end

-- Seconds between renewals: a third of the lease, so that one may fail.
function M.renew_every_s() return lease_ms() / 3000 end

-- Queries the mailbox row (and the agent's status) and locks it.  Returns a function that waits for the row, and raises
-- LOST when the lease is no longer ours.  user_id, alone: takes the lock of agent.budget as well.
function M.locking(tx, agent_id, owner, user_id, alone)
  local rows = user_id and tx:ask(M.sql.lock_with_user, agent_id, owner, user_id, alone)
    or tx:ask(M.sql.lock, agent_id, owner)
  return function() return rows()[1] or error(M.LOST, 0) end
end

function M.lock(tx, agent_id, owner) return M.locking(tx, agent_id, owner)() end

-- Whether the end of a run releases the lease: nothing is left to do.
function M.is_over(box) return box.last_in_pos <= box.processed_pos end

-- The parameters of M.sql.save.
function M.saved(box, over)
  return box.agent_id, box.last_pos, box.last_seq, box.processed_pos, box.superseded, box.runs, box.input_tokens,
    box.output_tokens, box.cost_micros, over
end

-- Writes back the progress of a turn.  ends: release the lease if nothing is left to do.  Returns whether it was
-- released.
function M.save(tx, box, ends)
  local over = ends == true and M.is_over(box)
  tx:ask(M.sql.save, M.saved(box, over))
  return over
end

-- The same for a turn that is given up, whose events are not to be tried again.  box: the locked row.
function M.give_up(tx, box)
  local before, failures = box.processed_pos, box.failures
  box.processed_pos, box.superseded = math.max(box.tried_pos, before), 0
  M.save(tx, box)
  tx:exec(M.sql.give_up, box.agent_id, before, box.processed_pos, failures)
end

-- Releases the turn.  False when there is more to do.
function M.release(agent_id, owner) return db.row(M.sql.release, agent_id, owner) ~= nil end

-- The wait that a rule asked for, in whole milliseconds, clamped.
function M.pause_ms(value)
  local ms = tonumber(value)
  if not ms or ms ~= ms then error("agent.rules.respond: to wait needs wait_ms, a number", 0) end
  return math.ceil(math.max(PAUSE_MIN_MS, math.min(ms, PAUSE_MAX_MS)))
end

-- Releases it until wait_ms from now, unless an event came after position `seen`.
function M.wait(agent_id, owner, seen, wait_ms)
  return db.row(M.sql.wait, agent_id, owner, seen, wait_ms) ~= nil
end

-- Releases it although there is more to do.
function M.yield(agent_id, owner) db.exec(M.sql.yield, agent_id, owner) end

-- Agents that have had nothing to do are no longer looked at; now and then, a limited number.
function M.rest() db.sweep(M.sql.rest, REST_MAX, 1, REST_S, REST_MAX) end

-- Up to n agents with events that no worker is handling.
function M.waiting(n)
  local list = {}
  for i, row in ipairs(db.query(M.sql.waiting, limits.attempts, n)) do list[i] = row.agent_id end
  return list
end

return M
