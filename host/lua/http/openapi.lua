-- host/lua/http/openapi.lua -- the routes of a generation as an OpenAPI 3.1 document.
-- Reads the same declarations that serve requests; the rock openapi writes the document.

local examples = require "human.http.examples"
local fail = require "human.fail"
local idempotency_key = require "human.http.idempotency_key"
local json = require "human.json"
local openapi = require "openapi"
local route_of = require "human.http.route"
local sched = require "human.core.sched"
local schema = require "human.schema"
local schema_doc = require "human.schema.document"
local shapes = require "human.http.shapes"

local M = {}
local VERSION = "1.0.0" -- of the API, not of the program

local KEY = {
  name = "Idempotency-Key", ["in"] = "header", required = false,
  description = ("A name of your own for this request, new for each. Sent again within %d hours with the same key, "
    .. "the request is answered as it was the first time, with Idempotent-Replayed: true, and nothing is done "
    .. "twice. Answers with 5xx or 429 are not kept."):format(idempotency_key.KEEP_H),
  schema = { type = "string", minLength = 1, maxLength = idempotency_key.MAX, pattern = "^[!-~]+$" },
}
local REPLAYED = { ["Idempotent-Replayed"] = {
  description = "true: the answer to an earlier request with this Idempotency-Key",
  schema = { type = "string", enum = json.array { "true" } },
} }
local function ref(shape)
  return { ["$ref"] = "#/components/schemas/" .. shape.title }
end

-- An object schema from {name = schema}, or a schema as it is.
local function as_object(fields)
  if not fields then return nil end
  return schema.is(fields) and fields or schema.object(fields)
end

local function add_fields(list, node, place)
  for _, field in ipairs(node and node.fields or {}) do
    local inner = field.schema
    local shown = schema_doc.json_schema(inner, "exact")
    local description = shown.description
    shown.description = nil
    list[#list + 1] = {
      name = field.name, ["in"] = place, description = description, schema = shown,
      required = not inner.is_optional and inner.default_value == nil,
    }
  end
end

-- OpenAPI cannot say that a parameter may contain slashes.
local function describe_rest(list, name)
  for _, p in ipairs(list) do
    if p.name == name then p.description = p.description or "The rest of the path, slashes included" end
  end
end

