-- host/lua/operations.lua -- routes as operations, for scripts that offer them in another protocol: what there is, what
-- each takes, and calls.  A call passes through all that a request passes through: authenticator, limit, schema,
-- Idempotency-Key, handler, schema of the reply.  Only the way in and out differs.

local after = require "human.http.after"
local ctx_module = require "human.http.ctx"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local idempotency = require "human.idempotency"
local json = require "human.json"
local openapi = require "human.http.openapi"
local rate = require "human.http.rate"
local sched = require "human.core.sched"
local schema = require "human.schema"
local schema_doc = require "human.schema.document"
local shapes = require "human.http.shapes"
local trouble = require "human.http.trouble"

local M = {}
local JSON = "application/json"
local NAME_MAX = 500                             -- of a name in a path
local JSON_TYPE = "content-type: application/json; charset=utf-8\r\n"

-- What a generation's routes are as operations: {lists = {[area] = list}, names = {[area] = {[id] = operation}},
-- routes = {[operation] = route}}.  It goes with the generation.
local function of(g)
  g.operations = g.operations or { lists = {}, names = {}, routes = {} }
  return g.operations
end

-- What there is ---------------------------------------------------------------------------------------------

local function is_json(node) return not node or node.kind ~= "raw" and node.kind ~= "upload" end

-- Only what takes and gives JSON is an operation.
local function takes_json(route)
  if route.kind ~= "http" or route.has_upload then return false end
  local one = route.body_one
  if route.body_types and not (one and one.mime == JSON and one.read) then return false end
  for _, node in pairs(route.spec.reply) do
    if not is_json(node) then return false end
  end
  return true
end

local function as_object(fields) return schema.is(fields) and fields or schema.object(fields) end

