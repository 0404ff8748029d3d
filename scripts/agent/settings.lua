-- scripts/agent/settings.lua -- the settings of an agent that its owner may change: schema, defaults, checks.
-- Only settings that were set are stored (agents.settings, jsonb), so a changed default applies to every agent that
-- left it alone.  The rules and the modules that read a setting give it its meaning.

local fail = require "human.fail"
local json = require "human.json"
local llm = require "human.llm"
local s = require "human.schema"
local tools = require "agent.tools"

local M = {}

local TOOLS = {}
for _, tool in ipairs(tools.definitions) do
  if tool.name ~= "stay_silent" then TOOLS[#TOOLS + 1] = tool.name end
end

local id = s.string { min = 1, max = 200 }
-- As events have them.
local id_or_number = s.one_of { id, s.int { min = 1 - 2 ^ 53, max = 2 ^ 53 - 1 } }
local clock = s.string { min = 5, max = 5, pattern = "^[0-2]%d:[0-5]%d$", form = "a time of day such as 22:00",
                         regex = "^(?:[01][0-9]|2[0-3]):[0-5][0-9]$" }
local offset = s.string { min = 6, max = 6, pattern = "^[+-][01]%d:[0-5]%d$", form = "an offset such as +01:00",
                          regex = "^[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00)$" }

-- {name, schema, default, schema of what is sent}; a default of nil is null for clients.  A null sent by a client is
-- the default.
local FIELDS = {
  { "speak", s.enum { "mentioned", "asked", "free" }
      :describe "when it speaks in a group: named, also asked in its field, or when it has something to add", "asked" },
  { "talkativeness", s.int { min = 0, max = 100 }
      :describe "per cent of the talk that may be its own before it keeps to what it is asked by name", 50 },
  { "answers", s.enum { "people", "everyone" }:describe "whom it answers: people, or other agents as well", "people" },
  { "ignores", s.array(id, { max = 200 }):describe "participant ids that it never answers", {},
    s.array(id_or_number, { max = 200 }):describe "participant ids that it never answers; numbers are taken as text" },
  { "quiet_hours", s.object { { "from", clock }, { "to", clock }, { "utc_offset", offset:default "+00:00" } }
      :describe "when it says nothing, whoever asks" },
  { "greeting", s.string { min = 1, max = 2000, trim = true }:describe "what it posts when it joins a chat" },
  { "follow_up_after_s", s.int { min = 1, max = 2592000 }
      :describe "after so much silence since its own last message it may speak once more" },
  { "reactions_only", s.bool:describe "it reacts, and writes nothing", false },
  { "debounce_ms", s.int { min = 0, max = 60000 }
      :describe "how long it waits for more lines before it answers what is no whole question", 700 },
  { "max_message_chars", s.int { min = 100, max = 16000 }
      :describe "the platform's limit for one message; longer answers are split", 4000 },
  { "typing_ms_per_char", s.int { min = 0, max = 500 }
      :describe "it types for so long before each message, with the time that it thought; 0: it posts at once", 0 },
  { "model", s.string { min = 1, max = 200, pattern = "^[%w/][%w/._:@+-]*$", form = "the name of a model" }
      :describe "\"name\" or \"provider/name\"; null: the server's own choice" },
  { "temperature", s.number { min = 0, max = 2 } },
  { "reasoning_effort", s.enum { "minimal", "low", "medium", "high" } },
  { "max_tokens", s.int { min = 16, max = 65536 }:describe "that the model may write in one answer" },
  { "tools", s.array(s.enum(TOOLS), { max = #TOOLS })
      :describe "what it may do; null: everything. It may always stay silent." },
  { "abilities", s.enum { "read", "act" }
      :describe "with its abilities it only looks things up for people, or does what they ask for", "read" },
  { "owners", s.array(id, { max = 20 })
      :describe "participant ids of its owner: alone with them it does what they ask for", {},
    s.array(id_or_number, { max = 20 })
      :describe "participant ids of its owner; numbers are taken as text" },
  { "tokens_per_day", s.int { min = 0, max = 1e15 }:describe "a budget: in and out, in the last 24 hours" },
  { "cost_per_day_micros", s.int { min = 0, max = 1e15 }
      :describe "a budget in millionths of a US dollar, in the last 24 hours, where prices are known" },
}

local taken, shown = {}, {}
for i, field in ipairs(FIELDS) do
  local name, node, default = field[1], field[2], field[3]
  taken[i] = { name, (field[4] or node):nullable():optional() }
  shown[i] = { name, default == nil and node:nullable() or node }
end

M.schema = s.object(taken)                       -- as clients send them: some of them
M.shown = s.object(shown)                        -- as clients get them: all of them

-- The settings that are stored as `text` (JSON, or nil), with the defaults.  A list or table in it is the
-- caller's own.
function M.of(text)
  local stored, out = text and text ~= "{}" and json.decode(text) or {}, {}
  for _, field in ipairs(FIELDS) do
    local name, default = field[1], field[3]
    local value = stored[name]
    if value == nil or value == json.null then value = default end
    if type(default) == "table" and value == default then value = json.array {} end
    out[name] = value
  end
  return out
end

local function minutes(clock_time) return tonumber(clock_time:sub(1, 2)) * 60 + tonumber(clock_time:sub(4, 5)) end

-- How many ms of quiet hours are left at a Unix time; nil outside of them.
function M.quiet_ms(hours, now_s)
  if not hours then return nil end
  local ahead = minutes(hours.utc_offset:sub(2)) * 60
  if hours.utc_offset:sub(1, 1) == "-" then ahead = -ahead end
  local from, to = minutes(hours.from) * 60, minutes(hours.to) * 60
  local since, whole = (now_s + ahead - from) % 86400, (to - from) % 86400
  return since < whole and (whole - since) * 1000 or nil
end

-- Checks that a schema cannot express.
local CHECKS = {
  quiet_hours = function(hours, problem)
    for _, name in ipairs { "from", "to" } do
      if hours[name] > "23:59" then problem("." .. name, "must be a time of day such as 22:00") end
    end
    if hours.utc_offset:sub(2) > "14:00" then problem(".utc_offset", "must be from -14:00 to +14:00") end
  end,
  model = function(name, problem)
    if name:find("..", 1, true) then problem("", "must be the name of a model") end
    if not llm.has_provider(name) then problem("", "names a provider that is not set up on this server") end
  end,
}

-- Settings that passed the schema, as JSON for the database; fails with validation_error.  nil stays nil.
function M.checked(given)
  if not given then return nil end
  local details = {}
  for name, check in pairs(CHECKS) do
    local value = given[name]
    if value ~= nil and value ~= json.null then
      check(value, function(path, message)
        details[#details + 1] = { path = "settings." .. name .. path, message = message }
      end)
    end
  end
  if #details > 0 then fail.throw("validation_error", { details = details }) end
  for _, name in ipairs { "ignores", "owners" } do
    for i, one in ipairs(json.is_array(given[name]) and given[name] or {}) do
      given[name][i] = type(one) == "number" and ("%.0f"):format(one) or one
    end
  end
  return json.encode(given)
end

return M
