-- spec/support/fake_host.lua -- a host in memory, so that handlers run in a spec without sockets, a
-- database or a network.  The event queue is a table, time moves only when the spec says so, and the
-- database and outbound HTTP answer what the spec scripted.
--
--   local app = fake_host.start { conf = {...} }       -- before_each
--   app:load { ["api/x.lua"] = "..." }                 -- texts; api/errors.lua, the agent API's errors
--                                                    and surface are the shipped ones;
--                                                    ["shipped:a/b.lua"] is what a/b.lua overrides
--   local answer = app:request { method = "POST", path = "/x", json = {...}, headers = {...} }
--   app:stop()                                         -- after_each

local cjson = require "cjson"
local buffer = require "string.buffer"
local plain_host = require "plain_host"
local fake_wire = require "fake_wire"

local M = {}
local apps = setmetatable({}, { __mode = "k" })  -- those that run
local App = {}
App.__index = App

local EV = { REQUEST = 1, DONE = 2, CHUNK = 3, ABORT = 4, DRAINED = 5, WS_MSG = 6, WS_CLOSE = 7,
             NOTIFY = 8, BUS = 9, TIMER = 10, DB = 11, RELOAD = 12, STOP = 13 }
local E = { GONE = -1, FULL = -2, CANCELED = -3, TIMEOUT = -4, INVAL = -5, DB = -6, NET = -7,
            LIMIT = -8, DENIED = -9, DOWN = -10, OPS = -11, SEALED = -12 }
