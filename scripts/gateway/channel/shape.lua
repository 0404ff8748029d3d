-- scripts/gateway/channel/shape.lua -- checks messages as a channel's file has read them.
-- Pure. A vendor's fields are strangers' text: anything but text is left out, long text is cut, ids are ids.

local cut = require("human.text").cut
local valid = require("agent.texts").valid

local M = {}

local MESSAGES, ATTACHMENTS, MENTIONS = 100, 20, 50 -- limit: webhook messages
local KINDS = { message = true, command = true, button = true, failed = true, other = true }
local BYTES = { id = 200, chat = 150, thread = 40, title = 200, text = 100000, reply_to_from = 100, message_id = 200,
                reply_to = 200, data = 500, reply_token = 2000, kind = 20 }
local PERSON = { id = 100, name = 100, handle = 100 }
local ATTACHMENT = { kind = 20, id = 500, url = 2000, name = 200, mime = 100 }

local function text(value, bytes, is_id)
  if type(value) == "number" and value == math.floor(value) and math.abs(value) < 2 ^ 53 then
    value = ("%.0f"):format(value)
  end
  if type(value) ~= "string" or value == "" then return nil end
  if is_id and (#value > bytes or value:find "%c") then return nil end
  return valid(cut(value, bytes))
end

local function fields(from, limits)
  local out = {}
  for name, bytes in pairs(limits) do
    out[name] = text(from[name], bytes, name == "id" or name == "chat" or name == "thread" or name == "message_id"
      or name == "reply_to")
  end
  return out
end

-- A number that JSON has: what is too large for one is read as infinite.
local function number(value)
  return type(value) == "number" and value >= 0 and value < 2 ^ 53 and value or nil
end

-- A name on one line.
local function one_line(name) return name and (name:gsub("%c+", " ")) or nil end

local function person(from)
  local out = fields(type(from) == "table" and from or {}, PERSON)
  out.id, out.name, out.handle = out.id or "", one_line(out.name), one_line(out.handle)
  out.is_bot = type(from) == "table" and from.is_bot == true or nil
  out.is_chat = type(from) == "table" and from.is_chat == true or nil
  return out
end

local function list(from, most, read)
  local out = {}
  if type(from) ~= "table" then return nil end
  for i = 1, math.min(#from, most) do out[#out + 1] = read(from[i]) end
  return out[1] and out or nil
end

local function attachment(from)
  if type(from) ~= "table" then return nil end
  local out = fields(from, ATTACHMENT)
  out.kind, out.bytes = out.kind or "file", number(from.bytes)
  return out
end

local function mention(value) return text(value, 100, true) end

-- One message, or nil where it has no id or no chat.
local function message(from)
  if type(from) ~= "table" then return nil end
  local out = fields(from, BYTES)
  if not out.id or not out.chat then return nil end
  out.kind = KINDS[out.kind] and out.kind or "message"
  out.title, out.text, out.from = one_line(out.title), out.text or "", person(from.from)
  out.group, out.to_me, out.edited = from.group == true, from.to_me == true or nil, from.edited == true or nil
  out.attachments = list(from.attachments, ATTACHMENTS, attachment)
  out.mentions = list(from.mentions, MENTIONS, mention)
  out.at_s = number(from.at_s)
  return out
end

--- The messages of a webhook, at most 100.
function M.messages(from) return list(from, MESSAGES, message) or {} end

return M
