-- spec/lua/llm_spec.lua -- retrying, falling back, giving up and being cancelled.

local llm_world = require "llm_world"
require("plain_host").install()

local new, ask, ok, refused = llm_world.new, llm_world.ask, llm_world.ok, llm_world.refused
local half = llm_world.sse [[{"choices":[{"delta":{"content":"Hel"}}]}]]

describe("A failed try", function()
  it("is repeated with growing waits until it succeeds", function()
    local cut = { err = { code = "network", message = "reset" } }
    local world = new { secrets = { openai = true },
      replies = { refused(500), cut, { chunks = { half } }, ok() } }
    assert.equal("Hello", ask(world).text)
    assert.same({ 0.25, 0.5, 1 }, world.slept)
    assert.same({ 4, "ok" }, { world.calls[1].attempts, world.calls[1].status })
  end)

  it("is repeated no more than llm.max_retries times", function() -- limit: llm.max_retries
    local world = new { secrets = { openai = true }, conf = { max_retries = 2 },
      replies = { refused(503), refused(503), refused(503), ok() } }
    local result, err = ask(world)
    assert.is_nil(result)
    assert.same({ "overloaded", 503, 3, 2 }, { err.code, err.status, #world.requests, #world.slept })
    assert.same({ "error", "overloaded", 3, 0 }, { world.calls[1].status, world.calls[1].error_code,
      world.calls[1].attempts, world.calls[1].input_tokens })
  end)

  it("is not repeated when it would fail again", function()
    for _, status in ipairs { 400, 401, 403, 404, 413 } do
      local world = new { secrets = { openai = true }, replies = { refused(status), ok() } }
      assert.is_nil((ask(world)))
      assert.equal(1, #world.requests)
    end
  end)

  it("waits as long as Retry-After says, as seconds or as a date", function()
    local date = os.date("!%a, %d %b %Y %H:%M:%S GMT", 1764237600 + 12)
    local world = new { secrets = { openai = true }, replies = {
      refused(429, { ["retry-after"] = "7" }), refused(529, { ["retry-after"] = date }), ok() } }
    assert.equal("Hello", ask(world).text)
    assert.same({ 7, 12 }, world.slept)
  end)

  it("is final when the deadline comes before the next try", function()
    local world = new { secrets = { openai = true }, replies = { refused(429, { ["retry-after"] = "30" }), ok() } }
    local _, err = ask(world, { deadline_s = 20 })
    assert.same({ "rate_limited", 1, 0 }, { err.code, #world.requests, #world.slept })
  end)

  it("never outlives the deadline in all its tries together", function() -- limit: llm.timeout_ms
    local slow = { takes = 100 }
    local world = new { secrets = { openai = true }, conf = { timeout_ms = 9000 }, replies = { slow, slow } }
    local _, err = ask(world)
    assert.equal("timeout", err.code)
    assert.equal(1009, world.clock)
  end)

  it("is not repeated once a delta was passed on, and is whole or an error", function()
    local world = new { secrets = { openai = true }, conf = { fallback_provider = "offline" },
      replies = { { chunks = { half }, err = { code = "network", message = "cut" } }, ok() } }
    local heard = {}
    local result, err = ask(world, { on_delta = function(text) heard[#heard + 1] = text end })
    assert.is_nil(result)
    assert.same({ { "Hel" }, "network", 1 }, { heard, err.code, #world.requests })
    assert.is_true(world.calls[1].estimated)
  end)

  it("is repeated for a streaming caller while nothing was passed on", function()
    local world = new { secrets = { openai = true }, replies = { refused(500), { chunks = {} }, ok() } }
    local heard = {}
    assert.truthy(ask(world, { on_delta = function(text) heard[#heard + 1] = text end }))
    assert.same({ "Hello" }, heard)
  end)

  it("is an answer all the same when only the end of the transfer was lost", function()
    local world = new { secrets = { openai = true },
      replies = { { chunks = ok().chunks, err = { code = "network", message = "reset" } } } }
    assert.equal("Hello", ask(world).text)
  end)
end)

describe("The fallback", function()
  local conf = { fallback_provider = "offline" }

  it("answers when the provider cannot", function()
    local world = new { secrets = { openai = true }, conf = conf, replies = { refused(401) } }
    local result = ask(world)
    assert.same({ "by rule", "offline" }, { result.text, result.provider })
    assert.same({ "error", "ok" }, { world.calls[1].status, world.calls[2].status })
  end)

  it("answers when the provider is not even configured", function()
    local world = new { conf = { provider = "gemini", fallback_provider = "offline" } }
    assert.equal("by rule", ask(world).text)
  end)

  it("has time left when it is a server, with its own model and key", function()
    local world = new { secrets = { openai = true, anthropic = true }, replies = { { takes = 100 }, { takes = 100 } },
      conf = { provider = "anthropic", fallback_provider = "openai", fallback_model = "fb", timeout_ms = 10000 } }
    local _, err = ask(world)
    assert.same({ "timeout", "openai" }, { err.code, err.provider })
    assert.same({ 7, 3 }, { world.requests[1].timeout_s, world.requests[2].timeout_s })
    assert.equal("fb", world.calls[2].model)
  end)
end)

describe("A cancelled call", function()
  it("raises, asks nobody again, and is recorded", function()
    local world = new { secrets = { openai = true }, conf = { fallback_provider = "offline" } }
    world.replies[1] = { chunks = { half }, raise = world.Canceled }
    local fine, err = pcall(ask, world)
    assert.is_false(fine)
    assert.equal(world.Canceled, err)
    assert.same({ 1, 1, "canceled" }, { #world.requests, #world.calls, world.calls[1].status })
    assert.is_true(world.calls[1].estimated)
  end)

  it("is paid for what it read and what the model had written", function()
    local world, spent = new { secrets = { openai = true } }, {}
    world.replies[1] = { chunks = { half }, raise = world.Canceled }
    pcall(ask, world, { spent = spent, system = ("x"):rep(4000) })
    assert.same({ 1001, 1, true }, { spent.input_tokens, spent.output_tokens, spent.estimated })
    assert.same({ 1001, 1 }, { world.calls[1].input_tokens, world.calls[1].output_tokens })
    assert.is_true(spent.cost_micros > 0)
  end)
end)

describe("What a call has cost", function()
  local function spent_by(replies, more)
    local world = new { secrets = { openai = true }, conf = { max_retries = 1, fallback_provider = more }, replies = replies }
    local spent = {}
    local result, err = ask(world, { spent = spent, system = ("x"):rep(4000) })
    return spent, result, err, world
  end

  it("holds the tries that failed before it was answered", function()
    local spent, result = spent_by { { chunks = { half } }, ok() }
    assert.same({ 2001, 101, true }, { spent.input_tokens, spent.output_tokens, spent.estimated })
    assert.same({ 2001, 101 }, { result.usage.input_tokens, result.usage.output_tokens })
  end)

  it("is known when it was never answered, or not in time", function()
    local spent, _, err, world = spent_by { { chunks = { half } }, { chunks = { half } } }
    assert.same({ 2002, 2002, 2002 }, { spent.input_tokens, err.usage.input_tokens, world.calls[1].input_tokens })
    spent = spent_by { { takes = 100 } }
    assert.equal(1001, spent.input_tokens)
  end)

  it("is nothing where a server refused, or was not reached", function()
    local spent = spent_by { refused(500), { err = { code = "network", message = "reset" } } }
    assert.is_nil(spent.input_tokens or spent.output_tokens or spent.cost_micros)
  end)

  it("is the sum of both servers where the fallback answered", function()
    local spent, result = spent_by({ { chunks = { half } }, { chunks = { half } } }, "offline")
    assert.equal("offline", result.provider)
    assert.is_true(spent.input_tokens >= 2002 and result.usage.input_tokens == spent.input_tokens)
  end)
end)
