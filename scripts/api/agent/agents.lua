-- scripts/api/agent/agents.lua -- Agents.  Effects: agent.agents.

local api = require "human.api"
local agents = require "agent.agents"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Agents", base = "/api", auth = "agent_key" }

g:resource("agents", {
  view = view.agent, service = agents, page = view.page,
  list = { operation_id = "listAgents", summary = "List your agents", query = view.page_query },
  create = {
    operation_id = "createAgent",
    body = view.agent_in, limit = quotas.new_things, errors = { "too_many_agents", "agent_type_not_found" },
  },
  get = { operation_id = "getAgent", errors = { "agent_not_found" } },
  update = {
    operation_id = "updateAgent",
    summary = "Update an agent; fields that are left out stay", body = view.agent_change,
    errors = { "agent_not_found", "agent_type_not_found" },
  },
  delete = {
    operation_id = "deleteAgent",
    summary = "Delete an agent with its log; its sockets are closed", errors = { "agent_not_found" },
  },
})

return M
