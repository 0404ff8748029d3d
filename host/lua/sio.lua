-- host/lua/sio.lua -- Socket.IO servers as scripts declare them.
--   local io = sio.server { path = "/socket.io/" }
--   io:namespace("/", { on = { message = function(socket, value) socket:emit("message", value) end } })
-- A declaration belongs to the generation that is being built; sessions, sockets and rooms belong to
-- the runtime and outlive it.  Neighbours: sio/http, sio/engine, sio/dispatch, sio/namespace, sio/socket.

local dynamic = require "human.sio.dynamic"
local engine = require "human.sio.engine"
local engine_packets = require "socketio.engine"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local http = require "human.sio.http"
local namespaces = require "human.sio.namespace"
require "human.sio.dispatch"
require "human.sio.gather"

local M = {}
local Server = {}
local server_mt = { __index = Server }
local EARLY_MS = 5 -- timers fire this much early, since a client starts counting when our message arrives

-- option -> kind, default, least, greatest
local NUMBERS = {
  ping_interval_ms = { 25000, 10, 3600000 }, ping_timeout_ms = { 20000, 10, 3600000 },
  upgrade_timeout_ms = { 10000, 10, 600000 }, connect_timeout_ms = { 45000, 10, 600000 },
  max_payload = { 1000000, 64, 104857600 }, max_buffer = { 1048576, 1024, 1073741824 },
  recovery_ms = { 0, 0, 86400000 }, compress_min = { 1024, 0, 104857600 },
  deflate_min = { 1024, 1, 104857600 },
}
local OTHERS = { path = "string", transports = "table", allow_request = "function",
                 deflate = "boolean", parser = "string", allow_eio3 = "boolean" }
local HANDLERS = { authorize = "function", on_connect = "function", on = "table",
                   on_any = "function", on_ack = "function", on_disconnect = "function", on_upgrade = "function",
                   docs = "table" }

local function refuse(level, format, ...)
  error(format:format(...), level + 1)
end

local function number(options, name)
  local default, least, greatest = unpack(NUMBERS[name])
  local value = options[name]
  if value == nil then return default end
  if type(value) ~= "number" or value < least or value > greatest or value % 1 ~= 0 then
    refuse(4, "sio.server: %s must be a whole number of %d to %d", name, least, greatest)
  end
  return value
end

-- "api/agent/socket.lua:12" of the script that declares.
local function place()
  local info = debug.getinfo(3, "Sl")
  return info.short_src .. ":" .. info.currentline
end

local function check_options(options)
  if type(options) ~= "table" then refuse(3, "sio.server: expected a table of options") end
  for name, value in pairs(options) do
    local kind = OTHERS[name] or NUMBERS[name] and "number" or name == "cors" and type(value)
    if not kind then refuse(3, "sio.server: unknown option '%s'", tostring(name)) end
    if type(value) ~= kind then refuse(3, "sio.server: %s must be a %s", name, kind) end
  end
end

local function transports(list)
  local set = {}
  for _, name in ipairs(list or { "polling", "websocket" }) do
    if name ~= "polling" and name ~= "websocket" then
      refuse(4, "sio.server: transports: '%s' is neither polling nor websocket", tostring(name))
    end
    set[name] = true
  end
  return set
end

-- cors: the origins, or {origins, credentials}.  Cookies with "*" would give every page its visitor's
-- rights, and browsers refuse that.
local function cors(option)
  local o = type(option) == "table" and option or { origins = option or nil }
  for name in pairs(o) do
    if name ~= "origins" and name ~= "credentials" then
      refuse(4, "sio.server: cors: unknown field '%s'", tostring(name))
    end
  end
  local origins = o.origins or host.conf().cors and host.conf().cors.origins or "*"
  if option == false or type(origins) ~= "string" or o.credentials ~= nil and type(o.credentials) ~= "boolean" then
    refuse(4, "sio.server: cors must be a string, or a table of origins (a string) and credentials (a boolean)")
  end
  if origins == "*" and o.credentials then refuse(4, "sio.server: cors: credentials need a list of origins") end
  return http.cors(origins, o.credentials)
end

local function early(ms)
  return math.max(ms - EARLY_MS, ms * 0.9) / 1000
