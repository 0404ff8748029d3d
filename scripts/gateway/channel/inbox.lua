-- scripts/gateway/channel/inbox.lua -- turns messages from channels into runs, pairings, or nothing (queue:
-- channel.in).
-- The verdict, its effects and the end of the row are one transaction. While a run works, its chat shows typing
-- (queue: channel.typing); its answer leaves in the transaction that ends the run.

local db = require "human.db"
local decisions = require "human.decisions"
local log = require "human.log"
local queue = require "human.queue"
local time = require "human.time"
local attached = require "gateway.attached"
local channel = require "gateway.channel"
local chat = require "gateway.chat"
local ends = require "gateway.ends"
local files = require "gateway.channel.files"
local hearing = require "agent.hearing"
local keys = require "gateway.channel.keys"
local net = require "gateway.channel.net"
local news = require "gateway.news"
local people = require "gateway.channel.people"
local post = require "gateway.post"
local rules = require "gateway.rules.channels"
local store = require "gateway.channel.store"

local M = {}

local TYPING, TYPING_MS, TYPING_TIMES = "channel.typing", 4000, 150
local TRIES = 12                                 -- limit: channel attempts
local SAYS = {
  pair = "I do not know you yet. Ask my operator to approve this code: %s\n(`human channels approve %s`; it is good "
    .. "for %d minutes.)",
  too_many_waiting = "Too many of your messages wait for an answer; this one was not taken.",
  too_many_sessions = "There is no room for another conversation here.",
}

M.sql = { is_over = "select finished_at is not null as over from gateway_runs where id = $1" }

-- ---- who, and whether it is meant ------------------------------------------------------------------------

local function plain(name) return (tostring(name):lower():gsub("^@", "")) end

-- An id is matched by ids alone: handles are chosen, and somebody may choose what is another's id.
local function fits(entry, message)
  local from = message.from
  if entry == from.id or entry == message.chat then return true end
  return entry:sub(1, 1) == "@" and from.handle ~= nil and plain(entry) == plain(from.handle)
end

local function is_listed(account, message)
  for _, entry in ipairs(account.allow_from) do
    if entry ~= "*" and fits(entry, message) then return true end
  end
  return false
end

local function is_open(account)
  for _, entry in ipairs(account.allow_from) do
    if entry == "*" then return true end
  end
  return false
end

local function names_me(message, me)
  for _, mention in ipairs(message.mentions or {}) do
    if me.id and mention == me.id or me.handle and plain(mention) == plain(me.handle) then return true end
  end
  return false
end

-- Whether a message of a group is for the bot: it says so, answers it, or calls it by name.
local function is_meant(message, me)
  if message.to_me or names_me(message, me) or message.to_ours then return true end
  if me.id and message.reply_to_from == me.id then return true end
  if message.mentions and message.mentions[1] or not me.name then return false end
  local ear = hearing.ear { id = me.id, names = { me.name }, handles = { me.handle }, others = {} }
  return hearing.hear(ear, message.text).named ~= nil
end

local function facts_of(item, account, me)
  local message = item.message
  message.to_ours = message.group and message.reply_to ~= nil and post.is_ours(item, message.reply_to)
  local person = people.get(item.channel, item.account, item.person)
  local paired = person and person.state or "unknown"
  return {
    channel = item.channel, kind = message.kind, group = message.group, groups = account.groups,
    mine = me.id ~= nil and message.from.id == me.id, is_bot = message.from.is_bot == true,
    edited = message.edited == true, nobody = item.person == "",
    empty = message.text == "" and not message.attachments and message.kind ~= "button",
    listed = is_listed(account, message), open = is_open(account), paired = paired == "allowed",
    blocked = paired == "blocked", meant = not message.group or is_meant(message, me), recent = store.recent(item),
    asking = people.asking(item.channel),
  }
end

-- ---- what follows --------------------------------------------------------------------------------------------

local function place(item, more)
  local m = item.message
  local p = { channel = item.channel, account = item.account, chat = m.chat, group = m.group, thread = m.thread,
              reply_to = m.group and m.message_id or nil, reply_token = m.reply_token }
  for name, value in pairs(more) do p[name] = value end
  return p
end

local function say(tx, item, text, more)
  local p = place(item, more or {})
  p.text, p.once = text, "in:" .. item.id
  post.add(tx, p)
end

-- What the agent reads: in a group with who says it, and what came besides words.
local function words_of(message, got)
  local parts = attached.noted(message, got)
  if message.text ~= "" then table.insert(parts, 1, message.text) end
  local text = table.concat(parts, "\n")
  if not message.group then return text end
  return ("%s: %s"):format(message.from.name or message.from.handle or message.from.id, text)
end

-- "/word args" or, of a button, "word:args".
local function command_of(message)
  if message.kind == "button" then return (message.data or ""):match "^([%w_-]+):?(.*)$" end
  local word, rest = message.text:match "^%s*/([%w_-]+)@?[%w_]*%s*(.*)$"
  return word, rest
end

local function show_typing(tx, item, c, run_id)
  if c.typing then queue.add(tx, TYPING, nil, nil, { item = item.id, run = run_id, n = 1 }) end
end

