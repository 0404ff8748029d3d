-- scripts/agent/providers/offline_read.lua -- the facts of a chat, for answers by rules.
-- An agent's turn passes the chat itself (`context` of llm.chat: a snapshot of agent.facts) besides the prompt for
-- models; the agent's instructions are in the system text.  Other callers send plain system texts and messages, which
-- are treated as a chat with one person.

local emergency = require "agent.providers.offline_emergency"
local fitness = require "agent.providers.offline_fitness"
local general = require "agent.providers.offline_general"
local kept = require "agent.kept"
local languages = require "agent.providers.offline_languages"
local text_of = require "agent.providers.offline_text"
local texts = require "human.text"

local M = {}

local DANGER_LINES = 20 -- of the chat in which somebody may be in danger
local LANGUAGE_LINES = 20 -- in which somebody's language is looked for
local TOLD = 64         -- system texts whose parsed form is cached

-- Without a snapshot: what was said, as a chat with one person.
local function chat_of(messages)
  local chat = { lines = {}, people = {}, head = {} }
  for _, m in ipairs(messages) do
    local is_line = (m.role == "user" or m.role == "assistant") and type(m.content) == "string" and m.content ~= ""
    if is_line then
      chat.lines[#chat.lines + 1] = { kind = "message", mine = m.role == "assistant", text = m.content }
    end
  end
  return chat
end

-- The text between the first `head` and the first `tail` after it, or nil.
local function between(text, head, tail)
  local _, from = text:find(head, 1, true)
  local to = from and text:find(tail, from + 1, true)
  return to and text:sub(from + 1, to - 1)
end

-- The sections of agent.prompt's system text; a text without them is all "What you do".
local function sections(system)
  local personality = system:match "^# Who you are\n(.-)\n\n# " or ""
  local prompt = between(system, "# What you do\n", "\n\n# How this chat works")
  if not prompt then
    prompt = system:find("# How this chat works", 1, true) and "" or system
  end
  return personality, prompt
end

-- "You are a fitness coach helping members …" -> "a fitness coach"
local function role_of(prompt)
  local role = prompt:match "[Yy]ou are (an? [^.,;:\n]+)" or prompt:match "[Yy]ou are (the [^.,;:\n]+)"
    or prompt:match "[Aa]ct as (an? [^.,;:\n]+)"
  if not role then return nil end
  for _, word in ipairs { "who", "that", "which", "helping", "in", "for", "on", "with", "at", "and", "to", "answering",
                          "supporting", "working" } do
    role = role:gsub(" " .. word .. " .*$", "")
  end
  return #role <= 60 and role or nil
end

-- Nobody is called "user" to their face.
local function nickname(line)
  local name = line.from
  if not name or name == "" or #name > 40 or name:lower() == "user" then return nil end
  return name
end

-- What the agent is called: its name, and each word of it.
local function names_of(me)
  if not me then return {} end
  local names = { text_of.normal(me) }
  for word in names[1]:gmatch "%S+" do
    if #word >= 3 then names[#names + 1] = " " .. word .. " " end
  end
  return names
end

-- Whether a line is meant for the agent: it has one of the agent's names, or replies to a message that nobody else
-- wrote (the prompt shows ids of other people's messages only).
local function is_addressed(line, names, their_ids)
  if line.reply_to and not their_ids[line.reply_to] then return true end
  local text = text_of.normal(line.text)
  for _, name in ipairs(names) do
    if text:find(name, 1, true) then return true end
  end
  return false
end

-- The line to answer, and its place.  Of those since the agent's last message to which it has not reacted either: the
-- newest that is addressed to it, else the newest question, else the newest.  Nil when everything has been answered.
local function to_answer(lines, names, their_ids, reacted)
  local asked, question, newest, noticed
  for i = #lines, 1, -1 do
    local line = lines[i]
    if line.mine and line.kind == "message" then break end
    if not line.mine and line.id and reacted[line.id] then
      noticed = noticed or i
    elseif not line.mine then
      newest = newest or i
      if line.kind == "message" then
        if not asked and is_addressed(line, names, their_ids) then asked = i end
        if not question and text_of.asks(line.text) then question = i end
      end
    end
  end
  local at = asked or question or newest or noticed
  return at and lines[at], at
end

-- The newest line since the agent's last message in which somebody is in danger, and what to say to it.
local function in_danger(lines)
  for i = #lines, math.max(1, #lines - DANGER_LINES), -1 do
    local line = lines[i]
    if line.mine and line.kind == "message" then return nil end
    local say = line.kind == "message" and not line.mine and emergency.answer(line.text)
    if say then return i, say end
  end
end

-- Ids of other people's messages, and the agent's reactions that still stand ({id, emoji}, oldest first).
local function known(lines)
  local ids, reactions = {}, {}
  for _, line in ipairs(lines) do
    if line.mine and line.kind == "reaction" then
      for i = #reactions, 1, -1 do
        if reactions[i].id == line.id and reactions[i].emoji == line.emoji then table.remove(reactions, i) end
      end
      if not line.removed then reactions[#reactions + 1] = { id = line.id, emoji = line.emoji } end
    elseif line.id and not line.mine then
      ids[line.id] = true
    end
  end
  return ids, reactions
end

local ORDERS = {}
for word in ([[you your never always do don't be use ask avoid refer respond reply write provide help celebrate acknowledge
  create build suggest base when if keep act speak stay answer offer give tell make try remember]]):gmatch "%S+" do
  ORDERS[word] = true
end
local TELLS_MIN, TELLS_MAX = 15, 180 -- bytes of a sentence; the leak check lets pass what is shorter than 200

-- The sentences of a line, each with its stop.
local function sentences(line, list)
  local from = 1
  while from <= #line do
    local last = line:find("[.!?]%s", from) or #line
    list[#list + 1] = texts.trim(line:sub(from, last))
    from = last + 1
  end
end

--- Sentences of the agent's own texts that state something, as opposed to instructing the agent.
function M.knowledge(text)
  local all, list = {}, {}
  for _, stop in ipairs { "。", "！", "？", "।", "؟", "۔" } do text = text:gsub(stop, "%0\n") end
  for line in text:gmatch "[^\n]+" do
    sentences(line:gsub("^[%s%-%*•]+", ""):gsub("^%d+[.)]%s", ""), all)
  end
  for _, sentence in ipairs(all) do
    local first = text_of.normal(sentence):match "^ ([^ ]+)"
    local tells = first and not ORDERS[first] and #sentence >= TELLS_MIN and #sentence <= TELLS_MAX
    if tells and not sentence:find "[:?]$" and not sentence:find("{{", 1, true) then list[#list + 1] = sentence end
  end
  return list
end

--- What the personality remembers of its own life, as sentences in the first person.
function M.memories(personality)
  local list, inside = {}, false
  for line in personality:gmatch "[^\n]+" do
    local head = line:match "^(%u[%a &]+):"
    if head then inside = head:find "^Memor" ~= nil end
    local item = line:match "^%s*[%-%*]%s*(.+)$"
    local verb = item and item:match "^(%u%l+) "
    if inside and verb and (verb:find "ed$" or (" Ran Won Lost Had Grew Led Took Spent Met "):find(" " .. verb .. " ", 1, true)) then
      list[#list + 1] = "I " .. verb:lower() .. item:sub(#verb + 1):gsub("%.$", "") .. "."
    end
  end
  return list
end

-- How many others take part.
local function count_others(people)
  local n = 0
  for _, p in ipairs(people) do n = n + (p.mine and 0 or 1) end
  return n
end

-- Whether the agent has told this chat that no model is connected: in a line that is shown, or before the summary.
local function noticed(own, summary)
  if summary then return true end
  for _, text in ipairs(own) do
    if languages.says_notice(text) then return true end
  end
  return false
end

-- Parses a system text, which is the same turn after turn.
local told = kept.of(TOLD, function(system)
  local t = {}
  t.personality, t.prompt = sections(system)
  t.me = t.personality:match "^Name: ([^\n]+)" or system:match "[Yy]ou are (%u[%w'-]+ ?%u?[%w'-]*)"
  t.names = names_of(t.me)
  t.role = role_of(t.prompt) or role_of(t.personality)
  t.is_coach = text_of.score(text_of.normal(t.personality .. " " .. t.prompt), fitness.field) >= fitness.needs
  t.style = text_of.style(t.personality .. "\n" .. t.prompt, t.is_coach and fitness.emoji or general.emoji)
  t.knows, t.is = M.knowledge(t.prompt), M.knowledge(t.personality)
  t.memories = M.memories(t.personality)
  return t
end)

-- The language of a line; where it has no words, that of what its writer wrote before.
local function language_at(lines, at)
  for i = at, math.max(1, at - LANGUAGE_LINES), -1 do
    local line = lines[i]
    local is_theirs = i == at or not line.mine and line.from == lines[at].from
    if is_theirs and line.text and text_of.readable(line.text) then return languages.of(line.text) or "en" end
  end
  return "en"
end

-- Whether the agent has only reacted since it said something.
local function has_reacted(lines, at)
  for i = at - 1, 1, -1 do
    local line = lines[i]
    if line.mine then return line.kind == "reaction" and not line.removed end
  end
  return false
end

--- The facts of a chat request: told {me, role, is_coach, style, knows and is (sentences of prompt and personality),
--- memories}, line (the one to answer, or nil), name (who wrote it), own (what the agent said, oldest first), latest
--- (is it the newest line), lang (the language of the line), reacted (it has reacted since its last message), reactions
--- (its own that still stand, {id, emoji}), people (how many others take part, as far as is known), noticed (it has
--- said that no model is connected), emergency (what must be said, whatever else is the case).
function M.situation(req)
  local chat = req.context and req.context.lines and req.context or chat_of(req.messages)
  local lines = chat.lines
  local s = { told = told(req.system or ""), own = {}, people = count_others(chat.people) }
  for _, line in ipairs(lines) do
    if line.mine and line.kind == "message" then s.own[#s.own + 1] = line.text end
  end
  s.noticed = noticed(s.own, chat.head.summary)
  local ids, reactions = known(lines)
  local reacted = {}
  s.reactions = reactions
  for _, reaction in ipairs(reactions) do reacted[reaction.id] = true end
  local line, at = to_answer(lines, s.told.names, ids, reacted)
  s.line = line
  local endangered, say = in_danger(lines)
  if endangered then s.line, at, s.emergency = lines[endangered], endangered, say end
  if s.line then
    s.name, s.latest = nickname(s.line), at == #lines
    s.after_mine = at > 1 and lines[at - 1].mine and lines[at - 1].text or nil
    s.lang = language_at(lines, at)
    s.reacted = has_reacted(lines, at)
  end
  return s
end

return M
