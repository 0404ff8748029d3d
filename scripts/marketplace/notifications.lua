-- scripts/marketplace/notifications.lua -- what actors are told of: events become notifications of those whom they
-- concern, and events of the streams of their tasks, in one transaction with the end of the event's row.

local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local outbox = require "human.outbox"
local counts = require "marketplace.counts"
local rule = require "marketplace.rules.news"
local news = require "marketplace.news"
local streams = require "marketplace.streams"

local M = {}

local SWEEP_ROWS, SWEEP_ROUNDS = 1000, 100

M.sql = {
  -- Newest is what was told last, not what began last: a cause may be committed late.
  add = [[insert into market_notifications (actor_id, event_id, type, payload, created_at)
    select a.id, n.event_id, n.type, n.payload, human_now() + n.n * interval '1 microsecond'
    from jsonb_to_recordset($1::jsonb) as n(n int, actor_id uuid, event_id text, type text, payload jsonb)
    join market_actors a on a.id = n.actor_id on conflict (actor_id, event_id) do nothing]],
  list = [[select id, type, payload, read_at is not null as read, created_at from market_notifications
    where actor_id = $1::uuid order by created_at desc, id desc limit $2::int offset $3::int]],
  list_unread = [[select id, type, payload, false as read, created_at from market_notifications
    where actor_id = $1::uuid and read_at is null order by created_at desc, id desc limit $2::int offset $3::int]],
  count = [[select count(*) as total, count(*) filter (where read_at is null) as unread from market_notifications
    where actor_id = $1::uuid]],
  waiting = [[select count(*)::int from (select from market_notifications where actor_id = $1::uuid and read_at is null
    limit 1000) few]],
  read = [[update market_notifications set read_at = human_now() where actor_id = $1::uuid and read_at is null
    and id in (select json_array_elements_text($2::json)::uuid)]],
  sweep = [[delete from market_notifications where ctid = any (array(select ctid from market_notifications
    where created_at < human_now() - $1::bigint * interval '1 ms' order by created_at limit 1000))]],
}

outbox.on(news.TOPIC, "marketplace.notifications.take")
counts.define("pending_notifications", function(actor) return db.value(M.sql.waiting, actor.id) end)
jobs.every("market.notifications", 3600, "marketplace.notifications.sweep")

local function shown_of(e)
  return rule.shown { name = e.name, status = e.data and e.data.status, is_public = e.public }
end

-- What a stream says of an event.
local function stream_data(e, shown, at)
  local data = { name = e.name, status = shown.status, at = at }
  for key, value in pairs(rule.payload(e.data or {})) do data[key] = value end
  return data
end

local function add_to_streams(list, e, at)
  local shown = shown_of(e)
  if not shown.stream then return end
  local task_id = e.data and e.data.transaction_id or e.name:find("^transaction%.") and e.about or nil
  local data = stream_data(e, shown, at)
  data.transaction_id = task_id
  for _, actor_id in ipairs(e.to or {}) do
    list[#list + 1] = { key = streams.of_actor(actor_id), event = shown.stream, data = data }
  end
  if not task_id then return end
  list[#list + 1] = { key = streams.of_task(task_id), event = shown.stream, data = data }
  if shown.ends then
    list[#list + 1] = { key = streams.of_task(task_id), event = streams.END, data = { transaction_id = task_id } }
  end
end

--- Consumes events of the marketplace.
function M.take(batch)
  local told, streamed = json.array {}, {}
  for _, row in ipairs(batch) do
    local e = row.payload
    e.about = row.key
    for _, actor_id in ipairs(e.to or {}) do
      told[#told + 1] = { n = #told, actor_id = actor_id, event_id = row.id, type = shown_of(e).notification,
                          payload = rule.payload(e.data or {}) }
    end
    add_to_streams(streamed, e, row.added_at)
  end
  db.tx(function(tx)
    if told[1] then tx:ask(M.sql.add, json.encode(told)) end
    streams.add(tx, streamed)
    batch:done(tx)
  end)
end

--- An actor's notifications, newest first: {{id, type, payload, read, created_at}, ..}, how many there are, and how
--- many of them are unread.  page: {limit, offset, unread (true: those alone)}.
function M.list(actor_id, page)
  local rows = db.query(page.unread and M.sql.list_unread or M.sql.list, actor_id, page.limit, page.offset)
  local n = db.row(M.sql.count, actor_id)
  return rows, page.unread and n.unread or n.total, n.unread
end

--- Marks an actor's own ones of these as read; how many that were.
function M.read(actor_id, ids) return db.exec(M.sql.read, actor_id, json.encode(ids)) end

--- Deletes old ones.
function M.sweep() db.sweep(M.sql.sweep, SWEEP_ROWS, SWEEP_ROUNDS, rule.notifications_kept_ms) end

return M
