-- scripts/gateway/channels/slack.lua -- Slack: the Events API, slash commands and buttons, all signed in one way;
-- answers by the Web API.

local channel = require "gateway.channel"
local markup = require "gateway.channel.markup"
local crypto = require "human.crypto"
local json = require "human.json"
local text_of = require "human.text"
local untrusted = require "gateway.untrusted"
local addresses = require "gateway.web_address"

local M = {}

local API = "https://slack.com/api"
local HOOKS = "https://hooks.slack.com/"         -- where answers to commands and buttons may go
local SKEW_S = 300                               -- between Slack's clock and ours, to either side
local SAID_MAX, FIELDS_MAX, FIELD_NAME = 40000, 100, "^[%w_]+$"
local SECTION_MAX, BUTTONS_MAX, LABEL_MAX, DATA_MAX = 3000, 25, 75, 2000

local id, object, objects, phrase, text = untrusted.id, untrusted.object, untrusted.objects, untrusted.phrase,
  untrusted.text
local cut, trim = text_of.cut, text_of.trim

-- ---- what comes ----------------------------------------------------------------------------------------------

local function verify(request, account)
  if not account.has.signing_secret then return nil, "not_configured" end
  local signature, stamp = request.headers["x-slack-signature"], request.headers["x-slack-request-timestamp"]
  if not signature or not stamp then return nil, "no_signature" end
  local want = channel.hmac(account, "signing_secret", "v0:" .. stamp .. ":" .. request.body)
  if not want or not crypto.equal("v0=" .. want, signature) then return nil, "bad_signature" end
  local at_s = #stamp <= 12 and stamp:find "^%d+$" and tonumber(stamp)
  if not at_s or math.abs(request.now_s - at_s) > SKEW_S then return nil, "too_old" end
  return true
end

local function decoded(s)
  return (s:gsub("+", " "):gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end))
end

-- A form: a slash command, or, as JSON in its field `payload`, a button.
local function form_of(body)
  local form, n = {}, 0
  for pair in body:gmatch "[^&]+" do
    local at = pair:find("=", 1, true)
    local name = at and pair:sub(1, at - 1)
    if at and name:find(FIELD_NAME) then form[name], n = decoded(pair:sub(at + 1)), n + 1 end
    if n > FIELDS_MAX then return nil end
  end
  if form.payload then return (json.decode(form.payload)) end
  if not form.command then return nil end
  form.type = "slash_command"
  return form
end

local function read(request)
  if request.body:find "^%s*{" then return (json.decode(request.body)) end
  return form_of(request.body)
end

local function answer(_, body)
  body = object(body)
  local challenge = body.type == "url_verification" and text(body.challenge, 1000)
  if challenge then return { status = 200, type = "text/plain", body = challenge } end
  return { status = 200, type = "text/plain", body = "" } -- anything else would be shown to who typed a command
end

local UNESCAPED = { amp = "&", lt = "<", gt = ">" }

local function labeled(sign, what)
  local name, label = what:match "^([^|]*)|?(.*)$"
  if label ~= "" then return sign .. label:gsub("^[@#]", "") end
  return sign .. name
end

-- What Slack wrote as marks, for the model: names, channels, addresses.  ids collects who is mentioned.
local function plain_of(said, me, ids)
  local function mark(inner)
    local sign, what = inner:sub(1, 1), inner:sub(2)
    if sign == "@" then
      local who = what:match "^[^|]*"
      if #ids < 100 then ids[#ids + 1] = who end
      return who == me and "" or labeled("@", what)
    end
    if sign == "#" then return labeled("#", what) end
    if sign == "!" then return what:find("^date") and labeled("", what) or labeled("@", what) end
    local address, label = inner:match "^([^|]*)|?(.*)$"
    address = address:gsub("^mailto:", "")
    return (label == "" or label == address) and address or label .. " (" .. address .. ")"
  end
  return trim((said:gsub("<([^<>]*)>", mark):gsub("&(%a%a%a?);", UNESCAPED)))
end

local KINDS = { image = "photo", audio = "audio", video = "video" }

local function attachments(files)
  local out = {}
  for i, f in ipairs(objects(files, 20)) do
    local mime = text(f.mimetype, 100)
    out[i] = { kind = KINDS[(mime or ""):match "^%a*"] or "document", id = id(f.id), name = text(f.name, 200),
               mime = mime, url = text(f.url_private_download or f.url_private, 2000),
               bytes = untrusted.number(f.size) }
  end
  return out
