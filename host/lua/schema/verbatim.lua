-- host/lua/schema/verbatim.lua -- gives s.json fields the client's own bytes instead of a rewritten copy.
-- Rewriting loses digits beyond a double and turns 1.0 into 1.  The text has been decoded and
-- validated before, so this scanner only looks for the ends of values.

local json = require "human.json"

local string_end = json.string_end
local find, sub, byte, gsub = string.find, string.sub, string.byte, string.gsub

local M = {}
local NULL = json.null
local plan

local function skip_space(text, i) return find(text, "[^ \t\r\n]", i) end

-- The last byte of the value that begins at i.
local function value_end(text, i)
  local first = byte(text, i)
  if first == 34 then return string_end(text, i) end
  if first ~= 91 and first ~= 123 then return (find(text, "[%s,%]}]", i) or #text + 1) - 1 end
  local depth = 0
  repeat
    local b = byte(text, i)
    if b == 34 then
      i = string_end(text, i)
    else
      depth = depth + ((b == 91 or b == 123) and 1 or -1)
    end
    if depth > 0 then i = find(text, '["%[%]{}]', i + 1) end
  until depth == 0
  return i
end

-- Calls fn(name or position, from, to) for each member of the object or array that begins at i.
local function each(text, i, fn)
  local is_object, n = byte(text, i) == 123, 0
  i = skip_space(text, i + 1)
  while byte(text, i) ~= 125 and byte(text, i) ~= 93 do
    n = n + 1
    local key = n
    if is_object then
      local last = string_end(text, i)
      key = json.decode(sub(text, i, last))
      i = skip_space(text, skip_space(text, last + 1) + 1) -- past the colon
    end
    local last = value_end(text, i)
    fn(key, i, last)
    i = skip_space(text, last + 1)
    if byte(text, i) == 44 then i = skip_space(text, i + 1) end
  end
end

M.each = each

-- cjson accepts raw control characters in strings, PostgreSQL does not.
local function has_control(text)
  if not find(text, "%c") then return false end
  local rest = gsub(gsub(text, "\\.", ""), '"[^"%c]*"', "")
  return find(rest, '"', 1, true) ~= nil
end

local function free(node)
  return function(text, from, to, value)
    local own = sub(text, from, to)
    if #own > node.max or has_control(own) then return value end
    return own
  end
end

local function members(children)
  return function(text, from, _, value)
    each(text, from, function(key, first, last)
      local child = children[key]
      local now = child and value[child.target]
      if now and now ~= NULL then
        value[child.target] = child.apply(text, first, last, now)
      end
    end)
    return value
  end
end

local function object(node)
  local children
  for _, field in ipairs(node.fields) do
    local apply = plan(field.schema)
    if apply then
      children = children or {}
      children[field.name] = { apply = apply, target = field.schema.as or field.name }
    end
  end
  return children and members(children)
end

-- Arrays and maps: the same for every member.
local function collection(inner)
  local apply = plan(inner)
  if not apply then return nil end
  return members(setmetatable({}, { __index = function(_, key) return { apply = apply, target = key } end }))
end

-- Alternatives keep the rewritten copy: which one matched is not known here.
function plan(node)
  if node.kind == "json" then return free(node) end
  if node.kind == "object" then return object(node) end
  if node.kind == "array" then return collection(node.item) end
  if node.kind == "map" then return collection(node.value) end
end

--- The texts of the members of a JSON object or array that has already been decoded: {name or position = text}.
function M.members(text)
  local out, from = {}, skip_space(text, 1)
  each(text, from, function(key, first, last) out[key] = sub(text, first, last) end)
  return out
end

--- function(value, text) that replaces every s.json in a value read by the schema's reader with its
--- bytes in `text` and returns the value; nil when the schema has no s.json.
function M.compile(node)
  local apply = plan(node)
  if not apply then return nil end
  return function(value, text)
    if value == nil or value == NULL then return value end
    local from = skip_space(text, 1)
    return apply(text, from, value_end(text, from), value)
  end
end

return M
