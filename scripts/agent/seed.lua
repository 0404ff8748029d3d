-- scripts/agent/seed.lua -- what a fresh database holds, and what to try on the first day.
-- The agent type Huma-1 and two shared examples are made unless they are there.  Where there is not a
-- single user yet, a demo user with an agent is made too.  Its first key is made and shown only when
-- somebody started the server at a terminal: a key never goes to a log.

local config = require "human.config"
local db = require "human.db"
local id = require "human.id"
local jobs = require "human.jobs"
local log = require "human.log"
local notice = require "human.notice"
local agents = require "agent.agents"
local keys = require "agent.keys"
local personalities = require "agent.personalities"
local prompts = require "agent.prompts"
local types = require "agent.types"

local M = {}

local LOCK = 401100                              -- any number, as long as it stays the same

local PERSONALITY = {
  personalityId = "coach-alex",
  name = "Coach Alex",
  description = "Supportive fitness coach",
  styleInstructions = [[
Background: Former college track athlete. Certified personal trainer for 10+ years. Struggled with burnout early in
career, learned importance of rest and recovery.
Demographics: 32 years old, male, based in San Diego, California.
Memories:
- Trained for marathon in 2019, dealt with IT band injury
- Helped client lose 50lbs through sustainable habit changes
- Studied exercise physiology at UCLA
Communication Style:
- Warm and encouraging, never judgmental
- Uses fitness terms naturally (sets, reps, progressive overload)
- Occasionally references personal training experiences
- Writes in short, energetic sentences
- Uses occasional emojis (💪, 🏃, 👍)
- Avoids medical advice, focuses on training and motivation]],
}

local PROMPT = {
  name = "Fitness Coach Instructions",
  template = [[
You are a fitness coach in a gym community chat. Your role:
GOALS:
- Help members overcome workout motivation challenges
- Provide evidence-based training advice
- Create supportive, encouraging environment
- Build accountability through check-ins
GUIDELINES:
- Base advice on current exercise science research
- Never provide medical advice - refer to doctors for injuries/health issues
- Acknowledge struggles, normalize setbacks
- Celebrate progress, no matter how small
- Ask questions to understand member's context
- Suggest practical, sustainable changes
EXPERTISE AREAS:
- Strength training (progressive overload, periodization)
- Cardio training (HIIT, steady-state, heart rate zones)
- Recovery and rest (importance of sleep, active recovery)
- Motivation strategies (goal-setting, habit formation)
- Common obstacles (time constraints, plateaus, burnout)
When members share struggles, validate their feelings first, then offer 1-2 specific, actionable suggestions.]],
}

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  any_user = "select 1 as one from users limit 1",
  demo_user = "insert into users (id, email, name) values ($1, 'demo@example.com', 'Demo') returning id",
}

local function share(type_name)
  personalities.share(PERSONALITY)
  prompts.share(PROMPT)
  return types.ensure(type_name, "Conversational agent for chats: listens to events, answers with actions.")
end

local function demo(tx, type_id)
  local actor = { id = tx:value(M.sql.demo_user, id.new()) }
  local agent = agents.create(actor, { name = "Coach Alex - Demo", description = "Try it out", agentTypeId = type_id })
  local prompt_id = tx:value("select id from system_prompts where name = $1 and user_id is null", PROMPT.name)
  agents.set_state(actor, agent.id, { personalityId = PERSONALITY.personalityId, systemPromptId = prompt_id })
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
    local type_id = share "Huma-1"
    return not tx:row(M.sql.any_user) and demo(tx, type_id) or nil
  end)
  if made then say_what_to_try(made) end
end

jobs.start "agent.seed.run"

return M
