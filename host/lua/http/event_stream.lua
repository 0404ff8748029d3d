-- host/lua/http/event_stream.lua -- ctx:stream(): server-sent events to one client.
-- Owns the response from open() to close(): back-pressure (waits while more than 64 KB are queued),
-- a comment every 15 s to keep proxies open and detect dead peers, and the error event at the end of a
-- stream whose handler failed.  A stream that follows a feed outlives its handler, and its scripts: it has no task,
-- and references nothing of their generation.

local access = require "human.observe.request_log"
local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local catalogue = require "human.scripts.catalogue"
local fail = require "human.fail"
local feeds = require "human.core.feeds"
local gen = require "human.scripts.generation"
local grants = require "human.http.grants"
local headers_of = require "human.http.headers"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local connections = require "human.http.connections"
local shapes = require "human.http.shapes"

local M = {}
local QUEUE_MAX, HEARTBEAT_S, ID_MAX = 64 * 1024, 15, 200
local STALLED_S = 60                             -- a client that reads nothing for this long is gone
local Out = {}
local out_mt = { __index = Out }
local open_streams = {}                          -- out -> true

local HEAD = "content-type: text/event-stream; charset=utf-8\r\ncache-control: no-store\r\n"
  .. "x-accel-buffering: no\r\n"

local function heartbeat(out)
  if out.closed then return end
  if host.write(out.req, ":\n\n") >= 0 then return timer.restart(out.timer) end
  out.gone = true
  if out.follows then out:close() end
end

-- The client's Last-Event-ID: a text, or nil; and true if no feed can have sent it.
local function last_event_id(req)
  local id = host.header(req, "last-event-id")
  if not id or id == "" then return nil end
  if #id > ID_MAX or id:find "%c" or not host.utf8_ok(id) then return nil, true end
  return id
end

-- Begins the answer of ctx.  Lifts the request's time limit unless the route sets one.
function M.open(ctx, headers)
  if ctx.out then error("ctx:stream() was called before", 2) end
  beyond "ctx:stream()"
  if ctx.claim then require("human.idempotency").release(ctx) end   -- a stream cannot be stored
  local route = ctx.route
  local head = HEAD .. route.common_head .. require("human.http.cors").headers(route.cors, ctx.req)
    .. "x-request-id: " .. ctx.id .. "\r\n" .. (rawget(ctx, "cookie_lines") or "")
    .. (headers and assert(headers_of.lines(headers, "content-type")) or "")
  local out = setmetatable({ req = ctx.req, ctx = ctx, closed = false, gone = false, bytes = 0,
                             waiters = {}, follows = false }, out_mt)
  out.last_id, out.lost = last_event_id(ctx.req)
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
  if self.follows then
    timer.cancel(self.stall)
    return feeds.resume(self)
  end
  local waiters = self.waiters
  self.waiters = {}
  for _, task in ipairs(waiters) do sched.wake(task) end
end

-- The client disconnected (connections): the task is cancelled, unless the route says abort = false.
function Out:on_abort()
  self.gone = true
  if self.follows then return self:close() end
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

-- One event in the format, as a text.
local function event_text(name, data, id)
  local text = type(data) == "string" and data or json.encode(data)
  return field("event", name) .. field("id", id) .. data_lines(text) .. "\n"
end
Out.format = event_text

-- Sends an event: name (nil: an unnamed one), data a text or a table (as JSON), id for Last-Event-ID.
-- Waits while the client is slow.  true, or nil and "gone" when the client has disconnected.
function Out:event(name, data, id)
  return put(self, event_text(name, data, id))
end

-- Send a comment, which clients ignore.
function Out:comment(text)
  return put(self, (": " .. (text or "")):gsub("[\r\n]+", " ") .. "\n\n")
end

local function stop(out)
  if out.closed then return false end
  out.closed = true
  timer.cancel(out.timer)
  timer.cancel(out.stall)
  timer.cancel(out.ending)
  feeds.unfollow(out)
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

-- Follows a feed (human.feed), as the handler's last call: once it has returned, the client is sent all events
-- after position `after` (nil: from the beginning), now and later, until it disconnects.  A client that reconnects
-- with Last-Event-ID continues after that.  Reloads do not end the stream.  key: a text of up to 200 bytes, for
-- feed.tell.  options: arg (a text or number that is passed to the feed's function), for_s (the stream ends after so
-- many seconds).
function Out:follow(name, key, after, options)
  if self.follow_next then blame.refuse "stream:follow: a stream follows one feed" end
  local at, is_lost = require("human.feed").begin(name, key, after, self.last_id)
  options = options or {}
  self.lost = self.lost or is_lost
  self.follow_next = { name = name, key = key, at = at, arg = options.arg, for_s = options.for_s }
end

-- For feeds: sends a text.
function Out:put(text)
  local queued = host.write(self.req, text)
  if queued < 0 then
    self.gone = true
    return "gone"
  end
  self.bytes = self.bytes + #text
  if queued <= QUEUE_MAX then return "more" end
  self.stall = timer.start(STALLED_S, self.close, self)
  return "full"
end

local function begin_to_follow(out)
  local wanted = out.follow_next
  local route = out.ctx.route
  out.shape, out.area = route.shape.name, route.area
  out.ctx, out.waiters, out.follow_next = access.keep(out.ctx), nil, nil
  out.follows, out.at, out.arg, out.last_id = true, wanted.at, wanted.arg, nil
  if wanted.for_s then out.ending = timer.start(wanted.for_s, out.close, out) end
  if out.lost then host.write(out.req, feeds.RESET) end
  feeds.follow(wanted.name, wanted.key, out)
end

-- The handler has returned.
function Out:handled()
  if self.follow_next and not (self.closed or self.gone) then return begin_to_follow(self) end
  self:close()
end

-- The shape of errors: of the scripts in service, once the stream has outlived its own.
local function look_of(out)
  if not out.follows then return out.ctx.route.shape, out.ctx.route.errors end
  local g = gen.current()
  return g.shapes[out.shape] or shapes.PLAIN, catalogue.of(g, out.area)
end

-- The handler failed: one error event in the route's shape, then the end.
function Out:fail(f)
  if self.closed then return end
  if not self.gone then
    host.write(self.req, "event: error\n" .. data_lines(shapes.body(f, (look_of(self)), self.ctx.id)) .. "\n")
  end
  self:close()
end

-- For feeds: the feed can no longer be read.
function Out:refuse(code)
  local _, errors = look_of(self)
  self:fail(fail.new(code, nil, errors))
end

-- The key that opened the stream was revoked (human.grants).
function Out:revoke()
  self:refuse "unauthorized"
  if self.follows then return end
  self:on_drained()
  sched.kill(self.ctx.task)
end

-- The client has left, or the task was cancelled.
function Out:abandon() self:close() end

-- Ends all streams (drain): their tasks are canceled.
function M.shutdown()
  for out in pairs(open_streams) do
    if out.follows then out:close() else sched.kill(out.ctx.task) end
  end
end

return M
