-- host/lua/observe/trace.lua -- W3C Trace Context (https://www.w3.org/TR/trace-context-2/): which trace a task
-- belongs to, and the headers of its outbound requests.
-- A request's headers are read only on demand, so that most requests pay nothing.  A task
-- belongs to the trace of the task that started it (sched).  A malformed header is ignored, as the
-- specification requires, and a new trace begins.

local host = require "human.core.host"
local sched = require "human.core.sched"
local texts = require "human.text"

local band, byte, find, format = bit.band, string.byte, string.find, string.format
local gsub, match = string.gsub, string.match
local tonumber = tonumber

local M = {}
local ZERO_TRACE, ZERO_SPAN = ("0"):rep(32), ("0"):rep(16)
local SAMPLED, RANDOM = 1, 2
local STATE_MAX, MEMBERS_MAX = 512, 32           -- the minimum that must be passed on (3.3.1.5)

local function hex_byte(c) return format("%02x", byte(c)) end
local function random_hex(n) return (gsub(host.random(n), ".", hex_byte)) end

--- {id, parent, flags} of a traceparent header, or nil when it is malformed.  Later versions may have
--- more after the four fields of version 00.
function M.parse(header)
  local version, id, parent, flags, rest =
    match(header, "^(%x%x)%-(%x+)%-(%x+)%-(%x%x)(.*)$")
  if not version or find(header, "%u") or #id ~= 32 or #parent ~= 16 then return nil end
  if version == "ff" or id == ZERO_TRACE or parent == ZERO_SPAN then return nil end
  if rest ~= "" and (version == "00" or byte(rest) ~= 45) then return nil end
  return { id = id, parent = parent, flags = band(tonumber(flags, 16), SAMPLED + RANDOM) }
end

-- key: lcalpha or digit first, or tenant@system (3.3.1.3.1); value: printable, not "," nor "=".
local function is_member(text)
  local key, value = match(text, "^([%l%d][%l%d_%-*/@]*)=([\32-\43\45-\60\62-\126]*)$")
  if not key or #value == 0 or #value > 256 or find(value, " $") then return false end
  local tenant, system = match(key, "^(.-)@(.*)$")
  if not tenant then return #key <= 256 end
  return #tenant >= 1 and #tenant <= 241 and #system <= 14 and find(system, "^%l[%l%d_%-*/]*$") ~= nil
end

--- The tracestate as it may be passed on, or nil when there is none or a member is malformed.
function M.state(header)
  if not header or #header > STATE_MAX then return nil end
  local seen, n = {}, 0
  for part in header:gmatch "[^,]+" do
    local member = texts.trim(part)
    if member ~= "" then
      local key = match(member, "^[^=]*")
      if seen[key] or not is_member(member) then return nil end
      seen[key], n = true, n + 1
    end
  end
  if n == 0 or n > MEMBERS_MAX then return nil end
  return header
end

--- A new trace.
function M.new()
  return { id = random_hex(16), flags = SAMPLED + RANDOM }
end

-- The trace in a request's headers; false if there is no valid one.
local function given(req)
  local header = host.header(req, "traceparent")
  local trace = header and M.parse(header)
  if not trace then return false end
  trace.state = M.state(host.header(req, "tracestate"))
  return trace
end

--- The trace of a task if it already has one; starts none.
function M.known(task)
  local trace = task.trace
  if trace == nil and task.req then
    trace = given(task.req)
    task.trace = trace
  end
  return trace or nil
end

--- The trace of a task; starts one if it has none.
function M.of(task)
  local trace = M.known(task)
  if not trace then
    trace = M.new()
    task.trace = trace
  end
  return trace
end

--- Adds the headers of the current task's trace to those of an outbound request, unless the caller has
--- set its own.  Each request is a span of its own.
function M.outbound(headers)
  local task = sched.current()
  for name in pairs(headers) do
    if name:lower() == "traceparent" then return headers end
  end
  local trace = M.of(task)
  headers.traceparent = format("00-%s-%s-%02x", trace.id, random_hex(8), trace.flags)
  headers.tracestate = trace.state
  return headers
end

sched.inherit_trace(M.of)

return M
