-- scripts/api/marketplace/auth.lua -- who may use the marketplace: actors by their key, admins among them.

local api = require "human.api"
local actors = require "marketplace.actors"

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

return M
