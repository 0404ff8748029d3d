-- scripts/marketplace/audit.lua -- what must be true of the ledger, and of the audit trail, at every moment.  Each
-- check is a statement that returns what is wrong, and nothing when nothing is.

local db = require "human.db"
local invariants = require "marketplace.invariants"
local records = require "marketplace.trail"

local M = {}

local function check(name, says, sql) return { name = name, says = says, sql = sql } end

-- Sums of an account's transfers, however they are counted.
local SUMS = [[select account, sum(posted * is_debit) as debits_posted, sum(posted * (1 - is_debit)) as credits_posted,
    sum(pending * is_debit) as debits_pending, sum(pending * (1 - is_debit)) as credits_pending
  from (select side.account, side.is_debit, case when t.kind in ('posted', 'post') then t.amount else 0 end as posted,
      case when t.kind = 'pending' and r.id is null then t.amount else 0 end as pending
    from ledger_transfers t left join ledger_transfers r on r.resolves = t.id
    cross join lateral (values (t.debit, 1), (t.credit, 0)) side (account, is_debit)) sides group by account]]

M.CHECKS = {
  check("entries", "debits and credits of a ledger are not the same",
    [[select a.ledger as what, sum(s.debits_posted) - sum(s.credits_posted) as off
      from (]] .. SUMS .. [[) s join ledger_accounts a on a.id = s.account group by a.ledger
      having sum(s.debits_posted) <> sum(s.credits_posted) or sum(s.debits_pending) <> sum(s.credits_pending)]]),
  check("counters", "an account does not hold what its transfers sum to",
    [[select a.id as what, a.credits_posted - coalesce(s.credits_posted, 0) as off
      from ledger_accounts a left join (]] .. SUMS .. [[) s on s.account = a.id where a.owner is not null
      and (a.debits_posted, a.credits_posted, a.debits_pending, a.credits_pending) is distinct from
        (coalesce(s.debits_posted, 0), coalesce(s.credits_posted, 0), coalesce(s.debits_pending, 0),
         coalesce(s.credits_pending, 0))]]),
  check("resolutions", "a pending transfer was resolved twice, or by more than it is",
    [[select p.id as what, sum(r.amount) - p.amount as off
      from ledger_transfers p join ledger_transfers r on r.resolves = p.id
      group by p.id, p.kind, p.amount having count(*) > 1 or p.kind <> 'pending' or sum(r.amount) > p.amount]]),
  check("remaining", "a lot has less than nothing, or more than it came with",
    [[select id as what, remaining - amount as off from credit_lots where remaining < 0 or remaining > amount]]),
  check("wallets", "a wallet does not hold what its lots do",
    [[select a.owner as what, a.credits_posted - a.debits_posted - a.debits_pending - coalesce(l.remaining, 0) as off
      from ledger_accounts a
      left join (select actor, pool, sum(remaining) as remaining from credit_lots group by 1, 2) l
        on l.actor = a.owner and a.code = case l.pool when 'M' then 6000 else 6010 end
      where a.code in (6000, 6010)
        and a.credits_posted - a.debits_posted - a.debits_pending <> coalesce(l.remaining, 0)]]),
  check("lots", "a lot has not what its debits leave of it",
    [[select l.id as what, l.remaining - (l.amount - coalesce(sum(d.amount - d.returned), 0)) as off
      from credit_lots l left join credit_debit_lots d on d.lot = l.id group by l.id
      having l.remaining <> l.amount - coalesce(sum(d.amount - d.returned), 0)]]),
  check("debits", "a debit is not the sum of what it took",
    [[select d.id as what, d.amount - coalesce(sum(l.amount), 0) as off
      from credit_debits d left join credit_debit_lots l on l.debit = d.id group by d.id
      having d.amount <> coalesce(sum(l.amount), 0)]]),
  check("backing", "withdrawable credits are not the cash that is owed for them",
    [[select 'backing' as what, rc.issued - usd.owed * 1000 as off
      from (select coalesce(sum(case when debit = 5010 then amount else -amount end), 0) as issued from ledger_transfers
          where (debit = 5010 or credit = 5010) and kind in ('posted', 'post')) rc,
        (select coalesce(sum(case when credit = 2200 then amount else -amount end), 0) as owed from ledger_transfers
          where (debit = 2200 or credit = 2200) and kind in ('posted', 'post')) usd
      where rc.issued <> usd.owed * 1000]]),
  check("payments", "a payment is captured, and its money is not in the ledger",
    [[select p.id as what, p.amount_cents - coalesce(sum(t.amount), 0) as off from market_payments p
      left join ledger_transfers t on t.debit = 1000 and t.cause = coalesce(p.transaction_id, p.id)::text
        and t.event = case p.kind when 'deposit' then 'deposit' else 'escrow.captured' end
      where p.state = 'captured' group by p.id having p.amount_cents <> coalesce(sum(t.amount), 0)]]),
  check("withdrawals", "credits that are on their way are not those of a withdrawal that is under way",
    [[select w.id as what, w.amount_cents * 1000 - coalesce(sum(t.amount), 0) as off from market_withdrawals w
      left join ledger_transfers t on t.cause = w.id::text and t.event = 'withdrawal' and t.kind = 'pending'
        and not exists (select from ledger_transfers r where r.resolves = t.id)
      group by w.id having coalesce(sum(t.amount), 0)
        <> case w.state when 'processing' then w.amount_cents * 1000 else 0 end]]),
  check("records", "a record of the audit trail does not follow from the one before it", records.BROKEN),
}

for _, c in ipairs(invariants) do M.CHECKS[#M.CHECKS + 1] = check(c.name, c.says, c.sql) end

--- What is wrong as a transaction sees it: {{check, says, what, off}, ..}, at most a hundred of each.
function M.look(tx)
  local found = {}
  for _, c in ipairs(M.CHECKS) do
    for _, row in ipairs(tx:query("select what::text, off::text from (" .. c.sql .. ") found limit 100")) do
      found[#found + 1] = { check = c.name, says = c.says, what = row.what, off = row.off, is_notice = c.is_notice }
    end
  end
  return found
end

--- The same of one moment; empty when all is well.
function M.run() return db.tx(M.look, { isolation = "repeatable read" }) end

return M
