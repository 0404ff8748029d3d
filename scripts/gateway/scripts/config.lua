-- scripts/gateway/scripts/config.lua -- the setting of the Scripts view.

local config = require "human.config"

config.define("gateway.script_edits", { type = "text", default = "local", enum = { "local", "all", "none" },
  text = "which operators may change scripts, and so run code here: those of this machine, all, or none" })

return {}
