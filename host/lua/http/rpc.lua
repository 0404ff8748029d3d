-- host/lua/http/rpc.lua -- RPC sockets and their methods, as scripts declare them (g:rpc_socket, g:rpc, g:event).
-- A socket is a WebSocket route of a generation; its methods may be declared in other files, so it is assembled
-- after all scripts have run.  rpc_conn.lua handles its connections, rpc_call.lua their calls.

local encoder = require "human.schema.encoder"
local host = require "human.core.host"
local rate = require "human.http.rate"
local rpc_conn = require "human.http.rpc_conn"
local rpc_frame = require "human.http.rpc_frame"
local rpc_once = require "human.http.rpc_once"
local schema = require "human.schema"

local M = {}
local IN_FLIGHT, BATCH = 32, 32                  -- limit: open calls per connection; messages per batch
local CALLS = { rate = 60, burst = 120 }         -- limit: messages per connection and second
local NAME = "^[%a_][%w_.%-/$]*$"

local SOCKET = {
  dialects = "table", roles = "any", in_flight = "number", batch = "number", calls = "table", extra = "string",
  adapt = "function", on_open = "function", on_close = "function", on_upgrade = "function", on_beat = "function",
  beat_s = "number",
}
local METHOD = {
  summary = "string", description = "string", params = "table", result = "table", errors = "table", roles = "any",
  limit = "table", timeout_s = "number", abort = "boolean", deprecated = "boolean", idempotent = "any",
}
local EVENT = { summary = "string", description = "string", payload = "table", notification = "boolean" }

local function check_keys(spec, known, where)
  if type(spec) ~= "table" then error(where .. ": the second argument must be a table", 0) end
  for name, value in pairs(spec) do
    local want = known[name]
    if not want or want ~= "any" and type(value) ~= want then
      error(("%s: there is no %s option '%s'"):format(where, type(value), tostring(name)), 0)
    end
  end
end

local function check_roles(roles, where)
  if roles == nil or roles == false then return roles end
  if type(roles) == "string" then roles = { roles } end
  if type(roles) ~= "table" or #roles == 0 then error(where .. ": roles must be a list of names, or false", 0) end
  for _, role in ipairs(roles) do
    if type(role) ~= "string" then error(where .. ": roles must be a list of names, or false", 0) end
  end
  return roles
end

local function check_count(spec, name, default, where)
  local n = spec[name] or default
  if n < 1 or n > 1000 or n ~= math.floor(n) then error(("%s: %s must be 1 to 1000"):format(where, name), 0) end
  return n
end

local function check_beat(spec, where)
  if (spec.on_beat == nil) ~= (spec.beat_s == nil) then error(where .. ": on_beat and beat_s go together", 0) end
  if spec.beat_s and not (spec.beat_s >= 1 and spec.beat_s <= 3600) then
    error(where .. ": beat_s must be 1 to 3600", 0)
  end
end

local function dialects_of(spec, where)
  local set = {}
  for _, name in ipairs(spec.dialects or { "jsonrpc" }) do
    if not rpc_frame.DIALECTS[name] then error(where .. ": unknown dialect '" .. tostring(name) .. "'", 0) end
    set[name] = true
  end
  local first = (spec.dialects or { "jsonrpc" })[1]
  if not first then error(where .. ": dialects must name one", 0) end
  return set, first
end

--- Splits options into those of a WebSocket route, and a socket made from the rest.
function M.socket(options, where)
  local own, of_route = {}, {}
  if type(options) ~= "table" then error(where .. ": the second argument must be a table", 0) end
  for name, value in pairs(options) do
    if SOCKET[name] then own[name] = value else of_route[name] = value end
  end
  check_keys(own, SOCKET, where)
  local dialects, first = dialects_of(own, where)
  check_beat(own, where)
  local calls = own.calls or CALLS
  rate.compile(calls, "", where)
  if own.extra and own.extra ~= "refuse" and own.extra ~= "drop" then
    error(where .. ": extra must be refuse or drop", 0)
  end
  return of_route, {
    where = where, dialects = dialects, dialect = first, roles = check_roles(own.roles, where), adapt = own.adapt,
    in_flight = check_count(own, "in_flight", IN_FLIGHT, where), batch = check_count(own, "batch", BATCH, where),
    rate = calls.rate or calls[1], burst = calls.burst or calls[2], extra = own.extra or "refuse",
    on_open = own.on_open, on_close = own.on_close, on_beat = own.on_beat, beat_s = own.beat_s,
    methods = {}, events = {},
  }, { on_open = rpc_conn.on_open, on_message = rpc_conn.on_message, on_close = rpc_conn.on_close,
       on_upgrade = own.on_upgrade }
end

