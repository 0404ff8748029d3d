-- scripts/marketplace/trail_job.lua -- records of the audit trail are sealed by the clock, and operators see when not.

local db = require "human.db"
local jobs = require "human.jobs"
local metrics = require "human.metrics"
local system = require "human.system"
local trail = require "marketplace.trail"

local M = {}

local LATE_S = 300                               -- unsealed for so long is a problem

M.sql = {
  age = [[select coalesce(extract(epoch from human_now() - (select at from market_records where hash is null
    order by id limit 1)), 0)::float8]],
}

--- Work by the clock.
function M.run() trail.seal() end

jobs.every("market.records", 1, "marketplace.trail_job.run")

metrics.describe("human_market_records_unsealed_seconds",
  "How long a record of the audit trail has waited for its seal.")

--- For /health and /metrics.
function M.probe()
  local age = db.value(M.sql.age)
  metrics.set("human_market_records_unsealed_seconds", age)
  return age > LATE_S and { "records of the marketplace's audit trail are not sealed" } or {}
end

system.probe "marketplace.trail_job.probe"

return M
