-- host/lua/fail.lua -- expected refusals: a code of the catalogue, thrown as an object.
-- Any other error that escapes a handler is a bug and becomes a 500 with a request id.
-- The surface that answers decides what a code means to a client (scripts/catalogue.lua); http/shapes.lua decides
-- how it looks.

local blame = require "human.core.blame"
local headers = require "human.http.headers"
local host = require "human.core.host"

local M = {}
local Fail = {}
local fail_mt = { __index = Fail }
-- Used until scripts are loaded: migrations may run before that.
local catalogue = { database_unavailable = { status = 503, message = "The database is not reachable" },
                    db_timeout = { status = 503, message = "The database took too long" } }

-- Codes that the runtime itself uses; gen.build refuses a catalogue that lacks one.
M.required = {
  "internal", "not_found", "method_not_allowed", "validation_error", "unauthorized", "forbidden",
  "rate_limited", "unsupported_media_type", "payload_too_large", "upgrade_required", "misdirected",
  "deadline_exceeded", "database_unavailable", "db_timeout", "rule_budget", "too_many_operations",
  "service_unavailable", "route_disabled", "idempotency_in_progress", "idempotency_key_reused",
  "idempotency_answer_lost", "transaction_conflict", "conflict", "parse_error", "invalid_request", "method_not_found",
  "request_canceled",
}

function fail_mt:__tostring() return self.code .. ": " .. self.message end

-- The reason phrase of a status; a generic one for those that RFC 9110 does not name.
M.reason = host.reason

-- errors: {code = {status =, message =}}; from now on fail.new looks codes up there.
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
  if not entry then
    blame.refuse("unknown error code '" .. tostring(code) .. "' (see api/errors.lua and api/AREA/errors.lua)")
  end
  if data then check_data(code, data) end
  return setmetatable({
    name = code, entry = entry, code = entry.code or code, status = entry.status, data = data,
    message = data and data.message or entry.message, details = data and data.details,
  }, fail_mt)
end

-- A Fail in the terms of this catalogue: a service may have thrown it without knowing which surface answers.  A code
-- that the catalogue lacks stays as it is.
function M.on(f, errors)
  local entry = errors[f.name]
  if not entry or entry == f.entry then return f end
  local own = M.new(f.name, f.data, errors)
  own.cause = f.cause
  return own
end

-- Throw it.
function M.throw(code, data, errors) error(M.new(code, data, errors), 0) end

-- Whether `v` is a Fail.
function M.is(v) return getmetatable(v) == fail_mt end

return M