-- Path parameters without a schema of their own are text.
local function parameters(route)
  local list, known = {}, {}
  add_fields(list, as_object(route.spec.params), "path")
  for _, p in ipairs(list) do known[p.name] = true end
  for name in route.path:gmatch "{([^{}]*)}" do
    local plain = name:gsub("%.%.%.$", "")
    if not known[plain] then
      list[#list + 1] = { name = plain, ["in"] = "path", schema = { type = "string" } }
    end
    if plain ~= name then describe_rest(list, plain) end
  end
  add_fields(list, as_object(route.spec.query), "query")
  add_fields(list, as_object(route.spec.headers), "header")
  if route.idempotent then list[#list + 1] = KEY end
  return list
end

-- Named examples of a schema: 1, 2, ..; nil if there are none.
local function named(values, shown)
  if #values == 0 then return nil end
  local out = {}
  for i, value in ipairs(values) do out[tostring(i)] = { value = examples.complete(value, shown) } end
  return out
end

local function body(route, sample)
  if not route.body_types then return nil end
  local types = {}
  for i, t in ipairs(route.body_types) do
    local shown = schema_doc.json_schema(t.schema, "exact")
    types[i] = { mime = t.mime, schema = shown,
                 examples = t.mime == "application/json" and named(sample.requests, shown) or nil }
  end
  return { required = route.body_required, types = types }
end

-- spec.events describes the events of a stream; a plain route has it if its handler may call ctx:stream().
local function replies(route, sample)
  local list, is_stream = {}, route.kind == "stream"
  if is_stream or route.spec.events then
    list[1] = { status = 200, mime = "text/event-stream", schema = { type = "string" },
                description = route.spec.events or "Server-sent events" }
  end
  if is_stream then return list end
  for status, node in pairs(route.spec.reply or {}) do
    local shown = node and schema_doc.json_schema(node, "out") or nil
    list[#list + 1] = {
      status = status, mime = node and node.kind == "raw" and node.mime or nil, schema = shown,
      examples = shown and status < 300 and sample.reply and named({ sample.reply }, shown) or nil,
      headers = route.idempotent and REPLAYED or nil,
    }
  end
  return list
end

local function auth_names(route)
  local spec = route.auth_spec
  if spec == nil then spec = route.spec.auth end
  if spec == nil then spec = route.group and route.group.auth end
  if not spec then return {} end
  return type(spec) == "table" and spec or { spec }
end

-- Errors that the runtime itself returns because of a route's declarations.
local function own_codes(route, names)
  local spec = route.spec
  local has_input = spec.body or spec.query or spec.params or spec.headers or route.idempotent
  local function if_idempotent(name) return route.idempotent and name or false end
  return {
    has_input and "validation_error" or false, #names > 0 and "unauthorized" or false,
    spec.body and "payload_too_large" or false, spec.body and "unsupported_media_type" or false,
    (#names > 0 or spec.limit or route.group and route.group.limit) and "rate_limited" or false, "internal",
    route.has_upload and "insufficient_storage" or false, route.has_upload and "request_timeout" or false,
    if_idempotent "idempotency_in_progress", if_idempotent "idempotency_answer_lost",
    if_idempotent "idempotency_key_reused",
  }
end

local function errors(route, names, catalogue)
  local shape, list, seen = route.shape, {}, {}
  local function add(name)
    local entry = name and not seen[name] and catalogue[name]
    if not entry then return end
    seen[name] = true
    local sample = shapes.body(fail.new(name, nil, catalogue), shape, "0")
    list[#list + 1] = { status = entry.status, code = name, message = entry.message,
                        schema = ref(shape), example = json.raw(sample) }
  end
  for _, name in ipairs(own_codes(route, names)) do add(name) end
  for _, name in ipairs(route_of.codes(route)) do add(name) end
  return list
end

-- The names of authenticators; "" stands for none if a token is optional.
local function security(names, schemes)
  local list = {}
  for i, name in ipairs(names) do list[i] = name end
  for _, name in ipairs(names) do
    if schemes[name] and schemes[name].optional then list[#list + 1] = "" break end
  end
  return list
end

local NO_SAMPLE = { requests = {} }

local function operation(route, gen)
  local spec, names = route.spec, auth_names(route)
  local sample = gen.samples and gen.samples[route.title] or NO_SAMPLE
  return {
    method = route.method, path = (route.path:gsub("%.%.%.}", "}")),
    summary = spec.summary, description = spec.description,
    tag = route.tag or spec.tag or route.group and route.group.tag, operation_id = spec.operation_id,
    surface = route.surface,
    deprecated = spec.deprecated, parameters = parameters(route), body = body(route, sample),
    replies = replies(route, sample), errors = errors(route, names, route.errors or gen.errors or {}),
    refused = ref(route.shape), security = security(names, gen.auth or {}),
  }
end

local function security_schemes(auth)
  local out = {}
  for name, a in pairs(auth or {}) do
    local scheme = a.scheme or a
    out[name] = scheme.type == "http"
      and { type = "http", scheme = scheme.scheme, description = scheme.description }
      or { type = "apiKey", ["in"] = scheme.cookie and "cookie" or "header", name = scheme.cookie or scheme.header,
           description = scheme.description }
  end
  return out
end

-- OpenAPI has no notion of WebSockets, so they are listed beside the paths.
local function split(routes)
  local http, sockets = {}, json.array {}
  for _, route in ipairs(routes) do
    if route.kind == "websocket" then
      sockets[#sockets + 1] = { path = route.path, summary = route.spec.summary }
    else
      http[#http + 1] = route
    end
  end
  table.sort(sockets, function(a, b) return a.path < b.path end)
  return http, sockets
end

-- Only schemas in use: linters warn about others.
local function error_schemas(routes)
  local out = {}
  for _, route in ipairs(routes) do
    out[route.shape.title] = route.shape.schema
  end
  return out
end

-- Tags by surface, for readers that group them; the surface "" has what all share.
local function tag_groups(operations, surfaces)
  local groups, names = {}, {}
  for _, op in ipairs(operations) do
    local name = op.surface or ""
    if not groups[name] then
      groups[name] = { name = surfaces[name] and surfaces[name].title or "Shared", tags = json.array {}, seen = {} }
      names[#names + 1] = name
    end
    local group = groups[name]
    if op.tag and not group.seen[op.tag] then group.tags[#group.tags + 1], group.seen[op.tag] = op.tag, true end
  end
  table.sort(names)
  local out = json.array {}
  for i, name in ipairs(names) do
    table.sort(groups[name].tags)
    out[i] = { name = groups[name].name, tags = groups[name].tags }
  end
  return out
end

-- The schemes that these operations ask for.
local function schemes_of(operations, auth)
  local used = {}
  for _, op in ipairs(operations) do
    for _, name in ipairs(op.security) do used[name] = auth[name] end
  end
  return security_schemes(used)
end

--- Lets other requests through: a document takes some hundred milliseconds.
function M.breathe()
  if sched.current() then sched.sleep(0) end
end

--- texts[name], which make() makes once; whoever asks meanwhile waits for it.
function M.once(texts, name, make)
  while texts[name] == false do sched.sleep(0.01) end
  if texts[name] then return texts[name] end
  texts[name] = false
  local ok, text = pcall(make)
  texts[name] = ok and text or nil
  if not ok then error(text, 0) end
  return text
end

--- The names of a generation's surfaces, sorted: those whose routes are in one folder below api.
function M.surfaces(gen)
  local seen, names = {}, {}
  for _, route in ipairs(gen.routes) do
    local name = route.surface
    if name and route.kind ~= "websocket" and not seen[name] then names[#names + 1], seen[name] = name, true end
  end
  table.sort(names)
  return names
end

-- The routes of a surface, and those that all surfaces share; without one, all.
local function routes_of(gen, surface)
  local all = {}
  for _, route in ipairs(gen.routes) do
    if not surface or not route.surface or route.surface == surface then all[#all + 1] = route end
  end
  return split(all)
end

--- The operationId of each route in the document of a surface: {[route] = id}.
function M.names(gen, surface)
  local list, names = {}, {}
  for i, route in ipairs((routes_of(gen, surface))) do
    list[i] = { method = route.method, path = (route.path:gsub("%.%.%.}", "}")), operation_id = route.spec.operation_id,
                route = route }
  end
  for op, name in pairs(openapi.names(list)) do names[op.route] = name end
  return names
end

--- The document of a generation as a table; surface: only its routes and those that all share.
function M.document(gen, surface)
  local routes, sockets = routes_of(gen, surface)
  local operations, surfaces = {}, gen.surfaces or {}
  for i, route in ipairs(routes) do
    operations[i] = operation(route, gen)
    M.breathe()
  end
  local about = surface and (surfaces[surface] or { title = surface }) or {}
  return openapi.document({
    info = { title = about.title or "human", version = VERSION, license = { name = "MIT", identifier = "MIT" },
             summary = about.summary or "Conversational agents over REST and Socket.IO" },
    operations = operations, security_schemes = schemes_of(operations, gen.auth or {}),
    schemas = error_schemas(routes),
    extensions = { ["x-scripts"] = gen.id, ["x-websockets"] = #sockets > 0 and sockets or nil,
                   ["x-tagGroups"] = tag_groups(operations, surfaces) },
  }, { array = json.array })
end

--- The OpenAPI 3.1 document of a generation {routes, auth, errors, id}, as JSON text; surface: of one folder below api.
--- Equal declarations give equal text.
function M.render(gen, surface) return json.encode_sorted(M.document(gen, surface), openapi.first) end

--- The text of render() for clients that find us at `base` ("https://api.example/human"; nil: the address they asked).
function M.at(text, base)
  local from, to = text:find('"servers":[{"url":"/"}]', 1, true)
  if not base or not from then return text end
  return text:sub(1, from - 1) .. '"servers":[{"url":' .. json.encode(base) .. "}]" .. text:sub(to + 1)
end

return M
