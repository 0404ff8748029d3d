-- scripts/marketplace/stripe/walks.lua -- events that never came, because our endpoint was down for days: Stripe lists
-- those of the last 30 days (https://docs.stripe.com/api/events/list), ours, and those of each connected account.  A
-- walk goes from the newest back to where the last one began, and on where it was stopped; events.keep knows which
-- are new.

local db = require "human.db"
local log = require "human.log"
local events = require "marketplace.stripe.events"
local lists = require "marketplace.stripe.lists"

local M = {}

local ACCOUNTS, OVERLAP_S = 500, 3600            -- OVERLAP_S: events may appear late
local OURS = {
  "payment_intent.amount_capturable_updated", "payment_intent.succeeded", "payment_intent.payment_failed",
  "payment_intent.canceled", "refund.updated", "refund.failed", "charge.dispute.created", "charge.dispute.updated",
  "charge.dispute.closed", "charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated",
}
local CONNECTED = { "account.updated", "payout.paid", "payout.failed", "payout.canceled" }

local COLUMNS = "account, since_s, newest_s, after"

M.sql = {
  ours = "select " .. COLUMNS .. " from market_stripe_walks where account = ''",
  oldest = "select " .. COLUMNS .. [[ from market_stripe_walks where account <> '' order by walked_at limit $1::int]],
  save = [[update market_stripe_walks set since_s = $2, newest_s = $3, after = $4, walked_at = human_now()
    where account = $1]],
}

local function save(w) db.exec(M.sql.save, w.account, w.since_s, w.newest_s, w.after) end

-- Keeps the events of a page.
local function keep(page, account)
  for _, e in ipairs(page) do
    local object = type(e.data) == "table" and type(e.data.object) == "table" and e.data.object.id
    events.keep { id = e.id, type = e.type, object = object or "", account = account }
  end
end

-- Reads one page.  True when there are more; nil and why, when Stripe does not say.
local function step(w)
  local account = w.account ~= "" and w.account or nil
  local params = { types = account and CONNECTED or OURS }
  if w.since_s > 0 then params.created = { gte = math.max(0, w.since_s - OVERLAP_S) } end
  local page, more = lists.page("/v1/events", params, w.after, account)
  if not page then
    if more.is_passing then return nil, more end
    w.after, w.newest_s = nil, nil               -- that event is older than 30 days by now: from the newest again
    save(w)
    return nil, more
  end
  keep(page, account)
  w.newest_s = w.newest_s or page[1] and page[1].created or w.since_s
  if more then w.after = more else w.since_s, w.newest_s, w.after = w.newest_s, nil, nil end
  save(w)
  return more ~= nil
end

-- False: Stripe did not say.
local function walk(w)
  for _ = 1, lists.PAGES do
    local has_more, err = step(w)
    if err then
      log.warn("stripe: its events cannot be read", { account = w.account, why = err.code })
      return false
    end
    if not has_more then return true end
  end
  return true                                    -- the rest an hour later
end

--- Reads what has happened since the last walk: our own events, and those of the accounts that have waited longest.
--- Adds up in counts = {walked, failed}.
function M.run(counts)
  local due = db.query(M.sql.oldest, ACCOUNTS)
  table.insert(due, 1, db.row(M.sql.ours))
  for _, w in ipairs(due) do
    counts.walked = counts.walked + 1
    if not walk(w) then counts.failed = counts.failed + 1 end
  end
end

return M
