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
        credit_code smallint, credit_owner text, amount bigint, resolves bigint)
    ), made as (
      insert into ledger_transfers (kind, debit, credit, amount, resolves, event, cause, n)
      select g.kind,
        case when g.debit_owner is null then g.debit_code
          else (select id from ledger_accounts where owner = g.debit_owner and code = g.debit_code) end,
        case when g.credit_owner is null then g.credit_code
          else (select id from ledger_accounts where owner = g.credit_owner and code = g.credit_code) end,
        g.amount, g.resolves, $1, $2, g.n from given g order by g.n returning id, n
    ) select id from made order by n]],
  pending = [[select p.id, p.amount, d.code as debit_code, d.owner as debit_owner, c.code as credit_code,
      c.owner as credit_owner
    from ledger_transfers p join ledger_accounts d on d.id = p.debit join ledger_accounts c on c.id = p.credit
    where p.cause = $1 and p.event = $2 and p.kind = 'pending'
      and not exists (select from ledger_transfers r where r.resolves = p.id) order by p.n]],
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
           credit_code = credit.code, credit_owner = credit_owner, amount = t.amount, resolves = t.resolves }
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

local function resolve(tx, kind, event, cause, what)
  local rows = tx:query(M.sql.pending, cause, what)
  local list = json.array {}
  for i, p in ipairs(rows) do
    list[i] = { n = i, kind = kind, amount = p.amount, resolves = p.id, debit_code = p.debit_code,
                debit_owner = p.debit_owner, credit_code = p.credit_code, credit_owner = p.credit_owner }
  end
  if #list > 0 then tx:ask(M.sql.post, event, cause, json.encode(list)) end
  return #list
end

--- Posts what the event `what` left pending for this cause; void() lets it go.  Both return how many transfers that
--- were: none, when it has been resolved before.
function M.settle(tx, event, cause, what) return resolve(tx, "post", event, cause, what) end
function M.void(tx, event, cause, what) return resolve(tx, "void", event, cause, what) end

--- What an owner's account holds: {posted, free (without what is pending), credits_pending}.  Inside a transaction, as
--- that sees it.
function M.balance(name, owner)
  local row = db.row(M.sql.owned, owner, account_of { name, owner }.code)
  return row or { posted = 0, free = 0, credits_pending = 0 }
end

return M
