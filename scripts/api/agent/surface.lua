-- scripts/api/agent/surface.lua -- what all of the agent API has in common: where it is, and how its errors look.

local api = require "human.api"
local s   = require "human.schema"

-- The seed, "Error Responses"; code is an addition of ours, as are details of what is invalid.
api.shape("agent", {
  title = "AgentError", paths = { "/api" },
  fields = {
    { "error", s.string:describe "Reason phrase of the status" },
    { "message", s.string },
    { "statusCode", s.int },
    { "code", s.string:describe "Stable name of the error" },
  },
  body = function(e) return { error = e.reason, message = e.message, statusCode = e.status, code = e.code } end,
})

api.agent_port "/api"

return {}
