-- host/lua/observe/request_log.lua -- the end of a request: its place in the metrics, and its line in the log.
-- The line is composed in one reused buffer, from texts prepared per route, so only its numbers leave
-- garbage.  It contains nothing that a client may want to keep secret: no query, no header, no body, and
-- of the path only the route's template.

local answer = require "human.http.answer"
local buffer = require "string.buffer"
local caller = require "human.http.caller"
local ctx_module = require "human.http.ctx"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local trace = require "human.observe.trace"
local traffic = require "human.observe.traffic"

local find, format = string.find, string.format
local clock = host.clock

local M = {}
local INFO, WARN = 2, 1
local ALL, ERRORS, SLOW, NONE = 3, 2, 1, 0
local MODES = { all = ALL, errors = ERRORS, slow = SLOW, none = NONE }
local buf = buffer.new(512)
local mode, slow_s, as_text                      -- settings, once read

local function configure()
  local conf = host.conf().log or {}
  mode = MODES[conf.requests] or ALL
  slow_s = (conf.slow_ms or 1000) / 1000
  as_text = conf.format == "text"
  if not log.enabled "warn" then mode = NONE end
  if not log.enabled "info" and mode == ALL then mode = ERRORS end
end

local function wanted(status, seconds)
  if mode == ALL then return true end
  if mode == NONE then return false end
  return seconds >= slow_s or status >= (mode == ERRORS and 400 or 500)
end

-- The beginnings of lines, made once per route.
local function prefixes(method, route)
  return {
    json = '{"msg":"request","method":' .. json.quote(method) .. ',"route":' .. json.quote(route) .. ',"request_id":"',
    text = "request " .. method .. " " .. route:gsub("%s", "_") .. " request_id=",
  }
end

--- The data of a route for done(): {series, line}.
function M.point(method, route)
  return { series = traffic.series(method, route), line = prefixes(method, route) }
end

-- Request ids are ours or were checked (ctx.request_id); an actor's id may be any text.
local function plain(text)
  if find(text, "^[%w_.:@-]*$") then return text end
  return (text:gsub("[^%w_.:@-]", "_"))
end

local function actor_text(actor)
  return plain(tostring(actor.kind or "actor") .. ":" .. tostring(actor.id))
end

local function put_json(status, seconds, bytes, ip, actor, trace_id)
  buf:put('","status":', status, ',"bytes":', bytes, ',"ip":"', ip, '"')
  if seconds then buf:put(',"duration_ms":', format("%.3f", seconds * 1000)) end
  if actor then buf:put(',"actor":"', actor_text(actor), '"') end
  if trace_id then buf:put(',"trace_id":"', trace_id, '"') end
  buf:put "}"
end

local function put_text(status, seconds, bytes, ip, actor, trace_id)
  buf:put(" status=", status, " bytes=", bytes, " ip=", ip)
  if seconds then buf:put(" duration_ms=", format("%.3f", seconds * 1000)) end
  if actor then buf:put(" actor=", actor_text(actor)) end
  if trace_id then buf:put(" trace_id=", trace_id) end
end

local function write(point, id, gen_id, status, ...)
  buf:reset():put(as_text and point.line.text or point.line.json, id)
  if as_text then put_text(status, ...) else put_json(status, ...) end
  host.log_buffer(status >= 500 and WARN or INFO, buf, gen_id)
end

local function of_route(route, is_head)
  local name = is_head and "head_point" or "point"
  local point = route[name]
  if not point then
    point = M.point(is_head and "HEAD" or route.method, route.path)
    route[name] = point
  end
  return point
end

--- A request begins.  Keeps data that the host drops once it is answered.
function M.begin(ctx)
  if mode == nil then configure() end
  if mode == NONE then return end
  ctx.ip = caller.ip(ctx.req)
  trace.known(ctx.task)
end

--- The request of ctx has been answered.  bytes: of the body.  is_stream: a stream, whose duration says nothing
--- about the server's speed.
function M.done(ctx, status, bytes, is_stream)
  local route = ctx.route
  local point, seconds = of_route(route, ctx.is_head), clock() - ctx.started
  if is_stream then traffic.count(point.series, status) else traffic.observe(point.series, status, seconds) end
  if mode == NONE or not wanted(status, is_stream and 0 or seconds) then return end
  local known = ctx.task.trace
  write(point, ctx.id, route.gen.id, status, seconds, bytes, ctx.ip, ctx.actor, known and known.id)
end

--- The parts of ctx that done() needs, without its scripts: for answers that outlive them.
function M.keep(ctx)
  local actor, known, point = ctx.actor, ctx.task.trace, of_route(ctx.route, ctx.is_head)
  return {
    id = ctx.id, ip = rawget(ctx, "ip"), started = ctx.started, is_head = ctx.is_head,
    actor = actor and { kind = tostring(actor.kind or "actor"), id = tostring(actor.id) } or nil,
    task = { trace = known }, route = { point = point, head_point = point, gen = { id = ctx.route.gen.id } },
  }
end

local unrouted = { route = "none" }              -- and: method number -> point

local function point_of(points, method)
  local point = points[method]
  if not point then
    point = M.point(host.METHOD[method] or "OTHER", points.route)
    points[method] = point
  end
  return point
end

--- The points of requests that are counted under one name, for unrouted().
function M.points(route) return { route = route } end

--- A request without a route: returns a function to call with status and bytes once it is answered, when the
--- host no longer has the request.
function M.unrouted(req, g, method, id, points)
  if mode == nil then configure() end
  local point, began, ip = point_of(points or unrouted, method), clock(), caller.ip(req)
  return function(status, bytes)
    local seconds = clock() - began
    traffic.observe(point.series, status, seconds)
    if mode ~= NONE and wanted(status, seconds) then write(point, id, g.id, status, seconds, bytes, ip) end
  end
end

local function note(points, req, status, bytes, method)
  if mode == nil then configure() end
  local point = points[method]
  if not point then
    point = M.point(method, points.route)
    points[method] = point
  end
  traffic.count(point.series, status)
  if mode == NONE or not wanted(status, 0) then return end
  write(point, ctx_module.request_id(req), nil, status, nil, bytes, caller.ip(req))
end

--- For a protocol of the runtime at `route`: a version of answer.send that counts and logs its answers (its last
--- argument is the method's name, GET when absent), and a function(req) for an upgrade.  A long poll lasts
--- until something happens, so its duration is neither in the metrics nor in the log.
function M.protocol(route)
  local points = { route = route }
  return function(req, status, headers, body, method)
    note(points, req, status, #body, method or "GET")
    return answer.send(req, status, headers, body)
  end, function(req) note(points, req, 101, 0, "GET") end
end

return M
