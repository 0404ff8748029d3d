-- scripts/api/system.lua -- health, readiness, metrics and the documents of the APIs.  They reveal nothing about
-- users.  The server's internals (metrics, details of its health) are for clients on this machine and clients with
-- the admin token; load balancers get the answer that they need without it.

local api      = require "human.api"
local document = require "human.document"
local s        = require "human.schema"
local system   = require "human.system"

local g = api.group { tag = "System", auth = false, agent_port = true }
local main_port = api.group { tag = "System", auth = "internals" }

local INSIDE = "What tells of the server's inside"

-- api.internals works as api.user_management does for users and keys.
api.auth("internals", {
  type = "http", scheme = "bearer", optional = true, ambient = true,
  description = "The admin token; clients of the server's own machine do without.",
}, function(ctx, token) return system.operator(ctx, token, "internals", INSIDE) end)

-- The same, except that everybody is let in; ctx.actor.kind says who it is.
api.auth("anybody", {
  type = "http", scheme = "bearer", optional = true, ambient = true,
  description = "The admin token shows more; clients of the server's own machine do without.",
}, function(ctx, token)
  local actor, code, data = system.operator(ctx, token, "internals", INSIDE)
  if actor or token then return actor, code, data end
  return { id = "anybody", kind = "public" }
end)

local API_VERSION = "1.0.0"                      -- what strangers see; of the contract, not of the server

local database = s.enum { "up", "starting", "unreachable", "read_only", "stuck", "full", "refused" }
  :describe "up, or what is the case"

local health = s.object {
  { "status", s.enum { "ok", "degraded" }:describe "degraded: requests fail, problems says why" },
  { "version", s.string:optional():describe "of the API; whoever sees more sees the server's own" },
  { "instance", s.string:optional():describe "another one at each start: whoever means a certain server compares it" },
  { "problems", s.array(s.string):optional() },
  { "database", database:optional() },
  { "database_id", s.string:optional():describe "keys belong to it; another database has another one" },
  { "scripts", s.string:optional():describe "hash of the script bundle in service" },
  { "reload", s.enum { "accepted", "refused" }:optional():describe "the last reload's verdict" },
  { "worker", s.int:optional() },
  { "workers", s.int:optional() },
  { "uptime_s", s.int:optional() },
  { "llm", s.object {
    { "provider", s.string },
    { "model", s.string:nullable() },
    { "language_model", s.bool:describe "false: the built-in rules answer, not a language model" },
    { "chosen", s.bool:optional():describe "true: the built-in rules answer since llm.provider says so" },
    { "problem", s.string:nullable() },
  }:optional() },
}

g:get("/health", {
  summary = "State of the server and of what it depends on; strangers see no more than which server it is",
  auth = "anybody",
  reply   = { [200] = health },
  errors  = { "admin_token_required" },
}, function(ctx)
  local state = system.health()
  if ctx.actor.kind == "operator" then return 200, state end
  return 200, { status = state.status, version = API_VERSION, instance = state.instance,
                database_id = state.database_id }
end)

local readiness = s.object {
  { "ready", s.bool },
  { "reasons", s.array(s.enum { "starting", "draining", "database_unavailable" }) },
  { "database", database },
}

g:get("/ready", {
  summary = "200 when requests can be served, else 503",
  reply   = { [200] = readiness, [503] = readiness },
}, function()
  local ready, reasons, state = system.readiness()
  return ready and 200 or 503, { ready = ready, reasons = reasons, database = state }
end)

g:get("/openapi.json", {
  summary = "This API as an OpenAPI 3.1 document",
  reply   = { [200] = s.raw "application/json", [304] = false },
}, function(ctx) return document.answer(ctx, system.openapi(ctx:base())) end)

g:get("/asyncapi.json", {
  summary = "The events of the sockets as an AsyncAPI 3.1 document",
  reply   = { [200] = s.raw "application/json", [304] = false },
}, function(ctx) return document.answer(ctx, system.asyncapi(ctx:base())) end)

g:get("/openrpc.json", {
  summary = "The methods of the RPC sockets as an OpenRPC 1.3 document",
  reply   = { [200] = s.raw "application/json", [304] = false },
}, function(ctx) return document.answer(ctx, system.openrpc(ctx:base())) end)

g:get("/types.d.ts", {
  summary = "The methods and events of the RPC sockets as types of TypeScript",
  reply   = { [200] = s.raw "text/plain; charset=utf-8", [304] = false },
}, function(ctx) return document.answer(ctx, system.types()) end)

main_port:get("/metrics", {
  summary = "Counters, gauges and histograms in the Prometheus text format",
  reply   = { [200] = s.raw "text/plain; version=0.0.4; charset=utf-8" },
  errors  = { "admin_token_required" },
}, function() return 200, system.metrics_text() end)

return { group = g }
