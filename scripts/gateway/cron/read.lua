-- scripts/gateway/cron/read.lua -- jobs as clients describe them: ours, those of the web UI, and those of clients of
-- the protocol's ancestor (schedule, payload, delivery, sessionTarget).  What is wrong is {field, message}.
-- Pure but for what gateway.cron.time looks up.

local json = require "human.json"
local text = require "human.text"
local limits = require "gateway.rules.cron"
local times = require "gateway.cron.time"
local addresses = require "gateway.web_address"

local M = {}

local NAME_CHARS, URL_BYTES, ID_BYTES, ARGS_MAX = 200, 2000, 150, 200
local TIMEOUT_MAX_S = 86400
local MODES = { none = true, announce = true, webhook = true }
local MISSED = { ["run-once"] = true, skip = true }

local function wrong(field, ...) error({ wrong = { field = field, message = string.format(...) } }, 0) end

-- A value of a JSON object; null is none.
local function given(t, name)
  local v = t[name]
  if v == json.null then return nil end
  return v
end

local function object(v, field)
  if v == nil or v == json.null then return {} end
  if type(v) ~= "table" or json.is_array(v) then wrong(field, "it must be an object") end
  return v
end

local function characters(s) return #s - select(2, s:gsub("[\128-\191]", "")) end

-- What people read on terminals has no control characters; a prompt may have lines.
local function body(v, field)
  if type(v) ~= "string" or not v:find "%S" then wrong(field, "it is required: a text") end
  if #v > limits.text_bytes then wrong(field, "it is longer than %d bytes", limits.text_bytes) end
  if v:find "[%z\1-\8\11\12\14-\31\127]" then wrong(field, "it has control characters") end
  return v
end

local function name_of(v, otherwise)
  if v == nil then v = text.cut(otherwise:match "^%s*([^\n]*)", 60) end
  if type(v) ~= "string" or not v:find "%S" or characters(v) > NAME_CHARS or v:find "%c" then
    wrong("name", "it must be a text of 1 to %d characters without control characters", NAME_CHARS)
  end
  return text.trim(v)
end

-- What it does ------------------------------------------------------------------------------------------

local function program(argv)
  if type(argv) ~= "table" or #argv < 1 or #argv > ARGS_MAX then
    wrong("argv", "it must be a list of 1 to %d texts: the program and its arguments", ARGS_MAX)
  end
  local bytes = 0
  for i = 1, #argv do
    if type(argv[i]) ~= "string" or argv[i]:find "%z" then wrong("argv", "number %d is no text", i) end
    bytes = bytes + #argv[i]
  end
  if argv[1] == "" then wrong("argv", "number 1 is no program") end
  if bytes > limits.text_bytes then wrong("argv", "together they are longer than %d bytes", limits.text_bytes) end
  return argv
end

-- {kind = "systemEvent", text} or {kind = "agentTurn", message, model, timeoutSeconds}.
local function of_payload(payload)
  local kind = payload.kind
  if kind == "systemEvent" then return { kind = "agent", body = body(payload.text, "payload.text") } end
  if kind == "agentTurn" then return { kind = "agent", body = body(payload.message, "payload.message") } end
  wrong("payload.kind", "it must be agentTurn or systemEvent")
end

local function kind_of(p, was)
  local kind = given(p, "type")
  if kind ~= nil and kind ~= "agent" and kind ~= "shell" then wrong("type", "it must be agent or shell") end
  return kind or given(p, "prompt") and "agent" or (given(p, "command") or given(p, "argv")) and (was or "shell") or was
end

-- {kind, body, argv}; nil: p says nothing of it.  was: the kind that the job has.
local function what(p, was)
  if given(p, "payload") ~= nil then return of_payload(object(p.payload, "payload")) end
  if not (given(p, "prompt") or given(p, "command") or given(p, "argv") or given(p, "type")) then
    if was then return nil end
    wrong("command", "say what to do: command, or prompt for the agent")
  end
  local kind = kind_of(p, was)
  if kind == "agent" then
    local field = given(p, "prompt") ~= nil and "prompt" or given(p, "command") ~= nil and "command" or "prompt"
    return { kind = "agent", body = body(given(p, field), field) }
  end
  if given(p, "argv") == nil then return { kind = "shell", body = body(given(p, "command"), "command") } end
  local argv = program(p.argv)
  return { kind = "shell", argv = argv, body = text.cut(table.concat(argv, " "), limits.text_bytes) }
end

-- Where its result goes ---------------------------------------------------------------------------------------

local function id_text(v, field)
  if type(v) == "number" and v % 1 == 0 then v = ("%.0f"):format(v) end
  if type(v) ~= "string" or v == "" or #v > ID_BYTES or v:find "%c" then
    wrong(field, "it must be a text of 1 to %d bytes", ID_BYTES)
  end
  return v
end

local function webhook(d)
  local url = given(d, "url") or given(d, "to")
  local address, why, kind = addresses.read(url, URL_BYTES)
  if kind == "secret" then wrong("delivery.to", "it may hold no secret and no password") end
  if not address then
    wrong("delivery.to", "it must be an address such as https://example.org/hook, of at most %d bytes (%s)", URL_BYTES,
      why)
  end
  return { mode = "webhook", to = address.url }
end

local function optional_id(d, name) return given(d, name) ~= nil and id_text(d[name], "delivery." .. name) or nil end

local function announce(d)
  local channel = given(d, "channel")
  if type(channel) ~= "string" or not channel:find "^%l[%l%d_-]*$" or #channel > 64 then
    wrong("delivery.channel", "it must be the name of a channel, such as telegram")
  end
  return { mode = "announce", channel = channel, to = optional_id(d, "to"), account = optional_id(d, "account"),
           thread = optional_id(d, "thread"), group = given(d, "group") == true or nil }
