-- scripts/api/marketplace/auth.lua -- who may use the marketplace: actors by their key, admins among them.  Whoever
-- registers needs no key, but who registers an agent of the agent API shows that it is theirs.

local api = require "human.api"
local guard = require "human.guard"
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

-- Who shows this token: the id of a user, or "operator"; nil: nobody.
local function shown_by(ctx, token)
  if token and is_user_key(token) then
    local user = user_keys.check(token)
    return user and user.id
  end
  return system.operator(ctx, token, "user_management", "Naming an agent") and "operator" or nil
end

--- Whose agent somebody who registers may name, by Authorization: the id of a user; nil: anybody's, since the operator
--- asks.  Registration is for everybody, so the route asks for no key.
function M.agent_owner(ctx)
  local header = ctx:header "authorization"
  local token = header and header:match "^[Bb][Ee][Aa][Rr][Ee][Rr] +(%S+)$"
  local who
  if token then who = guard.check(ctx.ip, token, shown_by, ctx, token) else who = shown_by(ctx, nil) end
  if not who then ctx:fail "agent_key_required" end
  return who ~= "operator" and who or nil
end

return M
