-- scripts/marketplace/grants.lua -- credits that are given away (for registering, for a referral, for a credit task):
-- they can be spent, not withdrawn, and end after a year.  Both the warning and the end are rows of the queue, added
-- in the transaction of the grant.

local db = require "human.db"
local jobs = require "human.jobs"
local queue = require "human.queue"
local credits = require "marketplace.credits"
local halvening = require "marketplace.rules.halvening"
local news = require "marketplace.news"

local M = {}

local EXPIRE, WARN = "market.credits.expire", "market.credits.warn"
local LEFT_S, LEFT_AT_ONCE = 600, 100
local MRC = 1000                                 -- of a credit

M.sql = {
  times = [[select end_at, end_at - $2::int * interval '1 day' as warn_at
    from (select human_now() + $1::int * interval '1 month' as end_at) t]],
  lot = [[select remaining, expires_at from credit_lots where id = $1::bigint and remaining > 0
    and expires_at > human_now()]],
  left = [[select distinct actor from (select actor from credit_lots where remaining > 0 and expires_at is not null
    and expires_at < human_now() - interval '5 minutes' order by expires_at limit $1) late]],
}

--- When what is given now ends, and when that is told: {end_at, warn_at}.
function M.times(tx) return tx:row(M.sql.times, halvening.expires_months, halvening.warning_days) end

--- Gives an actor credits, in tx: {actor, credits (whole ones), reason = "halvening_grant" | "referral" |
--- "credit_task", from = account (the platform's; without it they are issued), times = times() when it was asked
--- before}; once for each (cause, event).
function M.give(tx, event, cause, gift)
  if gift.credits <= 0 then return end
  local times = gift.times or M.times(tx)
  local lot = credits.grant(tx, event, cause, {
    actor = gift.actor, amount = gift.credits * MRC, reason = gift.reason, from = gift.from, expires_at = times.end_at,
  })
  queue.add(tx, WARN, tostring(lot), times.warn_at, { actor = gift.actor })
  queue.add(tx, EXPIRE, tostring(lot), times.end_at, { actor = gift.actor })
end

-- Queue: credits that nobody has spent end soon.
function M.warn(row)
  db.tx(function(tx)
    local lot = tx:row(M.sql.lot, row.key)
    if lot then
      local actor = row.payload.actor
      news.put(tx, { name = "credits.expiring", about = actor, to = { actor },
                     data = { lot = row.key, amount_mrc = lot.remaining, expires_at = lot.expires_at } })
    end
    row:done(tx)
  end)
end

local function end_lots(tx, actor)
  local before = credits.expire(tx, actor)
  if before > 0 then
    news.put(tx, { name = "credits.expired", about = actor, to = { actor }, data = { lots = before } })
  end
end

-- Queue: a lot has come to its end.
function M.expire(row)
  db.tx(function(tx)
    end_lots(tx, row.payload.actor)
    row:done(tx)
  end)
end

-- Job: what came back into a lot after its end (a purchase that was undone).
function M.sweep()
  for _, late in ipairs(db.query(M.sql.left, LEFT_AT_ONCE)) do
    db.tx(function(tx) end_lots(tx, late.actor) end)
  end
end

local TIRELESS = { attempts = 1000, backoff = { 1, 10, 60, 600 }, concurrency = 4 }
queue.define(WARN, "marketplace.grants.warn", TIRELESS)
queue.define(EXPIRE, "marketplace.grants.expire", TIRELESS)
jobs.every("market.credits.sweep", LEFT_S, "marketplace.grants.sweep")

return M
