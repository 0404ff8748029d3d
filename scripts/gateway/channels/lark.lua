-- scripts/gateway/channels/lark.lua -- Lark and Feishu: one API on two domains.
-- Incoming events may be encrypted (encrypt_key) and are then signed; without a key, only verification_token tells
-- Lark from anybody else. Outgoing messages need a tenant access token, which the pipeline keeps while it is valid.

local crypto = require "human.crypto"
local json = require "human.json"
local cut = require("human.text").cut
local channel = require "gateway.channel"
local lark_texts = require "gateway.channel.lark_texts"
local markup = require "gateway.channel.markup"
local untrusted = require "gateway.untrusted"

local id, object, objects, phrase, text = untrusted.id, untrusted.object, untrusted.objects, untrusted.phrase,
  untrusted.text

local M = {}

local DOMAINS = { feishu = "https://open.feishu.cn", lark = "https://open.larksuite.com" }
local CHALLENGE_MAX, IV, CARD_TEXT = 1000, 16, 6000

-- Webhooks -------------------------------------------------------------------------------------------------

local function decrypted(coded, account)
  local key = channel.sha256(account, "encrypt_key")
  local bytes = key and type(coded) == "string" and crypto.unbase64(coded)
  if not bytes or #bytes <= IV or #bytes % IV ~= 0 then return nil end
  local clear = crypto.aes_cbc_decrypt(key, bytes:sub(1, IV), bytes:sub(IV + 1))
  return clear and json.decode(clear) or nil
end

local function is_encrypted(request) return object(json.decode(request.body)).encrypt ~= nil end

-- The body as it was before it was encrypted; or nil.
local function read(request, account)
  local body = json.decode(request.body)
  if type(body) == "table" and body.encrypt ~= nil then body = decrypted(body.encrypt, account) end
  return type(body) == "table" and body or nil
end

local function signed_part(request)
  return (request.headers["x-lark-request-timestamp"] or "") .. (request.headers["x-lark-request-nonce"] or "")
end

local function is_signed(request, account)
  local want = channel.sha256(account, "encrypt_key", signed_part(request), request.body)
  return want ~= nil and crypto.equal(crypto.hex(want), request.headers["x-lark-signature"]:lower())
end

-- Buttons of cards of the old kind: their `token` is something else, and the token of the app is in the signature.
local function is_old_card(body)
  return type(body.action) == "table" and body.open_message_id ~= nil and body.type == nil and body.header == nil
end

local function is_signed_card(request, account)
  local given = request.headers["x-lark-signature"]
  local want = given and channel.sha1(account, "verification_token", signed_part(request), request.body)
  return want ~= nil and crypto.equal(crypto.hex(want), given:lower())
end

local function has_token(body, account)
  local token = object(body.header).token or body.token
  return type(token) == "string" and channel.equal(account, "verification_token", token)
end

-- With an encrypt key all but the question about the address is signed.
local function check_key(request, account)
  if request.headers["x-lark-signature"] then
    if is_signed(request, account) or is_signed_card(request, account) then return true end
    return nil, "bad_signature"
  end
  local body = read(request, account)
  if body and body.type == "url_verification" then return true end
  return nil, "no_signature"
end

local function verify(request, account)
  local key, token = account.has.encrypt_key, account.has.verification_token
  if not key and not token then return nil, "not_configured" end
  if key then
    local ok, why = check_key(request, account)
    if not ok then return nil, why end
  end
  if not token then return true end
  local body = read(request, account)
  if not body then return nil, not key and is_encrypted(request) and "not_configured" or "bad_signature" end
  if is_old_card(body) then return is_signed_card(request, account) or nil, "bad_signature" end
  if has_token(body, account) then return true end
  return nil, "bad_signature"
end

local function is_card(body) return object(body.header).event_type == "card.action.trigger" or is_old_card(body) end

-- What answers a button would change its card: nothing in it.
local function answer(_, body)
  if is_card(body) then return { status = 200, type = "application/json", body = "{}" } end
  if body.type ~= "url_verification" then return nil end
  return { status = 200, type = "application/json", body = { challenge = text(body.challenge, CHALLENGE_MAX) or "" } }
end

-- What came in ---------------------------------------------------------------------------------------------

local function person(ids)
  ids = object(ids)
  return id(ids.open_id) or id(ids.union_id) or id(ids.user_id)
end

local function seconds(ms)
  local n = untrusted.number(ms)
  return n and math.floor(n / 1000)
