-- scripts/api/marketplace/surface.lua -- what all of the marketplace has in common: how its keys look.

local api = require "human.api"

api.key_prefix("hm_", "an actor's key; hm_tool_ is a subscription's")

return {}
