-- scripts/marketplace/unpaid.lua -- the money of a transaction cannot be had any more: its authorisation has lapsed or
-- was voided, or the card could not be captured.  Nobody works, or waits, for nothing: whatever state it is in, it ends
-- in the transaction in which its payment does, and all that hangs on it does, too.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local disputes = require "marketplace.disputes"
local milestones = require "marketplace.milestones"
local news = require "marketplace.news"
local subcontracts = require "marketplace.subcontracts"
local transactions = require "marketplace.transactions"

local M = {}

local UNDER_WAY = { assigned = true, delivered = true, revision_requested = true, disputed = true }
local CAUSE, WHY = "payment-gone", "The buyer's payment cannot be had any more: the work has ended"

M.sql = {
  chain = "select id from market_transactions where root_id = $1::uuid limit 1000",
}

-- What waits for a later time: of it, of its parts and of its milestones.
local function drop_timers(tx, t)
  for _, one in ipairs(tx:query(M.sql.chain, t.id)) do queue.cancel(tx, "market.transaction", one.id) end
  for _, m in ipairs(t.has_milestones and milestones.list(tx, t.id) or {}) do
    queue.cancel(tx, "market.milestone", m.id)
  end
end

--- Ends the transaction of a payment that has ended without its money, in tx; one that has ended already stays as it
--- is.
function M.finish(tx, id)
  local t = transactions.lock(tx, id)
  if t.state == "pending_payment" then return transactions.give_back(tx, id, "time_out", nil, CAUSE) end
  if not UNDER_WAY[t.state] then return t end
  t = transactions.step(tx, t, "lose", nil, CAUSE)
  disputes.end_without(tx, id, CAUSE, WHY)
  if t.has_milestones then milestones.stop(tx, t, CAUSE, "lose") end
  subcontracts.stop(tx, t, CAUSE)
  drop_timers(tx, t)
  news.put(tx, { name = "payment.lost", about = id, to = { t.buyer_id, t.seller_id }, data = {
    transaction_id = id, title = t.title, status = t.state, price_cents = t.price_cents } })
  return t
end

--- Whether an error says that the money of a transaction could not be had.
function M.is_lost(err) return fail.is(err) and err.code == "capture_failed" end

--- Ends the transaction of which an error says that its money could not be had; any other error ends nothing.
function M.settle(err)
  if not M.is_lost(err) then return end
  local payment = db.tx(function(tx)
    return require("marketplace.payments").take_or_end(tx, err.data.transaction_id)
  end)
  err.data.status = payment.state
end

--- Runs fn(), whose transactions may need the money of one: when that cannot be had they are undone, this one ends, and
--- the error goes on.  Returns what fn does.
function M.watch(fn)
  local got = { pcall(fn) }
  if got[1] then return unpack(got, 2, 4) end
  M.settle(got[2])
  error(got[2], 0)
end

return M
