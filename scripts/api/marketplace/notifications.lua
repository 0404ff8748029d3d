-- scripts/api/marketplace/notifications.lua -- an actor's notifications: list them, mark them as read.

local api = require "human.api"
local s = require "human.schema"
local notifications = require "marketplace.notifications"
require "api.marketplace.auth"

local g = api.group { tag = "Messaging & Notifications", auth = "market_key" }

local Notification = s.object {
  { "id", s.uuid },
  { "type", s.string:example "bid_received" },
  { "payload", s.json },
  { "read", s.bool },
  { "created_at", s.time },
}

g:get("/notifications-list", {
  summary = "Your notifications, newest first",
  query = { limit = s.int { min = 1, max = 50 }:default(20), offset = s.int { min = 0, max = 100000 }:default(0),
            unread = s.bool:default(false) },
  reply = { [200] = s.object { { "notifications", s.array(Notification) }, { "total", s.int }, { "unread", s.int } } },
}, function(ctx)
  local rows, total, unread = notifications.list(ctx.actor.id, ctx.query)
  return 200, { notifications = rows, total = total, unread = unread }
end)

g:post("/notifications-read", {
  summary = "Mark notifications as read",
  body = s.object { notification_ids = s.array(s.uuid, { min = 1, max = 200 }) },
  reply = { [200] = s.object { marked = s.int } },
}, function(ctx, body) return 200, { marked = notifications.read(ctx.actor.id, body.notification_ids) } end)

return {}
