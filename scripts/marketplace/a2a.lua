-- scripts/marketplace/a2a.lua -- the marketplace over A2A 1.0 (JSON-RPC): a message to an agent buys what it sells, one
-- to the platform is carried out by the route that it names.  What is bought is a task; whatever changes something is
-- done by the routes themselves, with their limits, rules and repeats (a message's id is its Idempotency-Key).

local crypto = require "human.crypto"
local ids = require "human.id"
local json = require "human.json"
local jsonrpc = require "jsonrpc"
local operations = require "human.operations"
local task = require "human.task"
local time = require "human.time"
local approvals = require "marketplace.approvals"
local cards = require "marketplace.a2a_cards"
local errors = require "marketplace.a2a_errors"
local requests = require "marketplace.a2a_requests"
local rules = require "marketplace.rules.a2a"
local stream = require "marketplace.a2a_stream"
local tasks = require "marketplace.a2a_tasks"

local M = {}

local ID_BYTES, LOOK_S = 256, 0.5

M.wait_s = 20                                    -- that SendMessage waits for its task
local CODEC = jsonrpc.new { null = json.null, array = json.array, is_array = json.is_array }

local by_path

-- The operation of a route.
local function route(path)
  if not by_path then
    by_path = {}
    for _, op in ipairs(operations.list "marketplace") do
      if op.method == "POST" then by_path[op.name] = op end
    end
  end
  return by_path[path]
end

-- Carries a message out by a route.  Returns the answer, JSON; or nil and an error.  other(made) (optional): the error
-- of some refusals.
local function carry_out(caller, op, input, message, other)
  local key = op.takes_key and "a2a-" .. crypto.sha256_hex(message.messageId) or nil
  local made = operations.call(caller.ctx, op, input, { token = caller.token, key = key })
  if made.status >= 400 then return nil, other and other(made) or errors.refusal(made) end
  return made.body ~= "" and made.body or "{}"
end

local function shown(caller, id, o)
  local t = tasks.find(caller.actor.id, id, caller.agent_id)
  if not t then return nil, errors.special "task_not_found" end
  return { task = tasks.shown(t, caller.actor.id, o) }, nil, t
end

local function history_of(params)
  local o = params.configuration
  return requests.is_object(o) and o.historyLength or nil
end

-- Messages ----------------------------------------------------------------------------------------------------------

-- A message without a task, to the platform: the verb that it names.
local function to_platform(caller, params, said)
  local skill, message = requests.skill(params), params.message
  if not skill and not said.data and said.text then skill, said.data = "listings-search", { query = said.text } end
  local verb = skill and cards.verb(caller.actor, skill)
  if not verb then return nil, errors.wrong("params.message.metadata.skillId", "must name a skill of the card") end
  local answer, failure = carry_out(caller, verb.operation, said.data or {}, message)
  if not answer then return nil, failure end
  local value = json.decode(answer)
  local made = verb.operation.method == "POST" and requests.is_object(value) and value.transaction_id
  if made and tasks.find(caller.actor.id, made) then
    return shown(caller, made, { history = history_of(params), answer = json.raw(answer) })
  end
  return { message = { messageId = ids.new(), contextId = requests.text(message.contextId), role = "ROLE_AGENT",
    parts = json.array { { data = json.raw(answer), mediaType = "application/json" } } } }
end

-- The listing that a message to an agent is for: the one that it names, or the only one.
local function skill_of(caller, params)
  local skill, list = requests.skill(params), cards.skills(caller.agent_id)
  if not skill and #list == 1 then return list[1].id end
  for _, listing in ipairs(list) do
    if listing.id == skill then return skill end
  end
  return nil, errors.wrong("params.message.metadata.skillId", "must name a skill of the card")
end

-- The id of what a message has bought; or nil and an error.  Where the people of an agent had to be asked, the same
-- message is answered with what has come of that.
local function bought(caller, input, message)
  local waits
  local answer, failure = carry_out(caller, route "/transactions-create", input, message, function(made)
    waits = made.code == "approval_required" and json.decode(made.body).approval_message_id
  end)
  local id = waits and approvals.made_by(waits, caller.actor.id) or answer and json.decode(answer).transaction_id
  return id, not id and failure or nil, answer
end

-- A message without a task, to an agent: what it sells is bought.
local function to_agent(caller, params, said)
  local message = params.message
  local listing_id, why = skill_of(caller, params)
  if not listing_id then return nil, why end
  local input = said.data or {}
  if said.text and input.text == nil then input.text = said.text end
  local parent = message.referenceTaskIds and message.referenceTaskIds[1]
  if parent ~= nil and not tasks.find(caller.actor.id, parent) then return nil, errors.special "task_not_found" end
  local made, failure, answer = bought(caller,
    { listing_id = listing_id, parent_transaction_id = parent, input_data = input }, message)
  if not made then return nil, failure end
  tasks.begun(made, requests.text(message.contextId) or ids.new(), message.messageId)
  return shown(caller, made, { history = history_of(params), answer = answer and json.raw(answer) })
end

local function input_of(path, t, said)
  if path == "/messages-send" then
    return { channel_id = tasks.channel(t), body = said.text or json.encode(said.data) }
  end
  return { transaction_id = t.id, note = path:find "revision" and (said.data.note or said.text) or nil }
end

-- What a task's state does not let this side do.
local function not_now(made)
  if made.code == "invalid_state" or made.code == "forbidden" then
    return errors.special("unsupported", "The task is in no state for this action of yours")
  end
end

-- A message to a task: what its state lets its parties do, or a word to the other side.
local function to_task(caller, params, said)
  local message = params.message
  local t = tasks.find(caller.actor.id, message.taskId, caller.agent_id)
  if not t then return nil, errors.special "task_not_found" end
  local context = requests.text(message.contextId)
  if context and context ~= t.context_id then
    return nil, errors.wrong("params.message.contextId", "must be that of the task")
  end
  local step = rules.step { ends = tasks.state(t, caller.actor.id).ends, action = said.data and said.data.action }
  if step.refusal == "ended" then return nil, errors.special("unsupported", "The task has ended") end
  if step.refusal then return nil, errors.wrong("params.message.parts", "data.action must be pay, accept or revise") end
  local answer, failure = carry_out(caller, route(step.route), input_of(step.route, t, said), message, not_now)
  if not answer then return nil, failure end
  return shown(caller, t.id, { history = history_of(params), answer = json.raw(answer) })
end

-- Carries a message out: the result, nil and an error; and the row of its task.
local function send(caller, params)
  local unmet = requests.unmet(params)
  if unmet then return nil, unmet end
  local said, why = requests.said(params.message)
  if not said then return nil, why end
  if requests.text(params.message.taskId) then return to_task(caller, params, said) end
  return (caller.agent_id and to_agent or to_platform)(caller, params, said)
end

--- Waits until a task has ended or needs its client, for M.wait_s at most, and no longer than the client is there.
function M.wait(caller, id)
  caller.ctx:end_with_client()
  for _ = 1, M.wait_s / LOOK_S do
    local is = tasks.state(tasks.find(caller.actor.id, id), caller.actor.id)
    if is.ends or is.waits then return end
    task.sleep(LOOK_S)
  end
end

-- Methods -----------------------------------------------------------------------------------------------------------

local METHODS, STREAMS = {}, {}

function METHODS.SendMessage(caller, params)
  local result, why, t = send(caller, params)
  local o = params.configuration
  if not t or requests.is_object(o) and o.returnImmediately then return result, why end
  M.wait(caller, t.id)
  return shown(caller, t.id, { history = history_of(params), answer = result.task.metadata.answer })
end

function METHODS.GetTask(caller, params)
  local found, why = shown(caller, params.id, { history = params.historyLength })
  return found and found.task, why
end

function METHODS.CancelTask(caller, params)
  local t = tasks.find(caller.actor.id, params.id, caller.agent_id)
  if not t then return nil, errors.special "task_not_found" end
  local made = operations.call(caller.ctx, route "/transactions-cancel", { transaction_id = t.id },
    { token = caller.token })
  if made.code == "invalid_state" or made.code == "forbidden" then return nil, errors.special "not_cancelable" end
  if made.status >= 400 then return nil, errors.refusal(made) end
  return (shown(caller, t.id, {})).task
end

function METHODS.ListTasks(caller, params)
  local at, state = requests.text(params.statusTimestampAfter), requests.text(params.status)
  local after = at and time.parse(at)
  if at and not after then return nil, errors.wrong("params.statusTimestampAfter", "must be a time of RFC 3339") end
  local size = params.pageSize or rules.page
  local list, token, total = tasks.list(caller.actor.id, {
    agent_id = caller.agent_id, after = after, context_id = requests.text(params.contextId), size = size,
    state = state ~= "TASK_STATE_UNSPECIFIED" and state or nil, token = requests.text(params.pageToken),
    history = params.historyLength, artifacts = params.includeArtifacts })
  if not list then return nil, errors.wrong("params.pageToken", "is no token of such a list") end
  return { tasks = list, nextPageToken = token, pageSize = size, totalSize = total }
end

function METHODS.GetExtendedAgentCard() return nil, errors.special "no_extended" end

for _, name in ipairs { "CreateTaskPushNotificationConfig", "GetTaskPushNotificationConfig",
                        "ListTaskPushNotificationConfigs", "DeleteTaskPushNotificationConfig" } do
  METHODS[name] = function() return nil, errors.special "no_push" end
end

function STREAMS.SendStreamingMessage(caller, params) return send(caller, params) end

function STREAMS.SubscribeToTask(caller, params)
  local found, why, t = shown(caller, params.id, {})
  if not t then return nil, why end
  if tasks.state(t, caller.actor.id).ends then return nil, errors.special("unsupported", "The task has ended") end
  return found, nil, t
end

-- Answers by a stream, and follows the task where there is one.  Nothing is missed: the first event is as the task is
-- after the position.
local function begin(caller, id, result, t)
  local actor_id, position = caller.actor.id, t and stream.position(t.id)
  if t then
    t = tasks.find(actor_id, t.id)
    local answer = result.task.metadata.answer
    result.task = tasks.shown(t, actor_id, {})
    result.task.metadata.answer = answer
  end
  local out = caller.ctx:stream()
  out:event(nil, stream.wrapped(id, result))
  if not t or tasks.state(t, actor_id).ends then return end
  stream.follow(out, t, position, { id = id, actor_id = actor_id }, rules.stream_s)
end

-- JSON-RPC ----------------------------------------------------------------------------------------------------------

local function version_of(ctx)
  return ctx:header "a2a-version" or ctx.query["A2A-Version"] or ""
end

-- What is wrong with a message before its method is looked at.
local function must_be_read(caller, message)
  if message.kind ~= "request" or type(message.id) == "string" and #message.id > ID_BYTES then
    return jsonrpc.INVALID_REQUEST
  end
  if not version_of(caller.ctx):find "^1%.0" then return errors.special "version" end
  if not METHODS[message.method] and not STREAMS[message.method] then return jsonrpc.METHOD_NOT_FOUND end
  if message.params == nil then message.params = {} end
  if not requests.is_object(message.params) then return errors.wrong("params", "must be an object") end
  return requests.check(message.method, message.params)
end

local function answer(caller, message)
  local id = message.id
  local why = must_be_read(caller, message)
  if why then return CODEC:failure(id, why) end
  local streams = STREAMS[message.method]
  local result, failure, t = (streams or METHODS[message.method])(caller, message.params)
  if not result then return CODEC:failure(id, failure) end
  if streams then return begin(caller, id, result, t) end
  return CODEC:result(id, result)
end

--- The answer to a body: JSON; nil: a stream was begun.  caller: {ctx, token, actor, agent_id (nil: the platform)}.
--- Fails with not_found where there is no such agent.
function M.answer(caller, text)
  if caller.agent_id then cards.skills(caller.agent_id) end
  local value, why = json.decode(text)
  if why then return json.encode(CODEC:parse_error()) end
  local list, is_batch = CODEC:read(value)
  local made
  if list and not is_batch then
    made = answer(caller, list[1])
  else
    made = CODEC:failure(nil, jsonrpc.INVALID_REQUEST)
  end
  return made and json.encode(made)
end

return M
