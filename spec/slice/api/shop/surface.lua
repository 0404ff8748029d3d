-- spec/slice/api/shop/surface.lua -- what all of /shop shares: its keys, its page, and which version answers.
local api = require "human.api"
local config = require "human.config"
local s = require "human.schema"
local version = require "shop.version"
local wallets = require "shop.wallets"

local g = api.group { tag = "Shop", base = "/shop", auth = false }

api.key_prefix("shop_", "a customer's key")
api.auth("customer", { type = "apiKey", header = "X-API-Key" }, function(_, key) return wallets.of_key(key) end)
api.assets("/shop", { dir = config.shop.ui })

g:get("/version", { summary = "The version in service", reply = { [200] = s.object { version = s.int } } }, function()
  return 200, { version = version.number }
end)

return {}
