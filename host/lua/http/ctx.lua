-- host/lua/http/ctx.lua -- a handler's view of its request.
-- Members are created when first read, so that a request pays only for what it uses.  Reading a member that
-- does not exist is an error.
--
--   id        the request's id (x-request-id)       actor     the caller, nil without auth
--   ip        client address                        params    {name = text} of the path
--   query     {name = value}, validated             headers   the request headers that spec.headers
--   deadline  human.task.clock() at which it ends             declares, by lower-case name
--   log       human.log, with the request's id      db        human.db
--   fail, rule, emit, stream, tx, after, is_local, path, base, ..   functions, below

local after = require "human.http.after"
local caller = require "human.http.caller"
local cookies = require "human.http.cookies"
local decisions = require "human.decisions"
local fail = require "human.fail"
local host = require "human.core.host"
local log = require "human.log"
local router = require "human.http.router"
local sched = require "human.core.sched"

local M = {}
local methods, lazy = {}, {}

-- The client disconnected (connections).  The task runs to its end, unless the route declares abort.
function methods:on_abort()
  self.gone = true
  if self.route.abort or self.ends_with_client then sched.kill(self.task) end
end

-- From now on the task is canceled when its client leaves, as with `abort = true`; at its next wait, if it has left.
function methods:end_with_client()
  self.ends_with_client = true
  if self.gone then sched.kill(self.task) end
end

-- Whether the client asks for server-sent events (Accept), for a route that can answer with them as well.
function methods:wants_stream()
  local params = (self:header "accept" or ""):lower():match "text/event%-stream([^,]*)"
  return params ~= nil and not params:find "^%s*;%s*q%s*=%s*0[.0]*%s*$"
end

-- Only streams wait for their queue to drain.
function methods.on_drained() end

-- Refuses: throws the Fail of a code.  data: facts for the client (see human.fail).
function methods:fail(code, data) fail.throw(code, data, self.route.errors) end

-- Asks a rule of the route's area, and of no other: ctx:rule("bidding.may_place", facts...).
-- A denial throws; anything else is returned (a verdict or a plain value).  The decision is recorded: in a
-- transaction with its commit (a denial also after the rollback), otherwise before this returns.
function methods:rule(name, ...)
  local gen = self.route.gen
  local about = { ref = self.id, subject = self.actor and self.actor.id, errors = self.route.errors }
  return decisions.enforce(self.db, gen.rule(self.route.area, name), about, ...)
end

-- What is left of the route's limit for this caller: {limit (requests at once), left, full_s (until all are there
-- again)}; nil where the route has none.
function methods:rate_left() return require("human.http.rate").left(self, self.route.limit) end

-- Any header of the request, by name in any case; repeated headers are joined by commas (cookies by semicolons);
-- nil if absent.  Also for authenticators, and after waiting; not once the request is answered.
function methods:header(name) return host.header(self.req, name:lower()) end

