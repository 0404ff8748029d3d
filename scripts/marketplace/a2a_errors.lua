-- scripts/marketplace/a2a_errors.lua -- what goes wrong over A2A: its own codes where it has one, and for refusals of
-- the marketplace -32000 with the code as the reason.

local json = require "human.json"
local jsonrpc = require "jsonrpc"

local M = {}

local INFO, DOMAIN, OURS = "type.googleapis.com/google.rpc.ErrorInfo", "a2a-protocol.org", "humai.market"
local FIELDS = "type.googleapis.com/google.rpc.BadRequest"

local SPECIAL = {
  task_not_found = { -32001, "TASK_NOT_FOUND", "There is no such task of yours here" },
  not_cancelable = { -32002, "TASK_NOT_CANCELABLE", "The task cannot be canceled in its state" },
  no_push        = { -32003, "PUSH_NOTIFICATION_NOT_SUPPORTED", "Register a webhook at /webhooks-manage instead" },
  unsupported    = { -32004, "UNSUPPORTED_OPERATION", "The operation is not supported" },
  content_type   = { -32005, "CONTENT_TYPE_NOT_SUPPORTED", "Parts are text, or data of JSON" },
  no_extended    = { -32007, "EXTENDED_AGENT_CARD_NOT_CONFIGURED", "The card is the same for everybody" },
  version        = { -32009, "VERSION_NOT_SUPPORTED", "The header A2A-Version must be 1.0" },
}

local function info(reason, domain, metadata)
  return { ["@type"] = INFO, reason = reason, domain = domain, metadata = metadata }
end

--- An error of the protocol's own, by its name above.  message (optional): instead of the usual one.
function M.special(name, message)
  local e = SPECIAL[name]
  return jsonrpc.error(e[1], message or e[3], json.array { info(e[2], DOMAIN) })
end

--- Params that are not as they should be: details = {{path, message}, ..}.
function M.invalid(details)
  local list, first = json.array {}, details[1]
  for i = 1, math.min(#details, 20) do list[i] = { field = details[i].path, description = details[i].message } end
  return jsonrpc.error(jsonrpc.INVALID_PARAMS, ("%s %s"):format(first.path, first.message),
    json.array { { ["@type"] = FIELDS, fieldViolations = list } })
end

--- The same for one field.
function M.wrong(path, message) return M.invalid { { path = path, message = message } } end

local INVALID = { validation_error = true, input_schema_mismatch = true, output_schema_mismatch = true }

-- What else a refusal says, as texts.
local function metadata_of(made)
  local said, out = json.decode(made.body) or {}, { code = made.code, status = tostring(made.status) }
  for _, name in ipairs { "approval_message_id", "approval_status", "decline_code", "payment_id", "status" } do
    if type(said[name]) == "string" then out[name == "status" and "state" or name] = said[name] end
  end
  return out
end

--- The refusal of a route, what operations.call returns, as an error.
function M.refusal(made)
  if made.status >= 500 and made.code == "internal" then return jsonrpc.error(jsonrpc.INTERNAL_ERROR) end
  if INVALID[made.code] and made.details and made.details[1] then return M.invalid(made.details) end
  return jsonrpc.error(-32000, ("%s: %s"):format(made.code, made.message),
    json.array { info(made.code:upper(), OURS, metadata_of(made)) })
end

return M
