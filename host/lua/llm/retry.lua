-- host/lua/llm/retry.lua -- when to retry a model server.  Pure: clock and randomness are arguments.

local M = {}

local BASE_S, CAP_S = 0.5, 8
local MONTHS = { Jan = 1, Feb = 2, Mar = 3, Apr = 4, May = 5, Jun = 6,
                 Jul = 7, Aug = 8, Sep = 9, Oct = 10, Nov = 11, Dec = 12 }

-- Days from 1970-01-01 to a date of the proleptic Gregorian calendar
-- (http://howardhinnant.github.io/date_algorithms.html, days_from_civil).
local function days(year, month, day)
  if month <= 2 then year = year - 1 end
  local era = math.floor(year / 400)
  local of_era = year - era * 400
  local of_year = math.floor((153 * (month + (month > 2 and -3 or 9)) + 2) / 5) + day - 1
  return era * 146097 + of_era * 365 + math.floor(of_era / 4) - math.floor(of_era / 100) + of_year - 719468
end

-- The three forms that RFC 9110 section 5.6.7 asks a recipient to accept.
local function fields(text, now)
  local d, mon, y, h, m, s = text:match "^%a+, (%d%d) (%a%a%a) (%d%d%d%d) (%d%d):(%d%d):(%d%d) GMT$"
  if d then return y, mon, d, h, m, s end
  d, mon, y, h, m, s = text:match "^%a+, (%d%d)%-(%a%a%a)%-(%d%d) (%d%d):(%d%d):(%d%d) GMT$"
  if d then
    local year = 2000 + tonumber(y)
    if year > tonumber(os.date("!%Y", now)) + 50 then year = year - 100 end
    return year, mon, d, h, m, s
  end
  mon, d, h, m, s, y = text:match "^%a%a%a (%a%a%a) +(%d+) (%d%d):(%d%d):(%d%d) (%d%d%d%d)$"
  return y, mon, d, h, m, s
end

--- Unix time of an HTTP-date, or nil.
function M.http_date(text, now)
  local y, mon, d, h, m, s = fields(text, now)
  local month = y and MONTHS[mon]
  if not month then return nil end
  return days(tonumber(y), month, tonumber(d)) * 86400 + h * 3600 + m * 60 + s
end

--- Seconds that a server asks to wait (Retry-After as seconds or date; OpenAI's retry-after-ms), or
--- nil.  headers: names in lower case.  now: unix time.
function M.retry_after(headers, now)
  local ms = tonumber(headers["retry-after-ms"])
  if ms and ms >= 0 then return ms / 1000 end
  local value = headers["retry-after"]
  if type(value) ~= "string" then return nil end
  local is_number = #value <= 40 and value:find "^%s*%d+%.?%d*%s*$" -- linear: of at most 40 bytes
  if is_number then return tonumber(value) end
  local at = M.http_date(value, now)
  return at and math.max(0, at - now)
end

--- The wait before try number n + 1, in seconds: doubles each time, reduced by up to half (0 <= chance < 1), so
--- that many clients do not return together; never shorter than retry_after_s.
function M.delay(n, retry_after_s, chance)
  local wait = math.min(CAP_S, BASE_S * 2 ^ (n - 1))
  wait = wait * (0.5 + 0.5 * chance)
  if not retry_after_s then return wait end
  return math.max(wait, retry_after_s * (1 + 0.1 * chance))
end

return M
