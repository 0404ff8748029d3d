-- scripts/marketplace/messages.lua -- messages of a channel.  The channel's row is locked by who adds one, so that
-- their positions and times are in the order in which they are committed.

local db = require "human.db"
local fail = require "human.fail"
local channels = require "marketplace.channels"
local news = require "marketplace.news"
local rule = require "marketplace.rules.messages"

local M = {}

local COLUMNS = [[m.id, m.channel_id, m.sender_id, a.display_name as sender_name, m.message_type, m.body,
  m.structured_data, m.response_deadline, m.response_status, m.created_at]]
local READ = [[m.sender_id = $1::uuid or m.pos <= c.read_pos
  or exists (select 1 from market_message_reads r where r.channel_id = m.channel_id and r.actor_id = $1::uuid
    and r.pos = m.pos)]]

M.sql = {
  -- No two of a channel have the same time, as clients see it.
  number = [[update market_channels set last_pos = last_pos + 1,
      last_at = greatest(date_trunc('milliseconds', human_now()), last_at + interval '1 ms')
    where id = $1::uuid and closed_at is null returning last_pos, last_at]],
  add = [[with m as (insert into market_messages (channel_id, pos, sender_id, message_type, body, structured_data,
      response_deadline, response_status, created_at)
      select id, last_pos, $2::uuid, $3, $4, $5::jsonb, $6::timestamptz, $7, last_at from market_channels
      where id = $1::uuid returning *)
    select ]] .. COLUMNS .. [[, true as read from m join market_actors a on a.id = m.sender_id]],
  list = "select " .. COLUMNS .. ", " .. READ .. [[ as read from market_messages m
    join market_actors a on a.id = m.sender_id
    join market_channel_members c on c.channel_id = m.channel_id and c.actor_id = $1::uuid
    where m.channel_id = $2::uuid and m.created_at < $3::timestamptz order by m.created_at desc limit $4::int]],
  get = "select channel_id, pos, sender_id from market_messages where id = $1::uuid",
  read = [[insert into market_message_reads (channel_id, actor_id, pos)
    select channel_id, actor_id, $3::bigint from market_channel_members
    where channel_id = $1::uuid and actor_id = $2::uuid and read_pos < $3::bigint on conflict do nothing]],
  lock = "select read_pos from market_channel_members where channel_id = $1::uuid and actor_id = $2::uuid for update",
  read_all = [[with c as (update market_channel_members set read_pos = greatest(read_pos, $4::bigint)
      where channel_id = $1::uuid and actor_id = $2::uuid),
    r as (delete from market_message_reads where channel_id = $1::uuid and actor_id = $2::uuid and pos <= $4::bigint
      returning pos)
    select (select count(*) from market_messages where channel_id = $1::uuid and pos > $3::bigint and pos <= $4::bigint
      and sender_id <> $2::uuid) - (select count(*) from r where pos > $3::bigint) as marked]],
}

local FUTURE = "9999-01-01T00:00:00Z"

local function tell(tx, channel, message)
  local about = rule.event { message_type = message.message_type, channel_type = channel.type }
  local data = { channel_id = channel.id, message_id = message.id, sender = message.sender_name,
                 transaction_id = channel.transaction_id, preview = message.preview }
  local others = channels.others(tx, channel.id, message.sender_id)
  news.put(tx, { name = "message.received", about = channel.id, to = others, data = data })
  if about then
    others[#others + 1] = message.sender_id
    news.put(tx, { name = about, about = channel.transaction_id, to = others,
                   data = { transaction_id = channel.transaction_id, message = message.body, by = message.sender_id } })
  end
end

--- Sends a message.  m: {channel_id, body, message_type ("text"), structured_data (JSON text), response_deadline,
--- response_status}.  Fails with not_found, forbidden (no member) or invalid_state (the channel is closed).
function M.send(actor, m)
  return db.tx(function(tx)
    local channel = channels.member(tx, m.channel_id, actor.id)
    if not tx:row(M.sql.number, channel.id) then fail.throw("invalid_state", { status = "closed" }) end
    local message = tx:row(M.sql.add, channel.id, actor.id, m.message_type or "text", m.body, m.structured_data,
      m.response_deadline, m.response_status)
    message.preview = tx:value("select left($1, $2::int)", m.body, rule.preview_chars)
    tell(tx, channel, message)
    return message
  end)
end

--- Messages of a channel before a time (nil: the newest), newest first; and the time to ask for the next page with.
function M.list(actor_id, page)
  channels.member(db, page.channel_id, actor_id)
  local rows = db.query(M.sql.list, actor_id, page.channel_id, page.before or FUTURE, page.limit + 1)
  if #rows <= page.limit then return rows end
  rows[#rows] = nil
  return rows, rows[#rows].created_at
end

--- Marks one message as read.  Fails with not_found or forbidden.
function M.read(actor_id, id)
  local message = db.must("not_found", M.sql.get, id)
  channels.member(db, message.channel_id, actor_id)
  if message.sender_id ~= actor_id then db.exec(M.sql.read, message.channel_id, actor_id, message.pos) end
end

--- Marks all messages of a channel as read; how many were not.
function M.read_all(actor_id, channel_id)
  return db.tx(function(tx)
    local channel = channels.member(tx, channel_id, actor_id)
    local from = tx:value(M.sql.lock, channel_id, actor_id)
    return tx:value(M.sql.read_all, channel_id, actor_id, from, channel.last_pos)
  end)
end

return M
