-- scripts/gateway/post.lua -- messages to chats of channels, from any part of the gateway.
-- A message is written down in the transaction of its cause, split into pieces that the vendor accepts; each piece is
-- a row of the queue. The pieces of a chat go out one after the other, in order, no faster than the vendor allows.
-- Final failures are reported: channels.status, the event channel.failed, the log.
-- A vendor may get a piece twice if a worker dies between a request and its answer, unless it knows our `once`.

local crypto = require "human.crypto"
local db = require "human.db"
local id = require "human.id"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"
local task = require "human.task"
local time = require "human.time"
local cut = require("human.text").cut
local channel = require "gateway.channel"
local ends = require "gateway.ends"
local net = require "gateway.channel.net"
local news = require "gateway.news"
local sessions = require "gateway.store"
local store = require "gateway.channel.store"
local split = require("gateway.channel.text").split
local valid = require("agent.texts").valid

local M = {}

local OUT = "channel.out"
local PIECES = 20                                -- limit: channel pieces
local BUTTONS = 10
local FILE_PIECE = 4000000                       -- of base64: a multiple of 4
local TURNS = 4                                  -- requests of one try, where the vendor wants it otherwise
local SLEEP_MS = 15000                           -- a longer wait is one of the queue
local TRIES, KEPT_MS = 12, 24 * 3600 * 1000      -- limit: channel tries
local BACKOFF_S = { 1, 2, 5, 10, 30, 60, 120, 300, 600 }

M.sql = {
  add = [[insert into channel_posts (id, channel, account, chat, once, piece, message)
    values ($1, $2, $3, $4, $5, $6::int, $7::jsonb)
    on conflict (channel, account, chat, once, piece) where once is not null do nothing]],
  get = [[select id, channel, account, chat, once as cause, message, state, tries, created_at from channel_posts
    where id = $1]],
  sending = [[update channel_posts set state = 'sending', tries = tries + 1 where id = $1 and finished_at is null]],
  keep_file = "insert into channel_post_files (post_id, data) values ($1, $2)",
  file = "select substr(data, $2::int, $3::int) from channel_post_files where post_id = $1",
  drop_file = "delete from channel_post_files where post_id = $1",
  change = "update channel_posts set message = $2::jsonb where id = $1",
  -- Waiting for its turn is no try.
  waits = "update channel_posts set state = 'waiting', tries = tries - $2::int, error = $3 where id = $1",
  finish = [[update channel_posts set state = $2, vendor_id = $3, error = $4, finished_at = human_now() where id = $1]],
  -- Takes the next turn; how long it is until then.
  pace = [[insert into channel_pace as p (channel, account, chat, next_at)
    values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 ms')
    on conflict (channel, account, chat) do update
      set next_at = greatest(p.next_at, clock_timestamp()) + $4::float8 * interval '1 ms'
    returning greatest(0, extract(epoch from next_at - clock_timestamp()) * 1000 - $4::float8)::float8 as wait_ms]],
  hold = [[insert into channel_pace as p (channel, account, chat, next_at)
    values ($1, $2, $3, clock_timestamp() + $4::float8 * interval '1 ms')
    on conflict (channel, account, chat) do update set next_at = greatest(p.next_at, excluded.next_at)]],
  failed_later = [[update channel_posts set state = 'failed', error = $4 where channel = $1 and account = $2
    and vendor_id = $3]],
  ours = "select true from channel_posts where channel = $1 and account = $2 and vendor_id = $3 limit 1",
  where_ = [[select i.channel, i.account, i.message from gateway_runs r
    join channel_inbox i on i.id = substr(r.cause, 9) where r.id = $1 and r.cause like 'channel:%']],
}

-- ---- writing down ------------------------------------------------------------------------------------------

