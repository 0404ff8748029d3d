-- scripts/api/marketplace/webhooks.lua -- /webhooks-register, /webhooks-manage, /webhooks-test.

local api = require "human.api"
local fail = require "human.fail"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local rule = require "marketplace.rules.webhooks"
local webhooks = require "marketplace.webhooks"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Webhooks & Integrations", base = "", auth = "market_key" }

local url = s.string { min = 1, max = 2048 }
local events = s.array(s.string { min = 1, max = 64 }, { min = 1, max = 32 })
  :describe("Event types, or * for all: " .. table.concat(rule.EVENTS, ", "))
local secret = s.string { min = rule.secret_least, max = rule.secret_most, secret = true, pattern = "^[!-~]+$",
                          regex = "^[!-~]+$", form = "visible ASCII characters without spaces" }
local new_secret = s.string { secret = true }

g:post("/webhooks-register", {
  summary = "Register an endpoint that is told of events",
  description = "Messages are signed as standardwebhooks.com has it: with the 24 to 64 bytes that are in base64 after "
    .. "`whsec_`, or else with the whole text of the secret. Without a `secret` one is made, and shown this once.",
  idempotent = "tx",
  body = s.object { { "url", url:describe "https, at a public host name, on port 443 or 8443" }, { "events", events },
                    { "secret", secret:optional() } },
  reply = { [201] = s.object { { "webhook_id", s.uuid }, { "url", s.string }, { "events", s.array(s.string) },
                               { "created_at", s.time }, { "secret", new_secret:optional() } } },
  errors = { "validation_error", "unsafe_url", "unknown_event", "too_many_webhooks" },
}, function(ctx, body)
  local made, drawn = webhooks.register(ctx.actor, body)
  made.secret = drawn
  return 201, made
end)

local Webhook = s.object {
  { "webhook_id", s.uuid }, { "url", s.string }, { "events", s.array(s.string) },
  { "status", s.enum { "active", "disabled" } },
  { "reason", s.enum { "gone", "failing", "owner" }:optional()
    :describe "Why it is disabled: it answered 410; nothing was taken for five days; its owner said so" },
  { "failing_since", s.time:optional():describe "No try has succeeded since" },
  { "created_at", s.time }, { "updated_at", s.time },
}
local Delivery = s.object {
  { "delivery_id", s.uuid }, { "message_id", s.string:describe "The header webhook-id, the same at each try" },
  { "event_type", s.string }, { "sequence", s.int },
  { "status", s.enum { "pending", "delivered", "failed" } }, { "attempts", s.int },
  { "status_codes", s.array(s.int):describe "Of each try; 0: there was no answer" },
  { "last_error", s.string:optional() }, { "next_at", s.time:optional() }, { "tried_at", s.time:optional() },
  { "ended_at", s.time:optional() }, { "created_at", s.time },
}
local Answer = s.object {
  { "webhook", Webhook:optional() },
  { "secret", new_secret:optional():describe "Of rotate_secret, where none was given; shown this once" },
  { "old_secret_until", s.time:optional():describe "Until then both secrets sign" },
  { "deleted", s.bool:optional() }, { "webhooks", s.array(Webhook):optional() },
  { "deliveries", s.array(Delivery):optional() }, { "total", s.int:optional() },
  { "replayed", s.int:optional() },
  { "has_more", s.bool:optional():describe "Some that have failed since are left: ask again" },
}

local ON = {}

function ON.update(actor, body) return { webhook = webhooks.update(actor, body.webhook_id, body) } end

function ON.delete(actor, body)
  webhooks.delete(actor, body.webhook_id)
  return { deleted = true }
end

function ON.list(actor, body)
  local rows, total = webhooks.list(actor, body)
  return { webhooks = rows, total = total }
end

function ON.rotate_secret(actor, body)
  local row, drawn = webhooks.rotate(actor, body.webhook_id, body.secret)
  return { webhook = row, secret = drawn, old_secret_until = row.old_secret_until }
end

function ON.deliveries(actor, body)
  local rows, total = webhooks.deliveries(actor, body.webhook_id, body)
  return { deliveries = rows, total = total }
end

function ON.replay(actor, body)
  if (body.delivery_id == nil) == (body.since == nil) then
    fail.throw("validation_error", { details = { { path = "since", message = "give this or delivery_id" } } })
  end
  local n, has_more = webhooks.replay(actor, body.webhook_id, body)
  return { replayed = n, has_more = has_more }
end

g:post("/webhooks-manage", {
  summary = "Change, delete and list endpoints, rotate secrets, look at deliveries and send them again",
  description = "`update` enables an endpoint again, unless it says `is_active: false`. After `rotate_secret` the "
    .. "secret before signs as well, for a day. `replay` sends one delivery, or up to 1,000 that have failed `since` a "
    .. "time, under the same ids.",
  idempotent = "tx",
  body = s.one_of {
    s.object { { "action", s.const "update" }, { "webhook_id", s.uuid }, { "url", url:optional() },
               { "events", events:optional() }, { "is_active", s.bool:optional() } },
    s.object { { "action", s.const "delete" }, { "webhook_id", s.uuid } },
    s.object { { "action", s.const "list" }, { "limit", fields.limit }, { "offset", fields.offset } },
    s.object { { "action", s.const "rotate_secret" }, { "webhook_id", s.uuid }, { "secret", secret:optional() } },
    s.object { { "action", s.const "deliveries" }, { "webhook_id", s.uuid },
               { "status", s.enum { "pending", "delivered", "failed" }:optional() },
               { "limit", fields.limit }, { "offset", fields.offset } },
    s.object { { "action", s.const "replay" }, { "webhook_id", s.uuid }, { "delivery_id", s.uuid:optional() },
               { "since", s.time:optional() } },
  },
  reply = { [200] = Answer },
  errors = { "validation_error", "unsafe_url", "unknown_event", "not_found", "invalid_state" },
}, function(ctx, body) return 200, ON[body.action](ctx.actor, body) end)

g:post("/webhooks-test", {
  summary = "Send an endpoint a test, once",
  description = "The message has `test: true`, and no `sequence`. It is not tried again, and counts for nothing.",
  limit = { rate = 0.5, burst = 10 },                -- limit: webhook tests
  timeout_s = rule.timeout_s + 15,
  body = s.object { { "webhook_id", s.uuid }, { "event_type", s.string { min = 1, max = 64 }:optional() } },
  reply = { [200] = s.object {
    { "delivered", s.bool }, { "status_code", s.int:optional():describe "Not there: there was no answer" },
    { "latency_ms", s.int }, { "error", s.string:optional() },
  } },
  errors = { "validation_error", "unknown_event", "not_found", "service_unavailable" },
}, function(ctx, body) return 200, webhooks.test(ctx.actor, body.webhook_id, body.event_type) end)

return M
