-- scripts/agent/providers/offline.lua -- answers by rules, when no language model is configured.
-- It sees the same chat and acts through the same tools as a model would, but it is not one, and says so
-- once in a chat, and when asked.  Its answers are assembled from offline_fitness.lua and offline_general.lua,
-- or are a sentence of the agent's own prompt that answers a question; the choice of wording depends on the
-- message alone, so that the same chat gives the same answers.  It reads English.
-- Somebody in danger gets the emergency number and nothing else (offline_emergency.lua).

local hearing = require "agent.hearing"
local fitness = require "agent.providers.offline_fitness"
local general = require "agent.providers.offline_general"
local languages = require "agent.providers.offline_languages"
local market = require "agent.providers.offline_market"
local read = require "agent.providers.offline_read"
local text_of = require "agent.providers.offline_text"
local tools_of = require "agent.providers.offline_tools"
local trade = require "agent.providers.offline_trade"

local M = { name = "offline" }

local CHUNKS = 6          -- in which a text is streamed
local SHORT_REPLY = 4     -- words of what counts as an answer to a question of ours, whatever it says
local SAID_BYTES = 40     -- of a piece by which it is recognised in what was said before
local LONG_MESSAGE = 25   -- words of a message that deserves two suggestions

-- Choosing ----------------------------------------------------------------------------------------

local function index(s, salt, n) return text_of.hash(s.seed, salt) % n + 1 end

local function was_said(s, piece)
  local head = piece:sub(1, SAID_BYTES)
  for _, own in ipairs(s.own) do
    if own:find(head, 1, true) then return true end
  end
  return false
end

