-- scripts/agent/providers/refusals.lua -- what model servers' error messages mean.  Pure.
-- Every server words the same refusal differently, and statuses do not tell refusals apart: a prompt that is too long
-- is a 400, 413, 422, 429 or 500.  This file lists the wordings; edit freely, a reload applies it.
-- `says` is the full text of an error, in lower case and at most 4000 bytes.

local M = {}

local function any(says, list)
  for _, words in ipairs(list) do
    if says:find(words, 1, true) then return true end
  end
  return false
end

-- Used-up credit is not a rate limit: waiting does not help.
local CREDIT = {
  "insufficient_quota", "insufficient balance", "insufficient_balance", "insufficient credit", "insufficient fund",
  "credit balance", "billing_hard_limit", "billing hard limit", "billing_not_active", "check your billing",
  "out of credit", "requires more credits", "used all available credits", "exceeded_current_quota",
  "payment required", "payment_required", "key limit exceeded", "spending limit", "spend limit", "monthly limit",
  "account is suspended", "arrearage", "no credits", "add credits", "credits exhausted",
}

local CONTEXT = {
  "context length", "context_length", "context window", "context_window", "context size", "context_size",
  "context limit", "maximum model length", "max_model_len", "maximum number of tokens", "prompt is too long",
  "prompt too long", "prompt contains too many tokens", "input is too long", "input too long",
  "too many tokens", "too large for model", "maximum prompt length", "token limit", "tokens limit",
  "tokens_limit", "exceed_context", "exceeds the available context", "context the overflows", "request too large",
  "reduce the length", "max_new_tokens` must be", "input token count", "maximum input length", "input tokens exceed",
  "tokens in your prompt exceed", "exceeds the maximum allowed input",
}

-- How many tokens it can take, in the same texts.
local WINDOW = {
  "context length is only (%d+)", "context length of only (%d+)", "context length is (%d+)",
  "context length of (%d+)", "context window of (%d+)", "context window is (%d+)", "model length of (%d+)",
  "tokens > (%d+)", "%d > (%d+)", "tokens allowed %(?(%d+)", "with (%d+) maximum context",
  "context size %(?(%d+)", "context size of (%d+)", "n_ctx\\?\":%s?(%d+)", "prompt length is (%d+)",
  "cannot exceed (%d+)", "must be <= (%d+)", "token limit:? (%d+)", "limit:? (%d+)", "limited to (%d+)",
  "maximum of (%d+)", "at most (%d+)", "less than (%d+)",
}
local WINDOW_MIN, WINDOW_MAX = 64, 1e8

local function window(says)
  says = says:gsub("(%d),(%d%d%d)", "%1%2")
  for _, pattern in ipairs(WINDOW) do
    local n = tonumber((says:match(pattern)))
    if n and n >= WINDOW_MIN and n <= WINDOW_MAX then return n end
  end
end

local KEY = { "invalid_api_key", "invalid api key", "incorrect api key", "api key not valid", "api_key_invalid",
              "invalid x-api-key", "authentication_error", "api key expired" }
local MODEL = { "model_not_found", "model not exist", "not a valid model", "invalid model:", "invalid_model",
                "unknown model", "model not found", "try pulling it first" }
local FILTER = { "content_filter", "responsibleaipolicyviolation", "content_policy", "flagged by", "was flagged",
                 "data_inspection_failed", "content exists risk" }
local CALL = { "tool_use_failed", "failed to call a function" } -- the model wrote a call that the server refuses
local BUSY = { "overloaded", "insufficient_system_resource", "server is busy", "no available capacity" }
local RATE = { "rate_limit", "rate limit" }

local function is_limit(status)
  return status == nil or (status >= 400 and status <= 422) or status == 429 or status == 500
end

-- Classifies an error by its text: a code, whether it is retryable, and the model's window.
-- Nil where the status is enough.
function M.read(status, says)
  if says == "" then return nil end
  if any(says, CREDIT) then return "no_credit", false end
  if is_limit(status) and (status ~= 429 or says:find("too large", 1, true)) and any(says, CONTEXT) then
    return "context_length", false, window(says)
  end
  local early = status == nil or status == 400 or status == 403 or status == 422
  if early and any(says, KEY) then return "unauthorized", false end
  if early and any(says, FILTER) then return "blocked", false end
  if (early or status == 404) and any(says, MODEL) then return "model_not_found", false end
  if early and any(says, CALL) then return "bad_response", true end
  if status == nil and any(says, BUSY) then return "overloaded", true end
  if status == nil and any(says, RATE) then return "rate_limited", true end
end

-- Fields that a request can do without, and what refusals call them; the first one is dropped first.
local FIELDS = {
  { "stream_options", { "stream_options", "stream options", "include_usage" } },
  { "max_completion_tokens", { "max_completion_tokens", "max completion tokens" } },
  { "max_tokens", { "max_tokens", "maxoutputtokens", "num_predict" } },
  { "temperature", { "temperature" } },
  { "reasoning_effort", { "reasoning", "thinking", "effort" } },
  { "tools", { "tool", "function call", "function_call", "functions" } },
  { "images", { "image", "vision", "multimodal", "multi-modal", "must be a string", "should be a valid string" } },
  { "cache_control", { "cache_control" } },
  { "num_ctx", { "num_ctx" } },
  { "system", { "system role", "role system", "role: system", "developer instruction", "system instruction",
                "system message", "system prompt", "support 'system'", "only user and assistant roles",
                "input: 'system'" } },
}

-- What distinguishes "is not supported" from any other error that mentions tools.
local REFUSED = {
  "support", "require", "not ", "n't ", "unrecognized", "unknown", "unexpected", "extra", "invalid", "no endpoints",
  "disabled", "must be", "should be", "cannot", "too large", "incompatible", "unavailable", "illegal", "forbidden",
  "deprecated", "no longer", "only the default", "may only", "at most 0", "removed",
}

-- A refusal that contains the field's exact name is about it; ordinary words need more evidence.
local EXACT = { stream_options = true, max_tokens = true, max_completion_tokens = true, cache_control = true,
                num_ctx = true }

local OF_THE_REQUEST = { [400] = true, [404] = true, [405] = true, [415] = true, [422] = true }

local function may_refuse(status, says)
  if status == nil or OF_THE_REQUEST[status] then return any(says, REFUSED) end
  return (status == 500 or status == 501)
    and any(says, { "support", "require", "not enabled", "disabled", "not implemented" })
end

-- The fields of a request that an error may be about; nil when it is about none.
function M.fields(status, says)
  local list, may = {}, may_refuse(status, says)
  for _, field in ipairs(FIELDS) do
    local means_it = may or (OF_THE_REQUEST[status or 0] and EXACT[field[1]])
    if means_it and any(says, field[2]) then list[#list + 1] = field[1] end
  end
  return #list > 0 and list or nil
end

return M
