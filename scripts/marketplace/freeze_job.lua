-- scripts/marketplace/freeze_job.lua -- the books are checked by the clock, and payouts stop when they are not true.
-- A check of large books may take long: then it runs less often, so that it takes a twentieth of the time at most.

local config = require "human.config"
local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local task = require "human.task"
local audit = require "marketplace.audit"
local freeze = require "marketplace.freeze"

local M = {}

local NAMED = 3                                  -- findings that the reason has

M.sql = {
  is_due = [[select coalesce((select ended_at + greatest($1::int * interval '1 second', took_ms * 20 * interval '1 ms')
    <= human_now() + interval '1 second' from market_audits), true)]],
  note = [[insert into market_audits (found, took_ms, ended_at) values ($1::jsonb, $2, human_now())
    on conflict (id) do update set found = excluded.found, took_ms = excluded.took_ms, ended_at = excluded.ended_at]],
}

local function reason_of(found)
  local names = {}
  for i = 1, math.min(NAMED, #found) do
    local f = found[i]
    names[i] = ("%s (%s, by %s)"):format(f.says, f.what, f.off)
  end
  if #found > NAMED then names[#names + 1] = ("and %d more"):format(#found - NAMED) end
  return table.concat(names, "; ")
end

--- Checks the books now; payouts stop when something is found that is more than a notice.  Returns that.
function M.check()
  local began, counts, stops = task.clock(), {}, {}
  for _, c in ipairs(audit.CHECKS) do counts[c.name] = 0 end
  for _, f in ipairs(audit.run()) do
    counts[f.check] = counts[f.check] + 1
    if not f.is_notice then stops[#stops + 1] = f end
  end
  if #stops > 0 then freeze.freeze(reason_of(stops)) end
  db.exec(M.sql.note, json.encode(counts), math.floor((task.clock() - began) * 1000))
  return stops
end

--- Work by the clock.
function M.run()
  local every_s = config.marketplace.audit_s
  if every_s > 0 and db.value(M.sql.is_due, every_s) then M.check() end
end

jobs.every("market.audit", 10, "marketplace.freeze_job.run")

return M
