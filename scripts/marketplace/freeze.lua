-- scripts/marketplace/freeze.lua -- payouts stop when the books are not true: no money leaves the platform until an
-- operator has looked (`human ledger freeze|unfreeze`).  What is under way at the processor ends as it does.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local log = require "human.log"
local metrics = require "human.metrics"
local records = require "marketplace.trail"
local system = require "human.system"

local M = {}

M.sql = {
  now = "select reason, frozen_at from market_freezes where lifted_at is null",
  freeze = [[insert into market_freezes (reason) values ($1) on conflict ((true)) where lifted_at is null do nothing
    returning id]],
  lift = [[update market_freezes set lifted_at = human_now(), lift_reason = $1 where lifted_at is null returning id]],
  seen = [[select f.reason, f.frozen_at, a.found,
      extract(epoch from human_now() - a.ended_at)::float8 as age_s
    from (select) here left join market_audits a on true left join market_freezes f on f.lifted_at is null]],
}

--- Why payouts are stopped: {reason, frozen_at}, or nil; in a transaction or, without one, now.
function M.now(tx)
  if tx then return tx:row(M.sql.now) end
  return db.row(M.sql.now)
end

--- Fails when payouts are stopped.
function M.must_be_open(tx)
  if M.now(tx) then
    fail.throw("service_unavailable", { message = "Payouts are stopped until the platform has checked its books" })
  end
end

--- Stops payouts; false: they are stopped already.
function M.freeze(reason)
  return db.tx(function(tx)
    local made = tx:row(M.sql.freeze, reason)
    if not made then return false end
    records.put(tx, { action = "payouts freeze", resource_type = "payouts", resource_id = made.id,
                      facts = { reason = reason } })
    tx:after_commit(function() log.error("marketplace: payouts are stopped", { reason = reason }) end)
    return true
  end)
end

--- Lets payouts go on; false: they are not stopped.
function M.lift(reason)
  return db.tx(function(tx)
    local lifted = tx:row(M.sql.lift, reason)
    if not lifted then return false end
    records.put(tx, { action = "payouts unfreeze", resource_type = "payouts", resource_id = lifted.id,
                      facts = { reason = reason } })
    tx:after_commit(function() log.info("marketplace: payouts go on", { reason = reason }) end)
    return true
  end)
end

metrics.describe("human_market_payouts_frozen", "1: payouts are stopped, since the marketplace's books are not true.")
metrics.describe("human_market_audit_age_seconds", "How long ago the marketplace's books were last checked.")
metrics.describe("human_market_audit_findings", "What the last check of the marketplace's books found, by check.")

--- For /health and /metrics: sets the gauges and returns what is the matter.
function M.probe()
  local seen = db.row(M.sql.seen)
  metrics.set("human_market_payouts_frozen", seen.frozen_at and 1 or 0)
  metrics.set("human_market_audit_age_seconds", seen.age_s or -1)
  for check, count in pairs(json.decode(seen.found or "{}")) do
    metrics.set("human_market_audit_findings", count, { check = check })
  end
  return seen.frozen_at and { "the marketplace's payouts are stopped: " .. seen.reason } or {}
end

system.probe "marketplace.freeze.probe"

return M
