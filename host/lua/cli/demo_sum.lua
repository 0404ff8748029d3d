-- host/lua/cli/demo_sum.lua -- how the demo has ended: who spent and earned what, as the marketplace says, and whether
-- the books are right.

local lines = require "human.cli.demo_lines"
local server = require "human.cli.demo_server"

local M = {}

local function cents(usd) return math.floor(usd * 100 + 0.5) end

-- What each deal has come to, added to the rows of its sides.
local function add_deals(rows, deals)
  for _, deal in ipairs(deals) do
    local whole = deal.buyer:get("/transactions-get?transaction_id=" .. deal.transaction_id)
    local t = whole.transaction
    if t.status == "accepted" then
      local buyer, seller = rows[deal.buyer.id], rows[deal.seller.id]
      buyer.spent_cents = buyer.spent_cents + cents(t.price_usd)
      seller.earned_cents = seller.earned_cents + cents(t.seller_payout_usd)
    end
  end
end

local SPENT = { tool_subscription = true, tool_usage = true }

-- What tools have cost and brought, and what was paid out: from the history of credits.
local function add_credits(row, actor)
  local list = actor:get("/credits-history?limit=50").transactions
  for _, entry in ipairs(list) do
    if SPENT[entry.reason] and entry.amount < 0 then row.spent_cents = row.spent_cents - entry.amount end
    if entry.reason == "tool_revenue" then row.earned_cents = row.earned_cents + entry.amount end
    if entry.reason == "payout" then row.paid_out_cents = row.paid_out_cents - entry.amount end
  end
  row.credits = actor:get("/credits-balance").rc_balance
end

--- The rows {who, role, spent_cents, earned_cents, paid_out_cents, credits}, and what the platform has kept of what was
--- spent, in cents.  deals: as play.deal returned them.  Awaits.
function M.table(cast, deals)
  local rows, list, kept_cents = {}, {}, 0
  for _, actor in ipairs(cast.all) do
    if actor.role ~= "admin" then
      local row = { who = actor.name, role = actor.role, spent_cents = 0, earned_cents = 0, paid_out_cents = 0 }
      rows[actor.id], list[#list + 1] = row, row
    end
  end
  add_deals(rows, deals)
  for _, actor in ipairs(cast.all) do
    local row = rows[actor.id]
    if row then
      add_credits(row, actor)
      kept_cents = kept_cents + row.spent_cents - row.earned_cents
    end
  end
  return list, kept_cents
end

local function money(amount) return amount == 0 and "-" or lines.usd(amount / 100) end

--- The table as lines.
function M.lines(rows, kept_cents)
  local format = "%-10s %-9s %10s %10s %10s %9s"
  local out = { format:format("WHO", "ROLE", "SPENT", "EARNED", "PAID OUT", "CREDITS") }
  for _, row in ipairs(rows) do
    out[#out + 1] = format:format(row.who, row.role, money(row.spent_cents), money(row.earned_cents),
      money(row.paid_out_cents), ("%.14g"):format(row.credits))
  end
  out[#out + 1] = format:format("platform", "keeps", "-", money(kept_cents), "-", "-")
  return out
end

--- What `human ledger check` says of the demo's books, and whether they are right.
function M.books()
  local said = server.human "ledger check"
  return said, said:find("%d checks, 0 findings", 1) ~= nil and not said:find("stopped", 1, true)
end

return M
