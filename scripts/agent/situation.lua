-- scripts/agent/situation.lua -- the chat as agent.rules.respond sees it: facts about each new line, computed once.
-- Pure, and linear in the text: a rule has a small budget, which a stranger's text must not be able to use up.

local emergency = require "agent.providers.offline_emergency"
local hearing = require "agent.hearing"
local lines = require "agent.lines"
local tools = require "agent.tools"
local topic = require "agent.topic"
local unicode = require "unicode"

local M = {}

local SHOWN, HEARD, ENDING = 400, 1000, 500      -- bytes of a text: shown to rules; of its beginning and end analysed
local PROMPT_BYTES = 4000                        -- of prompt and personality, that tell the agent's field
local SHARE_OF = 20                              -- lines, of which the agent has its share
local BOT_IDS = { bot = true, chatbot = true, agent = true, assistant = true }
local CALL = 60                                  -- bytes in which somebody may be called
local OPENINGS = {}                              -- of sentences, that look like names before a comma
for word in ([[actually alright also and anyway basically but btw cool damn finally fine first generally good great guys
    ha hello hey hi hm hmm honestly however interesting later lately maybe nice no nope now oh ok okay perhaps please
    question really right seriously so sorry still sure thanks then today tomorrow tonight true ugh well wow yeah yep
    yes yesterday yo]]):gmatch "%a+" do OPENINGS[word] = true end
local BOT_NAMES = { bot = true, chatbot = true }

-- Who is there ------------------------------------------------------------------------------------

local function has_token(text, tokens)
  for token in text:lower():gmatch "%a+" do
    if tokens[token] then return true end
  end
  return false
end

-- Whether an id or a name looks like a bot's ("bot-77", "AlexBot", "helper_bot").
local function calls_itself_bot(p)
  return has_token(p.id, BOT_IDS) or has_token(p.nickname, BOT_NAMES) or p.nickname:find "%lBot%f[%A]" ~= nil
end

