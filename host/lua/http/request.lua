-- host/lua/http/request.lua -- the life of one request, from its target to its answer.
-- Order: route, auth, rate limit, path and query, body (content type, JSON, schema), handler, encoding.
-- This is the hot path: everything that does not depend on the request was prepared by api.lua when the route was
-- declared, a handler that never waits costs no timer and no bookkeeping, and no closure is created here.
-- Must never show a client a stack trace or anything else about a bug except the request's id.

local access = require "human.observe.request_log"
local after = require "human.http.after"
local answer = require "human.http.answer"
local assets = require "human.http.assets"
local auth = require "human.http.auth"
local body_of = require "human.http.body"
local caller = require "human.http.caller"
local cors = require "human.http.cors"
local ctx_module = require "human.http.ctx"
local db = require "human.db"
local fail = require "human.fail"
local gen = require "human.scripts.generation"
local headers_of = require "human.http.headers"
local host = require "human.core.host"
local idempotency = require "human.idempotency"
local idempotency_key = require "human.http.idempotency_key"
local log = require "human.log"
local rate = require "human.http.rate"
local router = require "human.http.router"
local sched = require "human.core.sched"
local security = require "human.http.security"
local shapes = require "human.http.shapes"
local connections = require "human.http.connections"
local trouble = require "human.http.trouble"

local band, rshift, byte, sub = bit.band, bit.rshift, string.byte, string.sub
local rawget, xpcall = rawget, xpcall
local WEBSOCKET, INNER, AHEAD = host.RQ.WEBSOCKET, host.RQ.INNER, host.RQ.AHEAD
local OPTIONS = router.number.OPTIONS
local ALL_METHODS = table.concat(host.METHOD, ", ", 1, 7)
local AGENT_LISTENER = 1
local awaits_max = host.conf().limits.awaits
local RETRY = { retry_after_s = 5 }
local HEAD = router.number.HEAD
local JSON_TYPE = "content-type: application/json; charset=utf-8\r\n"

local REPLAYED = "idempotent-replayed: true\r\n"

local M = {}

-- Errors ------------------------------------------------------------------------------------------

-- 503 is temporary, so it tells the client when to retry (RFC 9110 section 15.6.4).
local function extra_headers(data, status)
  local out = ""
  if data and data.headers then out = assert(headers_of.lines(data.headers)) end
  local retry_s = data and data.retry_after_s or status == 503 and 1
  if retry_s then out = out .. ("retry-after: %d\r\n"):format(math.ceil(retry_s)) end
  return out
end

-- The headers of an answer without a route; `policy` decides which pages may read it.
local function loose(g, policy, lines)
  return { cors = policy, common_head = policy.fixed .. g.common_head .. (lines or "") }
end

-- An answer that no schema of a route prepared.  own: its own header lines, content type first; from: the route,
-- the entry of its path, or loose().  Returns its status and size.
local function respond(req, from, status, id, own, body)
  local head = from.secure and security.without(from.common_head, from.secure, own) or from.common_head
  head = own .. head .. cors.headers(from.cors, req)
  return answer.send(req, status, head .. "x-request-id: " .. id .. "\r\n", body)
end

-- Logs an answer.  The body of HEAD is not sent.
local function done(ctx, status, bytes)
  access.done(ctx, status, ctx.is_head and 0 or bytes)
end

local function respond_fail(req, from, shape, id, f, ctx)
  local own, body = JSON_TYPE .. extra_headers(f.data, f.status), shapes.body(f, shape, id)
  if ctx and ctx.claim then idempotency.store(ctx, f.status, own, body) end
  local status, bytes = respond(req, from, f.status, id, own, body)
  if ctx then done(ctx, status, bytes) end
  return status, bytes
end

