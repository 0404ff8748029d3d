-- spec/e2e/scripts/market_govern/api/local/govern.lua -- deposits, and purchases with credits: with consent, and with a budget.

local api = require "human.api"
local db = require "human.db"
local id = require "human.id"
local s = require "human.schema"
local approvals = require "marketplace.approvals"
local audit = require "marketplace.audit"
local credits = require "marketplace.credits"
local delegations = require "marketplace.delegations"
local listings = require "marketplace.listings"
local moves = require "marketplace.moves"

local open = api.group { tag = "Govern", base = "/api/local/govern", auth = false, area = "marketplace" }
local g = api.group { tag = "Govern", base = "/api/local/govern", auth = "market_key", shape = "market", area = "marketplace" }

open:post("/deposit", {
  summary = "Deposit", body = s.object { actor_id = s.uuid, cents = s.int }, reply = { [204] = false },
}, function(_, body)
  db.tx(function(tx) moves.deposit(tx, id.new(), { actor = body.actor_id, gross = body.cents, fee = 0 }) end)
  return 204
end)

open:get("/audit", {
  summary = "What is wrong in the books",
  reply = { [200] = s.array(s.object { check = s.string, what = s.string, off = s.number }) },
}, function() return 200, audit.run() end)

g:post("/buy", {
  summary = "Buy",
  body = s.object { delegation_id = s.uuid:optional(), provider_id = s.uuid:optional(), amount = s.mrc,
                    category = s.string:default "data:extraction", transaction_id = s.uuid:optional(),
                    listing_id = s.uuid:optional() },
  reply = { [204] = false },
  errors = { "delegation_invalid", "delegation_expired", "budget_exceeded", "category_not_allowed", "approval_required",
             "insufficient_balance", "agent_frozen", "not_found", "rate_limited" },
}, function(ctx, body)
  local cause, me, waits = id.new(), ctx.actor.id, nil
  db.tx(function(tx)
    local listing = body.listing_id and listings.get(tx, body.listing_id)
    local payer = body.delegation_id and delegations.payer(tx, body.delegation_id) or me
    local provider = listing and listing.actor_id or body.provider_id or payer
    credits.lock(tx, me, payer, provider)
    waits = listing and approvals.ask(tx, ctx.actor, listing, math.ceil(body.amount / 1000), { kind = "tool_request", cause = cause })
    if waits then return end
    if body.delegation_id then
      delegations.spend(tx, { id = body.delegation_id, grantee_id = me, amount_mrc = body.amount, category = body.category,
                              transaction_id = body.transaction_id, cause = cause })
    end
    moves.purchase(tx, "spec.bought", cause, { buyer = payer, provider = provider, price_mrc = body.amount, fee_mrc = 0, reason = "tool_usage" })
  end)
  if waits then approvals.refuse(waits) end
  return 204
end)

return {}
