-- host/lua/schema/reader.lua -- compiles a schema to a function that checks and converts a value.
-- Every part takes its value, and the table and key where it was, and returns `value` or `nil, problem`; a problem is
-- a message, or a list of {path, message} whose paths are extended on the way out.  So valid values pay nothing for the
-- paths of invalid ones.

local exact = require "human.schema.exact"
local json = require "human.json"
local leaf = require "human.schema.leaf"
local schema_splice = require "human.schema.verbatim"
local texts = require "human.text"

local next, type, sub, gsub = next, type, string.sub, string.gsub
local new_table = require "table.new"            -- with room for what will be in it: (positions, names)

local M = {}
local NULL = json.null
local MAX_PROBLEMS = 20
local compile

local function join(key, path)
  if path == "" then return key end
  if key == "" then return path end
  if sub(path, 1, 1) == "[" then return key .. path end
  return key .. "." .. path
end

-- Adds a problem found at `key`, up to the limit.
local function add(list, key, problem)
  list = list or {}
  if type(problem) == "string" then problem = { { path = "", message = problem } } end
  for i = 1, #problem do
    if #list >= MAX_PROBLEMS then break end
    list[#list + 1] = { path = join(key, problem[i].path), message = problem[i].message }
  end
  return list
end

-- A name sent by a client, safe to show: no control characters, bounded.
local function shown(name)
  name = gsub(tostring(name), "%c", "?")
  return #name > 80 and texts.cut(name, 80) .. "..." or name
end

local function clone(v)
  if type(v) ~= "table" then return v end
  local c = setmetatable({}, getmetatable(v))
  for key, x in next, v do c[key] = clone(x) end
  return c
end

-- ---- objects -----------------------------------------------------------------------------------

-- Handles undeclared names.
local function extras(node, known)
  if node.extra == "drop" then return nil end
  if node.extra == "keep" then
    return function(v, out, problems)
      for name, x in next, v do
        if not known[name] then out[name] = x end
      end
      return problems
    end
  end
  return function(v, _, problems)
    for name in next, v do
      if not known[name] then problems = add(problems, shown(name), "is not a known field") end
    end
    return problems
  end
end

local function count_of(v)
  local n = 0
  for _ in next, v do n = n + 1 end
  return n
end

-- The fields as parallel arrays, which are cheaper to read than one record per field.
local function fields_of(node, options)
  local names, targets, reads, known = {}, {}, {}, {}
  for i, field in ipairs(node.fields) do
    local inner = field.schema
    names[i], targets[i], known[field.name] = field.name, inner.as or field.name, true
    reads[i] = compile(inner, options)
  end
  return names, targets, reads, known
end

local function object(node, options)
  local names, targets, reads, known = fields_of(node, options)
  local n, extra, required, defaults = #names, extras(node, known), {}, {}
  for i, field in ipairs(node.fields) do
    defaults[i] = field.schema.default_value
    required[i] = not field.schema.is_optional and defaults[i] == nil
  end
  return function(v)
    if type(v) ~= "table" or json.is_array(v) then return nil, "must be an object" end
    local out, problems, seen = new_table(0, n), nil, 0
    for i = 1, n do
      local x = v[names[i]]
      if x ~= nil then
        seen = seen + 1
        local y, problem = reads[i](x, v, names[i])
        if problem then problems = add(problems, names[i], problem) end
        out[targets[i]] = y
      elseif defaults[i] ~= nil then
        out[targets[i]] = clone(defaults[i])
      elseif required[i] then
        problems = add(problems, names[i], "is required")
      end
    end
    if extra and count_of(v) ~= seen then problems = extra(v, out, problems) end
    if problems then return nil, problems end
    return out
  end
end

local function map(node, options)
  local read, max = compile(node.value, options), node.max
  return function(v)
    if type(v) ~= "table" or json.is_array(v) then return nil, "must be an object" end
    local out, problems, n = {}, nil, 0
    for name, x in next, v do
      n = n + 1
      if n > max then return nil, "must have at most " .. max .. " names" end
      if type(name) ~= "string" or string.find(name, "\0", 1, true) then
        return nil, "must have names without the NUL character"
      end
      local y, problem = read(x, v, name)
      if problem then problems = add(problems, shown(name), problem) end
      out[name] = y
    end
    if problems then return nil, problems end
    return out
  end
end

-- ---- arrays ------------------------------------------------------------------------------------

local function array(node, options)
  local read, min, max = compile(node.item, options), node.min or 0, node.max or math.huge
  local wrong = "must be an array" .. leaf.range(" of", node.min, node.max, "item")
  local coerce = options.coerce
  return function(v)
    if coerce and type(v) == "string" then v = { v } end
    if type(v) ~= "table" then return nil, wrong end
    local n = #v
    if n == 0 and (next(v) ~= nil or not (coerce or json.is_array(v))) then return nil, wrong end
    if n < min or n > max then return nil, wrong end
    local out, problems = new_table(n, 0), nil
    for i = 1, n do
      local y, problem = read(v[i], v, i)
      if problem then
        problems = add(problems, "[" .. i - 1 .. "]", problem)
        if #problems >= MAX_PROBLEMS then break end
      end
      out[i] = y
    end
    if problems then return nil, problems end
    return json.array(out)
  end
end

-- ---- alternatives ------------------------------------------------------------------------------

-- name -> {value -> position} when every alternative is an object with a const field of that name.
local function discriminator(alternatives)
  local first = alternatives[1]
  for _, field in ipairs(first.kind == "object" and first.fields or {}) do
    local by_value, n = {}, 0
    for i, node in ipairs(alternatives) do
      for _, other in ipairs(node.kind == "object" and node.fields or {}) do
        if other.name == field.name and other.schema.kind == "const" then
          by_value[other.schema.value] = i
          n = n + 1
        end
      end
    end
    if n == #alternatives then return field.name, by_value end
  end
end
M.discriminator = discriminator

local function by_tag(reads, name, by_value)
  local values = {}
  for value in pairs(by_value) do values[#values + 1] = tostring(value) end
  table.sort(values)
  local wrong = "must be one of " .. table.concat(values, ", ")
  return function(v)
    if type(v) ~= "table" or json.is_array(v) then return nil, "must be an object" end
    local tag = v[name]
    if tag == nil then return nil, { { path = name, message = "is required" } } end
    local i = by_value[tag]
    if not i then return nil, { { path = name, message = wrong } } end
    return reads[i](v)
  end
end

local function one_of(node, options)
  local reads = {}
  for i, alternative in ipairs(node.alternatives) do reads[i] = compile(alternative, options) end
  local name, by_value = discriminator(node.alternatives)
  if name then return by_tag(reads, name, by_value) end
  return function(v, holder, key)
    local first
    for i = 1, #reads do
      local y, problem = reads[i](v, holder, key)
      if not problem then return y end
      first = first or problem
    end
    if type(first) == "string" then return nil, "does not fit any of its forms: it " .. first end
    return nil, first
  end
end

-- ---- all kinds ---------------------------------------------------------------------------------

local COMPOUND = { object = object, map = map, array = array, one_of = one_of }

function compile(node, options)
  local read = (COMPOUND[node.kind] or leaf[node.kind])(node, options)
  if not node.is_nullable then return read end
  return function(v, holder, key)
    if v == NULL then return NULL end
    return read(v, holder, key)
  end
end

--- See schema.reader.
function M.compile(node, options)
  local read = compile(node, options or {})
  local default, optional, splice = node.default_value, node.is_optional, schema_splice.compile(node)
  local money = exact.compile(node)
  return function(v, text)
    if v == nil then
      if default ~= nil then return clone(default) end
      if optional then return nil end
      return nil, { { path = "", message = "is required" } }
    end
    local outer = money and text and exact.begin(money, v, text)
    local out, problem = read(v)
    if money and text then exact.finish(outer) end
    if problem then return nil, add(nil, "", problem) end
    if splice and text then return splice(out, text) end
    return out
  end
end

return M
