-- rocks/jsonschema/formats.lua -- formats that can be asserted: name -> function(text) -> boolean.
-- Missing ones (idn-hostname, which needs the IDNA tables) are always annotations.

local regex = require "jsonschema.regex"

local M = {}

local find, match, sub = string.find, string.match, string.sub

-- Times: RFC 3339 --------------------------------------------------------------------------------------

local DAYS = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

function M.date(text)
  local year, month, day = match(text, "^(%d%d%d%d)%-(%d%d)%-(%d%d)$")
  year, month, day = tonumber(year), tonumber(month), tonumber(day)
  local days = DAYS[month]
  if not days or day < 1 then return false end
  if month == 2 and year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0) then days = 29 end
  return day <= days
end

-- A leap second is one only when it is 23:59:60 in UTC.
function M.time(text)
  local hour, minute, second, rest = match(text, "^(%d%d):(%d%d):(%d%d)(.*)$")
  if not hour then return false end
  hour, minute, second = tonumber(hour), tonumber(minute), tonumber(second)
  local zone = match(rest, "^%.%d+(%D.*)$") or rest -- linear: digits end where others begin
  if hour > 23 or minute > 59 or second > 60 then return false end
  local sign, zone_hour, zone_minute = match(zone, "^([+-])(%d%d):(%d%d)$")
  if not sign and not find(zone, "^[zZ]$") then return false end
  zone_hour, zone_minute = tonumber(zone_hour or 0), tonumber(zone_minute or 0)
  if zone_hour > 23 or zone_minute > 59 then return false end
  if second < 60 then return true end
  local offset = (zone_hour * 60 + zone_minute) * (sign == "-" and -1 or 1)
  return (hour * 60 + minute - offset) % 1440 == 1439
end

M["date-time"] = function(text)
  return find(text, "^[tT]", 11) ~= nil and M.date(sub(text, 1, 10)) and M.time(sub(text, 12))
end

-- Numbers with units that follow each other without a gap ("1Y2M", not "1Y2D").
local function are_units(text, units)
  local at, from = nil, 1
  while from <= #text do
    local _, last, unit = find(text, "^%d+(%a)", from)
    local found = last and find(units, unit, 1, true)
    if not found or (at and found ~= at + 1) then return false end
    at, from = found, last + 1
  end
  return true
end

-- ISO 8601 durations as in RFC 3339 appendix A; weeks cannot be combined.
function M.duration(text)
  if find(text, "^P%d+W$") then return true end
  local date, time = match(text, "^P([^T]*)T?(.*)$")
  if not date or (date == "" and time == "") or (time == "" and find(text, "T", 1, true)) then return false end
  return are_units(date, "YMD") and are_units(time, "HMS")
end

-- Names and addresses -----------------------------------------------------------------------------------

function M.hostname(text)
  if #text == 0 or #text > 253 then return false end
  local from = 1
  while from <= #text + 1 do
    local dot = find(text, ".", from, true) or #text + 1
    local label = sub(text, from, dot - 1)
    if #label > 63 or not find(label, "^%w[%w-]*$") or sub(label, -1) == "-" then return false end
    if sub(label, 3, 4) == "--" and not find(label, "^[xX][nN]") then return false end
    from = dot + 1
  end
  return true
end

function M.ipv4(text)
  local a, b, c, d = match(text, "^(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)%.(%d%d?%d?)$")
  for _, part in ipairs(a and { a, b, c, d } or { "x" }) do
    if find(part, "^0%d") or (tonumber(part) or 256) > 255 then return false end
  end
  return true
end

-- How many groups a run of "x:x:x" has; nil when it is malformed.
local function groups(text)
  if text == "" then return 0 end
  local n, from = 0, 1
  while from <= #text + 1 do
    local colon = find(text, ":", from, true) or #text + 1
    local part = sub(text, from, colon - 1)
    if colon > #text and find(part, ".", 1, true) then
      if not M.ipv4(part) then return nil end
      n = n + 1
    elseif not find(part, "^%x%x?%x?%x?$") then
      return nil
    end
    n, from = n + 1, colon + 1
  end
  return n
end

function M.ipv6(text)
  if #text > 45 then return false end
  local at = find(text, "::", 1, true)
  if not at then return groups(text) == 8 end
  if find(sub(text, 1, at - 1), ".", 1, true) then return false end
  local head, tail = groups(sub(text, 1, at - 1)), groups(sub(text, at + 2))
  return head ~= nil and tail ~= nil and head + tail < 8
end

