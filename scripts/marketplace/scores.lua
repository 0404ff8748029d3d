-- scripts/marketplace/scores.lua -- recalculates an actor: its scores, its tier, its places on the leaderboard.  After
-- each event of its reputation, and every night, since what is older weighs less.

local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local queue = require "human.queue"
local time = require "human.time"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rule = require "marketplace.rules.reputation"

local M = {}

local RECALC, NIGHT, PAGE = "market.reputation", "market.reputation.night", 100
local DAY_MS = 86400000

M.sql = {
  actor = [[select id, tier, tasks_completed, acceptance_rate, consumer_score, provider_score from market_actors
    where id = $1::uuid for no key update]],
  state = [[insert into market_reputation_states (actor_id) values ($1::uuid)
    on conflict (actor_id) do update set updated_at = human_now()
    returning failures, coalesce(judged_on = (human_now() at time zone 'utc')::date, false) as is_judged]],
  -- Sums of each kind, in each category and period.
  sums = [[with e as (select kind, value, outcome, at, categories,
      weight * power(0.5, extract(epoch from human_now() - at)::float8 / 86400 / $3::float8) as w
      from market_reputation_events where actor_id = $1::uuid and side = $2
        and at > human_now() - $4::float8 * interval '1 day' order by at desc limit $5::int)
    select c.category, p.period, e.kind, sum(w * value)::float8 as good, sum(w)::float8 as weight,
      count(*) filter (where outcome = 'accepted') as completed
    from e cross join (values ('all_time', 100000), ('monthly', 30), ('weekly', 7)) p (period, days)
    cross join lateral (select '' union select unnest(e.categories)) c (category)
    where e.at > human_now() - p.days * interval '1 day' group by 1, 2, 3]],
  -- What weighs nothing, a credit task, was accepted by a rubric, not by a buyer: it is completed, and says no more.
  totals = [[select count(*) filter (where outcome = 'accepted') as completed,
      count(*) filter (where outcome = 'accepted' and weight > 0) as accepted,
      count(*) filter (where weight > 0) as ended, coalesce(avg(value) filter (where weight > 0), 0)::float8 as rate,
      count(distinct counter_owner) filter (where outcome = 'accepted' and weight > 0) as owners,
      count(*) filter (where outcome = 'refunded' and at > human_now() - $2::float8 * interval '1 day') as lost
    from market_reputation_events where actor_id = $1::uuid and kind = 'acceptance']],
  imported = [[select avg(score)::float8 as score from market_reputation_imports where actor_id = $1::uuid
    and status = 'verified']],
  -- The newest of each tool and suite; what cost nothing to measure again is not counted again.
  benchmarks = [[select coalesce(sum(w * composite), 0)::float8 as good, coalesce(sum(w), 0)::float8 as weight
    from (select distinct on (l.id, r.suite_id) r.composite,
        power(0.5, extract(epoch from human_now() - r.ended_at)::float8 / 86400 / $2::float8) as w
      from market_listings l cross join lateral (select suite_id, composite, ended_at from market_benchmark_runs
          where listing_id = l.id and state = 'completed' and composite is not null
            and created_at > human_now() - $3::float8 * interval '1 day'
          order by created_at desc limit 100) r
      where l.actor_id = $1::uuid order by l.id, r.suite_id, r.ended_at desc) newest]],
  forget = "delete from market_reputation_scores where actor_id = $1::uuid",
  score = [[insert into market_reputation_scores (actor_id, category, period, composite, tasks_completed)
    select $1::uuid, category, period, composite, tasks_completed from json_to_recordset($2::json)
      as x (category text, period text, composite real, tasks_completed int)]],
  judge = [[update market_reputation_states set failures = $2::int,
    judged_on = case when $3 then (human_now() at time zone 'utc')::date else judged_on end where actor_id = $1::uuid]],
  set = [[update market_actors set tier = $2::int, tasks_completed = $3::int, acceptance_rate = $4::real,
    consumer_score = $5::int, provider_score = $6::int where id = $1::uuid]],
  page = [[select actor_id as id from market_reputation_states where actor_id > $1::uuid
    order by actor_id limit $2::int]],
}

queue.define(RECALC, "marketplace.scores.run", { per_key = true, concurrency = 8 })
queue.define(NIGHT, "marketplace.scores.night", { concurrency = 1, attempts = 1000, backoff = { 1, 10, 60 } })
jobs.start "marketplace.scores.begin"

--- Has an actor recalculated soon; in tx.
function M.soon(tx, actor_id) queue.add(tx, RECALC, actor_id, nil, nil, { unique = "first" }) end

