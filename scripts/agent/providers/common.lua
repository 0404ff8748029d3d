-- scripts/agent/providers/common.lua -- what all model servers have in common: how they say no.

local M = {}

-- HTTP status -> code, and whether the same request may succeed a little later.
local STATUS = {
  [400] = { "bad_request", false },  [401] = { "unauthorized", false }, [402] = { "no_credit", false },
  [403] = { "unauthorized", false }, [404] = { "model_not_found", false },
  [408] = { "timeout", true },       [409] = { "overloaded", true },    [413] = { "too_large", false },
  [422] = { "bad_request", false },  [425] = { "overloaded", true },    [429] = { "rate_limited", true },
  [503] = { "overloaded", true },    [504] = { "timeout", true },       [529] = { "overloaded", true },
}

local MAX_MESSAGE = 300

--- The value when it is a string with something in it, else nil (JSON null is neither).
function M.text(value)
  return type(value) == "string" and value ~= "" and value or nil
end

--- The value when it is a table, else an empty one.
function M.table(value)
  return type(value) == "table" and value or {}
end

--- The server's own words in an error body: {error = {message}}, {error = "…"} or {message = "…"}.
function M.message(body)
  body = M.table(body)
  local err = body.error
  local text = type(err) == "table" and M.text(err.message) or M.text(err) or M.text(body.message)
  return text and text:sub(1, MAX_MESSAGE) or nil
end

--- An HTTP error status and its decoded body (nil when it is not JSON) as
--- {code, message, status, retryable}.
function M.http_error(name, status, body)
  local known = STATUS[status] or { "provider_error", status >= 500 }
  local why = M.message(body) or "it gave no reason"
  return {
    code = known[1], retryable = known[2], status = status,
    message = name .. " answered " .. status .. ": " .. why,
  }
end

--- The tools of a request as OpenAI and Ollama want them; nil when there are none.
function M.functions(req)
  if not req.tools or #req.tools == 0 then return nil end
  local list = {}
  for i, tool in ipairs(req.tools) do
    list[i] = { type = "function", ["function"] = {
      name = tool.name, description = tool.description, parameters = tool.parameters,
    } }
  end
  return list
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
