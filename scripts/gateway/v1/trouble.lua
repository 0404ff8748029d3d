-- scripts/gateway/v1/trouble.lua -- errors of model calls, as clients of /v1 are told.

local fail = require "human.fail"
local log = require "human.log"

local M = {}

local CODES = {
  rate_limited = "model_busy", overloaded = "model_busy", no_provider = "service_unavailable",
  unauthorized = "model_refused", no_credit = "model_refused", denied = "model_refused",
  model_not_found = "model_not_found", bad_request = "model_bad_request", too_large = "model_bad_request",
  context_length = "context_length_exceeded", blocked = "content_blocked", timeout = "deadline_exceeded",
  budget_exceeded = "insufficient_quota", aborted = "request_canceled",
}
-- What a repeat cannot cure; the SDKs ask for it by this header.
local FINAL = { model_refused = true, insufficient_quota = true, request_canceled = true }
local WAIT_S = { model_busy = 5, service_unavailable = 5 }

--- Refuses with the code of a call of a model, or of a run.  message: what was said of it, or nil.
function M.refuse(code, message)
  local name = CODES[code] or "model_failed"
  fail.throw(name, { message = message and log.mask(message), retry_after_s = WAIT_S[name],
                     headers = FINAL[name] and { ["x-should-retry"] = "false" } or nil })
end

return M
