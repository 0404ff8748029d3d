-- scripts/agent/agents.lua -- creates, lists and changes agents, and reports their state.
-- An agent is one chat's instance of a personality and a system prompt.  Its mailbox row is created with
-- it; its log, runs and memory are deleted with it.

local bus = require "human.bus"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local json = require "human.json"
local owned = require "agent.owned"
local personalities = require "agent.personalities"
local prompts = require "agent.prompts"
local quota = require "agent.quota"
local settings = require "agent.settings"

local M = {}

local COLUMNS = 'id, user_id as "userId", agent_type_id as "agentTypeId", name, description, status, '
  .. 'personality_id as "personalityId", system_prompt_id as "systemPromptId", settings, '
  .. 'created_at as "createdAt", updated_at as "updatedAt"'
local CODE = "agent_not_found"
local OWN = "parent_id is null"                  -- no session of the gateway, which is not served here

M.sql = {
  list = owned.paged("select " .. COLUMNS .. " from agents where user_id = $1 and " .. OWN
    .. " and id > coalesce($2::text, '') order by id limit $3", "id", 4),
  count = owned.counted("from agents where user_id = $1 and " .. OWN),
  get = "select " .. COLUMNS .. " from agents where id = $1 and user_id = $2 and " .. OWN,
  insert = "with made as (insert into agents (id, user_id, agent_type_id, name, description, settings) "
    .. "values ($1, $2, $3, $4, $5, jsonb_strip_nulls(coalesce($6::jsonb, '{}'))) returning *), "
    .. "box as (insert into agent_mailboxes (agent_id) select id from made) select " .. COLUMNS .. " from made",
  update = "update agents set name = coalesce($3, name), description = coalesce($4, description), "
    .. "status = coalesce($5, status), agent_type_id = coalesce($6, agent_type_id), "
    .. "settings = jsonb_strip_nulls(settings || coalesce($7::jsonb, '{}')), updated_at = now() "
    .. "where id = $1 and user_id = $2 and " .. OWN .. " returning " .. COLUMNS,
  -- Every writer of a log locks the mailbox before rows that refer to the agent; so must a deletion.
  lock_mailbox = "select m.agent_id from agent_mailboxes m join agents a on a.id = m.agent_id "
    .. "where a.id = $1 and a.user_id = $2 and a." .. OWN .. " for update of m",
  delete = "delete from agents where id = $1 and user_id = $2",
  lock = "select personality_id, system_prompt_id from agents where id = $1 and user_id = $2 and " .. OWN
    .. " for update",
  link = "update agents set personality_id = $2, system_prompt_id = $3, updated_at = now() where id = $1",
  state = [[select a.id as "agentId", a.personality_id as "personalityId", p.personality_id as slug,
      p.name as personality_name, a.system_prompt_id as "systemPromptId", s.name as prompt_name,
      case when r.id is not null then 'thinking' when m.last_in_pos > m.processed_pos then 'waiting'
        else 'idle' end as status,
      r.id as "runId", m.last_event_at as "lastEventAt", m.chat_code as "chatCode",
      m.expired_at as "expiredAt", m.events_in as "eventsIn", m.last_seq as "actionsOut", m.runs,
      m.input_tokens as "inputTokens", m.output_tokens as "outputTokens", m.cost_micros as "costMicros",
      a.updated_at as "updatedAt"
    from agents a join agent_mailboxes m on m.agent_id = a.id
    left join personalities p on p.id = a.personality_id
    left join system_prompts s on s.id = a.system_prompt_id
    left join agent_runs r on r.agent_id = a.id and r.finished_at is null
    where a.id = $1 and a.user_id = $2 and a.]] .. OWN,
  owner = "select user_id as id from agents where id = $1 and " .. OWN,
  -- who posts events to it has to be told from the agent itself
  identity = [[select a.id, a.name, p.name as personality_name from agents a
    left join personalities p on p.id = a.personality_id where a.id = $1 and a.user_id = $2 and a.]] .. OWN,
}

-- A row as clients see it.
local function shown(row)
  if row then row.settings = settings.of(row.settings) end
  return row
end

local function known_type(rows, err)
  if rows then return shown(rows[1]) end
  if err.constraint == "agents_agent_type_id_fkey" then fail.throw "agent_type_not_found" end
  error(err, 0)
end

function M.list(actor, query)
  local page = owned.list(M.sql, actor.id, query)
  for _, row in ipairs(page.rows) do shown(row) end
  return page
end

function M.get(actor, agent_id) return shown(owned.get(M.sql, CODE, actor, agent_id)) end

-- The agent's owner as an actor, for callers that authenticate without a user's key.
function M.owner(agent_id) return db.must(CODE, M.sql.owner, agent_id) end

function M.create(actor, body)
  local given = settings.checked(body.settings)
  return db.tx(function(tx)
    quota.take(tx, actor.id, "agents")
    return known_type(tx:try(M.sql.insert, id.new(), actor.id, body.agentTypeId, body.name, body.description,
      given))
  end)
end

-- Given settings replace the previous ones; null restores the default.
-- Pausing an agent ends its current run with "aborted" (agent.turn listens to agent.changed).
function M.update(actor, agent_id, body)
  local given = settings.checked(body.settings)
  return db.tx(function(tx)
    local row = known_type(tx:try(M.sql.update, agent_id, actor.id, body.name, body.description,
      body.status, body.agentTypeId, given)) or fail.throw(CODE)
    if body.status == "paused" then bus.notify(tx, "agent.changed", { agent_id = agent_id }) end
    return row
  end)
end

-- Deletes the log too, and closes the agent's sockets on all workers.
function M.delete(actor, agent_id)
  db.tx(function(tx)
    tx:must(CODE, M.sql.lock_mailbox, agent_id, actor.id)
    tx:exec(M.sql.delete, agent_id, actor.id)
    bus.notify(tx, "agent.access_ended", { agent_id = agent_id })
  end)
end

-- What the agent is linked to and what it is doing.
function M.state(actor, agent_id)
  local row = db.must(CODE, M.sql.state, agent_id, actor.id)
  if row.personalityId then
    row.personality = { id = row.personalityId, personalityId = row.slug, name = row.personality_name }
  end
  if row.systemPromptId then row.systemPrompt = { id = row.systemPromptId, name = row.prompt_name } end
  row.counters = {
    eventsIn = row.eventsIn, actionsOut = row.actionsOut, runs = row.runs, inputTokens = row.inputTokens,
    outputTokens = row.outputTokens, costMicros = row.costMicros,
  }
  return row
end

-- The new value of a link: unchanged when the field is absent, none when it is null.
local function linked(given, before, resolve)
  if given == nil then return before end
  if given == json.null then return nil end
  return resolve(given)
end

-- Merges body {personalityId?, systemPromptId?}; null unlinks.  An unknown or foreign id is 404.
function M.set_state(actor, agent_id, body)
  db.tx(function(tx)
    local now = tx:must(CODE, M.sql.lock, agent_id, actor.id)
    local personality = linked(body.personalityId, now.personality_id,
      function(name) return personalities.resolve(tx, actor, name) end)
    local prompt = linked(body.systemPromptId, now.system_prompt_id,
      function(name) return prompts.resolve(tx, actor, name) end)
    tx:exec(M.sql.link, agent_id, personality, prompt)
  end)
  return M.state(actor, agent_id)
end

return M
