-- host/lua/http/event_stream.lua -- ctx:stream(): server-sent events to one client.
-- Owns the response from open() to close(): back-pressure (waits while more than 64 KB are queued),
-- a comment every 15 s so that proxies and dead peers are noticed, and the error event at the end of a
-- stream whose handler failed.

local access = require "human.observe.request_log"
local fail = require "human.fail"
local grants = require "human.http.grants"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local connections = require "human.http.connections"
local shapes = require "human.http.shapes"

local M = {}
local QUEUE_MAX, HEARTBEAT_S = 64 * 1024, 15
local STALLED_S = 60                             -- a client that reads nothing for so long is gone
local Out = {}
local out_mt = { __index = Out }
local open_streams = {}                          -- out -> true

local HEAD = "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-store\r\n"
  .. "x-accel-buffering: no\r\n"

local function heartbeat(out)
  if out.closed then return end
  if host.write(out.req, ":\n\n") < 0 then out.gone = true else timer.restart(out.timer) end
end

-- Begin the answer of ctx.  The request's time limit ends unless the route sets one.
function M.open(ctx)
  if ctx.out then error("ctx:stream() was called before", 2) end
  if ctx.claim then require("human.idempotency").release(ctx) end   -- a stream cannot be kept
  local route = ctx.route
  local head = HEAD .. route.common_head .. require("human.http.cors").headers(route.cors, ctx.req)
    .. "x-request-id: " .. ctx.id .. "\r\n"
  local out = setmetatable({ req = ctx.req, ctx = ctx, closed = false, gone = false, bytes = 0,
                             waiters = {} }, out_mt)
  local begun = host.stream(ctx.req, 200, head)
  if begun < 0 and begun ~= host.E.GONE and begun ~= host.E.FULL then
    error("ctx:stream(): the host refuses to begin: " .. host.error_name(begun), 0)
  end
  ctx.out, out.gone = out, begun < 0
  local task = ctx.task
  task.max_awaits = nil
  if not route.spec.timeout_s then
    sched.deadline(task, nil)
    ctx.deadline = nil
  end
  out.timer = timer.start(HEARTBEAT_S, heartbeat, out)
  open_streams[out] = true
  grants.hold(out, ctx.actor, ctx.authority)
  ctx.held = true
  connections.bind(ctx.req, out)
  return out
end

-- The client reads again (connections).
function Out:on_drained()
  local waiters = self.waiters
  self.waiters = {}
  for _, task in ipairs(waiters) do sched.wake(task) end
end

-- The client left (connections): the task is ended, unless the route says abort = false.
function Out:on_abort()
  self.gone = true
  if self.ctx.route.abort ~= false then sched.kill(self.ctx.task) else self:on_drained() end
end

local function give_up(out)
  out.gone = true
  out:on_drained()
end

local function wait_until_drained(out)
  out.waiters[#out.waiters + 1] = sched.current()
  local h = timer.start(STALLED_S, give_up, out)
  local ok, err = pcall(sched.suspend)
  timer.cancel(h)
  if not ok then error(err, 0) end
end

local function put(out, text)
  if out.closed then error("the stream is closed", 3) end
  if out.gone then return nil, "gone" end
  local queued = host.write(out.req, text)
  if queued < 0 then
    out.gone = true
    return nil, "gone"
  end
  out.bytes = out.bytes + #text
  if queued > QUEUE_MAX and sched.current() then wait_until_drained(out) end
  if out.gone then return nil, "gone" end
  return true
end

-- A field of the format allows no line break inside; data is split into lines (WHATWG HTML 9.2).
local function data_lines(text)
  if not text:find "[\r\n]" then return "data: " .. text .. "\n" end
  text = text:gsub("\r\n?", "\n")
  return "data: " .. text:gsub("\n", "\ndata: ") .. "\n"
end

local function field(name, value)
  if value == nil then return "" end
  value = tostring(value)
  if value:find "[\r\n%z]" then error("stream: " .. name .. " has a line break or NUL", 3) end
  return name .. ": " .. value .. "\n"
end

-- Send an event: name (nil: an unnamed one), data a text or a table (as JSON), id for Last-Event-ID.
-- Waits while the client is slow.  true, or nil and "gone" when the client has left.
function Out:event(name, data, id)
  local text = type(data) == "string" and data or json.encode(data)
  return put(self, field("event", name) .. field("id", id) .. data_lines(text) .. "\n")
end

-- Send a comment, which clients ignore.
function Out:comment(text)
  return put(self, (": " .. (text or "")):gsub("[\r\n]+", " ") .. "\n\n")
end

local function stop(out)
  if out.closed then return false end
  out.closed = true
  timer.cancel(out.timer)
  open_streams[out] = nil
  grants.drop(out)
  connections.unbind(out.req)
  access.done(out.ctx, 200, out.bytes, true)
  return true
end

-- End the stream.  The runtime does it when the handler returns.
function Out:close()
  if stop(self) then host.finish(self.req) end
end

-- The handler failed: one error event in the route's shape, then the end.
function Out:fail(f)
  if self.closed then return end
  local route = self.ctx.route
  if not self.gone then
    host.write(self.req, "event: error\n" .. data_lines(shapes.body(f, route.shape, self.ctx.id)) .. "\n")
  end
  self:close()
end

-- The key that the stream was asked for with is no more (human.grants).
function Out:revoke()
  self:fail(fail.new("unauthorized", nil, self.ctx.route.errors))
  self:on_drained()
  sched.kill(self.ctx.task)
end

-- The client left or the task was ended.
function Out:abandon() self:close() end

-- Ends all streams (drain): their tasks are canceled.
function M.shutdown()
  for out in pairs(open_streams) do sched.kill(out.ctx.task) end
end

return M
