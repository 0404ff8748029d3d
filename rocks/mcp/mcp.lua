-- rocks/mcp/mcp.lua -- the server side of the Model Context Protocol, on decoded messages and headers.
-- Serves revision 2026-07-28, in which each request describes itself, and those of 2025, which begin with
-- `initialize`, at one endpoint.  It does no I/O: it returns a status and a value.  Sessions, Origin and streams are
-- left to the host.

local headers_of = require "mcp.headers"
local jsonrpc = require "jsonrpc"

local M = {}

local MODERN = "2026-07-28"
local LEGACY = { "2025-11-25", "2025-06-18", "2025-03-26" }
local IS_LEGACY = {}
for _, version in ipairs(LEGACY) do IS_LEGACY[version] = true end
local PREFIX = "io.modelcontextprotocol/"

--- MCP's own error codes.
M.HEADER_MISMATCH, M.MISSING_CAPABILITY, M.UNSUPPORTED_VERSION = -32020, -32021, -32022

--- The supported revisions, newest first.
M.VERSIONS = { MODERN, unpack(LEGACY) }

M.error = jsonrpc.error

--- An error for a handler to return: the client has not declared a required capability, {sampling = {}}.
function M.missing_capability(capabilities)
  return jsonrpc.error(M.MISSING_CAPABILITY, "Missing required client capability",
    { requiredCapabilities = capabilities })
end

--- A tool's result that consists of one text.
function M.text(text) return { content = { { type = "text", text = text } } } end

--- The result of a tool that failed, with a text for the model.
function M.failure(text) return { content = { { type = "text", text = text } }, isError = true } end

-- Requests as handlers see them ---------------------------------------------------------------------------------

local request = {}
request.__index = request

--- A progress notification; nil when the client did not ask for it, or the number has not grown.
function request:progress(n, total, text)
  if self.progress_token == nil or n <= (self.told or -math.huge) then return nil end
  self.told = n
  return { jsonrpc = "2.0", method = "notifications/progress",
           params = { progressToken = self.progress_token, progress = n, total = total, message = text } }
end

-- Servers -------------------------------------------------------------------------------------------------------

local server = {}
server.__index = server

--- A server.  definition: info = {name, version}; instructions; list(cursor, request) -> tools, next cursor, or nil and
--- an error; tool(name, request) -> a tool, or nil when there is none; call(tool, arguments, request) -> a result, or
--- nil and an error; ttl_ms and list_changed (true, or "modern": since 2026-07-28 only) of the list of tools; methods,
--- {[name] = function(params, request) -> result}, and capabilities for whatever else is served.  options: null, array,
--- is_array as in jsonrpc; on_error(raised, message) hears what a handler raised.
function M.new(definition, options)
  local o = options or {}
  return setmetatable({
    definition = definition, rpc = jsonrpc.new(o), null = o.null, on_error = o.on_error,
    array = o.array or function(t) return t end, is_array = o.is_array or function(t) return t[1] ~= nil end,
  }, server)
end

local function is_object(self, v) return type(v) == "table" and v ~= self.null and not self.is_array(v) end

local function copy(t)
  local out = {}
  for name, value in pairs(t) do out[name] = value end
  return out
end

local function capabilities(self, asked)
  local all, tells = copy(self.definition.capabilities or {}), self.definition.list_changed
  if tells == "modern" then tells = asked.is_modern end
  all.tools = { listChanged = tells or false }
  return all
end

local function finish(self, asked, result)
  if not asked.is_modern then return result end
  result.resultType = result.resultType or "complete"
  result._meta = copy(result._meta or {})
  result._meta[PREFIX .. "serverInfo"] = self.definition.info
  return result
end

local function cached(self, asked, result)
  if asked.is_modern then result.ttlMs, result.cacheScope = self.definition.ttl_ms or 0, "private" end
  return finish(self, asked, result)
end

local function is_tool_name(name) return type(name) == "string" and name:find "^[%w_.-]+$" ~= nil and #name <= 128 end

