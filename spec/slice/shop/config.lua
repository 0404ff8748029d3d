-- spec/slice/shop/config.lua -- the settings of the shop.
local config = require "human.config"

config.define("shop.hook", { type = "text", secret = true, text = "signs webhooks, those of the channel and ours" })
config.define("shop.replies_to", { type = "text", text = "the URL to which replies are posted" })
config.define("shop.ui", { type = "text", default = "shop-ui", text = "the directory of the page" })

return {}
