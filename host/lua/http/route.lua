-- host/lua/http/route.lua -- a declared route, prepared once so that requests need no preparation:
-- readers and encoders compiled, header texts joined, limits checked.  Errors begin with the place of
-- the declaration.

local auth = require "human.http.auth"
local body_of = require "human.http.body"
local catalogue = require "human.scripts.catalogue"
local cors = require "human.http.cors"
local encode = require "human.schema.encoder"
local headers = require "human.http.headers"
local host = require "human.core.host"
local idempotency_key = require "human.http.idempotency_key"
local rate = require "human.http.rate"
local router = require "human.http.router"
local schema = require "human.schema"
local sealed_answer = require "human.http.sealed_answer"

local M = {}
local PROTOCOL_MAX = 128
local TEXT = { coerce = true }                   -- paths, queries and headers contain values as text

local function set(text)
  local out = {}
  for word in text:gmatch "%S+" do out[word] = true end
  return out
end

local COMMON = "summary description tag auth limit params query headers errors timeout_s abort operation_id "
local KEYS = {
  http = set(COMMON .. "body reply body_max deprecated idempotent events"),
  stream = set(COMMON .. "body reply body_max method events"),
  websocket = set(COMMON .. "protocol max_message max_queue ping_s idle_s deflate"),
}

local function check_keys(kind, spec, where)
  for key in pairs(spec) do
    if not KEYS[kind][key] then error(where .. ": unknown key '" .. tostring(key) .. "' in the spec", 0) end
  end
  if type(spec.summary) ~= "string" then error(where .. ": a route needs a summary", 0) end
end

-- fn(...) with the declaration's place before its error.
local function at(where, what, fn, ...)
  local ok, result = pcall(fn, ...)
  if ok then return result end
  error(where .. ": " .. what .. ": " .. tostring(result), 0)
end

-- {name = schema} or an object schema, as a schema.
local function as_object(t)
  if schema.is(t) then return t end
  return schema.object(t)
end

local function compile_params(route, spec, names)
  if not spec.params then return end
  local fields = spec.params
  if not schema.is(fields) then
    fields = {}
    for _, name in ipairs(names) do fields[name] = schema.string end
    for name, s in pairs(spec.params) do
      if not fields[name] then error("the path has no {" .. name .. "}", 0) end
      fields[name] = s
    end
  end
  route.params_schema = as_object(fields)
  route.read_params = schema.reader(route.params_schema, TEXT)
end

local function compile_query(route, spec)
  if not spec.query then return end
  route.query_schema = as_object(spec.query)
  route.read_query = schema.reader(route.query_schema, TEXT)
end

local function compile_headers(route, spec)
  if not spec.headers then return end
  local fields, names = {}, {}
  for name, s in pairs(spec.headers) do
    name = name:lower()
    fields[name], names[#names + 1] = s, name
  end
  table.sort(names)
  route.header_names, route.headers_schema = names, schema.object(fields)
  route.read_headers = schema.reader(route.headers_schema, TEXT)
end

local function compile_reply(status, s)
  if type(status) ~= "number" or status < 200 or status > 599 then
    error("status " .. tostring(status) .. " is not between 200 and 599", 0)
  end
  if not s then return { type = "" } end
  if not schema.is(s) then error("status " .. status .. " must have a schema or false", 0) end
  local mime = s.kind == "raw" and s.mime or "application/json; charset=utf-8"
  local why = headers.refusal("content-type", mime)
  if why then error(why, 0) end
  -- Of "*/*" the handler says the type, as a header.
  local line = mime ~= "*/*" and "content-type: " .. mime .. "\r\n" or ""
  return { encode = encode.compile(s), type = line, is_secret = sealed_answer.of_schema(s) }
end

local function compile_replies(route, spec)
  if route.kind ~= "http" then return end
  if type(spec.reply) ~= "table" or next(spec.reply) == nil then
    error("a route needs reply = { [status] = schema or false }", 0)
  end
  route.replies = {}
  for status, s in pairs(spec.reply) do route.replies[status] = compile_reply(status, s) end
end

-- May requests have an Idempotency-Key, and how is it handled?
local function compile_idempotent(route, spec)
  if route.kind ~= "http" then return end
  local how = idempotency_key.applies(route.method, route.auth_spec ~= false, spec.idempotent)
  -- A handler that has moved an uploaded file cannot run again.
  route.idempotent = how == true and route.has_upload and "lease" or how
end

local function option(spec, group, name)
  if spec[name] ~= nil then return spec[name] end
  return group[name]
end

-- RFC 6455 section 4.1: a token.
local function check_protocol(_, spec)
  local name = spec.protocol
  if name and (#name > PROTOCOL_MAX or headers.refusal(name, "")) then error("must be a token", 0) end
end

-- A route of generation g.  kind: "http", "stream" or "websocket"; path is below the group's base.
function M.new(g, group, kind, method, path, spec, where)
  if type(spec) ~= "table" then error(where .. ": the second argument must be a table", 0) end
  check_keys(kind, spec, where)
  local full = group.base .. path
  local route = {
    gen = g, group = group, kind = kind, method = method, m = router.number[method], path = full,
    title = method .. " " .. full, spec = spec, where = where, tag = spec.tag or group.tag,
    auth_spec = option(spec, group, "auth") or false, cors_option = group.cors, area = group.area,
    surface = group.surface, secure = group.secure,
    errors = catalogue.of(g, group.area),
    timeout_s = spec.timeout_s or host.conf().limits.request_timeout_ms / 1000,
    abort = spec.abort, on_agent_port = group.on_agent_port,
  }
  route.label = host.label(route.title)
  if kind ~= "http" and route.abort == nil then route.abort = true end
  route.limit = rate.compile(option(spec, group, "limit"), route.title, where)
  local names = {}
  for name in full:gmatch "{([^{}]*)}" do names[#names + 1] = (name:gsub("%.%.%.$", "")) end
  at(where, "params", compile_params, route, spec, names)
  at(where, "query", compile_query, route, spec)
  at(where, "headers", compile_headers, route, spec)
  at(where, "body", body_of.compile, route, spec)
  at(where, "reply", compile_replies, route, spec)
  at(where, "idempotent", compile_idempotent, route, spec)
  if kind == "websocket" then at(where, "protocol", check_protocol, route, spec) end
  return route
end

--- The error codes of scripts for a finished route: its own, its group's and its authenticators'.
function M.codes(route)
  local list = {}
  local function add(codes)
    for _, code in ipairs(codes or {}) do list[#list + 1] = code end
  end
  add(route.spec.errors)
  add(route.group and route.group.errors)
  for _, authenticator in ipairs(route.auth or {}) do add(authenticator.scheme.errors) end
  return list
end

--- Once all authenticators are known: resolves those of the route, and the headers that all its answers begin with.
function M.finish(route)
  route.auth = auth.compile(route.gen, route.auth_spec, route.where)
  local has_key, is_ambient, by_cookie = auth.kind(route.auth)
  route.cors = cors.of_route(route.cors_option, has_key, is_ambient, route.where, by_cookie)
  route.common_head = route.cors.fixed .. (is_ambient and not route.cors.varies and "vary: Origin\r\n" or "")
    .. route.gen.common_head .. (route.secure and route.secure.lines or "")
  for _, r in pairs(route.replies or {}) do r.head = r.type .. route.common_head end
end

return M
