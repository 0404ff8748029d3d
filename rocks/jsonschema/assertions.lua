-- rocks/jsonschema/assertions.lua -- keywords that look at one value and at no other schema.
-- Each function takes the compiler, the schema, the keyword's value and the schema's location, and returns a check:
-- function(value, state, seen) -> boolean.

local evaluation = require "jsonschema.evaluation"
local formats = require "jsonschema.formats"
local regex = require "jsonschema.regex"
local values = require "jsonschema.values"

local M = {}

local fail, quoted = evaluation.fail, evaluation.quoted
local floor, sort, concat = math.floor, table.sort, table.concat

local function charge(state, work)
  state.work = state.work - work
  if state.work < 0 then error(state, 0) end
end

local ARTICLE = { null = "null", boolean = "a boolean", number = "a number", integer = "an integer",
                  string = "a string", array = "an array", object = "an object" }

function M.type(c, _, wanted, where)
  local type_of, allowed, names = c.values.type_of, {}, {}
  for _, name in ipairs(type(wanted) == "table" and wanted or { wanted }) do
    allowed[name] = true
    names[#names + 1] = ARTICLE[name]
  end
  local message = "must be " .. concat(names, " or ")
  local integer = allowed.integer and not allowed.number
  return function(value, state)
    if allowed[type_of(value)] then return true end
    if integer and type(value) == "number" and value == floor(value) and value - value == 0 then return true end
    return fail(state, where, "type", message)
  end
end

local function one_of(c, list, where, keyword, message)
  local scalars, tables = {}, nil
  local null = {}
  for _, each in ipairs(list) do
    local kind = c.values.type_of(each)
    if kind == "array" or kind == "object" then
      tables = tables or {}
      tables[c.values.canonical(each, c)] = true
    else
      scalars[kind == "null" and null or each] = true
    end
  end
  local type_of, canonical = c.values.type_of, c.values.canonical
  return function(value, state)
    local kind = type_of(value)
    if kind == "null" then
      if scalars[null] then return true end
    elseif kind == "array" or kind == "object" then
      if tables and tables[canonical(value, state)] then return true end
    elseif scalars[value] then
      return true
    end
    return fail(state, where, keyword, message)
  end
end

function M.enum(c, _, list, where)
  return one_of(c, list, where, "enum", "must be one of the allowed values")
end

function M.const(c, _, value, where)
  return one_of(c, { value }, where, "const", "must be the allowed value")
end

-- Numbers -----------------------------------------------------------------------------------------------

local function number_check(keyword, text, compare)
  M[keyword] = function(_, _, limit, where)
    local message = text .. (" %.17g"):format(limit)
    for digits = 14, 16 do
      local short = ("%." .. digits .. "g"):format(limit)
      if tonumber(short) == limit then
        message = text .. " " .. short
        break
      end
    end
    return function(value, state)
      if type(value) ~= "number" or compare(value, limit) then return true end
      return fail(state, where, keyword, message)
    end
  end
end

number_check("minimum", "must be at least", function(v, limit) return v >= limit end)
number_check("maximum", "must be at most", function(v, limit) return v <= limit end)
number_check("exclusiveMinimum", "must be more than", function(v, limit) return v > limit end)
number_check("exclusiveMaximum", "must be less than", function(v, limit) return v < limit end)
number_check("multipleOf", "must be a multiple of", values.is_multiple)

-- Sizes -------------------------------------------------------------------------------------------------

local function plural(n, word, words) return ("%d %s"):format(n, n == 1 and word or words) end

local length = values.length

function M.minLength(_, _, min, where)
  local message = "must have at least " .. plural(min, "character", "characters")
  return function(value, state)
    if type(value) ~= "string" or (#value >= min * 4 or #value >= min and length(value) >= min) then return true end
    return fail(state, where, "minLength", message)
  end
end

function M.maxLength(_, _, max, where)
  local message = "must have at most " .. plural(max, "character", "characters")
  return function(value, state)
    if type(value) ~= "string" or #value <= max or #value <= max * 4 and length(value) <= max then return true end
    return fail(state, where, "maxLength", message)
  end
end

local function count_of(value, state)
  local n = 0
  for _ in next, value do n = n + 1 end
  charge(state, n)
  return n
end

local function size_check(keyword, kind, text, word, words, is_fine)
  M[keyword] = function(c, _, limit, where)
    local message, type_of = text .. plural(limit, word, words), c.values.type_of
    return function(value, state)
      if type(value) ~= "table" or type_of(value) ~= kind then return true end
      if is_fine(kind == "array" and #value or count_of(value, state), limit) then return true end
      return fail(state, where, keyword, message)
    end
  end
end

local function at_least(n, limit) return n >= limit end
local function at_most(n, limit) return n <= limit end
size_check("minItems", "array", "must have at least ", "item", "items", at_least)
size_check("maxItems", "array", "must have at most ", "item", "items", at_most)
size_check("minProperties", "object", "must have at least ", "property", "properties", at_least)
size_check("maxProperties", "object", "must have at most ", "property", "properties", at_most)

-- Objects and arrays ------------------------------------------------------------------------------------

local function lacking(value, names, state, where, keyword)
  local ok = true
  for _, name in ipairs(names) do
    if value[name] == nil then
      ok = fail(state, where, keyword, "lacks the property " .. quoted(name))
      if not state.errors then return false end
    end
  end
  return ok
end

function M.required(c, _, names, where)
  local type_of = c.values.type_of
  return function(value, state)
    if type(value) ~= "table" or type_of(value) ~= "object" then return true end
    charge(state, #names)
    return lacking(value, names, state, where, "required")
  end
end

function M.dependentRequired(c, _, map, where)
  local type_of, names = c.values.type_of, {}
  for name in pairs(map) do names[#names + 1] = name end
  sort(names)
  return function(value, state)
    if type(value) ~= "table" or type_of(value) ~= "object" then return true end
    local ok = true
    for _, name in ipairs(names) do
      charge(state, 1 + #map[name])
      if value[name] ~= nil and not lacking(value, map[name], state, where, "dependentRequired") then ok = false end
    end
    return ok
  end
end

function M.uniqueItems(c, _, wanted, where)
  if not wanted then return nil end
  local type_of, canonical = c.values.type_of, c.values.canonical
  return function(value, state)
    if type(value) ~= "table" or type_of(value) ~= "array" then return true end
    local at = {}
    for i = 1, #value do
      local key = canonical(value[i], state)
      if at[key] then
        return fail(state, where, "uniqueItems", ("has the same item at %d and %d"):format(at[key] - 1, i - 1))
      end
      at[key] = i
    end
    return true
  end
end

-- Texts -------------------------------------------------------------------------------------------------

--- The compiled regular expression of a schema; raises a message if it is invalid.
function M.regex(c, text, where, keyword)
  local known = c.patterns[text]
  if not known then
    local err
    known, err = regex.compile(text, c.pattern_room)
    if not known then error(where .. "/" .. keyword .. ": " .. err, 0) end
    c.patterns[text] = known
  end
  return known
end

function M.pattern(c, _, text, where)
  local compiled = M.regex(c, text, where, "pattern")
  local message = "must match the pattern " .. quoted(text)
  return function(value, state)
    if type(value) ~= "string" or compiled:test(value, state) then return true end
    return fail(state, where, "pattern", message)
  end
end

function M.format(c, _, name, where, resource)
  local assert_it = c.options.formats == "assert" or resource.vocabulary["format-assertion"]
  local check = assert_it and formats[name]
  if not check then return nil end
  local message = "must be of the format " .. quoted(name)
  local work = name == "regex" and 20000 or 1 -- a pattern is compiled
  return function(value, state)
    if type(value) ~= "string" then return true end
    charge(state, work + #value)
    if check(value) then return true end
    return fail(state, where, "format", message)
  end
end

return M