-- Its values one by one, as they were sent.
function methods:header_values(name)
  local out, i = {}, 0
  repeat
    local value = host.header_nth(self.req, name:lower(), i)
    out[#out + 1], i = value, i + 1
  until not value
  return out
end

-- The value of a cookie, or nil; if several, the one that browsers put first, for the longest path.
function methods:cookie(name) return self:cookies(name)[1] end

-- All values of a cookie.
function methods:cookies(name) return cookies.values(host.header(self.req, "cookie"), name) end

-- Sets a cookie with the answer that the handler returns, or with its stream; errors do not.  options: path ("/"),
-- domain, max_age_s (without: for the session), secure (true), http_only (true), same_site ("Lax", "Strict", "None"),
-- partitioned.  __Host- and __Secure- cookies must meet the rules of their prefix.
function methods:set_cookie(name, value, options)
  if self.route.idempotent then
    error("ctx:set_cookie: a route that sets cookies needs idempotent = false: stored answers must have none", 2)
  end
  local ok, line = pcall(cookies.compose, name, value, options)
  if not ok then error("ctx:set_cookie: " .. line, 2) end
  rawset(self, "cookie_lines", (rawget(self, "cookie_lines") or "") .. "set-cookie: " .. line .. "\r\n")
end

-- Deletes a cookie; options: the path, domain and partitioned that it was set with.
function methods:clear_cookie(name, options)
  local o = { max_age_s = 0 }
  for key, v in pairs(options or {}) do o[key] = v end
  return self:set_cookie(name, "", o)
end

-- The raw body as it was sent, for signatures.  Not available for uploads, which the host wrote to disk.
function methods:raw_body()
  if self.ahead then error("ctx:raw_body: the body was written to disk", 2) end
  return host.body(self.req)
end

-- Publishes to all workers of all hosts (topics of human.bus).
function methods:emit(topic, payload) -- luacheck: ignore self
  require("human.bus").notify(require "human.db", topic, payload)
end

-- Is the client on this machine?  true; or false and why not.
function methods:is_local() return caller.is_local(self.req) end

-- May the page that asks, if one does, use this route?  false for pages of other origins that `cors` does not list.
-- Clients other than browsers name no page.
function methods:is_from_own_page() return require("human.http.cors").permits(self.route.cors, self.req) end

-- The path to one of our routes as the client must request it: a proxy may serve us below a prefix.
function methods:path(path) return caller.prefix(self.req) .. path end

-- Our public base URL, "https://api.example/human", when a trusted proxy gives it; else nil.
function methods:base() return caller.base(self.req) end

-- Answers with server-sent events: a stream (below), with these headers ({name = value}, optional).  From then on the
-- request cannot be refused.
function methods:stream(headers) return require("human.http.event_stream").open(self, headers) end

-- Starts fn(...) as a task of its own once this request has been answered, so that the answer comes before the task's
-- effects.  Not when the request fails, nor when it gets the stored answer of an earlier one.
function methods:after(fn, ...) after.add(self, fn, ...) end

-- The same as db.tx: runs fn(tx) in one transaction and returns its results.
function methods:tx(fn, options) return self.db.tx(fn, options) end

local counter, prefix = 0, nil

local function hex(c) return ("%02x"):format(c:byte()) end

local function new_id()
  if not prefix then prefix = host.random(6):gsub(".", hex) .. "-" end
  counter = counter + 1
  return prefix .. counter
end
M.new_id = new_id

-- The id for a request: the client's own when it is a sane token, else a new one.
function M.request_id(req)
  local given = host.header(req, "x-request-id")
  if given and #given <= 64 and given:find "^[%w%-_.:]+$" then return given end
  return new_id()
end

function lazy.id(ctx) return M.request_id(ctx.req) end
function lazy.ip(ctx) return caller.ip(ctx.req) end
function lazy.db() return require "human.db" end
function lazy.params() return {} end
function lazy.headers() return {} end

function lazy.query(ctx)
  if not ctx.raw_query then return {} end
  local query, err = router.parse_query(ctx.raw_query)
  if not query then
    fail.throw("validation_error", { message = "query: " .. err,
                                     details = { { path = "query", message = err } } })
  end
  return query
end

function lazy.deadline(ctx)
  local limit = ctx.task.limit
  return limit and ctx.started + limit or nil
end

local function logger(ctx, level)
  return function(message, fields)
    local all = { request_id = ctx.id, route = ctx.route.title }
    for k, v in pairs(fields or {}) do all[k] = v end
    log[level](message, all)
  end
end

function lazy.log(ctx)
  return { info = logger(ctx, "info"), warn = logger(ctx, "warn"), error = logger(ctx, "error"),
           debug = logger(ctx, "debug") }
end

local Ctx = {}

function Ctx.__index(ctx, name)
  local method = methods[name]
  if method then return method end
  local make = lazy[name]
  if make then
    local v = make(ctx)
    rawset(ctx, name, v)
    return v
  end
  if name ~= "actor" then error("ctx has no member '" .. tostring(name) .. "'", 2) end
end

-- A context for request `req` on `route`.  Members below the public ones belong to request.lua.
function M.new(req, route, raw_query)
  return setmetatable({
    req = req, route = route, raw_query = raw_query, started = host.now(),
    task = false, tracked = false, is_head = false, held = false, out = false, authority = false,
    gone = false, ends_with_client = false, claim = false, afters = false, ahead = false,
  }, Ctx)
end

return M
