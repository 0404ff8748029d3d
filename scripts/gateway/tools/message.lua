-- scripts/gateway/tools/message.lua -- sends a text or a file to a chat of a channel, or a file to who talks over the
-- control protocol. Either is a row under the id of the call, so a call that runs again sends nothing twice.

local db = require "human.db"
local files = require "human.files"
local decisions = require "human.decisions"
local address = require "gateway.address"
local channel = require "gateway.channel"
local post = require "gateway.post"
local rules = require "gateway.rules.tools"
local sent = require "gateway.sent"
local tools = require "gateway.tools"
local images = require "agent.attachments"
local limits = require "gateway.rules.limits"
local texts = require "agent.texts"

local M = {}

local TEXT_MAX = 20000

M.sql = { known = [[select exists (select 1 from channel_people where channel = $1 and account = $2
  and person = $3 and state = 'allowed')]] }

-- Where it goes: {channel, account, chat, ..}; or nil and why not.
local function place_of(tx, run_id, to)
  if to then
    local place = address.read(to)
    if not place then return nil, ("`to` is %s."):format(address.FORM) end
    return place
  end
  local place = post.where(tx, run_id)
  if not place then return nil, ("This conversation is in no chat: say `to`, %s."):format(address.FORM) end
  return place
end

local function is_listed(place)
  local _, account = channel.account(place.channel, place.account)
  for _, entry in ipairs(account and account.allow_from or {}) do
    if entry == place.chat then return true end
  end
  return false
end

local function risk_of(tx, run, arguments)
  local here, place = post.where(tx, run.id), place_of(tx, run.id, arguments.to)
  local is_here = here and place and address.text(here) == address.text(place) or false
  local person = place and place.chat:gsub("^user:", "") -- where vendors do not take a person for a chat
  local known = place ~= nil and (is_listed(place) or tx:value(M.sql.known, place.channel, place.account, person))
  return decisions.decide(tx, rules.message_risk, { ref = run.id }, { here = is_here, known = known })
end

tools.define("message", {
  description = "Sends a text to somebody in a chat, now. Without `to` it goes to the chat of this conversation, "
    .. "where your answer will be as well.",
  parameters = { type = "object", required = { "text" }, additionalProperties = false, properties = {
    to = { type = "string", minLength = 3, maxLength = 200, description = "Whom: " .. address.FORM .. "." },
    text = { type = "string", minLength = 1, maxLength = TEXT_MAX, description = "What to say; it may be Markdown." },
  } },
  risk = "high", risk_of = risk_of, always_by = "to", repeatable = true, timeout_ms = 15000,
}, function(call)
  return db.tx(function(tx)
    local place, why = place_of(tx, call.run_id, call.arguments.to)
    if not place then return nil, why end
    local _, account, off = channel.account(place.channel, place.account)
    if not account then return nil, off .. "." end
    local pieces, refused = post.add(tx, { channel = place.channel, account = place.account, chat = place.chat,
      group = place.group, thread = place.thread, text = call.arguments.text, once = "tool:" .. call.id,
      reply_token = place.reply_token, follows = true })
    if not pieces then return nil, refused .. "." end
    return ("It goes out to %s."):format(address.text(place))
  end)
end)

-- What a file is, by its bytes.
local function type_of(bytes)
  local image = images.kind_of(bytes)
  if image then return image end
  if bytes:sub(1, 5) == "%PDF-" then return "application/pdf" end
  local is_text = not bytes:find("\0", 1, true) and texts.valid(bytes) == bytes
  return is_text and "text/plain" or "application/octet-stream"
end

local function file_of(path)
  local bytes, why, code = files.root("workspace"):read(path, { max = limits.sent_file_bytes })
  if code == "too_large" then return nil, ("A file that is sent may have %d bytes."):format(limits.sent_file_bytes) end
  if not bytes then return nil, why end
  if bytes == "" then return nil, "The file is empty, which no chat takes." end
  local name = texts.valid(path:match "^.*/(.*)$" or path):gsub('[%c"\\]', "_")
  return { name = name, type = type_of(bytes), data = bytes }
end

-- Into this conversation, which is in no chat.
local function show(tx, call, file)
  local ok, why = sent.add(tx, call.id, file, texts.valid(call.arguments.text or ""))
  if not ok then return nil, ("%s: say `to`, %s."):format(why, address.FORM) end
  return ("%s (%d bytes) is in this conversation now."):format(file.name, #file.data)
end

local function file_risk(tx, run, arguments)
  if not arguments.to and not post.where(tx, run.id) then
    return decisions.decide(tx, rules.message_risk, { ref = run.id }, { here = true, known = true })
  end
  return risk_of(tx, run, arguments)
end

-- The bytes are those of now: they are kept with the message, whichever host sends it.
tools.define("file_send", {
  description = "Sends a file of the workspace to somebody, now. Without `to` it goes to whoever you talk with here.",
  parameters = { type = "object", required = { "path" }, additionalProperties = false, properties = {
    path = { type = "string", minLength = 1, maxLength = 1000, description = "Its path inside the workspace." },
    to = { type = "string", minLength = 3, maxLength = 200, description = "Whom: " .. address.FORM .. "." },
    text = { type = "string", maxLength = 1000, description = "What to say beside it." },
  } },
  risk = "high", risk_of = file_risk, always_by = "to path", repeatable = true, timeout_ms = 30000,
}, function(call)
  local args = call.arguments
  local file, why = file_of(args.path)
  if not file then return nil, why end
  return db.tx(function(tx)
    if not args.to and not post.where(tx, call.run_id) then return show(tx, call, file) end
    local place, nowhere = place_of(tx, call.run_id, args.to)
    if not place then return nil, nowhere end
    local _, account, off = channel.account(place.channel, place.account)
    if not account then return nil, off .. "." end
    local added, refused = post.add(tx, { channel = place.channel, account = place.account, chat = place.chat,
      group = place.group, thread = place.thread, text = args.text or "", once = "tool:" .. call.id, follows = true,
      reply_token = place.reply_token, file = file })
    if not added then return nil, refused .. "." end
    return ("%s (%d bytes) goes out to %s."):format(file.name, #file.data, address.text(place))
  end)
end)

return M
