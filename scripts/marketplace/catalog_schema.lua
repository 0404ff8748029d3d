-- scripts/marketplace/catalog_schema.lua -- schemas of an OpenAPI document as JSON Schema that stands by itself: what
-- they refer to is in $defs, so that they may go in circles.  A schema that cannot be is refused by `skip`.

local json = require "human.json"
local text = require "human.text"
local rules = require "marketplace.rules.catalog"

local M = {}

local TEXT_MAX = 300

local function set(names)
  local out = {}
  for name in names:gmatch "%S+" do out[name] = true end
  return out
end

-- Keywords by what they hold; others are left out.
local MAPS, LISTS = set "properties patternProperties dependentSchemas", set "allOf anyOf oneOf prefixItems"
local ONE = set [[items additionalProperties not if then else contains propertyNames unevaluatedProperties
  unevaluatedItems]]
local PLAIN = set [[type enum const default format pattern minimum maximum exclusiveMinimum exclusiveMaximum multipleOf
  minLength maxLength minItems maxItems uniqueItems minProperties maxProperties minContains maxContains required
  dependentRequired]]

local function unescaped(part)
  part = part:gsub("%%(%x%x)", function(hex) return string.char(tonumber(hex, 16)) end)
  return (part:gsub("~1", "/"):gsub("~0", "~"))
end

--- What a reference within the document leads to.
function M.at(ctx, ref)
  if type(ref) ~= "string" then ctx.skip "has a reference that is none" end
  if ref:sub(1, 1) ~= "#" then
    ctx.skip("refers to another document, which is not fetched: " .. text.cut(ref, 100))
  end
  local at = ctx.document
  for part in ref:sub(2):gmatch "/([^/]*)" do
    local name = unescaped(part)
    if type(at) ~= "table" then at = nil break end
    if json.is_array(at) then at = at[(tonumber(name) or -1) + 1] else at = at[name] end
  end
  if at == nil then ctx.skip("refers to what is not there: " .. text.cut(ref, 100)) end
  return at
end

--- A value of the document, with the references followed that it is.
function M.resolved(ctx, node)
  for _ = 1, rules.references do
    if type(node) ~= "table" or node["$ref"] == nil then return node end
    node = M.at(ctx, node["$ref"])
  end
  ctx.skip "has references that go in a circle"
end

-- The name in $defs of what a reference leads to.
local function name_of(ctx, ref)
  local known = ctx.names[ref]
  if known then return known end
  M.resolved(ctx, M.at(ctx, ref))                 -- not a circle of references alone
  local base = text.cut((ref:match "^.*/(.*)$" or ""):gsub("[^%w_-]", "_"), 60)
  local name, n = base, 1
  while name == "" or ctx.taken[name] do
    n = n + 1
    name = base .. "_" .. n
  end
  ctx.names[ref], ctx.taken[name] = name, true
  ctx.waiting[#ctx.waiting + 1] = { name = name, ref = ref }
  return name
end

-- OpenAPI 3.0 has its own words for null and for limits that are not reached.
local function from_30(node, out)
  for _, side in ipairs { "Minimum", "Maximum" } do
    local name, limit = "exclusive" .. side, side:lower()
    if node[name] == true then out[name], out[limit] = out[limit], nil
    elseif node[name] == false then out[name] = nil end
  end
  if node.nullable ~= true then return end
  if type(out.type) == "string" then out.type = json.array { out.type, "null" } end
  if type(out.enum) == "table" then
    local values = json.array { unpack(out.enum) }
    values[#values + 1] = json.null
    out.enum = values
  end
end

-- What an answer alone has is not asked for.
local function without_read_only(node, out)
  if type(out.required) ~= "table" or type(node.properties) ~= "table" then return end
  local required = json.array {}
  for _, name in ipairs(out.required) do
    local property = node.properties[name]
    if not (type(property) == "table" and property.readOnly == true) then required[#required + 1] = name end
  end
  out.required = required
end

local converted

local function each(ctx, node, depth)
  local out = json.is_array(node) and json.array {} or {}
  for name, part in pairs(node) do out[name] = converted(ctx, part, depth) end
  return out
end

local function keyword(ctx, name, value, depth)
  if PLAIN[name] then return value end
  if name == "description" or name == "title" then
    return type(value) == "string" and text.cut(value, TEXT_MAX) or nil
  end
  if name == "$ref" then return "#/$defs/" .. name_of(ctx, value) end
  if ONE[name] then return converted(ctx, value, depth + 1) end
  if not (MAPS[name] or LISTS[name]) then return nil end
  if type(value) ~= "table" then ctx.skip("has a schema whose " .. name .. " is none") end
  return each(ctx, value, depth + 1)
end

function converted(ctx, node, depth)
  if type(node) == "boolean" then return node end
  if type(node) ~= "table" or json.is_array(node) then ctx.skip "has a schema that is none" end
  ctx.parts = ctx.parts + 1
  if ctx.parts > rules.schema_parts then ctx.skip(("has an input of more than %d parts"):format(rules.schema_parts)) end
  if depth > rules.schema_depth then ctx.skip(("has an input of more than %d levels"):format(rules.schema_depth)) end
  if node["$dynamicRef"] then ctx.skip "has a $dynamicRef" end
  if ctx.is_30 and node["$ref"] then return { ["$ref"] = keyword(ctx, "$ref", node["$ref"], depth) } end
  local out = {}
  for name, value in pairs(node) do out[name] = keyword(ctx, name, value, depth) end
  if ctx.is_30 then from_30(node, out) end
  without_read_only(node, out)
  return out
end

--- Begins the schema of an operation's input.  skip(why) ends it.
function M.begin(document, is_30, skip)
  return { document = document, is_30 = is_30, skip = skip, parts = 0, names = {}, taken = {}, waiting = {} }
end

--- A schema of the document, as a part of it.
function M.part(ctx, node) return converted(ctx, node, 0) end

--- What the parts refer to; nil: nothing.
function M.definitions(ctx)
  local defs, i = {}, 1
  while ctx.waiting[i] do
    local next_one = ctx.waiting[i]
    defs[next_one.name] = converted(ctx, M.at(ctx, next_one.ref), 0)
    i = i + 1
  end
  return i > 1 and defs or nil
end

return M
