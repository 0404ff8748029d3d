-- spec/lua/llm_call_spec.lua -- what one call returns, costs and records.

local llm_world = require "llm_world"
require("plain_host").install()

local new, ask, ok, sse = llm_world.new, llm_world.ask, llm_world.ok, llm_world.sse

describe("A call", function()
  it("returns the answer with its usage and cost, and records it", function()
    local world = new { secrets = { openai = true }, replies = { ok() } }
    local result = ask(world)
    assert.same({ "Hello", "stop", "openai", "gpt-4o-mini" },
      { result.text, result.stop_reason, result.provider, result.model })
    assert.same({ input_tokens = 1000, output_tokens = 100, cost_micros = 210 }, result.usage)
    assert.same({ id = "c1", ref = "run-1", provider = "openai", model = "gpt-4o-mini", status = "ok", attempts = 1,
      input_tokens = 1000, output_tokens = 100, estimated = false, cost_micros = 210, duration_ms = 0 },
      world.calls[1])
    assert.equal(1, world.host.sums['human_llm_requests_total{model="gpt-4o-mini",provider="openai",status="ok"}'])
    assert.equal(1000, world.host.sums['human_llm_tokens_total{direction="input",model="gpt-4o-mini",provider="openai"}'])
  end)

  it("is written down before it is made, with what it costs at least", function()
    local world = new { secrets = { openai = true }, replies = { ok() } }
    local fetch_saw
    world.on_request = function() fetch_saw = world.opened[1] end
    ask(world)
    assert.same({ id = "c1", ref = "run-1", provider = "openai", model = "gpt-4o-mini", input_tokens = 1, cost_micros = 0 }, fetch_saw)
    assert.equal("c1", world.calls[1].id)
  end)

  it("that costs nothing is not written down before", function()
    local world = new {}
    assert.equal("by rule", ask(world).text)
    assert.same({ {}, 1 }, { world.opened, #world.calls })
  end)

  it("that was planned is written down with what its caller commits, and made as it was planned", function()
    local world, sent = new { secrets = { openai = true }, replies = { ok() } }, {}
    local req = { messages = { { role = "user", content = "Hi!!" } }, ref = "run-1" }
    req.plan = world.llm.plan(req)
    world.llm.write_down({ ask = function(_, _, ...) sent[#sent + 1] = { ... } end }, req.plan)
    assert.same({ { "c1", "run-1", "openai", "gpt-4o-mini", 1, 0 } }, sent)
    assert.equal("Hello", world.llm.chat(req).text)
    assert.same({ {}, "c1", "ok" }, { world.opened, world.calls[1].id, world.calls[1].status })
    assert.is_nil(new({}).llm.plan(req)) -- by rule
  end)

  it("counts under a name that an owner gave it only once that answered, and only so many of them", function() -- limit: models in metrics
    local world = new { conf = { base_url = "http://h" } }
    local function count(model, status)
      return world.host.sums[('human_llm_requests_total{model="%s",provider="openai",status="%s"}'):format(model, status)]
    end
    world.replies = { llm_world.refused(404) }
    ask(world, { model = "typo" })
    assert.same({ nil, 1 }, { count("typo", "error"), count("other", "error") })
    for i = 1, 60 do
      world.replies = { ok() }
      ask(world, { model = "own-" .. i })
    end
    assert.same({ 1, 1, nil, 10 }, { count("own-1", "ok"), count("own-50", "ok"), count("own-51", "ok"), count("other", "ok") })
    world.replies = { ok() }
    ask(world, { model = "gpt-4o-mini" })
    assert.equal(1, count("gpt-4o-mini", "ok"))
  end)

  it("estimates tokens where the server counts none, and flags them and unknown prices", function()
    local world = new { conf = { base_url = "http://h" , model = "own" },
      replies = { { chunks = { sse [[{"choices":[{"delta":{"content":"12345"},"finish_reason":"stop"}]}]] } } } }
    local usage = ask(world).usage
    assert.same({ input_tokens = 1, output_tokens = 2, estimated = true, unpriced = true }, usage)
    assert.is_true(world.calls[1].estimated)
    assert.is_nil(world.calls[1].cost_micros)
  end)

  it("counts in whole tokens what a server counts, and estimates where that cannot be", function()
    local function usage(counted)
      local world = new { conf = { base_url = "http://h", model = "own" }, replies = { { chunks = { sse(
        '{"choices":[{"delta":{"content":"12345"},"finish_reason":"stop"}]}', '{"choices":[],"usage":' .. counted .. "}") } } } }
      local u = ask(world).usage
      return { u.input_tokens, u.output_tokens, u.estimated }
    end
    assert.same({ 10, 3, nil }, usage '{"prompt_tokens":10.7,"completion_tokens":3}')
    assert.same({ 1, 2, true }, usage '{"prompt_tokens":-5,"completion_tokens":1e300}')
    assert.same({ 1, 2, true }, usage '{"prompt_tokens":"ten","completion_tokens":{}}')
  end)

  it("counts what a tool call says as output", function()
    local world = new { conf = { ollama_host = "h" }, replies = { { headers = {}, chunks = {
      '{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"text":"12345678"}}}]},"done":true}\n' } } } }
    assert.equal(5, ask(world).usage.output_tokens) -- {"text":"12345678"} is 19 bytes
  end)

  it("prices a dated version like its model", function()
    local world = new { secrets = { openai = true } }
    for _, model in ipairs { "gpt-4o-mini-2024-07-18", "gpt-4o-mini-20240718", "gpt-4o-mini@1", "gpt-4o-mini-latest" } do
      assert.equal(150, world.llm.cost("openai", model, 1000, 0))
    end
    assert.is_nil(world.llm.cost("openai", "gpt-4o-maxi", 1, 1))
  end)

  it("is answered even when its record cannot be written", function()
    local world = new { secrets = { openai = true }, replies = { ok() } }
    world.db_error = "database away"
    assert.equal("Hello", ask(world).text)
    assert.same({ "llm call not recorded", "llm call not recorded" }, world.log) -- before it, and behind it
  end)

  it("is refused without messages and inside a transaction", function()
    local world = new {}
    assert.has_error(function() world.llm.chat { messages = {} } end)
    world.task.tx = {}
    assert.has_error(function() ask(world) end)
  end)
end)