-- The task was cancelled: its client has left, or its time on replaced scripts is over.  The host keeps
-- a request until it is answered, even if the client is gone.
local function answer_canceled(ctx)
  if ctx.out then ctx.out:abandon() end
  if ctx.claim then idempotency.release(ctx) end
  if not ctx.gone and not ctx.out then
    local f = fail.new("service_unavailable", nil, ctx.route.errors)
    return respond_fail(ctx.req, ctx.route, ctx.route.shape, ctx.id, f, ctx)
  end
  if ctx.gone then answer.last_resort(ctx.req) end
  done(ctx, 499, 0)
end

local function answer_error(ctx, err)
  if err == sched.Canceled then return answer_canceled(ctx) end
  local f = trouble.to_fail(err, "request", ctx.id, ctx.route, ctx.route.errors)
  if ctx.out then return ctx.out:fail(f) end
  respond_fail(ctx.req, ctx.route, ctx.route.shape, ctx.id, f, ctx)
end

local function safely_answer_error(ctx, err)
  local ok, again = pcall(answer_error, ctx, err)
  if ok then return end
  log.error("error while answering an error", { request_id = ctx.id, error = tostring(again) })
  done(ctx, answer.last_resort(ctx.req))
end

-- Output --------------------------------------------------------------------------------------------

local function header_lines(route, r, headers)
  local out, why = headers_of.lines(headers, r.type ~= "" and "content-type")
  if not out then error(route.where .. ": " .. why .. " (returned by the handler)", 0) end
  return out
end

-- Encodes the result of a handler: the route's reply for that status, the body, the handler's own header lines.
local function written(route, status, value, headers)
  local r = route.replies[status]
  if not r then
    error(route.where .. ": answers with status " .. tostring(status) .. ", which is not declared", 0)
  end
  local body = ""
  if r.encode then body = r.encode(value) end
  return r, body, headers and header_lines(route, r, headers) or ""
end

local function reply(ctx, route, status, value, headers)
  local r, body, own = written(route, status, value, headers)
  local head, cookies = r.head, rawget(ctx, "cookie_lines")
  if headers and route.secure then head = security.without(head, route.secure, own) end
  if ctx.claim then idempotency.store(ctx, status, r.type .. own, body) end
  if route.cors.varies then head = head .. cors.headers(route.cors, ctx.req) end
  if headers then head = head .. own end
  if cookies then head = head .. cookies end
  done(ctx, answer.send(ctx.req, status, head .. "x-request-id: " .. ctx.id .. "\r\n", body))
end

-- The task ------------------------------------------------------------------------------------------

-- Everything before the handler; also used by websocket routes.
local function admit(ctx, route)
  if route.auth then auth.run(ctx, route.auth) end
  if route.limit then rate.check(ctx, route.limit) end
  if route.read_params then body_of.read_params(ctx, route) end
  if route.read_query then body_of.read_query(ctx, route) end
  if route.read_headers then body_of.read_headers(ctx, route) end
end

-- Answers with what is stored for an Idempotency-Key, by this request or an earlier one.
local function respond_kept(ctx, route, kept, more)
  local own = kept.headers .. (more or "")
  done(ctx, respond(ctx.req, route, kept.status, ctx.id, own, kept.body))
end

local function handled(ctx, route, body)
  local status, value, headers = route.fn(ctx, body)
  local out = ctx.out or route.kind == "stream" and ctx:stream()
  if out then return out:handled() end
  local r, text, own = written(route, status, value, headers)
  return { status = status, headers = r.type .. own, body = text }
end

-- The outcome of a handler, as it is stored: {status, headers, body}; err: the error it raised.
local function outcome(ctx, route, body)
  ctx.afters = false
  local ok, result = xpcall(handled, trouble.trap, ctx, route, body)
  if ok then return result or {} end
  if not fail.is(result) then return { err = result } end
  local f = fail.on(result, route.errors)
  return { err = result, status = f.status, headers = JSON_TYPE .. extra_headers(f.data, f.status),
           body = shapes.body(f, route.shape, ctx.id) }
end

