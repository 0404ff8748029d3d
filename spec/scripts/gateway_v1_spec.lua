-- spec/scripts/gateway_v1_spec.lua -- what strangers send to /v1 is read or refused by its name, whatever it is.

local fail = require "human.fail"
local json = require "human.json"
local input = require "gateway.v1.input"

-- As in service: the codes of all areas.
local codes = {}
for _, name in ipairs { "api.errors", "api.gateway.errors" } do
  for code, entry in pairs(require(name)) do codes[code] = entry end
end
fail.use(codes)

local CHAT = {
  model = "human", stream = false, temperature = 1, max_tokens = 5, reasoning_effort = "low", n = 1, tool_choice = "auto",
  stream_options = { include_usage = true }, response_format = { type = "text" }, parallel_tool_calls = false,
  messages = json.array {
    { role = "system", content = "s" }, { role = "user", content = json.array { { type = "text", text = "t" },
      { type = "image_url", image_url = { url = "data:image/png;base64,AAAA" } } } },
    { role = "assistant", content = json.null, tool_calls = json.array {
      { id = "c", type = "function", ["function"] = { name = "f", arguments = '{"a":1}' } } } },
    { role = "tool", tool_call_id = "c", content = "r" }, { role = "user", content = "u" },
  },
  tools = json.array { { type = "function", ["function"] = { name = "f", description = "d", parameters = { type = "object" } } } },
}
local RESPONSE = {
  model = "human", instructions = "i", max_output_tokens = 5, reasoning = { effort = "low" }, text = { format = { type = "text" } },
  tools = json.array { { type = "function", name = "f", parameters = { type = "object" }, strict = true } },
  input = json.array {
    { role = "user", content = "u" }, { type = "message", role = "assistant", content = json.array { { type = "output_text", text = "a" } } },
    { type = "reasoning", id = "r", summary = json.array {} }, { type = "function_call", call_id = "c", name = "f", arguments = "{}" },
    { type = "function_call_output", call_id = "c", output = "o" },
    { role = "user", content = json.array { { type = "input_image", image_url = "https://x.example/i.png" } } },
  },
}

describe("what a client asks of a model", function()
  local function with(document, change)
    local copy = json.decode(json.encode(document))
    change(copy)
    return json.encode(copy)
  end

  it("may be any effort that OpenAI has, and no other", function()
    for _, effort in ipairs { "none", "minimal", "low", "medium", "high", "xhigh" } do
      assert.equal(effort, input.chat(with(CHAT, function(d) d.reasoning_effort = effort end)).reasoning_effort)
      assert.equal(effort, input.response(with(RESPONSE, function(d) d.reasoning.effort = effort end)).reasoning_effort)
    end
    local ok, why = pcall(input.chat, with(CHAT, function(d) d.reasoning_effort = "most" end))
    assert.is_false(ok)
    assert.same({ "invalid_value", "reasoning_effort" }, { why.code, why.data and why.data.param or why.param })
  end)

  it("keeps which tools are strict, by their names in the request", function()
    assert.equal("tools[0].strict", input.response(json.encode(RESPONSE)).tools[1].strict)
    assert.equal("tools[0].function.strict", input.chat(with(CHAT, function(d) d.tools[1]["function"].strict = true end)).tools[1].strict)
    assert.is_nil(input.chat(json.encode(CHAT)).tools[1].strict)
    assert.is_false((pcall(input.chat, with(CHAT, function(d) d.tools[1]["function"].strict = "yes" end))))
  end)
end)

local STRANGE = { "null", "true", "false", "0", "-1", "1.5", "1e308", '""', '"x"', '"' .. ("x"):rep(5000) .. '"', "[]", "{}", "[null]", "[[]]",
                  '[{"role":"user"}]', '{"type":5}', '{"type":"function"}', '{"url":[]}', '"\\u0000"', '"data:image/png;base64,"' }