local function mailbox(text, is_local)
  local at = match(text, ".*()@") -- linear: one attempt, from the end
  if not at or at == 1 or at > 65 then return false end
  local name, host = sub(text, 1, at - 1), sub(text, at + 1)
  local quoted = find(name, '^"[^"\\\r\n]*"$')
  if not quoted and (find(name, is_local) or find(name, "^%.") or find(name, "%.$") or find(name, "..", 1, true)) then
    return false
  end
  local literal = match(host, "^%[(.*)%]$")
  if literal then
    local six = match(literal, "^IPv6:(.*)$")
    if six then return M.ipv6(six) end
    return M.ipv4(literal)
  end
  return is_local ~= "[^%w!#$%%&'*+/=?^_`{|}~.-]" and not find(host, "[%s@]") and host ~= "" or M.hostname(host)
end

function M.email(text) return mailbox(text, "[^%w!#$%%&'*+/=?^_`{|}~.-]") end
M["idn-email"] = function(text) return mailbox(text, "[^%w!#$%%&'*+/=?^_`{|}~.\128-\255-]") end

function M.uuid(text)
  return #text == 36 and find(text, "^%x+%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x+$") == 1 and sub(text, 9, 9) == "-"
end

-- URIs: RFC 3986, and 3987 with non-ASCII characters ----------------------------------------------------------

local function reference(extra)
  local not_path = "[^%w._~!$&'()*+,;=:@/%%" .. extra .. "-]"
  local not_query = "[^%w._~!$&'()*+,;=:@/?%%" .. extra .. "-]"
  local not_host = "[^%w._~!$&'()*+,;=%%" .. extra .. "-]"

  local function is_authority(text)
    local host = match(text, "^[^@]*@(.*)$") or text
    if #host < #text and find(sub(text, 1, #text - #host - 1), not_query) then return false end
    local literal, port = match(host, "^%[([^%]]*)%](.*)$")
    if literal then
      return (M.ipv6(literal) or find(literal, "^[vV]%x+%.[%w._~!$&'()*+,;=:-]+$") ~= nil)
        and (port == "" or find(port, "^:%d*$") ~= nil)
    end
    local name = match(host, "^([^:]*):%d*$") or host
    return not find(name, not_host)
  end

  return function(text)
    local bare = text:gsub("%%%x%x", "")
    if find(bare, "%", 1, true) then return false end
    local scheme, rest = match(text, "^(%a[%w+.-]*):(.*)$")
    rest = rest or text
    local before, fragment = match(rest, "^([^#]*)#(.*)$")
    local head, query = match(before or rest, "^([^?]*)%?(.*)$")
    local path = head or before or rest
    local authority, behind = match(path, "^//([^/]*)(.*)$")
    if authority and not is_authority(authority) then return false end
    path = behind or path
    if find(path, not_path) or (query and find(query, not_query)) or (fragment and find(fragment, not_query)) then
      return false
    end
    return true, scheme, path
  end
end

local function absolute_or_not(check)
  local function is_reference(text)
    local ok, scheme, path = check(text)
    return ok and (scheme ~= nil or not find(path, "^[^/]*:"))
  end
  local function is_absolute(text)
    local ok, scheme = check(text)
    return ok and scheme ~= nil
  end
  return is_absolute, is_reference
end

M.uri, M["uri-reference"] = absolute_or_not(reference "")
M.iri, M["iri-reference"] = absolute_or_not(reference "\128-\255")

-- RFC 6570: literals, and expressions of an operator and names with modifiers.
local function is_expression(text)
  local list = match(text, "^[+#./;?&=,!@|]?(.+)$")
  if not list then return false end
  for name in (list .. ","):gmatch "([^,]*)," do -- linear: every attempt ends at a comma
    local plain = match(name, "^(.*)%*$") or match(name, "^([^:]*):[1-9]%d?%d?%d?$") or name
    if plain == "" or find((plain:gsub("%%%x%x", "")), "[^%w_.]") or find(plain, "^%.") or find(plain, "%.$") then
      return false
    end
  end
  return true
end

M["uri-template"] = function(text)
  local from = 1
  while true do
    local open = find(text, "{", from, true)
    local literal = sub(text, from, (open or #text + 1) - 1)
    if find((literal:gsub("%%%x%x", "")), "[%c \"'%%<>\\^`|}]") then return false end
    if not open then return true end
    local close = find(text, "}", open, true)
    if not close or not is_expression(sub(text, open + 1, close - 1)) then return false end
    from = close + 1
  end
end

-- Pointers and patterns ----------------------------------------------------------------------------------

M["json-pointer"] = function(text)
  return (text == "" or find(text, "^/") ~= nil) and not find(text, "~[^01]") and not find(text, "~$")
end

M["relative-json-pointer"] = function(text)
  local digits, rest = match(text, "^(%d+)(.*)$")
  if not digits or find(digits, "^0%d") then return false end
  return rest == "#" or M["json-pointer"](rest)
end

function M.regex(text) return regex.compile(text) ~= nil end

return M
