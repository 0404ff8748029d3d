-- scripts/gateway/channel/people.lua -- who may talk by a channel: strangers ask with a code, the operator decides.

local crypto = require "human.crypto"
local db = require "human.db"
local post = require "gateway.post"
local rules = require "gateway.rules.channels"

local M = {}

local LETTERS, CODE = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789", 8
local LIST_MAX = 1000
local WELCOME = "You may talk with me now. What can I do for you?"

M.sql = {
  get = "select state, name, code from channel_people where channel = $1 and account = $2 and person = $3",
  asking = ([[select count(*) from (select from channel_people where channel = $1 and state = 'asked'
    and asked_at > human_now() - interval '%d minutes' limit %d) a]]):format(rules.code_minutes, rules.asking + 1),
  -- A code that is good stays, so that nobody is written to again and again.
  ask = ([[insert into channel_people as p (channel, account, person, name, chat, state, code)
    values ($1, $2, $3, $4, $5, 'asked', $6)
    on conflict (channel, account, person) do update
      set code = excluded.code, asked_at = human_now(), name = excluded.name, chat = excluded.chat
      where p.state = 'asked' and p.asked_at <= human_now() - interval '%d minutes'
    returning code]]):format(rules.code_minutes),
  decide = ([[update channel_people set state = $2, code = null, decided_at = human_now()
    where code = $1 and asked_at > human_now() - interval '%d minutes'
    returning channel, account, person, name, chat]]):format(rules.code_minutes),
  set = [[insert into channel_people (channel, account, person, state, decided_at)
    values ($1, $2, $3, $4, human_now())
    on conflict (channel, account, person) do update
      set state = excluded.state, code = null, decided_at = excluded.decided_at
      where channel_people.state <> excluded.state]],
  remove = "delete from channel_people where channel = $1 and account = $2 and person = $3",
  list = ([[select channel, account, person, name, state, code, asked_at, decided_at from channel_people
    where $1::text is null or channel = $1 order by channel, account, person limit %d]]):format(LIST_MAX),
}

-- 40 random bits.
local function new_code()
  local out = {}
  for i = 1, CODE do
    local n = math.floor(crypto.random() * #LETTERS) + 1
    out[i] = LETTERS:sub(n, n)
  end
  return table.concat(out)
end

--- What the operator has said of somebody: {state ("asked", "allowed", "blocked"), name, code}, or nil.
function M.get(channel, account, person) return db.row(M.sql.get, channel, account, person) end

--- How many strangers of a channel wait.
function M.asking(channel) return db.value(M.sql.asking, channel) end

--- Asks for somebody, in tx: the code, or nil where an earlier one is still good.
function M.ask(tx, item)
  local from = item.message.from
  return tx:value(M.sql.ask, item.channel, item.account, item.person, from.name or from.handle or "", item.message.chat,
    new_code())
end

local function is_code(code) return #code == CODE and code:find "^[%u%d]+$" ~= nil end

-- Tells somebody that they may talk.
local function welcome(tx, row)
  if row.chat == "" then return end
  post.add(tx, { channel = row.channel, account = row.account, chat = row.chat, text = WELCOME })
end

--- Decides about who was sent this code: allowed, and told so, or not.  Their row, or nil: there is no such code.
function M.decide(code, allowed)
  code = code:upper():gsub("[%s-]", "")
  if not is_code(code) then return nil end
  return db.tx(function(tx)
    local row = tx:row(M.sql.decide, code, allowed and "allowed" or "blocked")
    if row and allowed then welcome(tx, row) end
    return row
  end)
end

--- Why this is no id of a person; nil: it may be one.
function M.refusal(name, person)
  if person == "*" or person:sub(1, 1) == "@" and not person:find ":" then
    return ("%s is no id: handles, and * for everybody, belong into channels.%s.allow_from"):format(person, name)
  end
end

--- Allows or blocks somebody by id.  Who is allowed already stays as early as they were: the first may approve.
function M.set(channel, account, person, allowed)
  db.exec(M.sql.set, channel, account, person, allowed and "allowed" or "blocked")
end

--- Forgets somebody, who is a stranger then.  Whether there was one.
function M.remove(channel, account, person) return db.exec(M.sql.remove, channel, account, person) > 0 end

--- Who is known of a channel, or of all: with codes of those who ask.
function M.list(channel) return db.query(M.sql.list, channel) end

return M
