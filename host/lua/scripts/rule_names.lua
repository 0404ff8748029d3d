-- host/lua/scripts/rule_names.lua -- ctx:rule("bidding.may_place"): finds the function, and checks that it exists.
-- A route uses only the rules of its area: otherwise an area without a rule would silently use another's.

local blame = require "human.core.blame"
local rules = require "human.scripts.rules"

local M = {}

-- In area "marketplace": marketplace.rules.bidding, may_place; or nil.
local function find(g, area, name)
  local module, fn_name = name:match "^([%w_.]+)%.([%w_]+)$"
  local mod = module and g.loaded[area .. ".rules." .. module]
  local fn = mod and mod[fn_name]
  return fn and rules.about(fn) and fn or nil
end

local function missing(name, areas)
  return ("no rule '%s' in %s.rules"):format(name, table.concat(areas, ".rules or "))
end

--- fn(area, name) -> the rule's function; raises at the script's line when the area has none of that name.
function M.lookup(g)
  local known = {}
  return function(area, name)
    if type(name) ~= "string" then blame.refuse "ctx:rule: the name must be a string" end
    local of_area = known[area] or {}
    known[area] = of_area
    local fn = of_area[name] or find(g, area, name)
    if not fn then blame.refuse("ctx:rule: " .. missing(name, { area })) end
    of_area[name] = fn
    return fn
  end
end

-- The areas of the routes that each file declares: file -> {area, ..}.
local function areas_of(routes)
  local out = {}
  for _, route in ipairs(routes) do
    local file = route.where:match "^(.*):%d+$"
    local list = out[file] or {}
    out[file] = list
    if not list[route.area] then list[#list + 1], list[route.area] = route.area, true end
  end
  return out
end

local function check_line(g, areas, place, line)
  line = line:gsub("%-%-.*", ""):gsub("%s", "")
  for name, behind in line:gmatch ":rule%(?[\"']([%w_.]+)[\"']()" do
    local found = line:find("^%.%.", behind)       -- concatenated: the name is known only at run time
    for _, area in ipairs(areas) do found = found or find(g, area, name) end
    if not found then error(place .. ": ctx:rule: " .. missing(name, areas), 0) end
  end
end

--- Refuses the load if a file of routes names a rule, as a literal, that the areas of its routes lack.
--- text_of(file): its text, or nil.
function M.check(g, text_of)
  for file, areas in pairs(areas_of(g.routes)) do
    local n = 0
    for line, ending in (text_of(file) or ""):gmatch "([^\n]*)(\n?)" do
      n = n + 1
      if line:find("rule", 1, true) then check_line(g, areas, file .. ":" .. n, line) end
      if ending == "" then break end
    end
  end
end

return M
