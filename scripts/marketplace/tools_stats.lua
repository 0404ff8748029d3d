-- scripts/marketplace/tools_stats.lua -- how tools do, by the calls that were made of them and by what the platform
-- asks (marketplace.sla): summed up by the hour, and held against what their listings promise.

local db = require "human.db"
local fail = require "human.fail"
local jobs = require "human.jobs"
local json = require "human.json"
local listings = require "marketplace.listings"
local news = require "marketplace.news"
local rules = require "marketplace.rules.tools"
local sla = require "marketplace.rules.sla"
local tools = require "marketplace.tools"

local M = {}

local EVERY_S, AT_ONCE, ROUNDS = 60, 2000, 50

M.sql = {
  sum = [[with ended as (
      select id from market_tool_calls where state <> 'open' and not is_counted and ended_at <= human_now()
      order by ended_at limit $1::int for update skip locked
    ), counted as (
      update market_tool_calls c set is_counted = true from ended where c.id = ended.id
      returning c.listing_id, date_trunc('hour', c.ended_at at time zone 'UTC') at time zone 'UTC' as hour, c.outcome,
        date_trunc('minute', c.ended_at) as minute, coalesce(c.first_ms, c.latency_ms) as latency_ms,
        case c.state when 'done' then c.price_mrc else 0 end as price_mrc,
        case c.state when 'done' then c.fee_mrc else 0 end as fee_mrc
    ), summed as (
      insert into market_tool_hours as h (listing_id, hour, calls, ok, failures, latency_ms, price_mrc, fee_mrc)
      select listing_id, hour, count(*) filter (where outcome not in ('lost', 'canceled')),
        count(*) filter (where outcome = 'ok'), count(*) filter (where outcome in ('failed', 'timeout')),
        coalesce(sum(latency_ms) filter (where outcome = 'ok'), 0), sum(price_mrc), sum(fee_mrc)
      from counted group by listing_id, hour order by listing_id, hour
      on conflict (listing_id, hour) do update set calls = h.calls + excluded.calls, ok = h.ok + excluded.ok,
        failures = h.failures + excluded.failures, latency_ms = h.latency_ms + excluded.latency_ms,
        price_mrc = h.price_mrc + excluded.price_mrc, fee_mrc = h.fee_mrc + excluded.fee_mrc
      returning h.listing_id
    ), noted as (
      insert into market_tool_minutes as m (listing_id, minute, calls, failures)
      select listing_id, minute, count(*) filter (where outcome not in ('lost', 'canceled')),
        count(*) filter (where outcome in ('failed', 'timeout'))
      from counted group by listing_id, minute order by listing_id, minute
      on conflict (listing_id, minute) do update set calls = m.calls + excluded.calls,
        failures = m.failures + excluded.failures
    ) select distinct listing_id as id, (select count(*) from counted) as calls from summed]],
  month = [[select coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(ok), 0)::bigint as ok,
      coalesce(sum(failures), 0)::bigint as failures, coalesce(sum(latency_ms), 0)::bigint as latency_ms,
      coalesce(sum(price_mrc), 0)::bigint as price_mrc, coalesce(sum(fee_mrc), 0)::bigint as fee_mrc,
      coalesce(sum(probes), 0)::bigint as probes, coalesce(sum(probe_failures), 0)::bigint as probe_failures
    from market_tool_hours where listing_id = $1::uuid and hour > human_now() - interval '30 days']],
  -- Whole minutes, the first of which may have begun before.
  hour = [[select coalesce(sum(calls), 0)::bigint as calls, coalesce(sum(failures), 0)::bigint as failures,
      coalesce(sum(probes), 0)::bigint as probes, coalesce(sum(probe_failures), 0)::bigint as probe_failures
    from market_tool_minutes where listing_id = $1::uuid
      and minute > human_now() - interval '61 minutes' and minute <= human_now()]],
  forget_minutes = [[delete from market_tool_minutes where ctid = any (array(select ctid from market_tool_minutes
    where minute < human_now() - $1::int * interval '1 hour' limit 1000))]],
  p95 = [[select percentile_disc(0.95) within group (order by latency_ms) as p95, count(*)::int as calls
    from (select coalesce(first_ms, latency_ms) as latency_ms from market_tool_calls
      where listing_id = $1::uuid and outcome = 'ok' and ended_at > human_now() - interval '1 hour'
      order by ended_at desc limit $2::int) newest]],
  misses = "select probe_misses from market_tools where listing_id = $1::uuid",
  keep = "update market_tools set uptime_30d = $2::float8, checked_at = human_now() where listing_id = $1::uuid",
  breach = [[insert into market_sla_breaches (listing_id, severity, type, value, threshold)
    select $1::uuid, $2, $3, $4::float8, $5::float8 where not exists (select from market_sla_breaches
      where listing_id = $1::uuid and type = $3 and severity in ($2, 'critical')
        and at > human_now() - $6::int * interval '1 hour')]],
  status = [[select t.uptime_30d as uptime, t.checked_at, (select count(*)::int from market_sla_breaches b
      where b.listing_id = t.listing_id and b.at > human_now() - interval '30 days') as breaches
    from market_tools t where t.listing_id = $1::uuid]],
  forget = [[delete from market_tool_calls where ctid = any (array(select ctid from market_tool_calls
    where started_at < human_now() - $1::int * interval '1 day' and is_counted limit 1000))]],
}

