-- scripts/gateway/config.lua -- the settings of the gateway: `gateway` in the settings file.  Its port, host and
-- allow_public_bind are the host's own, which listens before there are scripts.

local config = require "human.config"

config.define("gateway.enabled", { type = "bool", default = true,
  text = "false: no control protocol, no webhooks, no UI; the other APIs stay" })
config.define("gateway.require_pairing", { type = "bool", default = false,
  text = "whether a device must be paired before it may use the control protocol" })
config.define("gateway.pair_rate_limit_per_minute", { type = "int", default = 60, min = 1, max = 100000,
  text = "attempts to pair, from one address" })
config.define("gateway.auth_token", { type = "text", secret = true,
  text = "what clients of the control protocol show as Authorization: Bearer" })
config.define("gateway.webhook_hmac_secret", { type = "text", secret = true, env = "HUMAN_WEBHOOK_HMAC_SECRET",
  text = "what webhooks are signed with (X-Signature)" })
config.define("gateway.control_ui_dir", { type = "text",
  text = "a directory to serve as the UI; empty: the built-in one" })
config.define("gateway.cors_origins", { type = "list", text = "whose pages may use the gateway, besides its own" })

return {}
