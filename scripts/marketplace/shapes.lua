-- scripts/marketplace/shapes.lua -- what goes in and comes out of work, as listings say it: JSON Schema, or shorthand,
-- {"company_name": "string", "competitors": "string[]", "note": "string?"}, where what does not end in "?" is required.

local fail = require "human.fail"
local json = require "human.json"
local jsonschema = require "jsonschema"

local M = {}

local LIMITS = { null = json.null, is_array = json.is_array, max_depth = 32, max_subschemas = 500, max_work = 500000 }
local WORDS = { string = true, number = true, integer = true, boolean = true, object = true, array = true, any = true }
local LISTS_MAX = 8                              -- of lists of lists

-- The schema of a word such as "string[][]", and whether it may be missing; nil: it is none.
local function of_word(word)
  if type(word) ~= "string" then return nil end
  local base, lists, mark = word:match "^(%l+)([%[%]]*)(%??)$"
  if not base or not WORDS[base] or lists:gsub("%[%]", "") ~= "" or #lists > 2 * LISTS_MAX then return nil end
  local schema = base ~= "any" and { type = base } or {}
  for _ = 1, #lists / 2 do schema = { type = "array", items = schema } end
  return schema, mark == "?"
end

local function is_only_type(schema)
  return type(schema.type) == "string" and next(schema, "type") == nil and next(schema) == "type"
end

-- What a shorthand stands for; nil: it is JSON Schema.
local function expanded(schema)
  if next(schema) == nil or is_only_type(schema) then return nil end
  local properties, required = {}, json.array {}
  for name, word in pairs(schema) do
    local each, is_optional = of_word(word)
    if not each then return nil end
    properties[name] = each
    if not is_optional then required[#required + 1] = name end
  end
  table.sort(required)
  return { type = "object", properties = properties, required = required }
end

local function compile(text)
  local schema = json.decode(text)
  if type(schema) ~= "table" or json.is_array(schema) then return nil, "must be an object" end
  return jsonschema.compile(expanded(schema) or schema, LIMITS)
end

--- Refuses a value (JSON, or nil) that is no object, with the name of its field.
function M.must_be_object(text, field)
  if text == nil or text == json.null or text:find "^%s*{" then return end
  fail.throw("validation_error", { details = { { path = field, message = "must be an object" } } })
end

--- Refuses a schema that is none, with the name of its field; text: JSON, or nil.
function M.must_be_valid(text, field)
  if text == nil or text == json.null then return end
  local validator, why = compile(text)
  if not validator then
    fail.throw("invalid_schema", { details = { { path = field, message = why } } })
  end
end

--- The schema (JSON, or nil: anything) of an object as a table, for those who show it to others.
function M.object_schema(text)
  local schema = text and json.decode(text) or {}
  schema = expanded(schema) or schema
  schema.type, schema.properties = "object", schema.properties or {}
  return schema
end

local function path_of(field, pointer)
  return field .. pointer:gsub("/(%d+)", "[%1]"):gsub("/", ".")
end

--- Whether a schema (JSON) allows a value (JSON, or nil: an empty object): true; or false and {{path, message}, ..}.
function M.verdict(schema_text, value_text, field)
  local validator, why = compile(schema_text)
  if not validator then error("a schema that was accepted is none: " .. tostring(why), 0) end
  local ok, errors = validator:validate(json.decode(value_text or "{}"))
  if ok then return true end
  local details = {}
  for i, e in ipairs(errors) do details[i] = { path = path_of(field, e.path), message = e.message } end
  return false, details
end

--- Refuses a value (JSON) that a schema (JSON, or nil: anything) does not allow, with the code and what is wrong.
function M.check(code, schema_text, value_text, field)
  if not schema_text then return end
  local ok, details = M.verdict(schema_text, value_text, field)
  if not ok then fail.throw(code, { details = details }) end
end

return M
