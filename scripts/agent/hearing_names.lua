-- scripts/agent/hearing_names.lua -- names in a text, and whether they address somebody or talk about somebody.
-- The position of a name decides: alone in a clause ("…, Alex?"), at its beginning or end, or within it; names that
-- are also words count only when alone.  Pure, and linear in the length of the text: the candidates at one position
-- are bounded.

local book = require "agent.hearing_book"
local said = require "agent.hearing_words"

local M = {}

local AROUND = 48    -- bytes beside a name in a word of a script without spaces
local IN_RUN_MAX = 64 -- names in one such word

local key = book.key
local OF_THIRD, DOES_THIRD = book.set(said.of_third), book.set(said.does_third)
local HONORIFICS, SLAVIC, REQUESTS = book.set(said.honorifics), book.set(said.slavic), book.set(said.requests)
local POSSESSIVES, WHO_ASKS = book.set(said.possessives), book.set(said.who_asks)
local BEGINS, YOU, ALSO = book.set(said.begins), book.set(said.you), book.set(said.also)
local HAS_DONE = book.phrases(said.has_done)
local OPENERS = book.phrases((said.openers:gsub("%s+", "|"))) -- words
local GREETINGS, THANKS = book.phrases(said.greetings), book.phrases(said.thanks)
local FAREWELLS, QUESTIONS = book.phrases(said.farewells), book.phrases(said.questions)
local TAILS, TITLES = {}, book.set(said.titles)
for class, kinds in pairs(said.tails) do
  TAILS[class] = { to = book.set(kinds.to), topic = book.set(kinds.topic), third = book.set(kinds.third) }
end

-- Where clauses begin and end -------------------------------------------------------------------------

local ENDS = { [","] = true, ["."] = true, ["?"] = true }

-- opened[i]: word i is the last word of an opening before a name ("hi", "thanks", "ok so").
local function openings(r)
  local opened, after = {}, r.words.after
  for i = 1, r.n do
    local start = i == 1 or ENDS[after[i - 1]] or opened[i - 1] or r.skip[i - 1]
    local greets = start and (book.phrase_at(r, i, GREETINGS) or book.phrase_at(r, i, FAREWELLS))
    local thanks = book.phrase_at(r, i, THANKS)
    local last = greets or thanks or start and book.phrase_at(r, i, OPENERS)
    if last then opened[last] = greets and "greeting" or thanks and "thanks" or "opener" end
  end
  return opened
end

local function starts(r, i)
  return i == 1 or ENDS[r.words.after[i - 1]] or r.opened[i - 1] ~= nil or r.skip[i - 1] or false
end

local function ends(r, j) return j == r.n or ENDS[r.words.after[j]] or false end

-- Words, paths and tags that merely contain the name: "non-alex", "alex_bot", "#alex", "alex.txt".
local function stands_alone(r, i, j)
  local text, words = r.text, r.words
  local before, after = text:sub(words.from[i] - 1, words.from[i] - 1), text:sub(words.to[j] + 1, words.to[j] + 1)
  local joined = i > 1 and words.from[i] - words.to[i - 1] == 2
  local joins = j < r.n and words.from[j + 1] - words.to[j] == 2
  if before:find "[#$=\\]" or before == "/" and not r.named[i - 1] then return false end
  if joined and before:find "[_.-]" then return false end
  if joins and after == "-" then return HONORIFICS[key(r, j + 1)] or false end
  if joins and after == "." then return not text:find("^[%l%d]", words.to[j] + 2) end
  return not (joins and after:find "[_@=\\]")
end

-- "alex's", "Alex'in": what belongs to the name, or is said of it.
local function has_suffix(r, j)
  if j >= r.n then return false end
  local between = r.text:sub(r.words.to[j] + 1, r.words.from[j + 1] - 1)
  return between == "'" or between == "’"
end

-- "d'Alex", "dell'Alex".
local function has_article(r, i)
  if i == 1 then return false end
  local between = r.text:sub(r.words.to[i - 1] + 1, r.words.from[i] - 1)
  return between == "'" or between == "’"
end

local function is_capital(r, i)
  local from = r.words.from[i]
  return r.text:sub(from, r.words.to[i]) ~= key(r, i) and r.text:find("^[%u\195-\212]", from) ~= nil
end

