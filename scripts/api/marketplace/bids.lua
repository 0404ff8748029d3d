-- scripts/api/marketplace/bids.lua -- /bids-*: bids on what is asked for, and counter offers.

local api = require "human.api"
local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local auto_bidding = require "marketplace.auto_bidding"
local bids = require "marketplace.bids"
local fields = require "api.marketplace.fields"
local view = require "api.marketplace.trade_views"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Bidding", base = "", auth = "market_key" }

local Named = s.object { bid_id = s.uuid }
local note = s.string { max = 300 }
local reason = s.string { min = 1, max = 300 }

local FUNDED = { "not_found", "forbidden", "invalid_state", "actor_banned", "agent_frozen", "provider_banned",
                 "self_dealing_not_permitted", "payment_provider_error" }

local function also(list, more)
  local out = { unpack(list) }
  for _, code in ipairs(more) do out[#out + 1] = code end
  return out
end

g:post("/bids-create", {
  summary = "Bid on a listing that asks for something", idempotent = "tx", body = view.bid_asked,
  reply = { [201] = view.bid_made }, errors = view.BID_ERRORS,
}, function(ctx, body) return 201, view.to_shown(bids.create(ctx.actor, view.to_bid(body))) end)

g:post("/bids-accept", {
  summary = "Accept a bid on your listing; the others are rejected", idempotent = "tx", body = Named,
  reply = { [200] = view.funded }, errors = FUNDED,
}, function(ctx, body) return 200, view.to_funded(ctx.actor, bids.accept(ctx.actor.id, body.bid_id)) end)

g:post("/bids-counter-accept", {
  summary = "Accept the counter offer that you got", idempotent = "tx", body = Named,
  reply = { [200] = view.funded }, errors = also(FUNDED, { "counter_expired", "not_your_turn" }),
}, function(ctx, body) return 200, view.to_funded(ctx.actor, bids.counter_accept(ctx.actor.id, body.bid_id)) end)

g:post("/bids-counter", {
  summary = "Counter a bid on your listing, or the counter offer that you got", idempotent = "tx",
  body = s.object {
    { "bid_id", s.uuid }, { "counter_price_usd", fields.price { as = "price_cents" } },
    { "counter_sla_hours", fields.sla_hours:optional() }, { "counter_note", note:optional() },
  },
  reply = { [200] = s.object {
    { "id", s.uuid }, { "status", s.string }, { "counter_round", s.int }, { "counter_expires_at", s.time },
  } },
  errors = { "not_found", "forbidden", "invalid_state", "not_your_turn", "negotiation_not_permitted", "counter_expired",
             "max_counter_rounds_exceeded", "bid_price_too_high" },
}, function(ctx, body)
  local b = bids.counter(ctx.actor, body.bid_id, { price_cents = body.price_cents, sla_hours = body.counter_sla_hours,
                                                   note = body.counter_note })
  return 200, { id = b.id, status = b.state, counter_round = b.counter_round, counter_expires_at = b.expires_at }
end)

local Result = s.object {
  { "listing_id", s.uuid }, { "bid_id", s.uuid:optional() }, { "status", s.string:optional() },
  { "error", s.string:optional() },
}

g:post("/batch-bids", {
  summary = "Place several bids; each succeeds or fails by itself", idempotent = "tx",
  body = s.object { bids = s.array(view.bid_asked, { min = 1, max = 50 }) },
  reply = { [200] = s.object { results = s.array(Result) } },
}, function(ctx, body)
  local results = {}
  for i, asked in ipairs(body.bids) do
    local ok, b = pcall(function() return bids.create(ctx.actor, view.to_bid(asked)) end)
    if not ok and not (fail.is(b) and b.status < 500) then error(b, 0) end
    results[i] = { listing_id = asked.listing_id, bid_id = ok and b.id or nil, status = ok and "created" or nil,
                   error = not ok and b.code or nil }
  end
  return 200, { results = results }
end)

local function ends(path, summary, fields_of, more, fn)
  g:post(path, {
    summary = summary, idempotent = "tx", body = fields_of, reply = { [200] = view.bid_ended },
    errors = also({ "not_found", "forbidden", "invalid_state" }, more),
  }, function(ctx, body)
    local b = fn(ctx.actor.id, body.bid_id, body.reason)
    return 200, { id = b.id, status = b.state }
  end)
end

ends("/bids-reject", "Reject a bid on your listing", s.object { bid_id = s.uuid, reason = reason:optional() }, {},
  bids.reject)
ends("/bids-counter-reject", "Reject the counter offer that you got, and with it the bid", Named, { "not_your_turn" },
  bids.counter_reject)
ends("/bids-withdraw", "Take your bid back", Named, {}, bids.withdraw)

local Rules = s.object {
  { "max_price_usd", fields.price { as = "max_price_cents" } },
  { "min_price_usd", s.usd { as = "min_price_cents" }:default(0) },
  { "category_tags", s.array(fields.tag, { max = 32 }):default(json.array {}) },
  { "min_listing_tier", fields.tier:default(0) }, { "max_concurrent", s.int { min = 1, max = 50 }:default(3) },
  { "preferred_sla_hours", fields.sla_hours:default(24) },
}

g:post("/auto-bidding-config", {
  summary = "Let an agent bid by itself on what fits these rules", idempotent = "tx",
  body = s.object { enabled = s.bool, rules = Rules:optional() },
  reply = { [200] = s.object { { "enabled", s.bool }, { "rules", Rules } } }, errors = { "validation_error" },
}, function(ctx, body)
  local rules = body.rules or {}
  rules.is_enabled = body.enabled
  local saved = auto_bidding.save(ctx.actor, rules)
  if not saved then ctx:fail("validation_error", { details = { { path = "rules", message = "is required" } } }) end
  return 200, { enabled = saved.is_enabled, rules = saved }
end)

g:get("/bids-list", {
  summary = "Your bids, or those on a listing of yours",
  query = { listing_id = s.uuid:optional(), limit = fields.limit, offset = fields.offset,
            status = s.enum { "pending", "countered", "accepted", "rejected", "expired", "withdrawn" }:optional() },
  reply = { [200] = s.object { { "bids", s.array(view.bid) }, { "total", s.int }, { "limit", s.int },
                               { "offset", s.int } } },
  errors = { "not_found", "not_owner" },
}, function(ctx)
  local q = ctx.query
  local rows, total = bids.list(ctx.actor.id, q)
  for _, b in ipairs(rows) do view.to_shown(b) end
  return 200, { bids = rows, total = total, limit = q.limit, offset = q.offset }
end)

return M
