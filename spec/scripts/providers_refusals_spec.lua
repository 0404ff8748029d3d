-- spec/scripts/providers_refusals_spec.lua -- the same refusal in the spellings of many servers.

require("plain_host").install()
local presets = require "agent.providers.presets"

local function err_of(name, status, body)
  return (presets[name] or require("agent.providers." .. name)).error(status, body)
end

describe("A prompt that is too long", function()
  -- provider, status, body, tokens that it can take
  local cases = {
    { "openai", 400, { error = { code = "context_length_exceeded", message = "This model's maximum context length is 8192 tokens. However, your messages resulted in 9001 tokens." } }, 8192 },
    { "openai", 400, { error = { message = "Your input exceeds the context window of this model. Please adjust your input and try again." } } },
    { "openai", 429, { error = { code = "rate_limit_exceeded", message = "Request too large for gpt-4o on tokens per min (TPM): Limit 30000, Requested 41000." } }, 30000 },
    { "azure", 400, { error = { code = "context_length_exceeded", message = "This model's maximum context length is 16,385 tokens." } }, 16385 },
    { "anthropic", 400, { type = "error", error = { type = "invalid_request_error", message = "prompt is too long: 208310 tokens > 200000 maximum" } }, 200000 },
    { "anthropic", 400, { error = { message = "input length and `max_tokens` exceed context limit: 198000 + 4096 > 200000, decrease input length" } }, 200000 },
    { "gemini", 400, { error = { code = 400, message = "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576)." } }, 1048576 },
    { "mistral", 400, { object = "error", message = "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length", code = "3051" }, 32768 },
    { "deepseek", 400, { error = { message = "This model's maximum context length is 65536 tokens. However, you requested 70000 tokens (66000 in the messages, 4000 in the completion)." } }, 65536 },
    { "groq", 413, { error = { message = "Request too large for model `x` on tokens per minute (TPM): Limit 6000, Requested 8000, please reduce your message size", code = "rate_limit_exceeded" } }, 6000 },
    { "groq", 400, { error = { message = "Please reduce the length of the messages or completion.", code = "context_length_exceeded" } } },
    { "openrouter", 400, { error = { code = 400, message = "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens" } }, 8192 },
    { "vllm", 400, { object = "error", message = "The decoder prompt (length 5000) is longer than the maximum model length of 4096.", code = 400 }, 4096 },
    { "llamacpp", 400, { error = { code = 400, message = "the request exceeds the available context size. try increasing the context size or enable context shift", type = "exceed_context_size_error", n_prompt_tokens = 14429, n_ctx = 8192 } }, 8192 },
    { "lmstudio", 400, { error = "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens" }, 4096 },
    { "ollama", 400, { error = "the input length exceeds the context length" } },
    { "openai", 422, { error = "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens" }, 4097 },
    { "openai", 400, { error = "This model's maximum prompt length is 131072 but the request contains 537812 tokens." }, 131072 },
    { "openai", 400, { message = "too many tokens: total number of tokens in the prompt cannot exceed 4081 - received 9000" }, 4081 },
    { "openai", 500, "Requested tokens (2285) exceed context window of 2048", 2048 },
  }
  for i, case in ipairs(cases) do
    it("is told from a bad request (" .. i .. ", " .. case[1] .. ")", function()
      local err = err_of(case[1], case[2], case[3])
      assert.same({ "context_length", false, case[4] }, { err.code, err.retryable, err.window })
    end)
  end

  it("is no rate limit, and a rate limit is none", function()
    assert.equal("rate_limited", err_of("openai", 429, { error = { message = "Rate limit reached on tokens per min (TPM): Limit 30000, Used 29000" } }).code)
  end)
end)

describe("Used-up credit", function()
  local cases = {
    { "openai", 429, { error = { code = "insufficient_quota", message = "You exceeded your current quota" } } },
    { "openai", 400, { error = { code = "billing_hard_limit_reached", message = "Billing hard limit has been reached" } } },
    { "anthropic", 400, { error = { type = "invalid_request_error", message = "Your credit balance is too low to access the Anthropic API." } } },
    { "deepseek", 402, { error = { message = "Insufficient Balance", code = "invalid_request_error" } } },
    { "openrouter", 402, { error = { code = 402, message = "This request requires more credits, or fewer max_tokens." } } },
    { "openrouter", 403, { error = { code = 403, message = "Key limit exceeded (total limit)." } } },
    { "mistral", 402, { detail = "Payment required" } },
  }
  for i, case in ipairs(cases) do
    it("is not asked again (" .. i .. ", " .. case[1] .. ")", function()
      local err = err_of(case[1], case[2], case[3])
      assert.same({ "no_credit", false }, { err.code, err.retryable })
    end)
  end
end)