end

-- Whether a mention is of us, as far as we have asked who we are there.  (The pipeline asks before it decides.)
local function is_us(mention, account) return account.me ~= nil and object(mention.id).open_id == account.me.id end

local function is_group(kind) return kind ~= "p2p" and kind ~= "private" end

local function received(event, account)
  local m, sender = object(event.message), object(event.sender)
  local group, message_id = is_group(m.chat_type), id(m.message_id)
  local mentions = objects(m.mentions, 50)
  local said = lark_texts.read(m.message_type, m.content, mentions, function(one) return is_us(one, account) end)
  return {
    kind = "message", message_id = message_id, chat = id(m.chat_id), group = group,
    from = { id = person(sender.sender_id), is_bot = sender.sender_type ~= nil and sender.sender_type ~= "user" },
    text = said.text, attachments = said.attachments, to_me = not group or said.to_me, mentions = said.mentions,
    thread = id(m.thread_id) and (id(m.root_id) or message_id), reply_to = id(m.parent_id),
    at_s = seconds(m.create_time),
  }
end

-- Lark does not say in what kind of chat a button was pressed: we have written it on the button.
local function press_of(action, more)
  local value = object(object(action).value)
  more.kind, more.data, more.group, more.to_me = "button", text(value.data, 300), value.direct ~= true, true
  return more
end

local function pressed(event)
  local context = object(event.context)
  return press_of(event.action, { message_id = id(context.open_message_id), chat = id(context.open_chat_id),
                                  from = { id = person(event.operator) } })
end

local EVENTS = { ["im.message.receive_v1"] = received, ["card.action.trigger"] = pressed }

-- The event of the first version: {uuid, token, ts, type = "event_callback", event}.
local function received_v1(event)
  if event.type ~= "message" then return nil end
  local group = is_group(event.chat_type)
  local who = id(event.open_id) or id(event.user_open_id) or id(event.employee_id)
  local said = lark_texts.read_v1(event)
  return { kind = "message", message_id = id(event.open_message_id), chat = id(event.open_chat_id), group = group,
           from = { id = who }, text = said.text, attachments = said.attachments,
           to_me = not group or event.is_mention == true, reply_to = id(event.parent_id) }
end

local function old_card(body)
  local card = id(body.open_message_id)
  return press_of(body.action, { id = card and ("card:%s:%s"):format(card, id(body.token) or ""), message_id = card,
                                 chat = id(body.open_chat_id), from = { id = id(body.open_id) } })
end

-- The message, the id and the time of an event.
local function event_of(body, account)
  local header, event = object(body.header), object(body.event)
  if type(header.event_type) == "string" then
    local fn = EVENTS[header.event_type]
    return fn and fn(event, account), id(header.event_id), seconds(header.create_time)
  end
  if body.type == "event_callback" then
    return received_v1(event), id(body.uuid), math.floor(untrusted.number(body.ts) or 0)
  end
  if is_old_card(body) then
    local press = old_card(body)
    return press, press.id
  end
end

-- A body is one event.
local function parse(body, account)
  local message, event_id, at_s = event_of(body, account)
  if not (message and event_id and message.chat and message.from.id) then return {} end
  if message.kind == "button" and not message.data then return {} end
  message.id, message.at_s = event_id, message.at_s or at_s
  return { message }
end

-- What goes out --------------------------------------------------------------------------------------------

local function base(account)
  if account.api_base and account.api_base ~= "" then return account.api_base end
  return DOMAINS[account.domain] or account.domain
end

local function request(account, token, method, path, body)
  return { method = method, url = base(account) .. "/open-apis" .. path, json = body,
           headers = { Authorization = token and "Bearer " .. token or nil } }
end

local function login(account)
  if not account.has.app_secret then return nil end
  local ask = request(account, nil, "POST", "/auth/v3/tenant_access_token/internal",
    { app_id = account.app_id, app_secret = channel.fill(account, "app_secret") })
  ask.body_secrets = true
  return ask
end

-- In a token's last half hour Lark gives out a new one beside it.
local function logged_in(response)
  local answered = object(response.json)
  local token, lasts_s = id(answered.tenant_access_token), untrusted.number(answered.expire)
  if answered.code ~= 0 or not token or token:find "[^%w%-._~+/=]" then
    return nil, ("Lark gives no token for app_id and app_secret (%s: %s)"):format(
      id(answered.code) or "status " .. response.status, phrase(answered.msg) or "no reason given")
  end
  return token, math.max(60, (lasts_s or 0) - 1800)
