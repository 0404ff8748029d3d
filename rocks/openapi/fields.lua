-- rocks/openapi/fields.lua -- a JSON Schema in words: the rows of a table of fields, with types and limits.

local M = {}

local DEPTH = 6                -- of nested objects that are listed
local MANY = 24                -- values of an enumeration that are listed
local QUIET = { ["^[^\\u0000]*$"] = true, ["^[^\\u0000]*[^\\u0000\\t-\\r ][^\\u0000]*$"] = true, ["^(?!0000)"] = true }

local function types(schema)
  local kind = schema.type
  if type(kind) ~= "table" then return { kind } end
  return kind
end

local function is(schema, wanted)
  for _, kind in ipairs(types(schema)) do
    if kind == wanted then return true end
  end
  return false
end

local function quoted(value, tools)
  if value == tools.null then return "null" end
  return type(value) == "string" and value or tools.encode(value)
end

--- The type of a schema, in a few words.
function M.type(schema, tools)
  local several = schema.oneOf or schema.anyOf
  if several then
    local out, seen = {}, {}
    for _, one in ipairs(several) do
      local name = M.type(one, tools)
      if not seen[name] then out[#out + 1], seen[name] = name, true end
    end
    return table.concat(out, " or ")
  end
  if schema.const ~= nil then return quoted(schema.const, tools) end
  if is(schema, "array") then
    local item = M.type(schema.items or {}, tools)
    return "array of " .. item .. (is(schema, "null") and " or null" or "")
  end
  if schema.format then
    local name = schema.format == "date-time" and "time" or schema.format
    return name .. (is(schema, "null") and " or null" or "")
  end
  local list = types(schema)
  return #list > 0 and table.concat(list, " or ") or "any"
end

local function range(low, high, unit)
  if not low and not high then return nil end
  if low == high then return ("%s%s"):format(low, unit) end
  if not low then return ("at most %s%s"):format(high, unit) end
  if not high then return ("at least %s%s"):format(low, unit) end
  return ("%s to %s%s"):format(low, high, unit)
end

local function bound(n, tools)
  if not n or n >= 2 ^ 53 - 1 or n <= -2 ^ 53 + 1 then return nil end
  return tools.encode(n)
end

local function values(schema, tools)
  if not schema.enum then return nil end
  local out = {}
  for i, value in ipairs(schema.enum) do
    if i > MANY then out[#out + 1] = ".." break end
    out[i] = quoted(value, tools)
  end
  return "one of " .. table.concat(out, ", ")
end

--- What a schema allows beyond its type: texts.
function M.limits(schema, tools)
  local out = {}
  local function add(text) if text then out[#out + 1] = text end end
  add(values(schema, tools))
  add(range(schema.minLength, schema.maxLength, " characters"))
  add(range(bound(schema.minimum, tools), bound(schema.maximum, tools), ""))
  add(range(schema.minItems, schema.maxItems, " items"))
  if schema.pattern and not QUIET[schema.pattern] and is(schema, "string") and not is(schema, "number") then
    add("matches " .. schema.pattern)
  end
  if schema.default ~= nil then add("default " .. quoted(schema.default, tools)) end
  local items = schema.items
  if items then
    for _, text in ipairs(M.limits(items, tools)) do add("each " .. text) end
  end
  return out
end

-- The name of one of several alternatives: what its constant field says.
local function label_of(schema, tools)
  for _, name in ipairs(schema.properties and tools.order_of(schema.properties) or {}) do
    local inner = schema.properties[name]
    local only = inner.const or inner.enum and #inner.enum == 1 and inner.enum[1]
    if only then return ("with %s %s"):format(name, quoted(only, tools)) end
  end
end

local rows_of

local function inner_of(schema)
  if schema.items then return inner_of(schema.items) end
  return schema
end

local function add_object(rows, schema, tools, depth)
  local required = {}
  for _, name in ipairs(schema.required or {}) do required[name] = true end
  for _, name in ipairs(schema.properties and tools.order_of(schema.properties) or {}) do
    local inner = schema.properties[name]
    rows[#rows + 1] = { name = name, type = M.type(inner, tools), required = required[name] or false, depth = depth,
                        limits = M.limits(inner, tools), description = inner.description }
    if depth < DEPTH then rows_of(rows, inner_of(inner), tools, depth + 1) end
  end
end

function rows_of(rows, schema, tools, depth)
  local several = schema.oneOf or schema.anyOf
  if not several then return add_object(rows, schema, tools, depth) end
  for _, one in ipairs(several) do
    local label = label_of(one, tools)
    if label then rows[#rows + 1] = { label = label, depth = depth } end
    rows_of(rows, inner_of(one), tools, depth)
  end
end

--- The fields of a schema, those of inner objects below their own: {{name, type, required, depth, limits, description},
--- ..}; {label, depth} begins one of several alternatives.  tools: order_of(properties) -> names, encode(value), null.
function M.rows(schema, tools)
  local rows = {}
  rows_of(rows, inner_of(schema), tools, 0)
  return rows
end

return M
