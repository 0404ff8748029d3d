-- host/lua/cli/agent.lua -- `human agent`: a chat with an agent of a running server, in the terminal or in
-- a pipe.  An ordinary client of the agent API over HTTP: it sees nothing that another client could not.
-- See cli/agent_account for its account there.

local account = require "human.cli.agent_account"
local cli = require "human.cli.words"
local fetch = require "human.fetch"
local host = require "human.core.host"
local id = require "human.id"
local json = require "human.json"
local own_server = require "human.cli.own_server"
local sched = require "human.core.sched"
local sse = require "sse"

local M = {}

local CALL_S, ANSWER_S, DETAILS_MAX = 15, 300, 20
local START_S, LOOK_S = 30, 0.2                  -- for a server that is still preparing its database
local KEY_VARIABLE = "HUMAN_AGENT_KEY"
local FLAGS = { ["--message"] = "TEXT", ["-m"] = "--message", ["--name"] = "NICKNAME", ["--url"] = "URL",
                ["--agent"] = "ID" }

-- The server ------------------------------------------------------------------------------------------

local Client = {}
Client.__index = Client

-- Returns a client of the server of this home, and the server's health.  Sends no secret.
local function at_home()
  local server, health
  local until_at = host.clock() + START_S
  repeat
    if health then sched.sleep(LOOK_S) end
    server, health = own_server.find()
    if not server then cli.stop(health) end
  until health.database_id or health.database == "down" or host.clock() > until_at
  if not health.database_id then
    cli.stop(("the server at %s is not ready: %s"):format(server.url,
      health.database == "down" and "the database is not reachable" or "it is still starting"))
  end
  return setmetatable({ server = server, database_id = health.database_id }, Client), health
end

local function elsewhere(url)
  if not url:find "^https?://[^/]" then cli.misused("agent", "--url must be like https://example.org") end
  return setmetatable({ url = url:match "^.*[^/]" }, Client)
end

-- The server may have been replaced meanwhile, and another program may have its address.
function Client:look_again()
  if self.url then return end
  local now = at_home()
  if now.database_id ~= self.database_id then
    cli.stop "the server was started again with another database: begin a new chat"
  end
  self.server = now.server
end

function Client:address() return self.url or self.server.url end

function Client:fetch(request)
  if not self.url then return own_server.request(self.server, request) end
  request.url, request.path = self.url .. request.path, nil
  return fetch(request)
end

function Client:headers(accept)
  local headers = { ["content-type"] = "application/json", accept = accept, ["x-api-key"] = self.key }
  if not self.key and not self.url and host.secret_set "admin" then
    headers.authorization = "Bearer ${secret:admin}"
  end
  return headers
end

-- Removes control characters (C0, C1): texts of others must not control the terminal.
local function plain(text)
  return (tostring(text):gsub("\194[\128-\159]", ""):gsub("[%z\1-\8\11-\31\127]", ""))
end