end

local function never_for_0(n) return n > 0 and n or math.huge end

local function open_tail(options, upgrade)
  return engine_packets.open_tail {
    upgrade = upgrade, ping_interval_ms = number(options, "ping_interval_ms"),
    ping_timeout_ms = number(options, "ping_timeout_ms"), max_payload = number(options, "max_payload"),
  }
end

-- The options for sessions, without functions of scripts: sessions outlive their generation.
local function settings(options, path)
  local set = transports(options.transports)
  local conf, packed = host.conf(), options.parser == "msgpack"
  if not packed and options.parser and options.parser ~= "json" then
    refuse(3, "sio.server: parser must be 'json' or 'msgpack'")
  end
  return {
    allow_eio3 = options.allow_eio3 and not packed,
    rt = engine.runtime(path, packed), packed = packed, path = path, transports = set,
    ping_s = early(number(options, "ping_interval_ms")),
    pong_s = early(number(options, "ping_timeout_ms")),
    upgrade_s = number(options, "upgrade_timeout_ms") / 1000,
    connect_s = number(options, "connect_timeout_ms") / 1000,
    recovery_s = number(options, "recovery_ms") / 1000,
    max_payload = number(options, "max_payload"), max_buffer = number(options, "max_buffer"),
    max_sessions = conf.limits and conf.limits.connections or 20000,
    cors = cors(options.cors),
    deflate = options.deflate, deflate_min = number(options, "deflate_min"),
    compress_min = never_for_0(number(options, "compress_min")),
    tail_polling = open_tail(options, set.websocket), tail_ws = open_tail(options, false),
  }
end

