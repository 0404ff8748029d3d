-- scripts/agent/providers/openai.lua -- OpenAI chat completions, and the many servers that speak them.
-- https://platform.openai.com/docs/api-reference/chat-streaming.  agent.providers.openai_stream parses the answers;
-- agent.providers.presets lists the known servers and their differences.

local json = require "human.json"
local common = require "agent.providers.common"
local stream = require "agent.providers.openai_stream"

local M = {}

local function tool_call(call)
  return {
    id = call.id, type = "function",
    ["function"] = { name = call.name, arguments = json.encode(call.arguments) },
  }
end

local function image(one)
  local url = one.url or "data:" .. one.media_type .. ";base64," .. one.data
  return { type = "image_url", image_url = { url = url } }
end

local function content(m)
  if not m.images or #m.images == 0 then return m.content or "" end
  local parts = {}
  if common.text(m.content) then parts[1] = { type = "text", text = m.content } end
  for _, one in ipairs(m.images) do parts[#parts + 1] = image(one) end
  return parts
end

local function message(m)
  local out = { role = m.role, content = content(m), tool_call_id = m.tool_call_id }
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

-- The field names of the token limit, in the order in which they are tried: newer models of OpenAI refuse max_tokens,
-- most other servers know nothing else.
local function limit_name(preset, conf)
  local newer = preset.newer_limit and not (preset.name == "openai" and conf.base_url)
  local first, second = "max_tokens", "max_completion_tokens"
  if newer then first, second = second, first end
  local without = conf.without or {}
  if not without[first] then return first end
  return not without[second] and second or nil
end

-- The URL of the call: the base URL may have a query, or already include the path of the call.
local function address(base)
  local path, query = base:match "^([^?]*)(.*)$"
  if path:sub(-17) ~= "/chat/completions" then path = path .. "/chat/completions" end
  return path .. query
end

local function header(preset, conf)
  if not conf.secret then return {} end
  local key = "${secret:" .. conf.secret .. "}"
  if preset.key_header then return { [preset.key_header] = key } end
  return { authorization = "Bearer " .. key }
end

-- The reasoning effort in this server's terms.  For an unknown model it is sent only to known servers, which ignore it
-- or say that they refuse it.
local function effort(preset, req, conf)
  local wanted, thinks = req.reasoning_effort, common.table(conf.facts).thinks
  if thinks == nil then thinks = not (preset.name == "openai" and conf.base_url) end
  if not wanted or not thinks then return nil end
  return (preset.efforts or {})[wanted] or wanted
end

local function request(preset, all, conf)
  local req, without = common.reduced(all, conf), conf.without or {}
  local body = {
    model = conf.model, messages = messages(req), tools = common.functions(req), temperature = req.temperature or nil,
    stream = true, stream_options = not (preset.no_stream_options or without.stream_options)
      and { include_usage = true } or nil,
  }
  local name = limit_name(preset, conf)
  if name then body[name] = req.max_tokens end
  local how = effort(preset, req, conf)
  if how and preset.effort_object then body.reasoning = { effort = how } else body.reasoning_effort = how end
  return {
    url = address(conf.base_url or preset.default_url), headers = header(preset, conf), body = body,
    optional = {
      tools = body.tools ~= nil, temperature = body.temperature ~= nil, stream_options = body.stream_options ~= nil,
      reasoning_effort = how ~= nil, images = common.has_images(req), system = body.messages[1].role == "system",
      max_tokens = body.max_tokens ~= nil, max_completion_tokens = body.max_completion_tokens ~= nil,
    },
  }
end

--- A provider that speaks this dialect.  preset: name, default_url, secret (its name) and key_name (the variable),
--- or keyless; hosts (of the service, when not that of default_url), key_header, newer_limit, no_stream_options,
--- efforts, effort_object, slashes (its models have names with "/"), window, complete(url).
function M.new(preset)
  preset.framing = "sse"
  --- The HTTP request for a chat.  conf: {model, base_url or nil, secret (name) or nil, without, facts}.
  function preset.request(req, conf) return request(preset, req, conf) end
  --- One event of the stream (or a whole answer that was not streamed).
  function preset.event(out, data, state, name) return stream.event(preset.name, out, data, state, name) end
  --- An answer with an error status.
  function preset.error(status, body) return common.http_error(preset.name, status, body) end
  return preset
end

local openai = M.new {
  name = "openai", default_url = "https://api.openai.com/v1", secret = "openai", key_name = "OPENAI_API_KEY",
  newer_limit = true,
}
openai.new = M.new

return openai
