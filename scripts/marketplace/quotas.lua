-- scripts/marketplace/quotas.lua -- the quota of a period, and the calls that use it.  A call takes its place before it
-- is made, in one statement on the row of the period, and gives it back when the tool fails; what a call beyond the
-- quota costs is taken out of the payer's lots with it, and is the provider's once the call has succeeded.
--
-- What an agent may spend beyond the quota is let pass by rules, or approved by people, step by step
-- (rules/subscriptions.lua); within a step, no call asks.
--
-- Locks are taken in one order: wallets, the call, its period.  A call within the quota touches no wallet.

local db = require "human.db"
local fail = require "human.fail"
local jobs = require "human.jobs"
local json = require "human.json"
local actors = require "marketplace.actors"
local approvals = require "marketplace.approvals"
local credits = require "marketplace.credits"
local delegations = require "marketplace.delegations"
local fees = require "marketplace.rules.fees"
local ledger = require "marketplace.ledger"
local listings = require "marketplace.listings"
local news = require "marketplace.news"
local rules = require "marketplace.rules.subscriptions"
local task_budgets = require "marketplace.task_budgets"

local M = {}

local SWEEP_S, SWEEP_MOST, SWEEP_ROUNDS = 10, 50, 20
local MRC_PER_CENT, UNLIMITED = 1000, 2 ^ 52     -- of people, whom nobody has to ask for
local RESERVED, CHARGED = "tool.reserved", "tool_usage"

-- $1 the period, $2 its subscription's calls at a time, $3 the subscription, $4 the tool, $5 its time in ms.
local function take(change, condition, is_overage)
  return [[with taken as (
      update market_periods set ]] .. change .. [[ = ]] .. change .. [[ + 1, in_flight = in_flight + 1
      where id = $1::uuid and in_flight < $2::int and ]] .. condition .. [[
      returning used + overage as calls, included_calls, overage, overage_mrc, allowed_by
    ), noted as (
      insert into market_tool_calls (subscription_id, period_id, listing_id, is_overage, settle_by)
      select $3::uuid, $1::uuid, $4::uuid, ]] .. is_overage .. [[, clock_timestamp() + $5::int * interval '1 ms'
      from taken returning id
    ) select noted.id, taken.* from noted, taken]]
end

M.sql = {
  take = take("used", "used < included_calls", "false"),
  take_more = take("overage", [[used >= included_calls and overage_mrc is not null
    and (overage_mrc = 0 or (overage + 1) * overage_mrc <= overage_allowed_mrc)]], "true"),
  is_allowed = [[select id, used, included_calls, overage_mrc, overage_allowed_mrc,
      used < included_calls or overage_mrc = 0 or (overage + 1) * overage_mrc <= overage_allowed_mrc as is_allowed
    from market_periods where id = $1::uuid and overage_mrc is not null for no key update]],
  allow = [[update market_periods set overage_allowed_mrc = overage_allowed_mrc + $2::bigint, allowed_by = $3
    where id = $1::uuid]],
  present = [[select p.id, s.subscriber_id, s.state from market_subscriptions s
    join market_periods p on p.id = s.period_id where s.id = $1::uuid and p.id = $2::uuid for no key update of p]],
  left = "select overage_mrc is not null as has_overage, in_flight from market_periods where id = $1::uuid",
  spender = [[select a.state, s.transaction_id from market_subscriptions s
    join market_actors a on a.id = s.subscriber_id where s.id = $1::uuid]],
  charge = [[update market_tool_calls set payer_id = $2::uuid, price_mrc = $3, fee_mrc = $4, paid_m = $5, paid_w = $6,
      allowed_by = $7 where id = $1::uuid]],
  get = [[select c.id, c.state, c.is_overage, c.payer_id, c.price_mrc, c.fee_mrc, c.paid_m, c.paid_w, s.provider_id,
      s.delegation_id, s.transaction_id
    from market_tool_calls c join market_subscriptions s on s.id = c.subscription_id where c.id = $1::uuid]],
  finish = [[with done as (
      update market_tool_calls set state = $2, outcome = $3, latency_ms = $4::int, first_ms = $5::int,
        ended_at = human_now()
      where id = $1::uuid and state = 'open' returning period_id, is_overage
    ) update market_periods p set in_flight = in_flight - 1,
        used = used - case when $2 = 'returned' and not done.is_overage then 1 else 0 end,
        overage = overage - case when $2 = 'returned' and done.is_overage then 1 else 0 end
      from done where p.id = done.period_id]],
  lost = [[select id, price_mrc from market_tool_calls where state = 'open' and settle_by < now()
    order by settle_by limit $1::int]],
}

