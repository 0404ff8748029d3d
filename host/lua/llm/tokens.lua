-- host/lua/llm/tokens.lua -- estimates the number of tokens in a text.  Pure.
-- There is no tokenizer: each family of models has its own, of several megabytes.  The estimate errs on the safe
-- side for scripts in which a character is a token or more; a server that counts corrects it (llm/learned).

local json = require "human.json"

local M = {}

local byte, ceil = string.byte, math.ceil

-- Tokens of a character by its length in UTF-8: Latin letters share one, a Chinese one may need two.
local OF_ASCII, OF_TWO, OF_THREE, OF_FOUR = 1 / 4, 1, 1.5, 3
local OF_IMAGE = 1000
local OF_MESSAGE = 4 -- for the markers of its start, end and role

local function weight(text)
  local ascii, two, three, four = 0, 0, 0, 0
  for i = 1, #text do
    local b = byte(text, i)
    if b < 128 then ascii = ascii + 1
    elseif b >= 240 then four = four + 1
    elseif b >= 224 then three = three + 1
    elseif b >= 192 then two = two + 1
    end
  end
  return ascii * OF_ASCII + two * OF_TWO + three * OF_THREE + four * OF_FOUR
end

--- The tokens of a text.
function M.of_text(text) return ceil(weight(text)) end

local weights = setmetatable({}, { __mode = "k" }) -- of tool definitions, which do not change

local function weight_of_tool(tool)
  local n = weights[tool]
  if not n then
    n = weight(json.encode(tool))
    weights[tool] = n
  end
  return n
end

--- The tokens of tool definitions, with the brackets and commas of their list.
function M.of_tools(tools)
  if not tools or #tools == 0 then return 0 end
  local n = (#tools + 1) * OF_ASCII
  for _, tool in ipairs(tools) do n = n + weight_of_tool(tool) end
  return ceil(n)
end

local function weight_of(m)
  local n = weight(m.content or "") + (m.images and #m.images or 0) * OF_IMAGE
  for _, call in ipairs(m.tool_calls or {}) do n = n + weight(json.encode(call.arguments)) end
  return n
end

--- The tokens of a request: its texts and, if `whole`, the markers around them.
function M.of_request(req, whole)
  local n = weight(req.system or "")
  for _, m in ipairs(req.messages) do n = n + weight_of(m) + (whole and OF_MESSAGE or 0) end
  return ceil(n) + M.of_tools(req.tools)
end

return M
