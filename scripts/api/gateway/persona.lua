-- scripts/api/gateway/persona.lua -- who the agent is: one of the personalities that the operator may use, or none.

local json = require "human.json"
local s = require "human.schema"
local agents = require "agent.agents"
local owner = require "gateway.owner"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Persona"

g:rpc("persona.set", {
  summary = "Give the agent a personality, by its id or its own name for it; null takes it away",
  roles = surface.OPERATOR, params = { name = s.string { min = 1, max = 200 }:nullable() }, result = { ok = s.bool },
  errors = { "personality_not_found" },
}, function(_, p)
  local mine = owner.get()
  agents.set_state({ id = mine.user_id }, mine.agent_id, { personalityId = p.name or json.null })
  return { ok = true }
end)

return M
