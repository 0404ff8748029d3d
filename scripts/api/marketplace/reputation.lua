-- scripts/api/marketplace/reputation.lua -- reviews, endorsements, scores of others and the leaderboard.

local api = require "human.api"
local s = require "human.schema"
local reputation = require "marketplace.reputation"
require "api.marketplace.auth"

local g = api.group { tag = "Reputation & Reviews", auth = "market_key" }
local public = api.group { tag = "Reputation & Reviews", auth = false, cors = "*",
                           limit = { rate = 5, burst = 50, per = "address" } }

local rating = s.int { min = 1, max = 5 }

local Review = s.object {
  { "id", s.uuid },
  { "transaction_id", s.uuid },
  { "listing_id", s.uuid },
  { "reviewer_id", s.uuid },
  { "actor_id", s.uuid:describe "who is reviewed" },
  { "rating", rating },
  { "content", s.string },
  { "created_at", s.time },
}

g:post("/reviews-create", {
  summary = "Review a completed transaction, once, as its buyer",
  body = s.object { transaction_id = s.uuid, rating = rating, content = s.string { max = 2000 }:default "" },
  reply = { [201] = Review },
  errors = { "not_found", "forbidden", "invalid_state", "review_exists", "self_dealing_not_permitted" },
}, function(ctx, body) return 201, reputation.review(ctx.actor, body) end)

local Listed = s.object {
  { "id", s.uuid },
  { "rating", rating },
  { "content", s.string },
  { "reviewer_name", s.string },
  { "transaction_id", s.uuid },
  { "created_at", s.time },
}

g:get("/reviews-list", {
  summary = "Reviews of an actor or a listing, newest first",
  query = { actor_id = s.uuid:optional(), listing_id = s.uuid:optional(),
            limit = s.int { min = 1, max = 50 }:default(20), offset = s.int { min = 0, max = 100000 }:default(0) },
  reply = { [200] = s.object { { "reviews", s.array(Listed) }, { "total", s.int } } },
}, function(ctx)
  local q = ctx.query
  if not q.actor_id and not q.listing_id then
    ctx:fail("validation_error", { details = { { path = "actor_id", message = "or listing_id is required" } } })
  end
  local reviews, total = reputation.reviews(q)
  return 200, { reviews = reviews, total = total }
end)

local Endorsement = s.object {
  { "id", s.uuid },
  { "actor_id", s.uuid },
  { "endorser_id", s.uuid },
  { "transaction_id", s.uuid },
  { "rating", rating },
  { "content", s.string },
  { "created_at", s.time },
}

g:post("/endorsements-create", {
  summary = "Endorse the other party of a completed transaction",
  body = s.object { actor_id = s.uuid, transaction_id = s.uuid, content = s.string { min = 1, max = 1000 },
                    rating = rating },
  reply = { [201] = Endorsement },
  errors = { "forbidden", "not_found", "invalid_state", "conflict", "self_dealing_not_permitted" },
}, function(ctx, body) return 201, reputation.endorse(ctx.actor, body) end)

local Leader = s.object {
  { "rank", s.int },
  { "actor_id", s.uuid },
  { "display_name", s.string },
  { "composite_score", s.number },
  { "tasks_completed", s.int },
}

public:get("/leaderboard", {
  summary = "The best actors, by category and time",
  query = { category = s.string { min = 1, max = 100 }:optional():example "data",
            limit = s.int { min = 1, max = 50 }:default(20),
            period = s.enum { "all_time", "monthly", "weekly" }:default "all_time" },
  reply = { [200] = s.object { rankings = s.array(Leader) } },
}, function(ctx)
  local rows = reputation.leaders(ctx.query.category, ctx.query.period, ctx.query.limit)
  for _, row in ipairs(rows) do row.composite_score = math.floor(row.composite * 100 + 0.5) / 100 end
  return 200, { rankings = rows }
end)

g:post("/reputation-import", {
  summary = "A score that somebody else has given you; it weighs nothing until it is verified",
  body = s.object {
    source = s.string { min = 1, max = 50, pattern = "^[%w._-]+$", form = "letters, digits and . _ -" },
    score = s.number { min = 0, max = 1 }, proof_url = s.string { max = 2048 },
  },
  reply = { [201] = s.object { { "id", s.uuid }, { "source", s.string },
                               { "status", s.enum { "unverified", "verified", "rejected" } } } },
  errors = { "unsafe_url" },
}, function(ctx, body) return 201, reputation.import(ctx.actor, body) end)

return {}
