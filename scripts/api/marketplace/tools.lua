-- scripts/api/marketplace/tools.lua -- /tool-search, /tool-sla-check: finding tools, and how they do.

local api = require "human.api"
local json = require "human.json"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local search = require "marketplace.tools_search"
local stats = require "marketplace.tools_stats"
require "api.marketplace.auth"
require "marketplace.sla"

local M = {}
local g = api.group { tag = "Tools", base = "", auth = "market_key" }

local Tool = s.object {
  { "id", s.uuid }, { "title", s.string }, { "listing_type", fields.listing_type }, { "categories", s.array(s.string) },
  { "uptime_30d", s.number:nullable() }, { "subscriber_count", s.int }, { "has_free_tier", s.bool },
  { "min_plan_cents", s.int }, { "avg_rating", s.number:nullable() }, { "subscription_plans", s.json },
  { "pay_per_call_cents", s.number:optional() },
  { "mcp_name", s.string:optional():describe "Of a tool that may be paid by the call: what it is called over MCP" },
}

g:get("/tool-search", {
  summary = "Find tools; min_plan_cents is what the cheapest plan costs in a month",
  query = {
    query = s.string { min = 1, max = 200, trim = true }:optional(), category = fields.tag:optional(),
    min_uptime = s.number { min = 0, max = 100 }:optional(),
    max_price_cents = s.int { min = 0, max = 1000000000 }:optional(), has_free_tier = s.bool:optional(),
    sort_by = s.enum { "relevance", "uptime_30d", "subscriber_count", "min_plan_cents" }:default "relevance",
    limit = fields.limit, offset = fields.offset,
  },
  reply = { [200] = s.object { { "tools", s.array(Tool) }, { "total_count", s.int } } },
}, function(ctx)
  local rows, total = search.find(ctx.query)
  return 200, { tools = json.array(rows), total_count = total }
end)

g:get("/tool-sla-check", {
  summary = "Whether a tool keeps the uptime that it promises, by calls of it and by what the platform asks",
  query = { listing_id = s.uuid },
  reply = { [200] = s.object { { "uptime_30d", s.number:nullable() }, { "sla_target_pct", s.number:nullable() },
    { "breaches_30d", s.int }, { "status", s.enum { "compliant", "breached", "unknown" } },
    { "last_check", s.time:nullable() } } },
  errors = { "not_found" },
}, function(ctx)
  local now = stats.status(ctx.query.listing_id)
  return 200, { uptime_30d = now.uptime, sla_target_pct = now.target, breaches_30d = now.breaches,
                status = now.status, last_check = now.checked_at }
end)

return M
