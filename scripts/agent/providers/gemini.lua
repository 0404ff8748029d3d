-- scripts/agent/providers/gemini.lua -- Google Gemini, streamGenerateContent.
-- https://ai.google.dev/api/generate-content.  Each event is a whole GenerateContentResponse; function
-- calls come whole.  An answer that the safety filters block is an error, never a shortened answer.

local json = require "human.json"
local common = require "agent.providers.common"

local M = {
  name = "gemini", framing = "sse",
  default_url = "https://generativelanguage.googleapis.com/v1beta",
  secret = "gemini", key_name = "GEMINI_API_KEY",
}

-- The keywords that a Schema of the API may have; it refuses requests with others of JSON Schema.
local SCHEMA = {}
for name in ([[type format title description nullable enum items minItems maxItems properties required
  minProperties maxProperties minLength maxLength pattern minimum maximum anyOf]]):gmatch "%S+" do
  SCHEMA[name] = true
end

local BLOCKED = {
  SAFETY = true, RECITATION = true, BLOCKLIST = true, PROHIBITED_CONTENT = true, SPII = true, LANGUAGE = true,
  IMAGE_SAFETY = true, IMAGE_PROHIBITED_CONTENT = true, IMAGE_RECITATION = true, MODEL_ARMOR = true, ESCALATION = true,
}

-- The model wrote an invalid call.
local BAD_CALL = { MALFORMED_FUNCTION_CALL = true, UNEXPECTED_TOOL_CALL = true, TOO_MANY_TOOL_CALLS = true }

-- All other reasons (OTHER, MALFORMED_RESPONSE, …) end half an answer.
local STOP = { STOP = "stop", MAX_TOKENS = "length" }

-- The status that an error without a number would have had.
local STATUS = {
  RESOURCE_EXHAUSTED = 429, UNAVAILABLE = 503, DEADLINE_EXCEEDED = 504, INVALID_ARGUMENT = 400,
  FAILED_PRECONDITION = 400, UNAUTHENTICATED = 401, PERMISSION_DENIED = 403, NOT_FOUND = 404,
}

-- Thinking budget in tokens, by reasoning_effort, for models before Gemini 3; later ones take the word itself.
local THINKING = { none = 0, minimal = 512, low = 2048, medium = 4096, high = 16384, xhigh = 32768 }
local LEVELS = { none = "minimal", xhigh = "high" }

local schema_of

local function map(values, fn)
  local out = {}
  for key, value in pairs(values) do out[key] = fn(value) end
  return json.is_array(values) and json.array(out) or out
end

-- It has its own names for types, and allows one type only; `nullable` stands for null beside it.
local function type_of(schema, out)
  local kinds = type(schema.type) == "table" and schema.type or { schema.type }
  out.type = nil
  for _, kind in ipairs(kinds) do
    if kind == "null" then out.nullable = true else out.type = out.type or tostring(kind):upper() end
  end
end

function schema_of(schema)
  if type(schema) ~= "table" then return schema end
  local out = {}
  for key, value in pairs(schema) do
    if SCHEMA[key] then out[key] = value end
  end
  if schema.const ~= nil then out.enum = { schema.const } end
  type_of(schema, out)
  if out.properties then out.properties = map(out.properties, schema_of) end
  if out.items then out.items = schema_of(out.items) end
  if out.anyOf then out.anyOf = map(out.anyOf, schema_of) end
  return out
end

-- It refuses an object without properties: such a function is declared without parameters.
local function parameters(schema)
  if not schema or next(common.table(schema.properties)) == nil then return nil end
  return schema_of(schema)
end

local function tools(req)
  if not req.tools or #req.tools == 0 then return nil end
  local list = {}
  for i, tool in ipairs(req.tools) do
    list[i] = {
      name = tool.name, description = tool.description, parameters = parameters(tool.parameters),
    }
  end
  return { { functionDeclarations = list } }
end

local function call_part(call)
  return {
    functionCall = { name = call.name, args = call.arguments },
    thoughtSignature = common.text(call.extra),
  }
end

local TYPES = { png = "image/png", webp = "image/webp", gif = "image/gif", heic = "image/heic" }

-- An address needs a media type here; if its name shows none, it is most likely a photograph.
local function image_part(one)
  if one.data then return { inlineData = { mimeType = one.media_type, data = one.data } } end
  local ending = one.url:match "%.(%w+)$" or one.url:match "%.(%w+)[?#]" or ""
  return { fileData = { mimeType = one.media_type or TYPES[ending:lower()] or "image/jpeg", fileUri = one.url } }
end

