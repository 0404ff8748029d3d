-- scripts/api/agent/errors.lua -- the errors of the agent API, in addition to the shared ones (api/errors.lua).

local function e(status, message) return { status = status, message = message } end

return {
  -- Users and their keys.
  key_expired            = e(401, "API key has expired"),
  admin_token_required   = e(401, "User management needs the admin token"),
  user_not_found         = e(404, "User not found"),
  email_taken            = e(409, "A user with this email exists"),
  api_key_not_found      = e(404, "API key not found"),
  too_many_api_keys      = e(409, "The user has all the API keys that it may have"),

  -- Resources.
  shared_read_only       = e(403, "Shared resources are read-only"),
  personality_not_found  = e(404, "Personality not found"),
  personality_id_taken   = e(409, "A personality with this personalityId exists"),
  system_prompt_not_found = e(404, "System prompt not found"),
  too_many_personalities = e(409, "The user has all the personalities that it may have"),
  too_many_system_prompts = e(409, "The user has all the system prompts that it may have"),
  too_many_agents        = e(409, "The user has all the agents that it may have"),
  too_many_agent_types   = e(409, "The limit of agent types is reached"),
  agent_type_not_found   = e(404, "Agent type not found"),
  agent_type_exists      = e(409, "An agent type with this name exists"),
  agent_not_found        = e(404, "Agent not found"),
  in_use                 = e(409, "Other resources refer to this one"),

  -- Events and runs.
  unknown_event_type     = e(400, "Unknown event type"),
  invalid_event          = e(400, "Invalid event"),
  event_not_found        = e(404, "Event not found"),
  invalid_last_seq       = e(400, "lastSeq must be the seq of an action, or 0"),
  too_many_sockets       = e(429, "Too many open sockets for this agent"),
  agent_paused           = e(409, "Agent is not active"),
  mailbox_full           = e(429, "The agent has too many unprocessed events"),
  budget_exceeded        = e(429, "The budget for model calls is used up"),
  llm_unavailable        = e(503, "No language model is reachable"),
  llm_error              = e(502, "The language model refused the request"),
}