-- The message of a refusal, with its fields.
local function why(body)
  local value = json.decode(body)
  if type(value) ~= "table" then return "no reason given" end
  local parts = { tostring(value.message or "no reason given") }
  for i, one in ipairs(json.is_array(value.details) and value.details or {}) do
    if i > DETAILS_MAX then break end
    if type(one) == "table" then parts[#parts + 1] = ("\n  %s %s"):format(tostring(one.path), tostring(one.message)) end
  end
  return plain(table.concat(parts))
end

function Client:no_answer(err)
  if err.code == "timeout" then cli.stop("the server at " .. self:address() .. " did not answer in time") end
  cli.stop("no answer from the server: " .. err.message)
end

-- The decoded answer, or nil and its status if that is in `expected` ({[404] = true}).
function Client:call(method, path, body, expected)
  local answer, err = self:fetch {
    path = path, method = method, headers = self:headers "application/json",
    body = body and json.encode(body), timeout_s = CALL_S,
  }
  if not answer then self:no_answer(err) end
  local value = json.decode(answer.body)
  if answer.status >= 200 and answer.status < 300 and type(value) == "table" then return value end
  if expected and expected[answer.status] then return nil, answer.status end
  cli.stop(("%s %s: the server answered %d: %s"):format(method, path, answer.status, why(answer.body)))
end

-- Talking ---------------------------------------------------------------------------------------------

local SHOW = {
  ["send-message"] = function(me, action) return me.name .. ": " .. tostring(action.content) end,
  ["send-reply"] = function(me, action) return me.name .. ": " .. tostring(action.content) end,
  ["add-reaction"] = function(me, action) return ("(%s reacts with %s)"):format(me.name, tostring(action.emoji)) end,
  ["remove-reaction"] = function(me, action) return ("(%s takes back %s)"):format(me.name, tostring(action.emoji)) end,
  ["agent-stopped"] = function(me, action)
    if action.reason == "completed" then return nil end
    local code = type(action.code) == "string" and ", " .. action.code or ""
    return ("(%s: no answer, %s%s)"):format(me.name, tostring(action.reason), code)
  end,
}

local function print_line(text)
  if not io.stdout:write(plain(text), "\n") or not io.stdout:flush() then
    cli.stop "nobody reads the output any more"
  end
end

local function show(me, event)
  local action = json.decode(event.data)
  if type(action) ~= "table" then return end
  if event.event == "error" then cli.stop("the server ended the answer: " .. plain(action.message)) end
  local line = SHOW[action.type] and SHOW[action.type](me, action)
  if line then print_line(line) end
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

-- Sends one line and shows what the agent does.  True if its run ended normally.
local function say(me, text)
  local parser, ended = sse.parser(), nil
  local answer, err = me:fetch {
    path = "/api/agents/" .. me.agent_id .. "/messages", method = "POST",
    headers = me:headers "text/event-stream", body = json.encode(event_of(me, text)), timeout_s = ANSWER_S,
    on_chunk = function(bytes)
      parser:feed(bytes, function(event) ended = show(me, event) or ended end)
    end,
  }
  if not answer then me:no_answer(err) end
  if answer.status ~= 200 then
    cli.stop(("the server refused the message (%d): %s"):format(answer.status, why(answer.body)))
  end
  return ended ~= nil and ended ~= "error"
end

local function announce(me, health)
  local llm = health and health.llm
  if type(llm) ~= "table" then
    print_line(("Talking to %s at %s. /quit ends it."):format(me.name, me:address()))
  elseif llm.language_model then
    print_line(("Talking to %s (%s, %s). /quit ends it."):format(me.name, tostring(llm.provider),
      tostring(llm.model)))
  else
    local cause = llm.chosen and "The provider %s is chosen" or "No language model is configured"
    print_line(("Talking to %s. %s: built-in rules answer. /quit ends it."):format(me.name,
      cause:format(tostring(llm.provider))))
  end
end

-- Reads line after line; `prompt`: "" in a pipe.  True if all were answered.
local function converse(me, prompt)
  local all = true
  while true do
    io.stdout:write(prompt)
    io.stdout:flush()
    local line = io.stdin:read "*l"
    if not line or line == "/quit" or line == "/exit" then return all end
    if line:find "%S" then
      me:look_again()
      all = say(me, line) and all
    end
  end
end

-- Starting --------------------------------------------------------------------------------------------

local function nickname()
  local user = os.getenv "USER" or ""
  if user == "" or user == "root" then return "friend" end
  return (user:sub(1, 40):gsub("^%l", string.upper))
end

local function parse(args)
  local words, o = cli.parse("agent", args, FLAGS)
  cli.count("agent", words, {}, 0, 0)
  for _, flag in ipairs { "message", "name", "agent" } do
    if o[flag] and not o[flag]:find "%S" then cli.misused("agent", "--" .. flag .. " is empty") end
  end
  if o.agent and o.agent:find "[^%w_-]" then cli.misused("agent", "--agent is no id: " .. o.agent) end
  if o.url and not o.url:find "^https?://[^/]" then
    cli.misused("agent", "--url must be like https://example.org")
  end
  if o.agent and not o.url then cli.misused("agent", "--agent goes with --url") end
  return o
end

local function enter(o)
  local me, health
  if o.url then
    local key = os.getenv(KEY_VARIABLE) or ""
    if key == "" then cli.stop("--url needs an API key of that server in " .. KEY_VARIABLE) end
    me = elsewhere(o.url)
    account.visit(me, key, o.agent)
  else
    me, health = at_home()
    account.enter(me, me.database_id, o.name)
  end
  me.nickname = o.name
  return me, health
end

local function is_terminal() return host.native.fact("tty", "0") ~= nil and host.native.fact("tty", "1") ~= nil end

--- Runs the client with the command line's arguments; returns the exit code.  Awaits.
function M.run(args)
  local o = parse(args)
  o.name = o.name or nickname()
  local me, health = enter(o)
  if o.message then return say(me, o.message) and 0 or 1 end
  if not is_terminal() then return converse(me, "") and 0 or 1 end
  announce(me, health)
  converse(me, me.nickname .. ": ")
  io.stdout:write "\n"
  return 0
end

return M
