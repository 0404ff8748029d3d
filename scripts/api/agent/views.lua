-- scripts/api/agent/views.lua -- request and response schemas of the agent API, and its paging.
-- Names and shapes are the seed's; where the seed leaves something open, the reference marks it as ours.

local s = require "human.schema"
local owned = require "agent.owned"
local settings = require "agent.settings"

local M = {}

local name = s.string { min = 1, max = 200, trim = true }
local description = s.string { max = 2000 }
local stamps = { { "createdAt", s.time }, { "updatedAt", s.time } }

local function object(fields)
  for _, stamp in ipairs(stamps) do fields[#fields + 1] = stamp end
  return s.object(fields)
end

-- Out ---------------------------------------------------------------------------------------------

M.user = object {
  { "id", s.id:example "cmi0x5q8a000a1b2c3d4e5f6g" }, { "email", s.string }, { "name", s.string:nullable() },
}

local key_fields = {
  { "id", s.id }, { "name", s.string }, { "keyPreview", s.string:example "...9kLm" },
  { "expiresAt", s.time:nullable() },
}

M.api_key = object(key_fields)

M.api_key_made = object {
  { "id", s.id },
  { "key", s.string { secret = true }:describe "Shown this once; only its hash is kept." },
  { "keyPreview", s.string }, { "name", s.string }, { "expiresAt", s.time:nullable() },
}

local owner = s.id:nullable():describe "null: shared, read-only for everybody"

M.personality = object {
  { "id", s.id }, { "personalityId", s.string }, { "name", s.string }, { "description", s.string },
  { "styleInstructions", s.string }, { "userId", owner },
}

M.system_prompt = object {
  { "id", s.id }, { "name", s.string }, { "promptType", s.string }, { "template", s.string }, { "userId", owner },
}

M.agent_type = object { { "id", s.id }, { "name", s.string }, { "description", s.string } }

M.agent = object {
  { "id", s.id }, { "name", s.string }, { "description", s.string }, { "status", s.string },
  { "agentTypeId", s.id }, { "personalityId", s.id:nullable() }, { "systemPromptId", s.id:nullable() },
  { "userId", s.id }, { "settings", settings.shown },
}

local count = s.int { min = 0 }

M.state = s.object {
  { "agentId", s.id },
  { "personalityId", s.id:nullable() },
  { "personality", s.object { { "id", s.id }, { "personalityId", s.string }, { "name", s.string } }:nullable() },
  { "systemPromptId", s.id:nullable() },
  { "systemPrompt", s.object { { "id", s.id }, { "name", s.string } }:nullable() },
  { "status", s.enum { "idle", "waiting", "thinking" } },
  { "runId", s.id:nullable() },
  { "lastEventAt", s.time:nullable() },
  { "chatCode", s.string:nullable() },
  { "expiredAt", s.time:nullable():describe "when the platform's time limit ended the session" },
  { "counters", s.object {
    { "eventsIn", count }, { "actionsOut", count }, { "runs", count }, { "inputTokens", count },
    { "outputTokens", count }, { "costMicros", count:describe "millionths of a US dollar, where prices are known" },
  } },
  { "updatedAt", s.time },
}

M.event = s.object {
  { "id", s.id }, { "agentId", s.id }, { "direction", s.enum { "in", "out" } }, { "type", s.string },
  { "content", s.json { max = 1048576 } },
  { "seq", s.int:optional():describe "of actions: 1, 2, 3, .. without gaps" },
  { "runId", s.id:nullable() }, { "createdAt", s.time },
}

M.accepted = s.object {
  { "eventId", s.id }, { "duplicate", s.bool:optional() },
}

--- What is said, by HTTP and on the socket, of an event that is stored.
function M.accept(stored) return { eventId = stored.id, duplicate = stored.duplicate } end

-- In ----------------------------------------------------------------------------------------------

M.user_in = s.object { email = s.email, name = name:optional() }
M.user_change = s.object { email = s.email:optional(), name = name:optional() }

M.api_key_in = s.object {
  name = name:default "API key",
  expiresAt = s.time:nullable():optional(),
}

local slug = s.string { min = 1, max = 100, trim = true }
local style, template = s.string { max = 32000 }, s.string { min = 1, max = 64000 }

M.personality_in = s.object {
  personalityId = slug:optional():describe "your own name for it, such as coach-alex", name = name,
  description = description:default "", styleInstructions = style:default "",
}
M.personality_change = s.object {
  personalityId = slug:optional(), name = name:optional(), description = description:optional(),
  styleInstructions = style:optional(),
}

local prompt_type = s.enum { "system" }

M.system_prompt_in = s.object {
  name = name, promptType = prompt_type:default "system",
  template = template:describe(
    "may hold {{agent.name}}, {{personality.name}} and {{chat.code}}; {{participants}} and {{now}} refer to the chat, "
      .. "where they are told"),
}
M.system_prompt_change = s.object {
  name = name:optional(), promptType = prompt_type:optional(), template = template:optional(),
}

M.agent_type_in = s.object {
  name = s.string { min = 1, max = 100, trim = true }, description = description:default "",
}

M.agent_in = s.object { name = name, agentTypeId = s.id, description = description:default "",
                          settings = settings.schema:optional() }
M.agent_change = s.object {
  name = name:optional(), description = description:optional(), agentTypeId = s.id:optional(),
  status = s.enum { "active", "paused" }:optional(),
  settings = settings.schema:optional():describe "what is left out stays; null makes a setting the default again",
}

M.state_in = s.object {
  personalityId = s.string { min = 1, max = 100 }:nullable():optional()
    :describe "a personality's id or its personalityId; null unlinks",
  systemPromptId = s.string { min = 1, max = 100 }:nullable():optional(),
}

-- Paging ------------------------------------------------------------------------------------------

local limit = s.int { min = 1, max = 200 }:default(50)

M.page_query = s.object { limit = limit, after = s.id:optional() }

M.events_query = s.object {
  limit = limit, after = s.id:optional(), before = s.id:optional(),
  type = s.string { max = 50 }:optional(), direction = s.enum { "in", "out" }:optional(),
}

local function encoded(text)
  return (text:gsub("[^%w%-._~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

-- The rows of a page ({rows, total, more}) and its headers: X-Total-Count ("1000+" for more), and Link (RFC 8288) to
-- the next page.  cursor: the query's name for the last row's id ("after" unless given); others are carried along.
function M.page(page, path, query, cursor)
  cursor = cursor or "after"
  local headers = { ["x-total-count"] = owned.total(page.total) }
  if page.more then
    local parts, names = {}, {}
    for key in pairs(query) do names[#names + 1] = key end
    table.sort(names)
    for _, key in ipairs(names) do
      if key ~= cursor then parts[#parts + 1] = key .. "=" .. encoded(tostring(query[key])) end
    end
    parts[#parts + 1] = cursor .. "=" .. page.rows[#page.rows].id
    headers.link = ('<%s?%s>; rel="next"'):format(path, table.concat(parts, "&"))
  end
  return page.rows, headers
end

return M
