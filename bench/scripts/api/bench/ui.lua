-- bench/scripts/api/bench/ui.lua -- the sample of a user interface, where the binary has it.
local api = require "human.api"

api.assets("/bench/ui", { embedded = "ui" })

return {}
