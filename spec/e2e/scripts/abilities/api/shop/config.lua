-- spec/e2e/scripts/abilities/api/shop/config.lua -- where the shop of the spec is.
local config = require "human.config"

config.define("shop.url", { type = "text", default = "", text = "the shop" })

return {}
