-- scripts/marketplace/webhooks_queue.lua -- deliveries: events become rows of those endpoints that have asked for
-- them, and the rows are sent, again until they are taken.
-- An endpoint has a row in the queue of its lane while it has deliveries, and is worked on by one task at a time. Those
-- whose last tries were slow or failed have a lane of their own.  So have new ones until their first try, in which an
-- owner has one row, whatever it registers: what hangs delays nobody else.

local crypto = require "human.crypto"
local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local metrics = require "human.metrics"
local news_rule = require "marketplace.rules.news"
local outbox = require "human.outbox"
local queue = require "human.queue"
local task = require "human.task"
local time = require "human.time"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rule = require "marketplace.rules.webhooks"
local send = require "marketplace.webhooks_send"

local M = {}

local FAST, SLOW, NEW = "market.webhooks", "market.webhooks.slow", "market.webhooks.new"
-- Of all hosts together; a worker has places for 256 requests, of everybody (host/fetch).
local FAST_MOST, SLOW_MOST, NEW_MOST = 30, 32, 32  -- limit: webhook endpoints at a time
local AGAIN_S, NO_SECRET_S = 60, 2
local SWEEP_ROWS, SWEEP_ROUNDS = 1000, 100
local TEXT_KEPT = 200                            -- bytes of a text in what would be too large
local DISABLED = "the endpoint was disabled"

M.sql = {
  wanting = [[select id, actor_id, to_json(events) as events, state, sequence, is_fast, is_new,
      (select owner_id from market_actors a where a.id = actor_id) as owner_id
    from market_webhooks
    where actor_id = any (array(select json_array_elements_text($1::json)::uuid)) order by id for update]],
  add = [[insert into market_webhook_deliveries (webhook_id, event_id, sequence, type, body, state, last_error, next_at,
      ended_at)
    select r.webhook_id, r.event_id, r.sequence, r.type, r.body, r.state, r.last_error,
      case when r.state = 'pending' then human_now() end, case when r.state = 'failed' then human_now() end
    from json_to_recordset($1::json) as r(webhook_id uuid, event_id text, sequence bigint, type text, body text,
      state text, last_error text)]],
  count = [[update market_webhooks w set sequence = r.sequence
    from json_to_recordset($1::json) as r(id uuid, sequence bigint) where w.id = r.id]],
  -- A table that fills while it is sent from has no statistics yet: what follows reads it along its indexes all the
  -- same.
  lock = [[select id, actor_id, url, state, failures, failing_since, is_fast, is_new, secret,
      (select owner_id from market_actors a where a.id = actor_id) as owner_id,
      case when old_secret_until > human_now() then old_secret end as old_secret,
      coalesce(extract(epoch from human_now() - failing_since), 0)::float8 as failing_s,
      set_config('enable_seqscan', 'off', true) as is_by_index
    from market_webhooks where id = $1::uuid for update]],
  untried = [[select d.webhook_id from market_actors a
    join market_webhooks w on w.actor_id = a.id and w.is_new and w.state = 'active'
    join lateral (select webhook_id, next_at from market_webhook_deliveries
      where webhook_id = w.id and state = 'pending' and next_at <= human_now() order by next_at limit 1) d on true
    where a.owner_id = $1::uuid order by d.next_at, w.created_at, w.id limit 1]],
  claim = [[update market_webhook_deliveries d set attempts = d.attempts + 1, tried_at = human_now()
    where d.id = any (array(select id from market_webhook_deliveries where webhook_id = $1::uuid and state = 'pending'
      and next_at <= human_now() order by next_at, sequence limit $2::int))
    returning d.id, d.body, d.attempts, d.sequence, d.created_at]],
  settle = [[update market_webhook_deliveries d set state = r.state, last_error = r.error,
      status_codes = d.status_codes || r.status, next_at = case when r.state = 'pending'
        then human_now() + r.wait_s * interval '1 second' end,
      ended_at = case when r.state <> 'pending' then human_now() end
    from json_to_recordset($1::json) as r(id uuid, attempts int, state text, error text, status int, wait_s float8)
    where d.id = r.id and d.attempts = r.attempts and d.ended_at is null]],
  stand = [[update market_webhooks set failures = $2::int, is_fast = $3::boolean, is_new = false,
      failing_since = case when $2::int > 0 then coalesce(failing_since, human_now()) end where id = $1::uuid]],
  disable = [[update market_webhooks set state = 'disabled', reason = $2, updated_at = human_now()
    where id = $1::uuid and state = 'active']],
  give_up = [[update market_webhook_deliveries set state = 'failed', last_error = $2, next_at = null,
    ended_at = human_now() where webhook_id = $1::uuid and state = 'pending']],
  next = [[select next_at from market_webhook_deliveries where webhook_id = $1::uuid and state = 'pending'
    order by next_at limit 1]],
  late = [[select w.id from market_webhooks w join (select distinct webhook_id from (select webhook_id
      from market_webhook_deliveries where state = 'pending' and next_at < human_now() - interval '2 minutes'
      order by next_at limit 1000) d) l on l.webhook_id = w.id]],
  sweep = [[delete from market_webhook_deliveries where ctid = any (array(select ctid from market_webhook_deliveries
    where created_at < human_now() - $1::bigint * interval '1 ms' order by created_at limit 1000))]],
}

