-- spec/lua/llm_choice_spec.lua -- which provider is called, with which model, key and address.

local llm_world = require "llm_world"
require("plain_host").install()

local new, ask, ok, sse = llm_world.new, llm_world.ask, llm_world.ok, llm_world.sse

describe("The choice of a provider", function()
  local cases = {
    { "is offline without any key", {}, {}, "offline", "offline" },
    { "takes the first key", {}, { anthropic = true, gemini = true }, "anthropic", "a-1" },
    { "takes Ollama where its host is named", { ollama_host = "box" }, {}, "ollama", "l-1" },
    { "takes what the setting names", { provider = "gemini" }, { openai = true, gemini = true }, "gemini", "g-1" },
    { "takes the model of the setting", { model = "x" }, { openai = true }, "openai", "x" },
    { "takes a base URL for OpenAI's dialect", { base_url = "http://h/v1/", model = "m" }, { gemini = true },
      "openai", "m" },
    { "may be offline on purpose", { provider = "offline", model = "x" }, { openai = true }, "offline", "offline" },
  }
  for _, case in ipairs(cases) do
    it(case[1], function()
      local status = new({ conf = case[2], secrets = case[3] }).llm.status()
      assert.same({ case[4], case[5] }, { status.provider, status.model })
      assert.equal(case[4] ~= "offline", status.language_model)
    end)
  end

  it("sends a service's key to that service alone", function()
    local world = new { conf = { base_url = "http://h/v1/" }, secrets = { openai = true }, replies = { ok() } }
    assert.truthy(ask(world))
    assert.equal("http://h/v1/chat/completions", world.requests[1].url)
    assert.is_nil(world.requests[1].headers.authorization)
  end)

  it("sends the key `llm` to a base URL", function()
    local world = new { conf = { base_url = "h:9/v1" }, secrets = { llm = true }, replies = { ok() } }
    assert.truthy(ask(world))
    assert.equal("http://h:9/v1/chat/completions", world.requests[1].url)
    assert.equal("Bearer ${secret:llm}", world.requests[1].headers.authorization)
  end)

  it("sends a service's key to its own service behind a base URL, over TLS, and to no look-alike", function()
    local own = { ["https://api.groq.com/openai/v1"] = "groq", ["https://n.openai.azure.com"] = "azure", ["https://api.openai.com/v1"] = "openai",
      ["https://API.anthropic.com:443/v1"] = "anthropic" }
    for url, name in pairs(own) do
      local world = new { conf = { base_url = url, max_retries = 0 }, secrets = { groq = true, azure = true, openai = true, anthropic = true }, replies = { ok() } }
      ask(world)
      local key = world.requests[1].headers
      assert.equal("${secret:" .. name .. "}", (key["api-key"] or key["x-api-key"] or key.authorization:sub(8)))
      assert.equal(name, world.llm.status().provider)
    end
    for _, url in ipairs { "http://api.openai.com/v1", "https://api.openai.com.evil.example/v1", "https://api.openai.com@evil.example/v1",
      "https://api.openai.com:x@evil.example/v1", "https://evilapi.openai.com/v1", "https://evil.example/https://api.openai.com", "https://api.openai.com\\@evil.example/v1" } do
      for _, provider in ipairs { "auto", "openai" } do
        local world = new { conf = { base_url = url, provider = provider }, secrets = { openai = true }, replies = { ok() } }
        ask(world)
        assert.is_nil(world.requests[1].headers.authorization, url)
      end
    end
  end)

  it("tells the offline provider that is chosen from the one that answers where nothing is configured", function()
    assert.is_true(new({ conf = { provider = "offline" } }).llm.status().chosen)
    assert.is_nil(new({}).llm.status().chosen)
    assert.is_nil(new({ conf = { provider = "openai" }, secrets = { openai = true } }).llm.status().chosen)
  end)

  it("sends no key of one service to another by name", function()
    local world = new { conf = { provider = "groq", base_url = "https://api.mistral.ai/v1" }, secrets = { groq = true, mistral = true }, replies = { ok() } }
    ask(world)
    assert.is_nil(world.requests[1].headers.authorization)
  end)

  it("leaves names with a slash to a service that has such models", function()
    for model, sent in pairs { ["anthropic/claude-x"] = "anthropic/claude-x", ["openrouter/openai/x"] = "openai/x", ["openrouter/auto"] = "openrouter/auto" } do
      local world = new { conf = { provider = "openrouter" }, secrets = { openrouter = true, anthropic = true }, replies = { ok() } }
      local result = ask(world, { model = model })
      assert.same({ "openrouter", sent }, { result.provider, result.model })
    end
  end)

  it("finds a server of this machine where it listens unless told otherwise, and needs no key for it", function()
    for name, url in pairs { vllm = "http://127.0.0.1:8000/v1", llamacpp = "http://127.0.0.1:8080/v1", lmstudio = "http://127.0.0.1:1234/v1" } do
      local world = new { conf = { provider = name, model = "m" }, secrets = { openai = true }, replies = { ok() } }
      ask(world)
      assert.equal(url .. "/chat/completions", world.requests[1].url)
      assert.is_nil(world.requests[1].headers.authorization)
      assert.equal("http://gpu:9/v1", new({ conf = { provider = name, base_url = "gpu:9" } }).llm.status().base_url)
    end
    assert.matches("llm.base_url is not set", new({ conf = { provider = "azure" }, secrets = { azure = true } }).llm.status().problem)
  end)

  it("follows provider/model of the request", function()
    local world = new { secrets = { openai = true, gemini = true }, replies = { { chunks = { sse(
      [[{"candidates":[{"content":{"parts":[{"text":"G"}]},"finishReason":"STOP"}]}]]) } } } }
    local result = ask(world, { model = "gemini/pro" })
    assert.same({ "gemini", "pro", "G" }, { result.provider, result.model, result.text })
    assert.equal("unauthorized", select(2, ask(world, { model = "anthropic/x" })).code)
  end)

  it("says what is missing", function()
    local world = new { conf = { provider = "anthropic" } }
    local _, err = ask(world)
    assert.same("unauthorized", err.code)
    assert.matches("ANTHROPIC_API_KEY is not set", err.message)
    assert.matches("ANTHROPIC_API_KEY", world.llm.status().problem)
    assert.equal("no_provider", select(2, ask(new { conf = { provider = "x" } })).code)
  end)

  -- Ollama takes the port of a URL's scheme, and of anything else its own.
  local HOSTS = {
    { "box", "http://box:11434" }, { "10.0.0.1:80", "http://10.0.0.1:80" }, { ":8080", "http://127.0.0.1:8080" },
    { "0.0.0.0", "http://127.0.0.1:11434" }, { "0.0.0.0:9", "http://127.0.0.1:9" }, { "::", "http://[::1]:11434" },
    { "[::1]", "http://[::1]:11434" }, { "[::1]:9", "http://[::1]:9" }, { "[::]:9", "http://[::1]:9" }, { "::1", "http://[::1]:11434" },
    { "fd00::7", "http://[fd00::7]:11434" }, { "box:", "http://box:11434" }, { "box:x", "http://box:11434" }, { "box:70000", "http://box:11434" },
    { "http://box", "http://box:80" }, { "http://box:9/", "http://box:9" }, { "http://0.0.0.0:9", "http://127.0.0.1:9" },
    { "https://o.example/", "https://o.example:443" }, { "https://o.example/ollama/", "https://o.example:443/ollama" },
    { "box/ollama//", "http://box:11434/ollama" }, { ' "box:9" ', "http://box:9" }, { "https://[fd00::7]/x", "https://[fd00::7]:443/x" },
  }
  for _, case in ipairs(HOSTS) do
    it("completes OLLAMA_HOST as Ollama does: " .. case[1], function()
      local status = new({ conf = { ollama_host = case[1] } }).llm.status()
      assert.same({ "ollama", case[2] }, { status.provider, status.base_url })
    end)
  end
end)
