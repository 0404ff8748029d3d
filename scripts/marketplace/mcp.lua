-- scripts/marketplace/mcp.lua -- the marketplace over MCP (rocks/mcp): which tools a caller has, and calls of them.
-- Its list is made of three: the operator's own tools, those that the caller has subscribed to, and what the platform
-- itself does.

local fail = require "human.fail"
local json = require "human.json"
local mcp = require "mcp"
local jsonrpc = require "jsonrpc"
local task = require "human.task"
local content = require "marketplace.mcp_content"
local listen = require "marketplace.mcp_listen"
local own = require "marketplace.mcp_own"
local runs = require "marketplace.mcp_runs"
local sessions = require "marketplace.mcp_sessions"
local tools = require "marketplace.mcp_tools"
local verbs = require "marketplace.mcp_verbs"

local M = {}

local SOURCES = { own, tools, verbs }
local PAGE, CURSOR, ID_BYTES = 200, 200, 256
local KEY = "humai.market/idempotencyKey"

local INFO = { name = "humai-marketplace", title = "Agent marketplace", version = "1.0" }
local INSTRUCTIONS = "Tools named humai__word_word are those that you have subscribed to, billed by their plans. "
  .. "Tools with a hyphen, such as humai__tool-search, are what the marketplace itself does. To use a new tool, find "
  .. "it with humai__tool-search and subscribe with humai__tool-subscriptions. Prices are in cents or dollars, as the "
  .. "field's name says. A refusal has a code that names its reason. A tool whose pay_per_call_cents "
  .. "humai__tool-search shows can be called by its mcp_name without a subscription: each call is paid for by itself, "
  .. "as x402 has it."

-- The list ----------------------------------------------------------------------------------------------------

local function shown(tool)
  return { name = tool.name, title = tool.title, description = tool.description, inputSchema = tool.inputSchema,
           annotations = tool.annotations }
end

-- Where a page begins: a source and a name; nil: that is no cursor of ours.
local function place(cursor)
  if cursor == nil then return 1, "" end
  if #cursor > CURSOR then return nil end
  local source, name = cursor:match "^([1-3]) ([%w_.-]*)$"
  return tonumber(source), name
end

