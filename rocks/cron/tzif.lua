-- rocks/cron/tzif.lua -- time zones from the bytes of TZif files (RFC 9636), the rule at their end included.
-- A zone is {at = {seconds, ...}, offset = {[0] = seconds east of UTC before the first, ...}}.

local calendar = require "cron.calendar"

local M = {}

local byte, find, match, sub = string.byte, string.find, string.match, string.sub

local MAX_BYTES = 65536
local LAST_YEAR = 2199      -- the rule at the end is expanded that far

local function fail(why) error(why, 0) end

local function integer(text, at, bytes)
  if at + bytes - 1 > #text then fail "it ends too early" end
  local n = byte(text, at)
  if n >= 128 then n = n - 256 end
  for i = at + 1, at + bytes - 1 do n = n * 256 + byte(text, i) end
  return n
end

-- The counts of the block that begins at `at`, and where its data begin and end.
local function header(text, at, time_bytes)
  if sub(text, at, at + 3) ~= "TZif" then fail "it does not begin as TZif" end
  local counts = {}
  for i = 0, 5 do
    local n = integer(text, at + 20 + 4 * i, 4)
    if n < 0 or n > MAX_BYTES then fail "a count is out of range" end
    counts[i] = n
  end
  local h = { leaps = counts[2], times = counts[3], types = counts[4], chars = counts[5], from = at + 44 }
  h.stop = h.from + h.times * (time_bytes + 1) + h.types * 6 + h.chars + h.leaps * (time_bytes + 4)
    + counts[1] + counts[0]
  if h.stop - 1 > #text then fail "it ends too early" end
  if h.types == 0 then fail "it has no type of local time" end
  return h
end

local function block(text, h, time_bytes)
  local zone = { at = {}, offset = {} }
  local types = h.from + h.times * (time_bytes + 1)
  local function offset_of(index)
    if index >= h.types then fail "a type of local time is missing" end
    return integer(text, types + 6 * index, 4)
  end
  zone.offset[0] = offset_of(0)
  for i = 1, h.times do
    zone.at[i] = integer(text, h.from + (i - 1) * time_bytes, time_bytes)
    zone.offset[i] = offset_of(byte(text, h.from + h.times * time_bytes + i - 1))
    if i > 1 and zone.at[i] <= zone.at[i - 1] then fail "its times are out of order" end
  end
  return zone
end

-- The rule at the end: POSIX's TZ -----------------------------------------------------------------------

-- "[+-]h[h[h]][:mm[:ss]]" as seconds, and what is behind.
local function seconds(text)
  local sign, hours, rest = match(text, "^([+-]?)(%d%d?%d?)(.*)$") -- linear: three digits at most
  if not hours then return nil end
  local n, minutes, more = tonumber(hours) * 3600, match(rest, "^:(%d%d)(.*)$")
  if minutes then
    n, rest = n + tonumber(minutes) * 60, more
    local secs, last = match(rest, "^:(%d%d)(.*)$")
    if secs then n, rest = n + tonumber(secs), last end
  end
  return sign == "-" and -n or n, rest
end

local function name(text)
  return match(text, "^<[%w+-]+>(.*)$") or match(text, "^%a%a%a+(.*)$")
end

-- "Mm.w.d", "Jn" or "n", with "/time".
local function day_rule(text)
  local rule, rest = {}
  local month, week, weekday, behind = match(text, "^M(%d%d?)%.(%d)%.(%d)(.*)$")
  if month then
    rule.month, rule.week, rule.weekday, rest = tonumber(month), tonumber(week), tonumber(weekday), behind
    if rule.month < 1 or rule.month > 12 or rule.week < 1 or rule.week > 5 or rule.weekday > 6 then return nil end
  else
    local julian, number
    julian, number, rest = match(text, "^(J?)(%d%d?%d?)(.*)$") -- linear: three digits at most
    if not number then return nil end
    rule.julian, rule.number = julian == "J", tonumber(number)
  end
  rule.time = 7200
  if sub(rest, 1, 1) == "/" then
    rule.time, rest = seconds(sub(rest, 2))
    if not rule.time then return nil end
  end
  return rule, rest
end

local function day_of(rule, year)
  if rule.month then
    local first = calendar.day(year, rule.month, 1)
    local day = first + (rule.weekday - calendar.weekday(first)) % 7 + 7 * (rule.week - 1)
    if day >= first + calendar.length(year, rule.month) then day = day - 7 end
    return day
  end
  local start = calendar.day(year, 1, 1)
  if not rule.julian then return start + rule.number end
  return start + rule.number - 1 + ((rule.number > 59 and calendar.length(year, 2) == 29) and 1 or 0)
end

local function parse_rule(text)
  local rest, west = name(text), nil
  if rest then west, rest = seconds(rest) end
  if not west then return nil end
  local rule = { standard = -west }
  if rest == "" then return rule end
  rest = name(rest)
  if not rest then return nil end
  rule.summer = rule.standard + 3600
  if not find(rest, "^,") then
    west, rest = seconds(rest)
    if not west then return nil end
    rule.summer = -west
  end
  if not find(rest, "^,") then return nil end
  rule.start, rest = day_rule(sub(rest, 2))
  if not rule.start or not find(rest, "^,") then return nil end
  rule.stop, rest = day_rule(sub(rest, 2))
  return rule.stop and rest == "" and rule or nil
end

local function extend(zone, text)
  local rule = parse_rule(text)
  if not rule then fail "the rule at its end is malformed" end
  local n = #zone.at
  local last = n > 0 and zone.at[n] or -math.huge
  local function add(at, offset)
    if at > last and zone.offset[n] ~= offset then
      n = n + 1
      zone.at[n], zone.offset[n], last = at, offset, at
    end
  end
  if not rule.start then
    if n == 0 then zone.offset[0] = rule.standard end
    return
  end
  local from = n > 0 and last > -2e9 and calendar.date(math.floor(last / 86400)) or 1970
  for year = from, LAST_YEAR do
    local start = day_of(rule.start, year) * 86400 + rule.start.time - rule.standard
    local stop = day_of(rule.stop, year) * 86400 + rule.stop.time - rule.summer
    if start < stop then
      add(start, rule.summer)
      add(stop, rule.standard)
    else
      add(stop, rule.standard)
      add(start, rule.summer)
    end
  end
end

local function read(text)
  if #text > MAX_BYTES then fail "it is too long" end
  local h = header(text, 1, 4)
  if byte(text, 5) == 0 then return block(text, h, 4) end
  local at = h.stop
  h = header(text, at, 8)
  local zone = block(text, h, 8)
  local footer = match(sub(text, h.stop), "^\n([^\n]*)\n")
  if not footer then fail "it has no end" end
  if h.leaps > 0 then fail "it counts leap seconds, which no clock here does" end
  if footer ~= "" then extend(zone, footer) end
  return zone
end

--- The zone in the bytes of a TZif file, or nil and a reason.
function M.parse(text)
  local ok, zone = pcall(read, text)
  if ok then return zone end
  return nil, "is not TZif: " .. tostring(zone)
end

return M
