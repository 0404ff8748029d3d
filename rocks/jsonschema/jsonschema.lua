-- rocks/jsonschema/jsonschema.lua -- JSON Schema, draft 2020-12: schemas are compiled once, to functions.
-- Schemas and instances are untrusted: depth, number of schemas, size of patterns, errors, and the work of one
-- validation are limited, and a pattern takes time linear in its text.

local applicators = require "jsonschema.applicators"
local assertions = require "jsonschema.assertions"
local evaluation = require "jsonschema.evaluation"
local metaschema = require "jsonschema.metaschema"
local registry = require "jsonschema.registry"
local values = require "jsonschema.values"

local M = {}

local DIALECT = "https://json-schema.org/draft/2020-12/schema"

local DEFAULTS = {
  null = nil, is_array = function(t) return t[1] ~= nil end,
  base = "", schemas = {}, formats = "annotate", any_dialect = false,
  max_depth = 64,            -- schemas within schemas
  max_subschemas = 5000,     -- of one compilation, those of other documents included
  max_pattern_size = 50000,  -- instructions of all patterns together
  max_errors = 20,           -- that are reported
  max_work = 5000000,        -- steps of one validation
  max_evaluation_depth = 400, -- schemas that are being evaluated, one within another
}

-- Keywords in the order in which they are evaluated, each with its vocabulary.
local KEYWORDS = {
  { "validation", assertions, { "type", "const", "enum", "multipleOf", "minimum", "maximum", "exclusiveMinimum",
    "exclusiveMaximum", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems", "minProperties",
    "maxProperties", "required", "dependentRequired" } },
  { "format-annotation", assertions, { "format" } },
  { "core", applicators, { "$ref", "$dynamicRef" } },
  { "applicator", applicators, { "dependentSchemas", "propertyNames", "contains", "allOf", "anyOf", "oneOf", "not",
    "if" } },
}
local LATE = { "unevaluatedProperties", "unevaluatedItems" }

-- Compiling -------------------------------------------------------------------------------------------