-- If the handler runs again, it gets an unmodified body (but the same files).
local function carry_out(ctx, route, key, body)
  local again = false
  local made, kept = idempotency.carry_out(ctx, route, key, body, function()
    if again and route.body_types and not ctx.ahead then body = body_of.read(ctx, route) end
    again = true
    return outcome(ctx, route, body)
  end)
  if not made or made.err then ctx.afters = false end
  if kept then return respond_kept(ctx, route, kept, REPLAYED) end
  if made.err then return answer_error(ctx, made.err) end
  if not made.status then return end             -- it was a stream
  if ctx.claim then idempotency.store(ctx, made.status, made.headers, made.body) end
  respond_kept(ctx, route, made)
end

-- Whether the request is answered already, so that the handler must not run here.
local function is_carried_out(ctx, route, body)
  local how, key = route.idempotent, host.header(ctx.req, idempotency_key.HEADER)
  if how == "tx" or key and how ~= "lease" then
    carry_out(ctx, route, key, body)
    return true
  end
  local kept = key and idempotency.begin(ctx, route, key, body)
  if kept then respond_kept(ctx, route, kept, REPLAYED) end
  return kept ~= nil
end

local function process(ctx)
  local route = ctx.route
  admit(ctx, route)
  if route.open then return route.open(ctx, route) end
  local body
  if route.body_types then body = body_of.read(ctx, route) end
  if route.idempotent and is_carried_out(ctx, route, body) then return end
  local status, value, headers = route.fn(ctx, body)
  local out = ctx.out or route.kind == "stream" and ctx:stream()
  if out then return out:handled() end
  reply(ctx, route, status, value, headers)
end

local function leave(ctx)
  if ctx.tracked and not ctx.held then connections.unbind(ctx.req) end
end

local function run(ctx)
  local ok, err = xpcall(process, trouble.trap, ctx)
  if not ok then
    safely_answer_error(ctx, err)
  elseif ctx.afters then
    after.run(ctx)
  end
  leave(ctx)
end

-- A handler that caught every error and waited on was abandoned: it cannot answer.
local function on_finish(task, err)
  if not err then return end
  local ctx = task.ctx
  ctx.claim = false -- the lease of an idempotency key expires by itself; releasing it would wait
  log.error("request abandoned", { request_id = ctx.id, route = ctx.route.title, where = ctx.route.where,
                                   error = tostring(err) })
  safely_answer_error(ctx, err)
  leave(ctx)
end

local function start(req, route, raw_query, params, status)
  host.mark(route.label)
  local ctx = ctx_module.new(req, route, raw_query)
  local method = band(status, 255)
  if band(status, AHEAD) ~= 0 then ctx.ahead = true end
  ctx.is_head = method == HEAD
  if params then ctx.params = params end
  local task = {
    co = false, ended = false, awaits = 0, max_awaits = awaits_max,
    limit = route.timeout_s, limit_error = route.gen.deadline_fail, gen = route.gen, req = req,
    lasts = route.spec.timeout_s, label = route.label, ref = ctx.id,
  }
  ctx.task = task
  access.begin(ctx)
  sched.spawn_as(task, run, ctx)
  if task.ended then return end
  task.ctx, task.on_finish = ctx, on_finish
  ctx.tracked = true
  if not ctx.held then connections.bind(req, ctx) end
end

-- Routing -------------------------------------------------------------------------------------------

-- Counts all answers without a route under one name, since clients make up their paths.
local function refuse(req, g, path, method, code, data, from, finish)
  local id, shape = ctx_module.request_id(req), shapes.at(g, path)
  finish = finish or access.unrouted(req, g, method, id)
  from = from or loose(g, g.cors, security.at(g, path))
  finish(respond_fail(req, from, shape, id, fail.new(code, data, shape.errors or g.errors)))
end

-- The CORS policy of the route that the method selects; without such a route, no page may read the answer.
local function policy_of(entry, method)
  local route = method and entry[router.number[method]]
  return route and route.cors or cors.none
end

