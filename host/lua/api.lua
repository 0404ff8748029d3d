-- host/lua/api.lua -- how scripts declare routes: groups, authenticators, the shape of errors.
-- Every call is a declaration and works only while scripts load.  What a route means at run time is
-- prepared by route.lua; request.lua serves it.

local assets = require "human.http.assets"
local auth = require "human.http.auth"
local catalogue = require "human.scripts.catalogue"
local cors = require "human.http.cors"
local examples = require "human.http.examples"
local gen = require "human.scripts.generation"
local log = require "human.log"
local resource = require "human.http.resource"
local route_of = require "human.http.route"
local rpc = require "human.http.rpc"
local router = require "human.http.router"
local security = require "human.http.security"
local shapes = require "human.http.shapes"

local M = {}
local Group = {}
local group_mt = { __index = Group }
local WEBSOCKET = { on_open = true, on_message = true, on_close = true, on_upgrade = true }

local function building(what)
  local g = gen.building()
  if not g then error(what .. ": only while scripts are loading", 3) end
  return g
end

-- "api/agent/users.lua:12" of the script `level` calls up, its area: the folder below scripts/api, which has the rules
-- that ctx:rule asks; and that folder, nil for a file that is in none.
local function place(level)
  local info = debug.getinfo(level + 1, "Sl")
  local folder = info.short_src:match "^.*api/([%w_]+)/"
  return info.short_src .. ":" .. info.currentline, folder or "agent", folder
end

-- A group of routes.  options: tag (documentation), base ("" or "/api"), auth (name of an authenticator, names, or
-- false), errors (codes that all of its routes may answer with), shape of errors (a name; else by path: api.shape),
-- area (whose rules), cors, limit ({rate = per second, burst = n, per = "address" | "actor" | nil: actor if there is
-- one}, or a list of them).
-- cors: which other origins may use the routes: false (none), a list of origins, or "*".  The default is the setting
-- cors.origins, where "*" counts only for routes that ask for a key.
-- headers: a set of headers for all answers, errors too: "api" or "page" (no framing, nothing loaded from elsewhere),
-- or { "page", [name] = value or false, .. }; a header that a handler returns takes precedence.
-- agent_port = true: also served on the second port, like everything below a path of api.agent_port.
-- rpc: the path of the RPC socket that its methods belong to, where it declares none and the area has several.
function M.group(options)
  local g = building "api.group"
  local where, area, folder = place(2)
  local o = options or {}
  local base = o.base or ""
  if base ~= "" and not base:find "^/.*[^/]$" then
    error(where .. ": base must begin and must not end with /", 0)
  end
  local secure = security.compile(o.headers, where)
  security.announce(g, base, secure)
  return setmetatable({
    gen = g, tag = o.tag, base = base, auth = o.auth, errors = o.errors, shape = o.shape, limit = o.limit,
    area = o.area or area, surface = folder, secure = secure, cors = cors.check(o.cors, where),
    on_agent_port = o.agent_port, rpc_path = o.rpc,
  }, group_mt)
end

