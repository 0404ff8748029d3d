-- rocks/jsonschema/registry.lua -- all known schemas, and the resolution of references.
-- A resource is a schema with its own address ($id, or a document's); anchors and JSON Pointers are looked up within
-- one.  Documents come from the caller, in a table: nothing is ever fetched.

local uri = require "jsonschema.uri"

local M = {}

local DIALECT = "https://json-schema.org/draft/2020-12/schema"
local VOCABULARY = "https://json-schema.org/draft/2020-12/vocab/"
local ALL = { core = true, applicator = true, unevaluated = true, validation = true,
              ["meta-data"] = true, ["format-annotation"] = true, content = true }
local KNOWN = { ["format-assertion"] = true }
for name in pairs(ALL) do KNOWN[name] = true end

-- Where a schema contains other schemas.
local MAPS = { "$defs", "definitions", "properties", "patternProperties", "dependentSchemas" }
local LISTS = { "allOf", "anyOf", "oneOf", "prefixItems" }
local SINGLE = { "additionalProperties", "contains", "contentSchema", "else", "if", "items", "not", "propertyNames",
                 "then", "unevaluatedItems", "unevaluatedProperties" }

--- options: schemas = {[uri] = schema}; max_depth, max_subschemas; any_dialect.
function M.new(options)
  return { options = options, resources = {}, documents = {}, located = {}, count = 0 }
end

local add_document

local function dialect_of(reg, address)
  address = address:gsub("#$", "")
  if address == DIALECT then return ALL end
  local document = reg.options.schemas[address]
  if type(document) ~= "table" then
    if reg.options.any_dialect then return ALL end
    error("$schema: the dialect " .. address:sub(1, 200) .. " is not known", 0)
  end
  local vocabularies = document["$vocabulary"]
  if type(vocabularies) ~= "table" then return ALL end
  local enabled = {}
  for name, required in pairs(vocabularies) do
    local short = name:sub(1, #VOCABULARY) == VOCABULARY and name:sub(#VOCABULARY + 1)
    if short and KNOWN[short] then enabled[short] = true
    elseif required then error("$vocabulary: " .. name:sub(1, 200) .. " is not known", 0) end
  end
  return enabled
end

local function new_resource(reg, address, schema, parent)
  if reg.resources[address] then error("two schemas have the address '" .. address:sub(1, 200) .. "'", 0) end
  local dialect = type(schema) == "table" and schema["$schema"]
  local resource = { uri = address, root = schema, anchors = {}, dynamic = {}, has_dynamic = false,
                     document = parent and parent.document or schema,
                     vocabulary = dialect and dialect_of(reg, dialect) or parent and parent.vocabulary or ALL }
  reg.resources[address] = resource
  return resource
end

local function add_anchor(resource, name, location, is_dynamic)
  if type(name) ~= "string" then return end
  if resource.anchors[name] then error("two schemas have the anchor '" .. name:sub(1, 200) .. "'", 0) end
  resource.anchors[name] = location
  if is_dynamic then resource.dynamic[name], resource.has_dynamic = location, true end
end

local walk

local function walk_inside(reg, schema, location, depth)
  for _, keyword in ipairs(MAPS) do
    local map = schema[keyword]
    for name, each in pairs(type(map) == "table" and map or {}) do
      walk(reg, each, location.resource, location.pointer .. "/" .. keyword .. "/" .. uri.escape(name), depth + 1)
    end
  end
  for _, keyword in ipairs(LISTS) do
    local list = schema[keyword]
    for i, each in ipairs(type(list) == "table" and list or {}) do
      walk(reg, each, location.resource, location.pointer .. "/" .. keyword .. "/" .. (i - 1), depth + 1)
    end
  end
  for _, keyword in ipairs(SINGLE) do
    if schema[keyword] ~= nil then
      walk(reg, schema[keyword], location.resource, location.pointer .. "/" .. keyword, depth + 1)
    end
  end
end

function walk(reg, schema, resource, pointer, depth)
  if type(schema) ~= "table" then return end
  reg.count = reg.count + 1
  if reg.count > reg.options.max_subschemas then error("there are too many schemas", 0) end
  if depth > reg.options.max_depth then error("schemas are nested too deeply", 0) end
  local id = schema["$id"]
  if type(id) == "string" and not (pointer == "" and resource.root == schema) then
    resource, pointer = new_resource(reg, (uri.resolve(resource.uri, id)), schema, resource), ""
  end
  local location = { schema = schema, resource = resource, pointer = pointer }
  reg.located[schema] = location
  add_anchor(resource, schema["$anchor"], location, false)
  add_anchor(resource, schema["$dynamicAnchor"], location, true)
  walk_inside(reg, schema, location, depth)
end

function add_document(reg, address, schema)
  reg.documents[address] = true
  local id = type(schema) == "table" and schema["$id"]
  local own = type(id) == "string" and uri.resolve(address, id) or address
  local resource = reg.resources[own] or new_resource(reg, own, schema)
  reg.resources[address] = resource
  walk(reg, schema, resource, "", 0)
  return { schema = schema, resource = resource, pointer = "" }
end

--- Adds the document of an address, and returns where its root is.
M.add = add_document

local function resource_at(reg, address)
  local resource = reg.resources[address]
  if resource then return resource end
  local document = not reg.documents[address] and reg.options.schemas[address]
  if document == nil or document == false then
    error("$ref: there is no schema at '" .. address:sub(1, 200) .. "'", 0)
  end
  return add_document(reg, address, document).resource
end

-- Follows a JSON Pointer, also into schemas with their own address.
local function follow(reg, resource, pointer)
  local value, at = resource.root, ""
  for _, name in ipairs(uri.names(pointer)) do
    local was = value
    value = type(was) == "table" and was[name]
    if value == nil and name:find "^%d+$" then value = was[tonumber(name) + 1] end
    if value == nil or type(was) ~= "table" then return nil end
    at = at .. "/" .. uri.escape(name)
    local known = reg.located[value]
    if known and known.pointer == "" then resource, at = known.resource, "" end
  end
  if type(value) ~= "table" and type(value) ~= "boolean" then return nil end
  return { schema = value, resource = resource, pointer = at }
end

--- Resolves a reference: the location, and the fragment when that is a dynamic anchor there.
function M.resolve(reg, base, reference)
  local address, fragment = uri.resolve(base.uri, reference)
  local resource = resource_at(reg, address)
  fragment = uri.decode(fragment)
  if fragment ~= "" and fragment:sub(1, 1) ~= "/" then
    local location = resource.anchors[fragment]
    if not location then error("$ref: there is no '" .. reference:sub(1, 200) .. "'", 0) end
    return location, resource.dynamic[fragment] and fragment
  end
  local location = follow(reg, resource, fragment)
  if not location then error("$ref: there is no '" .. reference:sub(1, 200) .. "'", 0) end
  return location
end

return M