local function add_fields(out, shown)
  for name, each in pairs(shown.properties or {}) do out.properties[name] = each end
  for _, name in ipairs(shown.required or {}) do out.required[#out.required + 1] = name end
end

-- A schema that allows what either allows.
local function either(a, b)
  if not a or json.encode_sorted(a) == json.encode_sorted(b) then return b end
  if (a.const or a.enum) and b.const then
    local values = json.array { unpack(a.enum or { a.const }) }
    values[#values + 1] = b.const
    return { enum = values, description = a.description }
  end
  local list = json.array { unpack(a.anyOf or { a }) }
  list[#list + 1] = b
  return { anyOf = list }
end

-- Alternatives as one object with the fields of all: models' servers take no others.  The route itself is stricter.
local function add_alternatives(out, alternatives)
  local times = {}
  for _, one in ipairs(alternatives) do
    for name, each in pairs(one.properties or {}) do out.properties[name] = either(out.properties[name], each) end
    for _, name in ipairs(one.required or {}) do times[name] = (times[name] or 0) + 1 end
  end
  for name, n in pairs(times) do
    if n == #alternatives then out.required[#out.required + 1] = name end
  end
end

-- The names in the path, the query and the body as one object.
local function input_of(route)
  local out = { type = "object", properties = {}, required = json.array {} }
  for _, name in ipairs(route.names or {}) do
    out.properties[name], out.required[#out.required + 1] = { type = "string" }, name
  end
  if route.params_schema then
    for name, shown in pairs(schema_doc.json_schema(route.params_schema, "in").properties) do
      out.properties[name] = shown
    end
  end
  if route.spec.query then add_fields(out, schema_doc.json_schema(as_object(route.spec.query), "in")) end
  local body = route.body_one and schema_doc.json_schema(route.body_one.schema, "in")
  local alternatives = body and (body.oneOf or body.anyOf)
  if alternatives then add_alternatives(out, alternatives) elseif body then add_fields(out, body) end
  out.additionalProperties = false
  table.sort(out.required)
  if #out.required == 0 then out.required = nil end
  return out
end

local function tells_secret(route)
  for _, reply in pairs(route.replies) do
    if reply.is_secret then return true end
  end
  return false
end

local function operation(route)
  local auth = {}
  for i, a in ipairs(route.auth or {}) do auth[i] = a.name end
  local made = { name = route.path, method = route.method, tag = route.tag, summary = route.spec.summary,
                 description = route.spec.description, auth = auth, input = input_of(route),
                 takes_key = route.idempotent ~= false, timeout_s = route.timeout_s,
                 tells_secret = tells_secret(route) }
  of(route.gen).routes[made] = route
  return made
end

-- At one path, and always with an answer that is no stream.
local function is_plain(route)
  return not route.names and not (route.spec.events and not (route.spec.reply and route.spec.reply[200]))
end

local function make_list(g, area)
  local list = {}
  for _, route in ipairs(g.routes) do
    if route.area == area and is_plain(route) and takes_json(route) then list[#list + 1] = operation(route) end
  end
  table.sort(list, function(a, b) return a.name .. a.method < b.name .. b.method end)
  return list
end

local function present()
  local task = sched.current()
  return task and task.gen or gen.current()
end

--- The operations of an area (the folder below api/), by path: routes at one path that take and give JSON.  Each is
--- {name (its path), method, tag, summary, description, auth (names of authenticators), input (JSON Schema of an
--- object: query and body together), takes_key (an Idempotency-Key), timeout_s, tells_secret (a reply has a field that
--- is shown once)}.
function M.list(area)
  local g = present()
  local lists = of(g).lists
  lists[area] = lists[area] or make_list(g, area)
  return lists[area]
end

local function make_names(g, area)
  local named = {}
  for route, name in pairs(openapi.names(g, area)) do
    if route.surface == area and takes_json(route) then named[name] = operation(route) end
  end
  return named
end

--- The operations of an area by their operationIds: {[id] = operation}.  Those whose path has names in it ("{id}") are
--- among them, and take these as fields of their input; so are those that can answer with events: here they do not.
--- g: a generation; nil: the one in service.
function M.named(area, g)
  g = g or present()
  local names = of(g).names
  names[area] = names[area] or make_names(g, area)
  return names[area]
end

-- The route of an operation.
function M.route(op, g) return of(g or present()).routes[op] end

-- A call ------------------------------------------------------------------------------------------------------

local function never() return false end
local function absent() error("an operation has no raw body, cookies or stream of its own", 2) end

-- What the handler has as its stream: each event is told, and none is refused.
local function told_to(inner, on_event)
  return function()
    inner.streams = true
    return { event = function(_, name, data) return on_event(name, data) ~= false end }
  end
end

local function new_ctx(ctx, route, text, on_event)
  local inner = ctx_module.new(ctx.req, route, false)
  inner.task, inner.id, inner.ip = sched.current(), ctx.id, ctx.ip
  inner.params, inner.headers, inner.params_text = {}, {}, text
  inner.raw_body, inner.stream, inner.set_cookie, inner.wants_stream = absent, absent, absent, never
  if on_event then
    inner.stream, inner.wants_stream = told_to(inner, on_event), function() return true end
  end
  return inner
end

local function authenticate(inner, route, token)
  if not route.auth then return end
  local code, data
  for _, a in ipairs(route.auth) do
    local actor
    if token then actor, code, data = a.fn(inner, token) end
    if actor then
      inner.actor, inner.authority = actor, a.name
      return
    end
  end
  fail.throw(code or "unauthorized", data)
end

-- Nobody asks: what a handler may want to know of a request has the answer of one that says nothing.  No address is
-- that of another, and no browser sent it.
local NOBODY = {
  header = function() return nil end, header_values = function() return {} end, cookie = function() return nil end,
  cookies = function() return {} end, is_local = function() return false, "it is no request" end,
  is_from_own_page = function() return true end, path = function(_, path) return path end,
  base = function() return nil end, raw_body = absent, stream = absent, set_cookie = absent, clear_cookie = absent,
}

local function ctx_of_nobody(route, text, actor)
  local inner = ctx_module.new(false, route, false)
  inner.task, inner.id, inner.ip = sched.current(), ctx_module.new_id(), "actor " .. actor.id
  inner.params, inner.headers, inner.params_text = {}, {}, text
  for name, fn in pairs(NOBODY) do inner[name] = fn end
  return inner
end

-- The authority under which an actor that no key has shown may call a route, or an error: it is one of those that the
-- caller names, and the route takes it.
local function authority_of(route, stands_for, public)
  if not route.auth and public then return nil end
  for _, a in ipairs(route.auth or {}) do
    for _, name in ipairs(stands_for) do
      if a.name == name then return name end
    end
  end
  error("operations.perform: " .. route.title .. " takes none of " .. table.concat(stands_for, ", "), 0)
end

local function refuse(details)
  local first = details[1]
  local name = first.path ~= "" and first.path or "input"
  fail.throw("validation_error", { message = name .. " " .. first.message, details = details })
end

-- Which fields are of the path, which of the query and which of the body.
local function parted(route, input)
  local path, query, body, place = {}, {}, {}, {}
  for _, field in ipairs(route.query_schema and route.query_schema.fields or {}) do place[field.name] = query end
  for _, name in ipairs(route.names or {}) do place[name] = path end
  for name, value in pairs(input) do
    local part = place[name] or route.body_one and body or query
    part[name] = value
  end
  return path, query, body
end

-- What a path cannot have in the place of a name.
local function read_path(inner, route, path)
  for _, name in ipairs(route.names or {}) do
    local value = path[name]
    if value == nil then refuse { { path = name, message = "is required" } } end
    if type(value) ~= "string" or value == "" or #value > NAME_MAX or value:find "[%c/]" then
      refuse { { path = name, message = ("must be a text of 1 to %d characters"):format(NAME_MAX) } }
    end
  end
  inner.params = path
  if not route.read_params then return end
  local params, details = route.read_params(path)
  if details then refuse(details) end
  inner.params = params
end

-- Sets ctx.params and ctx.query; returns the body.
local function read(inner, route, input)
  local path, query, body = parted(route, input)
  local details
  read_path(inner, route, path)
  if route.read_query then
    inner.query, details = route.read_query(query)
  elseif next(query) ~= nil then
    details = { { path = tostring(next(query)), message = "is not a field of this operation" } }
  else
    inner.query = {}
  end
  if details then refuse(details) end
  if not route.body_one then return nil end
  body, details = route.body_one.read(body)
  if details then refuse(details) end
  return body
end

local function handled(inner, route, body)
  local status, value = route.fn(inner, body)
  if rawget(inner, "streams") then return { status = 200, headers = "", body = "" } end
  local r = route.replies[status]
  if not r then error(route.where .. ": answers with status " .. tostring(status) .. ", which is not declared", 0) end
  return { status = status, headers = r.type, body = r.encode and r.encode(value) or "" }
end

local function refused(f, route, id)
  return { status = f.status, headers = JSON_TYPE, body = shapes.body(f, route.shape, id), code = f.code,
           message = f.message, details = f.details, retry_after_s = f.data and f.data.retry_after_s }
end

-- The outcome of a handler, as it is stored; err: what it raised.
local function outcome(inner, route, body)
  inner.afters = false
  local ok, result = xpcall(handled, trouble.trap, inner, route, body)
  if ok then return result end
  if not fail.is(result) then return { err = result } end
  local out = refused(fail.on(result, route.errors), route, inner.id)
  out.err = result
  return out
end

-- If the handler runs again, it gets what it got the first time.
local function once(inner, route, key, body)
  local again = false
  local made, kept = idempotency.carry_out(inner, route, key, nil, function()
    if again then body = read(inner, route, json.decode(inner.params_text)) end
    again = true
    return outcome(inner, route, body)
  end)
  if not made or made.err then inner.afters = false end
  if kept then return kept end
  if made.err then error(made.err, 0) end
  return made
end

local function process(inner, route, input, options)
  if route.auth and not rawget(inner, "actor") then authenticate(inner, route, options.token) end
  if route.limit then rate.check(inner, route.limit) end
  local body, key, how = read(inner, route, input), options.key, route.idempotent
  if not how then key = nil end
  if how == "tx" or key and how ~= "lease" then return once(inner, route, key, body) end
  local kept = key and idempotency.begin(inner, route, key, body)
  return kept or handled(inner, route, body)
end

-- What a stored refusal says, which has no names of its own.
local function with_code(made)
  if made.status >= 400 and not made.code then
    local said = json.decode(made.body)
    made.code, made.message, made.details = said.code, said.error or said.message, said.details
  end
  return made
end

local function carried_out(inner, route, input, options)
  local ok, made = xpcall(process, trouble.trap, inner, route, input, options)
  if not ok then
    if made == sched.Canceled then
      if inner.claim then idempotency.release(inner) end
      error(made, 0)
    end
    made = refused(trouble.to_fail(made, "operation", inner.id, route, route.errors), route, inner.id)
    inner.afters = false
  end
  if inner.claim then idempotency.store(inner, made.status, made.headers, made.body) end
  after.run(inner)
  return with_code(made)
end

--- Carries out an operation of M.list: {status, body (JSON, or ""), code, message, details (of a refusal)}.  ctx: the
--- request that it comes by; input: its arguments.  options: token (what its authenticator is asked about), key (an
--- Idempotency-Key), on_event(name, data) (hears a route that can answer with events do so; the body is "" then; not
--- with a key).  Awaits; raises only when its task is ended.
function M.call(ctx, op, input, options)
  local route = of(ctx.route.gen).routes[op]
  if not route then error("operations.call: this is no operation of operations.list", 2) end
  local o = options or {}
  local inner = new_ctx(ctx, route, json.encode_sorted(input), route.spec.events and o.on_event)
  return carried_out(inner, route, input, { token = o.token, key = o.key })
end

--- The same without a request, for an actor that the caller answers for: no key is shown, and nothing that somebody
--- sent may choose the actor.  options: actor (as its authenticator would give it), stands_for (names of
--- authenticators, one of which the operation takes: it is not called), key (an Idempotency-Key), public (also of
--- operations that ask nobody who they are, and are told nobody then).
function M.perform(op, input, options)
  local route = M.route(op)
  if not route then error("operations.perform: this is no operation of operations.list", 2) end
  local actor = options.actor
  if type(actor) ~= "table" or not actor.id then error("operations.perform: an actor is needed", 2) end
  local authority = authority_of(route, options.stands_for, options.public)
  local inner = ctx_of_nobody(route, json.encode_sorted(input), actor)
  if authority then inner.actor, inner.authority = actor, authority end
  return carried_out(inner, route, input, { key = options.key })
end

return M
