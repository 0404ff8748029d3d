-- scripts/marketplace/pay_per_call_tabs.lua -- the tab of an actor at a tool that it has not subscribed to: a
-- subscription that nobody is shown, whose periods include no calls.  So a call that is paid for by itself is one
-- beyond a quota, and obeys what these do (marketplace.quotas).  A period lasts a month, or until the price is another
-- one.

local db = require "human.db"
local json = require "human.json"
local actors = require "marketplace.actors"
local delegations = require "marketplace.delegations"
local history = require "marketplace.history"

local M = {}

M.PLAN = "pay_per_call"

M.sql = {
  get = [[select s.id, s.period_id, s.provider_id, p.overage_mrc as price_mrc, p.ends_at > human_now() as is_current
    from market_subscriptions s join market_periods p on p.id = s.period_id
    where s.subscriber_id = $1::uuid and s.listing_id = $2::uuid and s.state = 'per_call'
      and coalesce(s.delegation_id, '00000000-0000-0000-0000-000000000000')
        = coalesce($3::uuid, '00000000-0000-0000-0000-000000000000') for no key update of s]],
  make = [[with made as (
      insert into market_subscriptions (listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type,
        delegation_id, state, period_id, ends_at)
      values ($1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, $7::uuid, 'per_call', gen_random_uuid(),
        human_now() + interval '1 month') on conflict do nothing returning id, period_id, anchored_at, ends_at
    ), period as (
      insert into market_periods (id, subscription_id, plan, included_calls, overage_mrc, starts_at, ends_at)
      select period_id, id, $8::jsonb, 0, $9::bigint, anchored_at, ends_at from made
    ) select id, period_id from made]],
  go_on = [[with made as (
      update market_subscriptions set period_id = gen_random_uuid(), periods = periods + 1, provider_id = $2::uuid,
        ends_at = human_now() + interval '1 month' where id = $1::uuid returning id, period_id, ends_at
    ), period as (
      insert into market_periods (id, subscription_id, plan, included_calls, overage_mrc, starts_at, ends_at)
      select period_id, id, $3::jsonb, 0, $4::bigint, human_now(), ends_at from made
    ) select id, period_id from made]],
}

local function plan_of(price_mrc)
  return json.encode { plan_id = M.PLAN, name = "Paid by the call", interval = "monthly", amount_cents = 0,
                       included_calls = 0, overage_cents_per_call = price_mrc / 1000 }
end

local function make(tx, actor, offer, payer_id, delegation_id)
  local made = tx:row(M.sql.make, offer.listing_id, actor.id, offer.provider_id, payer_id, M.PLAN,
    delegation_id and "delegation" or "direct", delegation_id, plan_of(offer.price_mrc), offer.price_mrc)
  if made then
    history.note(tx, { entity = "subscription", id = made.id, to = "per_call", actor_id = actor.id,
                       cause = "tool-proxy" })
  end
  return made or tx:row(M.sql.get, actor.id, offer.listing_id, delegation_id)    -- somebody was faster
end

local function present(tx, actor, offer, payer_id, delegation_id)
  local tab = tx:row(M.sql.get, actor.id, offer.listing_id, delegation_id)
  if not tab then return make(tx, actor, offer, payer_id, delegation_id) end
  if tab.is_current and tab.price_mrc == offer.price_mrc and tab.provider_id == offer.provider_id then return tab end
  return tx:row(M.sql.go_on, tab.id, offer.provider_id, plan_of(offer.price_mrc), offer.price_mrc)
end

--- The actor's tab at a tool, as marketplace.quotas takes it; delegation_id: of the budget that pays, or nil.  offer:
--- {listing_id, provider_id, category_tags (JSON), price_mrc}.  Fails with delegation_invalid, provider_banned,
--- agent_frozen and self_dealing_not_permitted.
function M.open(actor, offer, delegation_id)
  return db.tx(function(tx)
    local payer_id = delegation_id and delegations.payer(tx, delegation_id) or actor.id
    actors.must_be_strangers(actors.get(tx, payer_id), actors.get(tx, offer.provider_id))
    local tab = present(tx, actor, offer, payer_id, delegation_id)
    return { id = tab.id, period_id = tab.period_id, listing_id = offer.listing_id, subscriber_id = actor.id,
             provider_id = offer.provider_id, payer_id = payer_id, delegation_id = delegation_id,
             category_tags = offer.category_tags, is_per_call = true }
  end)
end

return M
