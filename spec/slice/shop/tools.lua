-- spec/slice/shop/tools.lua -- subscriptions of tools: the buyer pays, the provider gets 85 %, the platform the rest.
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local wallets = require "shop.wallets"

local M = {}
local FEE, PLATFORM, SHOWN = 0.15, "platform", 12

local INSERT = [[insert into shop_subscriptions (buyer_id, listing_id, plan_id, key_hash) values ($1, $2, $3, $4)
  on conflict (buyer_id, listing_id) do nothing returning id]]

--- Subscribes a customer; the key of the subscription is shown this once.
function M.subscribe(buyer, listing_id, plan_id)
  return db.tx(function(tx)
    local plan = tx:must("plan_not_found", [[select provider_id, price_mrc from shop_plans
      where listing_id = $1 and plan_id = $2]], listing_id, plan_id)
    if plan.provider_id == buyer then fail.throw "self_dealing_not_permitted" end
    local key, price = id.key "hm_tool_", plan.price_mrc
    local made = tx:must("subscription_already_exists", INSERT, buyer, listing_id, plan_id, crypto.sha256_hex(key))
    local fee = math.floor(price * FEE + 0.5)
    wallets.move(tx, made.id, { [buyer] = -price, [plan.provider_id] = price - fee, [PLATFORM] = fee })
    return { subscription_id = made.id, api_key = key, api_key_prefix = key:sub(1, SHOWN) }
  end)
end

return M