local function wallet(pool, actor) return { "wallet_" .. pool, actor } end

-- Takes the price of a call beyond the quota: out of the lots, and aside.
local function charge(tx, s, call)
  local price, payer_id, spender = call.overage_mrc, s.payer_id, tx:row(M.sql.spender, s.id)
  actors.must_be_free(spender)
  if s.delegation_id then
    delegations.spend(tx, { id = s.delegation_id, grantee_id = s.subscriber_id, amount_mrc = price,
                            category = json.decode(s.category_tags), cause = call.id })
  elseif spender.transaction_id then
    task_budgets.spend(tx, { transaction_id = spender.transaction_id, seller_id = payer_id, amount_mrc = price })
  end
  local got = credits.take(tx, CHARGED, call.id, { actor = payer_id, amount = price, reason = "tool_usage" })
  ledger.post(tx, RESERVED, call.id, {
    { kind = "pending", debit = wallet("M", payer_id), credit = { "in_flight", payer_id }, amount = got.m },
    { kind = "pending", debit = wallet("W", payer_id), credit = { "in_flight", payer_id }, amount = got.w },
  })
  tx:exec(M.sql.charge, call.id, payer_id, price, fees.share(price, fees.tool), got.m, got.w, call.allowed_by)
  call.is_paid = true
end

local function tell(tx, s, call)
  if s.is_per_call then return end               -- who was asked to pay for each
  if not rules.is_told { n = call.overage, included_calls = call.included_calls } then return end
  news.put(tx, { name = "tool.usage_overage", about = s.id, to = { s.subscriber_id }, data = {
    subscription_id = s.id, listing_id = s.listing_id, overage_calls = call.overage,
    included_calls = call.included_calls } })
end

local function extend(tx, period_id, agent_id, cents, cause)
  tx:exec(M.sql.allow, period_id, cents * MRC_PER_CENT, cause)
  approvals.spent(tx, agent_id, cents * MRC_PER_CENT)
end

-- Lets the next calls beyond the quota pass, unless they have to be asked for: then, the request that waits.
local function allow(tx, s)
  local p = tx:row(M.sql.is_allowed, s.period_id)
  if not p or p.is_allowed then return nil end
  local agent = actors.get(tx, s.subscriber_id)
  if agent.type == "human" then
    tx:exec(M.sql.allow, p.id, UNLIMITED - p.overage_allowed_mrc, nil)
    return nil
  end
  local cents = rules.step { included_calls = p.included_calls, overage_mrc = p.overage_mrc }
  local cause = ("overage:%s:%d"):format(p.id, p.overage_allowed_mrc)
  local waits = approvals.ask(tx, agent, listings.get(tx, s.listing_id), cents, {
    kind = "overage", cause = cause, carries = "overage", body = s.is_per_call and
      "May I call \"%s\" and pay for each call, for up to $%s?" or
      "May I call \"%s\" beyond its quota, for up to $%s?",
    asks_for = { subscription_id = s.id, period_id = p.id, cause = cause } })
  if not waits then extend(tx, p.id, agent.id, cents, cause) end
  return waits
end

-- An agent's people have approved it.
approvals.carries("overage", function(tx, agent, m)
  local asked = m.asks_for
  local p = tx:row(M.sql.present, asked.subscription_id, asked.period_id)
  if not p or p.state == "canceled" or p.state == "revoked" then fail.throw "subscription_not_active" end
  actors.must_be_free(agent)
  extend(tx, p.id, agent.id, m.amount_cents, asked.cause)
  approvals.consented(tx, agent, { kind = "overage", listing_id = m.listing_id, amount_cents = m.amount_cents,
                                   cause = asked.cause, message_id = m.id })
end)

-- Beyond the quota; wallets are locked first, so the row of the period is looked at again.
local function take_more(s, time_ms, also)
  return db.tx(function(tx)
    credits.lock(tx, s.payer_id, s.provider_id)
    local waits = allow(tx, s)
    if waits then return nil, waits end          -- which is kept
    local call = tx:row(M.sql.take_more, s.period_id, rules.in_flight, s.id, s.listing_id, time_ms)
    if not call then return tx:row(M.sql.take, s.period_id, rules.in_flight, s.id, s.listing_id, time_ms) end
    call.is_overage = true
    if call.overage_mrc > 0 then charge(tx, s, call) end
    tell(tx, s, call)
    if also then also(tx, call) end
    return call
  end)
end

