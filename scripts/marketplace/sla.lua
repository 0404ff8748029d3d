-- scripts/marketplace/sla.lua -- asks each tool that somebody has subscribed to, once a minute, whether it is there: by
-- GET, without a credential, through the guard of human.fetch.  Those that did not answer the last time are asked by
-- a job of their own, so that tools that hang hold up none that does not.

local db = require "human.db"
local fetch = require "human.fetch"
local jobs = require "human.jobs"
local json = require "human.json"
local log = require "human.log"
local task = require "human.task"
local rules = require "marketplace.rules.sla"
local stats = require "marketplace.tools_stats"

local M = {}

local LOOK_S = 10

M.sql = {
  due = [[with due as (
      select listing_id from market_tools where is_active and state = 'open' and subscriber_count > 0
        and (probe_misses > 0) = $1::bool and probe_at <= human_now() order by probe_at limit $2::int
        for no key update skip locked
    ) update market_tools t set probe_at = greatest(t.probe_at + $3::int * interval '1 second',
        human_now() + $3::int * interval '500 ms')
      from due join market_listings l on l.id = due.listing_id where t.listing_id = due.listing_id
      returning t.listing_id as id, l.tool_meta]],
  note = [[with seen as (
      update market_tools set probe_misses = case when $2::bool then 0 else probe_misses + 1 end,
        answered_at = case when $2::bool then human_now() else answered_at end
      where listing_id = $1::uuid
    ), noted as (
      insert into market_tool_minutes as m (listing_id, minute, probes, probe_failures)
      values ($1::uuid, date_trunc('minute', human_now()), 1, case when $2::bool then 0 else 1 end)
      on conflict (listing_id, minute) do update set probes = m.probes + 1,
        probe_failures = m.probe_failures + excluded.probe_failures
    ) insert into market_tool_hours as h (listing_id, hour, probes, probe_failures)
      values ($1::uuid, date_trunc('hour', human_now() at time zone 'UTC') at time zone 'UTC', 1,
        case when $2::bool then 0 else 1 end)
      on conflict (listing_id, hour) do update set probes = h.probes + 1,
        probe_failures = h.probe_failures + excluded.probe_failures]],
  -- Of the tools that have answered the last time: how many hosts, and how many of these have not lately.
  lately = [[select count(*)::int as hosts, count(*) filter (where not has_answered)::int as failed
    from (select bool_or(t.answered_at > human_now() - $1::int * interval '1 second') as has_answered
      from (select listing_id, answered_at from market_tools where is_active and state = 'open'
          and subscriber_count > 0 and (probe_misses > 0) = false and answered_at is not null
          order by probe_at limit $2::int) t
      join market_listings l on l.id = t.listing_id
      group by substring(l.tool_meta ->> 'upstream_url' from '^https?://([^/?#]+)')) h]],
}

local function skip_body() return false end

-- Whether a tool is there.
local function answers(meta)
  local answer = fetch { guard = true, timeout_s = rules.timeout_ms / 1000, on_chunk = skip_body,
    url = rules.address { upstream_url = meta.upstream_url, health_url = meta.health_url,
                          path = meta.operation and meta.operation.path } }
  return rules.is_up { status = answer and answer.status, has_health_url = meta.health_url ~= nil }
end

local function host_of(meta) return meta.upstream_url:match "^%a+://([^/?#]+)" or meta.upstream_url end

local function note(tool, is_up)
  db.exec(M.sql.note, tool.id, is_up)
  stats.check(tool.id)
end

-- Hosts that were asked in a round, and those none of whose tools has answered.
local function seen_in(round)
  local up, hosts, answered = {}, 0, 0
  for _, one in ipairs(round) do
    if up[one.host] == nil then hosts = hosts + 1 end
    if one.is_up and not up[one.host] then answered = answered + 1 end
    up[one.host] = up[one.host] or one.is_up
  end
  return { hosts = hosts, failed = hosts - answered }
end

-- Those that answered count at once; the others, when it is known whether that is our fault: in the round of those
-- that answered the last time by the round itself, in the other one by what the first has seen lately.
local function judge(round, is_down)
  local missed = {}
  for _, one in ipairs(round) do
    if not one.is_up then missed[#missed + 1] = one end
  end
  if #missed == 0 then return end
  local seen = is_down and db.row(M.sql.lately, rules.recent_s, rules.batch) or seen_in(round)
  if rules.is_ours(seen) then
    log.warn("marketplace: most tools do not answer, which says nothing about them: is the network of this host down?",
      { asked = seen.hosts, failed = seen.failed })
    return
  end
  for _, one in ipairs(missed) do note(one.tool, false) end
end

-- Asks all that are due, so many at once; ends when all have answered.
local function run(is_down, at_once)
  local due, next_one, round = db.query(M.sql.due, is_down, rules.batch, rules.every_s), 0, {}
  local function work()
    while next_one < #due do
      next_one = next_one + 1
      local tool = due[next_one]
      local meta = json.decode(tool.tool_meta)
      local is_up = answers(meta)
      if is_up then note(tool, true) end
      round[#round + 1] = { tool = tool, host = host_of(meta), is_up = is_up }
      if #round == #due then judge(round, is_down) end
    end
  end
  for _ = 1, math.min(at_once, #due) do task.spawn(work) end
end

--- Work by the clock: tools that answered the last time, or have not been asked.
function M.run() run(false, rules.at_once) end

--- Work by the clock: tools that did not.
function M.run_down() run(true, rules.at_once_down) end

jobs.every("market.sla_probes", LOOK_S, "marketplace.sla.run")
jobs.every("market.sla_probes_down", LOOK_S, "marketplace.sla.run_down")

return M