local function answer_options(req, g, allow, entry)
  local finish = access.unrouted(req, g, OPTIONS, ctx_module.request_id(req))
  local asked = host.header(req, "access-control-request-method")
  local policy = entry and policy_of(entry, asked) or g.cors
  local head = policy.fixed .. g.common_head .. cors.headers(policy, req)
  if asked and host.header(req, "origin") then head = head .. cors.preflight(policy, req, allow) end
  finish(answer.send(req, 204, "allow: " .. allow .. "\r\n" .. head, ""))
end

-- The second listener serves the agent API only.
local function hidden(entry, listener)
  return listener == AGENT_LISTENER and not entry.on_agent_port
end

local function no_route(req, g, path, entry, method)
  if not entry then return refuse(req, g, path, method, "not_found") end
  if method == OPTIONS then return answer_options(req, g, entry.allow, entry) end
  refuse(req, g, path, method, "method_not_allowed", { headers = { allow = entry.allow } }, entry)
end

local function upgrade_refused(req, g, path, route, status, method)
  if route.kind ~= "websocket" then return false end
  if band(status, WEBSOCKET) == 0 then
    refuse(req, g, path, method, "upgrade_required", { headers = { upgrade = "websocket" } }, route)
    return true
  end
  if cors.permits(route.cors, req) then return false end
  refuse(req, g, path, method, "forbidden", { message = "Origin is not allowed" }, route)
  return true
end

-- A path below that of a Socket.IO server: the reference server answers those, too.
local function sio_below(g, path)
  for prefix, server in pairs(g.sio_paths) do
    if byte(prefix, -1) == 47 and sub(path, 1, #prefix) == prefix then return server end
  end
end

-- Why a route cannot run now, or nil.
local function unavailable(route)
  if sched.struck > 0 and host.is_struck(route.label) then return "route_disabled" end
  if sched.is_full() then return "service_unavailable" end
end

-- If the database allows fewer connections than the workers want, a worker without any passes requests to one
-- that has some.
local function passed_on(req)
  if db.passes() then return false end
  local sibling = host.db_sibling()
  return sibling ~= nil and host.pass(req, sibling) == 0
end

-- The body of this request is still unread.  Must it be read before the route is called?
local function wants_body_first(req, g, status, path)
  local entry = router.find(g.router, path)
  local route = entry and entry[band(status, 255)]
  return not route or not body_of.is_upload(req, route)
end

-- A request event of the host: its id, status bits (host_api.h, HOST_RQ_*) and target.
function M.on_request(req, status, target)
  if passed_on(req) then return end
  local g = gen.current()
  local path, raw_query = router.split(target)
  if band(status, AHEAD) ~= 0 and wants_body_first(req, g, status, path) then return host.body_wait(req) end
  if band(status, INNER) ~= 0 and not caller.host_is_known(req) then
    local data = { message = caller.host_unknown(req) }
    return refuse(req, g, path, band(status, 255), "misdirected", data, loose(g, cors.none))
  end
  local server = g.sio_paths[path]
  if server then return server:on_http(req, status, path, raw_query) end
  local entry, segs = router.find(g.router, path)
  local method = band(status, 255)
  if not entry or hidden(entry, band(rshift(status, 8), 255)) then
    server = sio_below(g, path)
    if server then return server:on_http(req, status, path, raw_query) end
    if path == "*" and method == OPTIONS then return answer_options(req, g, ALL_METHODS) end
    if segs == true then
      return refuse(req, g, path, method, "validation_error", { message = "path is malformed" })
    end
    local mount = assets.find(g, path, band(rshift(status, 8), 255) == AGENT_LISTENER)
    if mount and not entry then return assets.serve(req, g, mount, path, raw_query, method, refuse) end
    return no_route(req, g, path, nil, method)
  end
  local route = entry[method]
  if not route then return no_route(req, g, path, entry, method) end
  local params
  if route.names then
    params = router.params(route, segs)
    if not params then
      return refuse(req, g, path, method, "validation_error", { message = "path is malformed" }, route)
    end
  end
  if upgrade_refused(req, g, path, route, status, method) then return end
  local why = unavailable(route)
  if why then return refuse(req, g, path, method, why, RETRY, route) end
  start(req, route, raw_query, params, status)
end

return M
