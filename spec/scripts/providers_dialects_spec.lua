-- spec/scripts/providers_dialects_spec.lua -- model servers as they are: what known ones say that the standard
-- does not.  docs/models.md names these cases.

local world = require "llm_world"
require("plain_host").install()

local presets = require "agent.providers.presets"

local function provider_of(name) return presets[name] or require("agent.providers." .. name) end

local function sse(...) return "data: " .. table.concat({ ... }, "\n\ndata: ") .. "\n\n" end
local function delta(json, reason)
  return ('{"choices":[{"delta":%s,"finish_reason":%s}]}'):format(json, reason and '"' .. reason .. '"' or "null")
end
local function calls(...) return delta('{"tool_calls":[' .. table.concat({ ... }, ",") .. "]}") end
local function named(list)
  local out = {}
  for i, json in ipairs(list) do out[i] = "event: " .. json:match '"type":"([%w_]+)"' .. "\ndata: " .. json .. "\n\n" end
  return table.concat(out)
end

local function read(name, text, kind)
  local provider = provider_of(name)
  kind = kind or (provider.framing == "sse" and "text/event-stream" or "application/x-ndjson")
  return world.read(provider, { text }, kind)
end

local done = delta("{}", "stop")
local two = { { name = "f", arguments = { a = 1 } }, { name = "f", arguments = { a = 2 } } }

local function outline(result)
  local list = {}
  for i, call in ipairs(result.tool_calls) do list[i] = { name = call.name, arguments = call.arguments } end
  return list
end

describe("A reason to stop that nobody listed", function()
  local half = '{"content":"Half an ans"}'
  local cases = {
    { "openrouter", sse(delta(half), delta("{}", "error")) }, { "deepseek", sse(delta(half), delta("{}", "insufficient_system_resource")) },
    { "vllm", sse(delta(half), delta("{}", "abort")) }, { "mistral", sse(delta(half), delta("{}", "error")) },
    { "openai", sse(delta(half, "something_new")) },
    { "gemini", sse '{"candidates":[{"content":{"parts":[{"text":"Half"}]},"finishReason":"OTHER"}]}' },
    { "gemini", sse '{"candidates":[{"content":{"parts":[{"text":"Half"}]},"finishReason":"MALFORMED_RESPONSE"}]}' },
    { "ollama", '{"message":{"content":"Half"},"done":true,"done_reason":"unload"}\n' },
    { "ollama", '{"message":{"content":"Half"},"done":true,"done_reason":"load"}\n' },
    { "anthropic", named { '{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}',
      '{"type":"message_delta","delta":{"stop_reason":"pause_turn"}}', '{"type":"message_stop"}' } },
  }
  for _, case in ipairs(cases) do
    it("makes the answer incomplete (" .. case[1] .. ": " .. case[2]:match '[rR]eason":"([%w_]+)"' .. ")", function()
      local result, err = read(case[1], case[2])
      assert.is_nil(result)
      assert.same({ "incomplete", true }, { err.code, err.retryable })
    end)
  end

  it("leaves the good ones good", function()
    for reason, means in pairs { stop = "stop", eos = "stop", length = "length", model_length = "length", STOP = "stop" } do
      assert.equal(means, read("mistral", sse(delta(half, reason))).stop_reason)
    end
    assert.equal("stop", read("ollama", '{"message":{"content":"Hi"},"done":true}\n').stop_reason)
  end)
end)

