-- scripts/agent/providers/openai.lua -- OpenAI chat completions, and the many servers that speak them.
-- https://platform.openai.com/docs/api-reference/chat-streaming.  Other servers (llm.base_url) often
-- leave out usage, the [DONE] marker, tool call ids or indexes: none of them is needed here.  A
-- finish_reason is: without it the answer was cut.

local json = require "human.json"
local common = require "agent.providers.common"

local M = {
  name = "openai", framing = "sse", default_url = "https://api.openai.com/v1",
  secret = "openai", key_name = "OPENAI_API_KEY",
}

local STOP = { stop = "stop", length = "length", tool_calls = "tool_calls", function_call = "tool_calls" }

local function tool_call(call)
  return {
    id = call.id, type = "function",
    ["function"] = { name = call.name, arguments = json.encode(call.arguments) },
  }
end

local function message(m)
  local out = { role = m.role, content = m.content or "", tool_call_id = m.tool_call_id }
  if m.tool_calls and #m.tool_calls > 0 then
    out.tool_calls = {}
    for i, call in ipairs(m.tool_calls) do out.tool_calls[i] = tool_call(call) end
  end
  return out
end

local function messages(req)
  local list = {}
  if req.system then list[1] = { role = "system", content = req.system } end
  for _, m in ipairs(req.messages) do list[#list + 1] = message(m) end
  return list
end

--- The HTTP request for a chat.  conf: {model, base_url or nil, secret (name) or nil}.
function M.request(req, conf)
  local own = not conf.base_url
  local body = {
    model = conf.model, messages = messages(req), tools = common.functions(req), temperature = req.temperature,
    stream = true, stream_options = { include_usage = true },
  }
  -- OpenAI's newer models refuse max_tokens; other servers know nothing else.
  body[own and "max_completion_tokens" or "max_tokens"] = req.max_tokens
  return {
    url = (conf.base_url or M.default_url) .. "/chat/completions",
    headers = { authorization = conf.secret and "Bearer ${secret:" .. conf.secret .. "}" },
    body = body,
  }
end

local function tool_part(out, state, part)
  local fn = common.table(part["function"])
  local id = common.text(part.id)
  local index = part.index
  if type(index) ~= "number" then
    -- A new id opens a call; a piece without one continues the last.
    if id and id ~= state.last_id then state.n = (state.n or -1) + 1 end
    index = state.n or 0
  end
  state.last_id = id or state.last_id
  out:tool(index, { id = id, name = common.text(fn.name), arguments = fn.arguments })
end

-- An error where the stream had begun with status 200; routers put the status into its code.
local function stream_error(data)
  local err = common.table(data.error)
  local status = tonumber(err.code)
  if status and status >= 400 and status <= 599 then return M.error(status, data) end
  return {
    code = err.code == "invalid_api_key" and "unauthorized" or "provider_error",
    retryable = err.type ~= "invalid_request_error" and err.type ~= "authentication_error",
    message = "openai: " .. (common.message(data) or "it gave no reason"),
  }
end

--- One event of the stream (or a whole answer that was not streamed).
function M.event(out, data, state)
  if type(data.error) == "table" or common.text(data.error) then return out:fail(stream_error(data)) end
  local usage = common.table(data.usage)
  out:usage(usage.prompt_tokens, usage.completion_tokens)
  local choice = common.table(common.table(data.choices)[1])
  local delta = type(choice.delta) == "table" and choice.delta or common.table(choice.message)
  out:text(common.text(delta.content) or common.text(delta.refusal))
  for _, part in ipairs(common.table(delta.tool_calls)) do tool_part(out, state, part) end
  local reason = common.text(choice.finish_reason)
  if reason == "content_filter" then
    out:fail { code = "blocked", message = "openai: the answer was withheld by its content filter" }
  elseif reason then
    out:stop(STOP[reason] or "stop")
  end
end

--- An answer with an error status.
function M.error(status, body)
  local err = common.http_error("openai", status, body)
  local code = common.table(common.table(body).error).code
  if code == "insufficient_quota" then err.code, err.retryable = "no_credit", false end
  return err
end

return M
