-- scripts/agent/actions.lua -- turns a model's wishes into actions that may be sent.
-- Gathers the facts about each wish (does the message exist, is that an emoji, does the text look like
-- a key) and asks agent.rules.tool_use and agent.rules.safety; wishes that they refuse are dropped.

local json = require "human.json"
local log = require "human.log"
local emoji = require "agent.emoji"
local limits = require "agent.rules.limits"
local parts = require "agent.parts"
local safety = require "agent.rules.safety"
local tool_use = require "agent.rules.tool_use"

local M = {}

-- Text --------------------------------------------------------------------------------------------

local FOREIGN_KEY = "sk%-[%w%-_]+"               -- of a provider of models
local KEY_MIN = 24                               -- shorter ones are words, not keys
local LEAK_RUN, HOUSE_RUN = 200, 60              -- bytes of a system prompt, and of our own part of it, word by word

local function has_key(text)
  if log.has_key(text) then return true end
  for found in text:gmatch(FOREIGN_KEY) do
    if #found >= KEY_MIN then return true end
  end
  return false
end

-- Line breaks are the first thing that a model changes when it repeats a text.
local function flat(text) return (text:gsub("%s+", " ")) end

-- The pieces of `run` bytes of a source, none of which may be said.  Agents of one type share a source, so the latest
-- pieces of each length are cached.
local forbidden = {}

local function pieces_of(source, run)
  local known = forbidden[run]
  if not known or known.source ~= source then
    known = { source = source }
    local text = flat(source)
    for from = 1, #text - run + 1, run do known[#known + 1] = text:sub(from, from + run - 1) end
    forbidden[run] = known
  end
  return known
end

-- Whether `text`, which is flat, contains `run` bytes of the source.
local function leaks(text, source, run)
  if not source or #text < run then return false end
  for _, piece in ipairs(pieces_of(source, run)) do
    if text:find(piece, 1, true) then return true end
  end
  return false
end

-- Deciding ----------------------------------------------------------------------------------------

local function reaction_key(action) return action.messageId .. "\0" .. action.emoji end

local function longest(texts)
  local most = 0
  for _, text in ipairs(texts) do most = math.max(most, parts.length(text)) end
  return most
end

-- Searches the whole text before it is split: a match could span two parts.
local function said_of(action, pieces, chat, ask)
  if not action.content then return "ok" end
  local text = flat(action.content)
  return ask(safety.may_say, { chars = longest(pieces), has_key = has_key(action.content),
    leaks_prompt = leaks(text, chat.template, LEAK_RUN) or leaks(text, chat.house, HOUSE_RUN) })
end

local function permits(chat, kind) return chat.permits == nil or chat.permits[kind] == true end

local function facts_of(action, pieces, taken, chat, ask)
  return {
    taken = taken, max = chat.max, said = said_of(action, pieces, chat, ask),
    permitted = permits(chat, action.type), may_message = permits(chat, "send-message"),
    known_message = action.messageId ~= nil and chat.messages[action.messageId] == true,
    is_emoji = action.emoji ~= nil and emoji.is(action.emoji),
    reacted = action.emoji ~= nil and chat.reactions[reaction_key(action)] == true,
  }
end

-- Adds an action; a long one becomes several messages, of which the first is the reply.
local function add(out, action, pieces, as_message)
  if not action.content then
    out[#out + 1] = action
    return
  end
  for i, piece in ipairs(pieces) do
    local plain = i > 1 or as_message or action.type == "send-message"
    out[#out + 1] = { type = plain and "send-message" or action.type, content = piece,
                      messageId = not plain and action.messageId or nil }
  end
end

-- The wishes that may be carried out, in order, as actions.
-- chat: {messages = {id = true}, reactions = {"id\0emoji" = true} (the agent's own, as they stand),
-- template (of the system prompt, or nil), house (our own part of that, or nil), max (wishes), permits ({type =
-- true}; nil: all), part_chars (of one message)}; where: {agent_id, run_id} for the log, and
-- ask(rule, facts..) -> verdict, which has the decision recorded.
function M.allowed(wishes, chat, where)
  local out, taken = {}, 0
  for _, action in ipairs(wishes) do
    local pieces = action.content and parts.of(action.content, chat.part_chars, limits.message_parts) or {}
    local verdict = where.ask(tool_use.check, action, facts_of(action, pieces, taken, chat, where.ask))
    if verdict == "ok" or verdict == "as-message" then
      add(out, action, pieces, verdict == "as-message")
      taken = taken + 1
      if action.emoji then chat.reactions[reaction_key(action)] = action.type == "add-reaction" end
    else
      log.warn("action dropped", { agent_id = where.agent_id, run_id = where.run_id,
        action = action.type, why = verdict, message_id = action.messageId })
    end
  end
  return out
end

-- The actions that end a run ({typing}) which has done `done`.  Typing never stays on: a message clears it,
-- anything else is preceded by set-typing{false}.
function M.closing(run, done, reason, code)
  local list, said = {}, false
  for _, action in ipairs(done) do
    said = said or action.type == "send-message" or action.type == "send-reply"
  end
  if run.typing and not said then list[1] = { type = "set-typing", isTyping = false } end
  for _, action in ipairs(done) do list[#list + 1] = action end
  list[#list + 1] = { type = "agent-stopped", reason = reason, code = code }
  return list
end

-- The message ids that wishes name, as a JSON array.
function M.message_ids(wishes)
  local ids = {}
  for _, action in ipairs(wishes) do ids[#ids + 1] = action.messageId end
  return json.encode(json.array(ids))
end

return M