describe("Tool calls at the same time", function()
  local cases = {
    { "with the same index and other ids", calls('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"a\\":1}"}}'),
      calls('{"index":0,"id":"b","function":{"name":"f","arguments":"{\\"a\\":2}"}}') },
    { "with neither index nor id", calls('{"function":{"name":"f","arguments":"{\\"a\\":1}"}}', '{"function":{"name":"f","arguments":"{\\"a\\":2}"}}') },
    { "with the same index and the same id", calls('{"index":0,"id":"x","function":{"name":"f","arguments":"{\\"a\\":1}"}}'),
      calls('{"index":0,"id":"x","function":{"name":"f","arguments":"{\\"a\\":2}"}}') },
    { "with an empty id and null as index", calls('{"index":null,"id":"","function":{"name":"f","arguments":"{\\"a\\":1}"}}'),
      calls('{"index":null,"id":"","function":{"name":"f","arguments":"{\\"a\\":2}"}}') },
    { "in pieces, each with its name and id", calls('{"index":0,"id":"x","function":{"name":"f","arguments":"{\\"a\\""}}'),
      calls('{"index":0,"id":"x","function":{"name":"f","arguments":":1}"}}'), calls('{"index":0,"id":"y","function":{"name":"f","arguments":"{\\"a\\":2}"}}') },
    { "in turns", calls('{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"a\\":"}}', '{"index":1,"id":"b","function":{"name":"f","arguments":"{"}}'),
      calls('{"index":0,"function":{"arguments":"1}"}}', '{"index":1,"function":{"arguments":"\\"a\\":2}"}}') },
    { "with arguments that are objects", calls('{"index":0,"function":{"name":"f","arguments":{"a":1}}}', '{"index":0,"function":{"name":"f","arguments":{"a":2}}}') },
  }
  for _, case in ipairs(cases) do
    it("are told apart " .. case[1], function()
      local result, err = read("openai", sse(unpack(case, 2)) .. sse(delta("{}", "tool_calls")))
      assert.is_nil(err)
      assert.same(two, outline(result))
      assert.are_not.equal(result.tool_calls[1].id, result.tool_calls[2].id)
    end)
  end

  it("are one where a server says the name of one call again and again", function()
    local result = read("vllm", sse(calls('{"index":0,"id":"x","function":{"name":"f","arguments":""}}'),
      calls('{"index":0,"id":"x","function":{"name":"f","arguments":"{\\"a\\":\\"}{\\""}}'),
      calls('{"index":0,"id":"x","function":{"name":"f","arguments":",\\"b\\":1}"}}'), calls('{"index":0,"id":"x","function":{"name":"f","arguments":""}}'), done))
    assert.same({ { name = "f", arguments = { a = "}{", b = 1 } } }, outline(result))
  end)

  it("are heard where they are called function_call, or are no list", function()
    assert.same({ { name = "f", arguments = {} } }, outline(read("openai",
      sse(delta '{"function_call":{"name":"f","arguments":"{"}}', delta '{"function_call":{"arguments":"}"}}', delta("{}", "function_call")))))
    assert.same({ { name = "f", arguments = {} } }, outline(read("openai",
      sse(delta('{"tool_calls":{"function":{"name":"f","arguments":"{}"}}}', "tool_calls")))))
  end)

  it("hold their input at once or in pieces (anthropic)", function()
    for _, pieces in ipairs { { '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{"a":1}}}' },
      { '{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t","name":"f","input":{}}}',
        '{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a\\":1}"}}' } } do
      pieces[#pieces + 1] = '{"type":"message_delta","delta":{"stop_reason":"tool_use"}}'
      pieces[#pieces + 1] = '{"type":"message_stop"}'
      assert.same({ two[1] }, outline(read("anthropic", named(pieces))))
    end
  end)
end)

describe("The text of an answer", function()
  it("may be a list of parts, of which thoughts are none (mistral)", function()
    assert.equal("Hi you", read("mistral", sse(
      delta '{"content":[{"type":"thinking","thinking":[{"type":"text","text":"hm"}]},{"type":"text","text":"Hi "}]}',
      delta('{"content":[{"type":"text","text":"you"}]}', "stop"))).text)
  end)

  it("holds an emoji that was split over two deltas, as surrogates or as bytes", function()
    for _, halves in ipairs { { "\\ud83d", "\\udcaa" }, { "\240\159", "\146\170" }, { "\240", "\159\146\170" }, { "\\uD83D", "\\uDCAA" } } do
      local result, _, deltas = read("openai", sse(delta('{"content":"A' .. halves[1] .. '"}'), delta('{"content":"' .. halves[2] .. 'B"}', "stop")))
      assert.equal("A💪B", result.text)
      assert.same({ "A", "💪B" }, deltas)
    end
    local call = read("openai", sse(calls '{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"a\\":\\"\\ud83d"}}',
      calls '{"index":0,"function":{"arguments":"\\udcaa\\"}"}}', done)).tool_calls[1]
    assert.equal("💪", call.arguments.a)
    assert.equal("A💪", read("ollama", '{"message":{"content":"A\\ud83d"}}\n{"message":{"content":"\\udcaa"},"done":true}\n').text)
  end)

  it("loses what is no text: lone halves and NUL", function()
    assert.equal("abc", read("openai", sse(delta('{"content":"a\\ud83db\\u0000c\\udcaa"}', "stop"))).text)
    assert.same({ a = "bc" }, read("openai", sse(calls '{"function":{"name":"f","arguments":"{\\"a\\":\\"b\\\\ud83d\\\\u0000c\\"}"}}', done)).tool_calls[1].arguments)
    assert.equal([[\ud83d]], read("openai", sse(delta('{"content":"\\\\ud83d"}', "stop"))).text)
  end)

  it("comes past empty data, comments and a [DONE] with a space", function()
    assert.equal("Hi", read("openrouter", ": OPENROUTER PROCESSING\n\ndata:\n\ndata: \n\n" .. sse(delta '{"content":"Hi"}', done) .. "data: [DONE] \n\n").text)
  end)

  it("may end without the blank line behind its last event", function()
    local text = sse(delta '{"content":"Hi"}', done)
    assert.equal("Hi", read("openai", text:sub(1, -2)).text)
    assert.equal("Hi", read("openai", text:sub(1, -3)).text)
    assert.equal("incomplete", select(2, read("openai", text:sub(1, -4))).code)
  end)

  it("may be a whole document where a stream was asked for", function()
    assert.equal("Hi", read("anthropic", '{"type":"message","content":[{"type":"text","text":"Hi"}],"stop_reason":"end_turn","usage":{"input_tokens":1,"output_tokens":2}}', "application/json").text)
    assert.equal("Hi you", read("gemini", '[{"candidates":[{"content":{"parts":[{"text":"Hi "}]}}]},{"candidates":[{"content":{"parts":[{"text":"you"}]},"finishReason":"STOP"}]}]', "application/json").text)
  end)

  it("is counted wherever the server counts it", function()
    assert.equal(7, read("groq", sse(delta '{"content":"Hi"}', '{"choices":[{"delta":{},"finish_reason":"stop"}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":7}}}')).output_tokens)
  end)
end)

describe("An answer without a word", function()
  it("is an accident that is worth one more try", function()
    for name, text in pairs { openai = sse(done), gemini = sse '{"candidates":[{"finishReason":"STOP"}]}', lmstudio = sse(delta('{"content":" \\n"}', "stop")),
      ollama = '{"message":{"content":""},"done":true,"done_reason":"stop"}\n', deepseek = sse(delta('{"content":"<think>hm</think>\\n"}', "stop")) } do
      local result, err = read(name, text)
      assert.is_nil(result)
      assert.same({ "incomplete", true, true }, { err.code, err.retryable, err.once })
    end
  end)

  it("needs more room where the model thought until the end", function()
    for name, text in pairs {
      gemini = sse '{"candidates":[{"content":{"parts":[{"text":"hm","thought":true}]},"finishReason":"MAX_TOKENS"}]}',
      deepseek = sse(delta('{"reasoning_content":"hm"}', "length")), openai = sse(delta("{}", "length")),
      vllm = sse(delta('{"content":"<think>hm, the"}', "length")),
      groq = sse(calls '{"index":0,"id":"a","function":{"name":"f","arguments":"{\\"a\\":\\"b"}}', delta("{}", "length")),
      ollama = '{"message":{"content":"","thinking":"hm"},"done":true,"done_reason":"length"}\n' } do
      local result, err = read(name, text)
      assert.is_nil(result)
      assert.is_true(err.needs_room, name)
    end
  end)
end)

describe("An error in a stream", function()
  local cases = {
    { "openai", "a string", 'data: {"error":"boom"}\n\n', "provider_error", true, "boom" },
    { "llamacpp", "a field of the stream", 'error: {"code":503,"message":"Loading model","type":"unavailable_error"}\n\n', "overloaded", true, "Loading model" },
    { "lmstudio", "an event of its own", 'event: error\ndata: {"error":{"message":"crashed"}}\n\n', "provider_error", true, "crashed" },
    { "lmstudio", "an event of its own that is no JSON", 'event: error\ndata: out of memory\n\n', "provider_error", true, "out of memory" },
    { "vllm", "an object", 'data: {"object":"error","message":"engine died","type":"InternalServerError","code":500}\n\n', "provider_error", true, "engine died" },
    { "vllm", "a detail", 'data: {"detail":"not now"}\n\n', "provider_error", true, "not now" },
    { "openrouter", "within a choice", sse(delta '{"content":"Ha"}', '{"choices":[{"delta":{},"finish_reason":"error","error":{"code":502,"message":"upstream"}}]}'), "provider_error", true, "upstream" },
    { "openrouter", "used-up credit", 'data: {"error":{"code":402,"message":"Insufficient credits"}}\n\n', "no_credit", false, "Insufficient credits" },
    { "gemini", "in an array", 'data: [{"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}]\n\n', "overloaded", true, "overloaded" },
    { "anthropic", "without a type", 'event: error\ndata: {"error":{"type":"rate_limit_error","message":"slow"}}\n\n', "rate_limited", true, "slow" },
    { "ollama", "an object", '{"error":{"message":"llama runner crashed"}}\n', "provider_error", true, "runner crashed" },
  }
  for _, case in ipairs(cases) do
    it("is heard as " .. case[2] .. " (" .. case[1] .. ")", function()
      local result, err = read(case[1], case[3])
      assert.is_nil(result)
      assert.same({ case[4], case[5] }, { err.code, err.retryable })
      assert.truthy(err.message:find(case[6], 1, true), err.message)
    end)
  end
end)
