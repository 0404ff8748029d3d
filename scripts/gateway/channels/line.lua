-- scripts/gateway/channels/line.lua -- LINE, through its Messaging API.
-- An answer within a minute uses the reply token of its message, which is free and good once. Anything else is
-- pushed, which counts against the plan's monthly quota, under a key that makes a repeat harmless.

local crypto = require "human.crypto"
local time = require "human.time"
local channel = require "gateway.channel"
local channel_text = require "gateway.channel.text"
local markup = require "gateway.channel.markup"
local untrusted = require "gateway.untrusted"

local id, object, objects, phrase, text = untrusted.id, untrusted.object, untrusted.objects, untrusted.phrase,
  untrusted.text

local M = {}

local API, CONTENT_API = "https://api.line.me", "https://api-data.line.me"
local REPLY_MS, MENTIONS_MAX = 50000, 20         -- of the minute that a reply token is good for
local TYPING_S, BUTTON_LABEL = 20, 20

-- Webhooks -------------------------------------------------------------------------------------------------

local function verify(request, account)
  if not account.has.channel_secret then return nil, "not_configured" end
  local given = request.headers["x-line-signature"]
  if not given then return nil, "no_signature" end
  local want = channel.hmac(account, "channel_secret", request.body)
  if want and crypto.equal(crypto.base64(crypto.unhex(want)), given) then return true end
  return nil, "bad_signature"
end

-- Where so many UTF-16 units of a text have passed, or nil.
local function at_unit(said, units)
  local at = 1
  while units > 0 do
    local byte = said:byte(at)
    if not byte then return nil end
    local n = byte < 0x80 and 1 or byte < 0xE0 and 2 or byte < 0xF0 and 3 or 4
    at, units = at + n, units - (n == 4 and 2 or 1)
  end
  return units == 0 and at or nil
end

