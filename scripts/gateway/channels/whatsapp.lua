-- scripts/gateway/channels/whatsapp.lua -- WhatsApp, through Meta's Cloud API.
-- An app's webhook gets the messages of all its numbers; those for other numbers are ignored.

local crypto = require "human.crypto"
local json = require "human.json"
local channel = require "gateway.channel"
local channel_text = require "gateway.channel.text"
local markup = require "gateway.channel.markup"
local untrusted = require "gateway.untrusted"
local addresses = require "gateway.web_address"

local id, object, objects, phrase, text = untrusted.id, untrusted.object, untrusted.objects, untrusted.phrase,
  untrusted.text

local M = {}

local API, VERSION, CHALLENGE_MAX = "https://graph.facebook.com", "v24.0", 1000
local TEXT, BUTTONS, BUTTON_LABEL, BUTTON_TEXT = 4096, 3, 20, 1024

-- Webhooks -------------------------------------------------------------------------------------------------

-- Meta asks once, when the address is entered.
local function verify_address(request, account)
  local q = request.query
  if not account.has.verify_token then return nil, "not_configured" end
  if q["hub.mode"] ~= "subscribe" or type(q["hub.verify_token"]) ~= "string" then return nil, "no_signature" end
  if channel.equal(account, "verify_token", q["hub.verify_token"]) then return true end
  return nil, "bad_signature"
end

local function verify(request, account)
  if request.method == "GET" then return verify_address(request, account) end
  if not account.has.app_secret then return nil, "not_configured" end
  local given = request.headers["x-hub-signature-256"]
  if not given then return nil, "no_signature" end
  local want = channel.hmac(account, "app_secret", request.body)
  if want and crypto.equal("sha256=" .. want, given:lower()) then return true end
  return nil, "bad_signature"
end

local function answer(request)
  if request.method ~= "GET" then return nil end
  local challenge = request.query["hub.challenge"]
  if type(challenge) ~= "string" or #challenge > CHALLENGE_MAX then challenge = "" end
  return { status = 200, type = "text/plain", body = challenge }
end

-- What came in ---------------------------------------------------------------------------------------------

local function media(kind, field)
  return function(m)
    local file = object(m[field])
    return { text = text(file.caption), attachments = { { kind = file.voice == true and "voice" or kind,
      id = id(file.id), mime = text(file.mime_type, 100), name = text(file.filename, 200) } } }
  end
end