local function buttons_of(list)
  local out = {}
  for i = 1, math.min(#(list or {}), BUTTONS) do
    out[i] = { label = valid(cut(tostring(list[i].label), 60)), data = tostring(list[i].data) }
  end
  return out[1] and out or nil
end

local function message_of(p, calls, i)
  local first = i == 1 and not p.follows
  return {
    chat = p.chat, group = p.group == true, thread = p.thread, text = calls[i][1], pieces = calls[i][2] and calls[i],
    first = first, reply_to = i == 1 and p.reply_to or nil, reply_token = p.reply_token,
    buttons = i == #calls and buttons_of(p.buttons) or nil,
    file = p.file and { name = p.file.name, type = p.file.type, bytes = #p.file.data } or nil,
  }
end

-- Pieces by the calls in which they go out: a vendor may take several in one (limits.pieces).
local function calls_of(pieces, most)
  local calls = {}
  for i, piece in ipairs(pieces) do
    if (i - 1) % most == 0 then calls[#calls + 1] = {} end
    table.insert(calls[#calls], piece)
  end
  return calls
end

--- Says something in tx, the transaction of its cause: {channel, account ("main"), chat, group, thread, reply_to, text
--- (Markdown of any length), buttons = {{label, data}, ..}, once (a text: a second one with it is not sent; "word:.."
--- with a word of gateway.ends: its function is told of each piece when it is sent, or failed), reply_token (of what
--- it answers), follows (true: the answer itself is still to come, so this is not `first`), file ({name, type, data}: a
--- message of one call, whose text stands beside it and may be empty)}.
--- How many calls of the vendor it takes; or nil and why not.
function M.add(tx, p)
  local c = channel.get(p.channel)
  if not c then return nil, ("There is no channel %s"):format(tostring(p.channel)) end
  if type(p.chat) ~= "string" or p.chat == "" or #p.chat > 150 or p.chat:find "%c" then
    return nil, "A chat is a text of 1 to 150 bytes"
  end
  if p.file and not c.files then return nil, c.label .. " takes no files from here" .. (c.no_files or "") end
  local account = p.account or channel.MAIN
  local pieces = split(valid(p.text or ""), c.limits.text, c.limits.unit, PIECES)
  if not pieces[1] and not p.file then return nil, "There is nothing to say" end
  local calls = p.file and { { pieces[1] or "" } } or calls_of(pieces, c.limits.pieces or 1)
  for i = 1, #calls do
    local row_id = id.new()
    local message = json.encode(message_of(p, calls, i))
    if tx:exec(M.sql.add, row_id, p.channel, account, p.chat, p.once, i, message) > 0 then
      if p.file then tx:exec(M.sql.keep_file, row_id, crypto.base64(p.file.data)) end
      queue.add(tx, OUT, store.key(p.channel, account, p.chat), nil, { post = row_id })
    end
  end
  return #calls
end

--- Where a run was asked for, as M.add wants it: {channel, account, chat, group, thread, reply_to, reply_token};
--- nil: by no channel.
function M.where(tx, run_id)
  local row = tx:row(M.sql.where_, run_id)
  if not row then return nil end
  local m = json.decode(row.message)
  return { channel = row.channel, account = row.account, chat = m.chat, group = m.group, thread = m.thread,
           reply_to = m.group and m.message_id or nil, reply_token = m.reply_token, from = m.from }
end

--- Whether a vendor's message is one of ours; item: of a message that came in.
function M.is_ours(item, vendor_id)
  return db.value(M.sql.ours, item.channel, item.account, vendor_id) == true
end

--- Notes in tx that what a vendor had taken did not arrive.  item: {channel, account, message = {message_id, chat}}.
function M.undelivered(tx, item, why)
  tx:exec(M.sql.failed_later, item.channel, item.account, item.message.message_id, cut(why, 500))
  news.after(tx, "channel.failed", { channel = item.channel, account = item.account, chat = item.message.chat,
                                    message = why })
end

-- ---- sending -----------------------------------------------------------------------------------------------

-- Takes a turn of the account and of the chat; the milliseconds until both are there.
local function turn(c, post)
  local l = c.limits
  local chat_ms = post.message.group and l.group_ms or l.chat_ms or 0
  local wait = 0
  if l.per_s then wait = db.value(M.sql.pace, post.channel, post.account, "", 1000 / l.per_s) end
  if chat_ms > 0 then
    wait = math.max(wait, db.value(M.sql.pace, post.channel, post.account, post.chat, chat_ms))
  end
  return wait
end

local function again(message, change)
  for name, value in pairs(change) do message[name] = value end
end

-- The bytes of its file, or nil: in pieces, since an answer of the database has a limit.
local function data_of(post, bytes)
  local pieces = {}
  for at = 1, math.ceil(bytes / 3) * 4, FILE_PIECE do
    local piece = db.value(M.sql.file, post.id, at, FILE_PIECE)
    if not piece then return nil end
    pieces[#pieces + 1] = crypto.unbase64(piece)
  end
  return table.concat(pieces)
end

-- One request, and what the vendor said: an outcome as `said` returns it.
local function ask(c, account, post, renew)
  local token, no_token = net.token(c, account, renew)
  if token == false then return { retry = no_token } end
  local message = { once = post.id, attempt = post.tries + 1 }
  again(message, post.message)
  if message.file then
    local f = message.file                       -- the bytes are in no message that is kept
    local data = data_of(post, f.bytes)
    if not data then return { failed = "its file is not there any more" } end
    message.file = { name = f.name, type = f.type, bytes = f.bytes, data = data }
  end
  local request, why = c.say(message, account, token)
  if not request then return { failed = why or "it cannot be sent" } end
  local response, failed = net.ask(request)
  if not response then return { retry = failed } end
  return c.said(response, message)
end

-- Asks until the vendor has taken it, or says that it will not now.
local function send(c, account, post)
  local outcome, renew
  for _ = 1, TURNS do
    outcome = ask(c, account, post, renew)
    renew = outcome.renew
    if outcome.again then
      again(post.message, outcome.again)
      db.exec(M.sql.change, post.id, json.encode(post.message))
    elseif not renew then
      return outcome
    end
  end
  return { retry = outcome.renew and "the token is not accepted" or "the vendor wants it ever otherwise" }
end

local function fail(row, post, account, why)
  log.warn("a message of a channel was given up", { channel = post.channel, account = post.account, error = why })
  sessions.insist(function(tx)
    tx:exec(M.sql.finish, post.id, "failed", nil, cut(why, 500))
    tx:exec(M.sql.drop_file, post.id)
    ends.tell(tx, post, { state = "failed", text = why })
    news.after(tx, "channel.failed", { channel = post.channel, account = post.account, chat = post.chat,
                                      message = why })
    row:done(tx)
  end)
  store.note(account, "out", why)
end

local function sent(row, post, account, vendor_id)
  sessions.insist(function(tx)
    tx:exec(M.sql.finish, post.id, "sent", vendor_id and cut(tostring(vendor_id), 200), nil)
    tx:exec(M.sql.drop_file, post.id)
    ends.tell(tx, post, { state = "sent" })
    row:done(tx)
  end)
  store.note(account, "out")
end

local function later(row, post, seconds, why, is_try)
  db.exec(M.sql.waits, post.id, is_try and 0 or 1, cut(why, 500))
  row:retry_in(seconds, why)
end

local function settle(row, post, account, outcome)
  if outcome.ok then return sent(row, post, account, outcome.id) end
  local old = time.now_ms() - time.parse(post.created_at) > KEPT_MS
  local why = outcome.failed or outcome.retry or "the vendor asks to wait"
  if outcome.failed or old or outcome.retry and post.tries + 1 >= TRIES then return fail(row, post, account, why) end
  store.note(account, "out", why)
  if outcome.wait_ms then
    db.exec(M.sql.hold, post.channel, post.account, outcome.global and "" or post.chat, outcome.wait_ms)
    return later(row, post, outcome.wait_ms / 1000, why, false)
  end
  later(row, post, BACKOFF_S[math.min(post.tries + 1, #BACKOFF_S)], why, true)
end

-- The post with its message, if it is still to be sent.
local function open(post_id)
  local post = db.row(M.sql.get, post_id)
  if not post or post.state == "sent" or post.state == "failed" then return nil end
  post.message = json.decode(post.message)
  return post
end

--- A row of the queue: {post}.
function M.run(row)
  local post = open(row.payload.post)
  if not post then return end
  task.name("channel message", post.channel)
  local c, account, why = net.account(post.channel, post.account)
  if not c then return fail(row, post, { channel = post.channel, name = post.account }, why) end
  local wait_ms = turn(c, post)
  if wait_ms > SLEEP_MS then return row:retry_in(wait_ms / 1000, "it waits for its turn") end
  if wait_ms > 0 then task.sleep(wait_ms / 1000) end
  if db.exec(M.sql.sending, post.id) == 0 then return end
  local ok, outcome = pcall(send, c, account, post)
  if not ok then
    if tostring(outcome) == "canceled" then error(outcome, 0) end
    log.error("a channel failed to send", { channel = post.channel, error = tostring(outcome) })
    outcome = { retry = "the channel's script failed" }
  end
  settle(row, post, account, outcome)
end

queue.define(OUT, "gateway.post.run", { per_key = true, attempts = 1000, backoff = { 1, 5, 30, 300 }, lease_s = 10,
                                        timeout_s = 300, concurrency = 200 })

return M
