-- spec/scripts/providers_errors_spec.lua -- how model servers say no: in a stream, and by a status.

local world = require "llm_world"
require("plain_host").install()

local function sse(json) return "data: " .. json .. "\n\n" end
local openai_text = sse [[{"choices":[{"delta":{"content":"Half an ans"}}]}]]

-- provider, what happens, the stream, and the error's code and whether it may be retried
local streams = {
  { "openai", "an error in the stream", openai_text .. sse [[{"error":{"message":"boom"}}]], "provider_error", true },
  { "openai", "a refused key in the stream", sse [[{"error":{"type":"invalid_request_error","code":"invalid_api_key"}}]],
    "unauthorized", false },
  { "openai", "a status in the stream", sse [[{"error":{"code":429,"message":"later"}}]], "rate_limited", true },
  { "openai", "its content filter", openai_text .. sse [[{"choices":[{"delta":{},"finish_reason":"content_filter"}]}]],
    "blocked" },
  { "openai", "an event that is not JSON", "data: <html>\n\n", "bad_response", true },
  { "openai", "[DONE] without a finish_reason", openai_text .. sse "[DONE]", "incomplete", true },
  { "openai", "no event at all", "", "incomplete", true },
  { "openai", "broken tool arguments", sse [[{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"{\"a\":"}}]},"finish_reason":"tool_calls"}]}]],
    "bad_response", true },
  { "openai", "tool arguments that are an array", sse [[{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"f","arguments":"[1]"}}]},"finish_reason":"stop"}]}]],
    "bad_response", true },
  { "openai", "a tool without a name", sse [[{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]},"finish_reason":"stop"}]}]],
    "bad_response", true },
  { "openai", "one event without end", "data: " .. ("x"):rep(1100000), "too_large" },
  { "openai", "an answer without end", openai_text:rep(120000), "too_large" }, -- limit: model answer
  { "anthropic", "being overloaded in the stream", sse [[{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}]],
    "overloaded", true },
  { "anthropic", "a wrong request", sse [[{"type":"error","error":{"type":"invalid_request_error","message":"no"}}]],
    "provider_error", false },
  { "anthropic", "a refusal", sse [[{"type":"message_delta","delta":{"stop_reason":"refusal"}}]], "blocked" },
  { "anthropic", "message_stop without a reason", sse [[{"type":"message_stop"}]], "incomplete", true },
  { "gemini", "a blocked prompt", sse [[{"promptFeedback":{"blockReason":"SAFETY"}}]], "blocked" },
  { "gemini", "a blocked answer", sse [[{"candidates":[{"content":{"parts":[{"text":"ha"}]},"finishReason":"SAFETY"}]}]],
    "blocked" },
  { "gemini", "a malformed function call", sse [[{"candidates":[{"finishReason":"MALFORMED_FUNCTION_CALL"}]}]],
    "bad_response", true },
  { "gemini", "an error in the stream", sse [[{"error":{"code":503,"message":"The model is overloaded"}}]],
    "overloaded", true },
  { "ollama", "an error line", '{"message":{"content":"a"},"done":false}\n{"error":"out of memory"}\n',
    "provider_error", true },
}

describe("A stream that ends with", function()
  for _, case in ipairs(streams) do
    local name, title, text, code, retryable = unpack(case)
    it(title .. " is an error (" .. name .. ")", function()
      local provider = require("agent.providers." .. name)
      local head = provider.framing == "sse" and "text/event-stream" or "application/x-ndjson"
      local result, err = world.read(provider, { text }, head)
      assert.is_nil(result)
      assert.same({ code, retryable or false }, { err.code, err.retryable or false })
      assert.is_true(#err.message > 8)
    end)
  end
end)

describe("A server that ignores stream = true", function()
  it("is understood when its document is whole, and only then", function()
    local openai = require "agent.providers.openai"
    local text = [[{"choices":[{"message":{"role":"assistant","content":"Hello"},"finish_reason":"stop"}],
      "usage":{"prompt_tokens":1,"completion_tokens":2}}]]
    for _, pieces in ipairs(world.splits(text)) do
      local result = world.read(openai, pieces, "application/json; charset=utf-8")
      assert.same({ "Hello", 2 }, { result.text, result.output_tokens })
    end
    for at = 0, #text - 1 do
      assert.is_nil((world.read(openai, { text:sub(1, at) }, "application/json")))
    end
  end)
end)

-- provider, status, body, code, retryable, what the message must tell
local statuses = {
  { "openai", 401, { error = { message = "Incorrect API key" } }, "unauthorized", false, "Incorrect API key" },
  { "openai", 429, { error = { message = "slow down" } }, "rate_limited", true, "slow down" },
  { "openai", 429, { error = { message = "pay", code = "insufficient_quota" } }, "no_credit", false, "pay" },
  { "openai", 404, { error = "no such model" }, "model_not_found", false, "no such model" },
  { "openai", 500, nil, "provider_error", true, "openai answered 500" },
  { "openai", 418, { message = "teapot" }, "provider_error", false, "teapot" },
  { "anthropic", 529, { type = "error", error = { type = "overloaded_error", message = "Overloaded" } },
    "overloaded", true, "anthropic answered 529: Overloaded" },
  { "anthropic", 400, { error = { message = ("x"):rep(1000) } }, "bad_request", false, ("x"):rep(300) },
  { "gemini", 400, { error = { message = "API key not valid." } }, "unauthorized", false, "not valid" },
  { "gemini", 503, { error = { message = "overloaded" } }, "overloaded", true, "overloaded" },
  { "ollama", 404, { error = "model 'x' not found" }, "model_not_found", false, "model 'x' not found" },
}

describe("An error status", function()
  for _, case in ipairs(statuses) do
    local name, status, body, code, retryable, says = unpack(case, 1, 6)
    it(status .. " of " .. name .. " is " .. code, function()
      local err = require("agent.providers." .. name).error(status, body)
      assert.same({ code, retryable, status }, { err.code, err.retryable, err.status })
      assert.truthy(err.message:find(says, 1, true))
      assert.is_true(#err.message < 400)
    end)
  end

  it("of Gemini tells when to come back", function()
    local err = require("agent.providers.gemini").error(429, { error = { message = "quota", details = {
      { ["@type"] = "type.googleapis.com/google.rpc.RetryInfo", retryDelay = "34.5s" } } } })
    assert.equal(34.5, err.retry_after_s)
  end)
end)
