-- scripts/marketplace/mcp_content.lua -- what a tool has answered, as the result of a call over MCP.  A tool may answer
-- with such a result itself ({content: [..]}), so that it can send images; anything else is JSON.

local json = require "human.json"
local s = require "human.schema"

local M = {}

local function has_text(v, name) return type(v[name]) == "string" end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

-- Whether an item is one that all revisions know.
local KNOWN = {
  text = function(item) return has_text(item, "text") end,
  image = function(item) return has_text(item, "data") and has_text(item, "mimeType") end,
  audio = function(item) return has_text(item, "data") and has_text(item, "mimeType") end,
  resource = function(item)
    local r = item.resource
    return is_object(r) and has_text(r, "uri") and (has_text(r, "text") or has_text(r, "blob"))
  end,
}

local function is_result(output)
  if not is_object(output) or not json.is_array(output.content) or #output.content == 0 then return false end
  for _, item in ipairs(output.content) do
    local check = is_object(item) and KNOWN[item.type]
    if not check or not check(item) then return false end
  end
  local structured = output.structuredContent
  return (structured == nil or is_object(structured)) and (output.isError == nil or type(output.isError) == "boolean")
end

--- The result of a call whose answer is this JSON value.
function M.of(output)
  if is_result(output) then
    return { content = output.content, structuredContent = output.structuredContent, isError = output.isError }
  end
  return { content = json.array { { type = "text", text = json.encode(output) } },
           structuredContent = is_object(output) and output or { output = output } }
end

--- The same for an operation's own answer, JSON as it is, or "".
function M.of_text(text)
  return { content = json.array { { type = "text", text = text ~= "" and text or "{}" } },
           structuredContent = json.raw(text ~= "" and text or "{}") }
end

--- The result of a call that was refused.
function M.of_refusal(made)
  return { content = json.array { { type = "text", text = ("%s: %s"):format(made.code, made.message) } },
           structuredContent = json.raw(made.body), isError = true }
end

--- Of results, as the documentation shows them.
M.shape = s.object {
  { "content", s.array(s.json) }, { "structuredContent", s.json:optional() }, { "isError", s.bool:optional() },
  { "_meta", s.json:optional() },
}

return M
