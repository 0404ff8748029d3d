-- scripts/marketplace/subscriptions.lua -- who has subscribed to which tool: plans are paid for period by period, with
-- the subscriber's credits or out of a budget that was delegated to it (rules/subscriptions.lua).

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local approvals = require "marketplace.approvals"
local counts = require "marketplace.counts"
local credits = require "marketplace.credits"
local delegations = require "marketplace.delegations"
local fees = require "marketplace.rules.fees"
local keys = require "marketplace.subscriptions_keys"
local listings = require "marketplace.listings"
local moves = require "marketplace.moves"
local referrals = require "marketplace.referrals"
local rules = require "marketplace.rules.subscriptions"
local states = require "marketplace.states"
local task_budgets = require "marketplace.task_budgets"
local transactions = require "marketplace.transactions"

local M = {}

local MRC_PER_CENT, COUNTED = 1000, 1000

M.COLUMNS = [[s.id, s.listing_id, s.subscriber_id, s.provider_id, s.payer_id, s.plan_id, s.funding_type,
  s.delegation_id, s.transaction_id, s.state, s.period_id, s.anchored_at, s.periods, s.ends_at, s.created_at]]

-- Where a period that began so many months after its anchor ends: on the anchor's day, or the last of a month.
local ENDS = "(($%d::timestamptz at time zone 'UTC') + $%d::int * $%d::int * interval '1 month') at time zone 'UTC'"

M.sql = {
  tool = "select state from market_tools where listing_id = $1::uuid",
  hold_tool = "select state from market_tools where listing_id = $1::uuid for no key update",
  is_open = [[select id, plan_id from market_subscriptions where subscriber_id = $1::uuid and listing_id = $2::uuid
    and state not in ('canceled', 'revoked', 'per_call')]],
  begin = [[with made as (
      insert into market_subscriptions as s (listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type,
        delegation_id, period_id, anchored_at, transaction_id, ends_at)
      select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5, $6, $7::uuid, $8::uuid, $9::timestamptz, $15::uuid, ]]
      .. ENDS:format(9, 10, 11) .. [[ returning ]] .. M.COLUMNS .. [[
    ), period as (
      insert into market_periods (id, subscription_id, plan, included_calls, overage_mrc, starts_at, ends_at)
      select period_id, id, $12::jsonb, $13::bigint, $14::bigint, anchored_at, ends_at from made
    ) select * from made]],
  go_on = [[with made as (
      update market_subscriptions s set period_id = $2::uuid, anchored_at = $3::timestamptz, periods = $4::int,
        ends_at = ]] .. ENDS:format(3, 4, 5) .. [[ where id = $1::uuid returning ]] .. M.COLUMNS .. [[
    ), period as (
      insert into market_periods (id, subscription_id, plan, included_calls, overage_mrc, starts_at, ends_at)
      select period_id, id, $6::jsonb, $7::bigint, $8::bigint, $9::timestamptz, ends_at from made
    ) select * from made]],
  new_id = "select gen_random_uuid()::text as id, date_trunc('milliseconds', human_now()) as now",
  count = [[update market_tools set subscriber_count = greatest(0, subscriber_count + $2::int)
    where listing_id = $1::uuid]],
  get = "select " .. M.COLUMNS .. " from market_subscriptions s where s.id = $1::uuid",
  lock_tool = [[select state from market_tools
    where listing_id = (select listing_id from market_subscriptions where id = $1::uuid) for no key update]],
  lock = "select " .. M.COLUMNS .. " from market_subscriptions s where s.id = $1::uuid for no key update",
  move = [[update market_subscriptions s set state = $3,
      canceled_at = case when $3 in ('canceled', 'revoked') then human_now() end
    where id = $1::uuid and state = $2 returning ]] .. M.COLUMNS,
  list = "select " .. M.COLUMNS .. [[, l.title, p.used + p.overage as calls, p.included_calls,
      (select count(*) from (select from market_subscriptions where subscriber_id = $1::uuid and state <> 'per_call'
        limit $4::int) n) as total
    from market_subscriptions s join market_periods p on p.id = s.period_id
    join market_listings l on l.id = s.listing_id
    where s.subscriber_id = $1::uuid and s.state <> 'per_call'
    order by s.created_at desc, s.id limit $2::int offset $3::int]],
  active = [[select count(*)::int from (select from market_subscriptions where subscriber_id = $1::uuid
    and state not in ('canceled', 'revoked', 'per_call') limit 1000) few]],
}

--- The plan of a listing with this id; nil: it has none.
function M.plan_of(listing, plan_id)
  for _, plan in ipairs(listing.subscription_plans and json.decode(listing.subscription_plans) or {}) do
    if plan.plan_id == plan_id then return plan end
  end
end

local function months_of(plan) return plan.interval == "yearly" and 12 or 1 end