local function checks_of(c, schema, resource, where, location)
  local checks = {}
  local function add(check) checks[#checks + 1] = check end
  local enabled = resource.vocabulary
  for _, group in ipairs(KEYWORDS) do
    local on = enabled[group[1]] or group[1] == "core" or group[1] == "format-annotation"
    for _, keyword in ipairs(on and group[3] or {}) do
      local value = schema[keyword]
      if value ~= nil then add(group[2][keyword](c, schema, value, where, resource, location)) end
    end
  end
  if enabled.applicator and (schema.properties or schema.patternProperties or schema.additionalProperties ~= nil) then
    add(applicators.objects(c, schema, where, location))
  end
  if enabled.applicator and (schema.prefixItems or schema.items ~= nil) then
    add(applicators.arrays(c, schema, where, location))
  end
  return checks
end

local function late_of(c, schema, resource, where, location)
  local late = {}
  for _, keyword in ipairs(resource.vocabulary.unevaluated and LATE or {}) do
    if schema[keyword] ~= nil then
      late[#late + 1] = applicators[keyword](c, schema, schema[keyword], where, resource, location)
    end
  end
  return late[1] and late
end

local function run_all(checks, value, state, seen)
  local ok = true
  for i = 1, #checks do
    if not checks[i](value, state, seen) then
      if not state.errors then return false end
      ok = false
    end
  end
  return ok
end

local function function_of(resource, checks, late)
  return function(value, state, seen)
    state.work, state.depth = state.work - 1, state.depth - 1
    if state.work < 0 or state.depth < 0 then error(state, 0) end
    local scope = state.scope
    if resource.has_dynamic and not (scope and scope.resource == resource) then
      state.scope = { resource = resource, up = scope }
    end
    local mine = late and {} or seen
    local ok = run_all(checks, value, state, mine)
    if ok and late then
      ok = run_all(late, value, state, mine)
      if ok and seen then evaluation.merge(seen, mine) end
    end
    state.scope, state.depth = scope, state.depth + 1
    return ok
  end
end

local function build(c, node)
  local location = node.location
  local schema, resource = location.schema, location.resource
  local where = resource.uri .. "#" .. location.pointer
  if schema == true then
    node.run = function() return true end
  elseif schema == false then
    node.never = true
    node.run = function(_, state)
      local errors = state.errors
      if errors then evaluation.fail(state, where, "false", "is not allowed") end
      return false
    end
  else
    node.run = function_of(resource, checks_of(c, schema, resource, where, location),
                           late_of(c, schema, resource, where, location))
  end
end

-- Everything that is compiled has passed the metaschema, so keywords have values of the right type.
local function check(c, schema)
  if c.options.trusted or c.checked[schema] or metaschema[type(schema) == "table" and schema["$id"] or 1] == schema then
    return
  end
  c.checked[schema] = true
  local ok, errors = M.checker(c.options):validate(schema)
  if ok then return end
  local first = errors[1]
  for _, each in ipairs(errors) do
    if #each.path > #first.path then first = each end -- the deepest error is the most specific
  end
  error({ message = "the schema is malformed: " .. (first.path == "" and "it" or first.path) .. " " .. first.message,
          errors = errors }, 0)
end

local function node_of(c, location)
  local resource = location.resource
  local key = resource.uri .. "#" .. location.pointer
  local node = c.nodes[key]
  if node then return node end
  check(c, resource.document)
  if type(location.schema) == "table" and not c.registry.located[location.schema] then check(c, location.schema) end
  c.count = c.count + 1
  if c.count > c.options.max_subschemas * 4 then error("there are too many schemas", 0) end
  node = { location = location, never = location.schema == false }
  c.nodes[key] = node
  c.queue[#c.queue + 1] = node
  if resource.has_dynamic and not c.entered[resource] then
    c.entered[resource] = true
    for _, target in pairs(resource.dynamic) do target.node = node_of(c, target) end
  end
  return node
end

local function compile(schema, o)
  local c = {
    options = o, values = values.of(o.null, o.is_array), registry = registry.new(o), nodes = {}, queue = {},
    checked = {}, entered = {}, patterns = {}, pattern_room = { size = o.max_pattern_size }, count = 0,
    work = o.max_work, node = node_of,
    resolve = function(c, resource, reference) return registry.resolve(c.registry, resource, reference) end,
  }
  check(c, schema)
  local root = node_of(c, registry.add(c.registry, o.base, schema))
  local done = 0
  while done < #c.queue do
    done = done + 1
    build(c, c.queue[done])
  end
  return root
end

-- Validating ------------------------------------------------------------------------------------------

local validator = {}
validator.__index = validator

local LIMIT = { path = "", schema_path = "", keyword = "limit", message = "takes too much work to check" }

local function run(self, value, errors)
  local state = evaluation.start(self.limits)
  state.errors = errors
  local ok, result = pcall(self.root.run, value, state)
  if ok then return result end
  if result == state then return nil end
  error(result, 0)
end

--- Whether a value conforms: true or false, or nil when a limit was reached before that was known.
function validator:is_valid(value) return run(self, value) end

--- true, or false and a list of errors: {path, schema_path, keyword, message}.  A limit that was reached is one
--- error with the keyword "limit".
function validator:validate(value)
  local ok = run(self, value) -- most values conform, and checking is faster without recording errors
  if ok then return true end
  local errors = {}
  if ok == nil or run(self, value, errors) == nil and #errors == 0 then return false, { LIMIT } end
  return false, errors
end

local function with_defaults(options)
  local o = {}
  for name, value in pairs(DEFAULTS) do o[name] = value end
  for name, value in pairs(options or {}) do o[name] = value end
  local given = o.schemas
  o.schemas = setmetatable({}, { __index = function(_, address)
    local schema = given[address]
    if schema == nil then schema = metaschema[address] end
    return schema
  end })
  return o
end

local function limits_of(o)
  return { max_errors = o.max_errors, max_work = o.max_work, max_depth = o.max_evaluation_depth }
end

local checkers = setmetatable({}, { __mode = "k" }) -- by is_array, then by null

--- The metaschema, compiled for the same null and arrays.
function M.checker(options)
  local by_null = checkers[options.is_array] or setmetatable({}, { __mode = "k" })
  checkers[options.is_array] = by_null
  local key = options.null == nil and by_null or options.null
  local known = by_null[key]
  if not known then
    local o = with_defaults { null = options.null, is_array = options.is_array, trusted = true }
    known = setmetatable({ root = compile({ ["$ref"] = DIALECT }, o), limits = limits_of(o) }, validator)
    by_null[key] = known
  end
  return known
end

--- A validator for a schema; or nil, a reason, and the errors when the schema itself is malformed.
--- options, all optional: null, is_array(t); base, the schema's address; schemas, {[address] = schema} that it may
--- refer to; formats, "annotate" or "assert"; any_dialect, whether another $schema is read as 2020-12; max_depth,
--- max_subschemas, max_pattern_size, max_errors, max_work, max_evaluation_depth.
function M.compile(schema, options)
  local o = with_defaults(options)
  if type(schema) ~= "table" and type(schema) ~= "boolean" then return nil, "a schema is an object or a boolean" end
  local ok, root = pcall(compile, schema, o)
  if ok then return setmetatable({ root = root, limits = limits_of(o) }, validator) end
  if type(root) == "table" and root.errors then return nil, root.message, root.errors end
  if type(root) == "table" then return nil, "takes too much work to compile" end
  return nil, root
end

return M
