-- scripts/api/agent/personalities.lua -- Personalities.  Effects: agent.personalities.

local api = require "human.api"
local personalities = require "agent.personalities"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "Personalities", base = "/api", auth = "agent_key" }

g:resource("personalities", {
  view = view.personality, service = personalities, page = view.page,
  list = {
    operation_id = "listPersonalities", summary = "List your personalities and the shared ones",
    query = view.page_query,
  },
  create = {
    operation_id = "createPersonality",
    body = view.personality_in, limit = quotas.new_things, errors = { "too_many_personalities" },
  },
  get = { operation_id = "getPersonality", errors = { "personality_not_found" } },
  update = {
    operation_id = "updatePersonality",
    summary = "Update a personality; fields that are left out stay", body = view.personality_change,
    errors = { "personality_not_found", "shared_read_only" },
  },
  delete = {
    operation_id = "deletePersonality",
    summary = "Delete a personality; agents that had it go on without",
    errors = { "personality_not_found", "shared_read_only" },
  },
})

return M