local function begin_run(tx, item, c, account, got, mode)
  local refusal = attached.refusal(item.message, got)
  if refusal then
    say(tx, item, refusal)
    return "not-opened"
  end
  local run, code = chat.take(tx, {
    key = keys.of(tx, item, account), message = words_of(item.message, got), attachments = got.files,
    idempotency_key = "channel:" .. item.id, cause = "channel:" .. item.id,
    mode = mode,
  })
  if run then
    show_typing(tx, item, c, run.run_id)
    return "run"
  end
  if SAYS[code] then say(tx, item, SAYS[code]) end
  return code
end

local function answer(tx, item, c, account, got)
  local word, args = command_of(item.message)
  local fn = word and channel.handler(word:lower())
  if fn then
    local text, asked, mode = fn(tx, item.message, account, args or "", item)
    if asked then
      item.message.text = asked
      return begin_run(tx, item, c, account, got, mode)
    end
    if text then say(tx, item, text) end
    return "command"
  end
  if item.message.kind == "button" then return "unknown-button" end
  return begin_run(tx, item, c, account, got)
end

local function pair(tx, item)
  local code = people.ask(tx, item)
  if not code then return "asked-already" end
  news.after(tx, "channel.changed", { channel = item.channel, what = "people" })
  say(tx, item, SAYS.pair:format(code, code, rules.code_minutes))
  return "paired"
end

-- What came besides words, if it is to be read.
local function files_of(row, item, c, account, facts)
  if not item.message.attachments then return { files = {}, notes = {} } end
  if decisions.ask(rules.decide, { ref = item.id }, facts).action ~= "answer" then return { files = {}, notes = {} } end
  return files.get(c, item.message, account, row.attempt)
end

local function carry_out(row, item, c, account, facts, got)
  db.tx(function(tx)
    local about = { ref = item.id, subject = item.channel .. ":" .. item.person }
    local verdict = decisions.decide(tx, rules.decide, about, facts)
    local what = verdict.reason
    if verdict.action == "answer" then what = answer(tx, item, c, account, got) end
    if verdict.action == "pair" then what = pair(tx, item) end
    store.handled(tx, item.id, what)
    row:done(tx)
  end)
end

-- Tells the vendor that a button was heard; nothing depends on it.
local function acknowledge(c, account, message)
  if message.kind ~= "button" or not c.ack then return end
  local token = net.token(c, account)
  local request = token ~= false and c.ack(message, account, token)
  if request then net.ask(request, 10) end
end

-- Who the bot is, where that decides: in groups.
local function me_of(c, account, message)
  if not message.group then return account.me or {} end
  local me, why = net.me(c, account)
  if me then return me end
  error(("%s does not say who the bot is: %s"):format(c.label, tostring(why)), 0)
end

local function give_up(row, item, why)
  db.tx(function(tx)
    store.handled(tx, item.id, why)
    row:done(tx)
  end)
  log.error("a message of a channel was given up", { channel = item.channel, item = item.id, reason = why })
end

-- The vendor could not deliver what it had taken.
local function undelivered(row, item, account)
  local why = item.message.text ~= "" and item.message.text or "it did not arrive"
  db.tx(function(tx)
    post.undelivered(tx, item, why)
    store.handled(tx, item.id, "not-delivered")
    row:done(tx)
  end)
  store.note(account, "out", why)
end

--- A row of the queue: {item}.
function M.run(row)
  local item = store.item(db, row.payload.item)
  if not item or item.handled_at then return end
  if row.attempt > TRIES then return give_up(row, item, "failed") end
  local c, account, why = net.account(item.channel, item.account)
  if not c then return give_up(row, item, why) end
  if item.message.kind == "failed" then return undelivered(row, item, account) end
  local facts = facts_of(item, account, me_of(c, account, item.message))
  local got, not_now = files_of(row, item, c, account, facts)
  if not got then return row:retry_in(5 * row.attempt, "what was sent cannot be fetched: " .. not_now) end
  carry_out(row, item, c, account, facts, got)
  acknowledge(c, account, item.message)
end

-- ---- typing, and the end of a run ----------------------------------------------------------------------------

local function type_once(item)
  local c, account = net.account(item.channel, item.account)
  if not c then return false end
  local token = net.token(c, account)
  local request = token ~= false and c.typing(place(item, { message_id = item.message.message_id }), account, token)
  local response = request and net.ask(request, 5)
  return response ~= nil and response.status < 400, c.typing_ms or TYPING_MS
end

--- A row of the queue: {item, run, n}.
function M.type(row)
  local p = row.payload
  local run, item = db.row(M.sql.is_over, p.run), store.item(db, p.item)
  if not run or run.over or not item then return end
  local works, ms = type_once(item)
  if not works or p.n >= TYPING_TIMES then return end
  db.tx(function(tx)
    queue.add(tx, TYPING, nil, time.now_ms() + ms, { item = p.item, run = p.run, n = p.n + 1 })
    row:done(tx)
  end)
end

ends.on("channel", function(tx, run, ending)
  local item = store.item(tx, run.cause:match "^channel:(%w+)$")
  if not item or not (ending.text or ""):find "%S" then return end
  local p = place(item, { text = ending.text, once = "run:" .. run.id })
  local ok, why = post.add(tx, p)
  if not ok then log.warn("an answer has no place to go", { run_id = run.id, error = why }) end
end)

queue.define(store.IN, "gateway.channel.inbox.run", { per_key = true, attempts = 1000, backoff = { 1, 5, 30, 300 },
                                                  lease_s = 10, timeout_s = 120, concurrency = 64 })
queue.define(TYPING, "gateway.channel.inbox.type", { attempts = 2, timeout_s = 30, lease_s = 10 })

return M
