-- rocks/jsonschema/applicators.lua -- keywords that apply other schemas, to the same value or to parts of it.
-- Functions as in assertions.lua.  c.node(c, location) is the compiled schema there; its `run` is set once all
-- schemas are compiled.

local assertions = require "jsonschema.assertions"
local evaluation = require "jsonschema.evaluation"
local uri = require "jsonschema.uri"

local M = {}

local fail, quoted, child = evaluation.fail, evaluation.quoted, evaluation.child
local quietly, forget, merge = evaluation.quietly, evaluation.forget, evaluation.merge

local function below(c, schema, location, ...)
  local pointer = location.pointer
  for i = 1, select("#", ...) do pointer = pointer .. "/" .. uri.escape(tostring((select(i, ...)))) end
  local known = c.registry.located[schema]
  return c.node(c, known or { schema = schema, resource = location.resource, pointer = pointer })
end

local function charge(state, work)
  state.work = state.work - work
  if state.work < 0 then error(state, 0) end
end

-- References --------------------------------------------------------------------------------------------

M["$ref"] = function(c, _, reference, _, resource)
  local node = c.node(c, (c.resolve(c, resource, reference)))
  return function(value, state, seen) return node.run(value, state, seen) end
end

-- The outermost resource of the dynamic scope that has the anchor wins.
M["$dynamicRef"] = function(c, _, reference, _, resource)
  local location, anchor = c.resolve(c, resource, reference)
  local node = c.node(c, location)
  if not anchor then return function(value, state, seen) return node.run(value, state, seen) end end
  return function(value, state, seen)
    local target, scope = node, state.scope
    while scope do
      local found = scope.resource.dynamic[anchor]
      if found then target = found.node end
      scope = scope.up
      charge(state, 1)
    end
    return target.run(value, state, seen)
  end
end

-- Logic -------------------------------------------------------------------------------------------------

local function nodes_of(c, list, location, keyword)
  local nodes = {}
  for i, each in ipairs(list) do nodes[i] = below(c, each, location, keyword, i - 1) end
  return nodes
end

function M.allOf(c, _, list, _, _, location)
  local nodes = nodes_of(c, list, location, "allOf")
  return function(value, state, seen)
    local ok = true
    for i = 1, #nodes do
      if not nodes[i].run(value, state, seen) then
        ok = false
        if not state.errors then return false end
      end
    end
    return ok
  end
end

-- The first two nodes that match; it stops after `enough` of them.  Their evaluations count.
local function matching(nodes, value, state, seen, enough)
  local n, first, second = 0, nil, nil
  for i = 1, #nodes do
    local mine = seen and {}
    if nodes[i].run(value, state, mine) then
      if seen then merge(seen, mine) end
      n = n + 1
      if n == 1 then first = i elseif n == 2 then second = i end
      if n >= enough then break end
    end
  end
  return first, second
end

function M.anyOf(c, _, list, where, _, location)
  local nodes = nodes_of(c, list, location, "anyOf")
  return function(value, state, seen)
    local n = state.errors and #state.errors
    local found = matching(nodes, value, state, seen, seen and math.huge or 1)
    if not found then return fail(state, where, "anyOf", "matches none of the alternatives") end
    forget(state, n)
    return true
  end
end

function M.oneOf(c, _, list, where, _, location)
  local nodes = nodes_of(c, list, location, "oneOf")
  return function(value, state, seen)
    local n = state.errors and #state.errors
    local first, second = matching(nodes, value, state, seen, 2)
    if not first then return fail(state, where, "oneOf", "matches none of the alternatives") end
    forget(state, n)
    if not second then return true end
    return fail(state, where, "oneOf", ("matches more than one alternative: %d and %d"):format(first - 1, second - 1))
  end
end

M["not"] = function(c, _, schema, where, _, location)
  local node = below(c, schema, location, "not")
  return function(value, state)
    if not quietly(node, value, state) then return true end
    return fail(state, where, "not", "matches what it must not")
  end
end

M["if"] = function(c, schema, condition, _, _, location)
  local yes = schema["then"] ~= nil and below(c, schema["then"], location, "then")
  local no = schema["else"] ~= nil and below(c, schema["else"], location, "else")
  local node = below(c, condition, location, "if")
  return function(value, state, seen)
    if not (yes or no or seen) then return true end
    local mine = seen and {}
    local matches = quietly(node, value, state, mine)
    if matches and seen then merge(seen, mine) end
    local branch
    if matches then branch = yes else branch = no end
    return not branch or branch.run(value, state, seen)
  end
end

