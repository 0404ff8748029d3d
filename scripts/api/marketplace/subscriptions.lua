-- scripts/api/marketplace/subscriptions.lua -- /tool-subscriptions, /tool-proxy, /api-keys-manage: what subscribers do.

local api = require "human.api"
local db = require "human.db"
local json = require "human.json"
local s = require "human.schema"
local actors = require "marketplace.actors"
local fail = require "human.fail"
local fields = require "api.marketplace.fields"
local keys = require "marketplace.subscriptions_keys"
local pay_per_call = require "marketplace.pay_per_call"
local paying = require "api.marketplace.pay_per_call"
local proxy = require "marketplace.proxy"
local proxy_stream = require "marketplace.proxy_stream"
local rules = require "marketplace.rules.subscriptions"
local subscriptions = require "marketplace.subscriptions"
require "api.marketplace.auth"
require "marketplace.subscriptions_jobs"
require "marketplace.tools"

local M = {}
local g = api.group { tag = "Tools", base = "", auth = "market_key" }

api.auth("market_tool_key", {
  type = "apiKey", header = "X-API-Key", errors = { "actor_banned" },
  description = "A subscription's key, hm_tool_ and 32 characters, or the key of the actor who has subscribed.",
}, function(_, key)
  if key:sub(1, #keys.PREFIX) == keys.PREFIX and #key > #keys.PREFIX + 30 then return keys.check(key) end
  return actors.check(key)
end)

local input = s.json { max = 262144 }:describe "An object, as the tool's input_schema has it"
local key = s.string { secret = true }
local BUDGET = { "delegation_invalid", "delegation_expired", "budget_exceeded", "category_not_allowed" }
local prefix = s.string { min = 1, max = 12 }

g:post("/tool-subscriptions", {
  summary = "Subscribe to a plan of a tool; the key is shown once", idempotent = "tx",
  body = s.object { { "listing_id", s.uuid }, { "plan_id", s.string { min = 1, max = 64 } },
    { "funding_type", s.enum { "direct", "delegation", "task_budget" }:default "direct" },
    { "budget_delegation_id", s.uuid:optional() },
    { "transaction_id", s.uuid:optional():describe "With task_budget: a task that you work on" } },
  reply = { [201] = s.object { { "subscription_id", s.uuid }, { "api_key", key }, { "api_key_prefix", s.string } } },
  errors = { "validation_error", "not_found", "subscription_already_exists", "insufficient_balance", "plan_not_found",
             "not_a_tool", "listing_inactive", "tool_suspended", "self_dealing_not_permitted", "approval_required",
             "agent_frozen", "provider_banned", unpack(BUDGET) },
}, function(ctx, body)
  local made, first = subscriptions.create(ctx.actor, subscriptions.checked {
    listing_id = body.listing_id, plan_id = body.plan_id, funding_type = body.funding_type,
    delegation_id = body.budget_delegation_id, transaction_id = body.transaction_id })
  return 201, { subscription_id = made.id, api_key = first, api_key_prefix = keys.prefix(first) }
end)

local Usage = s.object {
  { "calls_this_period", s.int }, { "included_calls", s.int }, { "latency_ms", s.int }, { "is_overage", s.bool },
}

local function required(path)
  fail.throw("validation_error", { details = { { path = path, message = "is required" } } })
end

-- How a call is made: by a subscription, or as one that is paid for by itself, of a listing.
local function way_of(ctx, body)
  if body.subscription_id and body.listing_id then
    fail.throw("validation_error", { details = { { path = "listing_id",
      message = "cannot stand beside subscription_id" } } })
  end
  if body.subscription_id then return body.subscription_id end
  if not body.listing_id then required "subscription_id" end
  if paying.is_meant(ctx, body) then return nil, body.listing_id end
  local id = pay_per_call.subscription_of(ctx.actor, body.listing_id)
  return id, not id and body.listing_id or nil
end

-- A subscription that has ended leaves what everybody may do.
local function by_subscription(ctx, body, id)
  local ok, output, usage = pcall(proxy.call, ctx.actor, { subscription_id = id, input = body.input })
  if ok then return 200, { output = output, usage = usage } end
  local is_over = fail.is(output) and output.code == "subscription_not_active"
  local listing_id = is_over and pay_per_call.after(ctx.actor, id)
  if not listing_id then error(output, 0) end
  return paying.answer(ctx, body, listing_id)
end

-- Passes the answer on as it comes.  No repeat could be given it again.
local function stream(ctx, asked)
  if ctx:header "idempotency-key" then
    fail.throw("validation_error", { details = { { path = "Idempotency-Key",
      message = "cannot be kept for an answer that is streamed" } } })
  end
  ctx:end_with_client()
  local out, usage = proxy_stream.call(ctx.actor, asked, { open = function() return ctx:stream() end,
    is_gone = function() return ctx.gone or ctx.out and ctx.out.gone end })
  usage.calls_this_period, usage.calls = usage.calls, nil
  if out then out:event("usage", usage) end
end

-- A call by a subscription, or by who has none.
local CallShown = s.one_of {
  s.object { { "subscription_id", s.uuid }, { "input", input } },
  s.object { { "listing_id", s.uuid }, { "input", input }, { "budget_delegation_id", s.uuid:optional() },
             { "payment", paying.payment:optional() } },
}

g:post("/tool-proxy", {
  summary = "Call a tool through the metered proxy", auth = "market_tool_key", idempotent = "lease",
  description = "With `Accept: text/event-stream` the answer is passed on as it comes: each event of a tool that "
    .. "answers with server-sent events or with lines of JSON, or else its answer as one event, and then an event "
    .. "`usage`; or `error`, where it breaks off. What is wrong before the first event is answered as without.\n\n"
    .. "Who has not subscribed says `listing_id`. Where the provider has set a `pay_per_call_cents`, the answer is "
    .. "402 with what the call costs, for x402 (`PAYMENT-REQUIRED`, and the body) and for the Payment scheme "
    .. "(`WWW-Authenticate`); the same request with `PAYMENT-SIGNATURE` or `Authorization: Payment` is made, and paid "
    .. "in the actor's credits.",
  events = "Events of the tool (its `error` and `usage` as `tool_error` and `tool_usage`), then `usage` or `error`",
  timeout_s = proxy_stream.timeout_s,
  body_max = 524288,
  body = s.object { { "subscription_id", s.uuid:optional() },
    { "listing_id", s.uuid:optional():describe "In place of subscription_id" }, { "input", input },
    { "budget_delegation_id", s.uuid:optional():describe "With listing_id: a budget that pays for this call" },
    { "payment", paying.payment:optional() } }:shown(CallShown),
  reply = { [200] = s.object { { "output", s.json { max = rules.output_bytes } }, { "usage", Usage },
                               { "payment", paying.receipt:optional() } },
            [402] = paying.required },
  errors = { "validation_error", "not_found", "subscription_not_active", "agent_frozen", "usage_quota_exceeded",
             "tool_suspended", "upstream_timeout", "upstream_error", "upstream_blocked", "upstream_too_large",
             "input_schema_mismatch", "insufficient_balance", "rate_limited", "approval_required", "listing_inactive",
             "self_dealing_not_permitted", "idempotency_in_progress", "payment_required", unpack(BUDGET) },
}, function(ctx, body)
  local id, listing_id = way_of(ctx, body)
  if id and ctx:wants_stream() then return stream(ctx, { subscription_id = id, input = body.input }) end
  local status, answer, headers
  if id then status, answer, headers = by_subscription(ctx, body, id)
  else status, answer, headers = paying.answer(ctx, body, listing_id) end
  if status == 200 then answer.usage.calls_this_period = answer.usage.calls end
  return status, answer, headers
end)

local Key = s.object {
  { "api_key_prefix", s.string }, { "status", s.string }, { "created_at", s.time },
  { "valid_until", s.time:optional() },
}

local ACTIONS = {}

function ACTIONS.generate(tx, id) return { key = keys.generate(tx, id) } end
function ACTIONS.rotate(tx, id, body) return { key = keys.rotate(tx, id, body.key_prefix, body.grace_seconds) } end
function ACTIONS.revoke(tx, id, body)
  if not body.key_prefix then
    fail.throw("validation_error", { details = { { path = "key_prefix", message = "is required to revoke a key" } } })
  end
  return { revoked = keys.revoke(tx, id, body.key_prefix) }
end
function ACTIONS.list(_, id)
  local list = keys.list(id)
  for _, one in ipairs(list) do one.api_key_prefix, one.status = one.prefix, one.state end
  return { keys = json.array(list) }
end

g:post("/api-keys-manage", {
  summary = "Generate, rotate, revoke or list the keys of a subscription", idempotent = "tx",
  description = "After `rotate` the old keys (`key_prefix`: that one) stay valid for `grace_seconds`.",
  body = s.object { { "subscription_id", s.uuid }, { "action", s.enum { "generate", "rotate", "revoke", "list" } },
    { "key_prefix", prefix:optional() },
    { "grace_seconds", s.int { min = 0, max = rules.key_grace_s }:default(0) } },
  reply = { [200] = s.object { { "api_key", key:optional() }, { "api_key_prefix", s.string:optional() },
    { "revoked", s.int:optional() }, { "keys", s.array(Key):optional() } } },
  errors = { "validation_error", "not_found", "subscription_not_active", "too_many_keys" },
}, function(ctx, body)
  local done = db.tx(function(tx)
    local sub = subscriptions.own(tx, ctx.actor, body.subscription_id)
    if sub.state == "canceled" or sub.state == "revoked" then fail.throw "subscription_not_active" end
    return ACTIONS[body.action](tx, sub.id, body)
  end)
  return 200, { api_key = done.key, api_key_prefix = done.key and keys.prefix(done.key), revoked = done.revoked,
                keys = done.keys }
end)

local Subscription = s.object {
  { "id", s.uuid }, { "listing_id", s.uuid }, { "title", s.string }, { "plan_id", s.string }, { "status", s.string },
  { "funding_type", s.string }, { "calls_this_period", s.int }, { "included_calls", s.int }, { "period_end", s.time },
  { "created_at", s.time },
}

g:get("/subscriptions-list", {
  summary = "Your subscriptions, newest first", query = { limit = fields.limit, offset = fields.offset },
  reply = { [200] = s.object { { "subscriptions", s.array(Subscription) }, { "total", s.int } } },
}, function(ctx)
  local rows, total = subscriptions.list(ctx.actor, ctx.query)
  for _, row in ipairs(rows) do
    row.status, row.calls_this_period, row.period_end = row.state, row.calls, row.ends_at
  end
  return 200, { subscriptions = json.array(rows), total = total }
end)

g:post("/subscriptions-cancel", {
  summary = "Cancel a subscription at the end of what is paid for", idempotent = "tx",
  body = s.object { subscription_id = s.uuid },
  reply = { [200] = s.object { { "id", s.uuid }, { "status", s.string }, { "period_end", s.time } } },
  errors = { "not_found", "invalid_state" },
}, function(ctx, body)
  local now = subscriptions.cancel(ctx.actor, body.subscription_id)
  return 200, { id = now.id, status = now.state, period_end = now.ends_at }
end)

return M
