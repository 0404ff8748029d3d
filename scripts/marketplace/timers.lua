-- scripts/marketplace/timers.lua -- what happens to bids, transactions and milestones when nobody does anything.
-- A row of the queue names the time that it was made for: when that is no longer the object's, there is nothing to do.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local bids = require "marketplace.bids"
local milestones = require "marketplace.milestones"
local news = require "marketplace.news"
local transactions = require "marketplace.transactions"
local unpaid = require "marketplace.unpaid"

local M = {}

M.sql = {
  breach = "update market_transactions set is_sla_breached = true where id = $1::uuid and not is_sla_breached",
}

-- It has gone on otherwise meanwhile, or has just ended without its money.
local TOO_LATE = { invalid_state = true, not_found = true, capture_failed = true }

-- Runs fn(tx) with the end of the row.
local function once(row, fn)
  db.tx(function(tx)
    local ok, err = pcall(unpaid.watch, function() return db.tx(fn) end)
    if not ok and not (fail.is(err) and TOO_LATE[err.code]) then error(err, 0) end
    row:done(tx)
  end)
end

local function tell(tx, t, name, to)
  news.put(tx, { name = name, about = t.id, to = to, data = {
    transaction_id = t.id, title = t.title, status = t.state, sla_deadline = t.sla_deadline,
    review_deadline = t.review_deadline } })
end

local ON = {}                                    -- by name: fn(tx, t, at)

function ON.assign(tx, t)
  if t.state == "pending_payment" then transactions.assign(tx, transactions.lock(tx, t.id), nil, "payment") end
end

function ON.payment(tx, t)
  if t.state == "pending_payment" then transactions.give_back(tx, t.id, "time_out", nil, "payment-timeout") end
end

function ON.review(_, t, at)
  if t.state == "delivered" and t.review_deadline == at then transactions.accept(nil, t.id, "auto-accept") end
end

function ON.remind(tx, t)
  if t.state == "delivered" then tell(tx, t, "transaction.review_due", { t.buyer_id }) end
end

-- The same of work, or of a part of it, that has not been delivered.
local LATE = {}

function LATE.sla_warn(tx, t) tell(tx, t, "transaction.sla_warning", { t.seller_id, t.buyer_id }) end

function LATE.sla_breach(tx, t)
  if tx:exec(M.sql.breach, t.id) == 1 then tell(tx, t, "transaction.sla_breached", { t.seller_id, t.buyer_id }) end
end

function LATE.sla_refund(tx, t)
  tx:exec(M.sql.breach, t.id)
  transactions.give_back(tx, t.id, "give_up", nil, "sla-refund")
end

--- A transaction's time has come.
function M.transaction(row)
  once(row, function(tx)
    local t, what, at = transactions.lock(tx, row.key), row.payload.what, row.payload.at
    if ON[what] then return ON[what](tx, t, at) end
    if transactions.is_at_work(t) and t.sla_deadline == at then LATE[what](tx, t) end
  end)
end

--- A milestone's has.
function M.milestone(row)
  once(row, function(tx)
    local p = row.payload
    local t, m = milestones.lock(tx, p.transaction_id, p.sequence)
    if p.what == "review" then
      if m.review_deadline == p.at then milestones.accept(nil, t.id, m.sequence, "auto-accept") end
    elseif m.state == "active" and t.state == "assigned" and m.sla_deadline == p.at then
      LATE[p.what](tx, t)
    end
  end)
end

--- A bid's or a counter offer's has.
function M.bid(row)
  once(row, function(tx) bids.expire(tx, row.key, row.payload.at) end)
end

queue.define("market.transaction", "marketplace.timers.transaction", { per_key = true })
queue.define("market.milestone", "marketplace.timers.milestone", { per_key = true })
queue.define("market.bid", "marketplace.timers.bid", { per_key = true })

return M