-- Whether we are mentioned, and the text without that.  From the last mention on, so that places stay true.
local function without_us(said, mentions)
  local ours = {}
  for _, one in ipairs(objects(mentions, MENTIONS_MAX)) do
    local from, n = untrusted.number(one.index), untrusted.number(one.length)
    if one.isSelf == true and from and n and from >= 0 and n > 0 then ours[#ours + 1] = { from = from, n = n } end
  end
  table.sort(ours, function(a, b) return a.from > b.from end)
  for _, one in ipairs(ours) do
    local first, last = at_unit(said, one.from), at_unit(said, one.from + one.n)
    if first and last then said = said:sub(1, first - 1) .. said:sub(last) end
  end
  return #ours > 0, (said:gsub("^%s+", ""))
end

local function file(kind)
  return function(m)
    return { attachments = { { kind = kind, id = id(m.id), name = text(m.fileName, 200),
                               bytes = untrusted.number(m.fileSize) } } }
  end
end

local function place(m)
  local lat, long = tonumber(m.latitude), tonumber(m.longitude)
  local words = { text(m.title, 300) or text(m.address, 300) }
  if lat and long then words[#words + 1] = ("%.5f, %.5f"):format(lat, long) end
  return { text = "Location: " .. table.concat(words, "; ") }
end

local READ = {
  text = function(m)
    local said = text(m.text)
    if not said then return {} end
    local to_me, rest = without_us(said, object(m.mention).mentionees)
    return { text = rest ~= "" and rest or said, to_me = to_me }
  end,
  image = file "photo", video = file "video", audio = file "audio", file = file "document", location = place,
  sticker = function(m)
    local words = type(m.keywords) == "table" and text(m.keywords[1], 50)
    return { text = "(a sticker" .. (words and ": " .. words or "") .. ")" }
  end,
}

local function said_of(event)
  local m = object(event.message)
  local said = (READ[type(m.type) == "string" and m.type or ""] or file "unsupported")(m)
  said.kind, said.message_id, said.reply_to = "message", id(m.id), id(m.quotedMessageId)
  return said.message_id and (said.text or said.attachments) and said or nil
end

-- By the type of an event; others are no concern of ours.
local EVENTS = {
  message = said_of,
  postback = function(event)
    return { kind = "button", data = text(object(event.postback).data, 300), to_me = true }
  end,
}

-- Who replies within the minute names the token and its end.
local function token_of(event, at_ms)
  local token = id(event.replyToken)
  return token and at_ms and ("%.0f/%s"):format(at_ms + REPLY_MS, token) or nil
end

local function message_of(event)
  local read, source = EVENTS[type(event.type) == "string" and event.type or ""], object(event.source)
  local who, group, event_id = id(source.userId), id(source.groupId) or id(source.roomId), id(event.webhookEventId)
  if not read or event.mode == "standby" or not (who and event_id) then return nil end
  local said, at_ms = read(event), untrusted.number(event.timestamp)
  if not said or said.kind == "button" and not said.data then return nil end
  return {
    id = event_id, kind = said.kind, message_id = said.message_id, text = said.text, data = said.data,
    attachments = said.attachments, reply_to = said.reply_to, chat = group or who, group = group ~= nil,
    from = { id = who }, to_me = not group or said.to_me == true, at_s = at_ms and math.floor(at_ms / 1000),
    reply_token = token_of(event, at_ms),
  }
end

-- None in the body that "Verify" in LINE's console sends.
local function parse(body)
  local list = {}
  for _, event in ipairs(objects(object(body).events)) do list[#list + 1] = message_of(event) end
  return list
end

-- What goes out --------------------------------------------------------------------------------------------

local function request(account, method, path, body)
  local base = account.api_base ~= "" and account.api_base or API
  return { method = method, url = base .. path, json = body,
           headers = { Authorization = "Bearer " .. channel.fill(account, "channel_access_token") } }
end

-- A key of ours as the UUID that LINE wants.
local function uuid(once)
  local h = crypto.sha256_hex("line " .. once)
  return ("%s-%s-5%s-8%s-%s"):format(h:sub(1, 8), h:sub(9, 12), h:sub(14, 16), h:sub(18, 20), h:sub(21, 32))
end

-- LINE shows a text as it is: marks go.
local function same(t) return t end

local STYLE = { escape = same, code = same, pre = same, bold = { "", "" }, italic = { "", "" }, strike = { "", "" },
                link = function(label, url) return label == url and url or label .. " (" .. url .. ")" end }

local function quick_reply(buttons)
  local items = {}
  for i, button in ipairs(buttons) do
    items[i] = { type = "action",
                 action = { type = "postback", label = channel_text.fit(button.label, BUTTON_LABEL),
                            data = button.data, displayText = button.label } }
  end
  return { items = items }
end

local function bubbles(message)
  local list = {}
  for i, piece in ipairs(message.pieces or { message.text }) do
    list[i] = { type = "text", text = message.plain and piece or markup.render(piece, STYLE) }
  end
  if message.buttons then list[#list].quickReply = quick_reply(message.buttons) end
  return list
end

-- The reply token, if it is still good: the first piece uses it up, all others are pushed.
local function fresh(message)
  if message.first == false then return nil end
  local until_ms, token = (message.reply_token or ""):match "^(%d+)/(.+)$"
  return until_ms and time.now_ms() < tonumber(until_ms) and token or nil
end

local function say(message, account)
  local token = fresh(message)
  if token then
    return request(account, "POST", "/v2/bot/message/reply", { replyToken = token, messages = bubbles(message) })
  end
  local push = request(account, "POST", "/v2/bot/message/push", { to = message.chat, messages = bubbles(message) })
  push.headers["X-Line-Retry-Key"] = message.once and uuid(message.once) or nil
  return push
end

local function reason_of(response)
  local answer = object(response.json)
  local why = phrase(answer.message) or "status " .. response.status
  local more = phrase(object(objects(answer.details)[1]).message)
  return more and why .. ": " .. more or why
end

local function said(response, message)
  local status = response.status
  if status < 300 or status == 409 then          -- 409: an earlier try has sent it
    return { ok = true, id = id(object(objects(object(response.json).sentMessages)[1]).id) }
  end
  local why = reason_of(response)
  local words = why:lower()
  if status == 429 and not words:find("monthly limit", 1, true) then
    return { wait_ms = (untrusted.number(response.headers["retry-after"]) or 2) * 1000, global = true }
  end
  if status >= 500 then return { retry = why } end
  if status == 400 and message.reply_token and words:find("reply token", 1, true) then
    -- A token that is fresh and yet used up was used by an earlier try of ours: that has sent it.
    if (message.attempt or 1) > 1 and fresh(message) then return { ok = true } end
    return { again = { reply_token = false } }
  end
  if status == 401 then return { failed = "LINE refuses channel_access_token: " .. why } end
  if status == 429 then return { failed = "The plan's messages of this month are used up (LINE: " .. why .. ")" } end
  return { failed = "LINE refuses it: " .. why }
end

-- Only people see it, not groups.
local function typing(message, account)
  if message.group then return nil end
  return request(account, "POST", "/v2/bot/chat/loading/start", { chatId = message.chat, loadingSeconds = TYPING_S })
end

local function healthy(response)
  local who = object(response.json)
  if response.status == 200 and id(who.userId) then
    return { id = who.userId, name = text(who.displayName, 200), handle = text(who.basicId, 100) }
  end
  return nil, "LINE refuses channel_access_token: " .. reason_of(response)
end

local function fetched(attachment, _, account)
  local got = request(account, "GET", "/v2/bot/message/" .. untrusted.escaped(attachment.id) .. "/content")
  if got.url:sub(1, #API) == API then got.url = CONTENT_API .. got.url:sub(#API + 1) end
  return got
end

channel.define("line", {
  label = "LINE",
  settings = {
    { "channel_secret", secret = true, required = true, text = "what webhooks are signed with: Basic settings" },
    { "channel_access_token", secret = true, required = true, alias = "channel_token",
      text = "a long-lived channel access token: Messaging API" },
    { "user_id", text = "your own user id, for messages that nobody asked for" },
  },
  signature = "x-line-signature", headers = { "x-line-signature" },
  limits = { text = 5000, unit = "utf16", chat_ms = 100, group_ms = 100, per_s = 100, pieces = 5 },
  verify = verify, parse = parse, say = say, said = said, typing = typing, typing_ms = TYPING_S * 1000,
  file = fetched, no_files = ": LINE fetches files itself, from a public https address",
  health = function(account) return request(account, "GET", "/v2/bot/info") end, healthy = healthy,
})

return M
