-- scripts/agent/given.lua -- normalises events of platforms for agent.events: ids as text, times as ISO 8601, one name
-- for each field.  Pure; what it does not understand it leaves for the schema to refuse.

local json = require "human.json"

local M = {}

local SAFE = 2 ^ 53                              -- from there two ids may be one number
local IDS = { "id", "messageId", "participantId", "replyTo", "chatCode" }
local TIMES = { "createdAt", "editedAt", "expiresAt" }
local OPTIONAL = {
  type = true, replyTo = true, mentions = true, attachments = true, isAgent = true, self = true, handles = true,
  editedAt = true, action = true, name = true, mediaType = true,
}
local MS_FROM, END_S = 1e11, 253402300800        -- larger is milliseconds; the year 10000

local function is_object(v) return type(v) == "table" and not json.is_array(v) end

local function as_id(v)
  if type(v) ~= "number" or v % 1 ~= 0 or math.abs(v) >= SAFE then return v end
  return ("%.0f"):format(v)
end

-- Seconds or milliseconds since 1970, as a number or as text with digits alone (Slack's have a fraction).
local function as_time(v)
  local n = type(v) == "string" and #v <= 20 and v:find "^[%d.]+$" and tonumber(v) or v
  if type(n) ~= "number" or not (n >= 0) then return v end
  if n >= MS_FROM then n = n / 1000 end
  if n >= END_S then return v end
  local ms = math.floor(n * 1000 + 0.5)
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(ms / 1000)) .. (".%03dZ"):format(ms % 1000)
end

local function each(list, fn)
  if not json.is_array(list) then return list end
  local out = json.array()
  for i, v in ipairs(list) do out[i] = fn(v) end
  return out
end

-- null means absent for an optional field.
local function fields(t)
  local out = {}
  for name, v in pairs(t) do
    if v ~= json.null or not OPTIONAL[name] then out[name] = v end
  end
  for _, name in ipairs(IDS) do out[name] = as_id(out[name]) end
  for _, name in ipairs(TIMES) do out[name] = as_time(out[name]) end
  return out
end

local function participant(p)
  if not is_object(p) then return p end
  local out = fields(p)
  out.handles = each(out.handles, as_id)
  return out
end

local function message(m)
  if not is_object(m) then return m end
  local out = fields(m)
  out.participant, out.mentions = participant(out.participant), each(out.mentions, as_id)
  out.attachments = each(out.attachments, function(a) return is_object(a) and fields(a) or a end)
  local has_more = json.is_array(out.attachments) and #out.attachments > 0
  if has_more and (out.content == nil or out.content == json.null) then out.content = "" end
  return out
end

-- An edited or deleted message may be sent in the same form as a new one.
local function lift_message(c)
  local m = is_object(c.message) and c.message
  if not m then return c end
  c.messageId = c.messageId or m.id
  for _, name in ipairs { "content", "editedAt", "mentions" } do
    if c[name] == nil then c[name] = m[name] end
  end
  return c
end

local lifts = {
  ["message-edited"] = lift_message, ["message-deleted"] = lift_message,
  ["user-left"] = function(c)
    if c.participant == nil and c.participantId ~= nil then
      c.participant = { id = c.participantId, nickname = c.nickname }
    end
    return c
  end,
}

-- The fields of an event of this type as the schema expects them.  c: its content, or the event itself.
function M.read(name, c)
  local out = fields(c)
  out.message, out.participant = message(out.message), participant(out.participant)
  out.participants, out.mentions = each(out.participants, participant), each(out.mentions, as_id)
  local lift = lifts[name]
  return lift and lift(out) or out
end

return M
