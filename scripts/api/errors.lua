-- scripts/api/errors.lua -- the one catalogue: code -> status and message.
-- Handlers, services and rules name a code; what the client sees is decided here.  A route lists the
-- codes that it may answer with, and a code that is not here refuses the load.

-- code: what clients see instead of the name, which only scripts use.
local function e(status, message, code) return { status = status, message = message, code = code } end

return {
  -- The runtime's own.
  internal               = e(500, "Internal error"),
  not_found              = e(404, "Not found"),
  method_not_allowed     = e(405, "Method not allowed"),
  validation_error       = e(400, "Validation failed"),
  unauthorized           = e(401, "Invalid or missing API key"),
  forbidden              = e(403, "Not permitted"),
  rate_limited           = e(429, "Too many requests"),
  unsupported_media_type = e(415, "Unsupported media type"),
  payload_too_large      = e(413, "Payload too large"),
  upgrade_required       = e(426, "This address speaks WebSocket"),
  misdirected            = e(421, "This server is not the one that Host names"),
  deadline_exceeded      = e(504, "The request took too long"),
  database_unavailable   = e(503, "The database is not reachable"),
  db_timeout             = e(503, "The database took too long"),
  rule_budget            = e(500, "A rule used more than its budget"),
  too_many_operations    = e(500, "Too many operations in one request"),
  service_unavailable    = e(503, "Service unavailable"),
  route_disabled         = e(503, "This route has failed badly several times and is out of service for now"),
  conflict               = e(409, "Conflict with the present state"),
  transaction_conflict   = e(503, "Too many requests change the same data at once; try again", "conflict"),
  idempotency_in_progress = e(409, "The first request with this Idempotency-Key is still being carried out"),
  idempotency_answer_lost = e(409, "The request was carried out; its answer was too large to keep"),
  idempotency_key_reused = e(422, "This Idempotency-Key was used for another request"),

  -- What the host refuses before a script sees it.
  bad_request            = e(400, "The request is not valid HTTP/1.1"),
  request_timeout        = e(408, "The request did not arrive in time"),
  uri_too_long           = e(414, "The request target is longer than 8192 bytes"),
  expectation_failed     = e(417, "Only 100-continue can be expected"),
  websocket_version      = e(426, "Only version 13 of WebSocket is spoken here"),
  headers_too_large      = e(431, "The headers are too many or too large"),
  not_implemented        = e(501, "The method or transfer coding is not known here"),
  overloaded             = e(503, "The server is at its limit; try again later"),
  http_version_not_supported = e(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here"),

  -- Agent API: users and their keys.
  key_expired            = e(401, "API key has expired"),
  admin_token_required   = e(401, "User management needs the admin token"),
  user_not_found         = e(404, "User not found"),
  email_taken            = e(409, "A user with this email exists"),
  api_key_not_found      = e(404, "API key not found"),
  too_many_api_keys      = e(409, "The user has all the API keys that it may have"),

  -- Agent API: resources.
  shared_read_only       = e(403, "Shared resources are read-only"),
  personality_not_found  = e(404, "Personality not found"),
  personality_id_taken   = e(409, "A personality with this personalityId exists"),
  system_prompt_not_found = e(404, "System prompt not found"),
  too_many_personalities = e(409, "The user has all the personalities that it may have"),
  too_many_system_prompts = e(409, "The user has all the system prompts that it may have"),
  too_many_agents        = e(409, "The user has all the agents that it may have"),
  too_many_agent_types   = e(409, "There are all the agent types that there may be"),
  agent_type_not_found   = e(404, "Agent type not found"),
  agent_type_exists      = e(409, "An agent type with this name exists"),
  agent_not_found        = e(404, "Agent not found"),
  in_use                 = e(409, "Other resources refer to this one"),

  -- Agent API: events and runs.
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
