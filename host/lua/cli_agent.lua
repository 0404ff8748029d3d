-- host/lua/cli_agent.lua -- `human agent`: a chat with an agent of a running server, in the terminal.
-- An ordinary client of the agent API over HTTP: it sees nothing that another client could not.  What it
-- made for itself (user, key, agent) is kept in $HUMAN_HOME/agent.json, readable by its owner only.

local fetch = require "human.fetch"
local host = require "human.host"
local id = require "human.id"
local json = require "human.json"
local sse = require "sse"

local M = {}

local CALL_S, ANSWER_S = 15, 300
local USAGE = [[
usage: human agent [-m TEXT] [--name NICKNAME]
  -m TEXT   send one message, print the answer, exit
  --name    how the agent shall call you
In the chat: /quit ends it.
]]

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

-- Ends the program with a line for the person who started it.
local function give_up(text) error({ say = text }, 0) end

-- The server -------------------------------------------------------------------------------------

local function base_url()
  local conf = host.conf()
  local name = conf.host
  if name == "" or name == "0.0.0.0" or name == "::" then name = "127.0.0.1" end
  if name:find(":", 1, true) then name = "[" .. name .. "]" end
  local tls = conf.tls
  local scheme = tls and (tls.certificate ~= "" or tls.directory ~= "") and "https" or "http"
  return ("%s://%s:%d"):format(scheme, name, conf.port)
end

local function explain(me, err)
  if err.code == "timeout" then give_up("the server at " .. me.url .. " did not answer in time") end
  give_up("no server answers at " .. me.url .. ": start one with `human gateway`")
end

local function headers_of(me, accept)
  local headers = { ["content-type"] = "application/json", accept = accept, ["x-api-key"] = me.key }
  if not me.key and host.secret_set "admin" then headers.authorization = "Bearer ${secret:admin}" end
  return headers
end

-- The decoded answer, or nil and its status when that is one of `expected` ({[404] = true}).
local function call(me, method, path, body, expected)
  local answer, err = fetch {
    url = me.url .. path, method = method, headers = headers_of(me, "application/json"),
    body = body and json.encode(body), timeout_s = CALL_S,
  }
  if not answer then explain(me, err) end
  local value = json.decode(answer.body)
  if answer.status >= 200 and answer.status < 300 then return value end
  if expected and expected[answer.status] then return nil, answer.status end
  local why = type(value) == "table" and value.message or "no reason given"
  give_up(("%s %s: the server answered %d: %s"):format(method, path, answer.status, tostring(why)))
end

-- What is kept --------------------------------------------------------------------------------------

local function path() return host.conf().home .. "/agent.json" end

local function load_kept()
  local file = io.open(path(), "r")
  if not file then return {} end
  local text = file:read "*a"
  file:close()
  local kept, err = json.decode(text)
  if type(kept) ~= "table" then give_up(path() .. " " .. tostring(err) .. ": repair or delete it") end
  return kept
end

