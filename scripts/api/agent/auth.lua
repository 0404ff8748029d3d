-- scripts/api/agent/auth.lua -- who may use the agent API.
-- agent_key: the X-API-Key of a user.  management: the endpoints that the seed calls "No Auth"; since
-- they let anybody make a key for anybody, they are open only while every listener is on loopback, or
-- where api.user_management says "open"; otherwise they need the admin token.

local api = require "human.api"
local config = require "human.config"
local crypto = require "human.crypto"
local keys = require "agent.keys"

local M = {}

local function is_loopback(host)
  return host == "localhost" or host == "::1" or host == "[::1]" or host:find "^127%.%d+%.%d+%.%d+$" ~= nil
end

-- Whether the management endpoints ask for nothing.  mode: api.user_management; host: where we listen.
function M.is_open(mode, host)
  return mode == "open" or (mode == "auto" and is_loopback(host))
end

api.auth("agent_key", { type = "apiKey", header = "X-API-Key", description = "A user's key, ak_ and 32 characters." },
  function(_, key) return keys.check(key) end)

api.auth("management", {
  type = "http", scheme = "bearer", optional = true,
  description = "The admin token; not needed while the host listens on loopback only.",
}, function(_, token)
  if M.is_open(config.api.user_management, config.host) then return { id = "management", kind = "operator" } end
  if token and crypto.secret_equal("admin", token) then return { id = "admin", kind = "operator" } end
  return nil, "admin_token_required"
end)

api.error_shape("/api", "agent")

return M
