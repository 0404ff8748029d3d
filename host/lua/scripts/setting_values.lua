-- host/lua/scripts/setting_values.lua -- converts the text of a setting to its value.
-- Pure.  kind is its form: string, number, bool, list, object in a file; word in a variable or a flag.

local host = require "human.core.host"
local json = require "human.json"
local text = require "human.text"

local M = {}
M.TYPES = { text = true, int = true, number = true, bool = true, list = true, object = true }
M.UNITS = { ms = true, s = true, bytes = true }
local WHOLE_MAX = 2 ^ 53
local TEXT_MAX = 8192

-- A number's unit is the suffix of the name, unless the definition has one.
local function unit_name(def) return def.unit and "x_" .. def.unit or def.name end

local function range(def)
  if def.min and def.max then return (" from %.15g to %.15g"):format(def.min, def.max) end
  if def.min then return (" of at least %.15g"):format(def.min) end
  return def.max and (" of at most %.15g"):format(def.max) or ""
end

local function in_range(def, n)
  return (not def.min or n >= def.min) and (not def.max or n <= def.max)
end

-- Checks -------------------------------------------------------------------------------------------------

local check = {}

local function number_wanted(def, what)
  local units = host.setting_units(unit_name(def))
  return "must be " .. what .. range(def) .. (units and ", or " .. units or "")
end

function check.int(def, v)
  if type(v) == "number" and v % 1 == 0 and math.abs(v) <= WHOLE_MAX and in_range(def, v) then return nil end
  return number_wanted(def, "a whole number")
end

function check.number(def, v)
  if type(v) == "number" and v == v and math.abs(v) < math.huge and in_range(def, v) then return nil end
  return number_wanted(def, "a number")
end

function check.bool(_, v)
  if type(v) ~= "boolean" then return "must be true or false" end
end

local function one_of(def, v)
  local shown = {}
  for _, choice in ipairs(def.enum) do
    if v == choice then return nil end
    if choice ~= "" then shown[#shown + 1] = choice end
  end
  return "must be one of " .. table.concat(shown, ", ")
end

function check.text(def, v)
  if type(v) ~= "string" then return "must be a text" end
  if def.enum then return one_of(def, v) end
  local min, max = def.min or 0, def.max or TEXT_MAX
  if #v < min or #v > max then return ("must have %d to %d bytes"):format(min, max) end
end

function check.list(def, v)
  local wanted = "must be a list of texts"
  if type(v) ~= "table" then return wanted end
  for key, item in pairs(v) do
    if type(key) ~= "number" or type(item) ~= "string" then return wanted end
  end
  local min, max = def.min or 0, def.max or 1000
  if #v < min or #v > max then return ("must have %d to %d entries"):format(min, max) end
end

function check.object(_, v)
  if type(v) ~= "table" or json.is_array(v) and #v > 0 then return "must be an object: { .. }" end
end

--- What is wrong with a value, or nil.
function M.check(def, value) return check[def.type](def, value) end

-- Reading ------------------------------------------------------------------------------------------------

local read = {}

local function number(def, kind, written)
  local name = unit_name(def)
  if kind ~= "number" and kind ~= "word" and not (kind == "string" and host.setting_units(name)) then
    return nil, "must be a number"
  end
  return host.setting_number(name, written)
end
read.int, read.number = number, number

local BOOLS = { ["true"] = true, ["1"] = true, ["false"] = false, ["0"] = false }

function read.bool(_, kind, written)
  if kind == "bool" or kind == "word" then return BOOLS[written] end
end

function read.text(_, kind, written)
  if kind == "string" or kind == "word" then return written end
  return nil, "must be a text in quotes"
end

function read.list(_, kind, written)
  if kind == "list" then return json.decode(written) end
  if kind ~= "word" then return nil end
  local list = {}
  for item in written:gmatch "[^,]+" do
    item = text.trim(item)
    if item ~= "" then list[#list + 1] = item end
  end
  return list
end

function read.object(_, _, written) return json.decode(written) end

--- The value of a text; or nil and what it must be.
function M.read(def, kind, written)
  if type(written) == "string" and not host.utf8_ok(written) then return nil, "must be UTF-8" end
  local value, why = read[def.type](def, kind, written)
  why = why or M.check(def, value)
  if why then return nil, why end
  return value
end

-- Objects -------------------------------------------------------------------------------------------------

local ESCAPED = { ["%2E"] = ".", ["%25"] = "%" }

local function unescape(key) return (key:gsub("%%2[E5]", ESCAPED)) end

local function plain(kind, written)
  if kind == "string" then return written end
  if kind == "object" then return {} end
  local value = json.decode(written)
  return value
end

local function put(into, path, value)
  local head, rest = path:match "^([^.]+)%.(.+)$"
  if not head then
    into[unescape(path)] = value
    return
  end
  head = unescape(head)
  if type(into[head]) ~= "table" then into[head] = {} end
  put(into[head], rest, value)
end

M.HIDDEN = "***"                                -- stands for a secret within an object

local function is_secret(def, name)
  for _, secret in ipairs(def.secrets or {}) do
    if name:sub(-#secret - 1) == "." .. secret then return true end
  end
  return false
end

--- An object of everything given below its name.  given: {{name, kind, source}, ..}; ask(name): {kind, text, source}.
--- Members that def.secrets names are not asked for: scripts see that they are there.
function M.object(def, given, ask)
  local value, source = {}, nil
  for _, entry in ipairs(given) do
    local name = entry[1]
    if name == def.name or name:sub(1, #def.name + 1) == def.name .. "." then
      local hidden = is_secret(def, name)
      local found = not hidden and ask(name) or entry
      source = source or found[3]
      if name == def.name then
        if found[1] == "list" or found[1] == "string" or found[1] == "number" or found[1] == "bool" then
          return def.default, found[3] .. ": " .. name .. ": must be an object: { .. }", source
        end
      else
        put(value, name:sub(#def.name + 2), hidden and M.HIDDEN or plain(found[1], found[2]))
      end
    end
  end
  if not source then return def.default end
  return value, nil, source
end

--- Whether two values are equal.
function M.same(a, b)
  if type(a) ~= "table" or type(b) ~= "table" then return a == b end
  for k, v in pairs(a) do if not M.same(v, b[k]) then return false end end
  for k in pairs(b) do if a[k] == nil then return false end end
  return true
end

return M
