-- scripts/marketplace/mcp_tools.lua -- tools that a caller has subscribed to, as MCP shows and calls them, and those
-- that anybody may call and pay for, which are not listed: there may be many.  Calls go through POST /tool-proxy: its
-- keys, quotas, schemas and prices are theirs.  A payment is x402's, in the _meta of the call.

local db = require "human.db"
local json = require "human.json"
local fail = require "human.fail"
local operations = require "human.operations"
local content = require "marketplace.mcp_content"
local rules = require "marketplace.rules.subscriptions"
local shapes = require "marketplace.shapes"

local M = {}

local PAYMENT, RECEIPT = "x402/payment", "x402/payment-response"

local COLUMNS = [[select n.name, l.title, l.description, l.input_schema, s.id
  from market_subscriptions s join market_tool_names n on n.listing_id = s.listing_id
  join market_listings l on l.id = s.listing_id join market_tools t on t.listing_id = s.listing_id
  where s.subscriber_id = $1::uuid and s.state not in ('canceled', 'revoked', 'per_call') and t.state = 'open'
    and ($2::uuid is null or s.id = $2::uuid)]]

M.sql = {
  list = COLUMNS .. " and n.name > $3 order by n.name limit $4::int",
  find = COLUMNS .. " and n.name = $3",
  payable = [[select n.name, l.title, l.description, l.input_schema, l.id as listing_id
    from market_tool_names n join market_listings l on l.id = n.listing_id join market_tools t on t.listing_id = l.id
    where n.name = $1 and l.is_active and t.state = 'open' and (l.tool_meta ->> 'pay_per_call_cents')::numeric > 0]],
}

local function tool_of(row)
  return { name = row.name, title = row.title, description = row.description, subscription_id = row.id,
           listing_id = row.listing_id, inputSchema = shapes.object_schema(row.input_schema),
           annotations = { openWorldHint = true } }
end

--- The caller's tools after a name, by name.
function M.list(actor, after, limit)
  local list = {}
  local rows = db.query(M.sql.list, actor.id, actor.subscription_id, after, limit)
  for i, row in ipairs(rows) do list[i] = tool_of(row) end
  return list
end

--- The tool of this name that the caller has subscribed to, or may pay for by the call; or nil.
function M.find(actor, name)
  local row = db.row(M.sql.find, actor.id, actor.subscription_id, name)
  if not row and not actor.subscription_id then row = db.row(M.sql.payable, name) end
  return row and tool_of(row)
end

local proxy

local function proxy_operation()
  for _, op in ipairs(operations.list "marketplace") do
    if op.name == "/tool-proxy" then return op end
  end
end

-- What a tool has answered event by event, as an answer of /tool-proxy: one output, or all as a list.
local function collected(events)
  local usage = events[#events]
  events[#events] = nil
  return { output = #events == 1 and events[1] or events, usage = usage }
end

-- Tells of each event, and keeps it.
local function listener(events, tell)
  local size = 0
  return function(name, data)
    if type(data) == "string" then
      size = size + #data
      if size > rules.output_bytes then fail.throw "upstream_too_large" end
      tell(name, data)
      data = json.decode(data)
    end
    events[#events + 1] = data
  end
end

-- What /tool-proxy is asked.
local function ask_of(tool, arguments, asked)
  return { subscription_id = tool.subscription_id, listing_id = tool.listing_id, input = arguments,
           payment = tool.listing_id and asked.meta and asked.meta[PAYMENT] or nil }
end

-- Who has not paid is told what to pay, as x402 says it over MCP.
local function unpaid(made)
  return { content = json.array { { type = "text", text = made.body } }, structuredContent = json.raw(made.body),
           isError = true }
end

--- Calls it: what operations.call returns, and, when the tool has answered, the result.  asked.tell_event(name, text
--- (JSON)), if there is one, hears what it answers event by event.
function M.call(ctx, tool, arguments, options, asked)
  proxy = proxy or proxy_operation()
  local events, streams = json.array {}, asked.tell_event and not options.key and tool.subscription_id
  if streams then options.on_event = listener(events, asked.tell_event) end
  local made = operations.call(ctx, proxy, ask_of(tool, arguments, asked), options)
  if made.status == 402 then return made, unpaid(made) end
  if made.status ~= 200 then return made end
  local answer = streams and collected(events) or json.decode(made.body)
  local result = content.of(answer.output)
  result._meta = { ["humai.market/usage"] = answer.usage, [RECEIPT] = answer.payment }
  return made, result
end

return M
