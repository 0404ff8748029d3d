-- scripts/gateway/channels/discord.lua -- Discord: commands and buttons as interactions over HTTP, webhook events, and
-- messages that a forwarder of the operator's posts (Discord itself sends those over its gateway only).

local channel = require "gateway.channel"
local crypto = require "human.crypto"
local json = require "human.json"
local text_of = require "human.text"
local time = require "human.time"
local untrusted = require "gateway.untrusted"

local M = {}

local API = "https://discord.com/api/v10"
local USER_AGENT = "DiscordBot (https://human.invalid, 1)" -- Discord refuses requests without one of this form
local SKEW_S = 300                               -- between Discord's clock and ours
local TOKEN_S = 14 * 60                          -- an interaction's token lives 15 minutes
local EPOCH_MS = 1420070400000                   -- of the times in ids
local NONCE_MAX, BUTTONS_MAX, ROW_MAX, LABEL_MAX, DATA_MAX = 25, 25, 5, 80, 100
local OPTIONS_MAX, DEPTH_MAX, SAID_MAX, MENTIONS_MAX = 25, 3, 16000, 50
local TALK = "ask"                               -- the command that is for talking: what follows is what is said

local PING, COMMAND, COMPONENT, AUTOCOMPLETE, MODAL = 1, 2, 3, 4, 5
local GROUP_DM = 2                               -- a context: a chat of people, where we are not
local DEFAULT, REPLY = 0, 19                     -- types of messages that people write
local FILE = 11                                  -- a type of option

local object, objects, text = untrusted.object, untrusted.objects, untrusted.text

local function is_set(value) return value ~= nil and value ~= "" end

local function snowflake(value)
  return type(value) == "string" and #value <= 20 and value:find "^%d+$" and value or nil
end

local function is_there(value) return value ~= nil and value ~= json.null end

-- When something with this id was made.
local function made_at_s(id) return math.floor((tonumber(id) / 2 ^ 22 + EPOCH_MS) / 1000) end

-- ---- what comes ----------------------------------------------------------------------------------------------

