-- scripts/marketplace/operator_operations.lua -- the marketplace as a source of gateway.operations: its routes are
-- carried out as an actor of the operator's owner, and those of admins as one that is an admin.

local db = require "human.db"
local fail = require "human.fail"
local gateway = require "gateway.operations"
local operator = require "marketplace.operator"

local M = {}

M.sql = {
  own = [[select id, owner_id, type, display_name, role, state, tier, autonomy, is_founding from market_actors
    where id = $1::uuid and owner_id = $2::uuid]],
}

local KEYS, ADMIN_KEYS = { "market_key", "market_tool_key" }, { "market_key", "market_tool_key", "market_admin" }

-- The operator's own actor, or another of the same owner.
local function actor_of(actor_id)
  local mine = operator.operator(db) or fail.throw "market_unset"
  if not actor_id or actor_id == mine.id then return mine end
  local own = operator.is_id(actor_id) and db.row(M.sql.own, actor_id, mine.owner_id)
  return own or fail.throw "actor_not_yours"
end

--- As whom an operation is carried out: {actor, stands_for}.
function M.as(_, actor_id)
  local actor = actor_of(actor_id)
  if actor.state == "banned" then fail.throw "actor_banned" end
  actor.kind = "actor"
  return { actor = actor, stands_for = actor.role == "admin" and ADMIN_KEYS or KEYS }
end

gateway.surface("marketplace", M.as)

return M
