-- host/lua/http/rpc_call.lua -- the life of one call of an RPC socket, from its message to its answer.
-- Order: number of open calls, roles, rate limit, params, handler, answer; then the tasks that the handler deferred
-- (ctx:after).  Each call is a task, so that a slow one does not delay others of its connection.  Must never show a
-- client anything about a bug except the call's id.

local after = require "human.http.after"
local blame = require "human.core.blame"
local ctx_module = require "human.http.ctx"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local grants = require "human.http.grants"
local guard = require "human.guard"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local metrics = require "human.metrics"
local nearest = require "human.core.nearest"
local rate = require "human.http.rate"
local rooms = require "human.http.ws_rooms"
local rpc_frame = require "human.http.rpc_frame"
local rpc_once = require "human.http.rpc_once"
local sched = require "human.core.sched"
local trouble = require "human.http.trouble"

local M = {}

metrics.describe("human_rpc_calls_total", "Calls over RPC sockets, by method and outcome (ok, or the error's code)")

-- Ids are equal only if their types are, too: 1 is not "1".
local function key_of(id) return id ~= nil and type(id):sub(1, 1) .. tostring(id) or nil end

local function to_fail(call, err)
  if err == sched.Canceled then
    return fail.new(call.canceled and "request_canceled" or "service_unavailable", nil, call.errors)
  end
  return trouble.to_fail(err, "call", call.ref, call.route, call.errors)
end

-- Ends a call: releases what it holds, and sends its answer.
local function finish(call, frame, outcome)
  if call.ended then return end
  call.ended = true
  local conn, rpc = call.conn, call.conn.rpc
  rpc.calls[call] = nil
  rpc.n = rpc.n - 1
  if not host.utf8_ok(frame) then                -- no client could read it, and each would wait for ever
    frame, outcome = rpc_frame.failure(call, to_fail(call, "the answer is not UTF-8"), call.ref), "internal"
  end
  local method = call.route and call.route.name or "unknown"
  metrics.add("human_rpc_calls_total", 1, { method = method, outcome = outcome })
  if call.batch then return call.batch:ended(call, frame) end
  if call.kind ~= "notification" then conn:send(frame) end
  if rpc.revoked and rpc.n == 0 then conn.raw.revoke(conn) end
end

local function answer_fail(call, f)
  finish(call, rpc_frame.failure(call, f, call.ref), f.code)
end

-- ---- who may call, and with what -----------------------------------------------------------------

local function has_role(actor, roles)
  for _, role in ipairs(roles) do
    if actor.role == role then return true end
    for _, own in ipairs(actor.roles or {}) do
      if own == role then return true end
    end
  end
  return false
end

-- An actor of kind "public" is anybody: its authenticator let it in without knowing who it is.
local function check_roles(ctx, route)
  if route.roles == false then return end
  if not ctx.actor or ctx.actor.kind == "public" then fail.throw("unauthorized", nil, route.errors) end
  if route.roles and not has_role(ctx.actor, route.roles) then fail.throw("forbidden", nil, route.errors) end
end

-- Positional params of JSON-RPC are not supported, but an empty list means none.
local function read_params(call, route)
  local value = call.params
  if value == nil or json.is_array(value) and #value == 0 then value = {} end
  local params, details = route.read(value, value == call.params and call.params_text or nil)
  if not details then return params end
  local first = details[1]
  local name = first.path ~= "" and first.path or "params"
  fail.throw("validation_error", { message = name .. " " .. first.message, details = details }, route.errors)
end

-- ---- additions to a request's ctx --------------------------------------------------

-- As the request that opened the connection was.
local function is_local(ctx) return ctx.conn.is_local == true, ctx.conn.why_foreign end

-- ctx:sign_in(name, token): lets an authenticator (api.auth) check a token from a message; from then on the
-- connection belongs to the actor, as if it had been opened with the token.  Throws the authenticator's error.
local function sign_in(ctx, name, token)
  local conn, a = ctx.conn, ctx.route.gen.auth[name]
  if not a then blame.refuse("ctx:sign_in: no authenticator named '" .. tostring(name) .. "'") end
  if ctx.route.idempotent then blame.refuse "ctx:sign_in: not in an idempotent method, whose repeats run nothing" end
  if type(token) ~= "string" or token == "" then fail.throw("unauthorized", nil, ctx.route.errors) end
  local actor, code, data = guard.check(ctx.ip, token, a.fn, ctx, token)
  if not actor then fail.throw(code or "unauthorized", data, ctx.route.errors) end
  if conn.closed then error(sched.Canceled, 0) end
  if conn.actor and conn.actor.id ~= actor.id then rooms.leave_all(conn) end
  grants.drop(conn)
  grants.hold(conn, actor, name)
  conn.actor, ctx.actor = actor, actor
  return actor
end

local function absent() blame.refuse "a call has no path, base or stream; conn:event tells its client more" end

