-- scripts/agent/providers/ollama.lua -- models on a machine of one's own, /api/chat.
-- https://github.com/ollama/ollama/blob/main/docs/api.md: JSON lines; the last one has done = true and
-- the token counts.  Tool calls come whole and without ids.

local common = require "agent.providers.common"

local M = {
  name = "ollama", framing = "lines", default_url = "http://127.0.0.1:11434",
  host_setting = "ollama_host", host_port = 11434, keyless = true,
}

local function message(m)
  local out = { role = m.role, content = m.content or "" }
  if m.tool_calls and #m.tool_calls > 0 then
    out.tool_calls = {}
    for i, call in ipairs(m.tool_calls) do
      out.tool_calls[i] = { ["function"] = { name = call.name, arguments = call.arguments } }
    end
  end
  return out
end

-- A result names its tool.
local function messages(req)
  local list, names = {}, {}
  if req.system then list[1] = { role = "system", content = req.system } end
  for _, m in ipairs(req.messages) do
    local out = message(m)
    for _, call in ipairs(m.tool_calls or {}) do names[call.id] = call.name end
    if m.role == "tool" then out.tool_name = names[m.tool_call_id] end
    list[#list + 1] = out
  end
  return list
end

--- The HTTP request for a chat.  conf: {model, base_url or nil}.
function M.request(req, conf)
  return {
    url = (conf.base_url or M.default_url) .. "/api/chat",
    headers = {},
    body = {
      model = conf.model, messages = messages(req), tools = common.functions(req), stream = true,
      options = { num_predict = req.max_tokens, temperature = req.temperature },
    },
  }
end

--- One line of the stream.
function M.event(out, data, state)
  if common.text(data.error) then
    return out:fail { code = "provider_error", message = "ollama: " .. data.error, retryable = true }
  end
  local m = common.table(data.message)
  out:text(m.content)
  for _, call in ipairs(common.table(m.tool_calls)) do
    local fn = common.table(common.table(call)["function"])
    state.n = (state.n or 0) + 1
    out:tool(state.n, { name = common.text(fn.name), arguments = fn.arguments })
  end
  if data.done ~= true then return end
  out:usage(data.prompt_eval_count, data.eval_count)
  out:stop(data.done_reason == "length" and "length" or "stop")
  out:finish()
end

--- An answer with an error status (404: the model has not been pulled).
function M.error(status, body) return common.http_error("ollama", status, body) end

return M