--- A place of the quota for a call that is about to be made, and takes at most so long: {id, calls (of the period),
--- included_calls, is_overage, is_paid}.  s: {id, period_id, listing_id, subscriber_id, provider_id, payer_id,
--- delegation_id, category_tags (JSON), is_per_call (marketplace.pay_per_call_tabs)}.  also(tx, call): what the
--- transaction of a call beyond the quota does besides.  Fails with usage_quota_exceeded, rate_limited,
--- insufficient_balance, approval_required (an agent has to ask before it spends more), or as the budget says.
function M.reserve(s, timeout_ms, also)
  local time_ms = timeout_ms + rules.settle_margin_ms
  local call = db.row(M.sql.take, s.period_id, rules.in_flight, s.id, s.listing_id, time_ms)
  if call then return call end
  local left = db.must("not_found", M.sql.left, s.period_id)
  local waits
  if left.has_overage and left.in_flight < rules.in_flight then call, waits = take_more(s, time_ms, also) end
  if waits then approvals.refuse(waits) end
  if call then return call end
  if left.in_flight >= rules.in_flight then
    fail.throw("rate_limited", { retry_after_s = 1, message = "Too many calls of this subscription are under way" })
  end
  fail.throw "usage_quota_exceeded"
end

-- What was set aside goes to the provider and the platform, of the pools that it came from.
local function pay(tx, call)
  ledger.void(tx, "tool.charging", call.id, RESERVED)
  local fee_m = math.floor(call.fee_mrc * call.paid_m / call.price_mrc)
  local fee = { M = fee_m, W = call.fee_mrc - fee_m }
  local paid, transfers = { M = call.paid_m, W = call.paid_w }, {}
  for _, pool in ipairs { "M", "W" } do
    local from = wallet(pool, call.payer_id)
    transfers[#transfers + 1] = { debit = from, credit = wallet(pool, call.provider_id),
                                  amount = paid[pool] - fee[pool] }
    transfers[#transfers + 1] = { debit = from, credit = "platform_" .. pool, amount = fee[pool] }
  end
  ledger.post(tx, CHARGED, call.id, transfers)
  for _, pool in ipairs { "M", "W" } do
    if paid[pool] > fee[pool] then
      credits.note_lot(tx, CHARGED, call.id, { actor = call.provider_id, pool = pool, amount = paid[pool] - fee[pool],
                                               reason = "tool_revenue" })
    end
  end
end

-- It goes back to the lots, and to the budget that it came from.
local function pay_back(tx, call)
  ledger.void(tx, "tool.returned", call.id, RESERVED)
  credits.give_back(tx, CHARGED, call.id, call.payer_id, call.price_mrc)
  if call.delegation_id then
    delegations.give_back(tx, { id = call.delegation_id, amount_mrc = call.price_mrc, cause = call.id })
  elseif call.transaction_id then
    task_budgets.give_back(tx, call.transaction_id, call.price_mrc)
  end
end

local function finish(id, is_paid, state, outcome, latency_ms, first_ms, also)
  if not is_paid then return db.exec(M.sql.finish, id, state, outcome, latency_ms, first_ms) == 1 end
  return db.tx(function(tx)
    local call = tx:must("not_found", M.sql.get, id)
    credits.lock(tx, call.payer_id, call.provider_id)
    if tx:exec(M.sql.finish, id, state, outcome, latency_ms, first_ms) == 0 then return false end
    if state == "done" then pay(tx, call) else pay_back(tx, call) end
    if also then also(tx) end
    return true
  end)
end

--- The tool has answered: the call is paid for.  first_ms: when the first event of its answer came, if it was streamed.
--- also(tx): what the transaction that pays does besides.  False: it has ended otherwise before.
function M.succeed(call, latency_ms, first_ms, also)
  return finish(call.id, call.is_paid, "done", "ok", latency_ms, first_ms, also)
end

--- It has not: the place in the quota, and what was paid for it, go back.
function M.give_back(call, outcome, latency_ms, first_ms)
  return finish(call.id, call.is_paid, "returned", outcome, latency_ms, first_ms)
end

--- Work by the clock: calls whose worker has died are given back.  Who called has had no answer.
function M.sweep()
  for _ = 1, SWEEP_ROUNDS do
    local lost = db.query(M.sql.lost, SWEEP_MOST)
    for _, row in ipairs(lost) do
      finish(row.id, row.price_mrc > 0, "returned", "lost")
    end
    if #lost < SWEEP_MOST then return end
  end
end

jobs.every("market.tool_calls", SWEEP_S, "marketplace.quotas.sweep")

return M
