-- scripts/marketplace/agent_identity.lua -- the actor that an agent of the agent API is on the marketplace: at most
-- one, for as long as there is the agent.  Stopped, the agent does not act; the actor, its books and its key stay.
-- Agents of one user belong to one owner, as agents of one wallet do.

local db = require "human.db"
local fail = require "human.fail"
local abilities = require "agent.abilities"
local credits = require "marketplace.credits"
local history = require "marketplace.history"
local records = require "marketplace.trail"

local M = {}

local NOT_FOUND = "agent_not_found"

M.sql = {
  -- Sessions of the gateway are agents, too, but nobody's to name.
  lock = [[select id, user_id, name from agents where id = $1 and parent_id is null
    and ($2::text is null or user_id = $2) for no key update]],
  find = [[select id, name from agents where id = $1 and parent_id is null and ($2::text is null or user_id = $2)]],
  lock_user = "select pg_advisory_xact_lock(hashtextextended('market.user ' || $1::text, 0))::text",
  taken = "select id, agent_stopped_at is null as acts from market_actors where agent_id = $1",
  owner = [[select m.owner_id from agents a join market_actors m on m.agent_id = a.id where a.user_id = $1
    order by m.slot limit 1]],
  shown = [[select m.id, m.display_name, m.state, m.tier, m.autonomy, m.created_at, m.agent_stopped_at is null as acts
    from market_actors m join agents a on a.id = m.agent_id
    where m.agent_id = $1 and ($2::text is null or a.user_id = $2)]],
  acting = [[select id, owner_id, type, display_name, role, state, tier, autonomy, is_founding from market_actors
    where agent_id = $1 and agent_stopped_at is null]],
  stop = [[update market_actors set agent_stopped_at = human_now() where agent_id = $1 and agent_stopped_at is null
    returning id]],
  go_on = [[update market_actors set agent_stopped_at = null where agent_id = $1 and agent_stopped_at is not null
    returning id]],
}

--- Holds an agent in tx, so that nobody else makes an actor of it, and lets it have tools.  user_id: whose it has to
--- be; nil: the operator asks.  Returns {name, owner_id (that of the user's other agents, or nil)}.  Fails with
--- agent_not_found, also where it is another's, and agent_has_actor.
function M.reserve(tx, agent_id, user_id)
  local agent = tx:must(NOT_FOUND, M.sql.lock, agent_id, user_id)
  local taken = tx:row(M.sql.taken, agent_id)
  if taken then fail.throw("agent_has_actor", { actor_id = taken.id }) end
  tx:query(M.sql.lock_user, agent.user_id)
  abilities.grant(tx, agent_id)
  return { name = agent.name, owner_id = tx:value(M.sql.owner, agent.user_id) }
end

--- The actor of a user's agent: {id, display_name, state, tier, autonomy, created_at, acts, rc_mrc}.  Fails with
--- agent_not_found, and no_actor where it has none.
function M.get(agent_id, user_id)
  local row = db.row(M.sql.shown, agent_id, user_id)
  if not row then
    db.must(NOT_FOUND, M.sql.find, agent_id, user_id)
    fail.throw "no_actor"
  end
  local has = credits.balance(row.id)
  row.rc_mrc = has.m + has.w
  return row
end

-- Whether anything was to be changed.
local function change(sql, agent_id, user_id, to, let)
  return db.tx(function(tx)
    tx:must(NOT_FOUND, M.sql.lock, agent_id, user_id)
    local id = tx:value(sql, agent_id)
    if not id then return false end
    let(tx, agent_id)
    history.note(tx, { entity = "identity", id = id, to = to, cause = "market-identity" })
    records.put(tx, { actor_id = id, action = "market-identity", resource_type = "actor", resource_id = id,
                      facts = { to = to } })
    return true
  end)
end

--- The agent acts no more; asked again, it is so already.  Returns what get() does.
function M.stop(agent_id, user_id)
  change(M.sql.stop, agent_id, user_id, "stopped", abilities.withdraw)
  return M.get(agent_id, user_id)
end

--- It acts again as the actor that it was, and get() is returned; nil: it was not stopped, or has none.
function M.go_on(agent_id, user_id)
  local has_changed = change(M.sql.go_on, agent_id, user_id, "acting", abilities.grant)
  return has_changed and M.get(agent_id, user_id) or nil
end

--- As whom an agent acts: {id, owner_id, type, display_name, role, state, tier, autonomy, is_founding, kind}; nil:
--- nobody, or it was stopped, or banned (then also "actor_banned").
function M.acting(agent_id)
  local actor = agent_id and db.row(M.sql.acting, agent_id)
  if not actor then return nil end
  if actor.state == "banned" then return nil, "actor_banned" end
  actor.kind = "actor"
  return actor
end

return M
