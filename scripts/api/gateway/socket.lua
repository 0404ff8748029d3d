-- scripts/api/gateway/socket.lua -- /ws, the control protocol: greeting, signing in, and health.
-- A new connection is sent hello-ok and a challenge, so clients of this protocol and of its ancestor both begin as
-- they expect. Methods and events are in the files beside this one.
-- Rooms: "gateway" has all operators and viewers, "conn:ID" one connection.

local config = require "human.config"
local crypto = require "human.crypto"
local s = require "human.schema"
local system = require "human.system"
local task = require "human.task"
local time = require "human.time"
local ancestor = require "gateway.ancestor"
local hello = require "gateway.hello"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Gateway"
local POLICY_VIOLATION = 1008                    -- RFC 6455; clients of the ancestor read its reason
local TICK_SLACK_S = 0.5

g:event("connect.challenge", {
  summary = "What a device signs in `connect`", payload = { nonce = s.string, ts = s.int:describe "milliseconds" },
})
g:event("tick", {
  summary = "The connection lives; for clients that named a version in `connect`",
  payload = { ts = s.int:describe "milliseconds" },
})

-- Joins the rooms of its role.
local function enter(conn)
  local role = conn.actor.role
  if role then conn:join("conn:" .. conn.id) end
  if role == "operator" or role == "viewer" then conn:join "gateway" else conn:leave "gateway" end
end

local function on_open(conn)
  conn.data = { opened_at = task.clock(), nonce = crypto.random_hex(16) }
  enter(conn)
  conn:send(hello.text(conn))
  conn:event("connect.challenge", { nonce = conn.data.nonce, ts = time.now_ms() })
end

-- Every few seconds: who has not signed in leaves, who awaits ticks is sent one.
local function on_beat(conn)
  local now, data = task.clock(), conn.data
  if conn.actor.kind == "public" and now - data.opened_at > config.gateway.sign_in_ms / 1000 then
    return conn:close(POLICY_VIOLATION, "pairing required: nobody has signed in on this connection")
  end
  if data.ticked_at and now - data.ticked_at > hello.TICK_S - TICK_SLACK_S then
    data.ticked_at = now
    conn:event("tick", { ts = time.now_ms() })
  end
end

-- Frames that apps send: an action and what belongs to it, all in one object.
local function adapt(frame)
  if type(frame.action) ~= "string" then return nil end
  local params = {}
  for name, value in pairs(frame) do
    if name ~= "action" and name ~= "id" then params[name] = value end
  end
  return { id = frame.id, method = frame.action, params = params }
end

g:rpc_socket("/ws", {
  summary = "The control protocol", dialects = { "gateway", "jsonrpc" }, roles = surface.OPERATOR, extra = "drop",
  max_message = hello.MESSAGE_MAX, max_queue = hello.QUEUE_MAX, calls = { rate = 60, burst = 120 },
  ping_s = 30, idle_s = 90, beat_s = 5, on_open = on_open, on_beat = on_beat, adapt = adapt,
})

-- ---- signing in --------------------------------------------------------------------------------------

local word = s.string { max = 1000 }
local text = word:optional()

local Auth = s.object({ { "token", text }, { "deviceToken", text }, { "password", text } }, { extra = "drop" })
local Client = s.object({
  { "id", text }, { "version", text }, { "platform", text }, { "mode", text }, { "deviceFamily", text },
}, { extra = "drop" })
local Device = s.object({
  { "id", word }, { "publicKey", word }, { "signature", word },
  { "signedAt", s.int:describe "milliseconds" }, { "nonce", text },
}, { extra = "drop" })

-- After the answer that refuses: who does not read it is told by the code.
local function close_soon(conn, reason)
  task.sleep(0)
  conn:close(POLICY_VIOLATION, reason)
end

-- Clients of the ancestor wait for a greeting or for the end of the connection, and read no refusal.
local function refuse(ctx, is_ancestor, code, data, reason)
  if is_ancestor then task.spawn(close_soon, ctx.conn, reason) end
  ctx:fail(code, data)
end

