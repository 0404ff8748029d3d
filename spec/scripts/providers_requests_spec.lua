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
    assert.equal("Be brief.", body.system)
    assert.equal(3, #body.messages)
    assert.same({ { type = "text", text = "Hi" }, { type = "text", text = "Anyone?" } }, body.messages[1].content)
    assert.same({ type = "tool_use", id = "c1", name = "send_message", input = arguments },
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
    assert.same({ content = { type = "string", maxLength = 9 } }, fn.parameters.properties)
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
