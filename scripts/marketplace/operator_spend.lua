-- scripts/marketplace/operator_spend.lua -- what the actors of the person whose gateway this is have spent on the
-- marketplace: credits, by the debits and lots of the ledger, less what came back, and cards, by payments that were
-- captured; and the budgets that are left.

local db = require "human.db"
local market = require "marketplace.operator"
local rules = require "marketplace.rules.approvals"

local M = {}

local GROUPS = 100                               -- limit: market spend
local BUDGETS = 100

local MINE = "with mine as (select id, display_name from market_actors where owner_id = $1::uuid"
  .. " and ($2::uuid is null or id = $2::uuid) order by created_at, id limit " .. market.ACTORS .. ") "
local TODAY = "date_trunc('day', human_now() at time zone 'UTC')"
local SINCE = "(" .. TODAY .. " - ($3::int - 1) * interval '1 day') at time zone 'UTC'"
local UUID = "'^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'"

-- What a debit has paid for, where that is known still.
local CATEGORY = [[(select l.category_tags[1] from market_listings l where l.id = case when d.cause ~ ]] .. UUID .. [[
    then case d.reason
      when 'tool_subscription' then (select s.listing_id from market_periods p
        join market_subscriptions s on s.id = p.subscription_id where p.id = d.cause::uuid)
      when 'tool_usage' then (select c.listing_id from market_tool_calls c where c.id = d.cause::uuid) end end)]]

M.sql = {
  -- By each of five: actor, day, category, reason, pool; what is not it is null.
  credits = MINE .. [[select grouping(actor, day, category, reason, pool) as by_what, actor, day::text as day, category,
      reason, pool, sum(mrc)::bigint as mrc
    from (select d.actor, (d.created_at at time zone 'UTC')::date as day, d.reason, l.pool,
        coalesce(]] .. CATEGORY .. [[, 'other') as category, u.amount - u.returned as mrc
      from mine join credit_debits d on d.actor = mine.id::text and d.created_at >= ]] .. SINCE .. [[
      join credit_debit_lots u on u.debit = d.id join credit_lots l on l.id = u.lot where u.amount > u.returned) went
    group by grouping sets ((actor), (day), (category), (reason), (pool), ()) order by mrc desc]],
  cards = MINE .. [[select grouping(actor, day, category) as by_what, actor, day::text as day, category,
      sum(cents)::bigint as cents
    from (select p.payer_id::text as actor, (p.captured_at at time zone 'UTC')::date as day,
        coalesce(l.category_tags[1], 'other') as category, p.amount_cents - p.refunded_cents as cents
      from mine join market_payments p on p.payer_id = mine.id and p.state = 'captured' and p.kind = 'transaction'
        and p.captured_at >= ]] .. SINCE .. [[ and p.created_at >= ]] .. SINCE .. [[ - interval '90 days'
      left join market_transactions t on t.id = p.transaction_id left join market_listings l on l.id = t.listing_id
      where p.amount_cents > p.refunded_cents) paid
    group by grouping sets ((actor), (day), (category), ()) order by cents desc]],
  today = MINE .. [[select mine.id, coalesce((select sum(price_cents) from market_transactions t
        where t.buyer_id = mine.id and t.created_at >= ]] .. TODAY .. [[ at time zone 'UTC'
        and t.state not in ('canceled', 'canceled_refunded', 'refunded')), 0)::bigint
      + coalesce((select ceil(spent_mrc / 1000.0) from market_tool_days d where d.actor_id = mine.id
        and d.day = (human_now() at time zone 'UTC')::date), 0)::bigint as cents from mine]],
  budgets = MINE .. [[select d.id, d.delegator_id, g.display_name as delegator, d.grantee_id, e.display_name as grantee,
      d.state, d.total_mrc, d.spent_mrc, d.total_mrc - d.spent_mrc as left_mrc, d.expires_at
    from (select a.budget_id from mine cross join lateral (select id as budget_id from market_delegations
        where delegator_id = mine.id and state = 'active' order by created_at desc, id limit ]] .. BUDGETS .. [[) a
      union select b.budget_id from mine cross join lateral (select id as budget_id from market_delegations
        where grantee_id = mine.id and state = 'active' order by created_at desc, id limit ]] .. BUDGETS .. [[) b) x
    join market_delegations d on d.id = x.budget_id
    join market_actors g on g.id = d.delegator_id join market_actors e on e.id = d.grantee_id
    order by d.created_at desc, d.id limit ]] .. BUDGETS,
}

-- Which of the five a row is of: all bits of grouping() but its own are set.
local CREDITS = { [15] = "actor", [23] = "day", [27] = "category", [29] = "reason", [30] = "pool", [31] = "all" }
local CARDS = { [3] = "actor", [5] = "day", [6] = "category", [7] = "all" }

local function add(sums, what, key, field, amount)
  local list = sums[what]
  local one = list[key]
  if not one then
    one = { key = key, mrc = 0, cents = 0 }
    list[key], list[#list + 1] = one, one
  end
  one[field] = one[field] + amount
end

local function by_key(a, b) return a.key < b.key end
local function by_amount(a, b)
  local x, y = a.mrc + a.cents * 1000, b.mrc + b.cents * 1000
  if x ~= y then return x > y end
  return a.key < b.key
end

-- The largest, and the rest as one, so that the sum stays what it is.
local function largest(list)
  table.sort(list, by_amount)
  local rest
  for i = #list, GROUPS + 1, -1 do
    rest = rest or { key = "the rest", mrc = 0, cents = 0 }
    rest.mrc, rest.cents = rest.mrc + list[i].mrc, rest.cents + list[i].cents
    list[i] = nil
  end
  list[#list + 1] = rest
end

--- What was spent in so many days (UTC), today included: {all, actor, day, category, reason, pool}, each a list of
--- {key, mrc (credits, in thousandths), cents (cards)}, which sum to the same; reason and pool are of credits alone.
--- asked: {actorId, days}.
function M.sums(owner_id, asked)
  local sums = { all = {}, actor = {}, day = {}, category = {}, reason = {}, pool = {} }
  for _, row in ipairs(db.query(M.sql.credits, owner_id, asked.actorId, asked.days)) do
    local what = CREDITS[row.by_what]
    if what ~= "all" or row.mrc then add(sums, what, row[what] or "all", "mrc", row.mrc or 0) end
  end
  for _, row in ipairs(db.query(M.sql.cards, owner_id, asked.actorId, asked.days)) do
    local what = CARDS[row.by_what]
    if what ~= "all" or row.cents then add(sums, what, row[what] or "all", "cents", row.cents or 0) end
  end
  largest(sums.category)
  table.sort(sums.day, by_key)
  return sums
end

--- What each actor has spent of the day's amount that it need not ask for: {[its id] = {spent_cents, left_cents}}.
function M.today(owner_id, actor_id)
  local of = {}
  for _, row in ipairs(db.query(M.sql.today, owner_id, actor_id)) do
    of[row.id] = { spent_cents = row.cents, left_cents = math.max(0, rules.day_cap_cents - row.cents) }
  end
  return of
end

--- The active budgets that the actors have given or got, newest first, a hundred at most.
function M.budgets(owner_id, actor_id) return db.query(M.sql.budgets, owner_id, actor_id) end

return M