end

-- Whether the bot is for that channel; chats with one person always are.
local function is_wanted(chat, account)
  local only = account.channel_ids or {}
  for _, one in ipairs(only) do
    if one == chat then return true end
  end
  return #only == 0 or chat:find "^D" ~= nil
end

-- The bot's user: Slack names it in each event.
local function me_in(body, account)
  for _, one in ipairs(objects(body.authorizations, 10)) do
    if one.is_bot == true and id(one.user_id) then return one.user_id end
  end
  return account.me and account.me.id
end

local READ = { file_share = true, thread_broadcast = true } -- of the subtypes of a message
local EVENTS = { message = true, app_mention = true }

-- A mention comes as a message and as an app_mention; the channel and its `ts` are the same.
local function message(body, account)
  local e, me = object(body.event), me_in(body, account)
  local chat, ts, from, profile = id(e.channel), id(e.ts), id(e.user), object(e.user_profile)
  if not EVENTS[e.type] or not (chat and ts and from) or not is_wanted(chat, account) then return nil end
  if e.bot_id ~= nil or from == me or e.hidden == true or e.subtype ~= nil and not READ[e.subtype] then return nil end
  local ids = {}
  local m = { id = chat .. ":" .. ts, kind = "message", message_id = ts, chat = chat, thread = id(e.thread_ts),
              group = e.channel_type ~= "im" and not chat:find "^D", mentions = ids,
              at_s = math.floor(tonumber(ts) or 0),
              from = { id = from, name = text(profile.display_name, 100) or text(profile.real_name, 100),
                       handle = text(profile.name, 100) },
              reply_to_from = id(e.parent_user_id), attachments = attachments(e.files) }
  m.text = plain_of(text(e.text, SAID_MAX) or "", me, ids)
  m.to_me = e.type == "app_mention" or me ~= nil and m.reply_to_from == me
  for _, one in ipairs(ids) do m.to_me = m.to_me or me == nil or one == me end
  return m
end

local OURS = { ["/approve"] = true }             -- commands that mean something here; any other is for talking

local function command(form, account)
  local chat, from, trigger = id(form.channel_id), id(form.user_id), id(form.trigger_id)
  if not (chat and from and trigger) or not is_wanted(chat, account) then return nil end
  local name, said = text(form.command, 100) or "", trim(text(form.text, SAID_MAX) or "")
  local url = id(form.response_url)
  return { id = "command:" .. trigger, kind = "command", chat = chat, to_me = true, from = { id = from,
             name = text(form.user_name, 100), handle = text(form.user_name, 100) },
           group = form.channel_name ~= "directmessage" and not chat:find "^D", title = text(form.channel_name, 200),
           text = OURS[name] and name .. " " .. said or said, reply_token = url and "command " .. url }
end

local function button(body, account)
  local action, user, on = objects(body.actions, 1)[1] or {}, object(body.user), object(body.message)
  local chat, from, pressed = id(object(body.channel).id), id(user.id), id(action.action_ts)
  if not (chat and from and pressed) or not is_wanted(chat, account) then return nil end
  local url, name = id(body.response_url), text(user.name, 100) or text(user.username, 100)
  return { id = ("button:%s:%s:%s"):format(chat, from, pressed), kind = "button", chat = chat,
           thread = id(on.thread_ts), group = not chat:find "^D", to_me = true,
           from = { id = from, name = name, handle = name },
           data = text(action.value, DATA_MAX), message_id = id(on.ts), reply_token = url and "button " .. url }
end

local PARSERS = { event_callback = message, slash_command = command, block_actions = button }

local function parse(body, account)
  body = object(body)
  local read_as = type(body.type) == "string" and PARSERS[body.type]
  return { read_as and read_as(body, account) or nil }
end

-- ---- what goes -----------------------------------------------------------------------------------------------

local ESCAPED = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;" }
local function escape(s) return (s:gsub("[&<>]", ESCAPED)) end

local function without_ticks(s) return (s:gsub("```", "``\226\128\139`")) end -- a space of no width between

