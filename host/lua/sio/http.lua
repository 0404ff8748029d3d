-- host/lua/sio/http.lua -- the HTTP side of Socket.IO: who may open, poll, post and upgrade.
-- Checks come in the order of the reference server (engine.io 6.6, lib/server.ts verify()) and are
-- answered with its codes.  Session ids are secrets: nothing here logs one.

local access = require "human.observe.request_log"
local bit = require "bit"
local caller = require "human.http.caller"
local engine = require "human.sio.engine"
local host = require "human.core.host"
local log = require "human.log"
local lossy = require "human.core.lossy"
local sched = require "human.core.sched"
local sio_id = require "human.sio.id"
local upgrades = require "human.sio.upgrade"

local band, find, gmatch, gsub, sub = bit.band, string.find, string.gmatch, string.gsub, string.sub
local header = host.header
local answer, upgraded = access.protocol "/socket.io/"
local WEBSOCKET = host.RQ.WEBSOCKET
local GET, POST, OPTIONS = 1, 3, 7

local M = {}
local stopping = false
local asking = "GET"                             -- the method of the request that on_http handles

local function respond(req, status, lines, body) return answer(req, status, lines, body, asking) end

-- The headers of its first request that a session keeps.
local KEPT = { "authorization", "cookie", "origin", "user-agent", "x-api-key", "x-forwarded-for" }

local ERRORS = {
  [0] = "Transport unknown", "Session ID unknown", "Bad handshake method", "Bad request", "Forbidden",
  "Unsupported protocol version",
}
local BODIES = {}
for code, message in pairs(ERRORS) do
  BODIES[code] = ('{"code":%d,"message":"%s"}'):format(code, message)
end

-- Headers ------------------------------------------------------------------------------------------

-- The header lines of all kinds of answers, with `cors` lines.
local function header_set(cors)
  return {
    poll = "Content-Type: text/plain; charset=UTF-8\r\nCache-Control: no-store\r\n" .. cors,
    ok = "Content-Type: text/html\r\nCache-Control: no-store\r\n" .. cors,
    json = "Content-Type: application/json\r\nCache-Control: no-store\r\n" .. cors,
    plain = "Content-Type: text/html\r\n",
    none = cors,
  }
end

--- Prepares what `headers_for` looks up.  origins: "*", or a list separated by commas or spaces; credentials:
--- pages of listed origins may send cookies along.
function M.cors(origins, credentials)
  if origins == "*" then return { any = header_set "Access-Control-Allow-Origin: *\r\n" } end
  local sets = { other = header_set "Vary: Origin\r\n", listed = {} }
  local more = credentials and "Access-Control-Allow-Credentials: true\r\n" or ""
  for origin in gmatch(origins, "[^,%s]+") do
    sets.listed[origin:lower()] = header_set("Access-Control-Allow-Origin: " .. origin .. "\r\n" .. more
      .. "Vary: Origin\r\n")
  end
  return sets
end

local function headers_for(conf, origin)
  local sets = conf.cors
  return sets.any or sets.listed[(origin or ""):lower()] or sets.other
end

-- Clients other than browsers send no Origin; a page's must be our own or listed in cors.
local function may_ask(conf, req, origin)
  local sets = conf.cors
  return not origin or sets.any or sets.listed[origin:lower()] or caller.is_own(req, origin)
end

local function preflight(req, headers, allowed)
  if not allowed then return respond(req, 204, headers.none, "") end
  local lines = headers.none .. "Access-Control-Allow-Methods: GET,HEAD,PUT,PATCH,POST,DELETE\r\n"
  local wanted = header(req, "access-control-request-headers")
  if wanted and not find(wanted, "[^%w%-_,;:./ ]") then
    lines = lines .. "Access-Control-Allow-Headers: " .. wanted .. "\r\n"
  end
  respond(req, 204, lines .. "Access-Control-Max-Age: 600\r\n", "")
end

-- A refused WebSocket gets the bare text and always 400, as in the reference.
local function refuse(req, headers, is_ws, code, message)
  if is_ws then return respond(req, 400, headers.plain, message or ERRORS[code]) end
  local body = BODIES[code]
  if message then
    body = ('{"code":%d,"message":%s}'):format(code, require("human.json").encode(message))
  end
  respond(req, code == 4 and 403 or 400, headers.json, body)
end

-- Query --------------------------------------------------------------------------------------------

local function from_hex(hex) return string.char(tonumber(hex, 16)) end

local function decoded(text)
  if not find(text, "[%%+]") then return text end
  return (gsub(gsub(text, "%+", " "), "%%(%x%x)", from_hex))
end

--- A query string as a table; of equal names the last wins, as in Object.fromEntries.
function M.parse_query(query)
  local out = {}
  for pair in gmatch(query or "", "[^&]+") do
    local eq = find(pair, "=", 1, true)
    if eq then
      out[decoded(sub(pair, 1, eq - 1))] = decoded(sub(pair, eq + 1))
    else
      out[decoded(pair)] = ""
    end
  end
  return out
end

-- Handshake ------------------------------------------------------------------------------------------

-- What scripts may read later (socket.handshake), as one string: a table would be larger.
local function facts(req, query)
  local headers
  for i = 1, #KEPT do
    local value = header(req, KEPT[i])
    if value then
      headers = headers or {}
      headers[KEPT[i]] = value
    end
  end
  return host.pack { query = query, ip = caller.ip(req), time = host.time(), headers = headers }
end

