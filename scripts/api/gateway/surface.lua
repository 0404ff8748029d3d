-- scripts/api/gateway/surface.lua -- what the control protocol's files share: its group, and the form of HTTP errors.
-- With gateway.enabled false none of it is declared: every file of this folder checks `on` first.

local api = require "human.api"
local config = require "human.config"
local s = require "human.schema"
require "api.gateway.auth"

local M = {}

M.on = config.gateway.enabled

api.surface {
  title = "Gateway API", summary = "An agent of one's own: pairing, the page, webhooks of chat platforms, and OpenAI's "
    .. "API. The control protocol at /ws is in /openrpc.json.",
}

api.shape("gateway", {
  title = "GatewayError", paths = { "/ws", "/rpc", "/pair", "/api/pair", "/ui" },
  fields = { { "error", s.string:describe "Stable name of the error" }, { "message", s.string } },
  body = function(e) return { error = e.code, message = e.message } end,
})

--- A group of methods or routes.
function M.group(tag)
  return api.group { tag = tag, auth = { "gateway_cookie", "gateway_client" }, shape = "gateway",
                     cors = table.concat(config.gateway.cors_origins, ",") }
end

-- Who may do what: roles of a method.
M.EVERYBODY = false
M.READERS = { "operator", "viewer" }
M.OPERATOR = { "operator" }

return M
