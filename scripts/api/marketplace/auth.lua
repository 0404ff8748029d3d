-- scripts/api/marketplace/auth.lua -- who may use the marketplace: actors by their key, admins among them.  Whoever
-- registers needs no key, but who registers an agent of the agent API shows that it is theirs.

local api = require "human.api"
local system = require "human.system"
local actors = require "marketplace.actors"
local user_keys = require "agent.keys"

local M = {}

local SCHEME = { type = "apiKey", header = "X-API-Key", still = actors.still, errors = { "actor_banned" },
                 description = "An actor's key, hm_ and 32 characters." }

api.auth("market_key", SCHEME, function(_, key) return actors.check(key) end)

local ADMIN = { type = "apiKey", header = "X-API-Key", still = actors.still, errors = { "actor_banned", "forbidden" },
                description = "The key of an actor whose role is admin." }

api.auth("market_admin", ADMIN, function(_, key)
  local actor, code, facts = actors.check(key)
  if actor and actor.role ~= "admin" then return nil, "forbidden" end
  return actor, code, facts
end)

local function is_user_key(token) return token:sub(1, #user_keys.PREFIX) == user_keys.PREFIX end

api.auth("market_newcomer", {
  type = "http", scheme = "bearer", optional = true, errors = { "key_expired" },
  description = "Only where an agent of the agent API is named: an API key of its owner, or the admin token.",
}, function(ctx, token)
  if not token then return { kind = "public" } end
  if is_user_key(token) then return user_keys.check(token) end
  return system.operator(ctx, token, "user_management", "Naming the agent of another")
end)

--- Whose agent somebody who registers may name: the id of a user; nil: anybody's, since the operator asks.
function M.agent_owner(ctx)
  local actor = ctx.actor
  if actor.kind == "user" then return actor.id end
  local operator = actor.kind == "operator" or system.operator(ctx, nil, "user_management", "Naming an agent")
  if not operator then ctx:fail "agent_key_required" end
  return nil
end

return M
