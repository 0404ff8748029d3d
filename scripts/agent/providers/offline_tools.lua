-- scripts/agent/providers/offline_tools.lua -- tools called by plain words, when no language model is configured.
-- "What time is it?" asks the tool time; "run the tool NAME with {json}" runs that one.  Several in one sentence run
-- at once, and what stands after "then" runs when those before have answered.  So the whole way of a tool, approvals
-- included, can be seen without a model.  Pure.

local json = require "human.json"

local M = {}

local STEPS_MAX, SHOWN_BYTES = 50, 2000
local CLOCK = { "what time is it", "what's the time", "what is the time", "what day is it", "what date is it" }

--- Where the object of JSON ends that begins at `from`, or nil.  Linear.
function M.object_end(text, from)
  local at, depth, quoted = from, 0, false
  while at do
    local c = text:sub(at, at)
    if c == "\\" then
      at = at + 1
    elseif c == '"' then
      quoted = not quoted
    else
      depth = depth + (c == "{" and 1 or -1)
      if depth == 0 then return at end
    end
    at = text:find(quoted and '["\\]' or '[{}"]', at + 1)
  end
end

-- Arguments that begin at `at` (an optional "with" and an object), and where they end.
local function arguments_at(text, at)
  local from = text:match("^%s+with%s+(){", at) or text:match("^%s*(){", at)
  local last = from and M.object_end(text, from)
  local value = last and json.decode(text:sub(from, last))
  if type(value) ~= "table" or json.is_array(value) then return {}, at end
  return value, last + 1
end

--- What a message asks for: a list of steps, each a list of {name, arguments}.
function M.steps(text)
  local steps, at, before = {}, 1, 1
  while #steps <= STEPS_MAX do
    local first, last, name = text:find("[Tt]ool%s+`?([%l][%l%d_]*)`?", at)
    if not first then break end
    if not steps[1] or text:sub(before, first):lower():find("%f[%l]then%f[%L]") then steps[#steps + 1] = {} end
    local arguments, next_at = arguments_at(text, last + 1)
    table.insert(steps[#steps], { name = name, arguments = arguments })
    at, before = next_at, next_at
  end
  if steps[1] then return steps end
  local lower = text:lower()
  for _, words in ipairs(CLOCK) do
    if lower:find(words, 1, true) then return { { { name = "time", arguments = {} } } } end
  end
  return steps
end

local function is_offered(tools, step)
  for _, call in ipairs(step) do
    if call.name ~= "time" then return true end -- asked for by name: who has none says so
  end
  for _, tool in ipairs(tools) do
    if tool.name == "time" then return true end
  end
  return false
end

-- The last message of the person, and the messages since.
local function latest(messages)
  for i = #messages, 1, -1 do
    if messages[i].role == "user" then return messages[i].content, i end
  end
end

local function shown(text) return #text > SHOWN_BYTES and text:sub(1, SHOWN_BYTES) .. " […]" or text end

-- What the tools of the last step said.
local function report(messages, from)
  local names, lines = {}, {}
  for i = from + 1, #messages do
    local m = messages[i]
    if m.role == "assistant" then names, lines = {}, {} end
    for _, call in ipairs(m.tool_calls or {}) do names[call.id] = call.name end
    if m.role == "tool" then
      lines[#lines + 1] = ("The tool %s says: %s"):format(names[m.tool_call_id] or "?", shown(m.content or ""))
    end
  end
  return table.concat(lines, "\n")
end

--- What to do next: {calls = {{name, arguments}, ..}} or {text = what they said}; nil: the message asks for no tool.
function M.next(messages, tools)
  local text, from = latest(messages)
  if not text then return nil end
  local done = 0
  for i = from + 1, #messages do
    if messages[i].tool_calls then done = done + 1 end
  end
  local steps = M.steps(text)
  local step = steps[done + 1]
  if step and is_offered(tools, step) then return { calls = step } end
  return done > 0 and { text = report(messages, from) } or nil
end

return M