local function overage_of(plan)
  return plan.overage_cents_per_call and rules.overage(plan.overage_cents_per_call) or nil
end

-- Pays for a period, under the locks of the wallets: s = {subscriber_id, provider_id, payer_id, delegation_id (whose
-- budget it is, when that pays), transaction_id (of the task that it is for)}; categories: of the listing.
local function pay(tx, s, period_id, plan, categories)
  if plan.amount_cents == 0 then return end
  local price = plan.amount_cents * MRC_PER_CENT
  if s.delegation_id then
    delegations.spend(tx, { id = s.delegation_id, grantee_id = s.subscriber_id, amount_mrc = price,
                            category = categories, cause = period_id })
  elseif s.transaction_id then
    task_budgets.spend(tx, { transaction_id = s.transaction_id, seller_id = s.subscriber_id, amount_mrc = price })
  end
  moves.purchase(tx, "tool_subscription", period_id, { buyer = s.payer_id, provider = s.provider_id, price_mrc = price,
    fee_mrc = fees.share(plan.amount_cents, fees.tool) * MRC_PER_CENT, reason = "tool_subscription" })
  approvals.spent(tx, s.subscriber_id, price)
  referrals.settle(tx, s.subscriber_id)
end

local function renewal(tx, s) queue.add(tx, "market.subscription", s.id, s.ends_at, { at = s.ends_at, try = 0 }) end

-- What is asked for can be had: the listing and its plan.
local function offered(tx, actor, ask)
  local listing = listings.get(tx, ask.listing_id)
  local tool, plan = tx:row(M.sql.tool, listing.id), M.plan_of(listing, ask.plan_id)
  decisions.enforce(tx, rules.may_subscribe, { subject = actor.id, ref = listing.id }, {
    is_tool = tool ~= nil, is_active = listing.is_active, tool_state = tool and tool.state or "open",
    has_plan = plan ~= nil })
  return listing, plan
end

-- Who pays: the actor itself, or whose budget it is; that is no agent of the provider's either.
local function payer_of(tx, actor, ask, listing)
  if not ask.delegation_id then return actor.id end
  local payer = delegations.payer(tx, ask.delegation_id)
  actors.must_be_strangers(actors.get(tx, payer), actors.get(tx, listing.actor_id))
  return payer
end

local function make(tx, actor, s, listing, plan, now)
  pay(tx, s, now.id, plan, listing.category_tags)
  return tx:row(M.sql.begin, listing.id, actor.id, s.provider_id, s.payer_id, plan.plan_id, s.funding_type,
    s.delegation_id, now.id, now.now, 1, months_of(plan), json.encode(plan), plan.included_calls, overage_of(plan),
    s.transaction_id)
end

-- What the kill switch may have done before the locks were there; the tool's own is taken now.
local function must_go_on(tx, actor, listing)
  if tx:value(M.sql.hold_tool, listing.id) ~= "open" then fail.throw "tool_suspended" end
  transactions.check_parties(tx, actor.id, listing.actor_id)
end