function M.dependentSchemas(c, _, map, _, _, location)
  local nodes, type_of = {}, c.values.type_of
  for name, each in pairs(map) do
    nodes[#nodes + 1] = { name = name, node = below(c, each, location, "dependentSchemas", name) }
  end
  table.sort(nodes, function(a, b) return a.name < b.name end)
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "object" then return true end
    local ok = true
    charge(state, #nodes)
    for _, each in ipairs(nodes) do
      if value[each.name] ~= nil and not each.node.run(value, state, seen) then ok = false end
    end
    return ok
  end
end

-- Objects -----------------------------------------------------------------------------------------------

-- A part that no other keyword covers: an error of the schema `false` is reported at its parent, not within it.
local function leftover(node, value, state, key, where, keyword)
  if not node.never then return child(node, value, state, key) end
  if type(key) == "number" then return fail(state, where, keyword, ("has an unexpected item at %d"):format(key)) end
  return fail(state, where, keyword, "has the unexpected property " .. quoted(key))
end

local function declared_of(c, schema, location)
  local declared = {}
  for name, each in pairs(schema.properties or {}) do
    declared[#declared + 1] = { name = name, node = below(c, each, location, "properties", name) }
  end
  table.sort(declared, function(a, b) return a.name < b.name end)
  return declared
end

local function patterns_of(c, schema, where, location)
  local patterns = {}
  for text, each in pairs(schema.patternProperties or {}) do
    patterns[#patterns + 1] = { text = text, node = below(c, each, location, "patternProperties", text),
                                regex = assertions.regex(c, text, where, "patternProperties") }
  end
  table.sort(patterns, function(a, b) return a.text < b.text end)
  return patterns
end

-- The properties of an object beyond the declared ones.
local function others(value, state, seen, names, patterns, additional, where)
  local ok = true
  for name, each in evaluation.names(value, state) do
    charge(state, 1)
    local matched = names[name]
    for i = 1, #patterns do
      if patterns[i].regex:test(name, state) then
        matched = true
        if not child(patterns[i].node, each, state, name) then ok = false end
      end
    end
    if not matched and additional then
      matched = true
      if not leftover(additional, each, state, name, where, "additionalProperties") then ok = false end
    end
    if matched and seen then seen.names[name] = true end
    if not ok and not state.errors then return false end
  end
  return ok
end

--- properties, patternProperties and additionalProperties together.
function M.objects(c, schema, where, location)
  local declared, patterns = declared_of(c, schema, location), patterns_of(c, schema, where, location)
  local rest = schema.additionalProperties
  local additional = rest ~= nil and below(c, rest, location, "additionalProperties") or nil
  local names, type_of = {}, c.values.type_of
  for _, each in ipairs(declared) do names[each.name] = true end
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "object" then return true end
    local ok = true
    if seen then seen.names = seen.names or {} end
    charge(state, #declared)
    for i = 1, #declared do
      local name = declared[i].name
      local each = value[name]
      if each ~= nil then
        if seen then seen.names[name] = true end
        if not child(declared[i].node, each, state, name) then
          if not state.errors then return false end
          ok = false
        end
      end
    end
    if not additional and #patterns == 0 then return ok end
    return others(value, state, seen, names, patterns, additional, where) and ok
  end
end

function M.propertyNames(c, _, schema, _, _, location)
  local node, type_of = below(c, schema, location, "propertyNames"), c.values.type_of
  return function(value, state)
    if type(value) ~= "table" or type_of(value) ~= "object" then return true end
    local ok = true
    for name in evaluation.names(value, state) do
      if not child(node, name, state, name) then
        ok = false
        if not state.errors then return false end
      end
    end
    return ok
  end
end

function M.unevaluatedProperties(c, _, schema, where, _, location)
  local node, type_of = below(c, schema, location, "unevaluatedProperties"), c.values.type_of
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "object" or seen.all_names then return true end
    local ok, names = true, seen.names or {}
    for name, each in evaluation.names(value, state) do
      charge(state, 1)
      if not names[name] then
        if not leftover(node, each, state, name, where, "unevaluatedProperties") then ok = false end
        if not ok and not state.errors then return false end
      end
    end
    seen.all_names = true
    return ok
  end
end

-- Arrays ------------------------------------------------------------------------------------------------

local function run_items(node, value, state, from, where)
  local ok = true
  for i = from, #value do
    if not leftover(node, value[i], state, i - 1, where, "items") then
      ok = false
      if not state.errors then return false end
    end
  end
  return ok
end

--- prefixItems and items together.
function M.arrays(c, schema, where, location)
  local prefix = nodes_of(c, schema.prefixItems or {}, location, "prefixItems")
  local rest = schema.items ~= nil and below(c, schema.items, location, "items") or nil
  local type_of = c.values.type_of
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "array" then return true end
    local ok = true
    for i = 1, math.min(#prefix, #value) do
      if not child(prefix[i], value[i], state, i - 1) then
        ok = false
        if not state.errors then return false end
      end
    end
    if seen then seen.upto = math.max(seen.upto or 0, rest and #value or math.min(#prefix, #value)) end
    if not rest then return ok end
    return run_items(rest, value, state, #prefix + 1, where) and ok
  end
end

function M.contains(c, schema, wanted, where, resource, location)
  local node, type_of = below(c, wanted, location, "contains"), c.values.type_of
  local validation = resource.vocabulary.validation
  local min, max = validation and schema.minContains or 1, validation and schema.maxContains or math.huge
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "array" then return true end
    local n = 0
    for i = 1, #value do
      if quietly(node, value[i], state) then
        n = n + 1
        if seen then
          seen.items = seen.items or {}
          seen.items[i] = true
        elseif n >= min and max == math.huge or n > max then
          break
        end
      end
    end
    local few = min == 1 and "contains" or "minContains"
    if n < min then return fail(state, where, few, "has too few matching items") end
    if n > max then return fail(state, where, "maxContains", "has too many matching items") end
    return true
  end
end

function M.unevaluatedItems(c, _, schema, where, _, location)
  local node, type_of = below(c, schema, location, "unevaluatedItems"), c.values.type_of
  return function(value, state, seen)
    if type(value) ~= "table" or type_of(value) ~= "array" then return true end
    local ok, items = true, seen.items or {}
    for i = (seen.upto or 0) + 1, #value do
      charge(state, 1)
      if not items[i] then
        if not leftover(node, value[i], state, i - 1, where, "unevaluatedItems") then ok = false end
        if not ok and not state.errors then return false end
      end
    end
    seen.upto = #value
    return ok
  end
end

return M
