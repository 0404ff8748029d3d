-- scripts/agent/hearing_learning.lua -- the names that an ear of agent.hearing listens for, and which of their parts
-- are names by themselves.  Pure.

local book = require "agent.hearing_book"
local said = require "agent.hearing_words"
local unicode = require "unicode"

local M = {}

local ALIKE_MAX = 16 -- names that begin with the same word
local ALIAS_MIN = 3  -- bytes of a part of a name that is a name

local COMMON, ROLES, NOT_NAMES = book.set(said.common), book.set(said.roles), book.set(said.not_names)

local function kind_of(folded)
  return COMMON[folded] and "common" or ROLES[folded] and "role" or "name"
end

local function add(ear, keys, class, form)
  local first = ear.first[keys[1]] or {}
  ear.first[keys[1]] = first
  for _, known in ipairs(first) do
    if table.concat(known.keys, " ") == table.concat(keys, " ") then return end
  end
  if #first >= ALIKE_MAX then return end
  form.keys = keys
  first[#first + 1] = form
  table.sort(first, function(a, b) return #a.keys > #b.keys end)
  if #keys == 1 and book.runs_on(class) then
    local head = keys[1]:match "^[^\128-\191][\128-\191]*"
    local inside = ear.inside[head] or { sizes = {}, forms = {} }
    ear.inside[head] = inside
    if not inside.forms[keys[1]] then inside.sizes[#inside.sizes + 1] = #keys[1] end
    inside.forms[keys[1]] = form
    table.sort(inside.sizes, function(a, b) return a > b end)
  end
end

local function characters(text) return select(2, text:gsub("[^\128-\191]", "")) end

-- "Łukasz" is called "Łukaszu".
local function add_vocatives(ear, name, class, who)
  if class ~= "L" or #name < 4 then return end
  for _, ending in ipairs(said.vocatives) do
    local from, to = ending[1], ending[2]
    if name:sub(-#from) == from or from == "" then
      local stem = name:sub(1, #name - #from)
      if #stem >= ALIAS_MIN and not COMMON[stem .. to] then
        add(ear, { stem .. to }, class, { who = who, kind = "vocative", slavic = ending.slavic })
      end
    end
  end
end

-- part: it is one word of a longer name.
local function add_word(ear, name, class, who, part)
  local kind = kind_of(name)
  if book.runs_on(class) and characters(name) < 2 then kind = "common" end
  add(ear, { name }, class, { who = who, kind = kind, part = part })
end

-- A part of a longer name that is a name by itself: "Alex" of "Coach Alex", "O'Neill" of "Siobhán O'Neill".
local function add_part(ear, words, from, to, who, taken, whole)
  local keys, class = {}, words.class[from]
  for i = from, to do keys[#keys + 1] = words:key(i) end
  local part = table.concat(keys, "-")
  if class == "N" or #part < ALIAS_MIN or NOT_NAMES[part] or taken[part] then return end
  if not whole and #keys > 1 then add(ear, keys, class, { who = who, kind = "name", part = true }) end
  if #keys > 1 then return end
  if not whole then add_word(ear, part, class, who, true) end
  if (class == "H" or class == "Z") and characters(part) == 3 then -- without the family name
    local given = part:match "^[^\128-\191][\128-\191]*(.*)"
    if not taken[given] then add_word(ear, given, class, who, true) end
  end
  if not ROLES[part] then add_vocatives(ear, part, class, who) end
end

-- Words that are joined by a hyphen or an apostrophe stay together; those of other scripts do not.
local function part_end(words, i)
  while i < words.n and words.after[i] == "-" and not book.runs_on(words.class[i]) do i = i + 1 end
  return i
end

--- The whole name, and also its parts if `taken`, the words that belong to others, is given.
function M.learn(ear, name, who, taken)
  local words, keys = unicode.words(name), {}
  if words.n == 0 then return end
  for i = 1, words.n do keys[i] = words:key(i) end
  if words.n == 1 then
    add_word(ear, keys[1], words.class[1], who)
  else
    add(ear, keys, words.class[1], { who = who, kind = "name" })
  end
  local from = 1
  while taken and from <= words.n do
    local to = part_end(words, from)
    add_part(ear, words, from, to, who, taken, from == 1 and to == words.n)
    from = to + 1
  end
end

--- The words by which somebody is called.
function M.words_of(name)
  local words, out = unicode.words(name), {}
  for i = 1, words.n do out[words:key(i)] = true end
  return out
end

return M
