-- scripts/api/agent/users.lua -- Users.  Effects: agent.users.

local api = require "human.api"
local users = require "agent.users"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Users", base = "/api", auth = "management" }

g:post("/users", {
  operation_id = "createUser",
  summary = "Create a user; the email must be new",
  limit = quotas.new_users,
  body = view.user_in,
  reply = { [201] = view.user },
  errors = { "email_taken" },
}, function(_, body)
  return 201, users.create(body)
end)

g:get("/users/{id}", {
  operation_id = "getUser",
  summary = "Get a user",
  reply = { [200] = view.user },
  errors = { "user_not_found" },
}, function(ctx)
  return 200, users.get(ctx.params.id)
end)

g:put("/users/{id}", {
  operation_id = "updateUser",
  summary = "Update a user; fields that are left out stay",
  body = view.user_change,
  reply = { [200] = view.user },
  errors = { "user_not_found", "email_taken" },
}, function(ctx, body)
  return 200, users.update(ctx.params.id, body)
end)

g:delete("/users/{id}", {
  operation_id = "deleteUser",
  summary = "Delete a user with all that it owns; its sockets are closed",
  reply = { [204] = false },
  errors = { "user_not_found" },
}, function(ctx)
  users.delete(ctx.params.id)
  return 204
end)

return M
