-- scripts/marketplace/catalog_document.lua -- OpenAPI 3.0 and 3.1 documents of strangers, in JSON or YAML: the
-- operations in them, and each as a tool whose calls the proxy can make (marketplace.proxy_parameters).

local json = require "human.json"
local text = require "human.text"
local yaml = require "yaml"
local parameters = require "marketplace.proxy_parameters"
local rules = require "marketplace.rules.catalog"
local schemas = require "marketplace.catalog_schema"

local M = {}

local METHODS = { "get", "post", "put", "patch", "delete" }
local NOT_CALLED = { "head", "options", "trace" }
local ID_MAX, TITLE_MAX, WORDS_MAX, VARIABLES = 200, 200, 2000, 20

local function is_object(v) return type(v) == "table" and not json.is_array(v) end

local function read_yaml(bytes)
  if #bytes > rules.yaml_bytes then
    return nil, ("is YAML of more than %d bytes; JSON may be larger"):format(rules.yaml_bytes)
  end
  local value, why = yaml.parse(bytes, { null = json.null, array = json.array, max_bytes = rules.yaml_bytes })
  if value == nil then return nil, "is not YAML: " .. tostring(why) end
  return value
end

--- A document from its text; nil and why not.
function M.read(bytes)
  if #bytes > rules.document_bytes then
    return nil, ("is longer than %d bytes"):format(rules.document_bytes)
  end
  local document, why
  if bytes:find "^%s*{" then document, why = json.decode(bytes) else document, why = read_yaml(bytes) end
  if document == nil then return nil, why end
  if not is_object(document) then return nil, "is not an object" end
  if document.swagger then return nil, "is Swagger 2.0; OpenAPI 3.0 and 3.1 are read" end
  local version = document.openapi
  if type(version) ~= "string" or not version:find "^3%.[01]%." then return nil, "is not OpenAPI 3.0 or 3.1" end
  if not is_object(document.paths) then return nil, "has no paths" end
  return document
end

local function id_of(operation, method, path)
  local id = operation.operationId
  if type(id) == "string" and id:find "%S" then return text.cut(id, ID_MAX) end
  return text.cut(method .. path:gsub("%W+(%w?)", string.upper), ID_MAX)
end

