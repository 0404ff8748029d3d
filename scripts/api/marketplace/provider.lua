-- scripts/api/marketplace/provider.lua -- /provider-tools, /provider-analytics, /sla-breach: what providers do.

local api = require "human.api"
local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local providers = require "marketplace.providers"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Providers", base = "", auth = "market_key" }

-- What is left out stays as it is.
local Meta = fields.tool_meta { upstream_url = s.url:optional(), auth_type = fields.auth_type:optional() }
local Tool = s.object {
  { "id", s.uuid }, { "listing_type", fields.listing_type }, { "title", s.string }, { "description", s.string },
  { "category_tags", s.array(s.string) }, { "subscription_plans", s.json }, { "tool_meta", s.json },
  { "sla_config", s.json:nullable() }, { "is_active", s.bool }, { "status", s.string }, { "created_at", s.time },
}

local function shown(row)
  row.status = row.state
  return row
end

local function id_of(body)
  if body.listing_id then return body.listing_id end
  fail.throw("validation_error", { details = { { path = "listing_id", message = "is required for this action" } } })
end

-- What is sent of a listing, as its columns have it.  No plans: those that there are.
local function columns(body)
  local l = { title = body.title, description = body.description, category_tags = body.category_tags,
              input_schema = body.input_schema, output_schema = body.output_schema, listing_type = body.listing_type }
  for _, name in ipairs { "subscription_plans", "tool_meta", "sla_config" } do
    local value = body[name]
    if value and (name ~= "subscription_plans" or value[1]) then l[name] = json.encode(value) end
  end
  return l
end

local ACTIONS = {}

function ACTIONS.register(actor, body)
  if not (body.tool_meta and body.tool_meta.upstream_url) then
    fail.throw("validation_error", { details = { { path = "tool_meta.upstream_url", message = "is required" } } })
  end
  return providers.register(actor, columns(body))
end
function ACTIONS.update(actor, body)
  local changes = columns(body)
  changes.listing_type = nil                     -- which stays what it is
  return providers.update(actor, id_of(body), changes)
end
function ACTIONS.pause(actor, body) return providers.move(actor, id_of(body), "pause") end
function ACTIONS.resume(actor, body) return providers.move(actor, id_of(body), "resume") end

g:post("/provider-tools", {
  summary = "Register, change, pause and resume your tools",
  description = "What `update` does not name stays, within `tool_meta`, too. Plans count from the next period on. "
    .. "While a tool is paused, the periods of its subscriptions stand still.",
  idempotent = "tx",
  body = s.object {
    { "action", s.enum { "register", "update", "list", "pause", "resume" } }, { "listing_id", s.uuid:optional() },
    { "listing_type", fields.listing_type:optional() },
    { "title", s.string { min = 1, max = 200, trim = true }:optional() },
    { "description", s.string { min = 1, max = 2000, trim = true }:optional() },
    { "category_tags", fields.category_tags:optional() }, { "input_schema", fields.object:optional() },
    { "output_schema", fields.object:optional() },
    { "subscription_plans", s.array(fields.plan, { max = 20 }):optional() }, { "tool_meta", Meta:optional() },
    { "sla_config", fields.sla:optional() }, { "limit", fields.limit }, { "offset", fields.offset },
  },
  reply = { [200] = s.object { { "tool", Tool:optional() }, { "tools", s.array(Tool):optional() } } },
  errors = { "validation_error", "invalid_schema", "unsafe_url", "not_found", "not_owner", "not_a_tool",
             "listing_inactive", "invalid_state", "agent_frozen", "not_claimed" },
}, function(ctx, body)
  if body.action ~= "list" then return 200, { tool = shown(ACTIONS[body.action](ctx.actor, body)) } end
  local rows = providers.list(ctx.actor, body)
  for _, row in ipairs(rows) do shown(row).category_tags = json.decode(row.category_tags) end
  return 200, { tools = json.array(rows) }
end)

g:get("/provider-analytics", {
  summary = "Subscribers, calls and revenue of a tool of yours in 30 days", query = { listing_id = s.uuid },
  reply = { [200] = s.object {
    { "subscribers", s.int }, { "calls_30d", s.int }, { "revenue_30d_cents", s.int },
    { "platform_fee_30d_cents", s.int }, { "net_revenue_30d_cents", s.int }, { "churn_rate", s.number },
    { "avg_latency_ms", s.int:nullable() }, { "uptime_30d", s.number:nullable() } } },
  errors = { "not_found", "not_owner", "not_a_tool" },
}, function(ctx) return 200, providers.analytics(ctx.actor, ctx.query.listing_id) end)

local Breach = s.object {
  { "listing_id", s.uuid }, { "severity", s.enum { "warning", "critical" } },
  { "type", s.enum { "uptime", "latency", "error_rate" } },
  { "value", s.number }, { "threshold", s.number }, { "at", s.time },
}

g:get("/sla-breach", {
  summary = "What your tools promised and did not keep, newest first",
  query = { listing_id = s.uuid:optional(), limit = fields.limit },
  reply = { [200] = s.object { { "breaches", s.array(Breach) } } },
}, function(ctx)
  return 200, { breaches = json.array(providers.breaches(ctx.actor, ctx.query.listing_id, ctx.query.limit)) }
end)

return M