metrics.describe("human_market_webhook_tries_total", "Tries of deliveries to endpoints, by what became of the delivery")
metrics.describe("human_market_webhook_delay_seconds_total", "How long deliveries that were taken had waited, together")
metrics.describe("human_market_webhooks_disabled_total", "Endpoints that were disabled, by reason")

outbox.on(news.TOPIC, "marketplace.webhooks_queue.take", "marketplace.webhooks_queue.wants",
  [[exists (select from market_webhooks w
    where w.actor_id in (select v::uuid from json_array_elements_text(r.payload -> 'to') v))]])
local function declare(kind, fn, most)
  queue.define(kind, "marketplace.webhooks_queue." .. fn, { concurrency = most, per_key = true, attempts = 1000,
                                                            timeout_s = 60, backoff = { 2, 10, 60 } })
end
declare(FAST, "fast", FAST_MOST)
declare(SLOW, "slow", SLOW_MOST)
declare(NEW, "first", NEW_MOST)
jobs.every("market.webhooks.late", AGAIN_S, "marketplace.webhooks_queue.look")
jobs.every("market.webhooks.sweep", 3600, "marketplace.webhooks_queue.sweep")

local function lane(hook) return hook.is_new and NEW or hook.is_fast and FAST or SLOW end

--- Has an endpoint, which is locked in tx, worked on at a time (nil: now).  hook: {id, owner_id, is_fast, is_new}.
function M.wake(tx, hook, at)
  local kind = lane(hook)
  -- Whose row it would move may have others to try at once; once it is due, it changes the lane.
  if kind == NEW and at then kind = SLOW end
  queue.add(tx, kind, kind == NEW and hook.owner_id or hook.id, at, nil, { unique = "last" })
end

-- ---- what is told ------------------------------------------------------------------------------------------

