-- rocks/cron/calendar.lua -- days of the Gregorian calendar as numbers: 0 is 1970-01-01.

local M = {}

local floor = math.floor
local LENGTHS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

--- How many days a month has.
function M.length(year, month)
  if month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then return 29 end
  return LENGTHS[month]
end

--- The number of a day.
function M.day(year, month, day)
  local y = month > 2 and year or year - 1 -- years begin in March, so that February is their end
  local m = (month + 9) % 12
  return 365 * y + floor(y / 4) - floor(y / 100) + floor(y / 400) + floor((m * 306 + 5) / 10) + day - 1 - 719468
end

--- Year, month and day of a number.
function M.date(number)
  local n = number + 719468
  local era = floor(n / 146097)
  local in_era = n - era * 146097
  local y = floor((in_era - floor(in_era / 1460) + floor(in_era / 36524) - floor(in_era / 146096)) / 365)
  local in_year = in_era - (365 * y + floor(y / 4) - floor(y / 100))
  local m = floor((5 * in_year + 2) / 153)
  local month = m < 10 and m + 3 or m - 9
  return y + era * 400 + (month <= 2 and 1 or 0), month, in_year - floor((153 * m + 2) / 5) + 1
end

--- 0 for Sunday.
function M.weekday(number) return (number + 4) % 7 end

return M
