-- host/lua/cli/agent_account.lua -- the account that `human agent` talks with: user, key and agent.
-- On the server of this home it creates and keeps them, one set per database (/health, database_id): a new
-- database gets a new user and key, and no database gets the key of another.
-- On any other server it creates and keeps nothing: there users bring their own key.

local cli = require "human.cli.words"
local host = require "human.core.host"
local id = require "human.id"
local json = require "human.json"

local M = {}

local PERSONALITY = {
  personalityId = "coach-alex", name = "Coach Alex", description = "Supportive fitness coach, 32, from California",
  styleInstructions = "Background: Former college athlete, certified personal trainer with 10+ years of experience.\n"
    .. "Communication: Warm and motivating, casual. Uses fitness terminology naturally. Occasional emojis (💪, 🏃, 👍).\n"
    .. "Writes in short, energetic sentences.",
}

local PROMPT = {
  name = "Fitness Coach Instructions", promptType = "system",
  template = "You are a fitness coach helping members with workout plans. Provide advice based on current exercise "
    .. "science. Be supportive and evidence-based. Never give medical advice: refer to doctors for injuries.",
}

-- The stored account --------------------------------------------------------------------------------------

-- Not in the home, which may belong to a service.
local function path()
  local home = host.conf().home
  local owner = (host.native.fact("stat", home) or ""):match "^%S+ %d+ (%d+)"
  local uid = (host.native.fact "user" or ""):match "^%S+ (%d+)"
  if not owner or owner == uid then return home .. "/agent.json" end
  local own = os.getenv "HOME" or ""
  if own:sub(1, 1) ~= "/" then cli.stop "HOME names no directory to keep a key in" end
  return own .. "/.human/agent.json"
end

local function load_kept()
  local file = io.open(path(), "r")
  if not file then return {} end
  local text = file:read "*a"
  file:close()
  local kept, err = json.decode(text)
  if type(kept) ~= "table" then cli.stop(path() .. " " .. tostring(err) .. ": repair or delete it") end
  return kept
end

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Through the shell: only with its umask is the file never readable by others.
local function save_kept(kept)
  local to, text = path(), json.encode_sorted(kept)
  local file, name = quoted(to .. ".new"), quoted(to)
  local pipe = io.popen(("umask 077 && mkdir -p %s && rm -f %s && cat > %s && mv -f %s %s"):format(
    quoted(to:match "^(.*)/"), file, file, file, name), "w")
  if not pipe then cli.stop("cannot write " .. to) end
  pipe:write(text, "\n")
  pipe:close()
  local check = io.open(to, "r")
  local written = check and check:read "*a"
  if check then check:close() end
  if written ~= text .. "\n" then cli.stop("cannot write " .. to) end
end

-- Finding or making the agent ------------------------------------------------------------------------

local function find(list, field, value)
  for _, item in ipairs(list) do
    if item[field] == value then return item end
  end
end

local function make_user(me, nickname)
  local tag = id.new():sub(-8)
  local user = me:call("POST", "/api/users", { email = "terminal-" .. tag .. "@example.com", name = nickname })
  local key = me:call("POST", "/api/users/" .. user.id .. "/api-keys", { name = "human agent" })
  me.user_id, me.key = user.id, key.key
end

local function make_agent(me)
  local kind = find(me:call("GET", "/api/agent-types"), "name", "Huma-1")
  if not kind then cli.stop "the server has no agent type Huma-1" end
  local personality = find(me:call("GET", "/api/personalities"), "personalityId", PERSONALITY.personalityId)
    or me:call("POST", "/api/personalities", PERSONALITY)
  local prompt = find(me:call("GET", "/api/system-prompts"), "name", PROMPT.name)
    or me:call("POST", "/api/system-prompts", PROMPT)
  local agent = find(me:call("GET", "/api/agents"), "name", "demo")
    or me:call("POST", "/api/agents", { name = "demo", agentTypeId = kind.id })
  me:call("PUT", "/api/agents/" .. agent.id .. "/state",
    { personalityId = personality.id, systemPromptId = prompt.id })
  me.agent_id = agent.id
end

local GONE = { [401] = true, [403] = true, [404] = true }

-- The agent's name; nil if the stored account is no longer valid.
local function agent_name(me)
  if not (me.key and me.agent_id) then return nil end
  local state = me:call("GET", "/api/agents/" .. me.agent_id .. "/state", nil, GONE)
  if not state then return nil end
  return type(state.personality) == "table" and state.personality.name or "Agent"
end

local function without_old_entries(kept)
  for name in pairs(kept) do
    if name:find "://" then kept[name] = nil end -- from versions that stored keys by address
  end
  return kept
end

--- Uses the account at the server of this home, whose database is `database_id`; creates it if there is none.
function M.enter(me, database_id, nickname)
  local kept = without_old_entries(load_kept())
  local mine = type(kept[database_id]) == "table" and kept[database_id] or {}
  me.user_id, me.key, me.agent_id = mine.user_id, mine.key, mine.agent_id
  me.name = agent_name(me)
  if me.name then return end
  me.user_id, me.key, me.agent_id, kept[database_id] = nil, nil, nil, nil
  save_kept(kept)                                -- before creating anything: what we cannot store would be lost
  make_user(me, nickname)
  make_agent(me)
  kept[database_id] = { user_id = me.user_id, key = me.key, agent_id = me.agent_id }
  save_kept(kept)
  me.name = agent_name(me)
end

local function choose(list)
  if #list == 1 then return list[1].id end
  local demo = find(list, "name", "demo")
  if demo then return demo.id end
  local ids = {}
  for i, agent in ipairs(list) do ids[i] = ("%s (%s)"):format(agent.id, tostring(agent.name)) end
  table.sort(ids)
  cli.stop(#ids == 0 and "the key's user has no agent there"
    or "say which agent with --agent: " .. table.concat(ids, ", "))
end

--- Uses the account of `key` at another server.
function M.visit(me, key, agent_id)
  me.key, me.user_id = key, "terminal"
  me.agent_id = agent_id or choose(me:call("GET", "/api/agents"))
  me.name = agent_name(me)
  if not me.name then cli.stop("the key is not accepted, or there is no agent " .. me.agent_id) end
end

return M
