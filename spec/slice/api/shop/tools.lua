-- spec/slice/api/shop/tools.lua -- POST /shop/tool-subscriptions, as the marketplace has it, and the balance.
local api = require "human.api"
local s = require "human.schema"
local tools = require "shop.tools"
local wallets = require "shop.wallets"

local g = api.group { tag = "Tools", base = "/shop", auth = "customer" }

g:post("/tool-subscriptions", {
  summary = "Subscribe to a tool",
  idempotent = "tx",                             -- the money, the key and the answer are one transaction
  body = s.object { listing_id = s.uuid, plan_id = s.string { min = 1, max = 64 } },
  reply = { [201] = s.object {
    { "subscription_id", s.uuid }, { "api_key", s.string { secret = true } }, { "api_key_prefix", s.string },
  } },
  errors = { "plan_not_found", "subscription_already_exists", "insufficient_balance", "self_dealing_not_permitted" },
}, function(ctx, body)
  return 201, tools.subscribe(ctx.actor.id, body.listing_id, body.plan_id)
end)

g:get("/credits-balance", {
  summary = "Your credits", reply = { [200] = s.object { rc_balance = s.mrc } },
}, function(ctx)
  return 200, { rc_balance = wallets.balance(ctx.actor.id) }
end)

return {}
