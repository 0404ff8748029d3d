-- scripts/marketplace/stripe/reconcile.lua -- compares our open rows with Stripe's, once an hour: events that never
-- came are read, what neither they nor answers have told is looked at, and orders that were given up are taken up.

local config = require "human.config"
local db = require "human.db"
local jobs = require "human.jobs"
local log = require "human.log"
local queue = require "human.queue"
local client = require "marketplace.stripe.client"
local findings = require "marketplace.stripe.findings"
local lists = require "marketplace.stripe.lists"
local observe = require "marketplace.stripe.observe"
local walks = require "marketplace.stripe.walks"

local M = {}

local AT_ONCE = 500

M.sql = {
  payments = [[select id, provider_id from market_payments
    where state in ('created', 'authorized', 'capturing') and provider <> 'test'
      and provider_id is not null order by created_at limit $1::int]],
  made = [[select o.kind, o.made, o.facts ->> 'account' as account from market_orders o
      join market_refunds r on r.id = o.about and r.state = 'pending'
    where o.kind = 'refund' and o.made is not null order by o.n limit $1::int]],
  payouts = [[select o.kind, o.made, o.facts ->> 'account' as account from market_orders o
      join market_withdrawals w on w.id = o.subject and w.state = 'processing'
    where o.kind = 'payout' and o.made is not null order by o.n limit $1::int]],
  waiting = "select distinct subject from market_orders where state = 'open' limit $1::int",
  last = "select coalesce(max(id), 0) from ledger_transfers",
  is_busy = [[select exists (select from market_orders where state = 'open')
    or exists (select from market_stripe_events where processed_at is null
      and received_at > human_now() - interval '2 hours')]],
  owed = [[select coalesce(sum(case when debit = 1000 then amount else -amount end), 0)::bigint
    from ledger_transfers where (debit = 1000 or credit = 1000) and kind in ('posted', 'post')]],
  earned = [[select coalesce(sum(case when credit in (3000, 3010, 3020, 4000, 4010, 4020) then amount else 0 end
      - case when debit in (3000, 3010, 3020, 4000, 4010, 4020) then amount else 0 end), 0)::bigint
    from ledger_transfers where (debit between 3000 and 4020 or credit between 3000 and 4020)
      and kind in ('posted', 'post')]],
  on_the_way = [[select (
      select coalesce(sum((o.facts ->> 'amount_cents')::bigint), 0)
      from market_orders o join market_withdrawals w on w.id = o.subject and w.state = 'processing'
      where o.kind = 'transfer' and o.state = 'done'
        and not exists (select from market_orders r where r.subject = o.subject and r.kind = 'reversal'
          and r.state = 'done')
    ) + (
      select coalesce(sum(r.amount_cents), 0)
      from market_refunds r join market_orders o on o.about = r.id and o.kind = 'refund' and o.made is not null
      where r.state = 'pending' and not exists (select from market_stripe_findings f
        where f.kind = 'refund' and f.subject = r.id::text)
    )]],
}

local function look(kind, id, account, counts)
  local ok, err = observe.again(kind, id, account)
  counts.looked = counts.looked + 1
  if not ok then
    counts.failed = counts.failed + 1
    if not err.is_passing then findings.add(db, "missing", id, "Stripe does not know it: " .. err.code) end
  end
end

-- What we wait for.
local function look_at_ours(counts)
  for _, row in ipairs(db.query(M.sql.payments, AT_ONCE)) do look("intent", row.provider_id, nil, counts) end
  for _, row in ipairs(db.query(M.sql.made, AT_ONCE)) do look("refund", row.made, nil, counts) end
  for _, row in ipairs(db.query(M.sql.payouts, AT_ONCE)) do look("payout", row.made, row.account, counts) end
  for _, row in ipairs(db.query(M.sql.waiting, AT_ONCE)) do queue.add(db, "market.stripe", row.subject) end
end

-- The platform's balance, in cents of dollars, what is not available yet included; or nil and why.
local function balance()
  local found, err = client.get "/v1/balance"
  if not found then return nil, err end
  local cents = 0
  for _, list in ipairs { found.available, found.pending } do
    for _, part in ipairs(list) do
      if part.currency == "usd" then cents = cents + part.amount end
    end
  end
  return cents
end

-- What the operator has added out of his own pocket, and what went to his bank, less what came back of either: no
-- trade, so our books do not have it (https://docs.stripe.com/reports/balance-transaction-types).
local ADDED, PAID_OUT = { "topup", "topup_reversal" }, { "payout", "payout_cancel", "payout_failure" }

local function sum_of(types)
  local cents = 0
  for _, type in ipairs(types) do
    local _, err = lists.find("/v1/balance_transactions", { type = type }, nil, function(moved)
      if moved.currency == "usd" then cents = cents + moved.net end
      return false
    end)
    if err then return nil, err end
  end
  return cents
end

--- What Stripe has, and what our ledger says that it has, with what the operator has topped up and was paid out, less
--- what is on its way to banks and cards: {theirs, ours, overdrawn: what the operator was paid out beyond what the
--- platform has earned and he has added, which is others' money}, in cents.  Only when nothing is under way are the
--- first two to be the same.  Or nil and why.
function M.balances()
  local theirs, err = balance()
  local added, why = sum_of(ADDED)
  local drawn, why_not = sum_of(PAID_OUT)        -- less than nothing
  if not theirs or not added or not drawn then return nil, err or why or why_not end
  return { theirs = theirs, ours = db.value(M.sql.owed) + added + drawn - db.value(M.sql.on_the_way),
           overdrawn = drawn < 0 and math.max(0, -(drawn + added + db.value(M.sql.earned))) or 0 }
end

local function differ(subject, is_so, says)
  if is_so then findings.add(db, "balance", subject, says) else findings.finish("balance", subject) end
end

local function compare_balances()
  local before, sums = db.value(M.sql.last), M.balances()
  if not sums or db.value(M.sql.is_busy) or before ~= db.value(M.sql.last) then return end
  differ("platform", sums.theirs ~= sums.ours,
    ("Stripe has %d cents, our books say %d"):format(sums.theirs, sums.ours))
  differ("payouts", sums.overdrawn > 0,
    ("%d cents more than the platform has earned went to its bank: top them up"):format(sums.overdrawn))
end

--- Compares.  Returns how many rows were looked at, how many lists of events, and how many of both could not be.
function M.run()
  local counts = { looked = 0, walked = 0, failed = 0 }
  if config.marketplace.payments ~= "stripe" then return counts end
  walks.run(counts)
  look_at_ours(counts)
  compare_balances()
  log.info("stripe: compared", counts)
  return counts
end

jobs.every("market_stripe_reconcile", 3600, "marketplace.stripe.reconcile.run")

return M
