-- scripts/gateway/channels/telegram.lua -- Telegram: updates by webhook or by long polling, answers as HTML.
-- Pure; its contract is in gateway/channel.lua.  Telegram counts text in units of UTF-16, and does not count markup.

local json = require "human.json"
local channel = require "gateway.channel"
local markup = require "gateway.channel.markup"
local texts = require "gateway.channel.text"
local untrusted = require "gateway.untrusted"
local trim = require("human.text").trim

local API = "https://api.telegram.org"
local POLL_S, UPDATES = 25, 100
local UPDATES_WANTED = '["message","edited_message","channel_post","callback_query","my_chat_member"]'
local DATA_MAX = 64                              -- bytes of what a button sends back
local UNKNOWN = "Telegram does not know the bot: check channels.telegram.token (from @BotFather)"
local CONFLICT = "Telegram gives the updates to somebody else: a webhook is set (human channels webhook telegram "
  .. "--remove), or another program polls with this token"

-- ---- requests --------------------------------------------------------------------------------------------

local function url(account, method, what)
  local base = account.api_base ~= "" and account.api_base or API
  return ("%s%s%s/%s"):format(base, what or "/bot", channel.fill(account, "token"), method)
end

local ESCAPES = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }

local function escape(text) return (text:gsub("[&<>]", ESCAPES)) end

local HTML = {
  escape = escape, bold = { "<b>", "</b>" }, italic = { "<i>", "</i>" }, strike = { "<s>", "</s>" },
  code = function(text) return "<code>" .. escape(text) .. "</code>" end,
  pre = function(text, language)
    if language == "" then return "<pre>" .. escape(text) .. "</pre>" end
    return ('<pre><code class="language-%s">%s</code></pre>'):format(language:gsub("[^%w_+#.-]", ""), escape(text))
  end,
  link = function(label, target) return ('<a href="%s">%s</a>'):format(escape(target):gsub('"', "&quot;"), label) end,
  quote = function(line) return "<blockquote>" .. line .. "</blockquote>" end,
}

local function keyboard(buttons)
  local rows = {}
  for _, button in ipairs(buttons or {}) do
    if #button.data <= DATA_MAX then rows[#rows + 1] = { { text = button.label, callback_data = button.data } } end
  end
  return rows[1] and { inline_keyboard = rows } or nil
end

