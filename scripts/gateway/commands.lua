-- scripts/gateway/commands.lua -- what people say to the gateway and not to the agent, in a chat or in a message of the
-- control protocol: /new and /reset (a new conversation, with what follows as its first message), /compact, /stop, and
-- /steer (what follows is for the run that goes on).
-- Who may is a rule (gateway/rules/sessions.lua, may_command).  The agent never sees them.

local db = require "human.db"
local decisions = require "human.decisions"
local id = require "human.id"
local asker = require "gateway.asker"
local channel = require "gateway.channel"
local chat = require "gateway.chat"
local keys = require "gateway.channel.keys"
local news = require "gateway.news"
local rules = require "gateway.rules.sessions"
local sessions = require "gateway.sessions"
local tools = require "gateway.rules.tools"
local trim = require("human.text").trim

local M = {}

local LINE_MAX = 40                              -- of a word that may be a command
local SAYS = {
  reset = "This is a new conversation.", compact = "I make notes of what was said; no message is lost.",
  empty = "Nothing was said here yet.", stopped = "Stopped.", idle = "There is nothing to stop.",
  steer = "Write: /steer and what to do differently.",
  denied = "In a group, that is for who may approve what I do.",
}

local DO = {}

-- What is said to it, or nil, the message to go on with, and its mode (chat.take).
function DO.new(tx, key, rest, once)
  sessions.reset_in(tx, key, once)
  if rest:find "%S" then return nil, trim(rest) end
  return SAYS.reset
end
DO.reset = DO.new

function DO.steer(_, _, rest)
  if not rest:find "%S" then return SAYS.steer end
  return nil, trim(rest), "steer"
end

function DO.compact(tx, key) return sessions.compact_in(tx, key) and SAYS.compact or SAYS.empty end
function DO.stop(tx, key) return sessions.stop_in(tx, key) > 0 and SAYS.stopped or SAYS.idle end

-- facts: {command, asker, group}.
local function carry_out(tx, facts, key, rest, once)
  local verdict = decisions.decide(tx, rules.may_command, { ref = key, subject = "command" }, facts)
  if verdict.action ~= "allow" then return SAYS.denied end
  return DO[facts.command](tx, key, rest, once)
end

for word in pairs(DO) do
  channel.on(word, function(tx, message, account, args, item)
    local kind = tools.may_approve(asker.facts(tx, message, account)) and "owner" or "guest"
    return carry_out(tx, { command = word, asker = kind, group = message.group }, keys.of(tx, item, account), args)
  end)
end

-- The command that a message begins with, and what follows; or nil.
local function read(message)
  local word = type(message) == "string" and message:sub(1, LINE_MAX):match "^%s*/(%a+)"
  word = word and word:lower()
  if not DO[word] then return nil end
  local rest = message:gsub("^%s*/%a+", "", 1):gsub("^@[%w_]+", "")
  if rest ~= "" and not rest:find "^%s" then return nil end
  return word, rest
end

local function take(tx, request, word, rest)
  local key, once = request.key or chat.DEFAULT_KEY, request.idempotency_key
  if once and chat.was_sent(tx, key, once) then return chat.take(tx, request) end
  local said, message, mode = carry_out(tx, { command = word, asker = "operator", group = false }, key, rest, once)
  if message then
    return chat.take(tx, setmetatable({ message = message, mode = mode or request.mode }, { __index = request }))
  end
  local origin = request.origin or {}
  local run = { id = id.new(), session_key = key, conn = origin.conn, answers = origin.answers, once = once }
  tx:after_commit(function() news.aside(run, request.message, said, origin.stream) end)
  return { run_id = run.id, session_key = key, status = "queued" }
end

--- Carries out such a message of the control protocol: what chat.send returns.  Nil alone: it is none.
function M.send(request)
  local word, rest = read(request.message)
  if not word then return nil end
  return db.tx(function(tx) return take(tx, request, word, rest) end)
end

return M
