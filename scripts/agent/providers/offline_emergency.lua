-- scripts/agent/providers/offline_emergency.lua -- when somebody's life may be in danger, and what to say then.
-- Such a message must not get a tip or a question from the agent's field, but the local emergency number, plainly, in
-- the language of the message.  Better once too often, but not to somebody who is dying of laughter.

local book = require "agent.hearing_book"
local doses = require "agent.providers.offline_doses"
local languages = require "agent.providers.offline_languages"
local phrases = require "unicode.phrases"
local words = require "agent.providers.offline_emergency_words"

local M = { languages = words.languages }

local READ_MAX = 2000 -- bytes of a message that are looked at
local JOKES = { "😂", "🤣", "😹", "😆" }

-- All phrases of danger, each tagged with its group.
local dangers = phrases.book()

-- {{not_with =, jokes =}, ..}; where there is but one group, its two lists stand in the language.
local function groups(list, not_with, squeezed)
  local out = {}
  for i, group in ipairs(type(list) == "table" and list or { { list, not_with, jokes = true } }) do
    out[i] = { not_with = group[2], jokes = group.jokes, squeezed = squeezed }
    phrases.add(dangers, group[1], out[i], squeezed)
  end
  return out
end

local KINDS = { "self", "danger" }
local known = {} -- by kind: {{language =, groups =}, ..}
for _, kind in ipairs(KINDS) do
  known[kind] = {}
  for i, language in ipairs(M.languages) do
    known[kind][i] = { language = language, groups = groups(language[kind], language[kind .. "_not"], language.squeezed) }
  end
end

local function is_joke(text)
  for _, sign in ipairs(JOKES) do
    if text:find(sign, 1, true) then return true end
  end
  return false
end

-- Whether the text has words that give a group's phrases another meaning.
local function excused(group, keys)
  if not group.excuses then
    group.excuses = phrases.book()
    phrases.add(group.excuses, group.not_with, true, group.squeezed)
  end
  local is = false
  phrases.each(group.excuses, keys, function() is = true end)
  return is
end

-- "meant", "otherwise" (the words are there and mean something else), or nil.
local function meant(list, hits, keys, joke)
  local verdict
  for _, group in ipairs(list) do
    if hits[group] then
      if not (joke and group.jokes) and not excused(group, keys) then return "meant" end
      verdict = "otherwise"
    end
  end
  return verdict
end

-- The language in which a text speaks of this kind of danger; nil if its words mean something else in any language
-- (languages share words).  The language that the text seems to be in is preferred.
local function language_of(kind, text, hits, keys)
  local found, joke, seems = nil, is_joke(text), languages.of(text)
  for _, entry in ipairs(known[kind]) do
    local verdict = meant(entry.groups, hits, keys, joke)
    if verdict == "otherwise" then return nil end
    if verdict and (not found or entry.language.lang == seems) then found = entry.language end
  end
  return found
end

-- A language in which the text says that a lot of a medicine was taken, preferably the one that it seems to be in.
local function language_of_doses(text, keys)
  local found = not is_joke(text) and doses.found(keys)
  if not found then return nil end
  local seems, any = languages.of(text), nil
  for _, language in ipairs(M.languages) do
    if found[language.lang] and (not any or language.lang == seems) then any = language end
  end
  return any
end

--- The required answer to a text in which somebody's life seems to be in danger, its language and the kind
--- ("danger" or "self"); nil for all other texts.
function M.answer(text)
  text = text:sub(1, READ_MAX)
  local keys, hits, any = book.keys(book.read(text)), {}, false
  phrases.each(dangers, keys, function(group) hits[group], any = true, true end)
  for _, kind in ipairs(any and KINDS or {}) do
    local language = language_of(kind, text, hits, keys)
    if language then return language[kind .. "_say"], language.lang, kind end
  end
  local language = language_of_doses(text, keys)
  if language then return language.danger_say, language.lang, "danger" end
  return nil
end

return M
