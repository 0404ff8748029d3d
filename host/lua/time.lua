-- host/lua/time.lua -- ISO 8601 times as text and as milliseconds since 1970, both in UTC.
-- The profile of RFC 3339: date, time and zone are all there.  No locale; of time zones only where their files are.

local blame = require "human.core.blame"
local host = require "human.core.host"

local floor, format, sub, find, byte = math.floor, string.format, string.sub, string.find, string.byte
local tonumber = tonumber

local M = {}
local DAY_MS = 86400000
local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

-- Days since 1970-01-01 of a Gregorian date; March-based years make the leap day the last one.
local function days_from_civil(year, month, day)
  if month <= 2 then year, month = year - 1, month + 12 end
  local leap_days = floor(year / 4) - floor(year / 100) + floor(year / 400)
  return 365 * year + leap_days + floor((153 * (month - 3) + 2) / 5) + day - 719469
end

local function civil_from_days(days)
  local shifted = days + 719468
  local era = floor(shifted / 146097)
  local doe = shifted - era * 146097
  local yoe = floor((doe - floor(doe / 1460) + floor(doe / 36524) - floor(doe / 146096)) / 365)
  local doy = doe - (365 * yoe + floor(yoe / 4) - floor(yoe / 100))
  local mp = floor((5 * doy + 2) / 153)
  local month = mp < 10 and mp + 3 or mp - 9
  return yoe + era * 400 + (month <= 2 and 1 or 0), month, doy - floor((153 * mp + 2) / 5) + 1
end

local function days_in(year, month)
  local leap = year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
  return month == 2 and leap and 29 or DAYS[month]
end

-- The zone at the end as minutes east of UTC; nil when malformed.
local function zone_minutes(zone)
  if zone == "Z" or zone == "z" then return 0 end
  local _, _, sign, hours, minutes = find(zone, "^([+-])(%d%d):(%d%d)$")
  if not sign then return nil end
  hours, minutes = tonumber(hours), tonumber(minutes)
  if hours > 23 or minutes > 59 then return nil end
  return (sign == "-" and -1 or 1) * (hours * 60 + minutes)
end

--- "2025-11-27T10:00:00.123+01:00" to milliseconds since 1970 (an integer; finer digits are cut).
--- nil for anything that is not an RFC 3339 date-time: no zone, a day that the month has not, ...
--- A leap second (:60) counts as the last millisecond before it ends.
function M.parse(text)
  local _, _, year, month, day, hour, minute, second, rest =
    find(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)[Tt ](%d%d):(%d%d):(%d%d)(.+)$")
  if not year then return nil end
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  if month < 1 or month > 12 or day < 1 or day > days_in(year, month) then return nil end
  if hour > 23 or minute > 59 or second > 60 then return nil end
  local ms = 0
  if byte(rest) == 46 then -- "."
    local _, last, digits = find(rest, "^%.(%d+)")
    if not digits or #digits > 12 then return nil end
    ms, rest = tonumber(sub(digits .. "00", 1, 3)), sub(rest, last + 1)
  end
  local zone = zone_minutes(rest)
  if not zone then return nil end
  if second == 60 then second, ms = 59, 999 end
  return days_from_civil(year, month, day) * DAY_MS + (hour * 60 + minute - zone) * 60000
    + second * 1000 + ms
end

--- Milliseconds since 1970 to "2025-11-27T10:00:00.123Z".  Years 0000 to 9999.
function M.format(ms)
  ms = floor(ms)
  local days = floor(ms / DAY_MS)
  local rest = ms - days * DAY_MS
  local year, month, day = civil_from_days(days)
  return format("%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", year, month, day, floor(rest / 3600000),
    floor(rest / 60000) % 60, floor(rest / 1000) % 60, rest % 1000)
end

--- The same instant as `text`, in UTC with milliseconds; nil when `text` is not a time.
function M.normalize(text)
  local ms = M.parse(text)
  if not ms then return nil end
  if ms < -62167219200000 or ms > 253402300799999 then return nil end -- outside years 0000 to 9999
  return M.format(ms)
end

local ZONES, ZONE_NAME_MAX, ZONE_BYTES = "/usr/share/zoneinfo/", 64, 65536

--- The TZif file of a time zone as this machine has it ("Europe/Stockholm"), for cron.tzif of the rock cron; nil: there
--- is none of that name.
function M.zone_file(name)
  if type(name) ~= "string" or #name > ZONE_NAME_MAX or not find(name, "^%a[%w_+/-]*$") then return nil end
  local f = io.open(ZONES .. name, "rb")
  if not f then return nil end
  local bytes = f:read(ZONE_BYTES + 1)           -- nil: a directory
  f:close()
  return bytes and #bytes <= ZONE_BYTES and sub(bytes, 1, 4) == "TZif" and bytes or nil
end

local shift_s = 0                                -- how far a test clock is ahead (human.core.clock)
local ADVANCE_MAX_S = 100 * 366 * 86400

--- Milliseconds since 1970, now.  In SQL the same time is human_now().
function M.now_ms() return floor((host.time() + shift_s) * 1000) end

--- Now, as text.
function M.now() return M.format(M.now_ms()) end

--- For tests: advances the time of all hosts by so many seconds, and runs what has become due at once.  Raises if
--- the database was not made with the setting time.test_clock.  Returns the new time, as text.  Awaits.
function M.advance(seconds)
  if type(seconds) ~= "number" or not (seconds > 0 and seconds <= ADVANCE_MAX_S) then
    blame.refuse "time.advance: a number of seconds above 0 is needed"
  end
  local ahead_s = require("human.core.clock").advance(seconds)
  if not ahead_s then blame.refuse "time.advance: this database has no test clock (time.test_clock)" end
  return M.format((host.time() + ahead_s) * 1000)
end

-- For the runtime: how far the test clock is ahead.
function M.shift(seconds) shift_s = seconds end

return M
