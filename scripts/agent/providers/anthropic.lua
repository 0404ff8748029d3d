-- scripts/agent/providers/anthropic.lua -- Anthropic messages.
-- https://docs.anthropic.com/en/docs/build-with-claude/streaming: message_start, then content blocks
-- (start, deltas, stop), message_delta with the stop reason, message_stop; pings and errors anywhere.

local common = require "agent.providers.common"

local M = {
  name = "anthropic", framing = "sse", default_url = "https://api.anthropic.com/v1",
  secret = "anthropic", key_name = "ANTHROPIC_API_KEY", version = "2023-06-01",
  max_tokens = 1024, -- the API requires a limit; used where the caller gives none
}

local STOP = {
  end_turn = "stop", stop_sequence = "stop", pause_turn = "stop", tool_use = "tool_calls",
  max_tokens = "length", model_context_window_exceeded = "length",
}

local RETRYABLE = { overloaded_error = true, api_error = true, rate_limit_error = true, timeout_error = true }

-- Tool results are said by the user, in Anthropic's terms.
local function role(m) return m.role == "assistant" and "assistant" or "user" end

local function parts(m)
  if m.role == "tool" then
    return { { type = "tool_result", tool_use_id = m.tool_call_id, content = m.content } }
  end
  local list = {}
  if common.text(m.content) then list[1] = { type = "text", text = m.content } end
  for _, call in ipairs(m.tool_calls or {}) do
    list[#list + 1] = { type = "tool_use", id = call.id, name = call.name, input = call.arguments }
  end
  return list
end

local function messages(req)
  local list = {}
  for _, entry in ipairs(common.by_speaker(req.messages, role, parts)) do
    if #entry.parts > 0 then list[#list + 1] = { role = entry.role, content = entry.parts } end
  end
  return list
end

local function tools(req)
  if not req.tools or #req.tools == 0 then return nil end
  local list = {}
  for i, tool in ipairs(req.tools) do
    list[i] = { name = tool.name, description = tool.description, input_schema = tool.parameters }
  end
  return list
end

--- The HTTP request for a chat.  conf: {model, base_url or nil, secret (name) or nil}.
function M.request(req, conf)
  return {
    url = (conf.base_url or M.default_url) .. "/messages",
    headers = {
      ["x-api-key"] = conf.secret and "${secret:" .. conf.secret .. "}",
      ["anthropic-version"] = M.version,
    },
    body = {
      model = conf.model, system = req.system, messages = messages(req), tools = tools(req),
      max_tokens = req.max_tokens or M.max_tokens, temperature = req.temperature, stream = true,
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

function on.content_block_start(out, data)
  local block = common.table(data.content_block)
  if block.type == "tool_use" then
    out:tool(data.index, { id = common.text(block.id), name = common.text(block.name) })
  elseif block.type == "text" then
    out:text(block.text)
  end
end

function on.content_block_delta(out, data)
  local delta = common.table(data.delta)
  if delta.type == "text_delta" then
    out:text(delta.text)
  elseif delta.type == "input_json_delta" then
    out:tool(data.index, { arguments = delta.partial_json })
  end
end

function on.message_delta(out, data, state)
  usage(out, data.usage)
  local reason = common.text(common.table(data.delta).stop_reason)
  if reason == "refusal" then
    return out:fail { code = "blocked", message = "anthropic: the model refused to answer" }
  end
  state.stop = reason and (STOP[reason] or "stop") or state.stop
end

function on.message_stop(out, _, state)
  out:stop(state.stop)
  out:finish()
end

function on.error(out, data)
  local kind = common.table(data.error).type
  out:fail {
    code = kind == "overloaded_error" and "overloaded" or "provider_error",
    retryable = RETRYABLE[kind] or false,
    message = "anthropic: " .. (common.message(data) or tostring(kind)),
  }
end

--- One event of the stream.  Unknown kinds are skipped, as the documentation asks; so are pings.
function M.event(out, data, state)
  local handler = on[data.type]
  if handler then handler(out, data, state) end
end

--- An answer with an error status (529: overloaded).
function M.error(status, body) return common.http_error("anthropic", status, body) end

return M