end

local function card_of(message, words)
  local actions = {}
  for i, button in ipairs(message.buttons) do
    actions[i] = { tag = "button", type = i == 1 and "primary" or "default",
                   value = { data = button.data, direct = not message.group },
                   text = { tag = "plain_text", content = button.label } }
  end
  return { config = { wide_screen_mode = true }, elements = {
    { tag = "div", text = { tag = "plain_text", content = cut(words, CARD_TEXT) } },
    { tag = "action", actions = actions } } }
end

-- A tag in a text may call everybody (<at user_id="all">): what is written gets a space without width behind the "<" of
-- whatever may be one, and only the tags made here stay.
local function escape(t) return (t:gsub("<(/?%a)", "<\226\128\139%1"):gsub("<$", "<\226\128\139")) end

local STYLE = {
  escape = escape, code = escape, pre = escape, bold = { "<b>", "</b>" }, italic = { "<i>", "</i>" },
  strike = { "<s>", "</s>" },
  link = function(label, url) return label == escape(url) and label or label .. " (" .. escape(url) .. ")" end,
}

-- Cards show a text as it is.
local function same(t) return t end

local PLAIN = { escape = same, code = same, pre = same, bold = { "", "" }, italic = { "", "" }, strike = { "", "" },
                link = function(label, url) return label == url and url or label .. " (" .. url .. ")" end }

local function content_of(message)
  if message.file then return message.key_kind, json.encode { [message.key_kind .. "_key"] = message.key } end
  if message.buttons then
    local words = message.plain and message.text or markup.render(message.text, PLAIN)
    return "interactive", json.encode(card_of(message, words))
  end
  return "text", json.encode { text = message.plain and escape(message.text) or markup.render(message.text, STYLE) }
end

local function kind_of_id(to)
  if to:find("@", 1, true) then return "email" end
  local known = { oc_ = "chat_id", ou_ = "open_id", on_ = "union_id" }
  return known[to:sub(1, 3)] or "user_id"
end

-- A custom bot of a group, which can only speak there.
local function hook(account, message)
  return { method = "POST", url = channel.fill(account, "webhook_url"), headers = {},
           json = { msg_type = "text", content = { text = escape(message.text) } } }
end

-- A file is uploaded first; then its key is sent.
local function upload(message, account, token)
  local f, is_image = message.file, message.file.type:find "^image/" ~= nil
  local r = request(account, token, "POST", is_image and "/im/v1/images" or "/im/v1/files")
  r.form = is_image and { { name = "image_type", value = "message" } }
    or { { name = "file_type", value = "stream" }, { name = "file_name", value = f.name } }
  table.insert(r.form, { name = is_image and "image" or "file", value = f.data, filename = f.name, type = f.type })
  return r
end

local function say(message, account, token)
  if not account.has.app_secret then
    if message.file then return nil, "A custom bot of Lark sends no files: it takes an app (app_id, app_secret)." end
    return hook(account, message)
  end
  if message.file and not message.key then return upload(message, account, token) end
  local kind, content = content_of(message)
  local body = { msg_type = kind, content = content,
                 uuid = message.once and crypto.sha256_hex("lark " .. message.once):sub(1, 40) or nil }
  local about = message.reply_to or message.thread
  if about then
    body.reply_in_thread = message.thread and true or false
    return request(account, token, "POST", "/im/v1/messages/" .. untrusted.escaped(about) .. "/reply", body)
  end
  body.receive_id = message.chat
  return request(account, token, "POST", "/im/v1/messages?receive_id_type=" .. kind_of_id(message.chat), body)
end

local WAIT = { [99991400] = true, [230020] = true, [230049] = true, [11232] = true, [11233] = true, [9499] = true,
               [1500] = true, [1642] = true, [1663] = true, [2200] = true }
local STALE = { [99991661] = true, [99991663] = true, [99991664] = true, [99991665] = true, [99991668] = true,
                [99991671] = true }
local NO_ANCHOR = { [230011] = true, [230019] = true, [230050] = true, [230110] = true, [230111] = true }
local SENTENCES = {
  [230002] = "the bot is not in this chat", [230006] = "the app has no bot: turn the bot on and publish a version",
  [230013] = "the other is not among those for whom the app is available",
  [230018] = "the bot may not speak in this chat", [230025] = "it is too long", [230027] = "the app lacks a permission",
  [230028] = "Lark's check of contents refused it", [99991672] = "the app lacks a permission (im:message:send_as_bot)",
  [10003] = "app_id is wrong", [10014] = "app_secret is wrong",
}

