-- scripts/marketplace/mcp_verbs.lua -- what the platform itself does, as tools: each route of the marketplace that
-- takes and gives JSON, with its own schema.  There is no second list: a new route is a new tool.
-- A name is humai__ and the path; it has a hyphen, which names of listed tools never have.

local operations = require "human.operations"
local content = require "marketplace.mcp_content"

local M = {}

local PREFIX = "humai__"

-- Of no use over MCP: the protocol itself, and tickets for streams that it cannot open.
local LEFT_OUT = { ["/mcp-gateway"] = true, ["/mcp"] = true, ["/stream-tickets"] = true }

local function ends(path, words)
  for _, word in ipairs(words) do
    if path:sub(-#word - 1) == "-" .. word then return true end
  end
  return false
end

-- They only add to what is there.
local ADDING = { "create", "register", "send", "heartbeat", "read", "all", "counter", "evidence", "run", "proxy",
                 "subscriptions", "deposit", "bids", "import" }

local function annotations(op)
  if op.method == "GET" then return { readOnlyHint = true, openWorldHint = false } end
  return { readOnlyHint = false, destructiveHint = not ends(op.name, ADDING), idempotentHint = op.method == "PUT",
           openWorldHint = false }
end

local function name_of(op)
  local path = op.name:sub(2)
  return PREFIX .. (path:find("-", 1, true) and path or path .. "-" .. op.method:lower())
end

local function has(list, value)
  for _, each in ipairs(list) do
    if each == value then return true end
  end
  return false
end

-- Whom a tool is for: "admin", "actor", or nil where it is for nobody who has a key already.
local function audience(op)
  if LEFT_OUT[op.name] then return nil end
  if #op.auth == 0 then return op.method == "GET" and "actor" or nil end
  return has(op.auth, "market_admin") and "admin" or "actor"
end

local function text_of(op)
  return op.description and op.summary .. ". " .. op.description or op.summary
end

local function tool_of(op, by_method)
  local name = name_of(op)
  if by_method[name] then name = name .. "-" .. op.method:lower() end
  return { name = name, title = op.summary, description = text_of(op), inputSchema = op.input,
           annotations = annotations(op), operation = op, audience = audience(op) }
end

local made, by_name

local function all()
  if made then return made end
  local list, names = {}, {}
  for _, op in ipairs(operations.list "marketplace") do
    local tool = audience(op) and tool_of(op, names)
    if tool then list[#list + 1], names[tool.name] = tool, tool end
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  made, by_name = list, names
  return made
end

local function is_for(tool, actor)
  if actor.subscription_id then return false end
  return tool.audience == "actor" or actor.role == "admin"
end

--- The tools after a name that this caller may call, by name.
function M.list(actor, after, limit)
  local list = {}
  for _, tool in ipairs(all()) do
    if #list == limit then break end
    if tool.name > after and is_for(tool, actor) then list[#list + 1] = tool end
  end
  return list
end

--- The tool of this name, or nil.
function M.find(actor, name)
  all()
  local tool = by_name[name]
  return tool and is_for(tool, actor) and tool or nil
end

--- Calls it: what operations.call returns, and the result when it was not refused.
function M.call(ctx, tool, arguments, options)
  local answer = operations.call(ctx, tool.operation, arguments, options)
  if answer.status >= 400 then return answer end
  return answer, content.of_text(answer.body)
end

return M