-- One of the list, filled in; one that was said before only when all were, or then none (`fresh`).
local function pick(s, salt, list, fresh)
  local first = index(s, salt, #list)
  for i = 0, #list - 1 do
    local piece = text_of.fill(list[(first + i - 1) % #list + 1], s.slots)
    if s.told.style.formal then piece = text_of.formal(piece) end
    if not was_said(s, piece) then return piece end
  end
  if fresh then return nil end
  return text_of.fill(list[first], s.slots)
end

-- Those of the list that share the most words with the message and were not said yet; else all.
local function fitting(s, list)
  local best, most = {}, 0
  for _, piece in ipairs(list) do
    local n = text_of.overlap(s.stems, piece)
    if n >= most and not was_said(s, piece) then
      if n > most then best, most = {}, n end
      best[#best + 1] = piece
    end
  end
  return #best > 0 and best or list
end

-- Two different ones, or one when the style or the message is short.
local function suggestions(s, list)
  local first = pick(s, "advice", fitting(s, list))
  if s.told.style.short or s.words < LONG_MESSAGE then return first end
  s.own[#s.own + 1] = first
  local second = pick(s, "advice more", list, true)
  s.own[#s.own] = nil
  return second and first .. " " .. second or first
end

local function thing_in(s)
  for _, thing in ipairs(fitness.things) do
    if text_of.any(s.normal, thing.words) then return thing.name end
  end
end

local DISLIKE = { "hate*", "boring", "bored", "struggl*", "dislike*", "dread*", "don't like", "can't stand", "hard" }
local WITH_THING = { "We can build on {thing}.", "{thing} can stay part of the plan." }
local AGAINST_THING = {
  "There are ways to make {thing} easier to like, or to swap it for something else.",
  "You don't have to love {thing} to get fitter.",
}

local function about_thing(s)
  local thing = thing_in(s)
  if not thing then return nil end
  s.slots.thing = thing
  return pick(s, "thing", text_of.any(s.normal, DISLIKE) and AGAINST_THING or WITH_THING)
end

-- A memory of the personality that is related to the message.
local function memory(s)
  if index(s, "memory", 2) == 1 then return nil end
  for _, line in ipairs(s.told.memories) do
    if text_of.overlap(s.stems, line) > 0 and not was_said(s, line) then return line end
  end
end

local function join(...)
  local parts = {}
  for i = 1, select("#", ...) do
    local part = select(i, ...)
    if part then parts[#parts + 1] = part end
  end
  return table.concat(parts, " ")
end

local function with_emoji(s, text)
  if not s.told.style.emoji or index(s, "emoji?", 3) == 1 then return text end
  return text .. " " .. s.told.style.emoji[index(s, "emoji", #s.told.style.emoji)]
end

-- From its own prompt --------------------------------------------------------------------------------

local ABOUT_ME = { "are you", "do you", "did you", "have you", "were you", "can you", "your", "yourself" }

-- The sentence that shares the most words with a message: two of them, or half of a question's.
local function best_sentence(s, sentences, least)
  local asked, best, most = text_of.count(s.stems), nil, (least or 1) - 1
  for _, sentence in ipairs(sentences) do
    local n = text_of.overlap(s.stems, sentence)
    local fits = n > 1 or s.asks and n * 2 >= asked
    if n > most and fits and (s.asks or not was_said(s, sentence)) then best, most = sentence, n end
  end
  return best and best .. (best:find "[%p\128-\255]$" and "" or ".")
end

-- A sentence of the prompt that answers, or one of the personality when the agent is asked about itself.
local function told(s, least)
  local about_me = s.asks and text_of.any(s.normal, ABOUT_ME)
  return best_sentence(s, s.told.knows, least) or about_me and best_sentence(s, s.told.is, least) or nil
end

local function note(s, least)
  local known = told(s, least)
  return known and pick(s, "note", general.help.notes) .. known
end

-- Fitness -----------------------------------------------------------------------------------------

local function topic_of(normal)
  local best, most = nil, 0
  for _, topic in ipairs(fitness.topics) do
    local score = text_of.score(normal, topic.words) * (topic.weight or 1)
    if topic.first and score > 0 then return topic end
    if score > most then best, most = topic, score end
  end
  return best
end

local function best_topic(s)
  if s.topic == nil then s.topic = topic_of(s.normal) or false end
  return s.topic
end

-- The topic that the agent's last message asked about, in formal words or not.
local function asked_topic(s)
  local last = s.after_mine
  if not last then return nil end
  local function holds(list)
    for _, piece in ipairs(list or {}) do
      if last:find(piece, 1, true) or last:find(text_of.formal(piece), 1, true) then return true end
    end
  end
  for _, topic in ipairs(fitness.topics) do
    if holds(topic.ask) or holds(topic.ask_known) then return topic end
  end
end

local function compose(s, topic, ack)
  local aside = not topic.first
  local asks = thing_in(s) and topic.ask_known or topic.ask
  return join(pick(s, "ack", ack or topic.ack), aside and about_thing(s), aside and memory(s),
    suggestions(s, topic.advice), pick(s, "ask", asks, true))
end

local function begins_as_answer(s)
  return text_of.any(" " .. (s.normal:match "^ ([^ ]+)" or "") .. " ", general.answers)
end

-- Does it answer the question that the agent asked last?
local function answers_me(s)
  if not (s.after_mine and s.after_mine:find("?", 1, true)) or s.line.text:find("?", 1, true) then return false end
  return s.words <= SHORT_REPLY or begins_as_answer(s) or s.normal:find "%d" ~= nil
end

local function went_well(s)
  return text_of.any(s.normal, general.progress) and not text_of.any(s.normal, general.problem)
end

local function coach(s)
  local topic = best_topic(s)
  if topic and topic.first then return compose(s, topic) end
  local known = s.asks and note(s, topic and 2) -- one word of the field in common says little
  if known then return with_emoji(s, known) end
  if went_well(s) then return with_emoji(s, compose(s, fitness.progress)) end
  local asked = asked_topic(s)
  if asked and (answers_me(s) or topic == asked and not s.line.text:find("?", 1, true)) then
    return with_emoji(s, compose(s, topic or asked, fitness.continue))
  end
  return with_emoji(s, compose(s, topic or fitness.other))
end

-- Any other role ----------------------------------------------------------------------------------

local CHEER = { ack = { "Congratulations, {name}!", "That's great news, {name}.", "Well done, {name}!" } }

local function helper(s)
  local known = note(s)
  if known then return with_emoji(s, known) end
  local kind = general.help.statement
  if text_of.any(s.normal, general.problem) then
    kind = general.help.problem
  elseif s.line.text:find("?", 1, true) or text_of.any(s.normal, general.question) then
    kind = general.help.question
  elseif went_well(s) then
    return with_emoji(s, join(pick(s, "ack", CHEER.ack), pick(s, "ask", general.help.ask, true)))
  end
  return with_emoji(s, join(pick(s, "ack", kind.ack), pick(s, "advice", kind.advice),
    pick(s, "ask", general.help.ask, true)))
end

-- Every role --------------------------------------------------------------------------------------

local function intent_of(s)
  for _, intent in ipairs(general.intents) do
    if (not intent.short or s.words <= intent.short) and text_of.any(s.normal, intent.words) then return intent end
  end
end

-- A greeting or thanks in front of something more is only a courtesy.
local function is_courtesy(s, intent)
  if not intent.short or intent.name == "identity" then return false end
  if s.told.is_coach and best_topic(s) or text_of.any(s.normal, general.problem) then return true end
  return intent.name ~= "goodbye" and s.line.text:find("?", 1, true) ~= nil and s.words > 4
end

local function by_intent(s, intent)
  local text = join(pick(s, "say", intent.say), intent.ask and pick(s, "ask", intent.ask))
  if intent.name == "machine" then return text end
  return with_emoji(s, text)
end

local function is_nod(s)
  if not text_of.readable(s.line.text) then return true end
  if s.words > 3 or s.line.text:find("?", 1, true) or not text_of.any(s.normal, general.nods) then return false end
  return not (answers_me(s) and begins_as_answer(s))
end

-- The reaction of its own that somebody does not want, or nil.
local function unwelcome(s)
  return text_of.any(s.normal, general.unreact) and s.reactions[#s.reactions] or nil
end

-- It reads English.  In other languages it uses its prompt, and knows greetings and thanks; for the rest it says once
-- that it cannot read it, and from then on only reacts, to show that it has seen it.
local function foreign(s)
  local known = told(s)
  if known then return known end
  if s.heard.thanks then return nil, "👍" end
  if s.heard.greets and languages.greeting[s.lang] then return languages.greeting[s.lang] end
  if s.noticed then return nil, "👀" end
  return ""
end

local function unreadable(s)
  return text_of.gibberish(s.line.text) and not (s.told.is_coach and best_topic(s))
end

-- It cannot see attachments, and says so once; from then on only lines with text count.
local function unseen(s)
  local blind = languages.blind[s.lang] or languages.blind.en
  if s.line.attachments and #s.line.attachments > 0 then
    if not was_said(s, blind) then return blind end
    if not text_of.readable(s.line.text) then return nil, "👀" end
  end
end

-- What to do: text to say or nil, an emoji to react with or nil; neither: to be silent.
local function plan(s)
  if s.heard.stops then return nil, not s.reacted and "👍" or nil end
  if s.heard.declines then return nil, "👍" end
  local text, reaction = unseen(s)
  if text or reaction then return text, reaction end
  if s.lang ~= "en" then return foreign(s) end
  local intent = intent_of(s)
  if intent and not is_courtesy(s, intent) then return by_intent(s, intent), intent.reaction end
  if is_nod(s) then return nil, "👍" end
  if unreadable(s) then return nil, "👀" end
  return s.told.is_coach and coach(s) or helper(s), nil
end

local function prepare(req)
  local s = read.situation(req)
  if not s.line or s.line.kind == "reaction" then return s end
  s.normal = text_of.normal(s.line.text)
  s.heard = hearing.hear(s.told.me and hearing.ear { names = { s.told.me } } or hearing.nobody, s.line.text)
  s.asks = s.heard.asks
  s.words, s.stems = text_of.words(s.normal), text_of.stems(s.line.text)
  s.seed = text_of.seed((s.line.id or "") .. "\0" .. s.line.text:sub(1, 500) .. "\0" .. #s.own)
  local about = text_of.about(s.line.text)
  s.slots = {
    name = s.name, about = about and "“" .. about .. "”" or "that", me = s.told.me or "an assistant",
    role = s.told.role or "here to help",
  }
  return s
end

-- Saying it ---------------------------------------------------------------------------------------

local function names_of(tools)
  local names = {}
  for _, tool in ipairs(tools or {}) do names[tool.name] = true end
  return names
end

local function stream(out, text)
  local words, n = {}, 0
  for word in text:gmatch "%S+%s*" do
    n = n + 1
    words[n] = word
  end
  local size = math.max(1, math.ceil(n / CHUNKS))
  for from = 1, n, size do out:text(table.concat(words, "", from, math.min(n, from + size - 1))) end
end

local function say(out, tools, s, text)
  if s.line.id and tools.send_reply and not s.latest and s.people > 1 then
    out:tool("say", { name = "send_reply", arguments = { content = text, message_id = s.line.id } })
  elseif tools.send_message then
    out:tool("say", { name = "send_message", arguments = { content = text } })
  else
    stream(out, text)
  end
end

-- A caller that offers no tool to stay silent expects a text.
local function silence(out, tools, why)
  if not tools.stay_silent then return stream(out, languages.notice.en) end
  out:tool("silence", { name = "stay_silent", arguments = { reason = why } })
end

-- The text, and once in a chat that no model is connected.
local function with_notice(s, text)
  if s.noticed or languages.says_notice(text) then return text end
  local notice = languages.notice[s.lang] or languages.notice.en
  return text == "" and notice or text .. " " .. notice
end

-- Says it, reacts, or takes a reaction back, as planned.
local function act(out, tools, s)
  if s.emergency then return say(out, tools, s, s.emergency) end
  if not s.line then return silence(out, tools, "nothing new was said") end
  if s.line.kind == "reaction" then return silence(out, tools, "a reaction needs no answer") end
  local own = unwelcome(s)
  if own and tools.remove_reaction then
    return out:tool("unreact", { name = "remove_reaction", arguments = { message_id = own.id, emoji = own.emoji } })
  end
  local text, reaction = s.looked_up and s.looked_up.text, nil
  if not text then text, reaction = plan(s) end
  if not text and not reaction then return silence(out, tools, "they want no more to be said") end
  text = text and with_notice(s, text)
  if text and tools.add_reaction and not tools.send_message then text, reaction = nil, reaction or "👍" end
  local can_react = reaction and tools.add_reaction and s.line.id
  if can_react then
    out:tool("react", { name = "add_reaction", arguments = { message_id = s.line.id, emoji = reaction } })
  end
  if text then say(out, tools, s, text) elseif not can_react then stream(out, reaction) end
end

local function call(out, wish)
  if wish.text then return stream(out, wish.text) end
  for i, one in ipairs(wish.calls) do
    out:tool(i, { id = "call_" .. i, name = one.name, arguments = one.arguments })
  end
end

--- Answer a chat without a server: reports to the collector `out` as a stream would.
function M.answer(req, _, out)
  out:usage(0, 0)
  local last = not req.context and req.messages[#req.messages].content
  if last and last:find "^<notes>" then
    return out:fail { code = "no_language_model", message = "the offline provider cannot write summaries" }
  end
  local s = prepare(req)
  local has_tools = not req.context and req.tools and req.tools[1] ~= nil
  local wish = has_tools and (trade.next(req.messages, req.tools)
    or not s.emergency and tools_of.next(req.messages, req.tools))
  if not wish then s.looked_up = market.look(req, s) end
  if s.looked_up and s.looked_up.calls then wish = s.looked_up end
  if wish then call(out, wish) else act(out, names_of(req.tools), s) end
  out:stop "stop"
end

return M
