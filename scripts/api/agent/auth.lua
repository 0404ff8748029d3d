-- scripts/api/agent/auth.lua -- who may use the agent API.
-- agent_key: the X-API-Key of a user.  management: the endpoints that the seed calls "No Auth"; since
-- they let anybody create a key for anybody, only clients on this machine may use them without the admin token
-- (ctx:is_local: not through an untrusted proxy, not for a web page of another origin).
-- api.user_management: "auto" is that, "token" requires the token from everybody, "open" from nobody (human.system).

local api = require "human.api"
local bus = require "human.bus"
local guard = require "human.guard"
local system = require "human.system"
local keys = require "agent.keys"
local news_of = require "agent.news"

local M = {}

api.key_prefix(keys.PREFIX, "a user's key")

api.auth("agent_key", {
  type = "apiKey", header = "X-API-Key", description = "A user's key, ak_ and 32 characters.", still = keys.still,
  errors = { "key_expired" },
}, function(_, key) return keys.check(key) end)

-- Streams, WebSockets and sockets end with the key that opened them: {key_id} | {user_id} | {agent_id}.
bus.on("agent.access_ended", news_of.access_ended, function(gone)
  if gone.key_id or gone.user_id then guard.revoke { key_id = gone.key_id, id = gone.user_id } end
end)
guard.watch { "agent_key" }

api.auth("management", {
  type = "http", scheme = "bearer", optional = true,
  ambient = true, errors = { "admin_token_required" },
  description = "The admin token; clients of the server's own machine do without.",
}, function(ctx, token)
  return system.operator(ctx, token, "user_management", "User management")
end)

return M