local METHODS = {}

METHODS["tools/list"] = function(self, params, asked)
  local cursor = params.cursor
  if cursor ~= nil and type(cursor) ~= "string" then return nil, jsonrpc.INVALID_PARAMS end
  local tools, next_cursor = self.definition.list(cursor, asked)
  if not tools then return nil, next_cursor or jsonrpc.INVALID_PARAMS end
  local list = self.array {}
  for i, tool in ipairs(tools) do list[i] = tool end
  table.sort(list, function(a, b) return a.name < b.name end) -- a model's server caches what begins alike
  return cached(self, asked, { tools = list, nextCursor = next_cursor })
end

METHODS["tools/call"] = function(self, params, asked)
  local arguments = params.arguments
  if arguments == nil or arguments == self.null then arguments = {} end
  if not is_object(self, arguments) then
    return nil, jsonrpc.error(jsonrpc.INVALID_PARAMS, "arguments must be an object")
  end
  local tool = is_tool_name(params.name) and self.definition.tool(params.name, asked)
  if not tool then return nil, jsonrpc.error(jsonrpc.INVALID_PARAMS, "Unknown tool") end
  if asked.header and asked.is_modern then
    local function is_null(v) return v == nil or v == self.null end
    local bad = headers_of.differing(tool.inputSchema, arguments, asked.header, is_null)
    if bad then return nil, jsonrpc.error(M.HEADER_MISMATCH, bad .. " and the arguments differ") end
  end
  local result, failure = self.definition.call(tool, arguments, asked)
  if result == nil then return nil, failure or jsonrpc.INTERNAL_ERROR end
  result = copy(result)
  result.content = result.content or self.array {}
  return finish(self, asked, result)
end

METHODS["server/discover"] = function(self, _, asked)
  if not asked.is_modern then return nil, jsonrpc.METHOD_NOT_FOUND end
  local versions = self.array {}
  for i, version in ipairs(M.VERSIONS) do versions[i] = version end
  return cached(self, asked, { supportedVersions = versions, capabilities = capabilities(self, asked),
                               instructions = self.definition.instructions })
end

function METHODS.ping(_, _, asked)
  if asked.is_modern then return nil, jsonrpc.METHOD_NOT_FOUND end
  return {}
end

function METHODS.initialize(self, params, asked)
  if asked.is_modern then return nil, jsonrpc.METHOD_NOT_FOUND end
  local wanted = params.protocolVersion
  if type(wanted) ~= "string" then return nil, jsonrpc.error(jsonrpc.INVALID_PARAMS, "protocolVersion is missing") end
  return { protocolVersion = IS_LEGACY[wanted] and wanted or LEGACY[1], capabilities = capabilities(self, asked),
           serverInfo = self.definition.info, instructions = self.definition.instructions }
end

-- Which revision ---------------------------------------------------------------------------------------------------

local function mismatch(what) return jsonrpc.error(M.HEADER_MISMATCH, what .. " and the body differ") end

-- nil, or the error for a request whose headers disagree with its body.
local function check_headers(asked, message)
  local header, params = asked.header, message.params
  if not headers_of.says(header "mcp-protocol-version", asked.version) then return mismatch "MCP-Protocol-Version" end
  if not headers_of.says(header "mcp-method", message.method) then return mismatch "Mcp-Method" end
  local name
  if message.method == "tools/call" or message.method == "prompts/get" then name = params.name
  elseif message.method == "resources/read" then name = params.uri end
  if type(name) == "string" and not headers_of.says(header "mcp-name", name) then return mismatch "Mcp-Name" end
end

