-- scripts/marketplace/a2a_requests.lua -- what clients of A2A send, as its protobuf has it in JSON: read strictly where
-- we know a field, and no further.

local json = require "human.json"
local jsonschema = require "jsonschema"
local errors = require "marketplace.a2a_errors"

local M = {}

local LIMITS = { null = json.null, is_array = json.is_array, max_depth = 64, max_work = 100000 }

local function text(max) return { type = "string", maxLength = max } end
local function object(required, properties)
  return { type = "object", required = required and json.array(required) or nil, properties = properties }
end
local function list(items, max) return { type = "array", items = items, maxItems = max } end

local id, count = text(200), { type = "integer", minimum = 0, maximum = 2147483647 }
local page = { type = "integer", minimum = 1, maximum = 100 }
local flag = { type = "boolean" }
local state = { enum = json.array { "TASK_STATE_UNSPECIFIED", "TASK_STATE_SUBMITTED", "TASK_STATE_WORKING",
  "TASK_STATE_COMPLETED", "TASK_STATE_FAILED", "TASK_STATE_CANCELED", "TASK_STATE_INPUT_REQUIRED",
  "TASK_STATE_REJECTED", "TASK_STATE_AUTH_REQUIRED" } }

local message = object({ "messageId", "role", "parts" }, {
  messageId = { type = "string", minLength = 1, maxLength = 200 }, contextId = id, taskId = id,
  role = { const = "ROLE_USER" }, referenceTaskIds = list(id, 1), metadata = object(), extensions = list(id, 32),
  parts = { type = "array", minItems = 1, maxItems = 64,
            items = object(nil, { text = text(100000), mediaType = id, filename = id, metadata = object() }) },
})

local SCHEMAS = {
  SendMessage = object({ "message" }, { message = message, metadata = object(), configuration = object(nil, {
    acceptedOutputModes = list(id, 64), historyLength = count, returnImmediately = flag }) }),
  GetTask = object({ "id" }, { id = id, historyLength = count }),
  CancelTask = object({ "id" }, { id = id }),
  ListTasks = object(nil, { contextId = id, status = state, pageSize = page, pageToken = id, historyLength = count,
                            statusTimestampAfter = id, includeArtifacts = flag }),
}
SCHEMAS.SendStreamingMessage, SCHEMAS.SubscribeToTask = SCHEMAS.SendMessage, SCHEMAS.CancelTask

local validators = {}
for name, schema in pairs(SCHEMAS) do validators[name] = assert(jsonschema.compile(schema, LIMITS)) end

local function path_of(pointer)
  return "params" .. pointer:gsub("/(%d+)", "[%1]"):gsub("/", ".")
end

--- An error, where params of a method are not as it has them; or nil.
function M.check(method, params)
  local validator = validators[method]
  if not validator then return nil end
  local ok, found = validator:validate(params)
  if ok then return nil end
  local details = {}
  for i, e in ipairs(found) do details[i] = { path = path_of(e.path), message = e.message } end
  return errors.invalid(details)
end

--- A text of the protocol: empty is as good as absent.
function M.text(value) return value ~= nil and value ~= json.null and value ~= "" and value or nil end

local function is_object(v) return type(v) == "table" and v ~= json.null and not json.is_array(v) end

M.is_object = is_object

local JSON, TEXT = "^application/json", "^text/plain"

local function add(out, part)
  local mode = (M.text(part.mediaType) or ""):lower()
  if part.text ~= nil and part.data == nil and (mode == "" or mode:find(TEXT)) then
    out.texts[#out.texts + 1] = part.text
    return true
  end
  if part.data == nil or part.text ~= nil or mode ~= "" and not mode:find(JSON) then return false end
  out.n, out.data = out.n + 1, part.data
  return true
end

--- What a message says: {text (nil: none), data (an object, or nil)}; or nil and an error.
function M.said(asked)
  local out = { texts = {}, n = 0 }
  for _, part in ipairs(asked.parts) do
    if not add(out, part) then return nil, errors.special "content_type" end
  end
  if out.n > 1 then return nil, errors.wrong("params.message.parts", "must have one part with data, at most") end
  if out.n == 1 and not is_object(out.data) then
    return nil, errors.wrong("params.message.parts", "must have an object as data")
  end
  local words = table.concat(out.texts, "\n")
  return { text = words:find "%S" and words or nil, data = out.data }
end

--- The skill that a request names, or nil.
function M.skill(params)
  for _, from in ipairs { params.message.metadata or {}, params.metadata or {} } do
    if type(from) == "table" and type(from.skillId) == "string" and from.skillId ~= "" then return from.skillId end
  end
end

local function takes(mode) return mode == "*/*" or mode:find(JSON) ~= nil or mode:find(TEXT) ~= nil end

--- An error, where a client asks for what we do not do; or nil.
function M.unmet(params)
  local o = params.configuration
  if not is_object(o) then return nil end
  if is_object(o.taskPushNotificationConfig) then return errors.special "no_push" end
  local modes = o.acceptedOutputModes or {}
  for _, mode in ipairs(modes) do
    if takes(mode:lower()) then return nil end
  end
  return #modes > 0 and errors.special("content_type", "Answers are application/json or text/plain") or nil
end

return M