-- Names that are words ("will", "hope").
local function judge_common(r, i, j)
  if starts(r, i) and ends(r, j) then
    local bare = i == 1 and j == r.n or r.opened[i - 1] == "opener" and r.words.after[i - 1] == " "
    if not bare or r.words.asks or is_capital(r, i) then return "address" end
  elseif r.opened[i - 1] == "greeting" and (REQUESTS[key(r, j + 1)] or book.phrase_at(r, j + 1, QUESTIONS)) then
    return "address"
  elseif i > 1 and ends(r, j) and r.words.asks and is_capital(r, i) and not OF_THIRD[key(r, i - 1)] then
    return "address"
  end
  return nil
end

-- "with Alex", "my trainer Alex", "d'Alex".
local function is_introduced(r, i, j)
  if i == 1 or starts(r, i) then return false end
  local before, further = key(r, i - 1), key(r, i - 2)
  return OF_THIRD[before] or has_article(r, i) or POSSESSIVES[further] and not ends(r, j) or false
end

-- "Alex Morgan", but not "Alex I wanted to ask": a capital that begins no sentence.
local function is_surname(r, j)
  local word = key(r, j + 1)
  if not (is_capital(r, j + 1) and #word > 1) then return false end
  return not (BEGINS[word] or WHO_ASKS[word] or POSSESSIVES[word] or REQUESTS[word] or OF_THIRD[word])
    and not book.phrase_at(r, j + 1, QUESTIONS) and not book.phrase_at(r, j + 1, THANKS)
    and not book.phrase_at(r, j + 1, GREETINGS)
end

-- "Alex said", "Alex Morgan".
local function goes_on_in_third(r, j, form, i)
  if r.words.after[j] ~= " " then return false end
  if DOES_THIRD[key(r, j + 1)] and not YOU[key(r, j + 2)] or book.phrase_at(r, j + 1, HAS_DONE) then return true end
  return form.part and starts(r, i) and is_capital(r, i) and is_surname(r, j)
end

-- "Coach" at the beginning or the end; in between it is anybody's trade.
local function judge_role(r, i, j)
  local after = key(r, j + 1)
  if starts(r, i) then return (r.words.asks or REQUESTS[after] or WHO_ASKS[after]) and "address" or nil end
  return ends(r, j) and r.words.asks and "address" or nil
end

-- "Ben, did you ask Alex?": the sentence already addresses somebody, so this name is a third person's.
local function is_asked_about(r, i, form)
  return r.spoken_to ~= nil and r.spoken_to ~= form.who and not starts(r, i) and not ALSO[key(r, i - 1)]
end

local function judge_plain(r, i, j, form)
  if starts(r, i) and ends(r, j) then return "address" end
  if is_introduced(r, i, j) then return "third" end
  if has_suffix(r, j) or goes_on_in_third(r, j, form, i) then return r.words.asks and "within" or "third" end
  if form.kind == "role" then return judge_role(r, i, j) end
  if is_asked_about(r, i, form) then return "within" end
  return (starts(r, i) or ends(r, j)) and "address" or "within"
end

-- How the name from word i to j is meant: "address" (it addresses somebody), "within" (it may), "third" (it is about
-- somebody), or nil (it is not a name here).
local function judge(r, i, j, form)
  if not stands_alone(r, i, j) then return nil end
  if form.kind == "common" then return judge_common(r, i, j) end
  if form.kind == "vocative" then
    if form.slavic and not r.slavic then return nil end
    return starts(r, i) and ends(r, j) and "address" or nil
  end
  return judge_plain(r, i, j, form)
end

-- Scripts without spaces ------------------------------------------------------------------------------

-- The kind of what follows a name within its word: "to", "topic", "third", "" (nothing), or nil.
local function tail_of(tail, class)
  if tail == "" then return "" end
  local tails, best, size = TAILS[class], nil, 0
  for kind, set in pairs(tails) do
    for ending in pairs(set) do
      local fits = tail == ending or (kind == "to" or class ~= "H") and tail:sub(1, #ending) == ending
      if fits and #ending > size then best, size = kind, #ending end
    end
  end
  return best
end

-- What is written right behind word i: an honorific, or a particle behind Han.
local function tail_behind(r, i)
  local class, after = r.words.class[i], r.words.class[i + 1]
  if r.words.after[i] ~= "" or not after then return "" end
  if after == "J" and class == "Z" then return tail_of(key(r, i + 1), "J") or "" end
  for title in pairs(after == "Z" and TITLES or {}) do
    if key(r, i + 1):sub(1, #title) == title then return "to" end
  end
  return ""
end

local function opens(head)
  for _, phrases in ipairs { OPENERS, GREETINGS, THANKS } do
    for _, phrase in ipairs(phrases.inside) do
      if #phrase <= #head and head:sub(-#phrase) == phrase then return true end
    end
  end
  return false
end

-- A name that fills the word at i from byte `from` to `to` of its key.
local function judge_run(r, i, form, from, to)
  local class, word = r.words.class[i], key(r, i)
  local head, tail = word:sub(math.max(1, from - AROUND), from - 1), word:sub(to + 1, to + AROUND)
  local free = class == "Z" or class == "T"      -- any word may follow: there are no particles to tell
  local kind = tail_of(tail, class) or free and "any"
  if kind == "" then kind = tail_behind(r, i) end
  local opened = head ~= "" and opens(head)
  local start = opened or head == "" and starts(r, i)
  if not kind or head ~= "" and not opened and not free then return nil end
  if form.kind == "common" then
    if kind == "to" and (class ~= "Z" or tail == "") then return start and "address" or "within" end
    local ended = kind == "" and (ends(r, i) or r.words.asks and r.words.after[i] ~= "-")
    return start and ended and "address" or nil
  end
  if kind == "third" then return "third" end
  if kind == "to" then return (start or ends(r, i)) and "address" or "within" end
  if opened or start and (kind == "" or r.words.asks) then return "address" end
  if kind == "" and ends(r, i) then return "address" end
  return r.words.asks and "within" or "third"
end

-- Calls found(who, use) for each name within word i.
local function in_run(ear, r, i, found)
  local word, at, n = key(r, i), 1, 0
  while at <= #word and n < IN_RUN_MAX do
    local size = #word:match("^[^\128-\191][\128-\191]*", at)
    local inside = ear.inside[word:sub(at, at + size - 1)]
    for _, bytes in ipairs(inside and inside.sizes or {}) do
      local form = inside.forms[word:sub(at, at + bytes - 1)]
      if form then
        local use = judge_run(r, i, form, at, at + bytes - 1)
        if use then found(form.who, use) end
        size, n = bytes, n + 1
        break
      end
    end
    at = at + size
  end
end

-- All names -------------------------------------------------------------------------------------------

-- The longest name that begins with word i, and its last word.
local function name_at(ear, r, i)
  for _, form in ipairs(ear.first[key(r, i)] or {}) do
    local last = i + #form.keys - 1
    local fits = last <= r.n
    for k = 2, #form.keys do
      local between = r.words.after[i + k - 2]
      fits = fits and key(r, i + k - 1) == form.keys[k] and (between == " " or between == "-" or between == "")
    end
    if fits then return form, last end
  end
end

local function is_slavic(r)
  for i = 1, r.n do
    if SLAVIC[key(r, i)] then return true end
  end
  return r.text:find "[\196\197][\128-\191]" ~= nil
end

--- The words of a text, made ready for names: skip[i] marks words that belong to mentions.
function M.read(text)
  local r = book.read(text)
  r.skip = {}
  return r
end

--- Who is named from byte `at` on, and the last byte of the name; for names after "@".
function M.at(ear, r, by_byte, at)
  local i = by_byte[at]
  local form, last = nil, nil
  if i then form, last = name_at(ear, r, i) end
  if not form or form.kind == "vocative" then return nil end
  return form.who, r.words.to[last]
end

-- A name from word i to `last` that is meant as `use`, or is just a word there (nil).
local function note(r, i, last, form, use, found)
  if not use then return end
  found(form.who, use)
  for k = i, last do r.called[k] = true end
  r.named[last] = true
  r.opened[last] = r.opened[last] or "opener"
  if use == "address" then r.spoken_to = form.who end
end

local SENTENCE_ENDS = { ["."] = true, ["?"] = true }

--- Calls found(who, use) for every name in a text.  called[i] marks the words of names that count.
function M.each(ear, r, found)
  r.opened, r.slavic, r.named, r.called = openings(r), is_slavic(r), {}, {}
  local i = 1
  while i <= r.n do
    local form, last = nil, i
    if SENTENCE_ENDS[r.words.after[i - 1]] then r.spoken_to = nil end
    if not r.skip[i] then
      form, last = name_at(ear, r, i)
      local runs_on = book.runs_on(r.words.class[i])
      if form and not (runs_on and #form.keys == 1) then
        note(r, i, last, form, judge(r, i, last, form), found)
      elseif runs_on then
        last = i
        in_run(ear, r, i, function(who, use)
          r.called[i] = true
          found(who, use)
        end)
      end
    end
    i = (form and last or i) + 1
  end
end

return M
