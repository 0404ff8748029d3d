-- scripts/api/agent/api_keys.lua -- API keys of a user.  Effects: agent.keys.

local api = require "human.api"
local s = require "human.schema"
local keys = require "agent.keys"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "API Keys", base = "/api", auth = "management" }

g:get("/users/{userId}/api-keys", {
  operation_id = "listApiKeys",
  summary = "List a user's keys, without the keys themselves",
  query = view.page_query,
  reply = { [200] = s.array(view.api_key) },
  errors = { "user_not_found" },
}, function(ctx)
  local user_id = ctx.params.userId
  local path = ctx:path("/api/users/" .. user_id .. "/api-keys")
  return 200, view.page(keys.list(user_id, ctx.query), path, ctx.query)
end)

g:post("/users/{userId}/api-keys", {
  operation_id = "createApiKey",
  summary = "Create a key; the answer is the only one that shows it",
  limit = quotas.new_keys,
  body = view.api_key_in,
  reply = { [201] = view.api_key_made },
  errors = { "too_many_api_keys", "user_not_found" },
}, function(ctx, body)
  return 201, keys.create(ctx.params.userId, body)
end)

g:delete("/users/{userId}/api-keys/{keyId}", {
  operation_id = "deleteApiKey",
  summary = "Delete a key; sockets opened with it are closed",
  reply = { [204] = false },
  errors = { "api_key_not_found" },
}, function(ctx)
  keys.delete(ctx.params.userId, ctx.params.keyId)
  return 204
end)

g:post("/users/{userId}/api-keys/{keyId}/regenerate", {
  operation_id = "regenerateApiKey",
  summary = "Replace a key: a new key with the same id; the old one is dead at once",
  reply = { [200] = view.api_key_made },
  errors = { "api_key_not_found" },
}, function(ctx)
  return 200, keys.regenerate(ctx.params.userId, ctx.params.keyId)
end)

return M