-- Calls fn(text) for the document with each of its values, one at a time, replaced by each strange one.
local function each_change(document, fn)
  local function walk(value, write)
    for _, strange in ipairs(STRANGE) do fn(write(strange)) end
    if type(value) ~= "table" then return end
    for key, inner in pairs(value) do
      walk(inner, function(text)
        local parts, is_list = {}, json.is_array(value)
        for k, v in pairs(value) do
          local one = k == key and text or json.encode(v)
          parts[is_list and k or #parts + 1] = is_list and one or json.encode(tostring(k)) .. ":" .. one
        end
        local all = table.concat(parts, ",")
        return write(is_list and "[" .. all .. "]" or "{" .. all .. "}")
      end)
    end
  end
  walk(document, function(text) return text end)
end

for name, document in pairs { chat = CHAT, response = RESPONSE } do
  describe("a request of /v1 (" .. name .. ")", function()
    it("is accepted if it follows the API", function()
      local req = input[name](json.encode(document))
      assert.equal("human", req.model)
      assert.equal("f", req.tools[1].name)
      assert.is_true(#req.messages >= 4)
    end)

    it("is read or refused whatever any field contains, and every refusal has words", function()
      local n, refused = 0, 0
      each_change(document, function(text)
        local ok, err = pcall(input[name], text)
        n = n + 1
        if ok then return end
        refused = refused + 1
        assert.is_true(fail.is(err), text:sub(1, 300) .. ": " .. tostring(err))
        assert.is_true(err.status == 400 and #err.message > 10 and #err.message < 500, tostring(err))
      end)
      assert.is_true(n > 500 and refused > n / 3, n .. " " .. refused)
    end)

    for _, text in ipairs { "", " ", "x", "[]", "5", "null", '"x"', "{}", '{"model":5}', ("["):rep(100000), '{"a":' .. ("["):rep(70) .. "1" } do
      it("is not " .. text:sub(1, 15), function()
        local ok, err = pcall(input[name], text)
        assert.is_false(ok)
        assert.is_true(fail.is(err), tostring(err))
      end)
    end
  end)
end

describe("a field that would change the answer, or is invalid", function()
  local said = { { role = "user", content = "u" } }
  local function refused(kind, more)
    local body = kind == "chat" and { model = "m", messages = json.array(said) } or { model = "m", input = "u" }
    for name, value in pairs(more) do body[name] = value end
    local ok, err = pcall(input[kind], json.encode(body))
    assert.is_false(ok, json.encode(more))
    return err.data.param
  end
  local fn = { type = "function", ["function"] = { name = "f" } }

  for _, case in ipairs {
    { "modalities", { modalities = json.array { "text", "audio" } } }, { "modalities", { modalities = "audio" } },
    { "web_search_options", { web_search_options = {} } }, { "parallel_tool_calls", { parallel_tool_calls = "no" } },
    { "stream_options.include_usage", { stream_options = { include_usage = 1 } } },
    { "tools[1]", { tools = json.array { fn, fn } } },
    { "messages[0].content", { messages = json.array { { role = "user" } } } },
    { "messages[0].content", { messages = json.array { { role = "user", content = json.null } } } },
    { "messages[0].content", { messages = json.array { { role = "user", content = 5 } } } },
    { "messages[0].content[0].text", { messages = json.array { { role = "user", content = json.array { { type = "text" } } } } } },
  } do
    it("is refused by its name: " .. json.encode(case[2]), function() assert.equal(case[1], refused("chat", case[2])) end)
  end

  it("is refused by its name for items, too", function()
    assert.equal("reasoning", refused("response", { reasoning = 5 }))
    assert.equal("text", refused("response", { text = "text" }))
    assert.equal("input[0].content", refused("response", { input = json.array { { role = "user" } } }))
  end)

  it("is not a request for text as the only modality", function()
    assert.is_table(input.chat(json.encode { model = "m", messages = json.array(said), modalities = json.array { "text" } }))
  end)
end)

describe("the newest message", function()
  it("is the user's; otherwise there is none to answer", function()
    local function last(messages) return input.last_text(input.chat(json.encode { model = "m", messages = json.array(messages) })) end
    assert.equal("u", last { { role = "user", content = "u" } })
    assert.equal("[image]", last { { role = "user", content = json.array { { type = "image_url", image_url = { url = "https://x.example/" } } } } })
    assert.is_nil(last { { role = "user", content = "u" }, { role = "assistant", content = "a" } })
    for _, nothing in ipairs { "", " \n", "\0", json.array {}, json.array { { type = "text", text = "" } } } do
      assert.is_nil(last { { role = "user", content = nothing } })
    end
  end)
end)
