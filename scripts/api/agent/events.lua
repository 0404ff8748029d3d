-- scripts/api/agent/events.lua -- An agent's durable log, both directions.  Effects: agent.store.

local api = require "human.api"
local s = require "human.schema"
local agents = require "agent.agents"
local store = require "agent.store"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Events", base = "/api", auth = "agent_key" }

g:get("/agents/{id}/events", {
  operation_id = "listAgentEvents",
  summary = "Events and actions of an agent: oldest first after a cursor, newest first otherwise",
  query = view.events_query,
  reply = { [200] = s.array(view.event) },
  errors = { "agent_not_found", "event_not_found" },
}, function(ctx)
  local agent = agents.get(ctx.actor, ctx.params.id)
  local path = ctx:path("/api/agents/" .. agent.id .. "/events")
  return 200, view.page(store.log(agent.id, ctx.query), path, ctx.query, ctx.query.after and "after" or "before")
end)

return M
