-- scripts/marketplace/config.lua -- the settings of the marketplace.

local config = require "human.config"

config.define("marketplace.payments", { type = "text", default = "test", enum = { "test", "none" },
  text = "who moves the money: test (a processor within this server: cards, refunds and payouts are play), none" })

return {}
