-- scripts/gateway/owner.lua -- whose gateway this is: the operator, a user of this installation, and the operator's
-- agent.
-- Both are created when first needed, once for all hosts; if they are deleted, new ones are created.

local config = require "human.config"
local db = require "human.db"
local id = require "human.id"
local agents = require "agent.agents"

local M = {}

local LOCK = 401110                              -- any number, as long as it stays the same
local NAME = "main"

M.sql = {
  get = "select user_id, agent_id from gateway_owner",
  named = [[select id as agent_id, user_id from agents where id = $1 and parent_id is null]],
  lock = "select pg_advisory_xact_lock($1::bigint)",
  user = [[insert into users (id, email, name) values ($1, 'operator@' || $1 || '.invalid', 'Operator') returning id]],
  type_id = "select id from agent_types where name = 'Huma-1'",
  keep = [[insert into gateway_owner (user_id, agent_id) values ($1, $2)
    on conflict (is_only) do update set user_id = excluded.user_id, agent_id = excluded.agent_id]],
}

local function make(tx)
  local actor = { id = tx:value(M.sql.user, id.new()) }
  local agent = agents.create(actor, { name = NAME, description = "The agent of the gateway",
                                       agentTypeId = tx:value(M.sql.type_id) })
  tx:exec(M.sql.keep, actor.id, agent.id)
  return { user_id = actor.id, agent_id = agent.id }
end

--- {user_id, agent_id}.  The setting gateway.agent names another agent of this installation, by its id.
function M.get()
  local wanted = config.gateway.agent
  local found = wanted ~= "" and db.row(M.sql.named, wanted) or db.row(M.sql.get)
  if found then return found end
  return db.tx(function(tx)
    tx:query(M.sql.lock, LOCK)
    return tx:row(M.sql.get) or make(tx)
  end)
end

return M