local function wrong(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

local FUNDS = { delegation = { name = "delegation_id", path = "budget_delegation_id" },
                task_budget = { name = "transaction_id", path = "transaction_id" } }

--- What is asked for, when its fields go together.
function M.checked(ask)
  for funding_type, field in pairs(FUNDS) do
    local id = ask[field.name]
    if ask.funding_type == funding_type and not id then
      wrong(field.path, "is required for funding_type " .. funding_type)
    elseif ask.funding_type ~= funding_type and id then
      wrong(field.path, "is for funding_type " .. funding_type)
    end
  end
  return ask
end

-- Whose consent an agent needs: what it would be asked for is carried out once it is given.
local function waits_for(tx, actor, listing, plan, ask, cause)
  if plan.amount_cents == 0 then return nil end
  return approvals.ask(tx, actor, listing, plan.amount_cents, {
    kind = "tool_request", cause = cause, plan_id = plan.plan_id, carries = "subscription",
    body = "May I subscribe to \"%s\" (" .. plan.name:gsub("%%", "%%%%") .. ") for $%s?",
    asks_for = { listing_id = listing.id, plan_id = plan.plan_id, funding_type = ask.funding_type,
                 delegation_id = ask.delegation_id, transaction_id = ask.transaction_id } })
end

-- The one that an approval has made is the agent's when it asks again; any other is there already.
local function already(tx, actor, open, ask)
  if open.plan_id == ask.plan_id and approvals.claim(tx, actor.id, open.id) then return tx:row(M.sql.get, open.id) end
  fail.throw "subscription_already_exists"
end

-- In tx: the subscription; or nil, and the request that waits.
local function subscribe(tx, actor, ask)
  local listing, plan = offered(tx, actor, ask)
  local now = tx:row(M.sql.new_id)
  local asks = { subscriber_id = actor.id, provider_id = listing.actor_id, funding_type = ask.funding_type,
                 delegation_id = ask.delegation_id, transaction_id = ask.transaction_id,
                 payer_id = payer_of(tx, actor, ask, listing) }
  credits.lock(tx, actor.id, asks.payer_id, listing.actor_id)
  must_go_on(tx, actor, listing)
  local open = tx:row(M.sql.is_open, actor.id, listing.id)
  if open then return already(tx, actor, open, ask) end
  local waits = waits_for(tx, actor, listing, plan, ask, now.id)
  if waits then return nil, waits end
  local s = make(tx, actor, asks, listing, plan, now)
  tx:exec(M.sql.count, listing.id, 1)
  states.moved(tx, { entity = "subscription", id = s.id, to = "active", actor_id = actor.id,
    cause = "tool-subscriptions", event = "subscription.created", to_actors = { actor.id, s.provider_id }, data = {
      subscription_id = s.id, listing_id = listing.id, plan_id = plan.plan_id, title = listing.title,
      amount_cents = plan.amount_cents } })
  renewal(tx, s)
  return s
end

--- An actor subscribes: {listing_id, plan_id, funding_type, delegation_id, transaction_id}.  Returns the subscription
--- and its first key, which is shown once.  One that an approval has made is answered so when its agent asks again.
function M.create(actor, ask)
  local made, key, asked = db.tx(function(tx)
    local s, waits = subscribe(tx, actor, ask)
    if waits then return nil, nil, waits end     -- which is kept
    return s, keys.issue(tx, s.id)
  end)
  if asked then approvals.refuse(asked) end
  return made, key
end

-- An agent's people have approved it.
approvals.carries("subscription", function(tx, agent, m)
  local s, waits = subscribe(tx, agent, m.asks_for)
  if waits then fail.throw "approval_required" end
  return s.id
end)

--- Locks a subscription, after its tool, whose counts and stops lead the same way; fails with not_found.  The row has
--- tool_state.
function M.lock(tx, id)
  local tool = tx:must("not_found", M.sql.lock_tool, id)
  local s = tx:row(M.sql.lock, id)
  s.tool_state = tool.state
  return s
end

--- A subscription of an actor; fails with not_found for those of others.
function M.own(q, actor, id)
  local s = q == db and db.row(M.sql.get, id) or q ~= db and M.lock(q, id)
  if not s or s.subscriber_id ~= actor.id or s.state == "per_call" then fail.throw "not_found" end
  return s
end

--- Those of an actor, newest first: o = {limit, offset}.  Returns the rows and how many there are, up to a thousand.
function M.list(actor, o)
  local rows = db.query(M.sql.list, actor.id, o.limit, o.offset, COUNTED)
  return rows, rows[1] and rows[1].total or 0
end

--- Moves a subscription that is locked, in tx.  Returns the row.  event: of rules/subscriptions.lua; actor_id: nil for
--- the platform.
function M.move(tx, s, event, actor_id, cause)
  local to = rules.next({ machine = "subscription", from = s.state, event = event }).to
  if not to then states.refuse(s.state) end
  local now = tx:row(M.sql.move, s.id, s.state, to) or states.refuse(s.state)
  local is_over = to == "canceled" or to == "revoked"
  if is_over and s.state ~= "per_call" then tx:exec(M.sql.count, s.listing_id, -1) end
  states.moved(tx, { entity = "subscription", id = s.id, from = s.state, to = to, actor_id = actor_id, cause = cause,
    event = is_over and "subscription.canceled" or to == "past_due" and "subscription.past_due" or nil,
    to_actors = { s.subscriber_id, s.provider_id }, data = {
      subscription_id = s.id, listing_id = s.listing_id, plan_id = s.plan_id, status = to, ends_at = s.ends_at } })
  return now
end

--- Its subscriber cancels: what is paid for may still be used.  Again: as it is.
function M.cancel(actor, id)
  return db.tx(function(tx)
    local s = M.own(tx, actor, id)
    if s.state == "cancel_at_period_end" or s.state == "canceled" then return s end
    return M.move(tx, s, "cancel", actor.id, "subscriptions-cancel")
  end)
end

--- Pays for the next period of a subscription that is locked, as wallets are.  period: {plan, starts_at, anchored_at,
--- periods (from there), categories}.
function M.go_on(tx, s, period)
  local plan, now = period.plan, tx:row(M.sql.new_id)
  pay(tx, s, now.id, plan, period.categories)
  local made = tx:row(M.sql.go_on, s.id, now.id, period.anchored_at, period.periods, months_of(plan), json.encode(plan),
    plan.included_calls, overage_of(plan), period.starts_at)
  renewal(tx, made)
  return made
end

counts.define("subscriptions_active", function(actor) return db.value(M.sql.active, actor.id) end)

return M
