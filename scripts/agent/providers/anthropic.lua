-- scripts/agent/providers/anthropic.lua -- Anthropic messages.
-- https://docs.anthropic.com/en/docs/build-with-claude/streaming: message_start, then content blocks
-- (start, deltas, stop), message_delta with the stop reason, message_stop; pings and errors anywhere.

local common = require "agent.providers.common"

local M = {
  name = "anthropic", framing = "sse", default_url = "https://api.anthropic.com/v1",
  secret = "anthropic", key_name = "ANTHROPIC_API_KEY", version = "2023-06-01",
  max_tokens = 1024, -- the API requires a limit; used where the caller gives none
}

-- Thinking budget in tokens, by reasoning_effort; with "none", "minimal" or nothing it does not think.  1024 is the
-- minimum.
local THINKING = { low = 1024, medium = 4096, high = 16384, xhigh = 32768 }

local STOP = {
  end_turn = "stop", stop_sequence = "stop", tool_use = "tool_calls",
  max_tokens = "length", model_context_window_exceeded = "length",
}

-- A model that thinks wants its thoughts back, as they were, before the calls to which they led; they come with the
-- first of these calls (extra.thoughts).
local THOUGHTS_BYTES = 262144                    -- of one answer; longer ones are not kept

local function thoughts_of(call) return type(call.extra) == "table" and call.extra.thoughts or nil end

-- To Anthropic, tool results are messages of the user.
local function role(m) return m.role == "assistant" and "assistant" or "user" end

local function image(one)
  local source = one.url and { type = "url", url = one.url }
    or { type = "base64", media_type = one.media_type, data = one.data }
  return { type = "image", source = source }
end

