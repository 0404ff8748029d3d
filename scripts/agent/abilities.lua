-- scripts/agent/abilities.lua -- what an agent can do besides speaking: sources bring it, while scripts load.
-- Whether a call of it runs is up to agent.rules.abilities; agent.calling carries it out in a turn.

local fail = require "human.fail"
local json = require "human.json"
local jsonschema = require "jsonschema"
local log = require "human.log"
local task = require "human.task"
local cut = require("human.text").cut
local rules = require "agent.rules.abilities"
local said = require "agent.said"
local texts = require "agent.texts"

local M = {}

local NAME_MAX, DESCRIPTION_MAX = 64, 2000
local RISKS = { low = true, medium = true, high = true }
local NOTHING = { type = "object", properties = {}, additionalProperties = false }
local LATE = setmetatable({}, { __tostring = function() return "it took too long" end })

M.sql = {
  set = "update agents set has_abilities = $2::boolean where id = $1 and has_abilities <> $2::boolean",
}

local sources, listed = {}, false                -- {{name, offered, call}}, as they were declared

--- Declares, while scripts load, where abilities come from.  source: offered(agent_id) -> a list of {name, description,
--- parameters (JSON Schema of an object), risk ("low": it only reads; "medium": it binds the agent; "high": it
--- spends)}; call(agent_id, name, arguments, once) -> a text for the model (or a table, sent as JSON), and true when it
--- is about a failure.  once: at most 100 characters, the same when the same call is made again because a worker died.
--- Both may await.  Only agents that were granted abilities are asked about.
function M.source(name, source)
  if listed then error("abilities.source: only while scripts are loading", 2) end
  if type(source) ~= "table" or type(source.offered) ~= "function" or type(source.call) ~= "function" then
    error("abilities.source: " .. tostring(name) .. ": needs the functions offered and call", 2)
  end
  for _, other in ipairs(sources) do
    if other.name == name then error("abilities.source: there is a source " .. name, 2) end
  end
  sources[#sources + 1] = { name = name, source = source }
end

--- Lets an agent's turns ask the sources what it can do; in the transaction of its cause.
function M.grant(tx, agent_id) tx:exec(M.sql.set, agent_id, true) end

--- Takes that away.
function M.withdraw(tx, agent_id) tx:exec(M.sql.set, agent_id, false) end

-- Runs fn(..) for at most so many seconds: true and what it returns (two values), or false and its error (LATE).
local function within(seconds, fn, ...)
  local me, args, n, done = task.current(), { ... }, select("#", ...), nil
  local child = task.spawn(function()
    done = { pcall(fn, unpack(args, 1, n)) }
    task.wake(me)
  end)
  local until_at = task.clock() + seconds
  while not done do
    local left = until_at - task.clock()
    if left <= 0 then
      task.kill(child)
      return false, LATE
    end
    task.wait(left)
  end
  return done[1], done[2], done[3]
end

-- What is wrong with an ability, or nil.
local function fault_of(one, taken)
  if type(one) ~= "table" or type(one.name) ~= "string" then return "it has no name" end
  if #one.name > NAME_MAX or not one.name:find "^%l[%l%d_]*$" then
    return ("a name is lower-case letters, digits and _, at most %d"):format(NAME_MAX)
  end
  if taken[one.name] or said.tool(one.name) then return "there is a tool of this name" end
  if type(one.description) ~= "string" or one.description == "" then return "the model needs a description" end
  if not RISKS[one.risk] then return 'risk is "low", "medium" or "high"' end
  if one.parameters ~= nil and type(one.parameters) ~= "table" then return "parameters must be a JSON Schema" end
end

local function add(list, by_name, from, offered)
  for _, one in ipairs(offered) do
    local fault = fault_of(one, by_name) or #list >= rules.offered and "there are too many"
    if fault then
      local name = type(one) == "table" and tostring(one.name) or "?"
      log.warn("ability left out", { source = from.name, ability = cut(name, NAME_MAX), why = fault })
    else
      local ability = { name = one.name, description = cut(one.description, DESCRIPTION_MAX), risk = one.risk,
                        parameters = one.parameters or NOTHING, call = from.source.call }
      list[#list + 1], by_name[one.name] = ability, ability
    end
  end
end

--- What an agent can do now: a list, and the same by name.  A source that fails has nothing.  Awaits.
function M.of(agent_id)
  listed = true
  local list, by_name = {}, {}
  for _, from in ipairs(sources) do
    local ok, offered = within(rules.offered_ms / 1000, from.source.offered, agent_id)
    if ok and type(offered) == "table" then
      add(list, by_name, from, offered)
    else
      log.warn("abilities not known", { source = from.name, agent_id = agent_id, error = tostring(offered) })
    end
  end
  return list, by_name
end

--- Why these arguments do not fit an ability, for the model; nil: they do.
function M.misfit(ability, arguments)
  local validator, why = jsonschema.compile(ability.parameters, { null = json.null, is_array = json.is_array })
  if not validator then
    log.error("ability without a schema", { ability = ability.name, error = why })
    return "It is out of order."
  end
  local ok, errors = validator:validate(arguments)
  if ok then return nil end
  local list = {}
  for i, e in ipairs(errors) do list[i] = (e.path == "" and "the arguments" or e.path) .. " " .. e.message end
  return "The arguments do not fit: " .. table.concat(list, "; ") .. "."
end

-- A result as text that the database and models take, and its bytes before it was cut.
local function shown(value)
  local text = value
  if type(value) ~= "string" then
    local ok, encoded = pcall(json.encode, value == nil and json.null or value)
    text = ok and encoded or "It returned nothing that can be shown."
  end
  local bytes, most = #text, rules.result_bytes
  text = texts.valid(cut(text, most * 2))
  if bytes <= most and #text <= most then return text, bytes end
  local note = ("\n[cut: it has %d bytes in all]"):format(bytes)
  return cut(text, most - #note) .. note, bytes
end

local function failed(ability, seconds, err)
  if err == LATE then
    return ("It took longer than %g seconds and was ended: it may or may not have happened."):format(seconds)
  end
  if tostring(err) == "canceled" then error(err, 0) end -- with its worker: whoever takes over makes the call again
  if fail.is(err) then return "It failed: " .. tostring(err.message) end
  log.error("ability failed", { ability = ability.name, error = tostring(err) })
  return "It failed."
end

--- Carries out a call, in at most so many seconds.  Returns "done" or "failed", the result for the model, and how many
--- bytes it had.  Awaits.
function M.call(agent_id, ability, arguments, once, seconds)
  local ok, value, is_error = within(seconds, ability.call, agent_id, ability.name, arguments, once)
  if not ok then return "failed", shown(failed(ability, seconds, value)) end
  return is_error and "failed" or "done", shown(value)
end

return M
