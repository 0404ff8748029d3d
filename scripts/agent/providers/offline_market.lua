-- scripts/agent/providers/offline_market.lua -- what an agent without a language model looks up on the marketplace when
-- somebody in a chat asks for it plainly: what there is, and what its own wallet holds.  It only reads.  Pure.

local json = require "human.json"
local texts = require "human.text"
local plain = require "agent.providers.offline_tools"

local M = {}

local SEARCH, BALANCE = "market_search", "market_balance"
local READ_BYTES, QUERY_BYTES, TITLE_BYTES, SAID_BYTES = 500, 100, 80, 200
local SHOWN = 3                                  -- listings
local FEW = SHOWN * 2                            -- that are asked for

local FOR = { "search%s+the%s+marketplace%s+for%s+(.+)", "look%s+on%s+the%s+marketplace%s+for%s+(.+)",
              "search%s+for%s+(.-)%s+on%s+the%s+marketplace", "look%s+for%s+(.-)%s+on%s+the%s+marketplace",
              "find%s+(.-)%s+on%s+the%s+marketplace" }
local WALLET = { "what%s+does%s+%a+%s+wallet%s+hold", "what's%s+in%s+%a+%s+wallet", "what%s+is%s+in%s+%a+%s+wallet",
                 "how%s+much%s+is%s+in%s+%a+%s+wallet", "how%s+many%s+credits%s+do%s+%a+%s+have" }

-- What a text asks for: a tool and its arguments; or nil.
local function asked(text)
  local lower = texts.cut(text, READ_BYTES):lower()
  for _, pattern in ipairs(WALLET) do
    if lower:find(pattern) then return BALANCE, {} end
  end
  for _, pattern in ipairs(FOR) do
    local words = lower:match(pattern)
    words = words and texts.cut(words, QUERY_BYTES):match "^.*[^%.%?!%s]"
    if words then return SEARCH, { query = words, limit = FEW } end
  end
end

-- What a tool has answered in this turn, or nil.
local function answer_of(messages, name)
  local ids = {}
  for _, m in ipairs(messages) do
    for _, call in ipairs(m.tool_calls or {}) do ids[call.id] = call.name end
    if m.role == "tool" and ids[m.tool_call_id] == name then return tostring(m.content or "") end
  end
end

local PLAIN = { lt = "<", gt = ">", amp = "&", quot = '"' }

-- The text of an answer, which is wrapped for models.
local function bare(answer)
  local text = (answer:match "^<returned[^>]*>(.*)</returned>$" or answer):gsub("&(%l+);", PLAIN)
  return text
end

-- The object in an answer, or nil.
local function object_in(answer)
  local text = bare(answer)
  local from = text:find("{", 1, true)
  local last = from and plain.object_end(text, from)
  local value = last and json.decode(text:sub(from, last))
  return type(value) == "table" and value or nil
end

local function dollars(value) return type(value) == "number" and ("$%.2f"):format(value) or nil end

local function shown(listing)
  local title = texts.visible(texts.cut(tostring(listing.title or "?"):gsub("%s+", " "), TITLE_BYTES))
  local price, budget = dollars(listing.price_usd), dollars(listing.budget_ceiling_usd)
  return ("“%s”%s"):format(title, price and " for " .. price or budget and " (wanted, up to " .. budget .. ")" or "")
end

local SAYS = {}

SAYS[SEARCH] = function(value, arguments)
  local list = type(value.listings) == "table" and value.listings or {}
  if #list == 0 then return ("I found nothing on the marketplace for “%s”."):format(arguments.query) end
  local names = {}
  for i = 1, math.min(SHOWN, #list) do names[i] = shown(list[i]) end
  return ("On the marketplace I found %s%s."):format(table.concat(names, ", "), #list > SHOWN and " and more" or "")
end

SAYS[BALANCE] = function(value)
  return ("My wallet holds %s credits, of which %s can be paid out."):format(tostring(value.rc_balance or "?"),
    tostring(value.rc_balance_withdrawable or "?"))
end

local function next_step(text, messages, tools)
  local name, arguments = asked(text)
  if not name then return nil end
  local answer = answer_of(messages, name)
  if answer then
    local value = object_in(answer)
    return { text = value and SAYS[name](value, arguments)
      or "The marketplace did not tell me: " .. texts.visible(texts.cut(bare(answer), SAID_BYTES)) }
  end
  for _, tool in ipairs(tools or {}) do
    if tool.name == name then return { calls = { { name = name, arguments = arguments } } } end
  end
end

--- What to do about the line of a chat, s as agent.providers.offline_read has it: {calls = {{name, arguments}}} or
--- {text}; nil: it asks for nothing of the kind, or the agent cannot look.
function M.look(req, s)
  if not req.context or s.emergency or not s.line or s.line.kind == "reaction" or s.lang ~= "en" then return nil end
  if s.heard.stops or s.heard.declines then return nil end
  return next_step(s.line.text or "", req.messages, req.tools)
end

return M