--- Records a method or event of a generation; finish() finds its socket.
function M.declare(g, group, kind, name, spec, fn, where)
  if type(name) ~= "string" or #name > 128 or not name:find(NAME) then
    error(where .. ": the name must be a word of letters, digits and . _ - / $", 0)
  end
  check_keys(spec, kind == "method" and METHOD or EVENT, where)
  if not spec.summary then error(where .. ": a summary is needed", 0) end
  g.rpc[#g.rpc + 1] = { kind = kind, group = group, name = name, spec = spec, fn = fn, where = where }
end

-- ---- once all scripts have run -------------------------------------------------------------------

local function sockets_of(g)
  local list, by_path = {}, {}
  for _, route in ipairs(g.routes) do
    if route.rpc then list[#list + 1], by_path[route.path] = route, route end
  end
  return list, by_path
end

local NEARNESS = {
  function(route, group) return route.rpc_group == group end,
  function(route, group) return route.area == group.area end,
  function() return true end,
}

-- The socket that a group names, else the group's own, else the only one of its area, else the only one of all.
local function socket_for(d, list, by_path)
  if d.group.rpc_path then
    return by_path[d.group.rpc_path] or error(d.where .. ": no RPC socket at " .. tostring(d.group.rpc_path), 0)
  end
  for _, is_near in ipairs(NEARNESS) do
    local near = {}
    for _, route in ipairs(list) do
      if is_near(route, d.group) then near[#near + 1] = route end
    end
    if #near == 1 then return near[1] end
    if #near > 1 then break end
  end
  error(d.where .. ": which RPC socket? say rpc = PATH in its group", 0)
end

local function at(where, what, fn, ...)
  local ok, result = pcall(fn, ...)
  if not ok then error(("%s: %s: %s"):format(where, what, tostring(result)), 0) end
  return result
end

local OBJECT = { object = true, map = true }

-- The gateway's dialect requires objects, and treats one with an `error` as a failure.
local function check_object(node, d, what, taken)
  local list = node.kind == "one_of" and node.alternatives or { node }
  for _, one in ipairs(list) do
    if not OBJECT[one.kind] or node.is_nullable then error(("%s: %s must be an object"):format(d.where, what), 0) end
    for _, field in ipairs(one.fields or {}) do
      if field.name == taken then error(("%s: %s must have no field '%s'"):format(d.where, what, taken), 0) end
    end
  end
end

local function as_schema(fields, extra)
  if schema.is(fields) then return fields end
  return schema.object(fields, extra and { extra = extra } or nil)
end

local function codes(d, route)
  local list = {}
  for _, of in ipairs { d.spec.errors or {}, d.group.errors or {} } do
    for _, code in ipairs(of) do
      if not route.errors[code] then error(("%s: unknown error code '%s'"):format(d.where, tostring(code)), 0) end
      list[#list + 1] = code
    end
  end
  return list
end

local function roles_of(d, route)
  local roles = check_roles(d.spec.roles, d.where)
  if roles == nil then roles = route.rpc.roles end
  if roles == nil and not route.auth_spec then
    error(d.where .. ": say who may call it: roles = {...}, or false for everybody", 0)
  end
  return roles
end

local ONCE = { [true] = true, tx = true }

local function params_of(d, socket)
  local params = as_schema(d.spec.params or {}, socket.extra)
  if not d.spec.idempotent then return params end
  if not ONCE[d.spec.idempotent] then error('idempotent must be true, false or "tx"', 0) end
  return rpc_once.with_key(params)
end

-- Makes the method's route: it is to a call what a route is to a request.
local function add_method(g, d, route)
  local spec, socket = d.spec, route.rpc
  local title = "rpc " .. d.name
  local params = at(d.where, "params", params_of, d, socket)
  local result = at(d.where, "result", as_schema, spec.result or {})
  check_object(params, d, "params")
  if socket.dialects.gateway then check_object(result, d, "result", "error") end
  if spec.timeout_s and not (spec.timeout_s > 0) then error(d.where .. ": timeout_s must be above 0", 0) end
  local method = {
    gen = g, group = d.group, name = d.name, title = title, where = d.where, area = d.group.area, spec = spec,
    fn = d.fn, errors = route.errors, codes = codes(d, route), roles = roles_of(d, route), label = host.label(title),
    limit = rate.compile(spec.limit, title, d.where), abort = spec.abort, params = params, result = result,
    lasts_s = spec.timeout_s, timeout_s = spec.timeout_s or host.conf().limits.request_timeout_ms / 1000,
    read = at(d.where, "params", schema.reader, params), encode = at(d.where, "result", encoder.compile, result),
  }
  if spec.idempotent then rpc_once.declare(method, route.path) end
  socket.methods[d.name] = method
end

local function add_event(d, route)
  local payload = at(d.where, "payload", as_schema, d.spec.payload or {})
  check_object(payload, d, "payload", "seq")
  route.rpc.events[d.name] = { name = d.name, spec = d.spec, where = d.where, payload = payload,
                               dialect = d.spec.notification and "jsonrpc" or nil,
                               encode = at(d.where, "payload", encoder.compile, payload) }
end

local function sorted(map)
  local names = {}
  for name in pairs(map) do names[#names + 1] = name end
  table.sort(names)
  return names
end

--- All scripts have run: assigns methods and events to their sockets.
function M.finish(g)
  local list, by_path = sockets_of(g)
  for _, d in ipairs(g.rpc) do
    if #list == 0 then error(d.where .. ": there is no RPC socket (g:rpc_socket)", 0) end
    local route = socket_for(d, list, by_path)
    local known = d.kind == "method" and route.rpc.methods or route.rpc.events
    if known[d.name] then
      error(("%s: %s %s is declared twice, first at %s"):format(d.where, d.kind, d.name, known[d.name].where), 0)
    end
    if d.kind == "method" then add_method(g, d, route) else add_event(d, route) end
  end
  for _, route in ipairs(list) do
    route.rpc.names, route.rpc.event_names = sorted(route.rpc.methods), sorted(route.rpc.events)
    route.rpc.errors = route.errors
  end
end

return M
