-- scripts/gateway/cron/time.lua -- schedules of jobs: read, shown, and when they come next.
-- A schedule is {kind = "cron", expr, tz, staggerMs}, {kind = "every", everyMs, anchorMs} or {kind = "at", at}, as it
-- is kept and as clients see it.  Times are milliseconds since 1970.  What is wrong is {field, message}.  Nothing here
-- writes, and only zones are read from disk.

local config = require "human.config"
local cron = require "cron"
local crypto = require "human.crypto"
local json = require "human.json"
local texts = require "human.text"
local time = require "human.time"
local limits = require "gateway.rules.cron"

local M = {}

local floor = math.floor
local ZONES_MAX = 100                            -- that a worker keeps
local UNIT_MS = { s = 1000, m = 60000, h = 3600000, d = 86400000, w = 7 * 86400000 }
local DAY_MS = 86400000
local LAST_MS = 253402300799000                  -- the year 9999
local ORDINAL = { minute = 1, hour = 2, ["day of the month"] = 3, month = 4, ["day of the week"] = 5 }
local BACK_MS = { 3600000, DAY_MS, 32 * DAY_MS, 400 * DAY_MS }

local function wrong(field, ...) return nil, { field = field, message = string.format(...) } end

-- What somebody gave, for the sentence that says what is wrong with it.
local function shown(v)
  if type(v) == "string" then return "'" .. texts.cut(v, 64):gsub("%c", "?") .. "'" end
  return type(v) == "number" and ("%.17g"):format(v) or "what was given"
end

-- Zones -------------------------------------------------------------------------------------------------

local zones, n_zones = {}, 0

local function zone_of(name)
  if name == "UTC" then return cron.UTC end
  if zones[name] then return zones[name] end
  local bytes = time.zone_file(name)
  local zone = bytes and cron.tzif(bytes)
  if not zone then return nil end
  if n_zones >= ZONES_MAX then zones, n_zones = {}, 0 end
  zones[name], n_zones = zone, n_zones + 1
  return zone
end

local function read_zone(tz)
  if tz == nil then tz = config.cron.timezone end
  if type(tz) ~= "string" or not zone_of(tz) then
    return wrong("tz", "there is no time zone %s on this machine; one looks like Europe/Stockholm", shown(tz))
  end
  return tz
end

-- Reading -----------------------------------------------------------------------------------------------

--- "1h30m" in milliseconds, or nil.
function M.duration(text)
  local total, at = 0, 1
  if type(text) ~= "string" or text == "" or #text > 40 then return nil end
  while at <= #text do
    local digits, unit, behind = text:match("^(%d+)(%a)()", at)
    if not digits or #digits > 9 or not UNIT_MS[unit] then return nil end
    total, at = total + tonumber(digits) * UNIT_MS[unit], behind
  end
  return total > 0 and total or nil
end

