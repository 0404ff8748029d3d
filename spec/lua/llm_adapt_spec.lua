-- spec/lua/llm_adapt_spec.lua -- learning from refusals: a request is adapted and retried at once, and the model's
-- properties are remembered.

local cjson = require "cjson"
local llm_world = require "llm_world"
require("plain_host").install()

local new, ask, ok, sse = llm_world.new, llm_world.ask, llm_world.ok, llm_world.sse

local function refused(status, message) return { status = status, body = cjson.encode { error = { message = message } } } end
local function body(world, n) return cjson.decode(world.requests[n].body) end
local tool = { name = "f", description = "d", parameters = { type = "object", properties = { a = { type = "string" } } } }
local thinking = { chunks = { sse [[{"choices":[{"delta":{"reasoning_content":"hm"},"finish_reason":"length"}],"usage":{"prompt_tokens":10,"completion_tokens":50}}]] } }

describe("A field that a server refuses", function()
  local cases = {
    { "max_tokens", "Unsupported parameter: 'max_tokens' is not supported with this model." },
    { "stream_options", "Unrecognized request argument supplied: stream_options" },
    { "tools", "this model does not support tools" },
    { "temperature", "Unsupported value: 'temperature' does not support 0.5" },
  }
  for _, case in ipairs(cases) do
    it("is left out, once and for all: " .. case[1], function()
      local world = new { conf = { base_url = "http://h", model = "m", max_retries = 0 }, replies = { refused(400, case[2]), ok(), ok() } }
      local more = { max_tokens = 5, temperature = 0.5, tools = { tool } }
      assert.equal("Hello", ask(world, more).text)
      assert.truthy(body(world, 1)[case[1]])
      assert.is_nil(body(world, 2)[case[1]])
      assert.same({}, world.slept)
      assert.equal("Hello", ask(world, more).text)
      assert.is_nil(body(world, 3)[case[1]])
      assert.equal(3, #world.requests)
    end)
  end

  it("is tried by its other name", function()
    local world = new { conf = { base_url = "http://h", model = "m" }, replies = { refused(400, "Unsupported parameter: max_tokens"), ok() } }
    ask(world, { max_tokens = 5 })
    assert.equal(5, body(world, 2).max_completion_tokens)
  end)

  it("is an error when it is refused all the same", function()
    local world = new { conf = { base_url = "http://h", model = "m" }, replies = { refused(400, "tools are not supported"), refused(400, "tools are not supported") } }
    local _, err = ask(world, { tools = { tool } })
    assert.same({ "bad_request", 2 }, { err.code, #world.requests })
  end)

  it("is remembered for that model alone", function()
    local world = new { conf = { base_url = "http://h" }, replies = { refused(400, "tools are not supported"), ok(), ok() } }
    ask(world, { tools = { tool }, model = "one" })
    ask(world, { tools = { tool }, model = "two" })
    assert.truthy(body(world, 3).tools)
  end)

  it("is one at a time where a refusal mentions two, and not without end", function() -- limit: changed requests
    local both = refused(400, "Function tools with reasoning_effort are not supported")
    local registry = llm_world.registry()
    registry.facts = function() return { thinks = true } end
    local function world_of(replies)
      return new { registry = registry, conf = { base_url = "http://h", model = "m", max_retries = 0 }, replies = replies }
    end
    local world = world_of { both, ok() }
    assert.equal("Hello", ask(world, { tools = { tool }, reasoning_effort = "low" }).text)
    assert.truthy(body(world, 2).tools)
    assert.is_nil(body(world, 2).reasoning_effort)
    local replies = {}
    local all = "max_tokens, max_completion_tokens, stream_options, temperature, reasoning, tools, system role: not supported"
    for i = 1, 20 do replies[i] = i <= 2 and thinking or refused(400, all) end
    world = world_of(replies)
    assert.is_nil((ask(world, { tools = { tool }, reasoning_effort = "low", max_tokens = 9, temperature = 1, system = "x" })))
    assert.equal(9, #world.requests)
  end)

  it("is forgotten when too many other models have been met", function() -- limit: learned models
    local replies = { refused(400, "tools are not supported") }
    for i = 2, 260 do replies[i] = ok() end
    local world = new { conf = { base_url = "http://h" }, replies = replies }
    for i = 1, 257 do ask(world, { tools = { tool }, model = "m" .. i }) end
    ask(world, { tools = { tool }, model = "m1" })
    assert.is_nil(body(world, 2).tools)
    assert.truthy(body(world, 259).tools)
  end)

  it("may be the system text, which is then said in front", function()
    local world = new { conf = { base_url = "http://h", model = "m" }, replies = { refused(400, "System role not supported"), ok() } }
    assert.equal("Hello", ask(world, { system = "Be brief." }).text)
    assert.same({ { role = "user", content = "Be brief.\n\nHi!!" } }, body(world, 2).messages)
  end)
end)

describe("An answer without room", function()
  it("is asked for again with more, and the model keeps it", function()
    local world = new { conf = { base_url = "http://h", model = "m", max_retries = 0 }, replies = { thinking, ok(), ok() } }
    assert.equal("Hello", ask(world, { max_tokens = 100 }).text)
    ask(world, { max_tokens = 100 })
    assert.same({ 100, 400, 400 }, { body(world, 1).max_tokens, body(world, 2).max_tokens, body(world, 3).max_tokens })
  end)

  it("is an error, never silence, when no room suffices", function()
    local world = new { conf = { base_url = "http://h", model = "m" }, replies = { thinking, thinking, thinking, thinking } }
    local result, err = ask(world, { max_tokens = 100 })
    assert.is_nil(result)
    assert.same({ "incomplete", 3, 1600 }, { err.code, #world.requests, body(world, 3).max_tokens })
  end)

  it("is not likely where a model is known to think", function()
    local registry = llm_world.registry()
    registry.facts = function() return { thinks = true } end
    local world = new { registry = registry, secrets = { openai = true }, replies = { ok(), ok() } }
    ask(world, { max_tokens = 100 })
    ask(world, { max_tokens = 100, reasoning_effort = "low" })
    assert.same({ 4196, 2148, "low" }, { body(world, 1).max_completion_tokens, body(world, 2).max_completion_tokens, body(world, 2).reasoning_effort })
  end)
end)

describe("Room to think", function()
  it("is never more than half of the context", function()
    local sizes = {}
    local world = new { conf = { base_url = "http://h", model = "m", context_tokens = 4096, max_retries = 0 }, replies = { thinking, ok() } }
    ask(world, { max_tokens = 1024, fit = function(tokens) sizes[#sizes + 1] = tokens return { { role = "user", content = "Hi" } } end })
    assert.same({ 1024, 2048 }, { body(world, 1).max_tokens, body(world, 2).max_tokens })
    assert.is_true(sizes[#sizes] > 1500)
  end)
end)

describe("An answer without a word", function()
  it("is asked for once more", function()
    local nothing = { chunks = { sse [[{"choices":[{"delta":{},"finish_reason":"stop"}]}]] } }
    local world = new { secrets = { openai = true }, replies = { nothing, ok() } }
    assert.equal("Hello", ask(world).text)
    world = new { secrets = { openai = true }, replies = { nothing, nothing, ok() } }
    local _, err = ask(world)
    assert.same({ "incomplete", 2 }, { err.code, #world.requests })
  end)
end)

describe("The context of a model", function()
  local function fit(sizes)
    return function(tokens)
      sizes[#sizes + 1] = tokens
      return { { role = "user", content = ("x"):rep(math.min(tokens, 20000) * 4) } }
    end
  end

  it("is what the table says, and the caller fits its lines into it", function()
    local registry, sizes = llm_world.registry(), {}
    registry.facts = function() return { window = 4000 } end
    local world = new { registry = registry, secrets = { openai = true }, replies = { ok() } }
    ask(world, { fit = fit(sizes), max_tokens = 1000, messages = false })
    assert.is_true(sizes[#sizes] <= 3000 and sizes[#sizes] > 2500)
  end)

  it("is what the setting says", function()
    local world, sizes = new { conf = { context_tokens = 2000 }, secrets = { openai = true }, replies = { ok() } }, {}
    ask(world, { fit = fit(sizes), max_tokens = 500 })
    assert.is_true(sizes[#sizes] <= 1500)
  end)

  it("is learned from a refusal: fewer lines at once, and from then on", function()
    local sizes = {}
    local world = new { conf = { base_url = "http://h", model = "m", max_retries = 0 }, secrets = {}, replies = {
      refused(400, "This model's maximum context length is 4096 tokens."), ok(), ok() } }
    assert.equal("Hello", ask(world, { fit = fit(sizes), max_tokens = 96 }).text)
    local before = #sizes
    assert.is_true(#body(world, 2).messages[1].content <= 4000 * 4 and #body(world, 1).messages[1].content > 20000)
    ask(world, { fit = fit(sizes), max_tokens = 96 })
    assert.is_true(sizes[before + 1] <= 4000)
    assert.equal(3, #world.requests)
  end)

  it("shrinks until the server is content, whatever it says", function()
    local replies = {}
    for i = 1, 4 do replies[i] = refused(400, "maximum context length is 32768 tokens") end
    replies[5] = ok()
    local world = new { conf = { base_url = "http://h", model = "m", max_retries = 0 }, replies = replies }
    assert.equal("Hello", ask(world, { fit = fit {} }).text)
    for n = 2, 5 do assert.is_true(#world.requests[n].body < #world.requests[n - 1].body) end
  end)

  it("is an error for a caller that cannot give less", function()
    local world = new { conf = { base_url = "http://h", model = "m" }, replies = { refused(400, "prompt is too long"), ok() } }
    assert.equal("context_length", select(2, ask(world)).code)
    assert.equal(1, #world.requests)
  end)

  it("is told to Ollama, which cuts silently else", function()
    local line = '{"message":{"content":"Hi"},"done":true}\n'
    local world = new { conf = { ollama_host = "h" }, replies = { { chunks = { line } }, { chunks = { line } } } }
    ask(world)
    assert.equal(8192, body(world, 1).options.num_ctx)
    world.conf.context_tokens = 20000
    ask(world)
    assert.equal(20000, body(world, 2).options.num_ctx)
  end)

  it("is counted higher for scripts of which a character is a token", function()
    local llm = new({}).llm
    assert.equal(10, llm.tokens(("x"):rep(40)))
    assert.is_true(llm.tokens(("漢"):rep(40)) >= 40 and llm.tokens(("💪"):rep(40)) >= 80 and llm.tokens(("я"):rep(40)) >= 20)
  end)

  it("is counted as the server counts", function()
    local counted = { chunks = { sse [[{"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}],"usage":{"prompt_tokens":3000,"completion_tokens":1}}]] } }
    local world, sizes = new { conf = { context_tokens = 8000 }, secrets = { openai = true }, replies = { counted, ok() } }, {}
    ask(world, { system = ("x"):rep(4000) })
    ask(world, { fit = fit(sizes) })
    assert.is_true(sizes[#sizes] < 3000)
  end)
end)

describe("llm.extra_body", function()
  it("adds fields to each request to the provider, also within its own", function()
    local world = new { conf = { base_url = "http://h", model = "m", extra_body = '{"top_p":0.5,"stream_options":{"x":1}}' }, replies = { ok() } }
    ask(world)
    assert.same({ 0.5, { include_usage = true, x = 1 } }, { body(world, 1).top_p, body(world, 1).stream_options })
  end)

  it("is not sent to the fallback", function()
    local world = new { conf = { provider = "anthropic", extra_body = '{"top_p":0.5}', fallback_provider = "openai" },
      secrets = { anthropic = true, openai = true }, replies = { refused(401, "no"), ok() } }
    ask(world)
    assert.same({ 0.5 }, { body(world, 1).top_p, body(world, 2).top_p })
  end)

  it("is refused when it is no JSON object", function()
    for _, value in ipairs { "{", "[1]", "7", "x" } do
      local world = new { conf = { base_url = "http://h", extra_body = value } }
      assert.equal("llm.extra_body is not a JSON object", world.llm.status().problem)
    end
  end)
end)

describe("A server that does not answer in time", function()
  it("is not asked again: the fallback is, within the time", function()
    local world = new { secrets = { openai = true, anthropic = true }, conf = { provider = "anthropic", fallback_provider = "openai", max_retries = 3 },
      replies = { { takes = 5, err = { code = "timeout", message = "silent" } }, ok() } }
    assert.same({ "Hello", 2, 0 }, { ask(world).text, #world.requests, #world.slept })
    world = new { secrets = { openai = true }, replies = { { err = { code = "timeout", message = "silent" } }, ok() } }
    assert.equal("timeout", select(2, ask(world)).code)
    assert.equal(1, #world.requests)
  end)

  it("is given the times of the settings, and agents no others", function()
    local world = new { secrets = { openai = true }, conf = { timeout_ms = 9000, first_byte_ms = 4000, idle_ms = 20000 }, replies = { ok() } }
    ask(world, { deadline_s = 100 })
    assert.same({ 9, 4, 9 }, { world.requests[1].timeout_s, world.requests[1].first_byte_s, world.requests[1].idle_s })
  end)
end)