--- Declares a server, while scripts load.  options (all optional): path ("/socket.io/"),
--- ping_interval_ms, ping_timeout_ms, upgrade_timeout_ms, connect_timeout_ms, max_payload (bytes of one
--- message or POST), max_buffer (bytes queued for a slow client; more: it is disconnected),
--- recovery_ms (0: no connection state recovery), compress_min (answers to polls of at least so many bytes
--- are compressed for clients that accept it, 1024; 0: never), deflate (true: WebSockets are
--- compressed for clients that offer it, off by default; no context is kept between messages, so it costs time
--- but no memory), deflate_min (the least bytes of a message to compress, 1024), parser ("json", or "msgpack" for
--- clients with socket.io-msgpack-parser), transports, cors (origins; default: cors.origins; or
--- {origins = "https://a.example", credentials = true}: pages of these may send cookies),
--- allow_eio3 (true: also clients of Socket.IO 2, whose socket.id is the secret id of their session: do not
--- disclose it to others; off by default),
--- allow_request(info) -> true | false, message (HTTP 403 at the handshake).
function M.server(options)
  local g = gen.building()
  if not g then error("sio.server: only while scripts are loading", 2) end
  options = options or {}
  check_options(options)
  local path = options.path or "/socket.io/"
  if not path:find "^/.*/$" then refuse(2, "sio.server: path must begin and end with '/'") end
  for _, other in ipairs(g.sio) do
    if other.conf.path == path then refuse(2, "sio.server: there is a server at %s already", path) end
  end
  local self = setmetatable({ conf = settings(options, path), namespaces = {}, places = {}, where = place(),
                              gen = g.id, allow_request = options.allow_request }, server_mt)
  g.sio[#g.sio + 1] = self
  if self.conf.max_payload > (host.conf().limits.body_bytes or 0) then
    local r = host.body_limit(path, self.conf.max_payload)
    if r < 0 then refuse(2, "sio.server: max_payload cannot be raised below %s: %s", path, host.error_name(r)) end
  end
  return self
end

--- Declares a namespace: authorize(socket) -> true | nil, message, data (asked each time: a client that comes back
--- recovers rooms and events only if socket:grant gave it the same as before); on_connect(socket);
--- on = {event = fn(socket, ...)} (the acknowledgement function comes last when the client wants
--- one); on_any(socket, event, ...) for other events; on_ack(socket, mark, ...) when the client acknowledges an event
--- of socket:emit_marked(); on_disconnect(socket, reason);
--- on_upgrade(data, from, to), called before any other handler after a reload, with the hashes of both bundles: a
--- table that it returns becomes socket.data.  One socket's packets are handled one after another: a handler that
--- waits, also in socket:emit_with_ack(), delays that socket's next packets (but not the acknowledgement), and
--- nobody else's; use task.spawn() for work that they need not wait for.
--- docs makes it a channel of /asyncapi.json: {name, title, description, handshake (schema), receives, sends,
--- replies = {{name, event, title, schema}, ..}}.
--- name: "/chat"; or, for namespaces created on a client's first request, a Lua pattern that begins
--- with "^/" ("^/room%-%d+$"), or a function(name, auth) -> boolean, which must not wait.  socket.nsp.name
--- is the actual name.  Names are matched before patterns, and patterns in the order of their declaration.
function Server:namespace(name, handlers)
  if type(name) ~= "function" and not (type(name) == "string" and name:find "^^?/[^,]*$") then
    refuse(2, "io:namespace: the name must begin with '/' or '^/' and have no comma, or be a function")
  end
  if type(name) == "string" and self.namespaces[name] then
    refuse(2, "io:namespace: %s is declared already", name)
  end
  for key, value in pairs(handlers) do
    local kind = HANDLERS[key]
    if not kind then refuse(2, "io:namespace: unknown field '%s'", tostring(key)) end
    if type(value) ~= kind then refuse(2, "io:namespace: %s must be a %s", key, kind) end
  end
  if type(name) == "string" and not pcall(string.find, "/", name) then
    refuse(2, "io:namespace: '%s' is no Lua pattern", name)
  end
  local key = dynamic.declare(self, name)
  self.namespaces[key], self.places[key] = handlers, place()
  return self
end

--- The sockets of a namespace, to send to: io:of("/chat"):to("room"):emit("event", …).
function Server:of(name)
  local nsp = type(name) == "string" and dynamic.of(self, name)
  if not nsp then refuse(2, "io:of: %s is not declared", tostring(name)) end
  return nsp
end

--- Answers a request below the path (called by request.lua).
Server.on_http = http.on_http

--- The same as io:of("/"):to(room) and io:of("/"):emit(…).
function Server:to(room) return self:of("/"):to(room) end
function Server:emit(event, ...) return self:of("/"):emit(event, ...) end

--- The same as io:of("/"):timeout(ms) and io:of("/"):fetch_sockets(timeout_s).
function Server:timeout(ms) return self:of("/"):timeout(ms) end
function Server:sockets(timeout_s) return self:of("/"):fetch_sockets(timeout_s) end

--- Bytes as an argument of an event; handlers get them as {is_binary = true, data = bytes}.
M.binary = namespaces.binary

local function declared_in(g, path)
  for _, server in ipairs(g.sio) do
    if server.conf.path == path then return server end
  end
end

local function check_events(old, new, where, name)
  if new.on_any then return end
  for event in pairs(old.on or {}) do
    if not (new.on and new.on[event]) then
      error(("%s: namespace %s has connected sockets, and no handler for '%s' any more"):format(where,
        name, event), 0)
    end
  end
end

local function check_server(old, new, rt)
  if new and new.conf.rt ~= rt and rt.count > 0 then
    error(("%s: sessions are open at %s, and the new scripts declare another parser there"):format(new.where,
      old.conf.path), 0)
  end
  if not new and rt.count > 0 then
    error(("%s: sessions are open at %s, and the new scripts declare no server there"):format(old.where,
      old.conf.path), 0)
  end
  for name, nsp in pairs(rt.namespaces) do
    local key = nsp.parent or name
    local was, is = old.namespaces[key], new and new.namespaces[key]
    if was and nsp.all.n > 0 then
      if not is then
        error(("%s: namespace %s has connected sockets, and the new scripts do not declare it"):format(
          old.places[key], name), 0)
      end
      check_events(was, is, new.places[key], name)
    end
  end
end

--- Raises when generation g lacks a server or namespace that sockets of this worker are in.
function M.check_live(g)
  for _, old in ipairs(gen.current().sio) do
    check_server(old, declared_in(g, old.conf.path), old.conf.rt)
  end
end

M.on_http = http.on_http
M.shutdown = http.shutdown

return M
