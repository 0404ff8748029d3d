-- scripts/marketplace/ledger.lua -- double entry: every movement of money or credits is a transfer between two
-- accounts, is never changed, and happens once for each (cause, event).  Amounts are whole: cents of USD, thousandths
-- of a credit.  What an account holds is counted by the database as transfers come (migrations/2000_ledger.sql).

local db = require "human.db"
local json = require "human.json"
local accounts = require "marketplace.accounts"

local M = {}

local AMOUNT_MAX = 2 ^ 53 - 1                    -- beyond it numbers are no longer whole

M.sql = {
  open = [[insert into ledger_accounts (ledger, code, owner)
    select ledger, code, owner from json_to_recordset($1::json) as g (ledger text, code smallint, owner text)
    order by owner, code on conflict (owner, code) where owner is not null do nothing]],
  post = [[with given as (
      select * from json_to_recordset($3::json) as g (n smallint, kind text, debit_code smallint, debit_owner text,
        credit_code smallint, credit_owner text, amount bigint)
    ), made as (
      insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
      select g.kind,
        case when g.debit_owner is null then g.debit_code
          else (select id from ledger_accounts where owner = g.debit_owner and code = g.debit_code) end,
        case when g.credit_owner is null then g.credit_code
          else (select id from ledger_accounts where owner = g.credit_owner and code = g.credit_code) end,
        g.amount, $1, $2, g.n from given g order by g.n returning id, n
    ) select id from made order by n]],
  resolve = [[insert into ledger_transfers (kind, debit, credit, amount, resolves, event, cause, n)
    select $1, p.debit, p.credit, p.amount, p.id, $2, $3, (row_number() over (order by p.n))::smallint
    from ledger_transfers p where p.cause = $3 and p.event = $4 and p.kind = 'pending'
      and not exists (select from ledger_transfers r where r.resolves = p.id) order by p.n returning n]],
  owned = [[select credits_posted - debits_posted as posted, credits_posted - debits_posted - debits_pending as free,
      credits_pending from ledger_accounts where owner = $1 and code = $2]],
}

-- name, or {name, owner}.
local function account_of(ref)
  if type(ref) == "table" then
    local account = accounts.OWNED[ref[1]] or error("no account of owners is called " .. tostring(ref[1]), 0)
    return account, ref[2] or error("account " .. ref[1] .. " needs an owner", 0)
  end
  return accounts.PLATFORM[ref] or error("no account of the platform is called " .. tostring(ref), 0)
end

local function check_amount(amount)
  if type(amount) ~= "number" or amount % 1 ~= 0 or amount <= 0 or amount > AMOUNT_MAX then
    error("not an amount: " .. tostring(amount), 0)
  end
end

local function row_of(n, t)
  check_amount(t.amount)
  local debit, debit_owner = account_of(t.debit)
  local credit, credit_owner = account_of(t.credit)
  return { n = n, kind = t.kind or "posted", debit_code = debit.code, debit_owner = debit_owner,
           credit_code = credit.code, credit_owner = credit_owner, amount = t.amount }
end

--- Opens accounts of owners, {{name, owner}, ..}; those that are open stay as they are.
function M.open(tx, list)
  local rows = json.array {}
  for i, ref in ipairs(list) do
    local account, owner = account_of(ref)
    rows[i] = { ledger = account.ledger, code = account.code, owner = owner }
  end
  tx:ask(M.sql.open, json.encode(rows))
end

--- Carries transfers out, in tx, all of them or none: {{debit = account, credit = account, amount = n, kind = "posted"
--- (without it) | "pending"}, ..}.  An account is a name of marketplace.accounts, or {name, owner}.  Transfers of
--- nothing are left out.  Raises when an owner's account would hold less than nothing, and when the event has happened
--- to this cause before: ask first what state the cause is in.  It is sent on (tx:ask), so a later statement may raise.
function M.post(tx, event, cause, transfers)
  local rows = json.array {}
  for _, t in ipairs(transfers) do
    if t.amount ~= 0 then rows[#rows + 1] = row_of(#rows + 1, t) end
  end
  if #rows > 0 then tx:ask(M.sql.post, event, cause, json.encode(rows)) end
end

--- Posts what the event `what` left pending for this cause; void() lets it go.  Both return a function that waits for
--- how many transfers that were: none, when it has been resolved before.
function M.settle(tx, event, cause, what)
  local resolved = tx:ask(M.sql.resolve, "post", event, cause, what)
  return function() return #resolved() end
end

function M.void(tx, event, cause, what)
  local resolved = tx:ask(M.sql.resolve, "void", event, cause, what)
  return function() return #resolved() end
end

--- What an owner's account holds: {posted, free (without what is pending), credits_pending}.  Inside a transaction, as
--- that sees it.
function M.balance(name, owner)
  local row = db.row(M.sql.owned, owner, account_of { name, owner }.code)
  return row or { posted = 0, free = 0, credits_pending = 0 }
end

return M