local function parts(m)
  if m.role == "tool" then
    return { { type = "tool_result", tool_use_id = m.tool_call_id, content = m.content } }
  end
  local list = {}
  for _, call in ipairs(m.thinks and m.tool_calls or {}) do
    for _, thought in ipairs(thoughts_of(call) or {}) do list[#list + 1] = thought end
  end
  for _, one in ipairs(m.images or {}) do list[#list + 1] = image(one) end
  if common.text(m.content) then list[#list + 1] = { type = "text", text = m.content } end
  for _, call in ipairs(m.tool_calls or {}) do
    list[#list + 1] = { type = "tool_use", id = call.id, name = call.name, input = call.arguments }
  end
  return list
end

-- The server caches everything before a mark for five minutes; a cache hit costs a tenth.
local MARK = { type = "ephemeral" }

local function messages(req, cached, think)
  local list = {}
  local function with_thoughts(m)
    return parts(think and m.tool_calls and setmetatable({ thinks = true }, { __index = m }) or m)
  end
  for _, entry in ipairs(common.by_speaker(req.messages, role, with_thoughts)) do
    if #entry.parts > 0 then list[#list + 1] = { role = entry.role, content = entry.parts } end
  end
  -- Everything but the new part: the next prompt begins with the same.
  local stable = cached and list[#list - 1]
  if stable then stable.content[#stable.content].cache_control = MARK end
  return list
end

local function system(req, cached)
  if not common.text(req.system) then return nil end
  return { { type = "text", text = req.system, cache_control = cached and MARK or nil } }
end

local function tools(req)
  if not req.tools or #req.tools == 0 then return nil end
  local list = {}
  for i, tool in ipairs(req.tools) do
    list[i] = { name = tool.name, description = tool.description, input_schema = tool.parameters }
  end
  return list
end

-- Whether calls are answered whose thoughts are not known, of another model for example: it goes on without.
local function has_lost_thoughts(req)
  for i = #req.messages, 1, -1 do
    local m = req.messages[i]
    if m.role == "assistant" then
      local first = (m.tool_calls or {})[1]
      return first ~= nil and not thoughts_of(first)
    end
  end
  return false
end

local function thinking(req)
  if has_lost_thoughts(req) then return nil end
  local budget = THINKING[req.reasoning_effort or ""]
  return budget and { type = "enabled", budget_tokens = budget } or nil
end

--- The HTTP request for a chat.  conf: {model, base_url or nil, secret (name) or nil, without, facts}.
function M.request(all, conf)
  local req, cached = common.reduced(all, conf), not (conf.without or {}).cache_control
  local think, limit = thinking(req), req.max_tokens or M.max_tokens
  return {
    url = (conf.base_url or M.default_url) .. "/messages",
    headers = {
      ["x-api-key"] = conf.secret and "${secret:" .. conf.secret .. "}",
      ["anthropic-version"] = M.version,
    },
    body = {
      model = conf.model, system = system(req, cached), messages = messages(req, cached, think), tools = tools(req),
      max_tokens = limit + (think and think.budget_tokens or 0), stream = true, thinking = think,
      temperature = not think and req.temperature or nil, -- one excludes the other
    },
    optional = {
      tools = req.tools and #req.tools > 0, reasoning_effort = think ~= nil, images = common.has_images(req),
      temperature = not think and (req.temperature or nil) ~= nil, cache_control = cached,
    },
  }
end

local on = {}

-- Input tokens are reported without those written to or read from the prompt cache.
local function usage(out, value)
  local u = common.table(value)
  local input = tonumber(u.input_tokens)
  for _, name in ipairs { "cache_creation_input_tokens", "cache_read_input_tokens" } do
    if input then input = input + (tonumber(u[name]) or 0) end
  end
  out:usage(input, u.output_tokens)
end

function on.message_start(out, data) usage(out, common.table(data.message).usage) end

-- Thoughts -----------------------------------------------------------------------------------------------

local function begin_thought(state, index, block)
  state.thoughts, state.thought = state.thoughts or {}, state.thought or {}
  local thought = { type = block.type, data = common.text(block.data), pieces = { common.text(block.thinking) },
                    signature = common.text(block.signature) }
  state.thoughts[#state.thoughts + 1], state.thought[index] = thought, thought
  state.thought_bytes = (state.thought_bytes or 0) + #(thought.data or thought.pieces[1] or "")
end

local function go_on_thinking(state, index, delta)
  local thought, piece = (state.thought or {})[index], common.text(delta.thinking)
  if not thought then return end
  thought.signature = common.text(delta.signature) or thought.signature
  if not piece or state.thought_bytes > THOUGHTS_BYTES then return end
  thought.pieces[#thought.pieces + 1], state.thought_bytes = piece, state.thought_bytes + #piece
end

-- What goes with the next call; only what the server has signed is of use to it.
local function taken(state)
  local list = {}
  for _, thought in ipairs(state.thought_bytes and state.thought_bytes <= THOUGHTS_BYTES and state.thoughts or {}) do
    if thought.data then
      list[#list + 1] = { type = thought.type, data = thought.data }
    elseif thought.signature then
      list[#list + 1] = { type = thought.type, thinking = table.concat(thought.pieces), signature = thought.signature }
    end
  end
  state.thoughts = {}
  return list[1] and { thoughts = list } or nil
end

-- Blocks are numbered; some servers give all the same number, or none.  The server's own tools are ignored.
function on.content_block_start(out, data, state)
  local block, index = common.table(data.content_block), tonumber(data.index) or 0
  state.tools = state.tools or {}
  state.tools[index] = nil
  if block.type == "tool_use" then
    state.n = (state.n or 0) + 1
    state.tools[index] = state.n
    -- Its input is an empty object here and follows in pieces; some servers send it at once.
    local input = next(common.table(block.input)) ~= nil and block.input or nil
    out:tool(state.n, { id = common.text(block.id), name = common.text(block.name), arguments = input,
                          extra = taken(state) })
  elseif block.type == "thinking" or block.type == "redacted_thinking" then
    begin_thought(state, index, block)
  elseif block.type == "text" then
    out:text(block.text)
  end
end

function on.content_block_delta(out, data, state)
  local delta = common.table(data.delta)
  if delta.type == "text_delta" then
    out:text(delta.text)
  elseif delta.type == "thinking_delta" or delta.type == "signature_delta" then
    go_on_thinking(state, tonumber(data.index) or 0, delta)
  elseif delta.type == "input_json_delta" then
    local key = (state.tools or {})[tonumber(data.index) or 0]
    if key then out:tool(key, { arguments = delta.partial_json }) end
  end
end

function on.message_delta(out, data, state)
  usage(out, data.usage)
  local reason = common.text(common.table(data.delta).stop_reason)
  if reason == "refusal" then
    return out:fail { code = "blocked", message = "anthropic: the model refused to answer" }
  end
  if reason and not STOP[reason] then return out:broken(reason) end
  state.stop = reason and STOP[reason] or state.stop
end

-- A whole answer, from a server that does not stream.
function on.message(out, data, state)
  usage(out, data.usage)
  for i, block in ipairs(common.table(data.content)) do
    on.content_block_start(out, { index = i, content_block = block }, state)
  end
  on.message_delta(out, { delta = data }, state)
  out:stop(state.stop)
end

function on.message_stop(out, _, state)
  out:stop(state.stop)
  out:finish()
end

--- One event of the stream.  Unknown kinds are skipped, as the documentation asks; so are pings.
function M.event(out, data, state, name)
  local is_error = data.type == "error" or name == "error" or data.type == nil and data.detail ~= nil
  if is_error or common.text(data.error) or next(common.table(data.error)) ~= nil then
    return out:fail(M.stream_error(data))
  end
  local handler = on[data.type]
  if handler then handler(out, data, state) end
end

-- The status that the same error would have had.
local STATUS = {
  overloaded_error = 529, rate_limit_error = 429, timeout_error = 504, authentication_error = 401, billing_error = 402,
  permission_error = 403, not_found_error = 404, request_too_large = 413,
}

function M.stream_error(data)
  local kind = common.table(data.error).type
  local err = common.stream_error("anthropic", data)
  if err.code ~= "provider_error" or not STATUS[kind] then return err end
  return common.http_error("anthropic", STATUS[kind], data)
end

--- An answer with an error status (529: overloaded).
function M.error(status, body) return common.http_error("anthropic", status, body) end

return M