--- Milliseconds as "1h30m".
function M.span(ms)
  local out, left = {}, floor(ms / 1000)
  for _, unit in ipairs { "d", "h", "m", "s" } do
    local n = floor(left * 1000 / UNIT_MS[unit])
    left = left - n * UNIT_MS[unit] / 1000
    if n > 0 then out[#out + 1] = n .. unit end
  end
  if ms % 1000 > 0 or not out[1] then out[#out + 1] = ms % 1000 .. "ms" end
  return table.concat(out)
end

-- "minute: 61 is out of range" with its place among the five.
local function place(why)
  local name, rest = why:match "^([%l ]+): (.*)$"
  if not ORDINAL[name] then return why end
  return ("%s (field %d of 5): %s"):format(name, ORDINAL[name], rest)
end

local function is_whole(v, least, most) return type(v) == "number" and v % 1 == 0 and v >= least and v <= most end

local function read_cron(given, field)
  local expr = given.expr
  if type(expr) ~= "string" then return wrong(field, "it must be a text such as 0 8 * * *") end
  local pattern, why = cron.parse(expr)
  if not pattern then return wrong(field, "%s", place(why)) end
  local tz, bad = read_zone(given.tz)
  if not tz then return nil, bad end
  local stagger = given.staggerMs or 0
  if not is_whole(stagger, 0, limits.stagger_ms) then
    return wrong("staggerMs", "it must be whole milliseconds from 0 to %d", limits.stagger_ms)
  end
  if not pattern:next(floor(time.now_ms() / 1000), zone_of(tz)) then
    return wrong(field, "'%s' never comes: no such day exists", expr)
  end
  return { kind = "cron", expr = expr, tz = tz, staggerMs = stagger > 0 and stagger or nil }
end

local function read_every(every_ms, anchor_ms, field)
  if not is_whole(every_ms, limits.every_ms, limits.every_max_ms) then
    return wrong(field, "the time between two runs must be from %s to %s", M.span(limits.every_ms),
      M.span(limits.every_max_ms))
  end
  if anchor_ms == nil then anchor_ms = time.now_ms() end
  if not is_whole(anchor_ms, 0, LAST_MS) then return wrong("anchorMs", "it must be milliseconds since 1970") end
  return { kind = "every", everyMs = every_ms, anchorMs = anchor_ms }
end

-- "2026-03-29T08:00[:30]" by the clocks of a zone.
local function by_clock(text, tz)
  local date, clock, seconds = text:match "^(%d%d%d%d%-%d%d%-%d%d)[T ](%d%d:%d%d):?(%d?%d?)$"
  if not date or seconds ~= "" and #seconds ~= 2 then return nil end
  local as_utc = time.parse(("%sT%s:%sZ"):format(date, clock, seconds == "" and "00" or seconds))
  if not as_utc then return nil end
  local month, day, hour, minute = date:sub(6, 7), date:sub(9, 10), clock:sub(1, 2), clock:sub(4, 5)
  local pattern = cron.parse(("%d %d %d %d *"):format(minute, hour, day, month))
  local at = pattern and pattern:next(floor(as_utc / 1000) - 93600, zone_of(tz))
  return at and at * 1000 + as_utc % 60000
end

local function read_at(at, tz, field)
  local zone, bad = read_zone(tz)
  if not zone then return nil, bad end
  local ms = type(at) == "number" and floor(at) or type(at) == "string" and (time.parse(at) or by_clock(at, zone))
  if not ms or not (ms >= 0 and ms <= LAST_MS) then
    return wrong(field, "%s is no time such as 2026-11-27T10:00:00Z", shown(at))
  end
  if ms <= time.now_ms() then return wrong(field, "%s is in the past", time.format(ms)) end
  return { kind = "at", at = time.format(ms) }
end

local function read_delay(text, field)
  local ms = M.duration(text)
  if not ms or ms > limits.every_max_ms then
    return wrong(field, "%s is no time to wait such as 10m or 1h30m", shown(text))
  end
  return { kind = "at", at = time.format(time.now_ms() + ms) }
end

-- What people write in one line: "0 8 * * *", "@daily", "every 15m", "in 10m", "at 2026-11-27T10:00:00Z".
local function read_text(text, tz, stagger, field)
  if type(text) ~= "string" then return wrong(field, "it must be a text such as 0 8 * * * or every 15m") end
  if not text:find "%S" then return wrong(field, "it is empty") end
  if #text > limits.expression_bytes then return wrong(field, "it is longer than %d bytes", limits.expression_bytes) end
  local word, rest = text:match "^%s*@?(%a+)%s+(%S.*)$"
  word = word and word:lower()
  if word == "every" then
    local ms = M.duration((rest:gsub("%s", "")))
    if not ms then return wrong(field, "every: %s is no time such as 15m or 1h30m", shown(rest)) end
    return read_every(ms, nil, field)
  end
  if word == "in" or word == "after" then return read_delay((rest:gsub("%s", "")), field) end
  if word == "at" then return read_at(rest, tz, field) end
  if text:find "^%s*%d%d%d%d%-" then return read_at(text:match "^%s*(%S.*)$", tz, field) end
  return read_cron({ expr = texts.trim(text), tz = tz, staggerMs = stagger }, field)
end

local function read_object(s, tz)
  tz = s.tz or tz
  if s.kind == "cron" then return read_cron({ expr = s.expr, tz = tz, staggerMs = s.staggerMs }, "schedule.expr") end
  if s.kind == "every" then return read_every(s.everyMs, s.anchorMs, "schedule.everyMs") end
  if s.kind == "at" then return read_at(s.at or s.atMs, tz, "schedule.at") end
  return wrong("schedule.kind", "it must be at, every or cron")
end

local function without_nulls(t)
  local out = {}
  for k, v in pairs(t) do
    if v ~= json.null then out[k] = v end
  end
  return out
end

--- The schedule that params of a client say in any of their ways (expression, schedule as a text or an object,
--- delay), or nil and what is wrong.  Nil alone: they say none.
function M.read(p)
  local given = p.schedule
  if type(given) == "table" then return read_object(without_nulls(given), p.tz) end
  if p.delay ~= nil then return read_delay(p.delay, "delay") end
  if p.expression ~= nil then return read_text(p.expression, p.tz, p.staggerMs, "expression") end
  if given ~= nil then return read_text(given, p.tz, p.staggerMs, "schedule") end
end

--- A schedule for people.
function M.expression(s)
  if s.kind == "cron" then return s.expr end
  if s.kind == "every" then return "every " .. M.span(s.everyMs) end
  return s.at
end

-- When -----------------------------------------------------------------------------------------------

-- Of two jobs with the same pattern neither always waits for the other: each has a place of its own in the stagger.
local function offset_of(s, job_id)
  if not s.staggerMs then return 0 end
  return tonumber(crypto.sha256_hex("cron " .. job_id):sub(1, 8), 16) % s.staggerMs
end

--- The first time after `after_ms`, or nil.
function M.next(s, after_ms, job_id)
  if s.kind == "at" then
    local at = time.parse(s.at)
    return at > after_ms and at or nil
  end
  if s.kind == "every" then
    if after_ms < s.anchorMs then return s.anchorMs end
    return s.anchorMs + (floor((after_ms - s.anchorMs) / s.everyMs) + 1) * s.everyMs
  end
  local offset = offset_of(s, job_id)
  local zone = zone_of(s.tz) or error("there is no time zone " .. s.tz .. " on this machine", 0)
  local at = cron.parse(s.expr):next(floor((after_ms - offset) / 1000), zone)
  return at and at * 1000 + offset
end

-- The last of the times from first_ms on that are not after now_ms, of a pattern that has had too many to be counted.
local function look_back(s, now_ms, job_id)
  for _, window in ipairs(BACK_MS) do
    local at, last = M.next(s, now_ms - window, job_id), nil
    while at and at <= now_ms do at, last = M.next(s, at, job_id), at end
    if last then return last end
  end
end

--- Of the times from first_ms, which is one, to now_ms: the last one, and how many (at most limits.counted).
function M.since(s, first_ms, now_ms, job_id)
  if s.kind == "at" then return first_ms, 1 end
  if s.kind == "every" then
    local n = floor((now_ms - first_ms) / s.everyMs)
    return first_ms + n * s.everyMs, math.min(n + 1, limits.counted)
  end
  local at, last, n = first_ms, first_ms, 0
  while at and at <= now_ms and n < limits.counted do at, last, n = M.next(s, at, job_id), at, n + 1 end
  if at and at <= now_ms then last = look_back(s, now_ms, job_id) or last end
  return last, n
end

--- The shortest time between two of the next runs, in milliseconds; nil: there is one at most.
function M.period(s)
  if s.kind == "at" then return nil end
  if s.kind == "every" then return s.everyMs end
  local shortest, at = nil, M.next(s, time.now_ms(), 0)
  for _ = 1, 3 do
    local following = at and M.next(s, at, 0)
    if not following then break end
    shortest, at = math.min(shortest or math.huge, following - at), following
  end
  return shortest
end

return M
