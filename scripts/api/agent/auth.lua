-- scripts/api/agent/auth.lua -- who may use the agent API.
-- agent_key: the X-API-Key of a user.  management: the endpoints that the seed calls "No Auth"; since
-- they let anybody make a key for anybody, they are open to clients of this machine alone (ctx:is_local: not
-- through a stranger's proxy, not for a web page from elsewhere); others need the admin token.
-- api.user_management: "auto" is that, "token" asks everybody for it, "open" asks nobody.

local api = require "human.api"
local config = require "human.config"
local crypto = require "human.crypto"
local keys = require "agent.keys"

local M = {}
local HOW = "set the secret `admin` (HUMAN_API_ADMIN_TOKEN, api.admin_token or /etc/human/secrets/admin) and send it "
  .. "as `Authorization: Bearer TOKEN`"

-- Whether the management endpoints ask this client for nothing; else why not.
local function is_open(ctx)
  local mode = config.api.user_management
  if mode == "open" then return true end
  if mode == "token" then return false, "api.user_management is \"token\"" end
  return ctx:is_local()
end

api.auth("agent_key", { type = "apiKey", header = "X-API-Key", description = "A user's key, ak_ and 32 characters." },
  function(_, key) return keys.check(key) end)

api.auth("management", {
  type = "http", scheme = "bearer", optional = true,
  ambient = true,
  description = "The admin token; clients of the server's own machine do without.",
}, function(ctx, token)
  if token and crypto.secret_equal("admin", token) then return { id = "admin", kind = "operator" } end
  local open, why = is_open(ctx)
  if open then return { id = "management", kind = "operator" } end
  if token then why = why .. ", and this token is not the right one" end
  return nil, "admin_token_required", { message = ("User management needs the admin token: %s; %s"):format(why, HOW) }
end)

api.error_shape("/api", "agent")

return M
