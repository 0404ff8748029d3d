-- scripts/api/system.lua -- health, readiness, metrics and the documents of the APIs.  Public: they tell
-- nothing about users, and load balancers and Prometheus send no keys.

local api      = require "human.api"
local document = require "human.document"
local s        = require "human.schema"
local system   = require "human.system"

local g = api.group { tag = "System", auth = false, shape = "market", agent_port = true }
local main_port = api.group { tag = "System", auth = false, shape = "market" }

local health = s.object {
  { "status", s.enum { "ok", "degraded" }:describe "degraded: requests fail, problems says why" },
  { "version", s.string },
  { "instance", s.string:describe "another one at each start: whoever means a certain server compares it" },
  { "problems", s.array(s.string) },
  { "database", s.enum { "up", "down" } },
  { "database_id", s.string:optional():describe "keys belong to it; another database has another one" },
  { "scripts", s.string:describe "hash of the script bundle in service" },
  { "reload", s.enum { "accepted", "refused" }:optional():describe "the last reload's verdict" },
  { "worker", s.int },
  { "workers", s.int },
  { "uptime_s", s.int },
  { "llm", s.object {
    { "provider", s.string },
    { "model", s.string:nullable() },
    { "language_model", s.bool:describe "false: the built-in rules answer, not a language model" },
    { "problem", s.string:nullable() },
  } },
}

g:get("/health", {
  summary = "State of the server and of what it depends on",
  reply   = { [200] = health },
}, function() return 200, system.health() end)

local readiness = s.object {
  { "ready", s.bool },
  { "reasons", s.array(s.enum { "starting", "draining", "database_unavailable" }) },
}

g:get("/ready", {
  summary = "200 when requests can be served, else 503",
  reply   = { [200] = readiness, [503] = readiness },
}, function()
  local ready, reasons = system.readiness()
  return ready and 200 or 503, { ready = ready, reasons = reasons }
end)

g:get("/openapi.json", {
  summary = "This API as an OpenAPI 3.1 document",
  reply   = { [200] = s.raw "application/json", [304] = false },
}, function(ctx) return document.answer(ctx, system.openapi(ctx:base())) end)

g:get("/asyncapi.json", {
  summary = "The events of the sockets as an AsyncAPI 3.1 document",
  reply   = { [200] = s.raw "application/json", [304] = false },
}, function(ctx) return document.answer(ctx, system.asyncapi(ctx:base())) end)

main_port:get("/metrics", {
  summary = "Counters, gauges and histograms in the Prometheus text format",
  reply   = { [200] = s.raw "text/plain; version=0.0.4; charset=utf-8" },
}, function() return 200, system.metrics_text() end)

return { group = g }
