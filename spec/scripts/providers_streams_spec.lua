-- spec/scripts/providers_streams_spec.lua -- what the providers make of real-looking streams: whole,
-- split at every byte, and cut at every byte.  A cut stream is an error or the whole answer, never half.

local world = require "llm_world"
require("plain_host").install()

local function sse(...) return "data: " .. table.concat({ ... }, "\n\ndata: ") .. "\n\n" end

local function named(...)
  local out = {}
  for i, json in ipairs { ... } do out[i] = "event: " .. json:match '"type":"([%w_]+)"' .. "\ndata: " .. json .. "\n\n" end
  return table.concat(out)
end

local HEADS = { lines = "application/x-ndjson", sse = "text/event-stream; charset=utf-8" }

local cases = {
  { "openai", "text with usage", sse(
      [[{"choices":[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null}]],
      [[{"choices":[{"index":0,"delta":{"content":"Hi, Sarah "},"finish_reason":null}]}]],
      [[{"choices":[{"index":0,"delta":{"content":"💪"},"finish_reason":null}]}]],
      [[{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}]],
      [[{"choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}]], "[DONE]"),
    { text = "Hi, Sarah 💪", tool_calls = {}, stop_reason = "stop", input_tokens = 11, output_tokens = 5 } },
  { "openai", "two tool calls in pieces", sse(
      [[{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"send_message","arguments":""}}]}}]}]],
      [[{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\"content\":"}}]}}]}]],
      [[{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"\"Hey \\ud83d\\udcaa\"}"}}]}}]}]],
      [[{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"b","function":{"name":"stay_silent","arguments":"{}"}}]}}]}]],
      [[{"choices":[{"delta":{},"finish_reason":"tool_calls"}]}]]),
    { text = "", stop_reason = "tool_calls", tool_calls = {
      { id = "a", name = "send_message", arguments = { content = "Hey 💪" } },
      { id = "b", name = "stay_silent", arguments = {} } } } },
  { "openai", "tool calls without index, usage or [DONE], and stop as the reason", sse(
      [[{"choices":[{"delta":{"tool_calls":[{"id":"x","function":{"name":"f","arguments":"{\"a\":"}}]}}]}]],
      [[{"choices":[{"delta":{"tool_calls":[{"function":{"arguments":"[]}"}}]}}]}]],
      [[{"choices":[{"delta":{"tool_calls":[{"id":"y","function":{"name":"g","arguments":""}}]}}]}]],
      [[{"choices":[{"delta":{"content":null},"finish_reason":"stop"}]}]]),
    { text = "", stop_reason = "tool_calls", tool_calls = {
      { id = "x", name = "f", arguments = { a = {} } }, { id = "y", name = "g", arguments = {} } } } },
  { "openai", "an answer that ran into its limit", sse(
      [[{"choices":[{"delta":{"content":"and"},"finish_reason":"length"}]}]]),
    { text = "and", tool_calls = {}, stop_reason = "length" } },
  { "anthropic", "text between pings", named(
      [[{"type":"message_start","message":{"id":"m","usage":{"input_tokens":10,"cache_read_input_tokens":15,"output_tokens":1}}}]],
      [[{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}]],
      [[{"type":"ping"}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"Hello "}}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"there"}}]],
      [[{"type":"content_block_stop","index":0}]],
      [[{"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":15}}]],
      [[{"type":"message_stop"}]]),
    { text = "Hello there", tool_calls = {}, stop_reason = "stop", input_tokens = 25, output_tokens = 15 } },
  { "anthropic", "tool use in pieces, thoughts and kinds of events unknown", named(
      [[{"type":"message_start","message":{"usage":{"input_tokens":7}}}]],
      [[{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":""}}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hm"}}]],
      [[{"type":"content_block_start","index":1,"content_block":{"type":"tool_use","id":"t1","name":"send_reply","input":{}}}]],
      [[{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":""}}]],
      [[{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\"content\": \"Yes"}}]],
      [[{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"!\", \"messageId\": \"m1\"}"}}]],
      [[{"type":"something_new","x":1}]],
      [[{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}]],
      [[{"type":"message_stop"}]]),
    { text = "", stop_reason = "tool_calls", input_tokens = 7, output_tokens = 9, tool_calls = {
      { id = "t1", name = "send_reply", arguments = { content = "Yes!", messageId = "m1" } } } } },
  { "anthropic", "signed thoughts, which go with the first call", named(
      [[{"type":"message_start","message":{"usage":{"input_tokens":7}}}]],
      [[{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"Let me"}}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":" see"}}]],
      [[{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"c2ln"}}]],
      [[{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"eA=="}}]],
      [[{"type":"content_block_start","index":2,"content_block":{"type":"tool_use","id":"t1","name":"look","input":{}}}]],
      [[{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"t2","name":"look","input":{}}}]],
      [[{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":9}}]],
      [[{"type":"message_stop"}]]),
    { text = "", stop_reason = "tool_calls", input_tokens = 7, output_tokens = 9, tool_calls = {
      { id = "t1", name = "look", arguments = {}, extra = { thoughts = {
        { type = "thinking", thinking = "Let me see", signature = "c2ln" }, { type = "redacted_thinking", data = "eA==" } } } },
      { id = "t2", name = "look", arguments = {} } } } },
  { "gemini", "text in several responses", sse(
      [[{"candidates":[{"content":{"parts":[{"text":"thinking","thought":true}],"role":"model"}}]}]],
      [[{"candidates":[{"content":{"parts":[{"text":"One "}],"role":"model"}}],"usageMetadata":{"promptTokenCount":4}}]],
      [[{"candidates":[{"content":{"parts":[{"text":"two"}],"role":"model"},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":5}}]]),
    { text = "One two", tool_calls = {}, stop_reason = "stop", input_tokens = 4, output_tokens = 7 } },
  { "gemini", "a function call with its signature", sse(
      [[{"candidates":[{"content":{"parts":[{"functionCall":{"name":"add_reaction","args":{"emoji":"👍"}},"thoughtSignature":"c2ln"},{"functionCall":{"name":"stay_silent"}}]},"finishReason":"STOP"}]}]]),
    { text = "", stop_reason = "tool_calls", tool_calls = {
      { id = "call_1", name = "add_reaction", arguments = { emoji = "👍" }, extra = "c2ln" },
      { id = "call_2", name = "stay_silent", arguments = {} } } } },
  { "ollama", "text", table.concat({
      [[{"model":"l","message":{"role":"assistant","content":"Blue "},"done":false}]],
      [[{"model":"l","message":{"role":"assistant","content":"sky"},"done":false}]],
      [[{"model":"l","message":{"role":"assistant","content":""},"done":true,"done_reason":"stop","prompt_eval_count":26,"eval_count":8}]],
      "" }, "\n"),
    { text = "Blue sky", tool_calls = {}, stop_reason = "stop", input_tokens = 26, output_tokens = 8 } },
  { "ollama", "a tool call", table.concat({
      [[{"message":{"role":"assistant","content":"","tool_calls":[{"function":{"name":"send_message","arguments":{"content":"Hi"}}}]},"done":false}]],
      [[{"message":{"content":""},"done":true,"eval_count":3}]], "" }, "\r\n"),
    { text = "", stop_reason = "tool_calls", output_tokens = 3, tool_calls = {
      { id = "call_1", name = "send_message", arguments = { content = "Hi" } } } } },
}

-- What may be missing at the end of a cut stream that still holds the whole answer.
local function without_tokens(result)
  local copy = {}
  for key, value in pairs(result) do copy[key] = value end
  copy.input_tokens, copy.output_tokens = nil, nil
  return copy
end

for _, case in ipairs(cases) do
  local name, title, text, want = unpack(case)
  local provider = require("agent.providers." .. name)
  local head = HEADS[provider.framing]

  describe(name .. ", " .. title .. ",", function()
    it("is read whole, and its deltas are its text", function()
      local got, err, deltas = world.read(provider, { text }, head)
      assert.is_nil(err)
      assert.same(want, got)
      assert.equal(want.text, table.concat(deltas))
    end)

    it("is the same however the bytes are split", function()
      for _, pieces in ipairs(world.splits(text)) do
        assert.same(want, (world.read(provider, pieces, head)))
      end
    end)

    it("is an error or whole where it is cut, never half", function()
      local errors = 0
      for at = 0, #text - 1 do
        local got, err = world.read(provider, { text:sub(1, at) }, head)
        if got then
          assert.same(without_tokens(want), without_tokens(got))
        else
          errors = errors + 1
          assert.equal("incomplete", err.code)
          assert.is_true(err.retryable)
        end
      end
      assert.is_true(errors > #text / 2)
    end)
  end)
end
