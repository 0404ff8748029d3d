-- scripts/marketplace/agent_tools.lua -- the marketplace as tools of an agent that has an identity there
-- (marketplace.agent_identity): a short list, each carried out by the operation of a route as the agent's actor.  The
-- schemas, limits, rules and refusals are the route's own.  Who calls them is an agent's run and nobody else: the actor
-- is that of the agent whose run it is, whatever the model says.

local json = require "human.json"
local jsonschema = require "jsonschema"
local operations = require "human.operations"
local task = require "human.task"
local abilities = require "agent.abilities"
local cut = require("human.text").cut
local gateway = require "gateway.tools"
local owner = require "gateway.owner"
local identity = require "marketplace.agent_identity"
local list = require "marketplace.agent_tool_list"
local words = require "marketplace.agent_tool_words"

local M = {}

M.PREFIX = "market_"

local STANDS_FOR = { "market_key", "market_tool_key" }
local ONCE_MAX = 100
local TIMEOUT_S, WAIT_S, AGAIN_S = 290, 160, 2   -- a call whose worker died is begun anew when its lease is over
local NOBODY = "You have no actor on the marketplace, or it was stopped."
local BANNED = "actor_banned: Your actor is banned from the marketplace."

local made                                       -- name -> tool, and in their order

local function fields_of(op, names, input)
  local known = {}
  for _, name in ipairs(op.input.required or {}) do known[name] = true end
  for name in names:gmatch "%S+" do
    local schema = op.input.properties[name] or error("agent_tools: " .. op.name .. " takes no " .. name, 0)
    input.properties[name] = input.properties[name] or schema
    input.times[name] = (input.times[name] or 0) + (known[name] and 1 or 0)
  end
end

-- The schema of a tool: the fields that it takes of its routes, as these have them.
local function schema_of(def, ops)
  local input = { properties = {}, times = {} }
  for i, op in ipairs(ops) do fields_of(op, def.takes[i] or "", input) end
  local required = json.array {}
  for name, times in pairs(input.times) do
    if times > 0 and times == #ops then required[#required + 1] = name end
  end
  table.sort(required)
  return { type = "object", properties = input.properties, additionalProperties = false,
           required = required[1] and required or nil }
end

local function tool_of(def, by_route)
  local ops = {}
  for i, route in ipairs(def.routes) do
    ops[i] = by_route[route] or error("agent_tools: there is no route " .. route, 0)
  end
  local schema = def.is_many and schema_of({ takes = {} }, {}) or schema_of(def, ops)
  local validator = assert(jsonschema.compile(schema, { null = json.null, is_array = json.is_array }))
  return { name = M.PREFIX .. def.name, description = def.description, parameters = schema, risk = def.risk, def = def,
           ops = ops, validator = validator }
end

-- Made when it is first needed: routes are declared by then.
local function all()
  if made then return made end
  local by_route, tools = {}, {}
  for _, op in ipairs(operations.list "marketplace") do by_route[op.method .. " " .. op.name] = op end
  for i, def in ipairs(list) do
    local tool = tool_of(def, by_route)
    tools[i], tools[tool.name] = tool, tool
  end
  made = tools
  return made
end

-- What an operation answers; while an earlier try of the same call may still be at work, its answer is waited for.
local function performed(actor, op, arguments, once)
  local until_at = task.clock() + WAIT_S
  local key = op.method ~= "GET" and op.takes_key and once or nil
  while true do
    local answer = operations.perform(op, arguments, { actor = actor, stands_for = STANDS_FOR, key = key })
    if answer.code ~= "idempotency_in_progress" or task.clock() > until_at then return answer end
    task.sleep(AGAIN_S)
  end
end

local function carried_out(actor, tool, arguments, once)
  local def = tool.def
  if not def.is_many then
    local answer = performed(actor, tool.ops[def.pick and def.pick(arguments) or 1], arguments, once)
    return words.answer(answer, def), answer.status >= 400
  end
  local answers = {}
  for i, op in ipairs(tool.ops) do
    answers[i] = performed(actor, op, def.asks[i], once)
    if answers[i].status >= 400 then return words.answer(answers[i], def), true end
    answers[i] = json.decode(answers[i].body)
  end
  return words.material(json.encode(def.joined(answers))), false
end

--- What an agent is offered: {{name, description, parameters (JSON Schema), risk ("low": it only reads, "medium": it
--- binds the agent, "high": it spends)}, ..}; nothing where it has no identity, or does not act.  Awaits.
function M.offered(agent_id)
  if not identity.acting(agent_id) then return {} end
  local out = {}
  for i, tool in ipairs(all()) do
    out[i] = { name = tool.name, description = tool.description, parameters = tool.parameters, risk = tool.risk }
  end
  return out
end

--- Carries out a call of an agent: a text for the model, and whether it is an error.  once: at most 100 characters, the
--- same when the same call comes again: it is done once, and answered as it was.  Awaits.
function M.call(agent_id, name, arguments, once)
  local tool = all()[name]
  if not tool then return ("There is no tool %s."):format(cut(tostring(name), 80)), true end
  if type(once) ~= "string" or once == "" or #once > ONCE_MAX then
    error("agent_tools.call: once is a text of 1 to 100 characters", 2)
  end
  local ok, errors = tool.validator:validate(arguments)
  if not ok then return gateway.misfit(errors), true end
  local actor, why = identity.acting(agent_id)
  if not actor then return why and BANNED or NOBODY, true end
  return carried_out(actor, tool, arguments, once)
end

-- In chats of the agent API.
abilities.source("marketplace", { offered = M.offered, call = M.call })

-- ---- as a source of gateway.tools -------------------------------------------------------------------------------

-- A tool as gateway.tools has its tools.  Each may run again after its worker died: `once` is that of the call.
local function gateway_tool(tool)
  return {
    name = tool.name, description = tool.description, parameters = tool.parameters, risk = tool.risk,
    parallel = tool.risk == "low", repeatable = true, timeout_s = TIMEOUT_S, source = "marketplace",
    refusal = function(arguments)
      local ok, errors = tool.validator:validate(arguments)
      return not ok and gateway.misfit(errors) or nil
    end,
    subject = function() return "" end, command = function() return nil end, prefix = function() return nil end,
    fn = function(call)
      local text, is_error = M.call(call.agent_id, tool.name, call.arguments, call.id)
      if is_error then return nil, text end
      return text
    end,
  }
end

gateway.source(M.PREFIX, {
  of_agents = true,
  find = function(name, agent_id)
    local tool = all()[name]
    if not tool then return nil, ("There is no tool %s."):format(name:sub(1, 80)) end
    local actor, why = identity.acting(agent_id)
    if not actor then return nil, why and BANNED or NOBODY end
    return gateway_tool(tool)
  end,
  offered = M.offered,
  catalog = function()                           -- those of the operator's own agent
    local out = {}
    if not identity.acting(owner.get().agent_id) then return out end
    for i, tool in ipairs(all()) do
      out[i] = { name = tool.name, description = tool.description, parameters = tool.parameters, risk = tool.risk,
                 enabled = true, source = "marketplace" }
    end
    return out
  end,
})

return M
