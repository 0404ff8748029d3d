-- spec/scripts/providers_oddities_spec.lua -- answers that are framed, numbered or refused in ways of their own.

local json = require "human.json"
local llm_world = require "llm_world"
require("plain_host").install()
local presets = require "agent.providers.presets"

local function read(name, text)
  return llm_world.read(presets[name] or require("agent.providers." .. name), { text })
end

local function sse(...) return "data: " .. table.concat({ ... }, "\n\ndata: ") .. "\n\n" end

local HI, STOP = '{"choices":[{"delta":{"content":"Hi"}}]}', '{"choices":[{"delta":{},"finish_reason":"stop"}]}'
local DOCUMENT = '{"choices":[{"message":{"content":"Hi"},"finish_reason":"stop"}]}'
local BOM = "\239\187\191"

describe("An answer", function()
  local cases = {
    { "with lines that end with CR", "openai", "data: " .. HI .. "\r\rdata: " .. STOP .. "\r\rdata: [DONE]\r\r" },
    { "with lines that end with CR LF", "openai", "data: " .. HI .. "\r\n\r\ndata: " .. STOP .. "\r\n\r\n" },
    { "with a byte order mark", "openai", BOM .. sse(HI, STOP) },
    { "with comments, ids, retry: and no spaces", "openai",
      ": hi\nretry: 100\nid: 1\nevent: message\ndata: " .. HI .. "\n\nretry: 5\n\n:\n\ndata:" .. STOP .. "\n\ndata:[DONE]\n\n" },
    { "with an event on two lines", "openai", 'data: {"choices":\ndata: [{"delta":{"content":"Hi"},"finish_reason":"stop"}]}\n\n' },
    { "with no blank line between its events", "openai", "data: " .. HI .. "\ndata: " .. STOP .. "\ndata: [DONE]\n" },
    { "that is a document after all", "openai", DOCUMENT },
    { "that is a document with a byte order mark", "openai", BOM .. DOCUMENT },
    { "that is lines of JSON", "openai", HI .. "\n" .. STOP .. "\n" },
    { "in two choices, of which one was asked for", "openai",
      sse('{"choices":[{"index":0,"delta":{"content":"Hi"}},{"index":1,"delta":{"content":"Ho"}}]}',
        '{"choices":[{"index":1,"delta":{"content":"!"}}]}', STOP) },
    { "with an error that is none", "openai", sse('{"error":null,"choices":[{"delta":{"content":"Hi"},"finish_reason":"stop"}]}') },
    { "whose lines begin with a byte order mark", "ollama", BOM .. '{"message":{"content":"Hi"}}\r\n{"done":true}\r\n' },
    { "whose lines are events", "ollama", sse('{"message":{"content":"Hi"}}', '{"done":true}') },
    { "without a reason so far", "gemini", sse('{"candidates":[{"content":{"parts":[{"text":"H"}]},"finishReason":"FINISH_REASON_UNSPECIFIED"}]}',
      '{"candidates":[{"content":{"parts":[{"text":"i"}]},"finishReason":"STOP"}]}') },
    { "beside a search of the server's own", "anthropic", sse(
      '{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web","input":{}}}',
      '{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{}"}}',
      '{"type":"content_block_start","index":1,"content_block":{"type":"text","text":"Hi"}}',
      '{"type":"message_delta","delta":{"stop_reason":"end_turn"}}', '{"type":"message_stop"}') },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " is read", function()
      local result, err = read(case[2], case[3])
      assert.is_nil(err and err.message)
      assert.same({ "Hi", "stop", 0 }, { result.text, result.stop_reason, #result.tool_calls })
    end)
  end

  it("is the same however its beginning is cut", function()
    for _, pieces in ipairs(llm_world.splits(BOM .. sse(HI, STOP))) do
      assert.equal("Hi", llm_world.read(require "agent.providers.openai", pieces).text)
    end
  end)
end)

describe("Half an answer", function()
  local function choice(reason) return sse('{"choices":[{"delta":{"content":"Half"},"finish_reason":' .. json.encode(reason) .. "}]}") end
  local function line(reason) return '{"message":{"content":"Half"},"done":true,"done_reason":"' .. reason .. '"}\n' end
  local function candidate(reason) return sse('{"candidates":[{"content":{"parts":[{"text":"Half"}]},"finishReason":"' .. reason .. '"}]}') end
  local function message(reason)
    return sse('{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Half"}}',
      '{"type":"message_delta","delta":{"stop_reason":"' .. reason .. '"}}', '{"type":"message_stop"}')
  end
  local cases = {
    { "openai", choice, { "cancelled", "timeout", "engine_overloaded", "malformed_function_call", "abort", 1 } },
    { "ollama", line, { "cancelled", "load", "unload", "error" } },
    { "gemini", candidate, { "OTHER", "MALFORMED_RESPONSE", "CONTINUATION", "MISSING_THOUGHT_SIGNATURE", "SOMETHING_NEW" } },
    { "anthropic", message, { "pause_turn", "compaction", "something_new" } },
  }
  for _, case in ipairs(cases) do
    for _, reason in ipairs(case[3]) do
      it("is none (" .. case[1] .. ", " .. reason .. ")", function()
        local result, err = read(case[1], case[2](reason))
        assert.same({ nil, "incomplete", true }, { result, err.code, err.retryable })
      end)
    end
  end

  it("is one that was withheld, or a call that is none, where Gemini says so", function()
    for _, reason in ipairs { "MODEL_ARMOR", "IMAGE_PROHIBITED_CONTENT", "ESCALATION" } do
      assert.equal("blocked", select(2, read("gemini", candidate(reason))).code)
    end
    assert.equal("bad_response", select(2, read("gemini", candidate "TOO_MANY_TOOL_CALLS")).code)
  end)
end)

describe("Calls of tools", function()
  local function deltas(...)
    local list = {}
    for i, call in ipairs { ... } do list[i] = '{"choices":[{"delta":{"tool_calls":[' .. call .. "]}}]}" end
    list[#list + 1] = '{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}'
    return sse(unpack(list))
  end
  local function block(index, name) return ('{"type":"content_block_start"%s,"content_block":{"type":"tool_use","id":"x","name":"%s","input":{}}}'):format(index, name) end
  local function input(index, n) return ('{"type":"content_block_delta"%s,"delta":{"type":"input_json_delta","partial_json":"{\\"n\\":%d}"}}'):format(index, n) end
  local function blocks(index)
    return sse(block(index, "f"), input(index, 1), block(index, "g"), input(index, 2), '{"type":"message_delta","delta":{"stop_reason":"tool_use"}}',
      '{"type":"message_stop"}')
  end
  local cases = {
    { "with indexes that are text", "openai", deltas('{"index":"0","id":"a","function":{"name":"f","arguments":"{\\"n\\":1}"}}',
      '{"index":"1","id":"b","function":{"name":"g","arguments":"{\\"n\\":2}"}}') },
    { "with neither index nor id", "openai", deltas('{"index":null,"id":null,"function":{"name":"f","arguments":"{\\"n\\":1}"}}',
      '{"function":{"name":"g","arguments":"{\\"n\\":2}"}}') },
    { "with ids that are numbers, in pieces by turns", "openai",
      deltas('{"index":0,"id":7,"function":{"name":"f","arguments":"{\\"n\\""}},{"index":1,"id":8,"function":{"name":"g","arguments":"{\\"n\\""}}',
        '{"index":0,"id":7,"function":{"arguments":":1}"}},{"index":1,"id":8,"function":{"arguments":":2}"}}') },
    { "without a function around them", "openai", deltas('{"index":0,"id":"a","name":"f","arguments":"{\\"n\\":1}"}',
      '{"index":5,"id":"b","name":"g","arguments":{"n":2}}') },
    { "with JSON of JSON", "openai", deltas('{"index":0,"id":"a","function":{"name":"f","arguments":"\\"{\\\\\\"n\\\\\\":1}\\""}}',
      '{"index":1,"id":"a","function":{"name":"g","arguments":"{\\"n\\":2}"}}') },
    { "in blocks without a number", "anthropic", blocks "" }, { "in blocks with the same number", "anthropic", blocks ',"index":0' },
    { "with the same id", "gemini", sse('{"candidates":[{"content":{"parts":[{"functionCall":{"id":"x","name":"f","args":{"n":1}}},'
      .. '{"functionCall":{"id":"x","name":"g","args":"{\\"n\\":2}"}}]},"finishReason":"STOP"}]}') },
    { "whose end says so", "ollama", '{"message":{"tool_calls":[{"function":{"name":"f","arguments":{"n":1}}},'
      .. '{"function":{"name":"g","arguments":"{\\"n\\":2}"}}]},"done":true,"done_reason":"tool_calls"}\n' },
  }
  for _, case in ipairs(cases) do
    it(case[1] .. " are read (" .. case[2] .. ")", function()
      local result, err = read(case[2], case[3])
      assert.is_nil(err and err.message)
      local calls = result.tool_calls
      assert.same({ 2, "f", { n = 1 }, "g", { n = 2 }, true },
        { #calls, calls[1].name, calls[1].arguments, calls[2].name, calls[2].arguments, calls[1].id ~= calls[2].id })
    end)
  end
end)

describe("An error with status 200", function()
  local cases = {
    { "that is no event", "openai", '{"error":{"message":"The model is overloaded","type":"server_error"}}', "overloaded" },
    { "without success", "openai", '{"success":false,"message":"Invalid token"}', "provider_error" },
    { "with its status as a code", "openai", '{"code":429,"msg":"slow down"}', "rate_limited" },
    { "in base_resp", "openai", '{"base_resp":{"status_code":1008,"status_msg":"insufficient balance"}}', "no_credit" },
    { "in a list", "openai", '{"errors":[{"message":"insufficient_quota"}]}', "no_credit" },
    { "beside choices that are null", "openai", sse '{"choices":null,"error":{"message":"boom","code":429}}', "rate_limited" },
    { "behind the answer", "openai", sse(HI, STOP, '{"error":{"message":"x"}}'), "provider_error" },
    { "that is a page", "openai", "<html>Log in</html>", "bad_response" },
    { "that is a page", "ollama", " <!doctype html>", "bad_response" },
    { "with its status beside it", "ollama", '{"error":"upstream error","status_code":503}\n', "overloaded" },
    { "in detail", "anthropic", '{"detail":"rate limit"}', "rate_limited" },
    { "that is a word", "anthropic", sse '{"type":"error","error":"overloaded"}', "overloaded" },
    { "in an array", "gemini", '[{"error":{"code":503,"message":"The model is overloaded.","status":"UNAVAILABLE"}}]', "overloaded" },
    { "without a number", "gemini", sse '{"error":{"status":"RESOURCE_EXHAUSTED","message":"x"}}', "rate_limited" },
  }
  for i, case in ipairs(cases) do
    it(case[1] .. " is heard (" .. i .. ", " .. case[2] .. ")", function()
      local result, err = read(case[2], case[3])
      assert.same({ nil, case[4] }, { result, err.code })
    end)
  end
end)
