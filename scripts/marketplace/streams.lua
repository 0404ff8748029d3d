-- scripts/marketplace/streams.lua -- the streams of tasks: what has happened in one transaction ('task:' and its id),
-- and in all of one actor's ('actor:').  Events are rows, numbered under a lock of their stream; followers read them.

local crypto = require "human.crypto"
local db = require "human.db"
local feed = require "human.feed"
local id = require "human.id"
local jobs = require "human.jobs"
local json = require "human.json"
local actors = require "marketplace.actors"
local news = require "marketplace.rules.news"

local M = { FEED = "market.tasks", END = "end" }

local TICKET, SWEEP_ROWS, SWEEP_ROUNDS = "hm_st_", 1000, 100

M.sql = {
  -- Streams are locked in the order of their keys, whoever adds to several.
  add = [[with new as (select * from jsonb_to_recordset($1::jsonb) as x(n int, key text, event text, data jsonb)),
    moved as (insert into market_streams (key, last, has_ended)
      select key, count(*), bool_or(event = 'end') from new group by key order by key
      on conflict (key) do update set last = market_streams.last + excluded.last,
        has_ended = market_streams.has_ended or excluded.has_ended returning key, last)
    insert into market_stream_events (key, pos, event, data)
      select key, m.last + 1 - row_number() over (partition by key order by n desc), n.event, n.data
      from new n join moved m using (key)]],
  -- One statement: a stream that goes on between two would seem to have a gap.
  read = [[select s.last, s.has_ended, e.id, e.event, e.data from market_streams s left join lateral (
      select pos as id, event, data from market_stream_events where key = s.key and pos > $2::bigint
      order by pos limit $3::int) e on true
    where s.key = $1 order by e.id]],
  newest = [[select key, last from market_streams where key in (select json_array_elements_text($1::json))]],
  last = "select last, has_ended from market_streams where key = $1",
  ticket = [[insert into market_stream_tickets (hash, key_hash, expires_at)
    values ($1, $2, human_now() + $3::bigint * interval '1 ms') returning expires_at]],
  use_ticket = [[delete from market_stream_tickets where hash = $1 returning
    case when expires_at > human_now() then key_hash end as key_hash]],
  sweep = [[delete from market_stream_events where ctid = any (array(select ctid from market_stream_events
    where at < human_now() - $1::bigint * interval '1 ms' order by at limit 1000))]],
  sweep_tickets = [[delete from market_stream_tickets where ctid = any (array(select ctid from market_stream_tickets
    where expires_at < human_now() order by expires_at limit 1000))]],
}

feed.define(M.FEED, "marketplace.streams.read", { newest = "marketplace.streams.newest" })
jobs.every("market.streams", 600, "marketplace.streams.sweep")

local feeds = { M.FEED }

--- Declares, while scripts load, that another feed reads the same streams, by the same keys.
function M.also(name) feeds[#feeds + 1] = name end

function M.of_task(transaction_id) return "task:" .. transaction_id end
function M.of_actor(actor_id) return "actor:" .. actor_id end

--- Adds events in tx, in their order: {{key, event, data}, ..}; their followers are told after the commit.
function M.add(tx, events)
  if not events[1] then return end
  local told = {}
  for n, e in ipairs(events) do e.n = n end
  tx:ask(M.sql.add, json.encode(events))
  for _, e in ipairs(events) do
    for _, name in ipairs(told[e.key] and {} or feeds) do feed.tell(name, e.key) end
    told[e.key] = true
  end
end

-- The rows after a position, where the stream is now, and whether nothing follows these rows.
local function rows_after(key, after, limit)
  local rows = db.query(M.sql.read, key, after, limit)
  local first = rows[1] or { last = 0 }
  if not first.id then return {}, first.last, first.has_ended end
  return rows, first.last, rows[#rows].event == M.END
end

--- For the feed: the events of a stream after a position.  Where rows behind it are there no more (or never were: the
--- position is of another database), those from the beginning.
function M.read(key, after, limit)
  local rows, last, is_over = rows_after(key, after, limit)
  local comes_next = rows[1] and rows[1].id - 1 or last
  if after > 0 and after ~= comes_next then return (rows_after(key, 0, limit)), "reset" end
  return rows, is_over and "end" or nil
end

--- For the feed: the newest position of each of these streams.
function M.newest(keys)
  local found = {}
  for _, row in ipairs(db.query(M.sql.newest, json.encode(keys))) do found[row.key] = row.last end
  return found
end

--- Where a stream is now: its last position, and whether nothing follows.
function M.last(key)
  local stream = db.row(M.sql.last, key)
  if not stream then return 0, false end
  return stream.last, stream.has_ended
end

--- A ticket for one stream of the actor: the ticket, and when it expires.
function M.ticket(actor)
  local ticket = id.key(TICKET)
  return ticket, db.value(M.sql.ticket, crypto.sha256_hex(ticket), actor.proof, news.ticket_ms)
end

--- Uses a ticket up: the actor who got it, or nil and a code.
function M.use_ticket(ticket)
  if type(ticket) ~= "string" or #ticket ~= #TICKET + 32 then return nil, "unauthorized" end
  local proof = db.value(M.sql.use_ticket, crypto.sha256_hex(ticket))
  local actor = proof and db.row(actors.sql.by_key, proof)
  if not actor then return nil, "unauthorized" end
  if actor.state == "banned" then return nil, "actor_banned" end
  actor.kind = "actor"
  return actor
end

--- Deletes what nobody may catch up with any more.
function M.sweep()
  db.sweep(M.sql.sweep, SWEEP_ROWS, SWEEP_ROUNDS, news.stream_kept_ms)
  db.sweep(M.sql.sweep_tickets, SWEEP_ROWS, SWEEP_ROUNDS)
end

return M
