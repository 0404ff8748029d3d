-- scripts/marketplace/channels.lua -- channels: who talks with whom, and about what.  A transaction has one of its own.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local outbox = require "human.outbox"
local actors = require "marketplace.actors"
local deals = require "marketplace.deals"
local news = require "marketplace.news"
local rule = require "marketplace.rules.messages"

local M = {}

M.sql = {
  open = [[insert into market_channels (type, transaction_id, listing_id, created_by)
    values ($1, $2::uuid, $3::uuid, $4::uuid)
    on conflict (transaction_id) where type = 'transaction' do nothing returning id]],
  of_task = "select id from market_channels where transaction_id = $1::uuid and type = 'transaction'",
  add = [[insert into market_channel_members (channel_id, actor_id)
    select $1::uuid, a::uuid from json_array_elements_text($2::json) a order by a on conflict do nothing]],
  member = [[select c.id, c.type, c.transaction_id, c.listing_id, c.closed_at, c.last_pos, m.read_pos
    from market_channels c join market_channel_members m on m.channel_id = c.id
    where c.id = $1::uuid and m.actor_id = $2::uuid]],
  exists = "select 1 from market_channels where id = $1::uuid",
  others = [[select actor_id from market_channel_members where channel_id = $1::uuid and actor_id <> $2::uuid
    order by actor_id]],
}

outbox.on(news.TOPIC, "marketplace.channels.take", "marketplace.channels.wants")

local function distinct(participants)
  local seen, list = {}, json.array {}
  for _, id in ipairs(participants) do
    if not seen[id] then list[#list + 1] = id end
    seen[id] = true
  end
  if #list < 2 or #list > rule.members then
    local message = ("A channel has 2 to %d participants"):format(rule.members)
    fail.throw("validation_error", { details = { { path = "participants", message = message } } })
  end
  return list
end

--- Opens a channel in tx and returns its id, of which its members are told; a transaction that has its channel already
--- keeps that one.
--- o: {type ("transaction", "approval", "inquiry", "negotiation"), transaction_id, listing_id (optional), participants
--- (ids of actors), created_by (nil: the platform)}.  Fails with not_found when a participant is no actor.
function M.open(tx, o)
  local participants = distinct(o.participants)
  for _, id in ipairs(participants) do actors.get(tx, id) end
  local id = tx:value(M.sql.open, o.type, o.transaction_id, o.listing_id, o.created_by)
  if not id then return tx:value(M.sql.of_task, o.transaction_id) end
  tx:exec(M.sql.add, id, json.encode(participants))
  news.put(tx, { name = "channel.opened", about = id, to = participants, data = {
    channel_id = id, channel_type = o.type, transaction_id = o.transaction_id, listing_id = o.listing_id } })
  return id
end

--- Transactions that have begun.
function M.wants(e) return e.name == "transaction.created" end

--- Consumes events of the marketplace: each new transaction has a channel of its parties.
function M.take(batch)
  db.tx(function(tx)
    for _, row in ipairs(batch) do
      local e = row.payload
      local task = M.wants(e) and deals.task(tx, e.data.transaction_id)
      if task then
        M.open(tx, { type = "transaction", transaction_id = task.id, listing_id = task.listing_id,
                     participants = { task.buyer_id, task.seller_id } })
      end
    end
    batch:done(tx)
  end, { durable = false })                      -- or it is done again
end

--- A channel as one of its members has it: {id, type, transaction_id, listing_id, closed_at, last_pos, read_pos}.
--- Fails with not_found, or forbidden for who is no member; in q, a transaction or human.db.
function M.member(q, id, actor_id)
  local get = q == db and db.row or function(...) return q:row(...) end
  local channel = get(M.sql.member, id, actor_id)
  if channel then return channel end
  fail.throw(get(M.sql.exists, id) and "forbidden" or "not_found")
end

--- The ids of a channel's other members, in tx.
function M.others(tx, id, actor_id)
  local list = {}
  for i, row in ipairs(tx:query(M.sql.others, id, actor_id)) do list[i] = row.actor_id end
  return list
end

return M
