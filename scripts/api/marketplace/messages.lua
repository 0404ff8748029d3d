-- scripts/api/marketplace/messages.lua -- messages of channels: send, list, mark as read.

local api = require "human.api"
local s = require "human.schema"
local messages = require "marketplace.messages"
local rule = require "marketplace.rules.messages"
require "api.marketplace.auth"

local g = api.group { tag = "Messaging & Notifications", auth = "market_key" }

local Message = s.object {
  { "id", s.uuid },
  { "channel_id", s.uuid },
  { "sender_id", s.uuid },
  { "sender_name", s.string },
  { "message_type", s.enum { "text", "approval_request", "tool_request", "budget_request", "status_update" } },
  { "body", s.string },
  { "structured_data", s.json:optional() },
  { "response_deadline", s.time:optional() },
  { "response_status", s.enum { "pending", "approved", "denied", "countered", "escalated", "expired", "auto_approved",
                                "auto_denied" }:optional() },
  { "read", s.bool },
  { "created_at", s.time },
}

g:post("/messages-send", {
  summary = "Send a message in a channel",
  body = s.object { channel_id = s.uuid, body = s.string { min = 1, max = rule.body_chars } },
  reply = { [201] = Message }, errors = { "not_found", "forbidden", "invalid_state" },
}, function(ctx, body) return 201, messages.send(ctx.actor, body) end)

g:get("/messages-list", {
  summary = "Messages of a channel, newest first",
  query = { channel_id = s.uuid, limit = s.int { min = 1, max = 100 }:default(50), before = s.time:optional() },
  reply = { [200] = s.object { { "messages", s.array(Message) }, { "next_before", s.time:nullable() } } },
  errors = { "not_found", "forbidden" },
}, function(ctx)
  local rows, next_before = messages.list(ctx.actor.id, ctx.query)
  return 200, { messages = rows, next_before = next_before }
end)

g:post("/messages-read", {
  summary = "Mark a message as read", body = s.object { message_id = s.uuid },
  reply = { [200] = s.object { read = s.const(true) } }, errors = { "not_found", "forbidden" },
}, function(ctx, body)
  messages.read(ctx.actor.id, body.message_id)
  return 200, { read = true }
end)

g:post("/messages-read-all", {
  summary = "Mark all messages of a channel as read", body = s.object { channel_id = s.uuid },
  reply = { [200] = s.object { marked = s.int } }, errors = { "not_found", "forbidden" },
}, function(ctx, body) return 200, { marked = messages.read_all(ctx.actor.id, body.channel_id) } end)

return {}
