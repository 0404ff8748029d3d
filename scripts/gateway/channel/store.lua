-- scripts/gateway/channel/store.lua -- rows of channels: incoming messages, and the state of each account.

local db = require "human.db"
local id = require "human.id"
local jobs = require "human.jobs"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"
local state = require "human.state"
local task = require "human.task"
local cut = require("human.text").cut
local rules = require "gateway.rules.channels"

local M = {}

M.IN = "channel.in"                              -- kind of the queue (gateway.channel.inbox)
local NOTE_S, ERROR_BYTES = 1, 300
local KEPT = "interval '8 days'"                 -- vendors repeat for up to 7
local SWEEP, ROUNDS = 5000, 20                   -- limit: channel sweep

M.sql = {
  take = [[insert into channel_inbox (id, channel, account, vendor_id, message, person)
    values ($1, $2, $3, $4, $5::jsonb, $6) on conflict (channel, account, vendor_id) do nothing]],
  waiting = ([[select count(*) from (select from channel_inbox where channel = $1 and handled_at is null
    limit %d) w]]):format(rules.waiting),
  item = [[select id, channel, account, vendor_id, message, person, handled_at, received_at from channel_inbox
    where id = $1]],
  handled = "update channel_inbox set handled_at = human_now(), verdict = $2 where id = $1 and handled_at is null",
  recent = ([[select count(*) from (select from channel_inbox i, (select received_at as at from channel_inbox
      where id = $4) this where channel = $1 and account = $2 and person = $3
    and i.received_at > at - interval '10 minutes' and i.received_at <= at limit %d) w]]):format(
    rules.per_ten_minutes + 1),
  get = [[select channel, account, me, me_at, position, in_at, in_error, in_error_at, out_at, out_error, out_error_at
    from channel_accounts where channel = $1 and account = $2]],
  all = [[select channel, account, me, in_at, in_error, in_error_at, out_at, out_error, out_error_at
    from channel_accounts order by channel, account limit 1000]],
  me = [[insert into channel_accounts (channel, account, me, me_at) values ($1, $2, $3::jsonb, human_now())
    on conflict (channel, account) do update set me = excluded.me, me_at = excluded.me_at]],
  position = [[insert into channel_accounts (channel, account, position) values ($1, $2, $3)
    on conflict (channel, account) do update set position = excluded.position]],
  ["in"] = [[insert into channel_accounts (channel, account, in_at) values ($1, $2, human_now())
    on conflict (channel, account) do update set in_at = excluded.in_at]],
  in_error = [[insert into channel_accounts (channel, account, in_error, in_error_at) values ($1, $2, $3, human_now())
    on conflict (channel, account) do update set in_error = excluded.in_error, in_error_at = excluded.in_error_at]],
  out = [[insert into channel_accounts (channel, account, out_at) values ($1, $2, human_now())
    on conflict (channel, account) do update set out_at = excluded.out_at]],
  out_error = [[insert into channel_accounts (channel, account, out_error, out_error_at)
    values ($1, $2, $3, human_now())
    on conflict (channel, account) do update set out_error = excluded.out_error, out_error_at = excluded.out_error_at]],
  -- For db.sweep().
  sweep_inbox = ([[delete from channel_inbox where ctid = any (array(select ctid from channel_inbox
    where received_at < human_now() - %s and handled_at is not null order by received_at limit %d))]]):format(KEPT,
    SWEEP),
  sweep_posts = ([[delete from channel_posts where ctid = any (array(select ctid from channel_posts
    where finished_at < human_now() - %s order by finished_at limit %d))]]):format(KEPT, SWEEP),
  sweep_pace = ([[delete from channel_pace where ctid = any (array(select ctid from channel_pace
    where next_at < now() - interval '1 hour' order by next_at limit %d))]]):format(SWEEP),
  -- Strangers who have asked and were not answered; the index has nobody else.
  sweep_asked = ([[delete from channel_people where ctid = any (array(select ctid from channel_people
    where state = 'asked' and asked_at < human_now() - %s limit %d))]]):format(KEPT, SWEEP),
}

--- The key under which a chat's messages follow each other.
function M.key(channel, account, chat) return channel .. " " .. account .. " " .. chat end

--- Whether a channel has as many messages that wait as there may be.
function M.is_full(channel) return db.value(M.sql.waiting, channel) >= rules.waiting end

--- Takes messages of an account in tx, each once.  How many were new.
function M.take(tx, account, messages)
  local n = 0
  for _, message in ipairs(messages) do
    local row_id = id.new()
    local new = tx:exec(M.sql.take, row_id, account.channel, account.name, message.id, json.encode(message),
      message.from.id)
    if new > 0 then
      n = n + 1
      queue.add(tx, M.IN, M.key(account.channel, account.name, message.chat), nil, { item = row_id })
    end
  end
  return n
end

--- What came in: {id, channel, account, vendor_id, message, person, handled_at, received_at}, or nil.
function M.item(q, item_id)
  local row = q == db and db.row(M.sql.item, item_id) or q ~= db and q:row(M.sql.item, item_id) or nil
  if row then row.message = json.decode(row.message) end
  return row
end

--- Notes in tx what became of it.
function M.handled(tx, item_id, verdict) tx:exec(M.sql.handled, item_id, cut(verdict, 200)) end

--- How many messages somebody had sent within ten minutes when this one came, as far as the rule wants to know.
function M.recent(item) return db.value(M.sql.recent, item.channel, item.account, item.person, item.id) end

-- ---- accounts --------------------------------------------------------------------------------------------

--- Notes that a side of an account works ("in", "out"), or what went wrong (why).  Not each time, and never fails.
function M.note(account, side, why)
  local seen, key = state.table "gateway.channel_notes", account.channel .. " " .. account.name .. " " .. side
  if why then key = key .. " " .. why:sub(1, 40) end
  local now = task.clock()
  if seen[key] and now - seen[key] < NOTE_S then return end
  if state.size "gateway.channel_notes" > 1000 then
    for old in state.pairs "gateway.channel_notes" do seen[old] = nil end
  end
  seen[key] = now
  local function failed(err) log.debug("state of a channel not noted", { error = tostring(err) }) end
  if why then
    return db.soon(failed, M.sql[side .. "_error"], account.channel, account.name, cut(why, ERROR_BYTES))
  end
  db.soon(failed, M.sql[side], account.channel, account.name)
end

--- The row of an account, with `me` decoded; {} where there is none.
function M.row(account)
  local row = db.row(M.sql.get, account.channel, account.name) or {}
  row.me = row.me and json.decode(row.me) or nil
  return row
end

--- All rows: {["channel account"] = row}.
function M.rows()
  local rows = {}
  for _, row in ipairs(db.query(M.sql.all)) do
    row.me = row.me and json.decode(row.me) or nil
    rows[row.channel .. " " .. row.account] = row
  end
  return rows
end

function M.keep_me(account, me) db.exec(M.sql.me, account.channel, account.name, json.encode(me)) end

function M.keep_position(tx, account, position) tx:exec(M.sql.position, account.channel, account.name, position) end

--- Job: forgets what no vendor repeats any more.
function M.sweep()
  for _, name in ipairs { "sweep_inbox", "sweep_posts", "sweep_pace", "sweep_asked" } do
    db.sweep(M.sql[name], SWEEP, ROUNDS)
  end
end

jobs.every("gateway.channels.sweep", 600, "gateway.channel.store.sweep")

return M