local function thin(data)
  local out = {}
  for name, value in pairs(data) do
    if type(value) ~= "table" and (type(value) ~= "string" or #value <= TEXT_KEPT) then out[name] = value end
  end
  return out
end

--- The body of a message, the same bytes at each try.  message: {type, timestamp, data, sequence, test}.
function M.body(message)
  local order = { "type", "timestamp", "data", "sequence", "test" }
  local text = json.encode_sorted(message, order)
  if #text <= rule.body_bytes then return text end
  message.data = thin(message.data)
  return json.encode_sorted(message, order)
end

-- Events that an endpoint may have asked for, and the actors whom they concern.
local function concerned(batch)
  local events, ids, seen = {}, json.array {}, {}
  for _, row in ipairs(batch) do
    if rule.is_event(row.payload.name) then
      local to = {}
      for _, id in ipairs(row.payload.to or {}) do
        to[id] = true
        if not seen[id] then ids[#ids + 1], seen[id] = id, true end
      end
      events[#events + 1] = { id = row.id, at = row.added_at, to = to, name = row.payload.name,
                              data = row.payload.data or {} }
    end
  end
  return events, ids
end

local function delivery(hook, e)
  hook.sequence = hook.sequence + 1
  local is_active = hook.state == "active"
  return { webhook_id = hook.id, event_id = e.id, sequence = hook.sequence, type = e.name,
           state = is_active and "pending" or "failed", last_error = not is_active and DISABLED or nil,
           body = M.body { type = e.name, timestamp = e.at, data = news_rule.payload(e.data),
                           sequence = hook.sequence } }
end

local function add(tx, events, hooks)
  local rows, counts = json.array {}, json.array {}
  for _, hook in ipairs(hooks) do
    hook.events = json.decode(hook.events)
    local before = hook.sequence
    for _, e in ipairs(events) do
      if e.to[hook.actor_id] and rule.wants { events = hook.events, name = e.name } then
        rows[#rows + 1] = delivery(hook, e)
      end
    end
    if hook.sequence > before then
      counts[#counts + 1] = { id = hook.id, sequence = hook.sequence }
      if hook.state == "active" then M.wake(tx, hook) end
    end
  end
  if not rows[1] then return end
  tx:exec(M.sql.add, json.encode(rows))
  tx:exec(M.sql.count, json.encode(counts))
end

--- Events that an endpoint may have asked for.
function M.wants(e) return rule.is_event(e.name) end

--- Consumes such events of the marketplace.
function M.take(batch)
  local events, ids = concerned(batch)
  db.tx(function(tx)
    if ids[1] then add(tx, events, tx:query(M.sql.wanting, json.encode(ids))) end
    batch:done(tx)
  end)
end

-- ---- sending -----------------------------------------------------------------------------------------------

-- Runs fn on each of a list at once: the list of what it returned.
local function all(list, fn)
  if #list == 1 then return { fn(list[1]) } end
  local out, left, me = {}, #list, task.current()
  for i, one in ipairs(list) do
    task.spawn(function()
      local ok, result = pcall(fn, one)
      out[i] = ok and result or { status = 0, error = tostring(result), latency_s = 0 }
      left = left - 1
      if left == 0 then task.wake(me) end
    end)
  end
  while left > 0 do task.wait(rule.timeout_s + 5) end
  return out
end

--- Disables an endpoint that is locked in tx.  reason: "gone", "failing" or "owner".
function M.disable(tx, hook, reason, actor_id)
  if tx:exec(M.sql.disable, hook.id, reason) == 0 then return end
  tx:exec(M.sql.give_up, hook.id, DISABLED)
  history.note(tx, { entity = "webhook", id = hook.id, from = "active", to = "disabled", actor_id = actor_id,
                     cause = reason })
  if reason == "owner" then return end
  news.put(tx, { name = "webhook.disabled", about = hook.id, to = { hook.actor_id },
                 data = { webhook_id = hook.id, url = hook.url, reason = reason } })
  tx:after_commit(function() metrics.add("human_market_webhooks_disabled_total", 1, { reason = reason }) end)
end

-- The next time that an endpoint, which is locked in tx, has work.
local function go_on(tx, hook)
  local at = tx:value(M.sql.next, hook.id)
  if at then M.wake(tx, hook, at) end
end

-- A little earlier or later, so that what failed together does not come again together.
local function jitter(wait_s) return wait_s * (1 + crypto.random() * 0.2) end

local function verdict(d, tried)
  local is = rule.outcome { status = tried.status, attempt = d.attempts, retry_after_s = tried.retry_after_s }
  return { id = d.id, attempts = d.attempts, state = is.state, error = tried.error, status = tried.status,
           wait_s = is.wait_s and jitter(is.wait_s) }
end

local function counted(list, tried)
  for i, d in ipairs(list) do
    local is_taken = tried[i].error == nil
    metrics.add("human_market_webhook_tries_total", 1, { outcome = is_taken and "delivered" or "failed" })
    if is_taken then
      local waited_ms = time.now_ms() - time.parse(d.created_at)
      metrics.add("human_market_webhook_delay_seconds_total", math.max(0, waited_ms / 1000))
    end
  end
end

-- How an endpoint, which is locked in tx, stands by what it has answered; true: it is disabled.
local function judge(tx, hook, facts)
  local is = rule.endpoint(facts)
  tx:ask(M.sql.stand, hook.id, is.failures, is.is_fast)
  hook.is_fast, hook.is_new = is.is_fast, false
  if is.disable then M.disable(tx, hook, is.disable) end
  return is.disable ~= nil
end

-- What is due of an endpoint that is locked in tx, each try counted before it is made: {hook, secrets, list, lane};
-- {why}: not on this host; nil: there is nothing to do in this lane now.
local function take(tx, hook, lane_of)
  if lane(hook) ~= lane_of then return M.wake(tx, hook) end
  local secrets, why = send.secrets(hook)
  if not secrets then return { why = why } end
  local list = tx:query(M.sql.claim, hook.id, lane_of == FAST and rule.at_once_fast or rule.at_once_slow)
  if not list[1] then return go_on(tx, hook) end
  table.sort(list, function(a, b) return a.sequence < b.sequence end)
  return { hook = hook, secrets = secrets, list = list, lane = lane_of }
end

local function claim(tx, id, lane_of)
  local hook = tx:row(M.sql.lock, id)
  return hook and hook.state == "active" and take(tx, hook, lane_of) or nil
end

-- Writes down what became of a job; returns the next one, if its endpoint is to go on.
local function settle(tx, job, tried, goes_on)
  local hook = tx:row(M.sql.lock, job.hook.id)
  if not hook then return nil end
  local rows, delivered, slowest_s, is_gone = json.array {}, 0, 0, false
  for i, d in ipairs(job.list) do
    rows[i] = verdict(d, tried[i])
    if not tried[i].error then delivered = delivered + 1 end
    slowest_s, is_gone = math.max(slowest_s, tried[i].latency_s), is_gone or tried[i].status == 410
  end
  tx:ask(M.sql.settle, json.encode(rows))
  -- What was answered at another address says nothing.
  if hook.url == job.hook.url and judge(tx, hook, { failures = hook.failures, failing_s = hook.failing_s,
      tries = #job.list, slowest_s = slowest_s, delivered = delivered, is_gone = is_gone }) then return nil end
  if goes_on and hook.state == "active" then return take(tx, hook, job.lane) end
  go_on(tx, hook)
end

local function try(job, timeout_s)
  return all(job.list, function(d)
    return send.send(job.hook, job.secrets, { id = "msg_" .. d.id, body = d.body }, timeout_s)
  end)
end

-- Works on an endpoint.  A quick one goes on for a turn while it has deliveries, without the queue.
local function work(row, lane_of)
  local ends_at = task.clock() + (lane_of == FAST and rule.turn_s or 0)
  local job = db.tx(function(tx)
    local job = claim(tx, row.key, lane_of)
    if not job then row:done(tx) end
    return job
  end)
  while job do
    if job.why then return row:retry_in(NO_SECRET_S, job.why) end
    local made, tried = job, try(job, rule.timeout_s)
    job = db.tx(function(tx)
      local next_job = settle(tx, made, tried, task.clock() < ends_at)
      if not next_job then row:done(tx) end
      return next_job
    end)
    counted(made.list, tried)
  end
end

-- An owner's new endpoints, after one of them.
local function go_on_new(tx, owner_id)
  local id = tx:value(M.sql.untried, owner_id)
  if id then M.wake(tx, { id = id, owner_id = owner_id, is_new = true }) end
end

--- A row of the queue: an endpoint that takes what it is sent, and quickly.
function M.fast(row) work(row, FAST) end

--- A row of the queue: one that does not.
function M.slow(row) work(row, SLOW) end

--- A row of the queue: the new endpoints of an owner, one after the other, each of which has one short try here.
function M.first(row)
  local owner_id = row.key
  local job = db.tx(function(tx)
    local id = tx:value(M.sql.untried, owner_id)
    local job = id and claim(tx, id, NEW)
    if job then return job end
    if id then go_on_new(tx, owner_id) end
    row:done(tx)
  end)
  if not job then return end
  if job.why then return row:retry_in(NO_SECRET_S, job.why) end
  local tried = try(job, rule.probe_s)
  db.tx(function(tx)
    settle(tx, job, tried, false)
    go_on_new(tx, owner_id)
    row:done(tx)
  end)
  counted(job.list, tried)
end

-- ---- the clock ---------------------------------------------------------------------------------------------

--- Finds what nobody works on, whatever became of its row of the queue.
function M.look()
  for _, hook in ipairs(db.query(M.sql.late)) do
    db.tx(function(tx)
      local now = tx:row(M.sql.lock, hook.id)
      if now and now.state == "active" then M.wake(tx, now) end
    end)
  end
end

--- Deletes old ones.
function M.sweep() db.sweep(M.sql.sweep, SWEEP_ROWS, SWEEP_ROUNDS, rule.kept_ms) end

return M
