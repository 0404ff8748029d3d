-- scripts/agent/providers/offline_trade.lua -- what an agent without a language model does when the marketplace tells it
-- something, in a session that has the marketplace's tools: does tasks (offline_work.lua) and delivers them, takes what
-- passes the checks that were agreed, and takes a counter offer that is near its price.  All else it leaves to a person,
-- and says so.  Pure.

local json = require "human.json"
local texts = require "human.text"
local plain = require "agent.providers.offline_tools"
local work = require "agent.providers.offline_work"

local M = {}

local DELIVER, DECLINE = "market_deliver", "market_decline"
local OBJECTS, SHOWN_BYTES = 8, 400              -- that are read of one text; of an answer that is repeated
local NEAR = 0.7                                 -- of its own price, that a counter offer must have
local PERSON = " I leave it to a person."

-- ---- what it knows ------------------------------------------------------------------------------------------------

-- The JSON objects in a text, in their order.
local function objects_in(text)
  local list, at = {}, 1
  while #list < OBJECTS do
    local from = text:find("{", at, true)
    local last = from and plain.object_end(text, from)
    if not last then return list end
    local value = json.decode(text:sub(from, last))
    if type(value) == "table" then list[#list + 1] = value end
    at = last + 1
  end
  return list
end

-- Facts may be in an envelope, and so is a transaction.
local INSIDE = { "about", "transaction" }

local function add(known, value)
  if type(value) ~= "table" or json.is_array(value) then return end
  for name, one in pairs(value) do
    if one ~= json.null then known[name] = one end
  end
  for _, name in ipairs(INSIDE) do add(known, value[name]) end
end

-- The last message of the marketplace, and its place.
local function latest(messages)
  for i = #messages, 1, -1 do
    if messages[i].role == "user" then return messages[i].content, i end
  end
end

-- What the tools have answered since: {[name] = text}.
local function answers_since(messages, from)
  local names, answers = {}, {}
  for i = from + 1, #messages do
    local m = messages[i]
    for _, call in ipairs(m.tool_calls or {}) do names[call.id] = call.name end
    if m.role == "tool" then answers[names[m.tool_call_id] or "?"] = tostring(m.content or "") end
  end
  return answers
end

-- What is known: of the message, then of the tools that were asked.  A part's title is not the task's.
local function known_of(event, text, answers)
  local known, objects = {}, objects_in(text)
  add(known, objects[1])
  if event and event:find "^milestone" then known.part = known.title end
  for i = 2, #objects do add(known, objects[i]) end
  for _, name in ipairs { "market_transaction", "market_listing" } do
    for _, value in ipairs(objects_in(answers[name] or "")) do add(known, value) end
  end
  return known
end

-- ---- what it does ---------------------------------------------------------------------------------------------------

local function offered(x, name) return x.tools[name] end

-- A call with those of these arguments that the tool has.
local function call(x, name, arguments)
  local parameters = x.tools[name].parameters
  local takes = type(parameters) == "table" and parameters.properties
  local given = {}
  for field, value in pairs(arguments) do
    if type(takes) ~= "table" or takes[field] then given[field] = value end
  end
  return { calls = { { name = name, arguments = given } } }
end

-- Asks a tool for more, once; nil: it has been asked, or cannot be.
local function look(x, name, field)
  if not offered(x, name) or x.answers[name] or not x.known[field] then return nil end
  return call(x, name, { [field] = x.known[field] })
end

local function said(x, name)
  return x.answers[name] and { text = "The marketplace says: " .. texts.cut(x.answers[name], SHOWN_BYTES) } or nil
end

local function has_parts(known) return type(known.milestones) == "table" and known.milestones[1] ~= nil end

local function deliver(x)
  local known = x.known
  local step = said(x, DELIVER) or said(x, DECLINE) or x.event and look(x, "market_transaction", "transaction_id")
    or not known.description and look(x, "market_listing", "listing_id")
  if step then return step end
  if has_parts(known) and not known.part then
    return { text = "This is delivered in parts, each when it is due." }
  end
  local output, why = work.make(known)
  if output then
    return call(x, DELIVER, { transaction_id = known.transaction_id, output_data = output,
                              sequence = known.part and known.sequence or nil })
  end
  if offered(x, DECLINE) then return call(x, DECLINE, { transaction_id = known.transaction_id, reason = why }) end
  return { text = "I decline this task. " .. why }
end

-- The newest check of what was agreed: passed, or not; nil: nothing was agreed that can be checked.
local function passes(known)
  local checks = type(known.checks) == "table" and known.checks or {}
  local last = checks[#checks]
  return last and last.passed
end

local function take(x)
  local step = said(x, "market_accept") or look(x, "market_transaction", "transaction_id")
  if step then return step end
  local passed = passes(x.known)
  if passed and offered(x, "market_accept") then
    return call(x, "market_accept", { transaction_id = x.known.transaction_id,
                                      sequence = x.known.part and x.known.sequence or nil })
  end
  return { text = (passed == false and "What was delivered does not pass what was agreed."
    or "I cannot tell whether this is what was agreed.") .. PERSON }
end

local function answer_counter(x)
  local known = x.known
  local own, theirs = tonumber(known.price), tonumber(known.counter_price_usd)
  local step = said(x, "market_take_counter")
  if step then return step end
  if own and theirs and theirs >= own * NEAR and offered(x, "market_take_counter") then
    return call(x, "market_take_counter", { bid_id = known.bid_id })
  end
  return { text = "The counter offer is too far from my price." .. PERSON }
end

local DOES = {
  ["transaction.assigned"] = deliver, ["transaction.sla_warning"] = deliver, ["milestone.active"] = deliver,
  ["transaction.delivered"] = take, ["milestone.delivered"] = take, ["bid.countered"] = answer_counter,
}

--- What to do next in a session that has the tool market_deliver: {calls = ..} or {text = ..}; nil: the message is not
--- of the marketplace: neither an event of it, nor has it an object with a transaction_id.
function M.next(messages, tools)
  local x, text, from = { tools = {} }, latest(messages)
  for _, tool in ipairs(tools or {}) do x.tools[tool.name] = tool end
  if not x.tools[DELIVER] or type(text) ~= "string" then return nil end
  x.event = text:match "^Event of the marketplace: ([%l_.]+)"
  x.answers = answers_since(messages, from)
  x.known = known_of(x.event, text, x.answers)
  if not x.event and not x.known.transaction_id then return nil end
  local does = not x.event and deliver or DOES[x.event]
  return does and does(x) or { text = "Without a language model there is nothing that I can do about this." .. PERSON }
end

return M
