-- spec/scripts/providers_init_spec.lua -- the shipped providers as a generation loads them: sandboxed.

local fake_host = require "fake_host"

-- All of them, and what they need of the agent's scripts.
local function scripts()
  local files = { ["api/x.lua"] = 'require "agent.providers.init"\nreturn {}\n' }
  local list = assert(io.popen "cd scripts && ls agent/providers/*.lua agent/hear*.lua agent/kept.lua")
  for path in list:lines() do
    local file = assert(io.open("scripts/" .. path))
    files[path] = file:read "*a"
    file:close()
  end
  list:close()
  return files
end

describe("The shipped providers", function()
  local app
  before_each(function() app = fake_host.start {} end)
  after_each(function() app:stop() end)

  it("load, and the offline one answers where nothing is configured", function()
    app:load(scripts())
    local llm, sched, result = require "human.llm", require "human.core.sched", nil
    assert.same({ provider = "offline", model = "offline", language_model = false }, llm.status())
    sched.spawn(function()
      result = llm.chat { system = "You are a fitness coach.", ref = "r",
        messages = { { role = "user", content = "I struggle to stay motivated for cardio" } } }
    end)
    app:settle()
    assert.matches("%a+", result.text)
    assert.same({ "offline", 0, 0, 0 }, { result.provider, result.usage.cost_micros, result.usage.input_tokens,
      result.usage.output_tokens })
    local row = app.statements[#app.statements]
    assert.matches("insert into llm_calls", row.sql)
    assert.same({ "r", "offline", "offline", "ok" }, { unpack(row.params, 2, 5) })
  end)

  it("have a default model each, with a price where there is a table", function()
    app:load(scripts())
    local llm, seen = require "human.llm", {}
    for _, provider in ipairs(llm.providers()) do
      seen[#seen + 1] = provider.name
      assert.is_string(provider.default_model)
      assert.is_number(llm.cost(provider.name, provider.default_model, 1000, 1000))
      for _, model in ipairs(provider.models) do assert.is_true(model.input > 0 and model.output >= model.input) end
    end
    assert.same({ "anthropic", "azure", "deepseek", "gemini", "groq", "llamacpp", "lmstudio", "mistral", "offline", "ollama",
      "openai", "openrouter", "vllm" }, seen)
  end)

  it("are refused when one of them cannot work", function()
    local files = scripts()
    files["agent/providers/gemini.lua"] = 'return { name = "gemini" }'
    local ok, err = pcall(app.load, app, files)
    assert.is_false(ok)
    assert.matches("provider gemini needs answer, or request, event and error", err)
  end)
end)