-- "interaction", "event" (of the application) or "message" (a forwarder's), and the object that it is in.
local function kind_of(body)
  body = object(body)
  if is_there(body.t) then return body.t == "MESSAGE_CREATE" and "message" or nil, object(body.d) end
  if type(body.author) == "table" then return "message", body end
  if body.type == 0 or type(body.event) == "table" then return "event", body end
  return type(body.type) == "number" and "interaction" or nil, body
end

local function is_ping(body)
  local kind, what = kind_of(body)
  return kind == "interaction" and what.type == PING or kind == "event" and what.type == 0
end

-- Discord tries an address with pings whose signatures are wrong.  Its own scheme has no limit of age: what a
-- ping does may be done again, all else is as old as it may be.
local function verify(request, account)
  local key = crypto.unhex(account.public_key or "")
  if not key or #key ~= 32 then return nil, "not_configured" end
  local signature, stamp = request.headers["x-signature-ed25519"], request.headers["x-signature-timestamp"]
  if not signature or not stamp then return nil, "no_signature" end
  local bytes = crypto.unhex(signature)
  if not bytes or #bytes ~= 64 or not crypto.ed25519_verify(key, stamp .. request.body, bytes) then
    return nil, "bad_signature"
  end
  local at_s = #stamp <= 12 and stamp:find "^%d+$" and tonumber(stamp)
  if at_s and math.abs(request.now_s - at_s) <= SKEW_S then return true end
  if is_ping((json.decode(request.body))) then return true end
  return nil, "too_old"
end

local ANSWERS = {
  [PING] = { type = 1 },
  [COMMAND] = { type = 5 }, [MODAL] = { type = 5 }, -- "is thinking", until the answer takes its place
  [COMPONENT] = { type = 6 },                    -- the message stays as it is, until the answer takes its place
  [AUTOCOMPLETE] = { type = 8, data = { choices = json.array {} } },
}

local ELSEWHERE = { type = 4, data = { content = "I am not set up for this channel.", flags = 64 } } -- only they see it

-- Whether it comes from where the bot is for; chats with one person always do.
local function is_wanted(what, account)
  if not is_there(what.guild_id) then return true end
  if is_set(account.guild_id) and what.guild_id ~= account.guild_id then return false end
  local only = account.channel_ids or {}
  for _, id in ipairs(only) do
    if id == what.channel_id then return true end
  end
  return #only == 0
end

local function answer(_, body, account)
  local kind, what = kind_of(body)
  if kind == "event" then return { status = 204 } end
  local value = kind == "interaction" and ANSWERS[what.type]
  if value and what.type == COMMAND and not is_wanted(what, account) then value = ELSEWHERE end
  return value and { status = 200, type = "application/json", body = value } or nil
end

local function person(user, member)
  user, member = object(user), object(member)
  local handle = text(user.username, 100)
  return { id = snowflake(user.id), handle = handle, is_bot = user.bot == true,
           name = text(member.nick, 100) or text(user.global_name, 100) or handle }
end

local KINDS = { image = "photo", audio = "audio", video = "video" }

local function attachment(a)
  local mime = text(a.content_type, 100)
  return { kind = KINDS[(mime or ""):match "^%a*"] or "document", id = snowflake(a.id), url = text(a.url, 2000),
           name = text(a.filename, 200), mime = mime, bytes = untrusted.number(a.size) }
end

local function attachments(list)
  local out = {}
  for i, one in ipairs(objects(list, 10)) do out[i] = attachment(one) end
  return out
end

-- What was typed into a command: names of its parts, and values.  Files are named by their ids.
local function words_of(options, words, files, depth)
  for _, option in ipairs(objects(options, OPTIONS_MAX)) do
    local value = option.value
    if option.type == FILE then
      files[#files + 1] = snowflake(value)
    elseif type(option.options) == "table" and depth < DEPTH_MAX then
      words[#words + 1] = text(option.name, 40)
      words_of(option.options, words, files, depth + 1)
    elseif type(value) == "string" or type(value) == "number" or type(value) == "boolean" then
      words[#words + 1] = text(tostring(value), SAID_MAX)
    end
  end
  return words, files
end

local function command(m, data)
  local words, files = words_of(data.options, {}, {}, 1)
  local resolved, name = object(data.resolved), text(data.name, 40) or ""
  local said, on = table.concat(words, " "), object(object(resolved.messages)[snowflake(data.target_id) or ""])
  m.kind, m.attachments = "command", {}
  m.text = name == TALK and said or text_of.trim("/" .. name .. " " .. said)
  if on.content ~= nil then m.text = text(on.content, SAID_MAX) or "" end -- a command on a message
  for i, id in ipairs(files) do m.attachments[i] = attachment(object(object(resolved.attachments)[id])) end
  return m
end

local function button(m, data, message)
  m.kind, m.data, m.message_id = "button", text(data.custom_id, DATA_MAX), snowflake(message.id)
  return m.data and m or nil
end

local function fields_of(components, words, depth)
  for _, one in ipairs(objects(components, OPTIONS_MAX)) do
    if type(one.value) == "string" then words[#words + 1] = text(one.value, SAID_MAX) end
    if depth < DEPTH_MAX then fields_of(one.components or { one.component }, words, depth + 1) end
  end
  return words
end

local function form(m, data)
  m.kind, m.text = "command", table.concat(fields_of(data.components, {}, 1), "\n")
  return m
end

local function token_of(i, at_s)
  local application, token = snowflake(i.application_id), text(i.token, 600)
  return application and token and ("%d/%s/%s"):format(at_s + TOKEN_S, application, token) or nil
end

local function interaction(i)
  local member, data = object(i.member), object(i.data)
  local m = { id = snowflake(i.id), chat = snowflake(i.channel_id), title = text(object(i.channel).name, 200),
              group = is_there(i.guild_id) or i.context == GROUP_DM, from = person(i.user or member.user, member),
              to_me = true }
  if not (m.id and m.chat and m.from.id) then return nil end
  m.at_s = made_at_s(m.id)
  m.reply_token = token_of(i, m.at_s)
  if i.type == COMMAND then return command(m, data) end
  if i.type == COMPONENT then return button(m, data, object(i.message)) end
  return i.type == MODAL and form(m, data) or nil
end

local function me_of(account)
  return snowflake(account.bot_id) or snowflake(account.application_id) or account.me and account.me.id
end

-- A text with names for ids of people, and without ourselves; and who is mentioned.
local function content_of(m, me)
  local names, ids = {}, {}
  for _, user in ipairs(objects(m.mentions, MENTIONS_MAX)) do
    local who = person(user)
    if who.id then ids[#ids + 1], names[who.id] = who.id, who.name or who.id end
  end
  local said = (text(m.content, SAID_MAX) or ""):gsub("<@!?(%d+)>", function(id)
    if not names[id] and #ids < MENTIONS_MAX then ids[#ids + 1], names[id] = id, id end
    return id == me and "" or "@" .. (names[id] or id)
  end)
  return text_of.trim(said), ids
end

local function message(m, account)
  local me = me_of(account)
  local who, kind = person(m.author, m.member), is_there(m.type) and m.type or DEFAULT
  local out = { id = snowflake(m.id), message_id = snowflake(m.id), kind = "message", from = who,
                chat = snowflake(m.channel_id), group = is_there(m.guild_id), attachments = attachments(m.attachments) }
  if not (out.id and out.chat and who.id) or kind ~= DEFAULT and kind ~= REPLY then return nil end
  who.is_bot = who.is_bot or is_there(m.webhook_id)
  out.text, out.mentions = content_of(m, me)
  out.reply_to_from = snowflake(object(object(m.referenced_message).author).id)
  out.at_s = made_at_s(out.id)
  return out
end

local function parse(body, account)
  local kind, what = kind_of(body)
  if not is_wanted(what, account) then return {} end
  if kind == "interaction" then return { interaction(what) } end
  if kind == "message" then return { message(what, account) } end
  return {}
end

-- ---- what goes -----------------------------------------------------------------------------------------------

local cut = text_of.cut

local function rows_of(buttons)
  local rows, row = json.array {}, nil
  for i = 1, math.min(#(buttons or {}), BUTTONS_MAX) do
    if i % ROW_MAX == 1 then
      row = {}
      rows[#rows + 1] = { type = 1, components = row }
    end
    row[#row + 1] = { type = 2, style = 2, label = cut(buttons[i].label, LABEL_MAX), custom_id = buttons[i].data }
  end
  return rows
end

local function request(account, method, path, body)
  local base = is_set(account.api_base) and account.api_base or API
  return { method = method, url = base .. path, headers = { ["User-Agent"] = USER_AGENT }, json = body }
end

local function as_bot(account, method, path, body)
  local r = request(account, method, path, body)
  r.headers.Authorization = "Bot " .. channel.fill(account, "token")
  return r
end

-- With its file, where there is one: a form, in which the message is JSON.
local function with_file(r, m)
  if not m.file then return r end
  r.form = { { name = "payload_json", value = json.encode(r.json), type = "application/json" },
             { name = "files[0]", value = m.file.data, filename = m.file.name, type = m.file.type } }
  r.json = nil
  return r
end

-- The answer to an interaction: its first piece takes the place of "is thinking", others follow.
local function by_token(m, account, body)
  local until_s, application, token = (m.reply_token or ""):match "^(%d+)/(%d+)/(.+)$"
  if not token or token:find "^%.+$" or time.now_ms() / 1000 >= tonumber(until_s) then return nil end
  local path = "/webhooks/" .. application .. "/" .. untrusted.escaped(token)
  if m.first then return request(account, "PATCH", path .. "/messages/@original", body) end
  return request(account, "POST", path .. "?wait=true", body)
end

local NO_TOKEN = "Discord takes answers to a command for 15 minutes only; for anything else it needs the bot's token "
  .. "(channels.discord.token)."

-- "user:ID" is a person: the chat with them is asked for first.
local function say(m, account)
  local user = m.chat:match "^user:(%d+)$"
  local body = { content = m.text, components = rows_of(m.buttons), allowed_mentions = { parse = json.array {} } }
  local by = not user and by_token(m, account, body)
  if by then return with_file(by, m) end
  if not account.has.token then return nil, NO_TOKEN end
  if user then return as_bot(account, "POST", "/users/@me/channels", { recipient_id = user }) end
  if not snowflake(m.chat) then return nil, "A chat of Discord is a number; a person is user: and a number." end
  body.message_reference = snowflake(m.reply_to) and { message_id = m.reply_to, fail_if_not_exists = false } or nil
  body.nonce = m.once and (#m.once > NONCE_MAX and crypto.sha256_hex(m.once) or m.once):sub(1, NONCE_MAX) or nil
  body.enforce_nonce = body.nonce and true or nil
  return with_file(as_bot(account, "POST", "/channels/" .. m.chat .. "/messages", body), m)
end

local REASONS = {
  [401] = "Discord does not accept the bot's token: set channels.discord.token to that of the page Bot.",
  [403] = "The bot may not write there: invite it, and permit it to see the channel and to send messages.",
  [404] = "There is no such chat on Discord, or the bot is not in it.",
}

local function reason_of(status, body)
  local code, why = untrusted.number(body.code), untrusted.phrase(body.message)
  local more = why and (" (Discord: %s%s)"):format(why, code and (", code %d"):format(code) or "") or ""
  return (REASONS[status] or ("Discord refuses it with status %d."):format(status)) .. more
end

local function seconds(...)
  for i = 1, select("#", ...) do
    local n = tonumber((select(i, ...)))
    if n and n >= 0 and n < 86400 then return n end
  end
  return 1
end

local function said(response, m)
  local status, body, headers = response.status, object(response.json), response.headers
  local id = snowflake(body.id)
  if status == 429 then
    local wait_s = seconds(body.retry_after, headers["retry-after"], headers["x-ratelimit-reset-after"])
    return { wait_ms = math.ceil(wait_s * 1000), global = body.global == true }
  end
  if status >= 500 then return { retry = ("Discord answers with status %d."):format(status) } end
  if status < 300 and m.chat:find "^user:" and id then return { again = { chat = id } } end
  if status < 300 then return { ok = true, id = id } end
  if m.reply_token and (status == 404 or status == 401) then return { again = { reply_token = false } } end
  if status == 400 and m.reply_to then return { again = { reply_to = false } } end -- what it answers may be gone
  return { failed = reason_of(status, body) }
end

local function typing(m, account)
  if m.reply_token or not account.has.token or not snowflake(m.chat) then return nil end
  return as_bot(account, "POST", "/channels/" .. m.chat .. "/typing", nil)
end

local function healthy(response)
  local body = object(response.json)
  local who = person(body)
  if response.status ~= 200 or not who.id then return nil, reason_of(response.status, body) end
  return { id = who.id, handle = who.handle, name = who.name }
end

channel.define("discord", {
  label = "Discord",
  settings = {
    { "public_key", text = "the application's public key, 64 hex digits: General Information" },
    { "application_id", text = "the application's id: General Information" },
    { "token", secret = true, text = "the bot's token: Bot; for messages that answer no command" },
    { "bot_id", text = "the id of the bot's user, if it is not that of the application" },
    { "guild_id", text = "the server that the bot is for" },
    { "channel_ids", type = "list", text = "the channels that the bot is for; empty: all" },
  },
  signature = "x-signature-ed25519",
  headers = { "x-signature-ed25519", "x-signature-timestamp" },
  limits = { text = 2000, unit = "utf16", chat_ms = 200, group_ms = 200, per_s = 40 },
  verify = verify, answer = answer, parse = parse, say = say, said = said, files = true, typing = typing,
  health = function(account) return as_bot(account, "GET", "/users/@me", nil) end,
  healthy = healthy,
  -- A forwarder's messages need no key of Discord's, answers to commands no token; one of them there must be.
  check = function(account)
    return not is_set(account.public_key) and not account.has.token and "channels.discord.public_key" or nil
  end,
  me = function(account) return not account.has.token and { id = me_of(account) } or nil end,
})

return M