-- The first 1,024 characters beside a file; as a picture where it is one.
local function say_file(message, account)
  local f = message.file
  local is_photo = f.type == "image/png" or f.type == "image/jpeg"
  local form = { { name = "chat_id", value = message.chat } }
  local function add(name, value) form[#form + 1] = value and { name = name, value = value } or nil end
  add("message_thread_id", message.thread and tostring(message.thread))
  add("caption", message.text ~= "" and texts.fit(message.text, 1024, "utf16"))
  add("reply_parameters", tonumber(message.reply_to)
    and json.encode { message_id = tonumber(message.reply_to), allow_sending_without_reply = true })
  form[#form + 1] = { name = is_photo and "photo" or "document", value = f.data, filename = f.name, type = f.type }
  return { url = url(account, is_photo and "sendPhoto" or "sendDocument"), method = "POST", form = form }
end

local function say(message, account)
  if message.file then return say_file(message, account) end
  local thread = tonumber(message.thread)
  local body = {
    chat_id = tonumber(message.chat) or message.chat, message_thread_id = thread,
    text = message.plain and message.text or markup.render(message.text, HTML),
    parse_mode = not message.plain and "HTML" or nil, reply_markup = keyboard(message.buttons),
    link_preview_options = { is_disabled = true },
  }
  if tonumber(message.reply_to) then
    body.reply_parameters = { message_id = tonumber(message.reply_to), allow_sending_without_reply = true }
  end
  return { url = url(account, "sendMessage"), json = body }
end

-- What a refusal means.
local function refused(answer, status, message)
  local told = type(answer.description) == "string" and answer.description or "no reason"
  local more = type(answer.parameters) == "table" and answer.parameters or {}
  if status == 429 then
    return { wait_ms = 1000 * math.max(1, math.min(tonumber(more.retry_after) or 1, 86400)) }
  end
  if type(more.migrate_to_chat_id) == "number" and not message.moved then
    return { again = { chat = ("%.0f"):format(more.migrate_to_chat_id), moved = true } }
  end
  if status == 400 and told:find "can't parse entities" and not message.plain then
    return { again = { plain = true } }
  end
  if status == 400 and told:find "message thread not found" and message.thread then
    return { again = { thread = false } }
  end
  if status == 401 or status == 404 then return { failed = UNKNOWN } end
  if status >= 500 then return { retry = "Telegram answers " .. status } end
  return { failed = "Telegram refused it: " .. told }
end

local function said(response, message)
  local answer = type(response.json) == "table" and response.json or {}
  if response.status == 200 and answer.ok == true then
    return { ok = true, id = type(answer.result) == "table" and tonumber(answer.result.message_id) or nil }
  end
  if response.status == 200 then return { retry = "Telegram answers something else" } end
  return refused(answer, response.status, message)
end

-- ---- updates -----------------------------------------------------------------------------------------------

local function object(value) return type(value) == "table" and value or {} end

local function number(value)
  return type(value) == "number" and value == math.floor(value) and math.abs(value) < 2 ^ 53 and ("%.0f"):format(value)
    or nil
end

local function string_of(value) return type(value) == "string" and value or nil end

local function person(user)
  local name = table.concat({ string_of(user.first_name) or "", string_of(user.last_name) or "" }, " ")
  return { id = number(user.id), name = trim(name), handle = string_of(user.username),
           is_bot = user.is_bot == true }
end

-- Who says it: a person; or a group or a channel that speaks as itself.
local function sender(message)
  local as = message.sender_chat
  if type(as) == "table" then
    return { id = number(as.id), name = string_of(as.title), handle = string_of(as.username), is_chat = true }
  end
  return person(object(message.from))
end

-- Mentions in a text, and whether it begins with a command, and which.
local function entities(text, list)
  local mentions, command = {}, nil
  for i = 1, math.min(#object(list), 100) do
    local e = object(list[i])
    local from, length = e.offset, e.length
    if type(from) == "number" and type(length) == "number" and from >= 0 and length >= 0 and length < 100 then
      local part = (e.type == "mention" or e.type == "bot_command") and texts.utf16(text, from, length)
      if e.type == "mention" then mentions[#mentions + 1] = part end
      if e.type == "text_mention" then mentions[#mentions + 1] = number(object(e.user).id) end
      if e.type == "bot_command" and from == 0 then command = part end
    end
  end
  return mentions, command
end

local FILES = { "voice", "audio", "video", "video_note", "animation", "document", "sticker" }

local function file(kind, f)
  return { kind = kind, id = string_of(f.file_id), name = string_of(f.file_name), mime = string_of(f.mime_type),
           bytes = type(f.file_size) == "number" and f.file_size or nil }
end

local function attachments(message)
  local list = {}
  local photo = object(message.photo)
  if type(photo[#photo]) == "table" then list[1] = file("photo", photo[#photo]) end
  for _, kind in ipairs(FILES) do
    if type(message[kind]) == "table" then list[#list + 1] = file(kind, message[kind]) end
  end
  if message.animation and #list > 1 then table.remove(list) end -- the same file again, as a document
  return list
end

local function of_message(id, message, edited)
  local chat = object(message.chat)
  local text = string_of(message.text) or string_of(message.caption) or ""
  local mentions, command = entities(text, message.entities or message.caption_entities)
  local to_command = command and command:match "@(.+)$"
  if to_command then mentions[#mentions + 1] = "@" .. to_command end
  local reply = object(message.reply_to_message)
  return {
    id = id, kind = command and "command" or "message", chat = number(chat.id), group = chat.type ~= "private",
    title = string_of(chat.title), thread = message.is_topic_message and number(message.message_thread_id) or nil,
    from = sender(message), text = text, mentions = mentions, to_me = command ~= nil and not to_command,
    reply_to_from = number(object(reply.from).id), message_id = number(message.message_id), edited = edited,
    attachments = attachments(message), at_s = message.date,
  }
end

local function of_button(id, query)
  local message = object(query.message)
  local chat = object(message.chat)
  return {
    id = id, kind = "button", chat = number(chat.id), group = chat.type ~= "private", title = string_of(chat.title),
    thread = message.is_topic_message and number(message.message_thread_id) or nil, from = person(object(query.from)),
    data = string_of(query.data), to_me = true, message_id = number(message.message_id),
    reply_token = string_of(query.id), text = "",
  }
end

local function parse(update)
  local n = number(update.update_id)
  if not n then return {} end
  local id = "u" .. n
  if type(update.callback_query) == "table" then return { of_button(id, update.callback_query) } end
  local message = update.message or update.channel_post
  if type(message) == "table" then return { of_message(id, message, false) } end
  local edited = update.edited_message or update.edited_channel_post
  if type(edited) == "table" then return { of_message(id, edited, true) } end
  return {}
end

-- ---- how it is, and long polling -----------------------------------------------------------------------------

local function healthy(response)
  local answer = object(response.json)
  local me = object(answer.result)
  if response.status == 200 and answer.ok == true and number(me.id) then
    return { id = number(me.id), handle = string_of(me.username), name = string_of(me.first_name) }
  end
  if response.status == 401 or response.status == 404 then
    return nil, UNKNOWN
  end
  return nil, "Telegram answers " .. response.status
end

local function poll(account, position)
  if account.mode ~= "poll" then return nil end
  local after = position and "&offset=" .. position or ""
  return { url = url(account, ("getUpdates?timeout=%d&limit=%d%s"):format(POLL_S, UPDATES, after)), method = "POST",
           json = nil, body = '{"allowed_updates":' .. UPDATES_WANTED .. "}",
           headers = { ["Content-Type"] = "application/json" }, timeout_s = POLL_S + 10 }
end

local function polled(response)
  local answer = object(response.json)
  if response.status == 409 then return { failed = CONFLICT, wait_ms = 10000 } end
  if response.status == 429 then
    return { failed = "Telegram asks to wait", wait_ms = 1000 * (tonumber(object(answer.parameters).retry_after) or 5) }
  end
  if response.status ~= 200 or answer.ok ~= true or type(answer.result) ~= "table" then
    return { failed = select(2, healthy(response)) or "Telegram answers something else", wait_ms = 5000 }
  end
  local last
  for _, update in ipairs(answer.result) do
    local n = tonumber(object(update).update_id)
    if n and (not last or n > last) then last = n end
  end
  return { bodies = answer.result, position = last and ("%.0f"):format(last + 1) or nil }
end

-- The request that has Telegram call this address, or none.
local function webhook(account, address)
  if not address then return { url = url(account, "deleteWebhook"), method = "POST", body = "" } end
  if not account.has.webhook_secret then return nil, "channels.telegram.webhook_secret is not set" end
  local encoded = address:gsub("[^%w._~-]", function(ch) return ("%%%02X"):format(ch:byte()) end)
  return { url = url(account, ("setWebhook?url=%s&secret_token=%s"):format(encoded, channel.fill(account,
             "webhook_secret"))), method = "POST", body = '{"allowed_updates":' .. UPDATES_WANTED .. "}",
           headers = { ["Content-Type"] = "application/json" } }
end

local function webhook_set(response)
  local answer = object(response.json)
  if response.status == 200 and answer.ok == true then return true end
  return nil, "Telegram refused it: " .. (string_of(answer.description) or "status " .. response.status)
end

-- A file: first its path, then its bytes, at an address with the token in it.
local function fetched(attachment, _, account)
  return { url = url(account, "getFile?file_id=" .. untrusted.escaped(attachment.id)), method = "GET" }
end

local function filed(response, attachment, account)
  if attachment.asked then
    if response.status == 200 then return { bytes = response.body } end
    return { failed = "Telegram does not give it out (status " .. response.status .. ")" }
  end
  local body = object(json.decode(response.body))
  local path = object(body.result).file_path
  if response.status ~= 200 or type(path) ~= "string" or path:find("..", 1, true) then
    return { failed = untrusted.phrase(body.description) or "Telegram does not say where it is" }
  end
  attachment.asked = true
  return { again = { url = url(account, (untrusted.escaped(path):gsub("%%2F", "/")), "/file/bot"), method = "GET" } }
end

return channel.define("telegram", {
  label = "Telegram",
  settings = {
    { "token", secret = true, required = true, alias = "bot_token", text = "the bot's token, from @BotFather" },
    { "webhook_secret", secret = true, alias = "secret_token",
      text = "what Telegram shows with each webhook: 1 to 256 of A-Z, a-z, 0-9, _ and -" },
    { "mode", enum = { "webhook", "poll" }, default = "webhook",
      text = "webhook: Telegram calls us; poll: we ask Telegram, and nothing has to reach us" },
  },
  signature = "x-telegram-bot-api-secret-token", headers = { "x-telegram-bot-api-secret-token" },
  limits = { text = 4096, unit = "utf16", chat_ms = 1000, group_ms = 3000, per_s = 30 },
  verify = function(request, account)
    local given = request.headers["x-telegram-bot-api-secret-token"]
    if not account.has.webhook_secret then return nil, "not_configured" end
    if not given then return nil, "no_signature" end
    if not channel.equal(account, "webhook_secret", given) then return nil, "bad_signature" end
    return true
  end,
  parse = parse, say = say, said = said, files = true, file = fetched, filed = filed,
  typing = function(message, account)
    return { url = url(account, "sendChatAction"),
             json = { chat_id = tonumber(message.chat), message_thread_id = tonumber(message.thread),
                      action = "typing" } }
  end,
  ack = function(message, account)
    return message.reply_token and { url = url(account, "answerCallbackQuery"),
                                     json = { callback_query_id = message.reply_token } } or nil
  end,
  health = function(account) return { url = url(account, "getMe"), method = "GET" } end,
  healthy = healthy, poll = poll, polled = polled, webhook = webhook, webhook_set = webhook_set,
})
