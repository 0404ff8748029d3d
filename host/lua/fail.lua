-- host/lua/fail.lua -- expected refusals: a code of the catalogue, thrown as an object.
-- Everything that is not a Fail and escapes a handler is a bug and becomes a 500 with a request id.
-- The catalogue is scripts/api/errors.lua of the generation in service; here are only the two ways to
-- show an error to a client.

local blame = require "human.core.blame"
local headers = require "human.http.headers"
local json = require "human.json"

local M = {}
local Fail = {}
local fail_mt = { __index = Fail }
-- Until scripts are loaded: migrations may run before.
local catalogue = { database_unavailable = { status = 503, message = "The database is not reachable" },
                    db_timeout = { status = 503, message = "The database took too long" } }

-- Codes that the runtime itself answers with; gen.build refuses a catalogue that lacks one.
M.required = {
  "internal", "not_found", "method_not_allowed", "validation_error", "unauthorized", "forbidden",
  "rate_limited", "unsupported_media_type", "payload_too_large", "upgrade_required", "misdirected",
  "deadline_exceeded", "database_unavailable", "db_timeout", "rule_budget", "too_many_operations",
  "service_unavailable", "route_disabled", "idempotency_in_progress", "idempotency_key_reused",
  "idempotency_answer_lost", "transaction_conflict", "conflict",
}

-- RFC 9110 section 15, RFC 6585.
local REASON = {
  [400] = "Bad Request", [401] = "Unauthorized", [402] = "Payment Required", [403] = "Forbidden",
  [404] = "Not Found", [405] = "Method Not Allowed", [406] = "Not Acceptable",
  [408] = "Request Timeout", [409] = "Conflict", [410] = "Gone", [412] = "Precondition Failed",
  [413] = "Content Too Large", [415] = "Unsupported Media Type", [421] = "Misdirected Request",
  [422] = "Unprocessable Content",
  [423] = "Locked", [425] = "Too Early", [426] = "Upgrade Required",
  [428] = "Precondition Required", [429] = "Too Many Requests", [500] = "Internal Server Error",
  [501] = "Not Implemented", [502] = "Bad Gateway", [503] = "Service Unavailable",
  [504] = "Gateway Timeout",
}

function fail_mt:__tostring() return self.code .. ": " .. self.message end

-- The reason phrase of a status; a generic one for those that RFC 9110 does not name.
function M.reason(status)
  return REASON[status] or (status >= 500 and "Server Error" or "Request Refused")
end

-- errors: {code = {status =, message =}}; what fail.new looks codes up in from now on.
function M.use(errors) catalogue = errors end

local function check_data(code, data)
  if type(data) ~= "table" then blame.refuse(code .. ": data must be a table") end
  local retry_s = data.retry_after_s
  if retry_s ~= nil and not (type(retry_s) == "number" and retry_s >= 0 and retry_s < 2 ^ 31) then
    blame.refuse(code .. ": retry_after_s must be a number of seconds")
  end
  if data.headers == nil then return end
  local _, why = headers.lines(data.headers, "content-type")
  if why then blame.refuse(code .. ": " .. why) end
end

-- A Fail for `code`.  data (optional): facts for the client; data.message replaces the catalogue's
-- message, data.details is a list of {path =, message =}, data.retry_after_s and data.headers
-- ({name = value}) become headers of the answer.  errors: another catalogue than the one in service.
function M.new(code, data, errors)
  local entry = (errors or catalogue)[code] or catalogue[code]
  if not entry then blame.refuse("unknown error code '" .. tostring(code) .. "' (see api/errors.lua)") end
  if data then check_data(code, data) end
  return setmetatable({
    code = entry.code or code, status = entry.status, data = data,
    message = data and data.message or entry.message, details = data and data.details,
  }, fail_mt)
end

-- Throw it.
function M.throw(code, data, errors) error(M.new(code, data, errors), 0) end

-- Whether `v` is a Fail.
function M.is(v) return getmetatable(v) == fail_mt end

-- Members of data that are not facts for the body.
local SPECIAL = { message = true, details = true, retry_after_s = true, headers = true }

local function member(out, key, value)
  out[#out + 1] = "," .. json.encode(key) .. ":" .. json.encode(value)
end

local function details_of(out, f)
  if not f.details then return end
  local list = {}
  for i, d in ipairs(f.details) do
    list[i] = '{"path":' .. json.encode(d.path) .. ',"message":' .. json.encode(d.message) .. "}"
  end
  out[#out + 1] = ',"details":[' .. table.concat(list, ",") .. "]"
end

-- Agent API: {"error": reason, "message", "statusCode", "code"} (seed, "Error Responses"; code and
-- details are additions of ours).
local function agent(f, request_id)
  local out = { '{"error":' .. json.encode(M.reason(f.status)) }
  member(out, "message", f.message)
  member(out, "statusCode", f.status)
  member(out, "code", f.code)
  details_of(out, f)
  if f.status == 500 then member(out, "request_id", request_id) end
  return table.concat(out) .. "}"
end

-- Marketplace: {"error", "code"} (seed, "Format") followed by the facts, in a stable order.
local function market(f, request_id)
  local out, keys = { '{"error":' .. json.encode(f.message) }, {}
  member(out, "code", f.code)
  for key in pairs(f.data or {}) do
    if not SPECIAL[key] and key ~= "error" and key ~= "code" then keys[#keys + 1] = key end
  end
  table.sort(keys)
  for _, key in ipairs(keys) do member(out, key, f.data[key]) end
  details_of(out, f)
  if f.status == 500 then member(out, "request_id", request_id) end
  return table.concat(out) .. "}"
end

M.shapes = { agent = agent, market = market }

-- The JSON text of a Fail in a shape ("agent" or "market").
function M.body(f, shape, request_id) return M.shapes[shape](f, request_id) end

return M
