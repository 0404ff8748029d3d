-- scripts/api/marketplace/bids.lua -- /bids-*: bids on what is asked for, and counter offers.

local api = require "human.api"
local s = require "human.schema"
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
