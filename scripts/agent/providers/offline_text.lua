-- scripts/agent/providers/offline_text.lua -- words: finding them, choosing between wordings, style.

local book = require "agent.hearing_book"
local kept = require "agent.kept"
local phrases = require "unicode.phrases"

local M = {}

local READ_MAX = 2000 -- bytes of a message that are looked at
local ABOUT_MAX = 60  -- bytes of a phrase that is said back

local STOP = {}
for word in ([[a about after again all also am an and any are as at be because been before being but by can could
  did do does doing don't down even every few for from get gets getting go going gonna got had has have having he
  her here hers him his how i i'd i'll i'm i've if in into is isn't it it's its itself just keep know last let like
  lot made make many maybe me mean might more most much must my myself need never no not now of off oh ok on once
  one only or other our out over own please pretty put quite really said same say see she should since so some
  something still such sure take than that that's the their them then there these they thing things think this
  those though through to today told too took tried try trying under until up upon us use used very want wanted
  wants was way we well went were what what's when where which while who why will with without won't would yes
  yet you you're your yours hello hey thanks thank someone anyone everyone can't cannot doesn't didn't work works
  working wrong bad good help explain question problem issue tell show]]):gmatch "%S+" do STOP[word] = true end

--- Lower case, one space between and around words; what is neither letter, digit, ' nor - is a space.
function M.normal(text)
  text = text:sub(1, READ_MAX):gsub("\226\128\153", "'"):lower()
  return " " .. text:gsub("[^%w'%-\128-\255]+", " "):gsub("^ ", ""):gsub(" $", "") .. " "
end

--- How many words a normal text has.
function M.words(normal) return select(2, normal:gsub("[^ ]+", "")) end

-- The words of a normal text.
local words_of = kept.of(32, function(normal)
  local words = {}
  for word in normal:gmatch "[^ ]+" do words[#words + 1] = word end
  return words
end)

local books = setmetatable({}, { __mode = "k" }) -- list -> its phrases, each of which has a tag of its own

local function book_of(list)
  local found = books[list]
  if found then return found end
  found = phrases.book()
  for _, phrase in ipairs(list) do phrases.add(found, phrase, { n = phrase:find(" ", 1, true) and 2 or 1 }) end
  books[list] = found
  return found
end

--- How much of the list is in a normal text: 1 for a word, 2 for a phrase.  "run*" is a beginning.
function M.score(normal, list)
  local sum, seen = 0, {}
  phrases.each(book_of(list), words_of(normal), function(tag)
    sum, seen[tag] = sum + (seen[tag] and 0 or tag.n), true
  end)
  return sum
end

--- Whether anything of the list is in a normal text.
function M.any(normal, list) return M.score(normal, list) > 0 end

--- Whether the text holds anything that can be read, and not only emoji and punctuation.
function M.readable(text)
  return text:find "%w" ~= nil or (text:find "[\195-\223]" ~= nil) or text:find "[\224-\233]" ~= nil
end

--- Whether no word of it can be one ("asdfghjkl").
function M.gibberish(text)
  local words, n = 0, 0
  for word in text:sub(1, READ_MAX):lower():gmatch "[%w\128-\255]+" do
    words = words + 1
    local odd = #word >= 5 and (word:find "[bcdfghjklmnpqrstvwxz][bcdfghjklmnpqrstvwxz][bcdfghjklmnpqrstvwxz][bcdfghjklmnpqrstvwxz][bcdfghjklmnpqrstvwxz]"
      or not word:find "[aeiouy0-9\128-\255]")
    if odd then n = n + 1 end
  end
  return words > 0 and n == words
end

-- djb2, from where it stands
local function hashed(text, h)
  for i = 1, #text do h = (h * 33 + text:byte(i)) % 4294967296 end
  return h
end

--- Where M.hash begins: a seed of some length is read once.
function M.seed(text) return hashed(text, 5381) end

--- A number that depends on seed and text alone, spread evenly (a prime modulus).
function M.hash(seed, text) return (hashed(text, seed) % 65521) * 40503 % 65521 end

--- Whether there is a question mark of any script.
function M.asks(text) return book.read(text:sub(1, READ_MAX)).words.asks end

local STEM, PIECE = "^" .. ("[^\128-\191]?[\128-\191]*"):rep(6), "[^\128-\191][\128-\191]*"

-- Pairs of characters stand for the words of scripts without spaces.
local function pairs_of(key, out)
  local before
  for piece in key:gmatch(PIECE) do
    if before then out[before .. piece] = true end
    before = piece
  end
end

