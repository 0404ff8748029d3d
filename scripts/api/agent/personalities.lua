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
  list = { summary = "List your personalities and the shared ones", query = view.page_query },
  create = { body = view.personality_in, limit = quotas.new_things, errors = { "too_many_personalities" } },
  get = { errors = { "personality_not_found" } },
  update = {
    summary = "Update a personality; fields that are left out stay", body = view.personality_change,
    errors = { "personality_not_found", "shared_read_only" },
  },
  delete = {
    summary = "Delete a personality; agents that had it go on without",
    errors = { "personality_not_found", "shared_read_only" },
  },
})

return M
