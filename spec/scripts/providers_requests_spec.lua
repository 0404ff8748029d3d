-- spec/scripts/providers_requests_spec.lua -- one conversation in four dialects.

require("plain_host").install()
local json = require "human.json"

local tool = {
  name = "send_message", description = "Say something",
  parameters = {
    type = "object", properties = { content = { type = "string", maxLength = 9 } },
    required = { "content" }, additionalProperties = false,
  },
}

local req = {
  system = "Be brief.", temperature = 0.5, max_tokens = 50, tools = { tool },
  messages = {
    { role = "user", content = "Hi" },
    { role = "user", content = "Anyone?" },
    { role = "assistant", content = "Yes", tool_calls = {
      { id = "c1", name = "send_message", arguments = { content = "Yes", list = json.array {} }, extra = "sig" } } },
    { role = "tool", tool_call_id = "c1", content = "sent" },
    { role = "user", content = "Thanks" },
  },
}

local arguments = { content = "Yes", list = {} }

local function built(name, conf)
  local spec = require("agent.providers." .. name).request(req, conf)
  return spec, json.decode(json.encode(spec.body))
end

describe("A chat becomes", function()
  it("an OpenAI request", function()
    local spec, body = built("openai", { model = "m", secret = "openai" })
    assert.equal("https://api.openai.com/v1/chat/completions", spec.url)
    assert.equal("Bearer ${secret:openai}", spec.headers.authorization)
    assert.same({ include_usage = true }, body.stream_options)
    assert.same({ 50, 0.5, true }, { body.max_completion_tokens, body.temperature, body.stream })
    assert.same({ role = "system", content = "Be brief." }, body.messages[1])
    assert.same(arguments, json.decode(body.messages[4].tool_calls[1]["function"].arguments))
    assert.same({ role = "tool", tool_call_id = "c1", content = "sent" }, body.messages[5])
    assert.same(tool.parameters, body.tools[1]["function"].parameters)
  end)

  it("a request to another server of that dialect, without a key that is not its own", function()
    local spec, body = built("openai", { model = "m", base_url = "http://127.0.0.1:1/v1" })
    assert.equal("http://127.0.0.1:1/v1/chat/completions", spec.url)
    assert.is_nil(spec.headers.authorization)
    assert.same({ 50 }, { body.max_tokens, body.max_completion_tokens })
  end)

  it("an Anthropic request: speakers take turns, results are the user's", function()
    local spec, body = built("anthropic", { model = "m", secret = "anthropic" })
    assert.equal("${secret:anthropic}", spec.headers["x-api-key"])
    assert.equal("2023-06-01", spec.headers["anthropic-version"])
    local mark = { type = "ephemeral" }
    assert.same({ { type = "text", text = "Be brief.", cache_control = mark } }, body.system)
    assert.equal(3, #body.messages)
    assert.same({ { type = "text", text = "Hi" }, { type = "text", text = "Anyone?" } }, body.messages[1].content)
    assert.same({ type = "tool_use", id = "c1", name = "send_message", input = arguments, cache_control = mark },
      body.messages[2].content[2])
    assert.same({ type = "tool_result", tool_use_id = "c1", content = "sent" }, body.messages[3].content[1])
    assert.same(tool.parameters, body.tools[1].input_schema)
  end)

  it("a Gemini request: only what its schemas know, results by name, signatures returned", function()
    local spec, body = built("gemini", { model = "gemini-x", secret = "gemini" })
    assert.matches("/v1beta/models/gemini%-x:streamGenerateContent%?alt=sse$", spec.url)
    assert.equal("${secret:gemini}", spec.headers["x-goog-api-key"])
    local fn = body.tools[1].functionDeclarations[1]
    assert.is_nil(fn.parameters.additionalProperties)
    assert.same({ content = { type = "STRING", maxLength = 9 } }, fn.parameters.properties)
    assert.same({ "user", "model", "user" },
      { body.contents[1].role, body.contents[2].role, body.contents[3].role })
    assert.same({ functionCall = { name = "send_message", args = arguments }, thoughtSignature = "sig" },
      body.contents[2].parts[2])
    assert.same({ name = "send_message", response = { result = "sent" } },
      body.contents[3].parts[1].functionResponse)
    assert.same({ maxOutputTokens = 50, temperature = 0.5 }, body.generationConfig)
  end)

  it("an Ollama request: arguments as an object", function()
    local spec, body = built("ollama", { model = "llama", base_url = "http://box:11434" })
    assert.equal("http://box:11434/api/chat", spec.url)
    assert.same(arguments, body.messages[4].tool_calls[1]["function"].arguments)
    assert.equal("send_message", body.messages[5].tool_name)
    assert.same({ num_predict = 50, temperature = 0.5 }, body.options)
  end)

  it("requests without tools where there are none, and Gemini functions without parameters", function()
    for _, name in ipairs { "openai", "anthropic", "gemini", "ollama" } do
      local provider = require("agent.providers." .. name)
      local spec = provider.request({ messages = req.messages, tools = {} }, { model = "m" })
      assert.is_nil(spec.body.tools)
    end
    local gemini = require "agent.providers.gemini"
    local bare = { name = "stay_silent", parameters = { type = "object", properties = {} } }
    local spec = gemini.request({ messages = req.messages, tools = { bare } }, { model = "m" })
    assert.is_nil(spec.body.tools[1].functionDeclarations[1].parameters)
  end)
end)

-- name, conf, more of the request -> the body
local function body_of(name, more, conf)
  local presets = require "agent.providers.presets"
  local all, where = { messages = { { role = "user", content = "Hi" } } }, { model = "m", facts = {} }
  for key, value in pairs(more or {}) do all[key] = value end
  for key, value in pairs(conf or {}) do where[key] = value end
  local spec = (presets[name] or require("agent.providers." .. name)).request(all, where)
  return json.decode(json.encode(spec.body)), spec
end

describe("Images", function()
  local url, data = { url = "https://x.example/a.png?b=1" }, { media_type = "image/webp", data = "AAAA" }
  local look = { messages = { { role = "user", content = "Look", images = { url, data } } } }

  it("are sent as each server wants them", function()
    assert.same({ { type = "text", text = "Look" }, { type = "image_url", image_url = { url = url.url } },
      { type = "image_url", image_url = { url = "data:image/webp;base64,AAAA" } } }, body_of("openai", look).messages[1].content)
    local parts = body_of("anthropic", look).messages[1].content
    assert.same({ { type = "image", source = { type = "url", url = url.url } },
      { type = "image", source = { type = "base64", media_type = "image/webp", data = "AAAA" } }, { type = "text", text = "Look" } }, parts)
    parts = body_of("gemini", look).contents[1].parts
    assert.same({ { fileData = { mimeType = "image/png", fileUri = url.url } }, { inlineData = { mimeType = "image/webp", data = "AAAA" } },
      { text = "Look" } }, parts)
    assert.same({ { role = "user", content = "Look", images = { "AAAA" } } }, body_of("ollama", look).messages)
  end)

  it("are a note where the model does not see, or the server takes no address", function()
    for _, name in ipairs { "openai", "ollama" } do
      assert.same({ { role = "user", content = "Look\n[image] [image]" } }, body_of(name, look, { facts = { sees = false } }).messages)
      assert.equal("Look\n[image] [image]", body_of(name, look, { without = { images = true } }).messages[1].content)
    end
    assert.same({ { text = "Look\n[image] [image]" } }, body_of("gemini", look, { facts = { sees = false } }).contents[1].parts)
    assert.same({ { type = "text", text = "Look\n[image] [image]" } }, body_of("anthropic", look, { facts = { sees = false } }).messages[1].content)
    assert.same({ { role = "user", content = "[image]" } }, body_of("ollama", { messages = { { role = "user", content = "", images = { url } } } }).messages)
  end)

  it("are shown to models that are known to see", function()
    local facts = require("agent.providers.models").facts
    for model, sees in pairs { ["gpt-4o-mini"] = true, ["gpt-3.5-turbo"] = false, ["openai/gpt-4.1"] = true, ["claude-haiku-4-5"] = true } do
      assert.equal(sees, facts("openai", model).sees)
    end
    assert.is_nil(facts("vllm", "my-own").sees)
    assert.same({ false, true, false }, { facts("ollama", "my-own").sees, facts("ollama", "llava:7b").sees, facts("ollama", "llama3.2").sees })
  end)
end)

describe("reasoning_effort", function()
  local thinks = { facts = { thinks = true } }
  local function how(effort) return { reasoning_effort = effort, max_tokens = 100 } end

  it("is said in the words of each server", function()
    assert.equal("minimal", body_of("openai", how "minimal", thinks).reasoning_effort)
    assert.same({ effort = "high" }, body_of("openrouter", how "high", thinks).reasoning)
    assert.equal("low", body_of("groq", how "minimal", thinks).reasoning_effort)
    assert.equal("none", body_of("mistral", how "low", thinks).reasoning_effort)
    assert.same({ thinkingBudget = 512 }, body_of("gemini", how "minimal", { model = "gemini-2.5-flash", facts = thinks.facts }).generationConfig.thinkingConfig)
    assert.same({ thinkingLevel = "low" }, body_of("gemini", how "low", { model = "gemini-3-pro", facts = thinks.facts }).generationConfig.thinkingConfig)
    assert.same({ true, false }, { body_of("ollama", how "high", thinks).think, body_of("ollama", how "minimal", thinks).think })
    assert.equal("low", body_of("ollama", how "minimal", { model = "gpt-oss:20b", facts = thinks.facts }).think)
  end)

  it("gives Anthropic's models a budget beside the answer's, and no temperature", function()
    local body = body_of("anthropic", { reasoning_effort = "medium", max_tokens = 100, temperature = 0.5 })
    assert.same({ { type = "enabled", budget_tokens = 4096 }, 4196, nil }, { body.thinking, body.max_tokens, body.temperature })
    body = body_of("anthropic", { reasoning_effort = "minimal", max_tokens = 100, temperature = 0.5 })
    assert.same({ nil, 100, 0.5 }, { body.thinking, body.max_tokens, body.temperature })
  end)

  it("comes with the thoughts that led to calls, as Anthropic signed them, and not where they are lost", function()
    local thoughts = { { type = "thinking", thinking = "hm", signature = "c2ln" } }
    local function asked(extra, effort)
      return body_of("anthropic", { reasoning_effort = effort, messages = { { role = "user", content = "Hi" },
        { role = "assistant", content = "", tool_calls = { { id = "c1", name = "look", arguments = {}, extra = extra } } },
        { role = "tool", tool_call_id = "c1", content = "seen" } } })
    end
    local call = { type = "tool_use", id = "c1", name = "look", input = {}, cache_control = { type = "ephemeral" } }
    local body = asked({ thoughts = thoughts }, "low")
    assert.same({ { type = "enabled", budget_tokens = 1024 }, { thoughts[1], call } }, { body.thinking, body.messages[2].content })
    for _, extra in ipairs { "signature of another server", {} } do
      body = asked(extra, "low")
      assert.same({ nil, { call } }, { body.thinking, body.messages[2].content })
    end
    assert.same({ call }, asked({ thoughts = thoughts }).messages[2].content)
    assert.is_nil(body_of("gemini", { messages = { { role = "assistant", content = "", tool_calls = {
      { id = "c1", name = "look", arguments = {}, extra = { thoughts = thoughts } } } } } }).contents[1].parts[1].thoughtSignature)
  end)

  it("is said to models of which nothing is known, by servers of which it is that they take it or refuse it", function()
    for _, name in ipairs { "openai", "groq", "mistral", "deepseek", "vllm", "llamacpp", "lmstudio" } do
      assert.equal("high", body_of(name, how "high", { facts = {} }).reasoning_effort)
    end
    assert.same({ effort = "high" }, body_of("openrouter", how "high", { facts = {} }).reasoning)
    assert.same({ thinkingBudget = 16384 }, body_of("gemini", how "high", { facts = {} }).generationConfig.thinkingConfig)
    assert.is_true(body_of("ollama", how "high", { facts = {} }).think)
    assert.is_nil(body_of("openai", how "high", { facts = {}, base_url = "http://own:1/v1" }).reasoning_effort)
  end)

  it("is not said to models that do not think, nor where it was refused", function()
    for _, name in ipairs { "openai", "openrouter", "gemini", "ollama" } do
      local text = json.encode(body_of(name, how "high", { facts = { thinks = false } }))
      assert.is_nil(text:find "effort" or text:find "think" or text:find "reasoning")
      text = json.encode(body_of(name, how "high", { facts = thinks.facts, without = { reasoning_effort = true } }))
      assert.is_nil(text:find "effort" or text:find "think" or text:find "reasoning")
    end
  end)
end)

describe("The address of a server", function()
  local function url(name, conf) return select(2, body_of(name, nil, conf)).url end

  it("is that of its service, of this machine, or as it was set", function()
    assert.equal("https://openrouter.ai/api/v1/chat/completions", url "openrouter")
    assert.equal("https://api.groq.com/openai/v1/chat/completions", url "groq")
    assert.equal("http://127.0.0.1:8080/v1/chat/completions", url "llamacpp")
    assert.equal("http://h/v1/chat/completions", url("vllm", { base_url = "http://h/v1/chat/completions" }))
    assert.equal("https://n.openai.azure.com/openai/deployments/d/chat/completions?api-version=1",
      url("azure", { base_url = "https://n.openai.azure.com/openai/deployments/d?api-version=1" }))
  end)

  it("has the key in the header that it wants", function()
    local _, spec = body_of("azure", nil, { base_url = "https://n.openai.azure.com/openai/v1", secret = "azure" })
    assert.same({ ["api-key"] = "${secret:azure}" }, spec.headers)
  end)
end)
