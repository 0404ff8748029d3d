-- scripts/api/marketplace/streams.lua -- tasks as server-sent events, for programs by their key and for browsers by a
-- ticket: an EventSource sends no headers, and a key does not belong in a URL.

local api = require "human.api"
local db = require "human.db"
local s = require "human.schema"
local actors = require "marketplace.actors"
local deals = require "marketplace.deals"
local streams = require "marketplace.streams"
require "api.marketplace.auth"

local TICKET = { type = "apiKey", header = "X-Stream-Ticket", optional = true, still = actors.still,
                 errors = { "actor_banned" }, description = "A ticket of /stream-tickets, also as ?access_token=." }

api.auth("market_ticket", TICKET, function(ctx, ticket) return streams.use_ticket(ticket or ctx.query.access_token) end)

local g = api.group { tag = "Messaging & Notifications", auth = "market_key", cors = "*" }
local BOTH = { "market_key", "market_ticket" }
local OPENED = { rate = 1, burst = 20, per = "actor" }
local EVENTS = "progress, status_change, milestone_completed, delivery_submitted; end: nothing follows; "
  .. "reset: what was missed is kept no longer, what follows is all that there is"

local position = s.int { min = 0, max = 2 ^ 53 - 1 }:optional()
  :describe "what Last-Event-ID says, for clients that cannot send it"
local token = s.string { max = 100 }:optional():describe "a ticket of /stream-tickets"

-- A client that comes back to what is over is told to stay away.
local function follow(ctx, key, after)
  local last, has_ended = streams.last(key)
  local seen = tonumber(ctx.headers["last-event-id"] or ctx.query.last_event_id)
  if has_ended and seen == last then return 204 end
  ctx:stream():follow(streams.FEED, key, ctx.query.last_event_id or after or last)
end

g:post("/stream-tickets", {
  summary = "A ticket that opens one stream within a minute, for browsers", limit = OPENED,
  reply = { [201] = s.object { { "ticket", s.string { secret = true } }, { "expires_at", s.time } } },
}, function(ctx)
  local ticket, expires_at = streams.ticket(ctx.actor)
  return 201, { ticket = ticket, expires_at = expires_at }
end)

g:get("/task-progress-stream", {
  summary = "Follow a transaction, from its beginning", auth = BOTH, limit = OPENED, events = EVENTS,
  headers = { ["last-event-id"] = s.string:optional() },
  query = { transaction_id = s.uuid, last_event_id = position, access_token = token },
  reply = { [204] = false }, errors = { "not_found" },
}, function(ctx)
  local task = deals.party(db, ctx.query.transaction_id, ctx.actor.id)
  return follow(ctx, streams.of_task(task.id), 0)
end)

g:get("/task-stream", {
  summary = "Follow all of your tasks, from now on", auth = BOTH, limit = OPENED, events = EVENTS,
  headers = { ["last-event-id"] = s.string:optional() },
  query = { last_event_id = position, access_token = token }, reply = { [204] = false },
}, function(ctx) return follow(ctx, streams.of_actor(ctx.actor.id)) end)

return {}
