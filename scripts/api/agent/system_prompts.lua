-- scripts/api/agent/system_prompts.lua -- System Prompts.  Effects: agent.prompts.

local api = require "human.api"
local prompts = require "agent.prompts"
local quotas = require "agent.rules.quotas"
local view = require "api.agent.views"
require "api.agent.auth"

local M = {}
local g = api.group { tag = "System Prompts", base = "/api", auth = "agent_key" }

g:resource("system-prompts", {
  view = view.system_prompt, service = prompts, page = view.page,
  list = {
    operation_id = "listSystemPrompts", summary = "List your system prompts and the shared ones",
    query = view.page_query,
  },
  create = {
    operation_id = "createSystemPrompt",
    body = view.system_prompt_in, limit = quotas.new_things, errors = { "too_many_system_prompts" },
  },
  get = { operation_id = "getSystemPrompt", errors = { "system_prompt_not_found" } },
  update = {
    operation_id = "updateSystemPrompt",
    summary = "Update a system prompt; fields that are left out stay", body = view.system_prompt_change,
    errors = { "system_prompt_not_found", "shared_read_only" },
  },
  delete = {
    operation_id = "deleteSystemPrompt",
    summary = "Delete a system prompt; agents that had it go on without",
    errors = { "system_prompt_not_found", "shared_read_only" },
  },
})

return M