-- {[category .. period] = {category, period, completed, kinds}}, and the one of everything.
local function group(rows)
  local by, list = {}, {}
  for _, row in ipairs(rows) do
    local key = row.category .. "\n" .. row.period
    local one = by[key]
    if not one then
      one = { category = row.category, period = row.period, completed = 0, kinds = {} }
      by[key], list[#list + 1] = one, one
    end
    one.kinds[row.kind] = { good = row.good, weight = row.weight }
    one.completed = one.completed + row.completed
  end
  return list, by["\nall_time"]
end

local function sums(tx, actor_id, side)
  return group(tx:query(M.sql.sums, actor_id, side, rule.half_life_days, rule.events_days, rule.events))
end

-- more: {imported, benchmark}.
local function composite(one, more)
  one.kinds.imported, one.kinds.benchmark = more.imported, more.benchmark
  return rule.composite(one.kinds)
end

-- What others than buyers say: verified scores, and benchmarks of its tools.
local function others(tx, actor_id)
  local measured = tx:row(M.sql.benchmarks, actor_id, rule.half_life_days, rule.events_days)
  return { imported = tx:row(M.sql.imported, actor_id).score,
           benchmark = measured.weight > 0 and rule.benchmark(measured) or nil }
end

local function hundred(value) return value and math.floor(value * 100 + 0.5) or nil end

-- Writes an actor's places on the leaderboard; returns the composite of everything, or nil.
local function rank(tx, actor_id, more)
  local list, all = sums(tx, actor_id, "consumer")
  local rows = json.array {}
  for i, one in ipairs(list) do
    rows[i] = { category = one.category, period = one.period, composite = composite(one, more),
                tasks_completed = one.completed }
  end
  tx:ask(M.sql.forget, actor_id)
  if rows[1] then tx:ask(M.sql.score, actor_id, json.encode(rows)) end
  return all and composite(all, more)
end

local function judge(tx, actor, totals, score, is_night)
  local state = tx:row(M.sql.state, actor.id)
  local is_new_night = is_night and not state.is_judged
  local verdict = rule.tier { tier = actor.tier, failures = state.failures, is_night = is_new_night,
    accepted = totals.accepted, rate = totals.rate, composite = score or 0, owners = totals.owners, lost = totals.lost }
  tx:ask(M.sql.judge, actor.id, verdict.failures, is_new_night)
  return verdict.tier
end

local function tell(tx, was, is)
  if was.tier ~= is.tier then
    history.note(tx, { entity = "tier", id = is.id, from = tostring(was.tier), to = tostring(is.tier),
                       cause = "reputation" })
  end
  if was.tier == is.tier and was.consumer_score == is.consumer_score and was.provider_score == is.provider_score then
    return
  end
  news.put(tx, { name = "reputation.updated", about = is.id, to = { is.id }, data = { actor_id = is.id,
    tier = is.tier, consumer_score = is.consumer_score, provider_score = is.provider_score } })
end

--- Recalculates an actor in tx.  is_night: its tier is judged, once a night.
function M.recalculate(tx, actor_id, is_night)
  local actor = tx:row(M.sql.actor, actor_id)
  if not actor then return end
  local more = others(tx, actor_id)
  local score = rank(tx, actor_id, more)
  local _, tools = sums(tx, actor_id, "provider")
  tools = tools or more.benchmark and { kinds = {} }
  local totals = tx:row(M.sql.totals, actor_id, rule.dispute_days)
  local tier = judge(tx, actor, totals, score, is_night)
  local is = { id = actor_id, tier = tier, consumer_score = hundred(score),
               provider_score = tools and hundred(composite(tools, more)) }
  tx:ask(M.sql.set, actor_id, tier, totals.completed, totals.ended > 0 and totals.rate or nil, is.consumer_score,
    is.provider_score)
  tell(tx, actor, is)
end

--- A row of the queue: an event of an actor's reputation.
function M.run(row)
  db.tx(function(tx)
    M.recalculate(tx, row.key, false)
    row:done(tx)
  end, { durable = false })                      -- or it is done again
end

local function next_night()
  local today = time.now_ms() - rule.night_ms
  return today - today % DAY_MS + DAY_MS + rule.night_ms
end

local FIRST = "00000000-0000-0000-0000-000000000000"

--- A row of the queue: a part of a night, those after an actor.
function M.night(row)
  local after = row.payload.after or FIRST
  local page = db.query(M.sql.page, after, PAGE)
  for _, actor in ipairs(page) do
    db.tx(function(tx) M.recalculate(tx, actor.id, true) end)
  end
  db.tx(function(tx)
    local is_last = #page < PAGE
    queue.add(tx, NIGHT, "night", is_last and next_night() or nil, { after = not is_last and page[#page].id or nil },
      { unique = "first" })
    row:done(tx)
  end)
end

--- When a host starts: there is always a night to come.
function M.begin() queue.add(db, NIGHT, "night", next_night(), {}, { unique = "first" }) end

return M