local function said(response, message)
  local answered, status = object(response.json), response.status
  local code = untrusted.number(answered.code) or untrusted.number(answered.StatusCode)
  if status < 300 and code == 0 and message.file and not message.key then
    local data = object(answered.data)
    local image, key = id(data.image_key), id(data.file_key)
    if image or key then return { again = { key = image or key, key_kind = image and "image" or "file" } } end
    return { failed = "Lark does not say where the file is" }
  end
  if status < 300 and code == 0 then return { ok = true, id = id(object(answered.data).message_id) } end
  local why = ("%s: %s"):format(code and ("%.0f"):format(code) or "status " .. status,
    phrase(answered.msg) or "no reason given")
  if STALE[code or ""] then return { renew = true } end
  if status == 429 or WAIT[code or ""] then
    local headers = response.headers
    local rest_s = untrusted.number(headers["x-ogw-ratelimit-reset"]) or untrusted.number(headers["retry-after"]) or 1
    return { wait_ms = rest_s * 1000, global = code == 99991400 }
  end
  if status >= 500 then return { retry = why } end
  if NO_ANCHOR[code or ""] and message.reply_to then return { again = { reply_to = false } } end
  if NO_ANCHOR[code or ""] and message.thread then return { again = { thread = false } } end
  return { failed = ("Lark refuses it: %s(%s)"):format(SENTENCES[code] and SENTENCES[code] .. " " or "", why) }
end

local function healthy(response)
  local answered = object(response.json)
  local bot = object(answered.bot)
  if answered.code == 0 and id(bot.open_id) then return { id = bot.open_id, name = text(bot.app_name, 200) } end
  return nil, ("Lark does not say who the bot is (%s: %s)"):format(id(answered.code) or "status " .. response.status,
    phrase(answered.msg) or "no reason given")
end

-- The setting that is missing: it has to speak for an app, and to know who speaks to it.
local function missing(account)
  local has = account.has
  if has.webhook_url and account.app_id == "" then return nil end
  if account.app_id == "" then return "app_id" end
  if not has.app_secret then return "app_secret" end
  if not DOMAINS[account.domain] and not account.domain:find "^https?://[^/]+$" then
    return 'domain ("feishu", "lark" or an address like "https://open.example")'
  end
  return not (has.encrypt_key or has.verification_token) and "encrypt_key (or verification_token)" or nil
end

local function check(account)
  local setting = missing(account)
  local place = account.name == channel.MAIN and "" or "accounts." .. account.name .. "."
  return setting and "channels.lark." .. place .. setting or nil
end

local function file(attachment, message, account, token)
  if not message.message_id then return nil end
  local kind = attachment.kind == "photo" and "image" or "file"
  return request(account, token, "GET", ("/im/v1/messages/%s/resources/%s?type=%s"):format(
    untrusted.escaped(message.message_id), untrusted.escaped(attachment.id), kind))
end

channel.define("lark", {
  label = "Lark",
  settings = {
    { "app_id", text = "the app's id: Credentials & Basic Info" },
    { "app_secret", secret = true, text = "the app's secret, beside it" },
    { "encrypt_key", secret = true, text = "what events are encrypted and signed with: Events & Callbacks" },
    { "verification_token", secret = true, text = "what events carry; without encrypt_key it is all that is checked" },
    { "domain", default = "feishu", text = "feishu, lark (outside of China), or an address" },
    { "webhook_url", secret = true, text = "instead of an app: a group's custom bot, which can only speak" },
  },
  signature = "x-lark-signature",
  headers = { "x-lark-signature", "x-lark-request-timestamp", "x-lark-request-nonce" },
  -- 150 KB of JSON within JSON, where a character may take five times its room; a card has 30 KB.
  limits = { text = 30000, unit = "bytes", chat_ms = 200, group_ms = 200, per_s = 16 },
  verify = verify, read = read, answer = answer, parse = parse, say = say, said = said, files = true,
  login = login, logged_in = logged_in, check = check, file = file,
  health = function(account, token)
    return account.has.app_secret and request(account, token, "GET", "/bot/v3/info") or nil
  end,
  healthy = healthy,
})

return M