end

-- channel alone, as the web UI says it, is an announcement there; its own page ("gateway", "web") is none.
local HERE = { [""] = true, gateway = true, web = true, webchat = true, cli = true, ["control-ui"] = true, none = true }

local function delivery(p)
  local d, channel = given(p, "delivery"), given(p, "channel")
  if d == nil and channel == nil then return nil end
  if d == nil then
    if type(channel) == "string" and HERE[channel] then return { mode = "none" } end
    return announce { channel = channel, to = given(p, "to") }
  end
  if type(d) == "string" then d = { mode = d } end
  d = object(d, "delivery")
  local mode = given(d, "mode") or "announce"
  if not MODES[mode] then wrong("delivery.mode", "it must be none, announce or webhook") end
  if mode == "none" then return { mode = "none" } end
  local out = mode == "webhook" and webhook(d) or announce(d)
  if given(d, "bestEffort") == true then out.bestEffort = true end
  return out
end

local function secret(p)
  local d = given(p, "delivery")
  local v = type(d) == "table" and given(d, "secret") or nil
  if v == nil then return nil end
  if type(v) ~= "string" or #v < 16 or #v > 200 or v:find "[^!-~]" then
    wrong("delivery.secret", "it must be 16 to 200 visible characters, such as whsec_ and base64")
  end
  return v
end

-- How -------------------------------------------------------------------------------------------------------

local function session(p)
  local target = given(p, "sessionKey") or given(p, "session")
  local ancestor = given(p, "sessionTarget")
  if target == nil and ancestor ~= nil then
    if ancestor == "isolated" then return nil, true end
    if ancestor == "main" then return "default", true end
    target = type(ancestor) == "string" and ancestor:match "^session:(.+)$"
    if not target then wrong("sessionTarget", "it must be main, isolated or session:NAME") end
  end
  if target == nil then return nil, p.sessionKey == json.null or p.session == json.null end
  if type(target) ~= "string" or target == "" or #target > 200 or target:find "%c" then
    wrong("session", "it must be a text of 1 to 200 bytes without control characters")
  end
  return target, true
end

-- The model, and whether p says anything of it.
local function model(p)
  local payload = given(p, "payload")
  local v = given(p, "model") or type(payload) == "table" and given(payload, "model") or nil
  if v ~= nil and (type(v) ~= "string" or v == "" or #v > 200 or v:find "%c") then
    wrong("model", "it must be the name of a model")
  end
  return v, v ~= nil or p.model == json.null
end

local function timeout(p)
  local payload = given(p, "payload")
  local v = given(p, "timeoutSeconds") or type(payload) == "table" and given(payload, "timeoutSeconds") or nil
  if v == nil or v == 0 then return nil end
  if type(v) ~= "number" or v % 1 ~= 0 or v < 1 or v > TIMEOUT_MAX_S then
    wrong("timeoutSeconds", "it must be whole seconds from 1 to %d", TIMEOUT_MAX_S)
  end
  return v
end

local function bool(p, name)
  local v = given(p, name)
  if v ~= nil and type(v) ~= "boolean" then wrong(name, "it must be true or false") end
  return v
end

local function first(a, b)
  if a ~= nil then return a end
  return b
end

local function missed(p)
  local v = given(p, "missed")
  if v ~= nil and not MISSED[v] then wrong("missed", "it must be run-once or skip") end
  return v
end

-- When; was: the schedule that the job has.  What is said of a pattern's zone or stagger is of the pattern that it has,
-- and another pattern is in the zone of that one.
local function schedule(p, was)
  local zoned = {}
  for _, name in ipairs { "schedule", "expression", "delay", "staggerMs" } do zoned[name] = given(p, name) end
  zoned.tz = given(p, "tz") or given(p, "timezone")
  local of_pattern = zoned.tz and "tz" or zoned.staggerMs and "staggerMs"
  local says_when = zoned.schedule or zoned.expression or zoned.delay
  if was and not says_when and of_pattern then
    if was.kind ~= "cron" then wrong(of_pattern, "it goes with a pattern, or with a time") end
    zoned.expression = was.expr
  end
  if was and was.kind == "cron" and not zoned.schedule then
    zoned.tz, zoned.staggerMs = zoned.tz or was.tz, zoned.staggerMs or was.staggerMs
  end
  local found, bad = times.read(zoned)
  if bad then wrong(bad.field, "%s", bad.message) end
  if not found and not was then wrong("expression", "say when: 0 8 * * *, every 15m, in 10m, or a schedule") end
  return found
end

local function read(p, was)
  local does, enabled, paused = what(p, was and was.kind), bool(p, "enabled"), bool(p, "paused")
  local key, has_key = session(p)
  local its_model, has_model = model(p)
  local out = {
    schedule = schedule(p, was and was.schedule), delivery = delivery(p), secret = secret(p), timeout_s = timeout(p),
    missed = missed(p), session_key = key, has_session = has_key, model = its_model, has_model = has_model,
    one_shot = first(bool(p, "one_shot"), bool(p, "oneShot")),
    removed_after = bool(p, "deleteAfterRun"), enabled = first(enabled, paused ~= nil and not paused or nil),
  }
  if paused == true and enabled == nil then out.enabled = false end
  if does then out.kind, out.body, out.argv = does.kind, does.body, does.argv end
  if not was or given(p, "name") ~= nil then out.name = name_of(given(p, "name"), out.body or "") end
  return out
end

--- The job that params say; for a change (was: {kind, schedule} of the job), only what they say of it.  Or nil and
--- {field, message}.
function M.read(p, was)
  local ok, result = pcall(read, p, was)
  if ok then return result end
  if type(result) == "table" and result.wrong then return nil, result.wrong end
  error(result, 0)
end

return M
