-- scripts/marketplace/shares.lua -- the founders' share: a tenth of the fees that were posted in a month (UTC) is set
-- aside on the 5th of the next one, at 00:10, and given in equal parts to the founding actors who traded in that month:
-- as a party of an accepted transaction, or with a paid subscription.  Cents that cannot be divided stay for the next.

local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local queue = require "human.queue"
local credits = require "marketplace.credits"
local ledger = require "marketplace.ledger"
local news = require "marketplace.news"
local rules = require "marketplace.rules.fees"

local M = {}

local MRC_PER_CENT, PAID_AT_ONCE = 1000, 100
local SPAN = [[at >= ($1 || '-01')::date::timestamp at time zone 'UTC'
  and at < (($1 || '-01')::date + interval '1 month') at time zone 'UTC']]
local ACCOUNTS = { "fees_tasks", "fees_tools", "fees_moves" }

M.sql = {
  fees = [[select coalesce(sum(n) filter (where account = 3000), 0)::bigint as fees_tasks,
      coalesce(sum(n) filter (where account = 3010), 0)::bigint as fees_tools,
      coalesce(sum(n) filter (where account = 3020), 0)::bigint as fees_moves
    from (select case when credit in (3000, 3010, 3020) then credit else debit end as account,
        case when credit in (3000, 3010, 3020) then amount else -amount end as n
      from ledger_transfers where (credit in (3000, 3010, 3020) or debit in (3000, 3010, 3020))
        and event <> 'founders.allotted' and ]] .. SPAN .. ") posted",
  month = [[select to_char(human_now() at time zone 'UTC', 'YYYY-MM')]],
  due = [[select (extract(epoch from (($1 || '-01')::date + interval '1 month 4 days 10 minutes') at time zone 'UTC')
    * 1000)::bigint]],
  following = "select to_char(($1 || '-01')::date + interval '1 month', 'YYYY-MM')",
  get = [[select fees_cents, pool_cents, distributed_at is not null as is_distributed from market_shares
    where month = ($1 || '-01')::date]],
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.shares', 0))",
  left = [[select (select coalesce(sum(case when credit = 2400 then amount else -amount end), 0)
      from ledger_transfers where credit = 2400 or debit = 2400)::bigint
    - (select coalesce(sum(amount_cents), 0) from market_share_payments where paid_at is null)::bigint as cents]],
  traded = [[select a.id from market_actors a where a.is_founding and a.state = 'active' and a.id::text in (
      select actor from (select actor, created_at as at from credit_lots where reason = 'task_completion') l where ]]
      .. SPAN .. [[
      union all
      select actor from (select actor, created_at as at from credit_debits where reason = 'tool_subscription') d
      where ]]
      .. SPAN .. [[
      union all
      select p.payer_id::text from ledger_transfers t join ledger_accounts e on e.id = t.debit and e.code = 2000
        join market_payments p on p.transaction_id::text = e.owner
      where t.event = 'escrow.released' and ]] .. SPAN .. ") order by a.id",
  allot = [[insert into market_shares (month, fees_cents, pool_cents, actors, share_cents)
    values (($1 || '-01')::date, $2, $3, $4, $5)]],
  owe = [[insert into market_share_payments (month, actor_id, amount_cents)
    select ($1 || '-01')::date, id::uuid, $2 from json_array_elements_text($3::json) as g (id)]],
  open = [[select actor_id, amount_cents from market_share_payments
    where month = ($1 || '-01')::date and paid_at is null order by actor_id limit $2::int]],
  paid = [[update market_share_payments set paid_at = human_now()
    where month = ($1 || '-01')::date and actor_id = $2::uuid and paid_at is null]],
  distributed = [[update market_shares set distributed_at = coalesce(distributed_at, human_now())
    where month = ($1 || '-01')::date]],
}

-- All fees of a month, and the founders' part.
local function sums(posted)
  local fees = 0
  for _, name in ipairs(ACCOUNTS) do fees = fees + posted[name] end
  return fees, rules.share(math.max(fees, 0), rules.founders)
end

--- How a month ("2026-03") stands: {month, fees_cents, pool_cents, is_distributed}; nil: the present one.
function M.status(month)
  month = month or db.value(M.sql.month)
  local row = db.row(M.sql.get, month)
  if not row then
    local fees, pool = sums(db.row(M.sql.fees, month))
    row = { fees_cents = fees, pool_cents = pool, is_distributed = false }
  end
  row.month = month
  return row
end

-- Which account pays how much of the pool: in proportion, the largest what is left.
local function set_aside(tx, month, posted, pool)
  local all, largest, left, transfers = 0, ACCOUNTS[1], pool, {}
  for _, name in ipairs(ACCOUNTS) do
    all = all + math.max(posted[name], 0)
    if posted[name] > posted[largest] then largest = name end
  end
  for _, name in ipairs(ACCOUNTS) do
    local part = all > 0 and math.floor(pool * math.max(posted[name], 0) / all) or 0
    left = left - part
    transfers[#transfers + 1] = { debit = name, credit = "founders", amount = part }
  end
  transfers[#transfers + 1] = { debit = largest, credit = "founders", amount = left }
  ledger.post(tx, "founders.allotted", "month:" .. month, transfers)
end

--- Sets a month's pool aside and writes down who gets what of it, once.
function M.allot(tx, month)
  tx:query(M.sql.one_at_a_time)
  if tx:row(M.sql.get, month) then return end
  local posted = tx:row(M.sql.fees, month)
  local fees, pool = sums(posted)
  set_aside(tx, month, posted, pool)
  local ids = json.array {}
  for i, actor in ipairs(tx:query(M.sql.traded, month)) do ids[i] = actor.id end
  local share = #ids > 0 and math.max(math.floor(tx:value(M.sql.left) / #ids), 0) or 0
  tx:exec(M.sql.allot, month, fees, pool, #ids, share)
  if share > 0 then tx:exec(M.sql.owe, month, share, json.encode(ids)) end
end

-- Gives an actor his part, once.
local function give(tx, month, share)
  credits.lock(tx, share.actor_id)
  if tx:exec(M.sql.paid, month, share.actor_id) == 0 then return end
  local cause, amount = ("month:%s:%s"):format(month, share.actor_id), share.amount_cents * MRC_PER_CENT
  ledger.post(tx, "revenue_share", cause, {
    { debit = "founders", credit = "backing", amount = share.amount_cents },
    { debit = "issued_cash", credit = { "wallet_W", share.actor_id }, amount = amount },
  })
  credits.note_lot(tx, "revenue_share", cause, { actor = share.actor_id, pool = "W", amount = amount,
                                                 reason = "revenue_share" })
  news.put(tx, { name = "revenue_share.paid", about = share.actor_id, to = { share.actor_id },
                 data = { month = month, amount_cents = share.amount_cents } })
end

--- Gives all who have not had their part of a month yet.
function M.pay(month)
  repeat
    local list = db.query(M.sql.open, month, PAID_AT_ONCE)
    for _, share in ipairs(list) do
      db.tx(function(tx) give(tx, month, share) end)
    end
  until #list < PAID_AT_ONCE
end

local function expect(q, month)
  local due
  if q == db then due = db.value(M.sql.due, month) else due = q:value(M.sql.due, month) end
  queue.add(q, "market.revenue_share", month, due, nil, { unique = "first" })
end

--- Work of the queue: the row's key is the month.
function M.run(row)
  db.tx(function(tx) M.allot(tx, row.key) end)
  M.pay(row.key)
  db.tx(function(tx)
    tx:exec(M.sql.distributed, row.key)
    expect(tx, tx:value(M.sql.following, row.key))
    row:done(tx)
  end)
end

--- When a host starts: the present month's row of the queue is there.
function M.begin() expect(db, db.value(M.sql.month)) end

queue.define("market.revenue_share", "marketplace.shares.run", { concurrency = 1, attempts = 100 })
jobs.start "marketplace.shares.begin"

return M
