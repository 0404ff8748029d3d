-- scripts/api/gateway/errors.lua -- the errors of the control protocol and of pairing, besides the shared ones
-- (api/errors.lua). RPC has a name and a number, which follow from the status unless `rpc` gives them.
-- Clients look for "unauthorized" and "Authentication" in any text, and take it for a lost sign-in: only texts about
-- that contain such words.

local function e(status, message) return { status = status, message = message } end

local function rpc(entry, number, name)
  entry.rpc = { number, name }
  return entry
end

return {
  -- Words of this surface for shared codes.
  internal            = e(500, "internal"),
  method_not_found    = e(404, "unknown method"),
  unauthorized        = e(401, "unauthorized: sign in with connect, auth.token or the header Authorization: Bearer; "
    .. "a device gets its token from POST /pair"),
  forbidden           = e(403, "Your role does not permit this"),

  -- Who may.
  invalid_token       = e(401, "invalid_token: this token is not known here; it may have been revoked"),
  device_refused      = e(401, "device_refused: the device has not shown that it has its key"),
  protocol_mismatch   = rpc(e(400, "There is no version of the protocol that both sides speak"),
    -32600, "INVALID_REQUEST"),

  -- Pairing.
  invalid_code        = e(401, "This code is wrong, was used before, or is older than 10 minutes: "
    .. "`human pair` on the server prints a new one"),
  missing_code        = e(400, "Send the code that `human pair` prints, as {\"code\": ..} or X-Pairing-Code"),
  missing_secret      = e(400, "Send {\"token\": ..}, or the code that `human pair` prints as {\"code\": ..}"),
  locked_out          = e(429, "Five wrong codes came from this address: wait 10 minutes before the next one"),
  too_many_devices    = e(409, "No more devices can be paired: revoke one (`human devices revoke ID`)"),
  device_not_found    = e(404, "There is no such device"),

  -- Settings.
  config_conflict     = e(409, "The settings file was changed meanwhile: get it again"),
  config_invalid      = rpc(e(400, "These settings cannot be"), -32602, "INVALID_PARAMS"),
  config_unavailable  = e(503, "The settings cannot be changed now"),

  -- Work for later, secrets.
  queue_row_not_found = e(404, "There is no such row that was given up: it may have been tried again meanwhile"),
  queue_place         = rpc(e(400, "after: this place is of no page of queue.list"), -32602, "INVALID_PARAMS"),
  secret_not_found    = e(404, "There is no secret of this name; secrets.list has those that there are"),
  -- Scripts.
  scripts_forbidden   = e(403, "Scripts are not changed by this client (gateway.script_edits)"),
  script_path         = rpc(e(400, "This is no path of a script"), -32602, "INVALID_PARAMS"),
  script_not_found    = e(404, "There is no such script"),
  script_conflict     = e(409, "The file was changed meanwhile: read it again"),
  script_refused      = rpc(e(400, "The scripts would not load"), -32602, "INVALID_PARAMS"),
  scripts_read_only   = e(409, "Scripts cannot be written here"),
  bundle_not_found    = e(404, "There is no such record of scripts"),

  -- Talking.
  bad_key             = rpc(e(400, "A session's key is a text of 1 to 200 bytes without control characters"),
    -32602, "INVALID_PARAMS"),
  empty_message       = rpc(e(400, "message is required"), -32602, "INVALID_PARAMS"),
  message_too_long    = rpc(e(400, "The message is too long"), -32602, "INVALID_PARAMS"),
  attachment_refused  = rpc(e(400, "An attachment cannot be opened"), -32602, "INVALID_PARAMS"),
  too_many_sessions   = e(409, "The limit of sessions is reached; delete one"),
  too_many_waiting    = e(429, "Too many messages of this session wait for their turn"),
  session_not_found   = e(404, "There is no such session"),
  file_not_found      = e(404, "There is no such file; it may have gone with its session"),
  run_not_found       = e(404, "There is no such run"),
  too_many_waiters    = e(429, "Too many calls wait for runs; try again later"),
  agent_not_found     = e(404, "There is no such agent; agents.list has those that there are"),
  approval_not_found  = e(404, "There is no such approval, or it is over"),
  approval_conflict   = e(409, "The arguments are not those that were shown"),
  approval_invalid    = rpc(e(400, "This call may be allowed once, or denied"), -32602, "INVALID_PARAMS"),

  -- Skills.
  skill_refused       = rpc(e(400, "This is no skill that can be installed"), -32602, "INVALID_PARAMS"),
  skill_path          = e(403, "A path may be named by who works on the server's machine: `human skills install PATH`"),
  skill_exists        = e(409, "There is another skill of this name"),
  skill_changed       = e(409, "The skill is another one by now: look at it again"),
  skill_not_found     = e(404, "There is no such skill"),
  too_many_skills     = e(409, "The limit of skills is reached; uninstall one"),
  skills_busy         = e(429, "Other skills are being fetched: try again"),
  skills_index        = e(503, "The index of skills cannot be read"),

  -- Channels.
  invalid_signature   = e(401, "The webhook was refused"),
  invalid_challenge   = e(403, "The challenge was refused"),
  invalid_body        = e(400, "The body is not what this channel sends"),
  webhooks_full       = e(503, "Too many messages of this channel wait; send it again later"),
  channel_refused     = rpc(e(400, "The channel cannot do that"), -32602, "INVALID_PARAMS"),
  code_not_found      = e(404, "There is no such code, or it is too old: who was sent it may write again for another"),

  -- Jobs.
  cron_invalid        = rpc(e(400, "This job cannot be"), -32602, "INVALID_PARAMS"),
  cron_denied         = e(403, "This job is not permitted"),
  cron_too_many       = e(409, "The limit of jobs is reached; remove one"),
  cron_not_found      = e(404, "There is no such job"),

  -- OpenAI's API (/v1).
  invalid_value       = e(400, "The request cannot be"),
  unsupported_parameter = e(400, "A parameter is not supported here"),
  model_not_found     = e(404, "There is no such model; GET /v1/models has those that there are"),
  model_busy          = e(429, "The model's server takes no more requests now; try again later"),
  model_refused       = e(502, "The model's server does not accept the key that this server has for it"),
  model_bad_request   = e(400, "The model's server does not take this request"),
  model_failed        = e(502, "The model did not answer"),
  context_length_exceeded = e(400, "The messages are longer than the model takes"),
  content_blocked     = e(400, "The model's server has blocked the request or its answer"),
  insufficient_quota  = e(429, "The budget is used up"),
  answer_interrupted  = e(503, "The answer was interrupted and begun again; ask again"),

  -- Push.
  push_invalid        = rpc(e(400, "This token cannot be registered"), -32602, "INVALID_PARAMS"),
  too_many_registrations = e(409, "The limit of registrations is reached; unregister one"),

  -- The marketplace.
  market_unset        = e(409, "Set marketplace.operator to the id of your actor on the marketplace"),

  -- Operations of the other APIs.
  operation_not_found = e(404, "There is no such operation; /openapi.json has those that there are"),
  operation_denied    = e(403, "This operation is not for this actor"),
  actor_not_yours     = e(404, "There is no such actor among those of the gateway's owner"),

  -- What the agent remembers.
  memory_full         = e(409, "The limit of notes is reached; forget one"),

  -- Tools of other servers.
  tool_not_found      = e(404, "There is no such tool; tools.catalog has those that there are"),
  tool_changed        = e(409, "The tool is described otherwise by now: look at it again"),
  tool_unfit          = e(409, "The tool cannot be offered to a model; tools.catalog says why"),
  tool_source_not_found = e(404, "There is no such server among mcp_servers"),

  -- What is not here.
  updates_disabled    = rpc(e(501, "This server does not ask for newer versions: set update.url and update.public_key"),
    -32003, "UNAVAILABLE"),
  update_unknown      = rpc(e(503, "It is not known whether there is a newer version"), -32003, "UNAVAILABLE"),
  updates_not_installed = rpc(e(501, "This server does not replace itself, since a version is a program and its "
    .. "scripts: install a newer one as you did this one (apt, or make install), and restart it"),
    -32003, "UNAVAILABLE"),
  update_failed       = rpc(e(503, "The newer version was not installed; nothing has changed"), -32003, "UNAVAILABLE"),
}