local function measure(tx, listing, kind, value, threshold, calls, is_down)
  local severity = rules.breach({ type = kind, value = value, threshold = threshold, calls = calls,
                                  is_down = is_down or false }).severity
  if not severity then return end
  if tx:exec(M.sql.breach, listing.id, severity, kind, value, threshold, rules.rearm_hours) == 0 then return end
  news.put(tx, { name = "tool.sla_breach", about = listing.id, to = tools.concerned(tx, listing), data = {
    listing_id = listing.id, severity = severity, type = kind, value = value, threshold = threshold } })
end

-- Percent of what was asked of a tool, by callers and by the platform, that it has answered, and how much that was.
local function uptime_of(sums)
  local asked = sums.calls + sums.probes
  if asked == 0 then return nil, 0 end
  return rules.uptime { calls = asked, failures = sums.failures + sums.probe_failures }, asked
end

-- What the last sixty minutes say of what is promised.
local function check_hour(tx, listing, promised, hour)
  local value, asked = uptime_of(hour)
  if promised.uptime_target_pct and value then
    local is_down = tx:value(M.sql.misses, listing.id) >= sla.down_misses
    measure(tx, listing, "uptime", value, promised.uptime_target_pct, asked, is_down)
  end
  if promised.max_error_rate_pct and hour.calls > 0 then
    local rate = math.floor(10000 * hour.failures / hour.calls + 0.5) / 100
    measure(tx, listing, "error_rate", rate, promised.max_error_rate_pct, hour.calls)
  end
end

--- Holds a tool against what its listing promises.
function M.check(id)
  db.tx(function(tx)
    tx:row(tools.sql.lock, id)                   -- one at a time
    local listing = listings.get(tx, id)
    local promised = listing.sla_config and json.decode(listing.sla_config) or {}
    local month, hour = tx:row(M.sql.month, id), tx:row(M.sql.hour, id)
    tx:exec(M.sql.keep, id, (uptime_of(month)))
    check_hour(tx, listing, promised, hour)
    local newest = promised.max_latency_p95_ms and tx:row(M.sql.p95, id, rules.samples)
    if newest and newest.p95 then
      measure(tx, listing, "latency", newest.p95, promised.max_latency_p95_ms, newest.calls)
    end
  end)
end

--- Work by the clock: what was called since the last time.
function M.run()
  local touched = {}
  for _ = 1, ROUNDS do
    local rows = db.query(M.sql.sum, AT_ONCE)
    for _, row in ipairs(rows) do touched[row.id] = true end
    if not rows[1] or rows[1].calls < AT_ONCE then break end
  end
  for id in pairs(touched) do M.check(id) end
  db.sweep(M.sql.forget, 1000, ROUNDS, rules.kept_days)
  db.sweep(M.sql.forget_minutes, 1000, ROUNDS, rules.minutes_hours)
end

--- Whether a tool keeps its uptime: {uptime, target, breaches, status, checked_at}.  Fails with not_found.
function M.status(id)
  local listing = listings.get(db, id)
  local now = db.row(M.sql.status, id) or fail.throw "not_found"
  now.target = listing.sla_config and json.decode(listing.sla_config).uptime_target_pct or nil
  now.status = rules.status { uptime = now.uptime, target = now.target }
  return now
end

jobs.every("market.tool_stats", EVERY_S, "marketplace.tools_stats.run")

return M
