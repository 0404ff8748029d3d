-- scripts/agent/events.lua -- the nine events that a platform may send an agent, and their validation.
-- An event's fields are in `content`, or at the top level if a client puts them there (the seed's
-- table of events reads both ways).  Unlisted fields are dropped.  Independent of the transport.

local json = require "human.json"
local s = require "human.schema"
local attachments = require "agent.attachments"
local emoji = require "agent.emoji"
local given = require "agent.given"
local limits = require "agent.rules.limits"

local M = {}

local DROP = { extra = "drop" }
local short = s.string { min = 1, max = 200 }
-- agent.given converts numbers to text, so the documentation allows both.
local id_shown = s.one_of { short, s.int { min = 1 - 2 ^ 53, max = 2 ^ 53 - 1 } }
local time_shown = s.one_of { s.time, s.number { min = 0 } }
local when = s.time { form = "a time: ISO 8601 with a zone, such as 2025-11-27T10:00:00Z, or seconds or milliseconds "
  .. "since 1970" }
local id, time = short:shown(id_shown), when:shown(time_shown)
local nickname = s.string { min = 1, max = 200, trim = true }
local id_or_null = short:shown(id_shown:nullable()):optional()
local time_or_null = when:shown(time_shown:nullable()):optional()
local text = s.string { max = limits.text_chars }
local mentions = s.array(id, { max = limits.mentions }):nullable():optional():describe "Ids or handles of who is meant"

-- isAgent is ours: it marks other agents, so that agents do not answer each other for ever.  self: the agent's own
-- account on the platform.  handles: what people write to mention this participant.
local ABOUT = {
  { "isAgent", s.bool:nullable():optional() }, { "self", s.bool:nullable():optional() },
  { "handles", s.array(id, { max = limits.handles }):nullable():optional() },
}
M.participant = s.object({ { "id", id }, { "nickname", nickname }, unpack(ABOUT) }, DROP)
local leaver = s.object({ { "id", id }, { "nickname", short:nullable():optional() } }, DROP)

-- replyTo is ours: the id of the message that this one answers (a message's or an action's).
local function message_of(content, more)
  return s.object({
    { "id", id }, { "content", content }, { "participant", M.participant }, { "createdAt", time },
    { "type", s.string { max = 50 }:nullable():optional() }, { "replyTo", id_or_null },
    { "mentions", mentions }, more,
  }, DROP)
end
-- A message has a text, or something attached (agent.attachments).
local function shown_message()
  local function with(list) return { "attachments", s.array(attachments.shown, list) } end
  local some = with { max = limits.attachments }
  return s.one_of {
    message_of(s.string { min = 1, max = limits.text_chars }, { some[1], some[2]:nullable():optional() }),
    message_of(text:nullable():optional(), with { min = 1, max = limits.attachments }),
  }
end
M.message = message_of(text, { "attachments", s.array(attachments.schema, { max = limits.attachments }):nullable()
  :optional() }):shown(shown_message())

M.names = { "agent-joined", "new-message", "message-edited", "message-deleted", "user-joined", "user-left",
            "user-typing", "reaction", "timer-expired" }

M.types = {
  ["agent-joined"] = s.object({
    chatCode = id,
    participants = s.array(M.participant, { max = limits.participants }):describe "One of them at most with self: true",
  }, DROP),
  ["new-message"] = s.object({ message = M.message }, DROP),
  ["message-edited"] = s.object({
    { "messageId", id }, { "content", text:describe "The text as it is now" },
    { "editedAt", time_or_null }, { "mentions", mentions },
  }, DROP),
  ["message-deleted"] = s.object({ messageId = id }, DROP),
  ["user-joined"] = s.object({ participant = M.participant }, DROP),
  ["user-left"] = s.object({ participant = leaver }, DROP),
  ["user-typing"] = s.object({ participantId = id, nickname = nickname }, DROP),
  -- action is ours; without it a reaction is an added one.
  ["reaction"] = s.object({
    messageId = id,
    emoji = emoji.schema,
    participant = M.participant,
    action = s.enum { "add", "remove" }:nullable():optional(),
  }, DROP),
  ["timer-expired"] = s.object({ expiresAt = time }, DROP),
}

local readers, shapes = {}, {}
for _, name in ipairs(M.names) do
  local fields = { { "type", s.const(name) } }
  shapes[#shapes + 1] = s.object({ fields[1], { "content", M.types[name] } }, DROP)
  for _, field in ipairs(M.types[name].fields) do
    if field.name ~= "type" then fields[#fields + 1] = { field.name, field.schema } end
  end
  shapes[#shapes + 1] = s.object(fields, DROP)
  readers[name] = s.reader(M.types[name])
end

-- An event in either form, for documentation: parse() reports problems in more detail.
M.shape = s.one_of(shapes)

local function refuse(code, message, details) return nil, { code = code, message = message, details = details } end

-- A check that the schema cannot express: a message has a text or an attachment.
local function read_message(m)
  if m.attachments then
    local list, details = attachments.read(m.attachments, "message.attachments")
    if not list then return details end
    m.attachments = list
  end
  if m.content == "" and #(m.attachments or {}) == 0 then
    return { { path = "message.content", message = "must not be empty where nothing is attached" } }
  end
end

-- Another one: an agent has one account in a chat.
local function read_participants(list)
  local own
  for i, p in ipairs(list) do
    if p.self and own and own ~= p.id then
      return { { path = ("participants[%d].self"):format(i - 1), message = "must be true of one participant only" } }
    end
    own = p.self and p.id or own
  end
end

local function read(name, fields)
  local content, details = readers[name](given.read(name, fields))
  if content and content.message then details = read_message(content.message) end
  if content and content.participants then details = read_participants(content.participants) end
  return not details and content or nil, details
end

-- raw: what the client sent, decoded.  Returns {type, content (checked), message_id (of new-message)},
-- or nil and {code, message, details}.
function M.parse(raw)
  if type(raw) ~= "table" or json.is_array(raw) then
    return refuse("invalid_event", "An event must be an object", { { path = "", message = "must be an object" } })
  end
  local name = raw.type
  if type(name) ~= "string" or not readers[name] then
    return refuse("unknown_event_type", "Unknown event type",
      { { path = "type", message = "must be one of " .. table.concat(M.names, ", ") } })
  end
  local fields = type(raw.content) == "table" and not json.is_array(raw.content) and raw.content or raw
  local content, details = read(name, fields)
  if not content and fields ~= raw then content = read(name, raw) end
  if not content then return refuse("invalid_event", "Invalid " .. name .. " event", details) end
  return { type = name, content = content, message_id = content.message and content.message.id or nil }
end

-- The participant that an event is about, or nil.
function M.participant_of(event)
  local c = event.content
  if c.participantId then return { id = c.participantId, nickname = c.nickname } end
  return c.message and c.message.participant or c.participant
end

return M