local function check_modern(self, asked, message)
  local meta = asked.meta
  asked.version, asked.capabilities = meta[PREFIX .. "protocolVersion"], meta[PREFIX .. "clientCapabilities"]
  asked.client_info = meta[PREFIX .. "clientInfo"]
  if type(asked.version) ~= "string" then
    return jsonrpc.error(jsonrpc.INVALID_PARAMS, "_meta lacks " .. PREFIX .. "protocolVersion")
  end
  local failure = asked.header and check_headers(asked, message)
  if failure then return failure end
  if asked.version ~= MODERN then
    local supported = self.array {}
    for i, version in ipairs(M.VERSIONS) do supported[i] = version end
    return jsonrpc.error(M.UNSUPPORTED_VERSION, "Unsupported protocol version",
      { supported = supported, requested = asked.version:sub(1, 100) })
  end
  if type(asked.capabilities) ~= "table" then
    return jsonrpc.error(jsonrpc.INVALID_PARAMS, "_meta lacks " .. PREFIX .. "clientCapabilities")
  end
end

-- Whether a request describes itself, and the version that its header names.
local function era(meta, header)
  local told = header and header "mcp-protocol-version"
  told = told and headers_of.value(told)
  return meta[PREFIX .. "protocolVersion"] ~= nil or (told ~= nil and not IS_LEGACY[told]), told
end

local function describe(self, message, header)
  local params = is_object(self, message.params) and message.params or {}
  local meta = is_object(self, params._meta) and params._meta or {}
  local asked = setmetatable({ header = header, meta = meta, id = message.id, method = message.method }, request)
  local told
  asked.is_modern, told = era(meta, header)
  asked.version = not asked.is_modern and (told or LEGACY[#LEGACY]) or nil
  local token = meta.progressToken
  if type(token) == "string" or type(token) == "number" then asked.progress_token = token end
  return asked, params
end

-- Answering ---------------------------------------------------------------------------------------------------------

local BAD = { [M.HEADER_MISMATCH] = 400, [M.MISSING_CAPABILITY] = 400, [M.UNSUPPORTED_VERSION] = 400,
              [jsonrpc.METHOD_NOT_FOUND] = 404 }

-- The older revisions report a request's errors in responses with status 200.
local function status_of(asked, body, refused)
  local code = body.error and body.error.code
  if not code or not asked.is_modern then return 200 end
  return BAD[code] or (refused and 400) or 200
end

local function invalid(self, id) return { status = 400, body = self.rpc:failure(id, jsonrpc.INVALID_REQUEST) } end

--- The answer to a body that is no JSON.
function server:parse_error() return { status = 400, body = self.rpc:parse_error() } end

--- Whether a decoded message is of the revisions of 2025, which have sessions.
function M.is_legacy(value, header)
  local params = type(value) == "table" and value.params
  local meta = type(params) == "table" and params._meta
  return not era(type(meta) == "table" and meta or {}, header)
end

local function is_id(id) return type(id) ~= "number" or id == math.floor(id) and math.abs(id) <= 2 ^ 53 end

--- The answer to a decoded body: {status, body}, without a body when nothing is to be sent.  header(name), for HTTP:
--- what a header says, by its name in lower case, or nil.
function server:handle(value, header)
  if type(value) == "table" and value ~= self.null and self.is_array(value) then return invalid(self) end
  local message = self.rpc:read(value)[1]
  if message.kind == "invalid" or message.id == self.null and self.null ~= nil then return invalid(self, message.id) end
  if message.kind ~= "request" then return { status = 202 } end
  if not is_id(message.id) then return invalid(self) end -- it could not be told what it was
  local asked, params = describe(self, message, header)
  message.params = params
  local refused = asked.is_modern and check_modern(self, asked, message) or nil
  local function dispatch(method)
    if refused then return nil, refused end
    if METHODS[method] then return METHODS[method](self, params, asked) end
    local other = self.definition.methods and self.definition.methods[method]
    if not other then return nil, jsonrpc.METHOD_NOT_FOUND end
    local result, failure = other(params, asked)
    if result == nil then return nil, failure or jsonrpc.INTERNAL_ERROR end
    return finish(self, asked, copy(result))
  end
  local body = self.rpc:serve(self.rpc:call(message.method, params, message.id), dispatch, { on_error = self.on_error })
  return { status = status_of(asked, body, refused), body = body, request = asked }
end

return M
