-- scripts/api/marketplace/surface.lua -- what the whole marketplace shares: the format of its keys.

local api = require "human.api"

api.key_prefix("hm_", "an actor's key; hm_tool_ is a subscription's")

return {}