-- The id of the WebSocket that a request becomes; negative: the request was answered, or is gone.
local function ws_accept(req, conf, headers)
  upgraded(req)
  local ws = host.ws_accept(req, { max_message = conf.max_payload, max_queue = conf.max_buffer,
                                   deflate = conf.deflate, deflate_min = conf.deflate_min })
  if ws < 0 and ws ~= host.E.GONE then
    log.error("socket.io: no WebSocket was opened", { path = conf.path, error = host.error_name(ws) })
    respond(req, 503, headers.plain .. "Retry-After: 1\r\n", "")
  end
  return ws
end

local function session_of(conf, hs, params)
  if params.EIO == "4" then return engine.open(conf, hs) end
  local session = engine.open(conf, hs, engine.V3)
  session.b64 = params.b64 ~= nil
  return session
end

local function open(server, req, is_ws, headers, query, params)
  local conf = server.conf
  if stopping or conf.rt.count >= conf.max_sessions then
    local lines = (is_ws and headers.plain or headers.json) .. "Retry-After: 1\r\n"
    return respond(req, 503, lines, '{"code":4,"message":"Server is full or stopping"}')
  end
  local hs = facts(req, query)
  if not is_ws then
    host.metric("human_socketio_sessions_total", 1)
    return session_of(conf, hs, params):open_polling(req, headers)
  end
  local ws = ws_accept(req, conf, headers)
  if ws < 0 then return end
  if params.transport == "polling" then return host.ws_close(ws, 0, "") end
  host.metric("human_socketio_sessions_total", 1)
  session_of(conf, hs, params):open_ws(ws)
end

-- The script's own check; it may await, so the answer may come later.
local function ask_script(server, req, is_ws, headers, query, params)
  local info = host.unpack(facts(req, query))
  info.query = M.parse_query(query)
  sched.spawn(function()
    local ok, allowed, message = xpcall(server.allow_request, debug.traceback, info)
    if not ok then
      log.error("socket.io: allow_request failed", { path = server.conf.path, error = allowed })
      return refuse(req, headers, is_ws, 4)
    end
    if not allowed then return refuse(req, headers, is_ws, 4, message and tostring(message)) end
    open(server, req, is_ws, headers, query, params)
  end)
end

local function handshake(server, req, method, is_ws, headers, query, params)
  local transport = params.transport
  if method ~= GET then return refuse(req, headers, is_ws, 2) end
  if transport == "websocket" and not is_ws then return refuse(req, headers, is_ws, 3) end
  if params.EIO ~= "4" and not (server.conf.allow_eio3 and (params.EIO or "3") == "3") then
    return refuse(req, headers, is_ws, 5)
  end
  if server.allow_request then return ask_script(server, req, is_ws, headers, query, params) end
  open(server, req, is_ws, headers, query, params)
end

-- Live sessions ----------------------------------------------------------------------------------------

local function post(session, req, headers)
  local kind = header(req, "content-type")
  local as_bytes = kind == "application/octet-stream" -- that was EIO=3
  if as_bytes and not session.v3 then
    respond(req, 400, headers.none, "")
    return session:fail "transport error"
  end
  local body = host.body(req)
  if #body > session.conf.max_payload then return respond(req, 413, headers.none, "") end
  session:take_post(req, headers, as_bytes and body or lossy.utf8(body), as_bytes)
end

local function upgrade(session, req, headers, params)
  local ws = ws_accept(req, session.conf, headers)
  if ws < 0 then return end
  if params.transport == "polling" then return host.ws_close(ws, 0, "") end
  upgrades.begin(session, ws)
end

-- Another worker's session: passes the whole connection to it, with this request.
local function pass_on(req, headers, is_ws, sid)
  local worker = sio_id.owner(sid)
  if not worker or worker == host.worker() or worker >= host.workers() then return false end
  if host.pass(req, worker) < 0 then refuse(req, headers, is_ws, 1) end
  return true
end

local function continue(server, req, method, is_ws, headers, params)
  local sid = params.sid
  local session = server.conf.rt.sessions[sid]
  if not session then
    if not pass_on(req, headers, is_ws, sid) then refuse(req, headers, is_ws, 1) end
    return
  end
  if is_ws then return upgrade(session, req, headers, params) end
  local transport = session.ws and "websocket" or "polling"
  if params.transport ~= transport then return refuse(req, headers, is_ws, 3) end
  if method == GET and transport == "polling" then return session:get(req, headers) end
  if method == POST and transport == "polling" then return post(session, req, headers) end
  if transport == "websocket" then return refuse(req, headers, is_ws, 3) end
  respond(req, 500, headers.none, "")
end

--- Answers any request below the server's path.  status_bits: of the REQUEST event.
function M.on_http(server, req, status_bits, _, query)
  local conf = server.conf
  local method, is_ws = band(status_bits, 255), band(status_bits, WEBSOCKET) ~= 0
  local origin = header(req, "origin")
  local headers = headers_for(conf, origin)
  local allowed = may_ask(conf, req, origin)
  asking = host.METHOD[method]
  if method == OPTIONS then return preflight(req, headers, allowed) end
  local params = M.parse_query(query)
  if not conf.transports[params.transport] then return refuse(req, headers, is_ws, 0) end
  if origin and find(origin, "[^\t\32-\126\128-\255]") then return refuse(req, headers, is_ws, 3) end
  if not allowed then return refuse(req, headers, is_ws, 4) end
  local sid = params.sid
  if sid and sid ~= "" then return continue(server, req, method, is_ws, headers, params) end
  handshake(server, req, method, is_ws, headers, query or "", params)
end

--- Accepts no new sessions; ends all existing ones so that their clients reconnect elsewhere.
function M.shutdown()
  stopping = true
  require("human.sio.hosts").bye()
  for _, rt in pairs(engine.runtimes()) do
    local all = {}
    for _, session in pairs(rt.sessions) do all[#all + 1] = session end
    for _, session in ipairs(all) do session:close("server shutting down", 1001) end
  end
end

return M
