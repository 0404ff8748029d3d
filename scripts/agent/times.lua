-- scripts/agent/times.lua -- times of a chat as a prompt shows them: the same words for the same time, always.
-- Times are text, "2025-11-27 10:33:07+00" or with a T; all of them UTC.  Pure.

local M = {}

local PAUSE_MINUTES = 30                         -- after which silence is worth a word
local DAYS = { [0] = "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday" }

-- The two digits at byte i as a number, or nil.
local function two(at, i)
  local a, b = at:byte(i, i + 1)
  if not b or a < 48 or a > 57 or b < 48 or b > 57 then return nil end
  return a * 10 + b - 528
end

local DASH, COLON = 45, 58

-- Year, month, day, hour and minute; nil: not a time.
local function fields(at)
  local century, year, m, d, hour, minute = two(at, 1), two(at, 3), two(at, 6), two(at, 9), two(at, 12), two(at, 15)
  if not (century and year and m and d and hour and minute) then return nil end
  local between = at:byte(11)
  if at:byte(5) ~= DASH or at:byte(8) ~= DASH or at:byte(14) ~= COLON then return nil end
  if between ~= 32 and between ~= 84 then return nil end -- a space, or T
  return century * 100 + year, m, d, hour, minute
end

local last_at, last_days, last_minutes           -- lines are compared with the one before

-- Days since 1970-01-01 (a Thursday), and the minutes of the day; nil: not a time.
local function read(at)
  if not at then return nil end
  if at == last_at then return last_days, last_minutes end
  local y, m, d, hour, minute = fields(at)
  if not y then return nil end
  if m <= 2 then y, m = y - 1, m + 12 end
  local days = 365 * y + math.floor(y / 4) - math.floor(y / 100) + math.floor(y / 400)
    + math.floor((153 * (m - 3) + 2) / 5) + d - 1 - 719468
  last_at, last_days, last_minutes = at, days, hour * 60 + minute
  return last_days, last_minutes
end

--- "10:33"; nil: not a time.
function M.clock(at) return read(at) and at:sub(12, 16) end

local function day(at, days) return DAYS[days % 7] .. " " .. at:sub(1, 10) end

--- "Thursday 2025-11-27 10:33"; nil: not a time.
function M.written(at)
  local days = read(at)
  return days and day(at, days) .. " " .. M.clock(at)
end

local function length(minutes)
  if minutes < 120 then return minutes .. " minutes" end
  if minutes < 2880 then return math.floor(minutes / 60) .. " hours" end
  return math.floor(minutes / 1440) .. " days"
end

--- What a prompt says between two lines, the first of which may be nil: a long pause, and the day when it changes.
--- Nil: nothing.
function M.between(before, at)
  local old_days, old_minutes = read(before)
  local days, minutes = read(at)
  if not days then return nil end
  local marks = {}
  if old_days then
    local pause = (days - old_days) * 1440 + minutes - old_minutes
    if pause >= PAUSE_MINUTES then marks[1] = ("<pause for=\"%s\"/>"):format(length(pause)) end
  end
  if days ~= old_days then marks[#marks + 1] = ("<day date=\"%s\"/>"):format(day(at, days)) end
  return marks[1] and table.concat(marks, "\n")
end

return M
