-- scripts/api/agent/personalities.lua -- Personalities.  Effects: agent.personalities.

local api = require "human.api"
local s = require "human.schema"
local personalities = require "agent.personalities"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Personalities", base = "/api", auth = "agent_key" }

g:get("/personalities", {
  summary = "List your personalities and the shared ones",
  query = view.page_query,
  reply = { [200] = s.array(view.personality) },
  errors = { "validation_error", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, view.page(personalities.list(ctx.actor, ctx.query), ctx:path "/api/personalities", ctx.query, "after")
end)

g:post("/personalities", {
  summary = "Create a personality",
  limit = quotas.new_things,
  body = view.personality_in,
  reply = { [201] = view.personality },
  errors = { "validation_error", "too_many_personalities", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 201, personalities.create(ctx.actor, body)
end)

g:get("/personalities/{id}", {
  summary = "Get a personality",
  reply = { [200] = view.personality },
  errors = { "personality_not_found", "unauthorized", "key_expired" },
}, function(ctx)
  return 200, personalities.get(ctx.actor, ctx.params.id)
end)

g:put("/personalities/{id}", {
  summary = "Update a personality; fields that are left out stay",
  body = view.personality_change,
  reply = { [200] = view.personality },
  errors = { "validation_error", "personality_not_found", "shared_read_only", "unauthorized", "key_expired" },
}, function(ctx, body)
  return 200, personalities.update(ctx.actor, ctx.params.id, body)
end)

g:delete("/personalities/{id}", {
  summary = "Delete a personality; agents that had it go on without",
  reply = { [204] = false },
  errors = { "personality_not_found", "shared_read_only", "unauthorized", "key_expired" },
}, function(ctx)
  personalities.delete(ctx.actor, ctx.params.id)
  return 204
end)

return M