-- A function's result refers to the function by name: the id of the call is ours.
local function parts_with(names)
  return function(m)
    if m.role == "tool" then
      local name = names[m.tool_call_id] or m.tool_call_id
      return { { functionResponse = { name = name, response = { result = m.content } } } }
    end
    local list = {}
    for _, one in ipairs(m.images or {}) do list[#list + 1] = image_part(one) end
    if common.text(m.content) then list[#list + 1] = { text = m.content } end
    for _, call in ipairs(m.tool_calls or {}) do
      names[call.id] = call.name
      list[#list + 1] = call_part(call)
    end
    return list
  end
end

local function role(m) return m.role == "assistant" and "model" or "user" end

local function thinking(req, conf)
  local wanted = req.reasoning_effort
  if not wanted or common.table(conf.facts).thinks == false then return nil end
  if conf.model:find("gemini-3", 1, true) then return { thinkingLevel = LEVELS[wanted] or wanted } end
  return { thinkingBudget = THINKING[wanted] }
end

--- The HTTP request for a chat.  conf: {model, base_url or nil, secret (name) or nil, without, facts}.
function M.request(all, conf)
  local req, contents = common.reduced(all, conf), {}
  for _, entry in ipairs(common.by_speaker(req.messages, role, parts_with {})) do
    if #entry.parts > 0 then contents[#contents + 1] = entry end
  end
  local base, think = conf.base_url or M.default_url, thinking(req, conf)
  local limit = not (conf.without or {}).max_tokens and req.max_tokens or nil
  return {
    url = base .. "/models/" .. conf.model:gsub("^models/", "") .. ":streamGenerateContent?alt=sse",
    headers = { ["x-goog-api-key"] = conf.secret and "${secret:" .. conf.secret .. "}" },
    body = {
      systemInstruction = req.system and { parts = { { text = req.system } } } or nil,
      contents = contents, tools = tools(req),
      generationConfig = { maxOutputTokens = limit, temperature = req.temperature or nil, thinkingConfig = think },
    },
    optional = {
      tools = req.tools and #req.tools > 0, reasoning_effort = think ~= nil, images = common.has_images(req),
      system = common.text(req.system) ~= nil, temperature = (req.temperature or nil) ~= nil, max_tokens = limit ~= nil,
    },
  }
end

local function blocked(out, why)
  out:fail { code = "blocked", message = "gemini: blocked (" .. tostring(why) .. ")" }
end

local function part_of(out, state, part)
  local call = part.functionCall
  if type(call) == "table" then
    state.n = (state.n or 0) + 1
    local args = type(call.args) == "table" and call.args or common.text(call.args) or {}
    out:tool(state.n, {
      id = common.text(call.id), name = common.text(call.name), arguments = args,
      extra = common.text(part.thoughtSignature),
    })
  elseif part.thought ~= true then
    out:text(part.text)
  end
end

local function stop(out, reason)
  if reason == "FINISH_REASON_UNSPECIFIED" then return end -- none is given yet
  if BLOCKED[reason] then return blocked(out, reason) end
  if BAD_CALL[reason] then
    return out:fail { code = "bad_response", message = "gemini: " .. reason, retryable = true }
  end
  if STOP[reason] then out:stop(STOP[reason]) else out:broken(reason) end
end

--- One event of the stream.
function M.event(out, data, state)
  if common.text(data.error) or next(common.table(data.error)) ~= nil then
    local err = common.table(data.error)
    return out:fail(M.error(tonumber(err.code) or STATUS[err.status] or 500, data))
  end
  local feedback = common.table(data.promptFeedback)
  if common.text(feedback.blockReason) then return blocked(out, feedback.blockReason) end
  local usage = common.table(data.usageMetadata)
  local output = tonumber(usage.candidatesTokenCount)
  if output then output = output + (tonumber(usage.thoughtsTokenCount) or 0) end
  out:usage(usage.promptTokenCount, output)
  local candidate = common.table(common.table(data.candidates)[1])
  for _, part in ipairs(common.table(common.table(candidate.content).parts)) do
    part_of(out, state, common.table(part))
  end
  local reason = common.text(candidate.finishReason)
  if reason then stop(out, reason) end
end

-- google.rpc.RetryInfo: {"retryDelay": "34s"}
local function retry_after(body)
  body = common.table(body)
  if body[1] then body = common.table(body[1]) end -- without alt=sse errors come in an array
  for _, detail in ipairs(common.table(common.table(body.error).details)) do
    local seconds = type(detail) == "table" and tostring(detail.retryDelay):match "^([%d.]+)s$"
    if seconds then return tonumber(seconds) end
  end
end

--- An answer with an error status.  A wrong key is a 400 here.
function M.error(status, body)
  local err = common.http_error("gemini", status, body)
  err.retry_after_s = retry_after(body)
  return err
end

return M
