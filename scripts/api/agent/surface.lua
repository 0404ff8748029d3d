-- scripts/api/agent/surface.lua -- what the whole agent API shares: its path, and the shape of its errors.

local api = require "human.api"
local s   = require "human.schema"

-- The seed, "Error Responses"; `code` and the details of invalid fields are our additions.
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

api.surface {
  title = "Agent API", summary = "Conversational agents in group chats: users and keys, personalities, prompts, "
    .. "agents, their state and their events. What happens in a chat goes over Socket.IO: see /asyncapi.json.",
}

api.agent_port "/api"

return {}
