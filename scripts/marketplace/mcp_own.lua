-- scripts/marketplace/mcp_own.lua -- tools of the operator's own scripts, beside those of listings and of the platform.

local M = {}

local tools, sorted = {}, {}

local function wrong(what) error("mcp_own.tool: " .. what, 3) end

--- Adds a tool, while scripts load: {name (letters, digits, _, - and .), title, description, input_schema (JSON Schema
--- of an object, as a table; default: any object), annotations, call(arguments, request) -> result}.  The result is
--- MCP's ({content = {..}}); nil and an error of the rock `mcp` is an error of the protocol.  request: {ctx, actor,
--- version, capabilities (of the client), progress(n, total, text)}.
function M.tool(tool)
  local is_name = type(tool.name) == "string" and #tool.name <= 64 and tool.name:find "^[%w_.-]+$"
  if not is_name then wrong "a name is needed" end
  if tool.name:find "^humai__" then wrong "names that begin with humai__ are the platform's" end
  if tools[tool.name] then wrong("there are two tools named " .. tool.name) end
  if type(tool.description) ~= "string" or type(tool.call) ~= "function" then
    wrong "a description and call are needed"
  end
  local made = { name = tool.name, title = tool.title, description = tool.description, annotations = tool.annotations,
                 inputSchema = tool.input_schema or { type = "object" }, run = tool.call }
  tools[tool.name], sorted[#sorted + 1] = made, made
  table.sort(sorted, function(a, b) return a.name < b.name end)
end

--- The tools after a name, by name.  Keys of one subscription open no others.
function M.list(actor, after, limit)
  local list = {}
  for _, tool in ipairs(actor.subscription_id and {} or sorted) do
    if #list == limit then break end
    if tool.name > after then list[#list + 1] = tool end
  end
  return list
end

--- The tool of this name, or nil.
function M.find(actor, name) return not actor.subscription_id and tools[name] or nil end

--- Calls it: nil and its result, or nil, nil and an error.
function M.call(ctx, tool, arguments, _, asked)
  local request = { ctx = ctx, actor = ctx.actor, version = asked.version, capabilities = asked.capabilities or {},
                    progress = asked.tell or function() end }
  local result, failure = tool.run(arguments, request)
  return nil, result, failure
end

return M
