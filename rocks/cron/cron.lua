-- rocks/cron/cron.lua -- five-field cron patterns, and their next time in a time zone.
-- Syntax and behaviour when clocks change follow npm's croner (OCPS 1.4): a single time ("30 2 * * *") is neither
-- skipped nor repeated, times of a series follow the clock.

local calendar = require "cron.calendar"
local tzif = require "cron.tzif"

local M = { tzif = tzif.parse }

local floor = math.floor
local find, match = string.find, string.match

local MAX_TEXT = 256         -- bytes of a pattern
local MAX_DAYS = 36525       -- that are searched: a hundred years

--- UTC, as a zone.
M.UTC = { at = {}, offset = { [0] = 0 } }

local NICKNAMES = {
  ["@yearly"] = "0 0 1 1 *", ["@annually"] = "0 0 1 1 *", ["@monthly"] = "0 0 1 * *", ["@weekly"] = "0 0 * * 0",
  ["@daily"] = "0 0 * * *", ["@midnight"] = "0 0 * * *", ["@hourly"] = "0 * * * *",
}
local MONTHS = { JAN = 1, FEB = 2, MAR = 3, APR = 4, MAY = 5, JUN = 6, JUL = 7, AUG = 8, SEP = 9, OCT = 10, NOV = 11,
                 DEC = 12 }
local WEEKDAYS = { SUN = 0, MON = 1, TUE = 2, WED = 3, THU = 4, FRI = 5, SAT = 6 }

local FIELDS = {
  { name = "minute", low = 0, high = 59, size = 60 },
  { name = "hour", low = 0, high = 23, size = 24 },
  { name = "day of the month", low = 1, high = 31, size = 31 },
  { name = "month", low = 1, high = 12, size = 12, names = MONTHS },
  { name = "day of the week", low = 0, high = 7, size = 7, names = WEEKDAYS },
}

-- Reading -----------------------------------------------------------------------------------------------

local function refuse(field, why) error(field.name .. ": " .. why, 0) end

local function number(field, text, is_end)
  local named = field.names and field.names[text]
  if named then return is_end and named == 0 and 7 or named end -- FRI-SUN
  local n = find(text, "^%d+$") and #text <= 4 and tonumber(text)
  if not n then refuse(field, "'" .. text .. "' is not known") end
  if n < field.low or n > field.high then refuse(field, text .. " is out of range") end
  return n
end

-- "*", "n", "a-b", each but the second with "/step": first, last, step.
local function range(field, text)
  local body, step_text = match(text, "^([^/]*)/(.*)$")
  body = body or text
  local step = 1
  if step_text then
    step = find(step_text, "^%d+$") and #step_text <= 4 and tonumber(step_text) or 0
    if step < 1 or step > field.size then refuse(field, "a step must be from 1 to " .. field.size) end
  end
  if body == "*" or body == "?" then return field.low, field.low + field.size - 1, step end
  local from, to = match(body, "^([^-]+)%-([^-]+)$")
  if not from then
    if step_text then refuse(field, "a step needs a range or *") end
    local n = number(field, body)
    return n, n, 1
  end
  local first, last = number(field, from), number(field, to, true)
  if first > last then refuse(field, "'" .. text .. "' runs backwards") end
  return first, last, step
end

local function add_range(field, set, text)
  local first, last, step = range(field, text)
  for n = first, last, step do set[n] = true end
end

