-- scripts/api/marketplace/governance_channels.lua -- Budget & Governance: channels, and what is asked for in them.

local api = require "human.api"
local s = require "human.schema"
local approval_channels = require "marketplace.approval_channels"
local fields = require "api.marketplace.fields"
local rule = require "marketplace.rules.messages"
require "api.marketplace.auth"

local g = api.group { tag = "Budget & Governance", auth = "market_key" }

local channel_type = s.enum { "approval", "inquiry", "negotiation", "transaction" }
local Channel = s.object {
  { "id", s.uuid }, { "channel_type", channel_type }, { "listing_id", s.uuid:optional() },
  { "transaction_id", s.uuid:optional() }, { "participants", s.array(s.uuid) },
  { "created_by", s.uuid:optional():describe "Without it: the platform" }, { "created_at", s.time },
  { "archived_at", s.time:optional() },
}

local function shown(channel)
  channel.channel_type, channel.archived_at = channel.type, channel.closed_at
  return channel
end

local ON = {
  create = function(actor, body) return approval_channels.open(actor, body) end,
  archive = function(actor, body) return approval_channels.archive(actor, body.channel_id) end,
  add_participant = function(actor, body) return approval_channels.add(actor, body.channel_id, body.participant_id) end,
  remove_participant = function(actor, body)
    return approval_channels.remove(actor, body.channel_id, body.participant_id)
  end,
}

local function listed(ctx, body)
  local rows, total = approval_channels.list(ctx.actor, body)
  for i, channel in ipairs(rows) do rows[i] = shown(channel) end
  return 200, { channels = rows, total = total }
end

g:post("/channels-manage", {
  summary = "Open channels, list and archive them, say who is in them",
  description = "Who opens a channel is in it, and alone may change it.",
  body = s.one_of {
    s.object { action = s.const "create", channel_type = s.enum { "approval", "inquiry", "negotiation" },
               listing_id = s.uuid:optional(), transaction_id = s.uuid:optional(),
               participants = s.array(s.uuid, { min = 1, max = rule.members }) },
    s.object { action = s.const "list", archived = s.bool:default(false), limit = fields.limit,
               offset = fields.offset },
    s.object { action = s.const "archive", channel_id = s.uuid },
    s.object { action = s.const "add_participant", channel_id = s.uuid, participant_id = s.uuid },
    s.object { action = s.const "remove_participant", channel_id = s.uuid, participant_id = s.uuid },
  },
  reply = { [200] = s.object {
    { "channel", Channel:optional() }, { "channels", s.array(Channel):optional():describe "Of list" },
    { "total", s.int:optional() },
  } },
  errors = { "validation_error", "forbidden", "not_found", "invalid_state", "conflict" },
}, function(ctx, body)
  if body.action == "list" then return listed(ctx, body) end
  return 200, { channel = shown(ON[body.action](ctx.actor, body)) }
end)

local function is_object(text) return text:find "^%s*{" ~= nil end

g:post("/channel-messages", {
  summary = "Send a message, or a request, in a channel",
  description = "A request waits for an answer by /channel-respond until its deadline, a day without one. One of an "
    .. "agent to a person of its owner is answered by that person's rules first. With amount_cents and "
    .. "tool_listing_id or listing_id in structured_data, what is approved is consent to one purchase.",
  body = s.object {
    { "channel_id", s.uuid },
    { "message_type", s.enum { "text", "approval_request", "tool_request", "budget_request", "status_update" } },
    { "body", s.string { min = 1, max = rule.body_chars } },
    { "structured_data", s.json { max = 32768 }:describe "An object":optional() },
    { "response_deadline", s.time:optional() },
  },
  reply = { [201] = s.object {
    { "id", s.uuid }, { "channel_id", s.uuid }, { "sender_id", s.uuid }, { "message_type", s.string },
    { "body", s.string }, { "structured_data", s.json:optional() }, { "response_deadline", s.time:optional() },
    { "response_status", s.enum { "pending", "auto_approved", "auto_denied" }:nullable() }, { "created_at", s.time },
  } },
  errors = { "validation_error", "forbidden", "not_found", "invalid_state", "rate_limited" },
}, function(ctx, body)
  if body.structured_data and not is_object(body.structured_data) then
    ctx:fail("validation_error", { details = { { path = "structured_data", message = "must be an object" } } })
  end
  return 201, approval_channels.send(ctx.actor, body)
end)

return {}