--- Content words of a text (folded, cut to a stem of six letters): {stem = true}; not to be changed.
M.stems = kept.of(512, function(text)
  local r, out = book.read(text:sub(1, READ_MAX)), {}
  for i, key in ipairs(book.keys(r)) do
    local class = r.words.class[i]
    if class == "Z" or class == "K" or class == "T" then
      pairs_of(key, out)
    elseif class == "H" and #key >= 6 then
      out[key:sub(1, 6)] = true
    elseif class ~= "J" and #key >= 4 and not STOP[key] then
      out[key:match(STEM)] = true
    end
  end
  return out
end)

-- "sore" meets "sorene(ss)".
local function meets(stems, stem)
  if stems[stem] then return true end
  for other in pairs(stems) do
    local n = math.min(#stem, #other)
    if stem:sub(1, n) == other:sub(1, n) then return true end
  end
  return false
end

--- How many there are.
function M.count(stems)
  local n = 0
  for _ in pairs(stems) do n = n + 1 end
  return n
end

--- How many words of a line are among `stems`.
function M.overlap(stems, line)
  local n = 0
  for stem in pairs(M.stems(line)) do
    if meets(stems, stem) then n = n + 1 end
  end
  return n
end

local function longer(run, best)
  if #run == 0 then return best end
  local text = table.concat(run, " ")
  if #text > #best and #text <= ABOUT_MAX then return text end
  return best
end

--- The longest phrase of up to three words that carry meaning, as it was written; nil when none does.
function M.about(text)
  local best, run = "", {}
  for word in text:sub(1, READ_MAX):gmatch "%S+" do
    local ends = word:find "[.,;:!?]$" ~= nil
    local bare = word:gsub("^[^%w\128-\255]+", ""):match "^.*[%w\128-\255]" or ""
    if #bare < 3 or STOP[bare:lower()] then
      best, run = longer(run, best), {}
    else
      run[#run + 1] = bare
      if #run == 3 or ends then best, run = longer(run, best), {} end
    end
  end
  best = longer(run, best)
  return best ~= "" and best or nil
end

local FORMAL = {
  { "can't", "cannot" }, { "won't", "will not" }, { "n't", " not" }, { "let's", "let us" },
  { "Let's", "Let us" }, { "I'm", "I am" }, { "'re", " are" }, { "'ve", " have" }, { "'ll", " will" },
  { "that's", "that is" }, { "That's", "That is" }, { "it's", "it is" }, { "what's", "what is" },
  { "What's", "What is" }, { "I'd", "I would" }, { "Hey ", "Hello " }, { "Ouch, ", "" },
}

local function plain_gsub(text, from, to)
  return (text:gsub(from:gsub("%p", "%%%0"), (to:gsub("%%", "%%%%"))))
end

--- Without contractions.
function M.formal(text)
  for _, pair in ipairs(FORMAL) do text = plain_gsub(text, pair[1], pair[2]) end
  return text
end

--- Fill {slot}s; without a name the sentence closes over its place.
function M.fill(text, slots)
  if not slots.name then
    text = text:gsub(", {name}", ""):gsub("^{name}, ", ""):gsub(" {name}", ""):gsub("{name}", "")
  end
  text = text:gsub("{(%w+)}", slots)
  return (text:gsub("^%l", string.upper))
end

local EMOJI = "[\240-\244][\128-\191][\128-\191][\128-\191]"

local FORMALLY = { "formal", "professional tone", "businesslike", "polite and reserved" }
local INFORMALLY = { "informal", "not formal", "never formal", "casual" }
local NO_EMOJI = { "no emoji*", "never emoji*", "without emoji*", "avoid emoji*", "avoids emoji*", "never uses emoji*",
  "doesn't use emoji*", "does not use emoji*", "don't use emoji*", "never use emoji*" }
local EMOJI_WORDS = { "emoji*", "casual", "warm", "friendly", "motivat*", "energetic", "playful", "encouraging" }
local BRIEFLY = { "short", "brief", "concise", "terse", "few words", "to the point" }

--- Style of a personality: {emoji = list or false, short = bool, formal = bool}.
function M.style(personality, default_emoji)
  local text = M.normal(personality)
  local formal = M.any(text, FORMALLY) and not M.any(text, INFORMALLY)
  local list = {}
  if not M.any(text, NO_EMOJI) then
    for emoji in personality:gmatch(EMOJI) do list[#list + 1] = emoji end
    if #list == 0 and not formal and M.any(text, EMOJI_WORDS) then list[1] = default_emoji end
  end
  return { emoji = #list > 0 and list or false, formal = formal, short = M.any(text, BRIEFLY) }
end

return M
