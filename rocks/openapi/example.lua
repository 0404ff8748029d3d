-- rocks/openapi/example.lua -- examples of a JSON Schema: completes one that people have written, or makes one up.
-- People write "uuid" for an id, ".." for what does not matter, and leave fields out; the schema knows better.

local M = {}

local DEPTH = 12               -- of schemas; deeper ones end in null
local UUID = "3f2b8c1e-7d4a-4e6b-9a51-0c8d2e4f6a7b"
local TIME = "2026-03-25T14:00:00Z"

local complete

local function first_type(schema)
  local kind = schema.type
  if type(kind) == "table" then return kind[1] end
  return kind
end

-- Texts that some pattern of ours takes, for a field without an example of its own.
local TEXTS = { "example", "text", "https://example.com/hook", "coach@example.com", "data:extraction",
                "hm_7f3a9b2c1d4e5f6a7b8c9d0e1f2a3b4c", "clx1234567890abcdefghij", "3f8a1b", "08:00", "123456", "1" }

local function of_length(text, schema)
  local min = schema.minLength or 0
  if #text < min then text = text .. ("x"):rep(min - #text) end
  return schema.maxLength and text:sub(1, schema.maxLength) or text
end

local function sample_text(schema, tools)
  if schema.format == "uuid" then return UUID end
  if schema.format == "date-time" then return TIME end
  if schema.format == "uri" then return "https://example.com" end
  if schema.format == "email" then return "coach@example.com" end
  if schema.pattern and tools.matches then
    for _, text in ipairs(TEXTS) do
      local fits = of_length(text, schema)
      if tools.matches(schema.pattern, fits) then return fits end
    end
  end
  return of_length("text", schema)
end

local function sample_number(schema)
  local low = schema.minimum or 1
  if low < 1 and (not schema.maximum or schema.maximum >= 1) then return 1 end
  return low
end

-- A made-up value of a schema without alternatives.
local function sample(schema, tools, depth)
  local kind = first_type(schema)
  if schema.const ~= nil then return schema.const end
  if schema.examples and schema.examples[1] ~= nil then return schema.examples[1] end
  if schema.default ~= nil then return schema.default end
  if schema.enum then return schema.enum[1] end
  if kind == "string" then return sample_text(schema, tools) end
  if kind == "integer" or kind == "number" then return sample_number(schema) end
  if kind == "boolean" then return true end
  if kind == "array" then
    local out = tools.array {}
    for i = 1, schema.minItems or 1 do out[i] = complete(nil, schema.items or {}, tools, depth + 1) end
    return out
  end
  if kind == "object" then return complete({}, schema, tools, depth) end
  if kind == "null" then return tools.null end
  return tools.in_order({}, {})
end

local function is_placeholder(text)
  return text:find("...", 1, true) or text:find "uuid" or text:find "^%a+%-%d$"
end

-- Whether a text that people wrote may stay.
local function is_text_fine(text, schema, tools)
  if schema.format == "uuid" then
    return text:find "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$" ~= nil
  end
  if schema.format == "date-time" then return text:find "^%d%d%d%d%-%d%d%-%d%dT%d%d:%d%d:%d%d.*Z$" ~= nil end
  if schema.pattern and tools.matches then return tools.matches(schema.pattern, text) end
  return not (is_placeholder(text) and schema.enum)
end

-- How well a value goes with one of several schemas: fields that the schema has, less those that contradict it.
local function likeness(value, schema, tools)
  local kind, is_array = first_type(schema), tools.is_array(value)
  if value == tools.null then return kind == "null" and 1 or -1 end
  if type(value) ~= "table" then
    local is = ({ string = "string", boolean = "boolean", number = "number" })[type(value)]
    return (kind == is or is == "number" and kind == "integer") and 1 or -1
  end
  if (kind == "array") ~= is_array then return -1 end
  local score = 0
  for name, inner in pairs(schema.properties or {}) do
    local given = value[name]
    if given ~= nil then score = score + 1 end
    local only = inner.const ~= nil and { inner.const } or inner.enum
    if given ~= nil and only then
      local fits = false
      for _, one in ipairs(only) do fits = fits or one == given end
      if not fits then score = score - 100 end
    end
  end
  for _, name in ipairs(schema.required or {}) do
    if value[name] == nil then score = score - 0.5 end
  end
  for name in pairs(value) do
    if schema.properties and not schema.properties[name] then score = score - 1 end
  end
  return score
end

local function best(value, alternatives, tools)
  if value == nil then return alternatives[1] end
  local found, score
  for _, one in ipairs(alternatives) do
    local inner = one.anyOf or one.oneOf
    local is = likeness(value, inner and best(value, inner, tools) or one, tools)
    if not score or is > score then found, score = one, is end
  end
  return found
end

-- The fields in the schema's order, then those that it does not name.
local function names_of(value, schema, tools)
  local list, seen = {}, {}
  for _, name in ipairs(schema.properties and tools.order_of(schema.properties) or {}) do
    if value[name] ~= nil then list[#list + 1], seen[name] = name, true end
  end
  local rest = {}
  for name in pairs(value) do
    if not seen[name] then rest[#rest + 1] = name end
  end
  table.sort(rest)
  for _, name in ipairs(rest) do list[#list + 1] = name end
  return list
end

local function complete_object(value, schema, tools, depth)
  local out = {}
  for name, inner in pairs(value) do
    out[name] = complete(inner, schema.properties and schema.properties[name] or {}, tools, depth + 1)
  end
  for _, name in ipairs(schema.required or {}) do
    if out[name] == nil then out[name] = complete(nil, schema.properties[name] or {}, tools, depth + 1) end
  end
  return tools.in_order(out, names_of(out, schema, tools))
end

local function complete_array(value, schema, tools, depth)
  local out = tools.array {}
  for i, item in ipairs(value) do out[i] = complete(item, schema.items or {}, tools, depth + 1) end
  return out
end

function complete(value, schema, tools, depth)
  if depth > DEPTH then return tools.null end
  local alternatives = schema.oneOf or schema.anyOf
  if alternatives then return complete(value, best(value, alternatives, tools), tools, depth + 1) end
  if value == nil then return sample(schema, tools, depth) end
  if value == tools.null then return value end
  if type(value) == "string" then
    if is_text_fine(value, schema, tools) then return value end
    return sample(schema, tools, depth)
  end
  if type(value) ~= "table" then return value end
  if tools.is_array(value) then return complete_array(value, schema, tools, depth) end
  return complete_object(value, schema, tools, depth)
end

--- A value as a valid example of a schema: what people wrote, with placeholders and missing fields put in.  value: nil
--- makes one up.  tools: is_array(t), array(t), in_order(t, names), order_of(t) (names, or nil), null, and optionally
--- matches(pattern, text).
function M.complete(value, schema, tools) return complete(value, schema, tools, 1) end

return M