local function place(m)
  local at, words = object(m.location), {}
  local lat, long = tonumber(at.latitude), tonumber(at.longitude)
  for _, word in ipairs { text(at.name, 300) or false, text(at.address, 300) or false,
                          lat and long and ("%.5f, %.5f"):format(lat, long) or false } do
    if word then words[#words + 1] = word end
  end
  return #words > 0 and { text = "Location: " .. table.concat(words, "; ") } or nil
end

local function card(m)
  local list = {}
  for _, one in ipairs(objects(m.contacts, 10)) do
    local phones, name = {}, text(object(one.name).formatted_name, 200)
    for _, phone in ipairs(objects(one.phones, 5)) do phones[#phones + 1] = text(phone.phone, 50) end
    list[#list + 1] = table.concat({ name or "?", unpack(phones) }, " ")
  end
  return #list > 0 and { text = "Contact: " .. table.concat(list, "; ") } or nil
end

local function pressed(m)
  local interactive = object(m.interactive)
  local choice = object(interactive[type(interactive.type) == "string" and interactive.type or ""])
  local data = text(choice.id, 256)
  return { kind = data and "button" or "message", data = data, text = text(choice.title, 200) }
end

-- What a message of a type says; of others nothing can be read.  A reaction is no message.
local READ = {
  text = function(m) return { text = text(object(m.text).body) } end,
  button = function(m)
    local data = text(object(m.button).payload, 256)
    return { kind = data and "button" or "message", data = data, text = text(object(m.button).text) }
  end,
  interactive = pressed, location = place, contacts = card,
  image = media("photo", "image"), audio = media("audio", "audio"), video = media("video", "video"),
  document = media("document", "document"), sticker = media("sticker", "sticker"),
  reaction = function() return nil end, system = function() return nil end,
}

local function unreadable(m) return { attachments = { { kind = text(m.type, 50) or "unsupported" } } } end

local function name_of(value, who)
  for _, contact in ipairs(objects(value.contacts)) do
    if contact.wa_id == who or contact.user_id == who then return text(object(contact.profile).name, 200) end
  end
end

local function digits(v) return type(v) == "string" and #v < 50 and v:gsub("%D", "") or "" end

-- Whether a message in a group is for us: it quotes us, or mentions our number.
local function is_to_me(said, context, own)
  if own == "" then return false end
  return digits(context.from) == own or (said or ""):find("@" .. own, 1, true) ~= nil
end

local function message_of(m, value)
  local who, message_id, group = id(m.from) or id(m.from_user_id), id(m.id), id(m.group_id)
  local own = digits(object(value.metadata).display_phone_number)
  if not (who and message_id) or who == own then return nil end
  local said = (READ[type(m.type) == "string" and m.type or ""] or unreadable)(m)
  if not said then return nil end
  local context = object(m.context)
  return {
    id = message_id, message_id = message_id, kind = said.kind or "message", data = said.data, text = said.text,
    attachments = said.attachments, chat = group or who, group = group ~= nil,
    from = { id = who, name = name_of(value, who) }, reply_to = id(context.id), at_s = untrusted.number(m.timestamp),
    to_me = not group or said.kind == "button" or is_to_me(said.text, context, own),
  }
end

local reason_of

-- A message of ours that did not arrive.
local function failure_of(status)
  local message_id, to = id(status.id), id(status.recipient_id) or "?"
  if status.status ~= "failed" or not message_id then return nil end
  return { id = "failed:" .. message_id, kind = "failed", message_id = message_id, chat = to, group = false,
           from = { id = to }, text = reason_of(object(objects(status.errors)[1])),
           at_s = untrusted.number(status.timestamp) }
end

local function parse(body, account)
  local list = {}
  for _, entry in ipairs(objects(object(body).entry)) do
    for _, change in ipairs(objects(entry.changes)) do
      local value = object(change.value)
      local number = id(object(value.metadata).phone_number_id)
      if change.field == "messages" and number == account.phone_number_id then
        for _, m in ipairs(objects(value.messages)) do list[#list + 1] = message_of(m, value) end
        for _, s in ipairs(objects(value.statuses)) do list[#list + 1] = failure_of(s) end
      end
    end
  end
  return list
end

-- What goes out --------------------------------------------------------------------------------------------

local function request(account, method, path, body)
  local base = account.api_base ~= "" and account.api_base or API
  local version = account.api_version ~= "" and account.api_version or VERSION
  return { method = method, url = base .. "/" .. version .. "/" .. path, json = body,
           headers = { Authorization = "Bearer " .. channel.fill(account, "access_token") } }
end

local function post(account, body)
  body.messaging_product = "whatsapp"
  return request(account, "POST", untrusted.escaped(account.phone_number_id) .. "/messages", body)
end

-- Marks are one character; what was no mark keeps its looks.
local STYLE = {
  escape = function(t) return t end, bold = { "*", "*" }, italic = { "_", "_" }, strike = { "~", "~" },
  code = function(t) return "`" .. t .. "`" end, pre = function(t) return "```" .. t .. "```" end,
  link = function(label, url) return label == url and url or label .. " (" .. url .. ")" end,
}

-- What one may type instead of pressing a button: "approve:ID:deny" is "/approve ID deny".
local function typed(buttons)
  local lines = {}
  for i, button in ipairs(buttons) do lines[i] = ("%s: /%s"):format(button.label, (button.data:gsub(":", " "))) end
  return table.concat(lines, "\n")
end

-- Three buttons below a short text; more of either is written out, as what one may type instead.
local function with_buttons(body, words, buttons)
  local length = channel_text.length(words, "characters")
  if #buttons <= BUTTONS and length <= BUTTON_TEXT then
    local list = {}
    for i, button in ipairs(buttons) do
      local title = channel_text.fit(button.label, BUTTON_LABEL, "characters")
      list[i] = { type = "reply", reply = { id = button.data, title = title } }
    end
    body.type = "interactive"
    body.interactive = { type = "button", body = { text = words }, action = { buttons = list } }
    return
  end
  local lines = typed(buttons)
  local room = TEXT - channel_text.length(lines, "characters") - 1
  body.type = "text"
  body.text = { body = channel_text.fit(words, room, "characters") .. "\n" .. lines, preview_url = false }
end

-- A file is uploaded first; then its id is sent.
local function say_file(message, account, body)
  local f, words = message.file, message.text ~= "" and channel_text.fit(message.text, 1024, "characters") or nil
  if not message.media then
    local r = request(account, "POST", untrusted.escaped(account.phone_number_id) .. "/media")
    r.form = { { name = "messaging_product", value = "whatsapp" }, { name = "type", value = f.type },
               { name = "file", value = f.data, filename = f.name, type = f.type } }
    return r
  end
  if f.type == "image/png" or f.type == "image/jpeg" then
    body.type, body.image = "image", { id = message.media, caption = words }
  else
    body.type, body.document = "document", { id = message.media, caption = words, filename = f.name }
  end
  return post(account, body)
end

local function say(message, account)
  local words = message.plain and message.text or markup.render(message.text, STYLE)
  local body = { recipient_type = message.group and "group" or "individual", to = message.chat }
  if message.file then return say_file(message, account, body) end
  if message.buttons then
    with_buttons(body, words, message.buttons)
  else
    body.type, body.text = "text", { body = words, preview_url = false }
  end
  if message.reply_to then body.context = { message_id = message.reply_to } end
  return post(account, body)
end

-- Two ticks, and "typing…" for up to 25 seconds.
local function typing(message, account)
  if not message.message_id then return nil end
  return post(account, { status = "read", message_id = message.message_id, typing_indicator = { type = "text" } })
end

-- By the code of an error: what to wait where it was too much, what is down, and what people are told.
local WAIT_MS = { [4] = 60000, [80007] = 60000, [130429] = 2000, [131056] = 6000 }
local DOWN = { [1] = true, [2] = true, [131000] = true, [131016] = true, [131057] = true, [133004] = true }
local SENTENCES = {
  [131047] = "WhatsApp takes free text only within 24 hours after the other's last message",
  [131026] = "the other's WhatsApp cannot get it: no WhatsApp there, blocked, or too old",
  [131030] = "a number in test mode may write only to numbers on its list",
  [131048] = "WhatsApp restricts this number, since too many of its messages were blocked or reported",
  [131049] = "WhatsApp chose not to deliver it", [130472] = "WhatsApp chose not to deliver it",
  [131050] = "the other has turned messages of businesses off",
  [131031] = "Meta has locked the account", [368] = "Meta has restricted the account for its policies",
  [131042] = "the account has no valid way to pay", [133010] = "the number is not registered with the Cloud API",
}

local function is_about_token(code)
  return code == 0 or code == 190 or code == 3 or code == 10 or code >= 200 and code < 300
end

-- What an error of Meta's means, for people.
function reason_of(why)
  local code = untrusted.number(why.code)
  if code and is_about_token(code) then return "WhatsApp refuses access_token: wrong, expired, or it may not write" end
  local more = phrase(object(why.error_data).details) or phrase(why.message) or phrase(why.title) or "no reason given"
  return (SENTENCES[code] or "WhatsApp refuses it") .. (" (%s: %s)"):format(code and ("%.0f"):format(code) or "?", more)
end

local function said(response, message)
  local sent = objects(object(response.json).messages)[1]
  if response.status < 300 and sent then return { ok = true, id = id(sent.id) } end
  local uploaded = message.file and not message.media and id(object(response.json).id)
  if response.status < 300 and uploaded then return { again = { media = uploaded } } end
  local why = object(object(response.json).error)
  local code = untrusted.number(why.code)
  if WAIT_MS[code or ""] then return { wait_ms = WAIT_MS[code], global = code ~= 131056 } end
  if DOWN[code or ""] or not code and (response.status >= 500 or response.status == 429) then
    return { retry = reason_of(why) }
  end
  if code == 100 or code == 131009 then          -- what it quotes may be gone; marks may have made it too long
    if message.reply_to then return { again = { reply_to = false } } end
    if not message.plain then return { again = { plain = true } } end
  end
  return { failed = reason_of(why) }
end

local function health(account)
  return request(account, "GET",
    untrusted.escaped(account.phone_number_id) .. "?fields=display_phone_number,verified_name")
end

local function healthy(response)
  local number = text(object(response.json).display_phone_number, 50)
  if response.status == 200 and number then
    return { id = digits(number), name = text(response.json.verified_name, 200), handle = number }
  end
  return nil, reason_of(object(object(response.json).error))
end

local function file(attachment, _, account)
  return request(account, "GET",
    untrusted.escaped(attachment.id) .. "?phone_number_id=" .. untrusted.escaped(account.phone_number_id))
end

-- The token goes to Meta's own hosts only.
local function is_metas(url, account)
  local base = account.api_base ~= "" and account.api_base or nil
  if base and url:sub(1, #base + 1) == base .. "/" then return true end
  local address = addresses.read(url)
  local host = address and address.scheme == "https" and address.host
  for _, name in ipairs { "fbsbx.com", "fbcdn.net", "facebook.com", "whatsapp.net" } do
    if host and (host == name or host:sub(-#name - 1) == "." .. name) then return true end
  end
  return false
end

-- First its address, then the file.
local function filed(response, attachment, account)
  if attachment.asked then
    if response.status == 200 then return { bytes = response.body } end
    return { failed = "WhatsApp does not give it out (status " .. response.status .. ")" }
  end
  local answered = object(json.decode(response.body))
  local url = response.status == 200 and text(answered.url, 2000)
  if not url then return { failed = reason_of(object(answered.error)) } end
  if url:find("${", 1, true) or not is_metas(url, account) then return { failed = "its address is none of Meta's" } end
  attachment.asked = true
  local again = request(account, "GET", "")
  again.url = url
  return { again = again }
end

channel.define("whatsapp", {
  label = "WhatsApp",
  settings = {
    { "phone_number_id", required = true, text = "the id of the number (not the number): WhatsApp, API Setup" },
    { "access_token", secret = true, required = true, alias = "token",
      text = "of a system user, with the permission whatsapp_business_messaging" },
    { "app_secret", secret = true, required = true, text = "what webhooks are signed with: App settings, Basic" },
    { "verify_token", secret = true, text = "a text of yours that is also entered with the webhook's address" },
    { "api_version", text = "of the Graph API; empty: " .. VERSION },
  },
  signature = "x-hub-signature-256", headers = { "x-hub-signature-256" }, get = true,
  limits = { text = TEXT, unit = "characters", chat_ms = 500, group_ms = 500, per_s = 80 },
  verify = verify, answer = answer, parse = parse, say = say, said = said, files = true,
  typing = typing, typing_ms = 20000,
  file = file, filed = filed,
  health = health, healthy = healthy,
})

return M
