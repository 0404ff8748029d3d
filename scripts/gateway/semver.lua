-- scripts/gateway/semver.lua -- which of two versions is newer (semver.org, 2.0.0).  Pure, linear.

local M = {}

local LENGTH_MAX, DIGITS_MAX = 128, 9

-- The identifiers of a pre-release; nil where one is none.
local function identifiers(text)
  local list = {}
  if ("." .. text .. "."):find("..", 1, true) then return nil end
  for one in text:gmatch "[^.]+" do
    if one:find "[^%w-]" or one:find "^0%d+$" then return nil end
    list[#list + 1] = one
  end
  return list
end

local function number(text)
  return text and #text <= DIGITS_MAX and not text:find "^0%d" and tonumber(text) or nil
end

--- {major, minor, patch, pre = list of identifiers}; nil for what is no version.  A "v" may stand before it.
function M.parse(text)
  if type(text) ~= "string" or #text > LENGTH_MAX then return nil end
  local core, rest = text:match "^v?([%d.]+)(.*)$"
  local major, minor, patch = (core or ""):match "^(%d+)%.(%d+)%.(%d+)$"
  local pre, build = (rest or ""):match "^%-([^+]*)(.*)$"
  if not pre then pre, build = nil, rest or "" end
  major, minor, patch = number(major), number(minor), number(patch)
  pre = not pre and {} or identifiers(pre)
  local is_build = build == "" or build:find "^%+[%w.-]+$"
  return major and minor and patch and pre and is_build and { major, minor, patch, pre = pre } or nil
end

-- -1, 0 or 1, as one identifier comes before another: numbers by their value, and before words.
local function order(a, b)
  if a == b then return 0 end
  local is_a, is_b = not a:find "%D", not b:find "%D"
  if is_a ~= is_b then return is_a and -1 or 1 end
  if is_a and #a ~= #b then return #a < #b and -1 or 1 end
  return a < b and -1 or 1
end

local function order_of_pre(a, b)
  if #a == 0 or #b == 0 then return #a == #b and 0 or #a == 0 and 1 or -1 end
  for i = 1, math.min(#a, #b) do
    local n = order(a[i], b[i])
    if n ~= 0 then return n end
  end
  return #a == #b and 0 or #a < #b and -1 or 1
end

--- -1, 0 or 1: a is older than b, as old, or newer.  Both: of parse().
function M.compare(a, b)
  for i = 1, 3 do
    if a[i] ~= b[i] then return a[i] < b[i] and -1 or 1 end
  end
  return order_of_pre(a.pre, b.pre)
end

return M