describe("The words of an error", function()
  local cases = {
    { "openai", 500, { error = "plain" }, "plain" }, { "vllm", 422, { detail = { { loc = { "body", "stream_options" }, msg = "Extra inputs are not permitted", type = "extra_forbidden" } } }, "body.stream_options: Extra inputs are not permitted" },
    { "vllm", 500, { detail = "Internal" }, "Internal" }, { "gemini", 400, { { error = { message = "in a list" } } }, "in a list" },
    { "mistral", 422, { object = "error", message = { detail = { { loc = { "body", "x" }, msg = "no" } } } }, "body.x: no" },
    { "openrouter", 502, { error = { message = "Provider returned error", metadata = { raw = "x" } } }, "Provider returned error" },
    { "openai", 502, "upstream is gone\n", "upstream is gone" }, { "openai", 502, "<html>nginx</html>", "it gave no reason" },
    { "openai", 400, { errors = { { message = "a" }, { message = "b" } } }, "a; b" }, { "openai", 500, nil, "it gave no reason" },
  }
  for i, case in ipairs(cases) do
    it("are found (" .. i .. ")", function()
      assert.equal(case[1] .. " answered " .. case[2] .. ": " .. case[4], err_of(case[1], case[2], case[3]).message)
    end)
  end

  it("say more than the status", function()
    assert.equal("unauthorized", err_of("gemini", 400, { error = { message = "API key not valid. Please pass a valid API key." } }).code)
    assert.equal("model_not_found", err_of("deepseek", 400, { error = { message = "Model Not Exist" } }).code)
    assert.equal("blocked", err_of("azure", 400, { error = { code = "content_filter", message = "The response was filtered" } }).code)
    assert.same({ "bad_response", true }, (function() local e = err_of("groq", 400, { error = { code = "tool_use_failed", message = "Failed to call a function." } }) return { e.code, e.retryable } end)())
  end)
end)

describe("A refused field", function()
  local cases = {
    { "openai", 400, { error = { message = "Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.", param = "max_tokens" } }, "max_tokens" },
    { "openai", 400, { error = { message = "Unsupported value: 'temperature' does not support 0.5 with this model." } }, "temperature" },
    { "mistral", 422, { detail = { { loc = { "body", "stream_options" }, msg = "Extra inputs are not permitted" } } }, "stream_options" },
    { "openai", 400, { error = "bad parameter stream_options" }, "stream_options" },
    { "vllm", 400, { object = "error", message = '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set' }, "tools" },
    { "llamacpp", 500, { error = { code = 500, message = "tools param requires --jinja flag" } }, "tools" },
    { "openrouter", 404, { error = { code = 404, message = "No endpoints found that support tool use." } }, "tools" },
    { "ollama", 400, { error = "registry.ollama.ai/library/gemma:2b does not support tools" }, "tools" },
    { "ollama", 400, { error = '"llama3.2" does not support thinking' }, "reasoning_effort" },
    { "gemini", 400, { error = { message = "Function calling is not enabled for models/gemma-3-27b-it" } }, "tools" },
    { "openai", 400, { error = { message = "Unsupported value: 'messages[0].role' does not support 'system' with this model." } }, "system" },
    { "gemini", 400, { error = { message = "Developer instruction is not enabled for models/gemma-3-27b-it" } }, "system" },
    { "groq", 400, { error = { message = "messages[1].content must be a string" } }, "images" },
    { "openrouter", 404, { error = { message = "No endpoints found that support image input" } }, "images" },
    { "anthropic", 400, { error = { message = "`temperature` is deprecated for this model." } }, "temperature" },
    { "openai", 400, { error = { message = "Only the default (1) value is supported for temperature" } }, "temperature" },
    { "anthropic", 400, { error = { message = "`temperature` may only be set to 1 when thinking is enabled." } }, "temperature" },
    { "gemini", 400, { error = { message = 'Invalid JSON payload received. Unknown name "thinkingConfig": Cannot find field.' } }, "reasoning_effort" },
    { "openai", 400, { error = { message = "Unrecognized request argument supplied: reasoning_effort" } }, "reasoning_effort" },
    { "vllm", 400, { message = "At most 0 image(s) may be provided in one request." }, "images" },
    { "openai", 422, { detail = { { loc = { "body", "messages", 0, "role" }, msg = "Input should be 'user' or 'assistant', input: 'system'" } } }, "system" },
    { "openai", 501, { error = "tools are not implemented" }, "tools" },
    { "anthropic", 400, { error = { message = "system.0.cache_control: Extra inputs are not permitted" } }, "cache_control" },
  }
  for i, case in ipairs(cases) do
    it("is found (" .. i .. ", " .. case[4] .. ")", function()
      local set = {}
      for _, field in ipairs(err_of(case[1], case[2], case[3]).refuses or {}) do set[field] = true end
      assert.is_true(set[case[4]])
    end)
  end

  it("is none in other errors", function()
    local err = err_of("vllm", 400, { error = { message = "'max_tokens' or 'max_completion_tokens' is too large: 2048. This model's maximum context length is 4096 tokens and your request has 3000 input tokens" } })
    assert.same({ "context_length", 4096, nil }, { err.code, err.window, err.refuses })
    assert.is_nil(err_of("openai", 429, { error = { message = "tools are not supported" } }).refuses)
    assert.is_nil(err_of("openai", 400, { error = { message = "the tool said hello" } }).refuses)
  end)
end)