--- A page of what an actor may call: tools, and the next cursor; nil for a cursor that is none.
function M.list(actor, cursor)
  local from, after = place(cursor)
  if not from then return nil end
  local list = json.array {}
  for i = from, #SOURCES do
    local room = PAGE - #list
    local more = SOURCES[i].list(actor, after, room + 1)
    for n = 1, math.min(room, #more) do list[#list + 1] = shown(more[n]) end
    if #more > room then return list, ("%d %s"):format(i, room > 0 and more[room].name or after) end
    after = ""
  end
  return list
end

--- The tool that an actor may call by this name, and how; or nil.
function M.find(actor, name)
  for _, source in ipairs(SOURCES) do
    local tool = source.find(actor, name)
    if tool then
      tool.source = source
      return tool
    end
  end
end

-- A call --------------------------------------------------------------------------------------------------------

local INVALID = { validation_error = true, input_schema_mismatch = true }

-- Up to 2025-06-18 wrong arguments are an error of the protocol, later they are a result that the model sees.
local function is_protocol_error(asked, made)
  if made.status == 500 then return jsonrpc.INTERNAL_ERROR end
  if INVALID[made.code] and asked.version and asked.version < "2025-11-25" then return jsonrpc.INVALID_PARAMS end
end

local function refusal(asked, made)
  local number = is_protocol_error(asked, made)
  if not number then return content.of_refusal(made) end
  return nil, jsonrpc.error(number, made.message, json.raw(made.body))
end

-- What a call is repeated with: the key of its _meta, or the request's.
local function key_of(ctx, asked)
  local key = asked.meta and asked.meta[KEY]
  if key == nil then return ctx:header "idempotency-key" end
  return type(key) == "string" and key or ""
end

--- Calls a tool of M.find: its result, or nil and an error of the protocol.  caller: {ctx, token, session}; asked: the
--- rock's request, or {} for the contract's own dialect.
function M.call(caller, tool, arguments, asked)
  local options = { token = caller.token, key = key_of(caller.ctx, asked) }
  local made, result, failure = runs.carry_out(caller, asked, tool, function()
    return tool.source.call(caller.ctx, tool, arguments, options, asked)
  end)
  if result then return result end
  if failure then return nil, failure end
  if not made then return nil, jsonrpc.error(runs.CANCELLED, "The request was cancelled") end
  return refusal(asked, made)
end

-- JSON-RPC --------------------------------------------------------------------------------------------------------

local function definition(caller)
  local actor = caller.ctx.actor
  return {
    info = INFO, instructions = INSTRUCTIONS, ttl_ms = 0, list_changed = "modern",
    list = function(cursor) return M.list(actor, cursor) end,
    tool = function(name) return M.find(actor, name) end,
    call = function(tool, arguments, asked) return M.call(caller, tool, arguments, asked) end,
    methods = { ["subscriptions/listen"] = function(params, asked)
      if not asked.is_modern then return nil, jsonrpc.METHOD_NOT_FOUND end
      return listen.begin(caller, params, asked)
    end },
  }
end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

-- The session that a client says it has: its id, nil where it says none; or false: that is none of its own.
local function session_of(caller)
  local id = caller.ctx:header "mcp-session-id"
  if id == nil then return nil end
  return sessions.is_valid(caller.ctx.actor, id) and id
end

local function is_id(id) return type(id) == "number" or type(id) == "string" and #id <= ID_BYTES end

local function cancel(caller, message)
  local id = is_object(message.params) and message.params.requestId
  if caller.session and is_id(id) then task.kill_named(sessions.task_name(caller.session, id)) end
end

local function failed(status, id, number, text)
  return { status = status, body = jsonrpc.new { null = json.null }:failure(id, jsonrpc.error(number, text)) }
end

local function header_of(ctx) return function(name) return ctx:header(name) end end

--- The answer to a JSON-RPC message: {status, body (nil: none), headers}.  caller: {ctx, token}.  What a tool or the
--- database raises is raised.
function M.answer(caller, value)
  local raised
  local server = mcp.new(definition(caller), { null = json.null, array = json.array, is_array = json.is_array,
    on_error = function(err) raised = raised or { err } end })
  local message, header = is_object(value) and value or {}, header_of(caller.ctx)
  if type(message.id) == "string" and not is_id(message.id) then
    return failed(400, nil, jsonrpc.INVALID_REQUEST, "The id is too long")
  end
  if mcp.is_legacy(value, header) then
    caller.session = session_of(caller)
    if caller.session == false and message.method ~= "initialize" then
      return failed(404, is_id(message.id) and message.id or nil, -32001, "Session not found")
    end
    if message.method == "notifications/cancelled" then cancel(caller, message) end
  end
  local answer = server:handle(value, header)
  if raised then
    if not (caller.out and fail.is(raised[1])) then error(raised[1], 0) end
    return failed(200, message.id, jsonrpc.INTERNAL_ERROR, raised[1].message)
  end
  if message.method == "initialize" and answer.body and answer.body.result then
    answer.headers = { ["Mcp-Session-Id"] = sessions.issue(caller.ctx.actor) }
  end
  return answer
end

-- The contract's own dialect -----------------------------------------------------------------------------------------

local METHODS = {}

METHODS["tools/list"] = function(caller, params)
  local cursor = params.cursor
  local list, next_cursor
  if cursor == nil or type(cursor) == "string" then list, next_cursor = M.list(caller.ctx.actor, cursor) end
  if not list then
    fail.throw("validation_error", { details = { { path = "params.cursor", message = "is no cursor of tools/list" } } })
  end
  return { tools = list, nextCursor = next_cursor }
end

METHODS["tools/call"] = function(caller, params)
  local arguments = params.arguments
  if arguments == nil then arguments = {} end
  if not is_object(arguments) then
    fail.throw("validation_error", { details = { { path = "params.arguments", message = "must be an object" } } })
  end
  local tool = type(params.name) == "string" and M.find(caller.ctx.actor, params.name) or fail.throw "tool_not_found"
  local meta = is_object(params._meta) and params._meta or nil
  local result, failure = M.call(caller, tool, arguments, { meta = meta })
  if not result then fail.throw("internal", { message = failure.message }) end
  return result
end

--- The answer to a request without "jsonrpc": {method, params}.  Fails with unknown_method, tool_not_found.
function M.bare(caller, value)
  local method, params = METHODS[value.method] or fail.throw "unknown_method", value.params
  if params == nil then params = {} end
  if not is_object(params) then
    fail.throw("validation_error", { details = { { path = "params", message = "must be an object" } } })
  end
  return method(caller, params)
end

--- Whether a message is of that dialect.
function M.is_bare(value) return is_object(value) and value.jsonrpc == nil and type(value.method) == "string" end

--- The answer to a text that is no JSON.
function M.parse_error() return failed(400, nil, jsonrpc.PARSE_ERROR) end

return M