local METHOD = { "GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "OTHER" }
local RQ = { WEBSOCKET = 65536, BODY = 131072, TLS = 262144, INNER = 524288, AHEAD = 1048576 }
local PEER = { LOOPBACK = 1, TRUSTED = 2, VEILED = 4, TLS = 8, OLD = 16 }
local NUMBER = {}
for i, name in ipairs(METHOD) do NUMBER[name] = i end

local CONF = {
  host = "127.0.0.1", port = 3000, agent_port = 4009, strict_overrides = false, cors = { origins = "*" },
  http = { hosts = "", trusted_proxies = "", proxy_protocol = "off" },
  limits = { body_bytes = 1048576, request_timeout_ms = 30000, ws_message_bytes = 1048576,
             ws_queue_bytes = 1048576, awaits = 1000, ops = 64, tasks = 20000,
             auth_failures = 60, list_bytes = 1048576, recheck_ms = 30000 },
  database = { pool = 8, statement_timeout_ms = 5000, lease_timeout_ms = 10000 },
  log = { level = "debug", format = "json", requests = "none", slow_ms = 1000 }, api = { user_management = "auto", internals = "auto" },
  socketio = { ping_interval_ms = 25000, ping_timeout_ms = 20000, recovery_ms = 120000,
               max_sockets_per_agent = 100 },
  llm = { provider = "offline", model = "", timeout_ms = 60000, max_retries = 3 },
  agent = { max_actions = 4, window_messages = 40, lease_ms = 15000 },
  decisions = { keep_days = 30 },
}

local function merged(base, over)
  local out = {}
  for k, v in pairs(base) do out[k] = v end
  for k, v in pairs(over or {}) do
    out[k] = type(v) == "table" and type(base[k]) == "table" and merged(base[k], v) or v
  end
  return out
end

-- Where files come from: those that have one behind them from /own, all others were shipped.
local function origins(app)
  local o = { roots = { "/own", "/shipped" }, paths = {}, root_of = {} }
  local function add(path, root)
    o.paths[#o.paths + 1], o.root_of[#o.root_of + 1] = path, root
  end
  for _, path in ipairs(app.paths) do
    if app.below[path] then add(path, 0) end
    add(path, 1)
  end
  return o
end

-- Time, ops, database, network ---------------------------------------------------------------------------

local function add_ops(h, app)
  function h.next()
    local e = table.remove(app.queue, 1)
    if e then return e[1], e[2], e[3], e[4] or 0, e[5] or "" end
  end
  function h.label(name)
    app.labels[name] = app.labels[name] or #app.labels + 1
    app.labels[app.labels[name]] = name
    return app.labels[name]
  end
  function h.label_name(label) return app.labels[label] end
  function h.mark() end
  function h.allocated() return {} end
  function h.struck() return app.struck and 1 or 0 end
  function h.is_struck(label) return app.labels[label] == app.struck end
  function h.now() return app.t end
  function h.clock() return app.t end
  function h.time() return 1764237600 + app.t end
  function h.timer(seconds) app.wake_at = app.t + seconds end
  function h.task_new() return app:new_id() end
  function h.task_end(id) app.ended[#app.ended + 1] = id end
  function h.cancel(op)
    app:push(EV.DONE, E.CANCELED, op)
    return 0
  end
  function h.error_name(code)
    for name, value in pairs(E) do
      if value == code then return name:lower() end
    end
    return "?"
  end
end

local function add_database(h, app)
  local function answer(id, sql, params)
    app.statements[#app.statements + 1] = { sql = sql, params = params }
    local rows, refused = app.on_query(sql, params)
    if refused then return app:push(EV.DONE, E.DB, id, 0, h.pack(refused)) end
    rows = rows or {}
    app:push(EV.DONE, 0, id, 0, h.pack { rows = rows, n = rows.n or #rows, tag = "" })
  end
  function h.db_acquire()
    local id = app:new_id()
    app:push(EV.DONE, 0, id)
    return id
  end
  function h.db_query(_, _, sql, packed)
    local list, params = h.unpack(packed), {}
    for i = 2, list[1] + 1 do params[i - 1] = list[i] ~= h.NULL and list[i] or nil end
    local id = app:new_id()
    answer(id, sql, params)
    return id
  end
  function h.db_simple(_, sql) app.statements[#app.statements + 1] = { sql = sql } return 0 end
  function h.db_release(_, broken) app.released = broken and "broken" or "clean" return 0 end
  function h.db_listen() return 0 end
  function h.db_up() return true end
  function h.db_state() return h.db_up() and "up" or "unreachable", "" end
  function h.db_sibling() return nil end
  h.db_acquire_direct = h.db_acquire
  function h.fetch(_, spec)
    local id = app:new_id()
    local reply = app.on_fetch(spec)
    if type(reply) == "number" then
      app:push(EV.DONE, reply, id)
    else
      app:push(EV.DONE, reply.status, id, 0, h.pack(reply))
    end
    return id
  end
  function h.fetch_why() return "" end
  function h.fetch_resume() return 0 end
end

local function add_shared(h, app)
  function h.worker() return 0 end
  function h.workers() return 1 end
  function h.bus_send() return 0 end
  function h.pass() return E.GONE end
  function h.rate_take(key, rate, burst, n) return app.on_rate(key, rate, burst, n) end
  h.API_LEVEL = 1
  -- What a spec's `conf` says of settings that scripts define, as a flag would.
  function h.setting(_, name)
    local value = app.conf
    for part in name:gmatch "[^.]+" do value = type(value) == "table" and value[part] end
    if value == nil or value == false then return nil end
    return { "word", tostring(value), "conf" }
  end
  function h.settings() return { given = {}, variables = {}, own = {} } end
  function h.setting_secret() return true end
  function h.setting_number(_, text) return tonumber(text) end
  function h.setting_units() return nil end
  function h.secret_set(name) return app.secrets[name] ~= nil end
  function h.secret_equal(name, value) return app.secrets[name] == value end
  function h.bundle_list() return app.paths end
  function h.bundle_file(_, path) return app.files[path] end
  function h.bundle_files() return origins(app) end
  function h.bundle_below(_, path, level)
    if level == 0 then return app.files[path] end
    return level == 1 and app.below[path] or nil
  end
  function h.bundle_code() return nil end
  function h.bundle_id() return "0123456789ab" end
  function h.pack(v) return buffer.encode(v) end
  function h.unpack(blob) return buffer.decode(blob) end
end

-- The app -------------------------------------------------------------------------------------------

function App:new_id()
  self.last_id = self.last_id + 1
  return self.last_id
end

-- Queue an event: kind, status, id, owner, data (see host_api.h).
function App:push(kind, status, id, owner, data)
  self.queue[#self.queue + 1] = { kind, status, id, owner, data }
end

-- Handle everything that can happen without time passing.
function App:settle()
  local sched = require "human.core.sched"
  repeat sched.dispatch(1) until #self.queue == 0
end

-- Let `seconds` pass: timers fire in order.
function App:advance(seconds)
  local stop = self.t + seconds
  while self.wake_at and self.wake_at <= stop + 1e-9 do
    self.t = math.max(self.t, self.wake_at)
    self.wake_at = nil
    self:push(EV.TIMER, 0, 0)
    self:settle()
  end
  self.t = stop
  self:settle()
end

local function header_table(head)
  local out = {}
  for name, value in (head or ""):gmatch "([^:\r\n]+): ([^\r\n]*)\r\n" do out[name:lower()] = value end
  return out
end

-- What request `id` was answered with so far: {status, headers, body, json}, or nil.
function App:answer(id)
  local a = self.requests[id].answer
  if not a then return nil end
  a.headers = header_table(a.head)
  if (a.headers["content-type"] or ""):find("application/json", 1, true) and a.body ~= "" then
    a.json = cjson.decode(a.body)
  end
  return a
end

-- Send a request without waiting for more than what happens at once.  o: method, path, headers (by
-- lower-case name; host is 127.0.0.1 unless given, and absent when false), body or json, ip, listener (0 or 1),
-- websocket, inner (its listener is on loopback), bits (PEER).  Returns its id.
function App:send(o)
  local id, headers = self:new_id(), {}
  for name, value in pairs(o.headers or {}) do headers[name:lower()] = value end
  if headers.host == nil then headers.host = "127.0.0.1:3000" end
  headers.host = headers.host or nil
  local body = o.body
  if o.json ~= nil then
    body = type(o.json) == "string" and o.json or cjson.encode(o.json)
    headers["content-type"] = headers["content-type"] or "application/json"
  end
  self.requests[id] = { headers = headers, body = body or "", ip = o.ip or "127.0.0.1", bits = o.bits or 0 }
  local status = NUMBER[o.method or "GET"] + 256 * (o.listener or 0)
    + (o.websocket and RQ.WEBSOCKET or 0) + (o.inner and RQ.INNER or 0) + (body and RQ.BODY or 0)
  self:push(EV.REQUEST, status, id, 0, o.path)
  self:settle()
  return id
end

-- Send a request and return its answer.
function App:request(o) return self:answer(self:send(o)) end

-- The client of a request goes away.
function App:abort(id)
  self.requests[id].aborted = true
  self:push(EV.ABORT, 0, id)
  self:settle()
end

-- A message on a WebSocket, or its end.
function App:ws_message(ws, text)
  self:push(EV.WS_MSG, 1, ws, 0, text)
  self:settle()
end

function App:ws_closed(ws, code, reason)
  self:push(EV.WS_CLOSE, code, ws, 0, reason or "")
  self:settle()
end

local function shipped(path)
  local f = assert(io.open("scripts/" .. path, "rb"))
  local text = f:read "*a"
  f:close()
  return text
end

-- Build and install a generation of these files ({path = text}).  Raises what the build raises.
function App:load(files)
  self.files, self.below, self.paths = {}, {}, {}
  for _, path in ipairs { "api/errors.lua", "api/agent/errors.lua", "api/agent/surface.lua" } do self.files[path] = shipped(path) end
  for path, text in pairs(files) do
    local behind = path:match "^shipped:(.+)"
    if behind then self.below[behind] = text else self.files[path] = text or nil end
  end
  for path in pairs(self.files) do self.paths[#self.paths + 1] = path end
  table.sort(self.paths)
  local gen = require "human.scripts.generation"
  local g = gen.build(1)
  gen.install(g)
  require("human.db").open()
  return g
end

-- Only errors.lua dropped: false instead of a text leaves a file out.
function App:stop()
  apps[self] = nil
  for name in pairs(package.loaded) do
    if name:find "^human%." then package.loaded[name] = nil end
  end
  for name, mod in pairs(self.saved) do package.loaded[name] = mod end
end

local function connect_events()
  local sched, connections = require "human.core.sched", require "human.http.connections"
  sched.on_event(EV.TIMER, require("human.core.timer").run)
  sched.on_event(EV.REQUEST, function(status, id, _, target)
    require("human.http.request").on_request(id, status, target)
  end, require("human.http.answer").last_resort)
  for _, kind in ipairs { EV.WS_MSG, EV.WS_CLOSE, EV.DRAINED, EV.ABORT } do
    sched.on_event(kind, function(status, id, _, data) connections.dispatch(kind, id, status, data) end,
      (kind == EV.WS_MSG or kind == EV.WS_CLOSE) and connections.failed or nil)
  end
  sched.on_event(EV.BUS, require("human.bus").on_bus)
  sched.on_event(EV.NOTIFY, require("human.bus").on_notify)
end

-- A fresh runtime over a fake host.  options.conf is merged into usable settings.
function M.start(options)
  local conf = merged(CONF, options and options.conf)
  local h = plain_host.new(conf)
  local app = setmetatable({
    host = h, queue = {}, requests = {}, sockets = {}, statements = {}, labels = {}, ended = {}, body_limits = {}, host_refusals = {},
    secrets = {}, trusted = {}, saved = {}, files = {}, trees = {}, below = {}, paths = {}, t = 1000, last_id = 0, queued_bytes = 0,
    on_query = function() return {} end,
    on_fetch = function() return E.NET end,
    on_rate = function() return true end,
  }, App)
  for address in (conf.http and conf.http.trusted_proxies or ""):gmatch "[^%s,]+" do app.trusted[address] = true end
  h.EV, h.E, h.METHOD, h.RQ, h.PEER, h.CHUNK = EV, E, METHOD, RQ, PEER, { HEAD = 1, BODY = 2 }
  fake_wire.add(h, app, E)
  fake_wire.add_assets(h, app, E)
  add_ops(h, app)
  add_database(h, app)
  add_shared(h, app)
  for name, mod in pairs(package.loaded) do
    if name:find "^human%." and name ~= "human.native" then
      app.saved[name], package.loaded[name] = mod, nil
    end
  end
  package.loaded["human.core.host"] = h
  require("human.core.shuffle").install(h)
  connect_events()
  apps[app] = true
  return app
end

-- Drop what apps keep for specs to look at: it grows with each request.
function M.forget()
  for app in pairs(apps) do
    app.requests, app.statements, app.ended = {}, {}, {}
    app.host.lines, app.host.sums = {}, {}
  end
end

M.EV, M.E = EV, E
return M
