-- scripts/marketplace/providers.lua -- what providers do with their tools, and see of them.

local db = require "human.db"
local fail = require "human.fail"
local accounts = require "marketplace.accounts"
local listings = require "marketplace.listings"
local stats = require "marketplace.tools_stats"
local tools = require "marketplace.tools"

local M = {}

local MRC_PER_CENT = 1000

M.sql = {
  list = "select " .. listings.COLUMNS .. [[, t.state from market_listings l join market_tools t on t.listing_id = l.id
    where l.actor_id = $1::uuid order by l.created_at desc, l.id limit $2::int offset $3::int]],
  state = "select state, subscriber_count, uptime_30d as uptime from market_tools where listing_id = $1::uuid",
  -- By the books.  A period is paid for when it begins, or up to five days later.
  paid = [[select coalesce(sum(amount), 0)::bigint as price_mrc,
      coalesce(sum(amount) filter (where $2::bigint in (credit, debit) or $3::bigint in (credit, debit)), 0)::bigint
        as fee_mrc
    from (select case t.event when 'tool_refund' then -t.amount else t.amount end as amount, t.debit, t.credit
      from market_subscriptions s join market_periods p on p.subscription_id = s.id
      join ledger_transfers t on t.cause = p.id::text and t.event in ('tool_subscription', 'tool_refund')
      where s.listing_id = $1::uuid and p.starts_at > human_now() - interval '60 days'
        and t.at > human_now() - interval '30 days') paid]],
  churn = [[select count(*)::int as had, count(*) filter (where canceled_at is not null)::int as lost
    from market_subscriptions where listing_id = $1::uuid and state <> 'per_call'
      and created_at <= human_now() - interval '30 days'
      and (canceled_at is null or canceled_at > human_now() - interval '30 days')]],
  breaches = [[select b.listing_id, b.severity, b.type, b.value, b.threshold, b.at
    from market_listings l join market_sla_breaches b on b.listing_id = l.id
    where l.actor_id = $1::uuid and ($2::uuid is null or l.id = $2::uuid) order by b.at desc, b.id desc limit $3::int]],
}

--- A tool of an actor, with its state; fails with not_found, not_owner and not_a_tool.
function M.own(actor, id)
  local listing = listings.get(db, id)
  if listing.actor_id ~= actor.id then fail.throw "not_owner" end
  local tool = db.row(M.sql.state, id) or fail.throw "not_a_tool"
  listing.state, listing.subscriber_count, listing.uptime = tool.state, tool.subscriber_count, tool.uptime
  return listing
end

--- An actor offers a tool: the fields of listings.create.
function M.register(actor, l)
  for _, name in ipairs { "title", "description", "category_tags", "tool_meta", "subscription_plans" } do
    if l[name] == nil then
      fail.throw("validation_error", { details = { { path = name, message = "is required to register a tool" } } })
    end
  end
  l.direction, l.listing_type, l.min_seller_tier = "sell", l.listing_type or "compute_access", 0
  l.negotiation_permitted = false
  return M.own(actor, listings.create(actor, l).id)
end

--- Changes a tool: what is nil stays, within tool_meta, too.  New plans and prices count from the next period on.
function M.update(actor, id, changes)
  M.own(actor, id)
  listings.update(actor, id, changes)
  return M.own(actor, id)
end

--- Pauses a tool, or goes on with it: event = "pause" or "resume".
function M.move(actor, id, event)
  M.own(actor, id)
  db.tx(function(tx) tools.move(tx, id, event, { actor_id = actor.id, cause = "provider-tools" }) end)
  return M.own(actor, id)
end

--- The tools of an actor, newest first.
function M.list(actor, o) return db.query(M.sql.list, actor.id, o.limit, o.offset) end

--- How a tool of an actor has done in 30 days.
function M.analytics(actor, id)
  local tool, month = M.own(actor, id), db.row(stats.sql.month, id)
  local paid = db.row(M.sql.paid, id, accounts.PLATFORM.platform_M.code, accounts.PLATFORM.platform_W.code)
  local churn = db.row(M.sql.churn, id)
  local function cents(mrc) return math.floor(mrc / MRC_PER_CENT + 0.5) end
  local revenue, fee = cents(paid.price_mrc + month.price_mrc), cents(paid.fee_mrc + month.fee_mrc)
  return { subscribers = tool.subscriber_count, calls_30d = month.calls, revenue_30d_cents = revenue,
           platform_fee_30d_cents = fee, net_revenue_30d_cents = revenue - fee,
           churn_rate = churn.had > 0 and math.floor(churn.lost / churn.had * 10000 + 0.5) / 10000 or 0,
           avg_latency_ms = month.ok > 0 and math.floor(month.latency_ms / month.ok + 0.5) or nil,
           uptime_30d = tool.uptime }
end

--- Promises that tools of an actor have not kept, newest first.  listing_id: of that one.
function M.breaches(actor, listing_id, limit) return db.query(M.sql.breaches, actor.id, listing_id, limit) end

return M
