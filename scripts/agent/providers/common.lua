-- scripts/agent/providers/common.lua -- what all model servers have in common: building requests and reading
-- refusals.

local json = require "human.json"
local texts = require "human.text"
local refusals = require "agent.providers.refusals"

local M = {}

-- HTTP status -> code, and whether the same request may succeed a little later.
local STATUS = {
  [400] = { "bad_request", false },  [401] = { "unauthorized", false }, [402] = { "no_credit", false },
  [403] = { "unauthorized", false }, [404] = { "model_not_found", false },
  [408] = { "timeout", true },       [409] = { "overloaded", true },    [413] = { "too_large", false },
  [422] = { "bad_request", false },  [425] = { "overloaded", true },    [429] = { "rate_limited", true },
  [498] = { "overloaded", true },    [503] = { "overloaded", true },    [504] = { "timeout", true },
  [529] = { "overloaded", true },
}

local MAX_MESSAGE, MAX_SAYS, MAX_DEPTH = 300, 4000, 6

--- The value when it is a string with something in it, else nil (JSON null is neither).
function M.text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The value when it is a table, else an empty one.
function M.table(value)
  return type(value) == "table" and value or {}
end

--- The text of a content: a string, or a list of parts, some of them text (others are thoughts, or media).
function M.content(value)
  if type(value) ~= "table" then return M.text(value) end
  local list = {}
  for _, part in ipairs(value) do
    if type(part) == "string" then list[#list + 1] = part end
    local kind = type(part) == "table" and (M.text(part.type) or "text")
    if kind == "text" or kind == "output_text" then list[#list + 1] = M.content(part.text) end
  end
  return M.text(table.concat(list))
end

-- Refusals --------------------------------------------------------------------------------------------------

local WORDS = { "message", "error", "detail", "details", "msg", "errors", "reason", "title", "raw", "metadata",
                "status_msg", "base_resp" }
local words

-- FastAPI says {loc = {"body", "stream_options"}, msg = "Extra inputs are not permitted"}.
local function place(value)
  local list = {}
  for _, step in ipairs(M.table(value.loc)) do list[#list + 1] = tostring(step) end
  return #list > 0 and table.concat(list, ".") .. ": " or ""
end

local function listed(value, depth)
  local list = {}
  for _, item in ipairs(value) do list[#list + 1] = words(item, depth + 1) end
  return M.text(table.concat(list, "; "))
end

function words(value, depth)
  if type(value) == "string" then return M.text(texts.trim(value)) end
  if type(value) ~= "table" or depth > MAX_DEPTH then return nil end
  if value[1] ~= nil then return listed(value, depth) end
  for _, name in ipairs(WORDS) do
    local found = words(value[name], depth + 1)
    if found then return place(value) .. found end
  end
end

local function is_page(body) return type(body) == "string" and body:find "^%s*<" ~= nil end

--- The message in an error body: {error = {message}}, {error = "…"}, {message}, {detail}, a list of
--- these, or plain text; nil when there is none.
function M.message(body)
  local text = not is_page(body) and words(body, 0)
  return text and texts.cut(text, MAX_MESSAGE) or nil
end

-- The full text of an error, names and codes included, in lower case, for agent.providers.refusals.
local function says(body)
  if type(body) == "table" then body = json.encode(body) end
  return (texts.cut(type(body) == "string" and body or "", MAX_SAYS):lower())
end

local function error_of(name, status, body, known)
  local all = says(body)
  local code, retryable, window = refusals.read(status, all)
  local told = status and " answered " .. status .. ": " or ": "
  local err = {
    code = code or known[1], status = status, window = window,
    refuses = not code and refusals.fields(status, all) or nil, -- else it means something else
    message = name .. told .. (M.message(body) or "it gave no reason"),
  }
  if code then err.retryable = retryable else err.retryable = known[2] end
  return err
end

--- Turns an HTTP error status and its decoded body (text when it is not JSON, nil when there is none) into {code,
--- message, status, retryable, window (the model's context in tokens), refuses (fields that it may have refused)}.
function M.http_error(name, status, body)
  return error_of(name, status, body, STATUS[status] or { "provider_error", status >= 500 })
end

--- The same for an error in a stream that began with status 200.  Some servers put the status into its code.
function M.stream_error(name, body)
  local err = M.table(body.error)
  for _, value in ipairs { err.code or false, err.status or false, body.code or false, body.status or false,
                        body.status_code or false } do
    local status = tonumber(value)
    if status and status >= 400 and status <= 599 then return M.http_error(name, status, body) end
  end
  local final = err.type == "invalid_request_error" or err.type == "authentication_error"
  return error_of(name, nil, body, { "provider_error", not final })
end

-- Requests --------------------------------------------------------------------------------------------------

--- The tools of a request as OpenAI and Ollama want them; nil when there are none.
function M.functions(req)
  if not req.tools or #req.tools == 0 then return nil end
  local list = {}
  for i, tool in ipairs(req.tools) do
    list[i] = { type = "function", ["function"] = {
      name = tool.name, description = tool.description, parameters = tool.parameters,
      strict = tool.strict and true or nil,
    } }
  end
  return list
end

--- Adapts a request to a server that refuses parts of it (conf.without): drops tools, images (replaced by notes) or
--- temperature; moves the system text in front of the first message.  conf: from llm.
function M.reduced(req, conf)
  local without = conf.without or {}
  local blind = without.images or M.table(conf.facts).sees == false
  local out = { messages = {} }
  for _, name in ipairs { "tools", "temperature", "reasoning_effort" } do
    if without[name] then out[name] = false end
  end
  for i, m in ipairs(req.messages) do out.messages[i] = blind and M.noted(m) or m end
  if without.system and req.system then
    out.system = false
    local first = out.messages[1]
    out.messages[1] = setmetatable({ content = req.system .. "\n\n" .. (first.content or "") }, { __index = first })
  end
  return setmetatable(out, { __index = req })
end

--- A message with a note in place of each image.
function M.noted(m)
  if not m.images or #m.images == 0 then return m end
  local note = ("[image]"):rep(#m.images, " ")
  local content = M.text(m.content) and m.content .. "\n" .. note or note
  return setmetatable({ content = content, images = false }, { __index = m })
end

--- Whether a message of a request has images, so that they can be left out.
function M.has_images(req)
  for _, m in ipairs(req.messages) do
    if m.images and #m.images > 0 then return true end
  end
  return false
end

--- Messages grouped by speaker: consecutive ones for which role(message) is the same make one entry
--- {role = , parts = {…}}; parts(message) lists what a message adds.
function M.by_speaker(messages, role, parts)
  local list = {}
  for _, message in ipairs(messages) do
    local who, last = role(message), list[#list]
    if not last or last.role ~= who then
      last = { role = who, parts = {} }
      list[#list + 1] = last
    end
    for _, part in ipairs(parts(message)) do last.parts[#last.parts + 1] = part end
  end
  return list
end

return M