--- The operations of a document, by path and method: {{id, method, path, item, operation}, ..}; nil and why not.
function M.operations(document)
  local list, paths, seen = {}, {}, {}
  for path in pairs(document.paths) do paths[#paths + 1] = path end
  table.sort(paths)
  for _, path in ipairs(paths) do
    local item = document.paths[path]
    for _, methods in ipairs { METHODS, NOT_CALLED } do
      for _, method in ipairs(methods) do
        local operation = is_object(item) and item[method]
        if is_object(operation) then
          local id = id_of(operation, method, path)
          list[#list + 1] = { id = id, method = method, path = path, item = item, operation = operation,
                              is_called = methods == METHODS, is_again = seen[id] }
          seen[id] = true
          if #list > rules.operations_read then
            return nil, ("has more than %d operations"):format(rules.operations_read)
          end
        end
      end
    end
  end
  return list
end

local function with_variables(ctx, server)
  local n, url = 0, server.url
  return (url:gsub("{([^{}]*)}", function(name)
    local variable = is_object(server.variables) and server.variables[name]
    n = n + 1
    if not (is_object(variable) and type(variable.default) == "string") or n > VARIABLES then
      ctx.skip "has a server with a variable that has no default"
    end
    return variable.default
  end))
end

-- The address that an operation's path is appended to.  base: of the document itself, or nil.
local function server_url(ctx, entry, base)
  local list = entry.operation.servers or entry.item.servers or ctx.document.servers
  local server = type(list) == "table" and list[1] or { url = "/" }
  if not (is_object(server) and type(server.url) == "string") then ctx.skip "has a server without an address" end
  local url = with_variables(ctx, server)
  if url:find "[?#%s%c\\]" or #url > 2048 then ctx.skip "has a server whose address is none" end
  if not url:find "^%a[%w+.-]*:" then
    local origin, directory = (base or ""):match "^(https?://[^/?#]+)([^?#]*)"
    if not origin or url:find "^//" then ctx.skip "has a server whose address is relative, to nothing that is known" end
    url = url:sub(1, 1) == "/" and origin .. url or origin .. (directory:match "^.*/" or "/") .. url:gsub("^%./", "")
  end
  return parameters.without_slashes(url)
end

local KINDS = { oauth2 = "bearer", openIdConnect = "bearer" }

-- How a scheme of the document is shown by the proxy: auth_type and auth_header; nil: not at all.
local function shown_as(scheme)
  if not is_object(scheme) then return nil end
  if scheme.type == "http" and type(scheme.scheme) == "string" then
    local kind = scheme.scheme:lower()
    return (kind == "basic" or kind == "bearer") and kind or nil
  end
  local named = type(scheme.name) == "string" and #scheme.name <= 100 and scheme.name:find "^[%w-]+$"
  if scheme.type == "apiKey" and named and scheme["in"] == "header" then return "header", scheme.name end
  if scheme.type == "apiKey" and named and scheme["in"] == "query" then return "query", scheme.name end
  return KINDS[scheme.type]
end

local function auth_of(ctx, operation)
  local list = operation.security or ctx.document.security
  if type(list) ~= "table" or list[1] == nil then return "none" end
  local components = ctx.document.components
  local known = is_object(components) and components.securitySchemes or {}
  for _, asked in ipairs(list) do
    if not is_object(asked) or next(asked) == nil then return "none" end   -- it may be left out
  end
  for _, asked in ipairs(list) do
    local name = next(asked)
    if next(asked, name) == nil then
      local kind, header = shown_as(schemas.resolved(ctx, known[name]))
      if kind then return kind, header end
    end
  end
  ctx.skip "asks for a credential that the proxy cannot show"
end

local function is_json(media) return media:lower():find "^application/[%w.+-]*json" ~= nil end

local function json_of(content)
  for media, what in pairs(is_object(content) and content or {}) do
    if type(media) == "string" and is_json(media) then return is_object(what) and what or {} end
  end
end

-- The parameters of an operation: those of its path first, which its own replace.
local function parameter_list(ctx, entry)
  local order, by_key = {}, {}
  for _, list in ipairs { entry.item.parameters or {}, entry.operation.parameters or {} } do
    for _, one in ipairs(type(list) == "table" and list or {}) do
      local p = schemas.resolved(ctx, one)
      if not is_object(p) or type(p.name) ~= "string" or not p.name:find "^[^%c]+$" or #p.name > 100
          or type(p["in"]) ~= "string" then
        ctx.skip "has a parameter without a name"
      end
      local key = p["in"] .. ":" .. p.name
      if not by_key[key] then order[#order + 1] = key end
      by_key[key] = p
      if #order > rules.parameters then ctx.skip(("has more than %d parameters"):format(rules.parameters)) end
    end
  end
  local out = {}
  for i, key in ipairs(order) do out[i] = by_key[key] end
  return out
end

-- Whether the proxy can send it; what it cannot and need not is left out.
local function is_sent(ctx, p)
  local where = p["in"]
  if where == "path" or where == "query" then return true end
  if where == "header" and parameters.is_header(p.name) then return true end
  local is_ours = where == "header" and (p.name:lower() == "accept" or p.name:lower() == "content-type"
    or p.name:lower() == "authorization")      -- which OpenAPI says elsewhere
  if p.required == true and not is_ours then
    ctx.skip(("needs a %s that the proxy does not send: %s"):format(where == "cookie" and "cookie" or "header", p.name))
  end
  return false
end

local function described(schema, p)
  if type(p.description) == "string" and type(schema) == "table" and not schema["$ref"] and not schema.description then
    schema.description = text.cut(p.description, 300)
  end
  return schema
end

local function add_parameters(ctx, entry, input, meta)
  for _, p in ipairs(parameter_list(ctx, entry)) do
    if is_sent(ctx, p) then
      if input.properties[p.name] ~= nil then ctx.skip("has two parameters of one name: " .. p.name) end
      local content = p.schema == nil and json_of(p.content)
      if not content and p.schema == nil then ctx.skip("has a parameter without a schema: " .. p.name) end
      input.properties[p.name] = described(schemas.part(ctx, p.schema or content.schema or true), p)
      if p.required == true or p["in"] == "path" then input.required[#input.required + 1] = p.name end
      local explode = nil
      if type(p.explode) == "boolean" then explode = p.explode end
      meta[#meta + 1] = { name = p.name, ["in"] = p["in"], style = type(p.style) == "string" and p.style or nil,
                          explode = explode, json = content and true or nil }
    end
  end
end

-- The body is the member `body` of the input.
local function add_body(ctx, entry, input)
  local body = schemas.resolved(ctx, entry.operation.requestBody)
  if not is_object(body) or entry.method == "get" then return false end
  local content = json_of(body.content)
  if not content then
    if body.required == true then ctx.skip "takes a body that is not JSON" end
    return false
  end
  if input.properties.body ~= nil then ctx.skip "has a body, and a parameter of that name" end
  input.properties.body = schemas.part(ctx, content.schema == nil or content.schema)
  if body.required == true then input.required[#input.required + 1] = "body" end
  return true
end

-- What answers with something else than JSON would be of no use.
local function check_answer(ctx, operation)
  local has_other, has_json = false, false
  for status, one in pairs(is_object(operation.responses) and operation.responses or {}) do
    if tostring(status):find "^2" then
      local answer = schemas.resolved(ctx, one)
      local content = is_object(answer) and answer.content
      if json_of(content) then has_json = true
      elseif is_object(content) and next(content) or tostring(status) == "204" then has_other = true end
    end
  end
  if has_other and not has_json then ctx.skip "answers with something else than JSON" end
end

local function check_path(ctx, entry, meta)
  if not entry.path:find "^/" or entry.path:find "[?#%s%c\\]" then ctx.skip "has a path that is none" end
  local has = {}
  for _, p in ipairs(meta) do has[p.name] = p["in"] == "path" end
  for name in entry.path:gmatch "{([^{}]*)}" do
    if not has[name] then ctx.skip("has no parameter for the part of its path: " .. name) end
  end
end

local function words(value, most)
  local shown = type(value) == "string" and text.trim(value:gsub("%z", "")) or ""
  return shown ~= "" and text.cut(shown, most) or nil
end

local function made(ctx, entry, base)
  if not entry.is_called then ctx.skip("is a " .. entry.method:upper() .. ", which the proxy does not send") end
  if entry.is_again then ctx.skip "has the operationId of another" end
  if entry.item["$ref"] ~= nil then ctx.skip "is in a path that refers to another" end
  local input = { type = "object", properties = {}, required = json.array {}, additionalProperties = false }
  local meta, operation = json.array {}, entry.operation
  add_parameters(ctx, entry, input, meta)
  check_path(ctx, entry, meta)
  local has_body = add_body(ctx, entry, input)
  check_answer(ctx, operation)
  input["$defs"] = schemas.definitions(ctx)
  local schema = json.encode(input)
  if #schema > rules.schema_bytes then
    ctx.skip(("has an input that takes more than %d bytes to describe"):format(rules.schema_bytes))
  end
  local kind, header = auth_of(ctx, operation)
  local title = words(operation.summary, TITLE_MAX) or words(entry.id, TITLE_MAX)
  return {
    title = title, description = words(operation.description, WORDS_MAX) or title, input_schema = schema,
    tool_meta = { upstream_url = server_url(ctx, entry, base), auth_type = kind, auth_header = header,
                  method = entry.method:upper(),
                  operation = { path = entry.path, parameters = meta, has_body = has_body or nil } },
  }
end

--- An operation as a tool: {title, description, input_schema (JSON), tool_meta}; nil and why it cannot be one.
function M.tool(document, entry, base)
  local function skip(why) error({ skipped = why }, 0) end
  local ctx = schemas.begin(document, document.openapi:find "^3%.0" ~= nil, skip)
  local ok, result = pcall(made, ctx, entry, base)
  if ok then return result end
  if type(result) == "table" and result.skipped then return nil, result.skipped end
  error(result, 0)
end

return M
