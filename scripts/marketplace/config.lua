-- scripts/marketplace/config.lua -- the settings of the marketplace.

local config = require "human.config"

config.define("marketplace.payments", { type = "text", default = "test", enum = { "test", "stripe", "none" },
  text = "who moves the money: test (a processor within this server: cards, refunds and payouts are play), stripe, "
    .. "none" })
config.define("marketplace.stripe.key", { type = "text", secret = true, text = "the secret key: Developers, API keys" })
config.define("marketplace.stripe.webhook_secret", { type = "text", secret = true,
  text = "what Stripe signs events with, whsec_..: of the endpoint for POST /stripe-webhook" })
config.define("marketplace.stripe.connect_webhook_secret", { type = "text", secret = true,
  text = "the same of a second endpoint, for events of connected accounts" })
config.define("marketplace.stripe.publishable_key", { type = "text", text = "what pages pay with, pk_.." })
config.define("marketplace.stripe.country", { type = "text", default = "US", min = 2, max = 2,
  text = "of the accounts that are opened for payouts" })
config.define("marketplace.stripe.return_url", { type = "text",
  text = "where who has set an account up comes back to; empty: this server" })
config.define("marketplace.stripe.api_base", { type = "text", default = "https://api.stripe.com",
  text = "where Stripe is; another one in tests" })
config.define("marketplace.audit_s", { type = "int", default = 60, min = 0, max = 86400,
  text = "seconds between two checks of the books, which stop payouts when they find something; 0: no checks" })
config.define("marketplace.nameserver", { type = "text", max = 21,
  text = "who is asked for the DNS records that prove a claim, 192.0.2.1:53; empty: the resolver of this machine" })
config.define("marketplace.operator", { type = "text", max = 36,
  text = "the id of your actor: what your agents ask you is pushed to your devices, too" })
config.define("marketplace.operator_channel", { type = "text", max = 32,
  text = "a channel of the gateway, such as telegram, in which it is said" })
config.define("marketplace.operator_chat", { type = "text", max = 150, text = "the chat there" })

return {}
