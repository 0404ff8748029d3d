-- scripts/agent/action_types.lua -- what an agent may send its platform: the six actions, and their fields.
-- The store keeps these fields and no others; /asyncapi.json documents them for platform developers.

local s = require "human.schema"

local M = {}

-- Why a run ended.
M.reasons = { "completed", "no-response", "superseded", "timer-expired", "aborted", "budget-exceeded", "error" }

local message_id = s.string:describe "Of the message that it is about: one of the platform's, or the id of an action"
local emoji = s.string:describe "Exactly one emoji":example "🎉"

M.fields = {
  ["set-typing"] = { { "isTyping", s.bool } },
  ["send-message"] = { { "content", s.string } },
  ["send-reply"] = { { "content", s.string }, { "messageId", message_id } },
  ["add-reaction"] = { { "messageId", message_id }, { "emoji", emoji } },
  ["remove-reaction"] = { { "messageId", message_id }, { "emoji", emoji } },
  ["agent-stopped"] = {
    { "reason", s.enum(M.reasons) },
    { "code", s.string:optional():describe "With reason error: a stable name of what went wrong" },
  },
}

-- Action type -> names of its fields.
M.names = {}
for name, fields in pairs(M.fields) do
  M.names[name] = {}
  for i, field in ipairs(fields) do M.names[name][i] = field[1] end
end

local function as_clients_get_it(type_name, own)
  local fields = { { "type", s.const(type_name) } }
  for _, field in ipairs(own) do fields[#fields + 1] = field end
  fields[#fields + 1] = { "id", s.id:describe "Stable: the same action, however often it is delivered" }
  fields[#fields + 1] = { "runId", s.id:nullable() }
  fields[#fields + 1] = { "seq", s.int { min = 1 }:describe "1, 2, 3, .. of this agent, without gaps" }
  fields[#fields + 1] = { "createdAt", s.time }
  return s.object(fields)
end

-- An action of this type as clients get it.
function M.schema(type_name) return as_clients_get_it(type_name, M.fields[type_name]) end

-- Redelivered in place of an action whose message was deleted (agent.store.shown).
M.deleted = as_clients_get_it("action-deleted", {})

return M