-- Days of the month: L, LW and nW besides numbers.
local function add_day(field, days, text)
  if text == "L" then days.last = true
  elseif text == "LW" then days.last_workday = true
  elseif find(text, "W$") then
    local n = number(field, text:sub(1, -2))
    days.near[#days.near + 1] = n
  else
    add_range(field, days.set, text)
  end
end

-- Days of the week: "range#n", "range#L" and "dayL" besides ranges.
local function add_weekday(field, weekdays, text)
  local body, nth = match(text, "^([^#]*)#(.*)$")
  if not body and find(text, ".L$") then body, nth = text:sub(1, -2), "L" end
  if nth and find(body, "^[*?]$") then refuse(field, "'#' needs a day") end
  local set = {}
  add_range(field, set, body or text)
  if nth and nth ~= "L" and not find(nth, "^[1-5]$") then refuse(field, "'#' needs 1 to 5, or L") end
  for day in pairs(set) do
    day = day % 7
    if not nth then weekdays.set[day] = true
    else
      weekdays.nth[day] = weekdays.nth[day] or {}
      weekdays.nth[day][nth == "L" and "L" or tonumber(nth)] = true
    end
  end
end

local function items(field, text, add, into)
  if find(text, "^,") or find(text, ",$") or find(text, ",,", 1, true) then refuse(field, "an item is empty") end
  for item in text:gmatch "[^,]+" do add(field, into, item) end
end

local function sorted(set)
  local list = {}
  for n in pairs(set) do list[#list + 1] = n end
  table.sort(list)
  return list
end

local schedule = {}
schedule.__index = schedule

local function read(text)
  if #text > MAX_TEXT then error("a pattern is longer than " .. MAX_TEXT .. " bytes", 0) end
  local nickname = NICKNAMES[text:lower()]
  local words = {}
  for word in (nickname or text:upper()):gmatch "%S+" do words[#words + 1] = word end
  if #words ~= 5 then error("a pattern has five fields: minute, hour, day of the month, month, day of the week", 0) end
  local minutes, hours, months = {}, {}, {}
  local days, weekdays = { set = {}, near = {} }, { set = {}, nth = {} }
  items(FIELDS[1], words[1], add_range, minutes)
  items(FIELDS[2], words[2], add_range, hours)
  items(FIELDS[3], words[3], add_day, days)
  items(FIELDS[4], words[4], add_range, months)
  local both = find(words[5], "^%+.") ~= nil
  items(FIELDS[5], both and words[5]:sub(2) or words[5], add_weekday, weekdays)
  local self = { minutes = sorted(minutes), hours = sorted(hours), months = months, days = days, weekdays = weekdays,
                 both = both, any_day = find(words[3], "^[*?]$") ~= nil, any_weekday = find(words[5], "^[*?]$") ~= nil }
  -- A single time must be written as one: "*/60 1" is a series of one.
  self.single = #self.minutes == 1 and #self.hours == 1 and not find(words[1] .. words[2], "[*?]")
  return setmetatable(self, schedule)
end

-- Days --------------------------------------------------------------------------------------------------

local function nearest_workday(first, length, n)
  if n > length then return nil end
  local weekday = calendar.weekday(first + n - 1)
  if weekday == 6 then return n == 1 and 3 or n - 1 end
  if weekday == 0 then return n == length and n - 2 or n + 1 end
  return n
end

local function last_workday(first, length)
  local weekday = calendar.weekday(first + length - 1)
  return weekday == 6 and length - 1 or weekday == 0 and length - 2 or length
end

local function is_day(days, first, length, n)
  if days.set[n] or (days.last and n == length) then return true end
  for _, wanted in ipairs(days.near) do
    if nearest_workday(first, length, wanted) == n then return true end
  end
  return days.last_workday and n == last_workday(first, length) or false
end

local function is_weekday(weekdays, weekday, length, n)
  if weekdays.set[weekday] then return true end
  local nth = weekdays.nth[weekday]
  return nth ~= nil and (nth[floor((n - 1) / 7) + 1] or (nth.L and n + 7 > length)) or false
end

local function fits(self, year, month, day)
  local first, length = calendar.day(year, month, 1), calendar.length(year, month)
  local by_day = self.any_day or is_day(self.days, first, length, day)
  local by_weekday = self.any_weekday or is_weekday(self.weekdays, calendar.weekday(first + day - 1), length, day)
  if self.any_day or self.any_weekday or self.both then return by_day and by_weekday end
  return by_day or by_weekday
end

-- Zones -------------------------------------------------------------------------------------------------

-- Which offset holds at an instant: its index.
local function index_at(zone, instant)
  local at, low, high = zone.at, 0, #zone.at
  while low < high do
    local middle = floor((low + high + 1) / 2)
    if at[middle] <= instant then low = middle else high = middle - 1 end
  end
  return low
end

-- The first instant after `after` at which clocks show `wall` (seconds, as if they were UTC), among the offsets
-- first to last.  single: if shown twice, the first counts; if never shown, the end of the gap.
local function instant_of(zone, wall, first, last, after, single)
  for i = first, last do
    local instant = wall - zone.offset[i]
    local begins, ends = zone.at[i] or -math.huge, zone.at[i + 1] or math.huge
    if i == 0 then begins = -math.huge end
    if instant >= begins and instant < ends then
      if instant > after then return instant end
      if single then return nil end
    elseif single and i < last and instant >= ends and wall - zone.offset[i + 1] < ends then
      return ends > after and ends or nil
    end
  end
end

-- The first time of a day after `after`.
local function on_day(self, zone, day, after)
  local year, month, number_of = calendar.date(day)
  if not self.months[month] or not fits(self, year, month, number_of) then return nil end
  local start = day * 86400
  local first, last = index_at(zone, start - 93600), index_at(zone, start + 180000)
  local best
  for _, hour in ipairs(self.hours) do
    for _, minute in ipairs(self.minutes) do
      local instant = instant_of(zone, start + hour * 3600 + minute * 60, first, last, after, self.single)
      if instant and (not best or instant < best) then best = instant end
    end
    if best and first == last then break end -- clocks do not change: times are in order
  end
  return best
end

--- Seconds east of UTC of a zone at an instant.
function M.offset(zone, instant) return zone.offset[index_at(zone, instant)] end

--- The first time after `after` (seconds since 1970, UTC) in a zone (default: UTC); nil when there is none within a
--- hundred years.
function schedule:next(after, zone)
  zone = zone or M.UTC
  after = floor(after)
  local today = floor((after + zone.offset[index_at(zone, after)]) / 86400)
  for day = today - 1, today + MAX_DAYS do -- yesterday: a clock that is set back over midnight shows it again
    local instant = on_day(self, zone, day, after)
    if instant then
      return math.min(instant, on_day(self, zone, day + 1, after) or math.huge)
    end
  end
end

--- A schedule, or nil and what is wrong with the pattern.
function M.parse(text)
  local ok, result = pcall(read, text)
  if ok then return result end
  return nil, result
end

return M