local function quoted(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- Through the shell, because only its umask can make a file that nobody else could ever open.
local function save_kept(kept)
  local file, name = quoted(path() .. ".new"), quoted(path())
  local pipe = io.popen(("umask 077 && mkdir -p %s && rm -f %s && cat > %s && mv -f %s %s"):format(
    quoted(host.conf().home), file, file, file, name), "w")
  if not pipe then give_up("cannot write " .. path()) end
  pipe:write(json.encode_sorted(kept), "\n")
  pipe:close()
  local check = io.open(path(), "r")
  if not check then give_up("cannot write " .. path()) end
  check:close()
end

-- Finding or making the agent ------------------------------------------------------------------------

local function find(list, field, value)
  for _, item in ipairs(list) do
    if item[field] == value then return item end
  end
end

local function make_user(me, nickname)
  local tag = id.new():sub(-8)
  local user = call(me, "POST", "/api/users", { email = "terminal-" .. tag .. "@example.com", name = nickname })
  local key = call(me, "POST", "/api/users/" .. user.id .. "/api-keys", { name = "human agent" })
  me.user_id, me.key = user.id, key.key
end

local function make_agent(me)
  local kind = find(call(me, "GET", "/api/agent-types"), "name", "Huma-1")
  if not kind then give_up("the server has no agent type Huma-1") end
  local personality = find(call(me, "GET", "/api/personalities"), "personalityId", PERSONALITY.personalityId)
    or call(me, "POST", "/api/personalities", PERSONALITY)
  local prompt = find(call(me, "GET", "/api/system-prompts"), "name", PROMPT.name)
    or call(me, "POST", "/api/system-prompts", PROMPT)
  local agent = find(call(me, "GET", "/api/agents"), "name", "demo")
    or call(me, "POST", "/api/agents", { name = "demo", agentTypeId = kind.id })
  call(me, "PUT", "/api/agents/" .. agent.id .. "/state",
    { personalityId = personality.id, systemPromptId = prompt.id })
  me.agent_id = agent.id
end

local GONE = { [401] = true, [403] = true, [404] = true }

-- The name that the agent goes by; nil when what was kept is no longer valid.
local function agent_name(me)
  if not (me.key and me.agent_id) then return nil end
  local state = call(me, "GET", "/api/agents/" .. me.agent_id .. "/state", nil, GONE)
  if not state then return nil end
  return type(state.personality) == "table" and state.personality.name or "Agent"
end

local function enter(nickname)
  local kept, url = load_kept(), base_url()
  local me = type(kept[url]) == "table" and kept[url] or {}
  me.url = url
  local name = agent_name(me)
  if not name then
    me = { url = url }
    make_user(me, nickname)
    make_agent(me)
    kept[url] = { user_id = me.user_id, key = me.key, agent_id = me.agent_id }
    save_kept(kept)
    name = agent_name(me)
  end
  me.name = name
  return me
end

-- Talking --------------------------------------------------------------------------------------------

local SHOW = {
  ["send-message"] = function(me, action) return me.name .. ": " .. action.content end,
  ["send-reply"] = function(me, action) return me.name .. ": " .. action.content end,
  ["add-reaction"] = function(me, action) return ("(%s reacts with %s)"):format(me.name, action.emoji) end,
  ["remove-reaction"] = function(me, action) return ("(%s takes back %s)"):format(me.name, action.emoji) end,
  ["agent-stopped"] = function(me, action)
    if action.reason == "completed" then return nil end
    local code = type(action.code) == "string" and ", " .. action.code or ""
    return ("(%s: no answer, %s%s)"):format(me.name, tostring(action.reason), code)
  end,
}

local function show(me, event)
  local action = json.decode(event.data)
  if type(action) ~= "table" then return end
  if event.event == "error" then give_up("the server ended the answer: " .. tostring(action.message)) end
  local line = SHOW[action.type] and SHOW[action.type](me, action)
  if line then io.stdout:write(line, "\n") end
  io.stdout:flush()
  return action.type == "agent-stopped" and action.reason or nil
end

local function now_iso()
  local t = host.time()
  return os.date("!%Y-%m-%dT%H:%M:%S", math.floor(t)) .. (".%03dZ"):format(math.floor(t * 1000) % 1000)
end

local function event_of(me, text)
  return { type = "new-message", content = { message = {
    id = "cli-" .. id.new(), content = text, createdAt = now_iso(), type = "message",
    participant = { id = me.user_id, nickname = me.nickname },
  } } }
end

-- Sends one line and shows what the agent does.  True when a run ended as it should.
local function say(me, text)
  local parser, ended = sse.parser(), nil
  local answer, err = fetch {
    url = me.url .. "/api/agents/" .. me.agent_id .. "/messages", method = "POST",
    headers = headers_of(me, "text/event-stream"), body = json.encode(event_of(me, text)), timeout_s = ANSWER_S,
    on_chunk = function(bytes)
      parser:feed(bytes, function(event) ended = show(me, event) or ended end)
    end,
  }
  if not answer then explain(me, err) end
  if answer.status ~= 200 then
    local value = json.decode(answer.body)
    give_up(("the server refused the message (%d): %s"):format(answer.status,
      type(value) == "table" and tostring(value.message) or "no reason given"))
  end
  return ended ~= nil and ended ~= "error"
end

local function announce(me)
  local health = call(me, "GET", "/health", nil, { [503] = true })
  local llm = type(health) == "table" and health.llm
  if type(llm) ~= "table" then return end
  if llm.language_model then
    io.stdout:write(("Talking to %s (%s, %s). /quit ends it.\n"):format(me.name, llm.provider, tostring(llm.model)))
  else
    io.stdout:write(("Talking to %s. No language model is configured: built-in rules answer. /quit ends it.\n")
      :format(me.name))
  end
end

local function converse(me)
  announce(me)
  while true do
    io.stdout:write(me.nickname, ": ")
    io.stdout:flush()
    local line = io.stdin:read "*l"
    if not line or line == "/quit" or line == "/exit" then break end
    if line:find "%S" then say(me, line) end
  end
  io.stdout:write "\n"
  return 0
end

-- Starting --------------------------------------------------------------------------------------------

local function nickname()
  local user = os.getenv "USER" or ""
  if user == "" or user == "root" then return "friend" end
  return (user:sub(1, 40):gsub("^%l", string.upper))
end

local function parse(args)
  local options, i = { name = nickname() }, 1
  while i <= #args do
    local flag, value = args[i], args[i + 1]
    if flag == "-h" or flag == "--help" then return nil, 0 end
    if (flag == "-m" or flag == "--message") and value then options.message = value
    elseif flag == "--name" and value and value:find "%S" then options.name = value
    else return nil, 2 end
    i = i + 2
  end
  if options.message and not options.message:find "%S" then return nil, 2 end
  return options
end

local function chat(options)
  local me = enter(options.name)
  me.nickname = options.name
  if not options.message then return converse(me) end
  return say(me, options.message) and 0 or 1
end

--- Runs the client with the command line's words; returns the exit code (2: wrong usage).  Awaits.
function M.run(args)
  local options, code = parse(args)
  if not options then
    local to = code == 0 and io.stdout or io.stderr
    to:write(USAGE)
    return code
  end
  local ok, result = pcall(chat, options)
  if ok then return result end
  if type(result) ~= "table" or not result.say then error(result, 0) end
  io.stderr:write("human agent: ", result.say, "\n")
  return 1
end

return M
