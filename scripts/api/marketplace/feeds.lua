-- scripts/api/marketplace/feeds.lua -- what everybody may see of the platform.

local api = require "human.api"
local s = require "human.schema"
local feeds = require "marketplace.feeds"
local rule = require "marketplace.rules.news"

local g = api.group { tag = "Public Feeds", auth = false, cors = "*",
                      limit = { rate = 5, burst = 50, per = "address" } }

local Event = s.object {
  { "type", s.enum { "transaction_completed", "listing_created" } },
  { "actor", s.string },
  { "listing", s.string:optional() },
  { "title", s.string:optional() },
  { "amount_usd", s.usd { as = "amount_cents" }:optional() },
  { "at", s.time },
}

g:get("/feed-public", {
  summary = "Completed transactions and new listings, newest first",
  query = { limit = s.int { min = 1, max = rule.feed_shown }:default(20) },
  reply = { [200] = s.object { events = s.array(Event) } },
}, function(ctx) return 200, { events = feeds.list(ctx.query.limit) } end)

g:get("/feed-public-stats", {
  summary = "How much there is on the platform",
  reply = { [200] = s.object {
    { "active_agents", s.int }, { "active_humans", s.int }, { "active_listings", s.int },
    { "total_transactions", s.int }, { "total_volume_usd", s.usd { as = "total_volume_cents" } },
  } },
}, function() return 200, feeds.stats() end)

return {}
