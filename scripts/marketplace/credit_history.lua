-- scripts/marketplace/credit_history.lua -- what an actor got and spent, newest first, with what is true of it now:
-- what is left of a lot, what came back of a debit, and the lots that a debit was taken from.

local db = require "human.db"
local json = require "human.json"

local M = {}

--- For which reasons credits come and go.
M.REASONS = { "halvening_grant", "referral", "credit_task", "task_completion", "tool_revenue", "tool_subscription",
              "tool_usage", "tool_refund", "deposit", "withdrawal", "payout", "revenue_share", "credit_expired" }

M.sql = {
  page = [[with came as (
      select md5('lot' || id)::uuid as id, null::bigint as debit, id as n, amount, reason,
        pool = 'W' as is_withdrawable,
        case when expires_at <= human_now() then 0 else remaining end as remaining, null::bigint as returned,
        expires_at, created_at
      from credit_lots where actor = $1 and ($2::text is null or reason = $2)
      order by created_at desc, id desc limit $3::int + $4::int
    ), went as (
      select md5('debit' || id)::uuid as id, id as debit, id as n, -amount as amount, reason, false as is_withdrawable,
        null::bigint as remaining, null::bigint as returned, null::timestamptz as expires_at, created_at
      from credit_debits where actor = $1 and ($2::text is null or reason = $2)
      order by created_at desc, id desc limit $3::int + $4::int
    ), page as (
      select * from (select * from came union all select * from went) both_of_them
      order by created_at desc, debit desc nulls last, n desc limit $3::int offset $4::int
    ) select id, debit, amount, reason, is_withdrawable, remaining, expires_at, created_at,
        (select nullif(sum(l.returned), 0)::bigint from credit_debit_lots l where l.debit = page.debit) as returned
      from page order by created_at desc, debit desc nulls last, n desc]],
  total = [[select (select count(*) from credit_lots where actor = $1 and ($2::text is null or reason = $2))
    + (select count(*) from credit_debits where actor = $1 and ($2::text is null or reason = $2)) as total]],
  lots = [[select d.debit, md5('lot' || l.id)::uuid as id, l.reason, l.pool, d.amount, d.returned
    from credit_debit_lots d join credit_lots l on l.id = d.lot
    where d.debit in (select json_array_elements_text($1::json)::bigint) order by d.debit, l.pool, l.id desc]],
}

local SPENT_BY_PLATFORM = { withdrawal = true, payout = true, credit_expired = true }

-- "task_posting": credits that paid for something; else "liquid".
local function type_of(row)
  return row.debit and not SPENT_BY_PLATFORM[row.reason] and "task_posting" or "liquid"
end

local function add_lots(rows)
  local debits, of = json.array {}, {}
  for _, row in ipairs(rows) do
    if row.debit then
      debits[#debits + 1], of[row.debit] = row.debit, row
      row.lots = {}
    end
  end
  for _, lot in ipairs(db.query(M.sql.lots, json.encode(debits))) do
    local returned = lot.returned > 0 and lot.returned or nil
    table.insert(of[lot.debit].lots, { id = lot.id, reason = lot.reason, withdrawal_eligible = lot.pool == "W",
                                       amount = lot.amount, returned_amount = returned })
  end
end

--- A page of an actor's history: o = {reason, limit, offset, include = "lots"}.  Returns the rows and how many there
--- are in all.  Amounts are thousandths, those that went below zero.
function M.page(actor_id, o)
  local rows = db.query(M.sql.page, actor_id, o.reason, o.limit, o.offset)
  for _, row in ipairs(rows) do
    row.credit_type, row.withdrawal_eligible = type_of(row), row.is_withdrawable
    row.remaining_amount, row.returned_amount = row.remaining, row.returned
  end
  if o.include == "lots" and rows[1] then add_lots(rows) end
  return rows, db.value(M.sql.total, actor_id, o.reason)
end

return M