local function ear_of(snap)
  local ids, handles, others, siblings = {}, {}, {}, {}
  for _, p in ipairs(snap.people) do
    if p.mine then
      ids[#ids + 1] = p.id
      for _, handle in ipairs(p.handles or {}) do handles[#handles + 1] = handle end
    else
      others[#others + 1] = p
    end
  end
  for _, other in ipairs(snap.who.siblings or {}) do
    if not siblings[other.id] then others[#others + 1] = other end
    siblings[other.id] = true
  end
  local agent = snap.agent
  return hearing.ear { id = agent.id, ids = ids, names = { agent.personality_name or agent.name, agent.name },
                       handles = handles, others = others }, siblings
end

local function words_of(text, add)
  for word in unicode.fold(text):gmatch "[%w\128-\255]+" do
    if #word >= 3 then add(word) end
  end
end

-- The words by which others may be called and the agent is not.
local function their_words(snap)
  local mine, theirs = {}, {}
  words_of((snap.agent.personality_name or "") .. " " .. snap.agent.name, function(word) mine[word] = true end)
  for _, p in ipairs(snap.people) do
    if not p.mine then words_of(p.nickname, function(word) theirs[word] = not mine[word] or nil end) end
  end
  return theirs
end

-- The context for reading lines: who wrote them, what they may be about.
local function reader_of(snap)
  local ignored, introduced = {}, false
  for _, id in ipairs(snap.settings.ignores) do ignored[id] = true end
  for _, p in ipairs(snap.people) do introduced = introduced or not p.mine and p.introduced end
  local own = {}
  for _, line in ipairs(snap.lines) do
    if line.mine and line.kind == "message" then
      if line.id then own[line.id] = true end
      if line.action_id then own[line.action_id] = true end
    end
  end
  for id in pairs(snap.found.copies) do own[id] = true end
  local ear, siblings = ear_of(snap)
  return { snap = snap, ear = ear, siblings = siblings, own = own, ignored = ignored, introduced = introduced,
           kinds = {}, theirs = their_words(snap) }
end

-- "agent" (said or found out), "bot" (by its own name, or a stranger where people are introduced), or nil: a person.
local function kind_of(reader, line)
  if line.by_agent then return "agent" end
  local known = reader.kinds[line.from_id]
  if known then return known ~= "person" and known or nil end
  local p = reader.snap.by_id[line.from_id]
  local kind = calls_itself_bot(p or { id = line.from_id, nickname = line.from }) and "bot"
    or reader.introduced and p and not p.introduced and "stranger" or nil
  if p then reader.kinds[line.from_id] = kind or "person" end -- others have a name of their own in each line
  return kind
end

-- Lines -------------------------------------------------------------------------------------------

local function sample(text)
  if #text <= HEARD + ENDING then return text end
  local ending = text:sub(-ENDING):gsub("^[\128-\191]+", "")
  return lines.cut(text, HEARD) .. " " .. ending
end

-- Whether nothing more is to be expected: a question of several words.  After a greeting or a statement more may come.
local function is_complete(text, asks)
  if not asks then return false end
  local _, words = text:sub(1, SHOWN):gsub("%S+", "")
  return words >= 3 or #text >= 18 and text:find "[\227-\237][\128-\191][\128-\191]" ~= nil
end

-- The text before the first comma, when it is short: there people name whom they address.
local function opening(text)
  local head = text:sub(1, CALL)
  local stop = head:find "[,:.!?\n]"
  if not stop or not head:find("^[,:]", stop) then return nil end
  head = head:sub(1, stop - 1)
  return select(2, head:gsub("%S+", "")) <= 3 and head or nil
end

-- Whether a line begins with a word of a name.
local function calls(text, names)
  local head, found = opening(text), false
  if head then words_of(head, function(word) found = found or names[word] or false end) end
  return found
end

-- Whether it seems to address somebody whom the agent does not know ("Alex, how ..").
local function calls_somebody(text)
  local head = opening(text)
  return head ~= nil and head:find "^%u%l+$" ~= nil and not OPENINGS[head:lower():match "%a+"]
end

local function prompt_of(head)
  return lines.cut((head.template or "") .. " " .. (head.style_instructions or ""), PROMPT_BYTES)
end

local function in_field(reader, text)
  reader.field = reader.field or topic.field(prompt_of(reader.snap.head))
  return topic.in_field(text, reader.field)
end

-- A line as a rule sees it, without fields that are false or unknown.
local function heard(reader, line)
  local text = sample(line.text)
  local said = hearing.hear(reader.ear, text, line.mentions)
  local kind, to = kind_of(reader, line), line.reply_to
  local m = {
    id = line.id, from = line.from_id, text = lines.cut(line.text, SHOWN):lower(), age_ms = line.age_ms,
    mine = line.mine or nil, by_agent = kind == "agent" or nil,
    bot = (kind == "agent" or kind == "bot") or nil, stranger = kind == "stranger" or nil,
    ignored = reader.ignored[line.from_id], named = said.named, names_other = #said.others > 0 or nil,
    danger = reader.snap.others > 1 and not (kind or line.mine) and emergency.answer(text) ~= nil or nil,
    asks = said.asks or nil, thanks = said.thanks or nil, stops = said.stops or nil,
    complete = is_complete(text, said.asks) or nil,
    replies_to = to, replies_to_me = to and reader.own[to] or nil, replies_to_other = to and not reader.own[to] or nil,
  }
  for _, id in ipairs(said.others) do m.names_sibling = m.names_sibling or reader.siblings[id] end
  m.names_other = m.names_other or not said.named and calls(text, reader.theirs) or nil
  if said.asks and not (m.bot or line.mine) and reader.snap.others > 1 then
    m.in_field = not calls_somebody(text) and in_field(reader, text) or nil
  end
  return m
end

-- Whether a line goes on with what the agent said last, to the person who said it.
local function follow_up(reader, line, m, talk)
  local answered = reader.snap.answered
  m.after_mine = talk.mine ~= nil and not talk.crossed and (talk.by == nil or talk.by == line.from_id) or nil
  m.by_answered = answered ~= nil and answered.to == line.from_id or nil
  if not (m.after_mine and m.by_answered) then return end
  local before = { answered.text or "", talk.mine.text }
  m.about_mine = m.thanks or topic.follows(sample(line.text), before, m.asks or false) or nil
end

-- The agent's part of the last lines before the new ones, in per cent.
local function share_of(old)
  local from, own = math.max(1, #old - SHARE_OF + 1), 0
  for i = from, #old do own = own + (old[i].mine and 1 or 0) end
  return #old == 0 and 0 or math.floor(100 * own / (#old - from + 1))
end

-- How many lines in a row there are now: by agents and bots, and of the agent's own before the new ones.  An answer in
-- several messages is one; a stranger neither ends a row nor makes it longer.
local function count_rows(facts, line, kind, last)
  if line.mine and last and last.mine and line.answers and line.answers == last.answers then return end
  if line.mine or kind == "agent" or kind == "bot" then
    facts.agent_chain = facts.agent_chain + 1
  elseif kind ~= "stranger" then
    facts.agent_chain = 0
  end
  if not line.new then facts.own_in_row = line.mine and facts.own_in_row + 1 or 0 end
end

-- The new messages, and what the end of the chat looked like before and with them.
local function conversation(reader, facts)
  local talk, old, last = {}, {}, nil
  for _, line in ipairs(reader.snap.lines) do
    if line.kind == "message" then
      line.new = line.pos > reader.snap.processed_pos and not line.action_id or nil
      count_rows(facts, line, kind_of(reader, line), last)
      if line.new then
        local m = heard(reader, line)
        if reader.snap.others > 1 then follow_up(reader, line, m, talk) end
        facts.messages[#facts.messages + 1] = m
      else
        old[#old + 1] = line
      end
      if line.mine then
        talk = { mine = line }
      else
        talk.crossed = talk.crossed or talk.by ~= nil and talk.by ~= line.from_id
        talk.by = line.from_id
      end
      if line.action_id then facts.since_mine_ms, facts.reacted = line.age_ms, nil end
      last = line
    elseif line.mine then
      facts.reacted = not line.removed or nil
    end
  end
  facts.share = share_of(old)
end

-- All of it ---------------------------------------------------------------------------------------

-- How long ago somebody last signalled typing without posting since; nil when nobody has.
local function typing_ms(people)
  local least
  for _, p in ipairs(people) do
    if not p.mine and p.typing_ms and (not least or p.typing_ms < least) then least = p.typing_ms end
  end
  return least
end

local function nicknames(people)
  local list = {}
  for _, p in ipairs(people) do
    if not p.mine then list[#list + 1] = p.nickname end
  end
  return list
end

local function policy_of(settings)
  local _, types = tools.permitted(settings)
  return {
    speak = settings.speak, talkativeness = settings.talkativeness, answers = settings.answers,
    reactions_only = settings.reactions_only, debounce_ms = settings.debounce_ms,
    no_reactions = not types["add-reaction"] or nil,
  }
end

-- The facts of agent.rules.respond.decide.  snap: of agent.facts; marks its new lines.
function M.of(snap)
  local head = snap.head
  local facts = {
    status = head.status, expired = head.expired_at ~= nil, others = snap.others, messages = {},
    typing_ms = typing_ms(snap.people), waited_ms = head.waited_ms or 0, own_in_row = 0, agent_chain = 0,
    follow_ups = snap.answered and snap.answered.follow_ups, policy = policy_of(snap.settings),
    quiet = snap.quiet_ms ~= nil,
  }
  if snap.others > 1 then
    facts.called = { snap.agent.personality_name or snap.agent.name, snap.agent.name }
    facts.nicknames, facts.prompt = nicknames(snap.people), prompt_of(head)
  end
  conversation(reader_of(snap), facts)
  return facts
end

-- The facts about lines that came while an answer is made, for agent.rules.respond.supersedes.
function M.of_newer(snap, list)
  local reader, messages = reader_of(snap), {}
  for _, line in ipairs(list) do
    if line.kind == "message" then messages[#messages + 1] = heard(reader, line) end
  end
  return messages
end

return M
