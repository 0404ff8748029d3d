-- scripts/marketplace/config.lua -- the settings of the marketplace.

local config = require "human.config"

config.define("marketplace.payments", { type = "text", default = "test", enum = { "test", "none" },
  text = "who moves the money: test (a processor within this server: cards, refunds and payouts are play), none" })
config.define("marketplace.audit_s", { type = "int", default = 60, min = 0, max = 86400,
  text = "seconds between two checks of the books, which stop payouts when they find something; 0: no checks" })

return {}