local function sign_in(ctx, p, is_ancestor)
  local auth = p.auth or {}
  local token = auth.token or auth.deviceToken or auth.password
  if token and token ~= "" then
    local ok, err = pcall(ctx.sign_in, ctx, "gateway_client", token)
    if not ok then
      if is_ancestor then task.spawn(close_soon, ctx.conn, "unauthorized: the token is not known") end
      error(err, 0)
    end
  end
  if ctx.actor.kind == "public" and is_ancestor then
    refuse(ctx, true, "unauthorized", nil,
      "pairing required: POST /pair with the code that `human pair` prints on the server")
  end
end

local function check_device(ctx, p, is_ancestor)
  local client = type(p.client) == "table" and p.client or {}
  local why = p.device and ancestor.device_refusal(p, client, ctx.conn.data.nonce)
  if why then
    refuse(ctx, is_ancestor, "device_refused", { message = "device_refused: " .. why }, "device refused: " .. why)
  end
end

local function includes(list, name)
  for _, one in ipairs(list) do
    if one == name then return true end
  end
  return false
end

-- An operator may be less: what it asks for, or what it wants to have no right to.
local function lesser_role(p)
  if p.role == "viewer" or p.role == "node" then return p.role end
  local scopes = p.scopes or {}
  local is_reader = #scopes > 0 and not includes(scopes, "operator.write") and not includes(scopes, "operator.admin")
  return is_reader and "viewer" or nil
end

local function take_role(conn, p)
  local role = conn.actor.role == "operator" and lesser_role(p)
  if not role then return end
  local actor = {}
  for name, value in pairs(conn.actor) do actor[name] = value end
  actor.role = role
  conn.actor = actor
end

g:rpc("connect", {
  summary = "Say who you are, and be greeted", roles = surface.EVERYBODY,
  description = "A client that names versions is one of the protocol's ancestor. Without a token, who is not the "
    .. "operator already is greeted as nobody, or refused if it named versions.",
  params = {
    client = s.one_of { Client, word }:optional(), version = text, minProtocol = s.int:optional(),
    maxProtocol = s.int:optional(), role = text, scopes = s.array(word, { max = 50 }):optional(),
    auth = Auth:optional(), device = Device:optional(),
  },
  result = hello.schema, errors = { "invalid_token", "device_refused", "protocol_mismatch" },
}, function(ctx, p)
  local protocol = ancestor.version(p.minProtocol, p.maxProtocol)
  if not protocol then
    refuse(ctx, true, "protocol_mismatch", { expectedProtocol = hello.ANCESTOR[2] }, "protocol mismatch")
  end
  local is_ancestor = protocol ~= hello.PROTOCOL
  check_device(ctx, p, is_ancestor)
  sign_in(ctx, p, is_ancestor)
  take_role(ctx.conn, p)
  enter(ctx.conn)
  if is_ancestor then ctx.conn.data.ticked_at = task.clock() end
  return hello.of(ctx.conn, protocol)
end)

g:rpc("auth.token", {
  summary = "Sign in with a token", roles = surface.EVERYBODY, params = { token = word },
  result = { result = s.const "authenticated", role = s.string }, errors = { "invalid_token" },
}, function(ctx, p)
  local actor = ctx:sign_in("gateway_client", p.token)
  enter(ctx.conn)
  return { result = "authenticated", role = actor.role }
end)

-- ---- being well ----------------------------------------------------------------------------------------

g:rpc("health", {
  summary = "Is it well?", roles = surface.EVERYBODY,
  description = "Who has not signed in sees the status alone.",
  result = s.object {
    { "status", s.enum { "ok", "degraded" } }, { "problems", s.array(s.string):optional() },
    { "version", s.string:optional() }, { "uptime_secs", s.int:optional() }, { "database", s.string:optional() },
    { "worker", s.int:optional() }, { "workers", s.int:optional() },
  },
}, function(ctx)
  local now = system.health()
  if not ctx.actor.role then return { status = now.status } end
  return { status = now.status, problems = now.problems, version = now.version, uptime_secs = now.uptime_s,
           database = now.database, worker = now.worker, workers = now.workers }
end)

return M