local function new_ctx(call, task)
  local conn, ctx = call.conn, ctx_module.new(0, call.route)
  ctx.task, ctx.id, ctx.ip, ctx.conn, ctx.actor = task, call.ref, conn.ip, conn, conn.actor
  ctx.call_id = call.id or false
  ctx.params, ctx.query, ctx.headers, ctx.sign_in = {}, conn.query or {}, {}, sign_in
  ctx.is_local, ctx.path, ctx.base, ctx.stream = is_local, absent, absent, absent
  return ctx
end

-- ---- the task --------------------------------------------------------------------------------------

-- What the handler did to its params must not be there when it runs again.
local function carry_out_once(call, route, params)
  local ctx, key, again = call.ctx, params.idempotencyKey, false
  local text = call.params_text or call.params ~= nil and json.encode_sorted(call.params) or nil
  ctx.params_text = text
  return rpc_once.carry_out(ctx, route, key, function()
    if again then
      call.params = text and json.decode(text)
      params = read_params(call, route)
    end
    again = true
    return route.encode(route.fn(ctx, params) or {})
  end)
end

-- Returns what the handler raised where that was caught already.
local function process(call)
  local route, ctx = call.route, call.ctx
  check_roles(ctx, route)
  if route.limit then rate.check(ctx, route.limit) end
  local params = read_params(call, route)
  local body, err
  if route.idempotent == "tx" or route.idempotent and params.idempotencyKey then
    body, err = carry_out_once(call, route, params)
  else
    body = route.encode(route.fn(ctx, params) or {})
  end
  if err then return err end
  finish(call, rpc_frame.result(call, body), "ok")
end

local function run(call)
  call.ctx = new_ctx(call, call.task)
  local ok, err = xpcall(process, trouble.trap, call)
  if ok and not err then return after.run(call.ctx) end
  after.drop(call.ctx)
  answer_fail(call, to_fail(call, err))
end

-- A handler that caught every error and waited on was abandoned.
local function on_finish(task, err)
  if not err then return end
  task.call.ctx.claim = false                    -- its lease ends by itself; giving it back would wait
  log.error("call abandoned", { request_id = task.call.ref, route = task.call.route.title, error = tostring(err) })
  answer_fail(task.call, to_fail(task.call, err))
end

-- The name that was asked for, without what could control a terminal, and the one that was probably meant.
local function unknown(socket, name)
  local text = fail.new("method_not_found", nil, socket.errors).message
  return { message = ("%s: %s%s"):format(text, name:gsub("%c", "?"), nearest.suggest(name, socket.names)) }
end

-- Why a call must not start: {code, data}, or nil.
local function refusal(conn, socket, call)
  local route, rpc = socket.methods[call.method], conn.rpc
  if rpc.revoked then return "unauthorized" end
  if not route then return "method_not_found", unknown(socket, call.method) end
  if rpc.n > socket.in_flight then
    return "rate_limited", { message = ("At most %d calls may be open at a time"):format(socket.in_flight) }
  end
  for other in pairs(rpc.calls) do
    if call.id_text and other ~= call and other.id_text == call.id_text then
      return "invalid_request", { message = "the id is that of a call which is still open" }
    end
  end
  if sched.struck > 0 and host.is_struck(route.label) then return "route_disabled", { retry_after_s = 5 } end
  if sched.is_full() then return "service_unavailable", { retry_after_s = 5 } end
end

--- Carries a call out, at once until its first wait.
function M.start(conn, socket, call)
  local rpc = conn.rpc
  rpc.n, rpc.count, rpc.calls[call] = rpc.n + 1, rpc.count + 1, true
  call.conn, call.ref, call.errors = conn, conn.id .. "." .. rpc.count, socket.errors
  call.route = socket.methods[call.method]
  local code, data = refusal(conn, socket, call)
  if code then return answer_fail(call, fail.new(code, data, socket.errors)) end
  local route, g = call.route, gen.current()
  call.key = key_of(call.id)
  call.task = {
    co = false, ended = false, awaits = 0, max_awaits = host.conf().limits.awaits, limit = route.timeout_s,
    limit_error = g.deadline_fail, gen = g, lasts = route.lasts_s, label = route.label, ref = call.ref, call = call,
    on_finish = on_finish,
  }
  sched.spawn_as(call.task, run, call)
end

-- ---- ends ------------------------------------------------------------------------------------------

--- See conn:cancel.
function M.cancel(conn, which)
  local key, method = key_of(which.id), which.method
  local list = {}
  for call in pairs(conn.rpc.calls) do
    local is_own = call.task == sched.current()
    if not is_own and (key and call.key == key or method and call.method == method) then list[#list + 1] = call end
  end
  for _, call in ipairs(list) do
    call.canceled = true
    sched.kill(call.task)
  end
  return #list
end

--- The client is gone: ends the calls of methods declared with `abort`.
function M.client_left(conn)
  local list = {}
  for call in pairs(conn.rpc.calls) do
    if call.route.abort then list[#list + 1] = call end
  end
  for _, call in ipairs(list) do sched.kill(call.task) end
end

return M
