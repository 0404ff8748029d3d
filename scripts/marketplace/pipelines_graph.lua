-- scripts/marketplace/pipelines_graph.lua -- whether the steps of a template depend on each other as they may: names
-- are unique, dependencies are there, none leads in a circle, and what an input refers to comes before.

local fail = require "human.fail"
local json = require "human.json"
local references = require "marketplace.pipelines_references"
local rules = require "marketplace.rules.pipelines"

local M = {}

local function wrong(path, message)
  fail.throw("validation_error", { message = path .. " " .. message, details = { { path = path, message = message } } })
end

local function by_name(steps)
  local found = {}
  for i, step in ipairs(steps) do
    if found[step.name] then wrong(("steps[%d].name"):format(i - 1), "is the name of another step: " .. step.name) end
    found[step.name] = step
  end
  return found
end

local function check_dependencies(steps, named)
  for i, step in ipairs(steps) do
    local seen = {}
    for j, name in ipairs(step.depends_on) do
      local path = ("steps[%d].depends_on[%d]"):format(i - 1, j - 1)
      if seen[name] then wrong(path, "is there twice: " .. name) end
      seen[name] = true
      if not named[name] then
        local message = ("%s: there is no step %s"):format(path, name)
        fail.throw("unknown_dependency", { message = message, details = { { path = path, message = message } } })
      end
    end
  end
end

-- Walks from a step to what it depends on; fails with the circle when it comes back to one that it is on the way from.
local function walk(step, named, trail)
  if step.is_seen then return end
  trail[#trail + 1] = step.name
  if trail[step.name] then
    local circle = { unpack(trail, trail[step.name]) }
    fail.throw("cycle_detected", { message = "Steps depend on each other in a circle: "
      .. table.concat(circle, " -> ") })
  end
  trail[step.name] = #trail
  for _, name in ipairs(step.depends_on) do walk(named[name], named, trail) end
  trail[step.name], trail[#trail] = nil, nil
  step.is_seen, step.before = true, {}
  for _, name in ipairs(step.depends_on) do
    step.before[name] = true
    for earlier in pairs(named[name].before) do step.before[earlier] = true end
  end
end

local function check_references(steps)
  for i, step in ipairs(steps) do
    local path, n = ("steps[%d].config.input"):format(i - 1), 0
    local input = step.config and step.config.input
    local at, why = references.each(input and json.decode(input), path, function(reference)
      n = n + 1
      if n > rules.references then return ("has more than %d references"):format(rules.references) end
      if reference.step and not step.before[reference.step] then
        return ("refers to %s, which is no step that this one depends on"):format(reference.step)
      end
    end)
    if at then wrong(at, why) end
  end
end

--- Refuses steps that cannot be run: {{name, depends_on, config = {input (JSON, or nil)} or nil}, ..}.
function M.check(steps)
  local named = by_name(steps)
  check_dependencies(steps, named)
  for _, step in ipairs(steps) do walk(step, named, {}) end
  check_references(steps)
  for _, step in ipairs(steps) do step.is_seen, step.before = nil, nil end
end

return M
