-- scripts/api/gateway/auth.lua -- who may use the control protocol.
-- The rules are in gateway.devices. A socket may be opened without a token, since pages cannot send a header with it;
-- then a message signs in (connect, auth.token). A token in a query string does not count.

local api = require "human.api"
local devices = require "gateway.devices"

api.key_prefix(devices.PREFIX, "a device that was paired with the gateway")

api.auth("gateway_client", {
  type = "http", scheme = "bearer", optional = true, ambient = true, still = devices.still,
  errors = { "invalid_token" },
  description = "gateway.auth_token, or the token of a paired device. While the gateway has neither a token nor asks "
    .. "for pairing, clients of the server's own machine do without.",
}, function(ctx, token)
  if token then return devices.check(token) end
  return devices.without_token(ctx)
end)

api.auth("gateway_cookie", {
  type = "apiKey", cookie = devices.COOKIE, still = devices.still, errors = { "invalid_token" },
  description = "A browser that has signed in at POST /ui/session; it is a device of its own.",
}, function(_, token) return devices.check_cookie(token) end)

return {}
