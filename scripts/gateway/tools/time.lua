-- scripts/gateway/tools/time.lua -- what time it is.

local time = require "human.time"
local tools = require "gateway.tools"

tools.define("time", {
  description = "The present date and time, in UTC.",
  risk = "low", parallel = true, repeatable = true, timeout_ms = 5000,
}, function() return { now = time.now(), zone = "UTC" } end)

return {}
