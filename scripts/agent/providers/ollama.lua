-- scripts/agent/providers/ollama.lua -- models on your own machine, /api/chat.
-- https://github.com/ollama/ollama/blob/main/docs/api.md: JSON lines; the last one has done = true and
-- the token counts.  Tool calls come whole and often without ids.

local common = require "agent.providers.common"

local M = {
  name = "ollama", framing = "lines", default_url = "http://127.0.0.1:11434",
  host_setting = "ollama_host", host_port = 11434, keyless = true,
  -- Ollama cuts a longer prompt silently, at 4096 tokens by default.  It allocates memory for all of num_ctx, and
  -- reloads the model when that changes: hence a medium number, always the same.
  window = 8192,
}

-- An answer that ends with "load" or "unload" was cut off; old servers give no reason.
local STOP = { stop = "stop", length = "length", tool_calls = "tool_calls", [""] = "stop" }

local function images(m)
  local list = {}
  for _, one in ipairs(m.images or {}) do list[#list + 1] = one.data end
  return #list > 0 and list or nil
end

-- It takes images only as data; others are replaced by a note.
local function seen(m)
  if m.images and #m.images > 0 and not images(m) then return common.noted(m) end
  return m
end

local function message(m)
  m = seen(m)
  local out = { role = m.role, content = m.content or "", images = images(m) }
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

local GPT_OSS = { none = "low", minimal = "low", xhigh = "high" }

-- gpt-oss is told how hard to think, others whether.
local function think(req, conf)
  local wanted = req.reasoning_effort
  if not wanted or common.table(conf.facts).thinks == false then return nil end
  if conf.model:find("gpt-oss", 1, true) then return GPT_OSS[wanted] or wanted end
  return wanted ~= "minimal" and wanted ~= "none"
end

--- The HTTP request for a chat.  conf: {model, base_url or nil, window, without, facts}.
function M.request(all, conf)
  local req, without = common.reduced(all, conf), conf.without or {}
  local body = {
    model = conf.model, messages = messages(req), tools = common.functions(req), stream = true,
    think = think(req, conf),
    options = {
      num_predict = not without.max_tokens and req.max_tokens or nil, temperature = req.temperature or nil,
      num_ctx = not without.num_ctx and conf.window or nil,
    },
  }
  return {
    url = (conf.base_url or M.default_url) .. "/api/chat", headers = {}, body = body,
    optional = {
      tools = body.tools ~= nil, reasoning_effort = body.think ~= nil, images = common.has_images(req),
      temperature = body.options.temperature ~= nil, num_ctx = body.options.num_ctx ~= nil,
      max_tokens = body.options.num_predict ~= nil, system = common.text(req.system) ~= nil,
    },
  }
end

local function tool_calls(out, state, m)
  for _, call in ipairs(common.table(m.tool_calls)) do
    call = common.table(call)
    local fn = common.table(call["function"])
    state.n = (state.n or 0) + 1
    out:tool(state.n, { id = common.text(call.id), name = common.text(fn.name), arguments = fn.arguments })
  end
end

--- One line of the stream.
function M.event(out, data, state)
  if common.text(data.error) or next(common.table(data.error)) ~= nil then
    return out:fail(common.stream_error("ollama", data))
  end
  local m = common.table(data.message)
  out:text(common.content(m.content))
  tool_calls(out, state, m)
  if data.done ~= true then return end
  out:usage(data.prompt_eval_count, data.eval_count)
  local reason = STOP[common.text(data.done_reason) or ""]
  if reason then out:stop(reason) else out:broken(data.done_reason) end
  out:finish()
end

--- An answer with an error status (404: the model has not been pulled).
function M.error(status, body) return common.http_error("ollama", status, body) end

return M
