-- scripts/agent/events.lua -- what a platform may tell an agent: the six events, checked.
-- An event's fields stand in `content`, or at the top level where a client puts them there (the seed's
-- table of events reads both ways).  Fields that are not listed are kept out.  Knows no transport.

local json = require "human.json"
local s = require "human.schema"
local limits = require "agent.rules.limits"

local M = {}

local DROP = { extra = "drop" }
local short = s.string { min = 1, max = 200 }

-- isAgent is ours: it marks other agents, so that agents do not answer each other for ever.
M.participant = s.object({ id = short, nickname = short, isAgent = s.bool:optional() }, DROP)

-- replyTo is ours: the id of the message that this one answers (a message's or an action's).
M.message = s.object({
  id = short,
  content = s.string { min = 1, max = limits.text_chars },
  participant = M.participant,
  createdAt = s.time,
  type = s.string { max = 50 }:optional(),
  replyTo = short:optional(),
}, DROP)

M.types = {
  ["agent-joined"] = s.object({
    chatCode = short,
    participants = s.array(M.participant, { max = limits.participants }),
  }, DROP),
  ["new-message"] = s.object({ message = M.message }, DROP),
  ["user-joined"] = s.object({ participant = M.participant }, DROP),
  ["user-typing"] = s.object({ participantId = short, nickname = short }, DROP),
  -- action is ours; without it a reaction is an added one.
  ["reaction"] = s.object({
    messageId = short,
    emoji = s.string { min = 1, max = 64 },
    participant = M.participant,
    action = s.enum { "add", "remove" }:optional(),
  }, DROP),
  ["timer-expired"] = s.object({ expiresAt = s.time }, DROP),
}

local readers, shapes = {}, {}
for _, name in ipairs { "agent-joined", "new-message", "user-joined", "user-typing", "reaction", "timer-expired" } do
  local fields = { { "type", s.const(name) } }
  shapes[#shapes + 1] = s.object({ fields[1], { "content", M.types[name] } }, DROP)
  for _, field in ipairs(M.types[name].fields) do
    if field.name ~= "type" then fields[#fields + 1] = { field.name, field.schema } end
  end
  shapes[#shapes + 1] = s.object(fields, DROP)
  readers[name] = s.reader(M.types[name])
end

-- An event in either form, for documentation: parse() says more of what is wrong.
M.shape = s.one_of(shapes)

local function refuse(code, message, details) return nil, { code = code, message = message, details = details } end

-- raw: what the client sent, decoded.  Returns {type, content (checked), message_id (of new-message)},
-- or nil and {code, message, details}.
function M.parse(raw)
  if type(raw) ~= "table" or json.is_array(raw) then
    return refuse("invalid_event", "An event must be an object", { { path = "", message = "must be an object" } })
  end
  local name = raw.type
  local reader = type(name) == "string" and readers[name]
  if not reader then
    return refuse("unknown_event_type", "Unknown event type",
      { { path = "type", message = "must be one of agent-joined, new-message, user-joined, user-typing, "
        .. "reaction, timer-expired" } })
  end
  local given = type(raw.content) == "table" and raw.content or raw
  local content, details = reader(given)
  if not content and given ~= raw then content = reader(raw) end
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