local STYLE = {
  escape = escape, bold = { "*", "*" }, italic = { "_", "_" }, strike = { "~", "~" },
  code = function(t) return "`" .. escape(t) .. "`" end,
  pre = function(t) return "```\n" .. escape(without_ticks(t)) .. "\n```" end,
  quote = function(t) return "> " .. t end,
  -- A label that says another address would lie about where it leads.
  link = function(label, url)
    local target = escape((url:gsub("|", "%%7C")))
    if label == escape(url) or label:find("://", 1, true) then return "<" .. target .. ">" end
    return "<" .. target .. "|" .. label:gsub("|", "/") .. ">"
  end,
}

local function blocks_of(said, buttons)
  local blocks, row = json.array {}, json.array {}
  while said ~= "" do
    local part = cut(said, SECTION_MAX)
    blocks[#blocks + 1] = { type = "section", text = { type = "mrkdwn", text = part } }
    said = said:sub(#part + 1)
  end
  for i = 1, math.min(#buttons, BUTTONS_MAX) do
    row[i] = { type = "button", action_id = "b" .. i, value = buttons[i].data,
               text = { type = "plain_text", text = cut(buttons[i].label, LABEL_MAX) } }
  end
  blocks[#blocks + 1] = { type = "actions", elements = row }
  return blocks
end

local function request(url, body)
  return { method = "POST", url = url, headers = { ["Content-Type"] = "application/json; charset=utf-8" }, json = body }
end

local function as_bot(account, method, body)
  local base = (account.api_base or "") ~= "" and account.api_base or API
  local r = request(base .. "/" .. method, body)
  r.headers.Authorization = "Bearer " .. channel.fill(account, "bot_token")
  return r
end

-- Where the answer to a command or a button may go, which needs no token and no seat in the channel.
local function hook_of(m, account)
  local kind, url = (m.reply_token or ""):match "^(%l+) (.+)$"
  local base = account.api_base or ""
  local is_slacks = url and (url:sub(1, #HOOKS) == HOOKS or base ~= "" and url:sub(1, #base + 1) == base .. "/")
  if not is_slacks or url:find("${", 1, true) then return nil end
  return kind, url
end

local function is_slacks(url, account)
  local base, address = account.api_base or "", addresses.read(url)
  local host = address and address.scheme == "https" and address.host
  local is_its = host and ("." .. host):sub(-10) == ".slack.com" or base ~= "" and url:sub(1, #base + 1) == base .. "/"
  return is_its and not url:find("${", 1, true)
end

-- An address for its bytes is asked for, they are sent there, and then it is shown in the chat.
local function say_file(m, account)
  local f = m.file
  if not account.has.bot_token then return nil, "Slack needs the bot's token (channels.slack.bot_token)." end
  if not m.file_id then
    local r = as_bot(account, ("files.getUploadURLExternal?filename=%s&length=%d"):format(untrusted.escaped(f.name),
      #f.data))
    r.method, r.headers["Content-Type"] = "GET", nil
    return r
  end
  if not m.uploaded then
    if not is_slacks(m.upload_url, account) then return nil, "Slack names an address that is not its own." end
    return { method = "POST", url = m.upload_url, body = f.data,
             headers = { ["Content-Type"] = "application/octet-stream" } }
  end
  return as_bot(account, "files.completeUploadExternal", { files = json.array { { id = m.file_id, title = f.name } },
    channel_id = m.chat, thread_ts = m.thread or nil, initial_comment = m.text ~= "" and escape(m.text) or nil })
end

local function say(m, account)
  if m.file then return say_file(m, account) end
  local said = m.plain and escape(m.text) or markup.render(m.text, STYLE)
  local body = { text = said, mrkdwn = not m.plain }
  if m.buttons and m.buttons[1] then body.blocks = blocks_of(said, m.buttons) end
  local kind, url = hook_of(m, account)
  if kind == "button" and m.first or kind == "command" and (m.by_hook or not account.has.bot_token) then
    body.replace_original, body.response_type = kind == "button", kind == "command" and "in_channel" or nil
    return request(url, body)
  end
  if not account.has.bot_token then return nil, "Slack needs the bot's token (channels.slack.bot_token)." end
  body.channel, body.thread_ts = m.chat, m.thread or nil
  body.unfurl_links, body.unfurl_media = false, false
  return as_bot(account, "chat.postMessage", body)
end

-- A file, with the bot's token on Slack's own hosts only; without the right to it, Slack shows a page to sign in.
local function file(attachment, _, account)
  local url = attachment.url or ""
  if not is_slacks(url, account) or not account.has.bot_token then return nil end
  return { method = "GET", url = url, headers = { Authorization = "Bearer " .. channel.fill(account, "bot_token") } }
end

local function filed(response, attachment)
  local kind = response.headers["content-type"] or ""
  if response.status == 200 and (kind:find "^text/html" == nil or attachment.mime == "text/html") then
    return { bytes = response.body }
  end
  return { failed = "Slack does not give it out: the app lacks files:read, or is not in the channel" }
end

local function set(words)
  local out = {}
  for word in words:gmatch "%S+" do out[word] = true end
  return out
end

local TOO_MANY = set "ratelimited rate_limited message_limit_exceeded"
local DOWN = set "internal_error fatal_error service_unavailable request_timeout team_added_to_org"
local AWAY = set "not_in_channel channel_not_found"
local NO_THREAD = set "thread_not_found cannot_reply_to_message message_not_found"
local NO_TOKEN = set [[invalid_auth not_authed account_inactive token_revoked token_expired not_allowed_token_type
  org_login_required ekm_access_denied]]
local SENTENCES = {
  not_in_channel = "the bot is not in that channel: invite it there",
  channel_not_found = "there is no such channel, or the bot is not in it",
  is_archived = "that channel is archived", msg_too_long = "the message is too long",
  missing_scope = "the app lacks a permission: add chat:write under OAuth & Permissions, and install it again",
}

--- What an error of Slack's means, for people.
local function reason_of(code)
  if NO_TOKEN[code] then
    return ("Slack does not accept the bot's token (%s): set channels.slack.bot_token to the one that begins with "
      .. "xoxb-."):format(code)
  end
  return ("Slack refuses it: %s (%s)."):format(SENTENCES[code] or "it gives no other reason", code)
end

local function wait_ms(response)
  local seconds = tonumber(response.headers["retry-after"])
  return seconds and seconds >= 0 and seconds < 86400 and math.ceil(seconds * 1000) or 1000
end

local function said(response, m)
  local status, body = response.status, object(response.json)
  local code = phrase(body.error) or ("status %d"):format(status)
  if status == 429 or TOO_MANY[code] then return { wait_ms = wait_ms(response) } end
  if status >= 500 or DOWN[code] then return { retry = ("Slack is not available (%s)."):format(code) } end
  if m.file and not m.uploaded and status < 300 then
    if m.file_id then return { again = { uploaded = true } } end
    local url, file_id = text(body.upload_url, 2000), id(body.file_id)
    if body.ok and url and file_id then return { again = { upload_url = url, file_id = file_id } } end
  end
  if status < 300 and body.ok ~= false then return { ok = true, id = id(body.ts) } end
  if not m.by_hook and m.reply_token and AWAY[code] then return { again = { by_hook = true } } end
  if m.reply_token and status == 404 then return { again = { reply_token = false } } end -- it is over after 30 minutes
  if m.thread and NO_THREAD[code] then return { again = { thread = false } } end
  return { failed = reason_of(code) }
end

local function healthy(response)
  local body = object(response.json)
  if body.ok == true and id(body.user_id) then
    return { id = body.user_id, handle = text(body.user, 100), name = text(body.team, 100) }
  end
  return nil, reason_of(phrase(body.error) or ("status %d"):format(response.status))
end

channel.define("slack", {
  label = "Slack",
  settings = {
    { "signing_secret", secret = true, text = "what Slack signs with: Basic Information" },
    { "bot_token", secret = true, alias = "token", text = "the bot's token, xoxb-..: OAuth & Permissions" },
    { "app_token", secret = true, text = "the app's token, xapp-..; events come over HTTP, so it is not used" },
    { "channel_ids", type = "list", text = "the channels that the bot is for; empty: all that it is in" },
  },
  signature = "x-slack-signature",
  headers = { "x-slack-signature", "x-slack-request-timestamp" },
  limits = { text = 4000, unit = "utf16", chat_ms = 1000, group_ms = 1000, per_s = 20 },
  verify = verify, read = read, answer = answer, parse = parse, say = say, said = said, files = true,
  file = file, filed = filed,
  health = function(account) return as_bot(account, "auth.test", {}) end,
  healthy = healthy,
  me = function(account) return not account.has.bot_token and {} or nil end,
  check = function(account)
    return not account.has.signing_secret and not account.has.bot_token and "channels.slack.signing_secret" or nil
  end,
})

return M
