-- scripts/agent/config.lua -- the settings of agents: `agent` in the settings file.

local config = require "human.config"

local DAY_MS = 86400000

config.define("agent.max_actions", { type = "int", default = 4, min = 1, max = 64, text = "of one turn" })
config.define("agent.window_messages", { type = "int", default = 40, min = 1, max = 1000,
  text = "of the conversation that a turn sees" })
config.define("agent.lease_ms", { type = "int", default = 15000, min = 1000, max = DAY_MS,
  text = "how long a turn belongs to a worker that went silent" })

return {}