local function declare(group, kind, method, path, spec, where)
  if gen.building() ~= group.gen then error(where .. ": routes are declared only while scripts load", 0) end
  local route = route_of.new(group.gen, group, kind, method, path, spec, where)
  group.gen.routes[#group.gen.routes + 1] = route
  return route
end

local function check_function(fn, where)
  if type(fn) ~= "function" then error(where .. ": the handler must be a function", 0) end
  return fn
end

for _, method in ipairs { "GET", "POST", "PUT", "PATCH", "DELETE" } do
  -- g:get(path, spec, fn) and so on.  fn(ctx, body) -> status, value [, headers].
  Group[method:lower()] = function(self, path, spec, fn)
    local where = place(2)
    check_function(fn, where)
    declare(self, "http", method, path, spec, where).fn = fn
  end
end

-- A route that answers with server-sent events: fn(ctx, body) calls ctx:stream() once it will refuse nothing
-- more; until then errors are ordinary answers.  spec.method: GET when absent.  From then on the task
-- has no time limit, and is canceled when its client disconnects.
function Group:stream(path, spec, fn)
  local where = place(2)
  check_function(fn, where)
  declare(self, "stream", spec.method or "GET", path, spec, where).fn = fn
end

-- A raw WebSocket: handlers = {on_open(conn), on_message(conn, data, is_text), on_close(conn, code,
-- reason), on_upgrade(data, from, to)}.  After a reload, on_upgrade is called before any other handler, with
-- the hashes of both bundles; a table that it returns becomes conn.data.
-- conn: send(text), send_binary(data), close(code, reason), header(name), id, actor, params, query, ip and
-- data, a table of plain values that survives a reload.
function Group:websocket(path, spec, handlers)
  local where = place(2)
  if type(handlers) ~= "table" then error(where .. ": handlers must be a table", 0) end
  for name, fn in pairs(handlers) do
    if not WEBSOCKET[name] then
      error(where .. ": unknown handler '" .. tostring(name) .. "'", 0)
    end
    check_function(fn, where)
  end
  local route = declare(self, "websocket", "GET", path, spec, where)
  route.handlers, route.open = handlers, require("human.http.websocket").open
  self.gen.websockets[route.path] = route
end

-- A WebSocket for calls (RPC); g:rpc declares its methods and g:event its events, in any file of the area.
-- options, beside those of a WebSocket: dialects ({"gateway", "jsonrpc"}: the first one is spoken until the client's
-- first message; default {"jsonrpc"}), roles (who may call a method that names none), on_open(conn), on_close(conn,
-- code, reason), on_upgrade as for a WebSocket, adapt(frame) -> {id, method, params} for a frame of neither dialect,
-- or nil; beat_s and on_beat(conn): called for each connection every so many seconds, also after reloads; it must not
-- wait; extra ("drop": unknown params are ignored), calls ({rate, burst} per connection), in_flight (open calls per
-- connection, 32) and batch (messages in a batch, 32).
function Group:rpc_socket(path, options)
  local where = place(2)
  local spec, socket, handlers = rpc.socket(options, where)
  local route = declare(self, "websocket", "GET", path, spec, where)
  route.handlers, route.rpc, route.rpc_group = handlers, socket, self
  route.open = require("human.http.websocket").open
  self.gen.websockets[route.path] = route
end

-- A method of an RPC socket: fn(ctx, params) -> result.  spec: summary, description, params and result (schemas, or
-- {name = schema}: objects), errors, roles (names: actor.role or actor.roles must have one of them; false: everybody,
-- signed in or not), limit, timeout_s, abort (true: it ends with its connection), idempotent (true or "tx": a call with
-- the param idempotencyKey is carried out once), deprecated.  ctx also has conn, call_id (the id that the client gave
-- it; false: none) and ctx:sign_in(authenticator, token) -> actor, who owns the connection from then on; another one
-- than before (by id) is in none of its rooms.
function Group:rpc(name, spec, fn)
  local where = place(2)
  rpc.declare(self.gen, self, "method", name, spec, check_function(fn, where), where)
end

-- An event of an RPC socket, for conn:event and rpc.to().  spec: summary, description, payload (schema), notification
-- (true: sent as a JSON-RPC notification without a number, whatever the client's dialect).
function Group:event(name, spec)
  rpc.declare(self.gen, self, "event", name, spec, nil, (place(2)))
end

-- The five routes of a plain collection.  options: view (schema), service (a module with list, get, create, update,
-- delete, which all take ctx.actor first), and for list, create, get, update and delete the rest of their specs
-- (summary, body, errors, limit, ..; false: no such route); auth, limit, errors (for all), page, singular.
function Group:resource(name, options)
  local where = place(2)
  resource.declare(name, options, where, function(method, path, spec, fn)
    declare(self, "http", method, path, spec, where).fn = fn
  end)
end

-- An authenticator, for auth = "name".  scheme: {type = "apiKey", header = "X-API-Key"}, {type = "http", scheme =
-- "bearer"} or {type = "apiKey", cookie = "__Host-session"}: with a cookie, unsafe methods are refused from pages of
-- other origins, except those that cors lists; errors: codes that fn may return, besides unauthorized; optional =
-- true: fn is also called without a token; ambient = true: it may admit a client for where it connects from;
-- description; still(actors) -> {[i] = true} for those that are still valid, called now and then for the actors of open
-- streams and WebSockets.  fn(ctx, token) -> actor, which becomes ctx.actor, or nil, an error code, and facts for the
-- client.
function M.auth(name, scheme, fn)
  local g = building "api.auth"
  local where = place(2)
  auth.declare(g, name, scheme, fn, where)
end

-- A kind of key that we issue, by its prefix ("ak_").  Any text that looks like one is masked in the log, in recorded
-- decisions and in agents' messages.  about: whose key it is, for readers of the declaration.
function M.key_prefix(prefix, about)
  building "api.key_prefix"
  local where = place(2)
  if type(prefix) ~= "string" or #prefix > 32 or not prefix:find "^%a[%w_]*_$" or type(about) ~= "string" then
    error(where .. ": api.key_prefix wants letters, digits and _, with _ at the end, and whose key it is", 0)
  end
  local ok, why = pcall(log.add_key, prefix)
  if not ok then error(where .. ": " .. why, 0) end
end

-- How errors look.  options: title (in OpenAPI), fields ({{name, schema}, ..} in the order of the answer), body(e) ->
-- {name = value} of e = {status, reason, code, message, data (of the refusal)}, facts (these data follow the fields),
-- paths: errors below these paths have this shape (the longest match decides), unless a route's group names another;
-- so do errors for paths without a route, and the host's own refusals.  Without any shape: {error = message, code}.
function M.shape(name, options)
  local g = building "api.shape"
  local where, area = place(2)
  if g.shapes[name] then error(where .. ": the shape '" .. tostring(name) .. "' is declared twice", 0) end
  local ok, shape = pcall(shapes.new, name, options, catalogue.of(g, area))
  if not ok then error(where .. ": " .. tostring(shape), 0) end
  for _, path in ipairs(shape.paths) do
    for _, other in pairs(g.shapes) do
      for _, taken in ipairs(other.paths) do
        if taken == path then error(where .. ": the shape '" .. other.name .. "' has the path " .. path, 0) end
      end
    end
  end
  g.shapes[name] = shape
end

-- How the documents call the surface whose scripts are in this folder (its routes are /openapi/FOLDER.json and
-- /docs/FOLDER).  options: title, summary.
function M.surface(options)
  local g = building "api.surface"
  local where, _, folder = place(2)
  if type(options) ~= "table" or type(options.title) ~= "string" or type(options.summary) ~= "string" then
    error(where .. ": api.surface wants title and summary", 0)
  end
  if not folder then error(where .. ": a surface is a folder below api", 0) end
  g.surfaces[folder] = { title = options.title, summary = options.summary }
end

-- Examples for the documents, by route: {["POST /notes"] = {requests = {JSON text, ..}, reply = JSON text}}.  Ids and
-- times that stand in them as "uuid" or "..", and fields that a schema requires besides, are put in by the schema.
function M.examples(by_route)
  local g = building "api.examples"
  local where = place(2)
  for title, sample in pairs(by_route) do
    if g.samples[title] then error(("%s: %s has examples already"):format(where, tostring(title)), 0) end
    g.samples[title] = examples.read(sample, where .. ": " .. tostring(title))
  end
end

-- Everything below `prefix` is also served on the second port (setting agent_port).
function M.agent_port(prefix)
  local g = building "api.agent_port"
  g.agent_paths[#g.agent_paths + 1] = prefix
end

-- Serves files below `path`, where there is no route.  options: dir (absolute, or below the home directory; "" counts
-- as nil) or embedded (the name of a tree in the binary: ui/dist is "ui"; dir takes precedence); fallback
-- ("index.html": for navigations to paths that do not exist, but never below a path of an API), immutable ("assets/":
-- names below it contain the hash of the contents; such names are also recognized elsewhere), links = true (follow
-- symbolic links that stay below dir), cors, headers (as for a group), agent_port = true, yields = true (another
-- declaration for the path takes its place).
function M.assets(path, options)
  local g = building "api.assets"
  assets.declare(g, path, options, (place(2)))
end

local function check_errors(route)
  for _, code in ipairs(route_of.codes(route)) do
    if not route.errors[code] then
      error(("%s: error code '%s' is not in api/errors.lua, nor in api/%s/errors.lua"):format(route.where,
        tostring(code), route.area), 0)
    end
  end
end

local function find_shape(g, route)
  local name = route.group.shape
  if not name then return shapes.at(g, route.path) end
  return g.shapes[name] or error(route.where .. ": unknown shape '" .. tostring(name) .. "'", 0)
end

local function is_below(path, prefixes)
  for _, prefix in ipairs(prefixes) do
    if path == prefix or path:sub(1, #prefix + 1) == prefix .. "/" then return true end
  end
  return false
end

-- Runs after all scripts (gen.build): checks that need all declarations, and the routing table.
function M.finish(g)
  g.router = router.new()
  for _, server in ipairs(g.sio) do
    local path = server.conf.path
    g.sio_paths[path], g.sio_paths[path:gsub("/$", "")] = server, server
  end
  for _, route in ipairs(g.routes) do
    g.breathe()
    route.shape = find_shape(g, route)
    route.on_agent_port = route.on_agent_port or is_below(route.path, g.agent_paths)
    route_of.finish(route)
    check_errors(route)
    local entry = router.add(g.router, route)
    entry.on_agent_port = entry.on_agent_port or route.on_agent_port
    if entry.cors and entry.cors ~= route.cors then entry.cors = cors.none else entry.cors = route.cors end
    local lines = route.secure and route.secure.lines or ""
    entry.common_head = entry.cors.fixed .. g.common_head .. lines
  end
  assets.finish(g)
  rpc.finish(g)
end

return M
