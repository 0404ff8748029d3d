-- scripts/agent/seed.lua -- demo data for the first day.
-- On a database without users, creates a demo user with an agent, of the type, personality and prompt in
-- 0008_shared_examples.sql.  Its first key is created and shown only when the server was started at a terminal: a key
-- never goes to a log.

local config = require "human.config"
local db = require "human.db"
local id = require "human.id"
local jobs = require "human.jobs"
local log = require "human.log"
local notice = require "human.console"
local agents = require "agent.agents"
local keys = require "agent.keys"

local M = {}

local LOCK = 401100                              -- any number, as long as it stays the same

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  any_user = "select 1 as one from users limit 1",
  demo_user = "insert into users (id, email, name) values ($1, 'demo@example.com', 'Demo') returning id",
  type_id = "select id from agent_types where name = 'Huma-1'",
  personality_id = "select id from personalities where personality_id = 'coach-alex' and user_id is null",
  prompt_id = "select id from system_prompts where name = 'Fitness Coach Instructions' and user_id is null",
}

local function demo(tx)
  local actor = { id = tx:value(M.sql.demo_user, id.new()) }
  local agent = agents.create(actor, { name = "Coach Alex - Demo", description = "Try it out",
    agentTypeId = tx:value(M.sql.type_id) })
  agents.set_state(actor, agent.id, { personalityId = tx:value(M.sql.personality_id),
    systemPromptId = tx:value(M.sql.prompt_id) })
  return { user_id = actor.id, agent_id = agent.id }
end

local function base_url()
  local host = config.host
  if host == "0.0.0.0" or host == "::" then host = "localhost" end
  local scheme = (config.tls.certificate ~= "" or config.tls.directory ~= "") and "https" or "http"
  return ("%s://%s:%d"):format(scheme, host, config.port)
end

local MESSAGE = '{"type":"new-message","message":{"id":"msg-1","content":"I struggle to stay motivated for cardio",'
  .. '"participant":{"id":"user-1","nickname":"Sarah"},"createdAt":"%s"}}'

local function say_what_to_try(made)
  local url = base_url()
  log.info("a demo agent is ready", { agent_id = made.agent_id, openapi = url .. "/openapi.json" })
  if not notice.wanted() then return end
  local key = keys.create(made.user_id, { name = "first" }).key
  notice.show {
    "A demo agent is ready.  Your first API key, shown only now:",
    "  " .. key,
    "Talk to it over HTTP:",
    ("  curl -N %s/api/agents/%s/messages -H 'X-API-Key: %s' -H 'Content-Type: application/json' \\"):format(
      url, made.agent_id, key),
    ("    -H 'Accept: text/event-stream' -d '%s'"):format(MESSAGE:format(os.date "!%Y-%m-%dT%H:%M:%SZ")),
    "over a socket:",
    ("  io('%s', { auth: { agentId: '%s', apiKey: '%s' } })"):format(url, made.agent_id, key),
    "or in a terminal:",
    "  build/human agent",
    "The API describes itself at " .. url .. "/openapi.json",
    "",
  }
end

-- Job, at each start of a host.
function M.run()
  local made = db.tx(function(tx)
    tx:query(M.sql.lock, LOCK)
    return not tx:row(M.sql.any_user) and demo(tx) or nil
  end)
  if made then say_what_to_try(made) end
end

jobs.start "agent.seed.run"

return M
