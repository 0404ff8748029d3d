-- scripts/marketplace/books.lua -- the ledger for people: what an event moved, in words; and all of it as double-entry
-- text, for hledger (`human ledger`).

local db = require "human.db"
local accounts = require "marketplace.accounts"
local money = require "marketplace.money"

local M = {}

local PAGE, LINES_MAX = 1000, 500

M.sql = {
  transfers = [[select t.id, t.kind, t.amount, t.event, t.cause, to_char(t.at at time zone 'UTC', 'YYYY-MM-DD') as day,
      t.at, d.ledger, d.code as debit, d.owner as debit_owner, c.code as credit, c.owner as credit_owner
    from ledger_transfers t join ledger_accounts d on d.id = t.debit join ledger_accounts c on c.id = t.credit
    where t.id > $1::bigint and t.kind in ('posted', 'post') order by t.id limit $2::int]],
  of_cause = [[select t.id, t.kind, t.amount, t.event, t.cause, t.at, d.ledger, d.code as debit,
      d.owner as debit_owner, c.code as credit, c.owner as credit_owner
    from ledger_transfers t join ledger_accounts d on d.id = t.debit join ledger_accounts c on c.id = t.credit
    where t.cause = $1 order by t.id limit $2::int]],
  lots = [[select id, actor, pool, amount, remaining, reason, event, expires_at from credit_lots where cause = $1
    order by id limit $2::int]],
  debits = [[select d.id, d.actor, d.amount, d.reason, d.event, l.lot, l.amount as part, l.returned, o.pool,
      o.reason as came_for
    from credit_debits d join credit_debit_lots l on l.debit = d.id join credit_lots o on o.id = l.lot
    where d.cause = $1 order by d.id, o.pool, l.lot desc limit $2::int]],
}

local BY_CODE, KINDS = {}, { "assets", "liabilities", "revenues", "expenses", "credits", "credits" }
for _, chart in ipairs { accounts.PLATFORM, accounts.OWNED } do
  for name, account in pairs(chart) do BY_CODE[account.code] = { name = name, title = account.title } end
end

local function amount_of(ledger, n)
  if ledger == "usd" then return money.dollars(n) .. " USD" end
  return ("%s%d.%03d RC"):format(n < 0 and "-" or "", math.floor(math.abs(n) / 1000), math.abs(n) % 1000)
end

local function account_of(code, owner)
  return ("%s:%s%s"):format(KINDS[math.floor(code / 1000)], BY_CODE[code].name, owner and ":" .. owner or "")
end

-- ---- double-entry text ----------------------------------------------------------------------------------------

-- What stands in a text of hledger without meaning anything there.
local function plain(text) return (text:gsub("[%c;|]", "_")) end

local function entry(write, t)
  write(("\n%s (%d) %s | %s\n"):format(t.day, t.id, plain(t.event), plain(t.cause)))
end

local function postings(write, t)
  write(("    %-70s  %20s\n    %-70s  %20s\n"):format(
    plain(account_of(t.debit, t.debit_owner)), amount_of(t.ledger, t.amount),
    plain(account_of(t.credit, t.credit_owner)), amount_of(t.ledger, -t.amount)))
end

--- Writes all that is posted, by write(text): an entry for each event, debits above zero.  Returns how many transfers.
function M.export(write)
  write "; the ledger, by `human ledger export`: dollars (USD) and credits (RC)\n"
  write "commodity 1000.00 USD\ncommodity 1000.000 RC\n"
  return db.tx(function(tx)
    local last, count, event = 0, 0, nil
    repeat
      local rows = tx:query(M.sql.transfers, last, PAGE)
      for _, t in ipairs(rows) do
        if event ~= t.event .. t.cause .. t.day then entry(write, t) end
        event, last, count = t.event .. t.cause .. t.day, t.id, count + 1
        postings(write, t)
      end
    until #rows < PAGE
    return count
  end, { isolation = "repeatable read", read_only = true })
end

-- ---- in words -------------------------------------------------------------------------------------------------

local VERBS = { posted = "moved", pending = "reserved", post = "moved, as it was reserved", void = "released" }

local function named(code, owner) return BY_CODE[code].title .. (owner and " " .. owner or "") end

local function transfers_in_words(out, rows)
  local event
  for _, t in ipairs(rows) do
    if t.event ~= event then out[#out + 1] = ("%s  %s"):format(t.at, t.event) end
    event = t.event
    out[#out + 1] = ("  %s %s: from %s to %s"):format(amount_of(t.ledger, t.amount), VERBS[t.kind],
      named(t.debit, t.debit_owner), named(t.credit, t.credit_owner))
  end
end

local POOLS = { M = "marketplace", W = "withdrawable" }

local function lots_in_words(out, cause)
  for _, l in ipairs(db.query(M.sql.lots, cause, LINES_MAX)) do
    out[#out + 1] = ("lot %d: %s %s credits came to %s (%s); %s are left%s"):format(l.id, money.credits(l.amount),
      POOLS[l.pool], l.actor, l.reason, money.credits(l.remaining), l.expires_at and ", until " .. l.expires_at or "")
  end
end

local function debits_in_words(out, cause)
  local debit
  for _, d in ipairs(db.query(M.sql.debits, cause, LINES_MAX)) do
    if d.id ~= debit then
      out[#out + 1] = ("debit %d: %s credits went from %s (%s), newest first:"):format(d.id, money.credits(d.amount),
        d.actor, d.reason)
    end
    debit = d.id
    out[#out + 1] = ("  %s of lot %d, %s (%s)%s"):format(money.credits(d.part), d.lot, POOLS[d.pool], d.came_for,
      d.returned > 0 and ("; %s came back"):format(money.credits(d.returned)) or "")
  end
end

--- What happened to a cause (the id of a transaction, a payment, a withdrawal, ..), in words; nil when the ledger knows
--- nothing of it.
function M.explain(cause)
  local rows = db.query(M.sql.of_cause, cause, LINES_MAX)
  if not rows[1] then return nil end
  local out = {}
  transfers_in_words(out, rows)
  lots_in_words(out, cause)
  debits_in_words(out, cause)
  return table.concat(out, "\n") .. "\n"
end

return M
