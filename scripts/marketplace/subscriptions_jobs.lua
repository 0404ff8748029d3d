-- scripts/marketplace/subscriptions_jobs.lua -- what becomes of subscriptions when a period ends: the next one is paid
-- for, or it is tried again (rules/subscriptions.lua), and then the subscription ends.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local time = require "human.time"
local actors = require "marketplace.actors"
local credits = require "marketplace.credits"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.subscriptions"
local subscriptions = require "marketplace.subscriptions"
local task_budgets = require "marketplace.task_budgets"

local M = {}

local DAY_MS, HOUR_MS = 86400000, 3600000

M.sql = {
  plan = "select plan ->> 'interval' as interval from market_periods where id = $1::uuid",
}

-- When the next period begins, and from when its end is counted: at the end of the last one; from now on where that
-- was too long ago to be used meanwhile, and when the plan has another interval than before.
local function next_period(tx, s, plan, categories)
  local now, ended = time.now_ms(), time.parse(s.ends_at)
  if now > ended + rules.grace_hours * HOUR_MS then
    local at = time.format(now)
    return { plan = plan, starts_at = at, anchored_at = at, periods = 1, categories = categories }
  elseif tx:value(M.sql.plan, s.period_id) ~= plan.interval then
    return { plan = plan, starts_at = s.ends_at, anchored_at = s.ends_at, periods = 1, categories = categories }
  end
  return { plan = plan, starts_at = s.ends_at, anchored_at = s.anchored_at, periods = s.periods + 1,
           categories = categories }
end

-- nil: there will be no next period.
local function plan_of_next(tx, s)
  local listing = listings.get(tx, s.listing_id)
  local provider, subscriber = actors.get(tx, s.provider_id), actors.get(tx, s.subscriber_id)
  if s.transaction_id and not task_budgets.goes_on(tx, s.transaction_id) then return nil end
  if not listing.is_active or provider.state == "banned" or subscriber.state == "banned" then return nil end
  return subscriptions.plan_of(listing, s.plan_id), listing.category_tags, { subscriber, actors.get(tx, s.payer_id) }
end

local function retry(tx, s, try)
  local days = rules.retry_days[try + 1]
  if not days then return subscriptions.move(tx, s, "end", nil, "unpaid") end
  if s.state == "active" then subscriptions.move(tx, s, "unpaid", nil, "subscription-renew") end
  queue.add(tx, "market.subscription", s.id, time.parse(s.ends_at) + days * DAY_MS, { at = s.ends_at, try = try + 1 })
end

local function renew(tx, s, try)
  local plan, categories, spenders = plan_of_next(tx, s)
  if not plan then return subscriptions.move(tx, s, "end", nil, "subscription-renew") end
  if s.tool_state ~= "open" then return retry(tx, s, try) end       -- nobody pays for what stands still
  local ok, err = pcall(db.tx, function(inner)
    for _, who in ipairs(spenders) do actors.must_be_free(who) end
    subscriptions.go_on(inner, s, next_period(inner, s, plan, categories))
  end)
  if not ok and not fail.is(err) then error(err, 0) end
  if not ok then return retry(tx, s, try) end
  if s.state == "past_due" then subscriptions.move(tx, s, "paid", nil, "subscription-renew") end
end

--- Work of the queue: a period has ended.
function M.renew(row)
  db.tx(function(tx)
    local found = tx:must("not_found", subscriptions.sql.get, row.key)
    credits.lock(tx, found.subscriber_id, found.payer_id, found.provider_id)
    local s = subscriptions.lock(tx, row.key)
    if s.ends_at == row.payload.at then          -- else it has been paused, or this has been done
      if s.state == "cancel_at_period_end" then
        subscriptions.move(tx, s, "end", nil, "subscription-renew")
      elseif s.state == "active" or s.state == "past_due" then
        renew(tx, s, row.payload.try)
      end
    end
    row:done(tx)
  end)
end

queue.define("market.subscription", "marketplace.subscriptions_jobs.renew", { per_key = true })

return M
