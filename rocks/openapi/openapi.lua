-- rocks/openapi/openapi.lua -- an OpenAPI 3.1 document from plain declarations of operations.
-- Pure: no I/O, no globals, independent of any server.  The result is a Lua table to be encoded as JSON
-- with names in the order `openapi.first` before the alphabetical rest.

local M = {}

--- The names that should come first, for an encoder that can order them.
M.first = { "openapi", "info", "servers", "tags", "paths", "components", "get", "put", "post",
            "patch", "delete", "summary", "description", "operationId", "parameters", "requestBody",
            "responses", "name", "in", "type" }

local REASON = {
  [101] = "Switching Protocols", [200] = "OK", [201] = "Created", [202] = "Accepted",
  [204] = "No Content", [301] = "Moved Permanently", [302] = "Found", [303] = "See Other",
  [304] = "Not Modified", [307] = "Temporary Redirect", [308] = "Permanent Redirect",
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed", [409] = "Conflict", [410] = "Gone",
  [412] = "Precondition Failed", [413] = "Content Too Large", [415] = "Unsupported Media Type",
  [422] = "Unprocessable Content", [423] = "Locked", [425] = "Too Early", [426] = "Upgrade Required",
  [428] = "Precondition Required", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
}

--- The reason phrase of a status (RFC 9110 section 15), or "Response".
function M.reason(status)
  return REASON[status] or "Response"
end

--- The operationId of a method and path: ("GET", "/api/agents/{id}") -> "getApiAgentsById".  Without a method, that of
--- a path which says what is done: "/bids-create" -> "bidsCreate"; nil for paths of several segments or parameters.
function M.operation_id(method, path)
  if not method then
    if not path:find "^/[%w%-%._]+$" then return nil end
    local id = M.operation_id("", path)
    return id:sub(1, 1):lower() .. id:sub(2)
  end
  local words = { method:lower() }
  for segment in path:gmatch "[^/]+" do
    local name = segment:match "^{(.*)}$"
    if name then words[#words + 1] = "By" end
    for word in (name or segment):gmatch "%w+" do
      words[#words + 1] = word:sub(1, 1):upper() .. word:sub(2)
    end
  end
  return table.concat(words)
end

local function media(mime, schema, examples)
  return { [mime or "application/json"] = { schema = schema, examples = examples } }
end

-- The request body: one media type, or several.
local function request_body(body)
  if not body then return nil end
  local content = {}
  for _, one in ipairs(body.types or { body }) do
    content[one.mime or "application/json"] = { schema = one.schema, examples = one.examples }
  end
  return { required = body.required and true or false, content = content }
end

local function parameters(op, array)
  local list = {}
  for _, p in ipairs(op.parameters or {}) do
    list[#list + 1] = {
      name = p.name, ["in"] = p["in"], required = (p["in"] == "path" or p.required) and true or nil,
      description = p.description, schema = p.schema,
    }
  end
  return #list > 0 and array(list) or nil
end

-- Several refusals may share a status: their codes become the named examples of one response.
local function error_responses(out, op)
  for _, err in ipairs(op.errors or {}) do
    local key = tostring(err.status)
    local response = out[key]
    if not response then
      response = { description = M.reason(err.status), content = media("application/json", err.schema, {}) }
      out[key] = response
    end
    local content = response.content and response.content["application/json"]
    if content and content.examples then
      content.examples[err.code] = { summary = err.message, value = err.example }
    end
  end
end

local function has_4xx(responses)
  for status in pairs(responses) do
    if status:sub(1, 1) == "4" then return true end
  end
  return false
end

-- Replies that share a status differ in their media type; the first one describes it.
local function add_reply(out, reply)
  local key = tostring(reply.status)
  local content = reply.schema and media(reply.mime, reply.schema, reply.examples) or nil
  local before = out[key]
  if before then
    before.content, before.headers = before.content or {}, before.headers or reply.headers
    for mime, shown in pairs(content or {}) do before.content[mime] = shown end
  else
    out[key] = { description = reply.description or M.reason(reply.status), headers = reply.headers,
                 content = content }
  end
end

local function responses(op, refused)
  local out = {}
  for _, reply in ipairs(op.replies) do add_reply(out, reply) end
  error_responses(out, op)
  if not has_4xx(out) then
    out["4XX"] = { description = "The request was refused.",
                   content = refused and media("application/json", refused) or nil }
  end
  return out
end

local function security(op, array)
  if not op.security then return nil end
  local list = array {}
  for i, name in ipairs(op.security) do list[i] = name == "" and {} or { [name] = array {} } end
  return list
end

local function operation(op, options)
  local array = options.array
  return {
    operationId = op.operation_id, summary = op.summary, description = op.description,
    tags = op.tag and array { op.tag } or nil,
    parameters = parameters(op, array),
    requestBody = request_body(op.body),
    responses = responses(op, op.refused), security = security(op, array),
    deprecated = op.deprecated and true or nil,
  }
end

local function by_path(a, b)
  if a.path ~= b.path then return a.path < b.path end
  return a.method < b.method
end

--- The operationIds of {method, path, operation_id}, which are sorted by path: {[operation] = id}.  Explicit ids take
--- precedence; of generated ones the second of a path has its method in front, and on a clash they get a number.
function M.names(operations)
  table.sort(operations, by_path)
  local taken, names = {}, {}
  for _, op in ipairs(operations) do
    if op.operation_id then
      if taken[op.operation_id] then error("operationId '" .. op.operation_id .. "' is used twice", 0) end
      taken[op.operation_id], names[op] = true, op.operation_id
    end
  end
  for _, op in ipairs(operations) do
    if not names[op] then
      local base = M.operation_id(nil, op.path)
      if not base or taken[base] then base = M.operation_id(op.method, op.path) end
      local name, n = base, 1
      while taken[name] do
        n = n + 1
        name = base .. n
      end
      taken[name], names[op] = true, name
    end
  end
  return names
end


--- The document.
--- doc: info = {title, version, license = {name, identifier}, ..}; servers = {{url}, ..};
---   tags = {{name, description}, ..} (optional); security_schemes and schemas = {name = table};
---   extensions = {["x-.."] = value};
---   operations = {{method = "GET", path = "/x/{id}", summary, description, tag, operation_id,
---     parameters = {{name, in, required, description, schema}}, body = {mime, schema, required},
---       or {types = {{mime, schema, examples}, ..}, required},
---     replies = {{status, description, mime, schema, headers, examples}}, errors = {{status, code, message, schema,
---     example}}, refused = schema, security = {"scheme", ..} or {} for none, deprecated}}.
---   refused: what a refusal looks like where no 4xx status is declared.
--- options.array: marks a table as a JSON array, so that an empty one is written as [].
function M.document(doc, options)
  options = options or {}
  options.array = options.array or function(t) return t end
  local operations = {}
  for i, op in ipairs(doc.operations) do operations[i] = op end
  local names, paths = M.names(operations), {}
  for _, op in ipairs(operations) do
    local entry = paths[op.path] or {}
    paths[op.path] = entry
    local method = op.method:lower()
    if entry[method] then error(op.method .. " " .. op.path .. " is declared twice", 0) end
    entry[method] = operation(setmetatable({ operation_id = names[op] }, { __index = op }), options)
  end
  local out = {
    openapi = "3.1.0", info = doc.info, servers = options.array(doc.servers or { { url = "/" } }),
    tags = doc.tags and options.array(doc.tags) or nil, paths = paths,
    components = { securitySchemes = doc.security_schemes, schemas = doc.schemas },
  }
  for name, value in pairs(doc.extensions or {}) do out[name] = value end
  return out
end

return M
