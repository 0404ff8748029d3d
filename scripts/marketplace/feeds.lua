-- scripts/marketplace/feeds.lua -- the public feed, and how much there is on the platform.

local db = require "human.db"
local jobs = require "human.jobs"
local outbox = require "human.outbox"
local state = require "human.state"
local task = require "human.task"
local news = require "marketplace.news"
local deals = require "marketplace.deals"
local rule = require "marketplace.rules.news"

local M = {}

local SWEEP_ROWS, SWEEP_ROUNDS = 1000, 100
local counted = state.table "market.stats"

M.sql = {
  add = [[insert into market_feed (event_id, type, actor, listing, title, amount_cents, at)
    values ($1, $2, $3, $4, $5, $6::bigint, $7::timestamptz) on conflict do nothing]],
  list = [[select type, actor, listing, title, amount_cents, at from market_feed
    order by at desc, event_id desc limit $1::int]],
  actors = [[select count(*) filter (where type = 'delegated_agent') as agents,
      count(*) filter (where type = 'human') as humans from market_actors where state = 'active']],
  listings = "select count(*) as n from market_listings where is_active",
  tasks = [[select count(*) as n, coalesce(sum(price_cents), 0)::bigint as cents from market_transactions
    where state = 'accepted']],
  sweep = [[delete from market_feed where ctid = any (array(select ctid from market_feed
    where at < human_now() - $1::bigint * interval '1 ms' order by at limit 1000))]],
}

outbox.on(news.TOPIC, "marketplace.feeds.take", "marketplace.feeds.wants")
jobs.every("market.feed", 3600, "marketplace.feeds.sweep")

local made = {}

function made.transaction_completed(e)
  local t = deals.task(db, e.data.transaction_id)
  return t and { actor = t.seller, listing = t.title, amount_cents = t.price_cents }
end

function made.listing_created(e)
  local l = deals.listing(e.data.listing_id)
  return l and { actor = l.actor, title = l.title }
end

--- Events that may be public.
function M.wants(e) return e.public == true end

--- Consumes events of the marketplace: the public ones.
function M.take(batch)
  local shown = {}
  for _, row in ipairs(batch) do
    local e = row.payload
    local kind = rule.shown({ name = e.name, is_public = e.public }).feed
    local entry = kind and made[kind](e)
    if entry then
      entry.id, entry.type, entry.at = row.id, kind, row.added_at
      shown[#shown + 1] = entry
    end
  end
  db.tx(function(tx)
    for _, x in ipairs(shown) do
      tx:ask(M.sql.add, x.id, x.type, x.actor, x.listing, x.title, x.amount_cents, x.at)
    end
    batch:done(tx)
  end, { durable = false })                      -- or it is done again
end

--- The newest of the feed: {{type, actor, listing, title, amount_cents, at}, ..}.
function M.list(limit) return db.query(M.sql.list, limit) end

--- {active_agents, active_humans, active_listings, total_transactions, total_volume_cents}: as counted within the last
--- half a minute.
function M.stats()
  local now = task.clock()
  local kept = counted.all
  if kept and now - kept.at < rule.stats_ms / 1000 then return kept.stats end
  local who, listings, tasks = db.row(M.sql.actors), db.row(M.sql.listings), db.row(M.sql.tasks)
  local stats = { active_agents = who.agents, active_humans = who.humans, active_listings = listings.n,
                  total_transactions = tasks.n, total_volume_cents = tasks.cents }
  counted.all = { at = now, stats = stats }
  return stats
end

--- Deletes what is no news any more.
function M.sweep() db.sweep(M.sql.sweep, SWEEP_ROWS, SWEEP_ROUNDS, rule.feed_kept_ms) end

return M
