-- scripts/agent/hearing.lua -- what a line of a chat says, and to whom: names, mentions, questions, thanks.
-- Pure, and linear in the length of the text.  It finds out what was said; agent.rules.respond decides
-- what follows from it.  An `ear` knows the names to listen for, and is made once per turn.

local book = require "agent.hearing_book"
local kept = require "agent.kept"
local learning = require "agent.hearing_learning"
local mentioned = require "agent.hearing_mentions"
local named = require "agent.hearing_names"
local said = require "agent.hearing_words"
local unicode = require "unicode"

local M = {}

local ME = {}           -- stands for the agent among the named
local SHORT_WORDS = 7   -- of a line that may be just thanks, a nod or a greeting
local SHORT_BYTES = 200
local EARS, CROWD = 64, 50 -- cached ears, and how many people a cached one may listen for

local GREETINGS, FAREWELLS = book.phrases(said.greetings), book.phrases(said.farewells)
local THANKS, NODS, REFUSALS = book.phrases(said.thanks), book.phrases(said.nods), book.phrases(said.refusals)
local QUESTIONS = book.phrases(said.questions)
local DECLINES, STOPS, SOFT = book.phrases(said.declines), book.phrases(said.stops), book.set(said.soft)
local BUT, EVERYONE = book.set(said.but), book.set(said.everyone)
local QUESTION_ENDS, QUESTION_TAILS = book.set(said.question_ends), book.set(said.question_tails)
local THANKS_SIGNS = { "👍", "🙏", "❤", "🙌", "💯", "♥" }

-- Learning --------------------------------------------------------------------------------------------

local function taken_words(who)
  local mine, taken = unicode.fold(who.names[1] or ""), {}
  for _, other in ipairs(who.others) do
    if unicode.fold(other.nickname) ~= mine then -- who takes the whole name does not take its words
      for word in pairs(learning.words_of(other.nickname)) do taken[word] = true end
    end
  end
  return taken
end

local function first_word(nickname, mine, taken)
  local words = unicode.words(nickname)
  local first = words.n > 1 and words:key(1)
  return first and #first >= 3 and (taken[first] or not mine[first]) and nickname:sub(words.from[1], words.to[1]) or nil
end

local function new_ear() return { me = ME, ids = {}, handles = {}, first = {}, inside = {} } end

--- Listens for nobody's name.
M.nobody = new_ear()

local function learn_all(who)
  local ear = new_ear()
  local taken = taken_words(who)
  if who.id then mentioned.learn_ids(ear, { who.id }, ME) end
  mentioned.learn_ids(ear, who.ids, ME)
  mentioned.learn_ids(ear, who.handles, ME)
  for _, other in ipairs(who.others) do
    mentioned.learn_ids(ear, { other.id }, other.id)
    mentioned.learn_ids(ear, other.handles or {}, other.id)
  end
  for i, name in ipairs(who.names) do
    mentioned.learn_name(ear, name, ME)
    learning.learn(ear, name, ME, i == 1 and taken or nil)
  end
  local mine = learning.words_of(who.names[1] or "")
  for _, other in ipairs(who.others) do
    mentioned.learn_name(ear, other.nickname, other.id)
    learning.learn(ear, other.nickname, other.id)
    local first = first_word(other.nickname, mine, taken)
    if first then learning.learn(ear, first, other.id) end
  end
  return ear
end

-- Cache key: everything that an ear is made of, in one text.
local function described(who)
  local parts = { who.id or "" }
  local function add(list)
    parts[#parts + 1] = #list
    for _, text in ipairs(list) do parts[#parts + 1] = text end
  end
  add(who.ids)
  add(who.names)
  add(who.handles)
  for _, other in ipairs(who.others) do add { other.id, other.nickname, unpack(other.handles or {}) } end
  return table.concat(parts, "\0")
end

-- The same people are listened for turn after turn.
local ears = kept.of(EARS, function(_, who) return learn_all(who) end)

--- Whom to listen for.
--- who.id        the agent's id as participant; who.ids: further ids that have been learned to be it
--- who.names     what it is called, nicest first: {"Coach Alex", "Gym Chat"}
--- who.handles   its user names on the platform, with or without @ ({"alex_bot", "+49170…"}), or nil
--- who.others    the other participants: {{id, nickname, handles?}, ..}
--- Words of the agent's first name are names of it as well, unless somebody else is called so.
function M.ear(who)
  who = { id = who.id, ids = who.ids or {}, names = who.names or {}, handles = who.handles or {},
          others = who.others or {} }
  return #who.others > CROWD and learn_all(who) or ears(described(who), who)
end

-- Hearing ---------------------------------------------------------------------------------------------

local function mentions_in(ear, r, text, found)
  local by_byte = {}
  if not text:find("@", 1, true) then return end
  for i = 1, r.n do by_byte[r.words.from[i]] = i end
  local spans = mentioned.at_signs(ear, text, found, function(at) return named.at(ear, r, by_byte, at) end)
  local i = 1
  for _, span in ipairs(spans) do
    while i <= r.n and r.words.from[i] < span[1] do i = i + 1 end
    while i <= r.n and r.words.from[i] <= span[2] do
      r.skip[i] = true
      i = i + 1
    end
  end
end

local function ends_as_question(r)
  local last = r.n > 0 and book.key(r, r.n)
  if not last then return false end
  if QUESTION_ENDS[last] and r.n > 1 then return true end
  if not book.runs_on(r.words.class[r.n]) then return false end
  for tail in pairs(QUESTION_TAILS) do
    if #last >= #tail and last:sub(-#tail) == tail then return true end
  end
  return false
end

local CLAUSE = { [","] = true, ["."] = true, ["?"] = true }

local function asks(r)
  if r.words.asks or ends_as_question(r) then return true end
  for i = 1, r.n do
    local start = i == 1 or CLAUSE[r.words.after[i - 1]] or r.opened[i - 1] or r.skip[i - 1]
    if start and book.phrase_at(r, i, QUESTIONS) then return true end
  end
  return false
end

local function says_but(r)
  for i = 1, r.n do
    if BUT[book.key(r, i)] then return true end
  end
  return false
end

local function has_sign(text)
  for _, sign in ipairs(THANKS_SIGNS) do
    if text:find(sign, 1, true) then return true end
  end
  return false
end

-- Words that are neither names nor mentions nor of the phrase that opens the line.
local function is_nod(r)
  for i = 1, r.n do
    local last = book.phrase_at(r, i, NODS)
    if last then return r.n <= 3 end
  end
  return r.n <= 2 and book.has(r, NODS)
end

-- A word of a script without spaces that ends with such a phrase, preceded by a name or nothing.
local function ends_with_stop(r, i)
  local word = book.key(r, i)
  if not (r.called[i] and book.runs_on(r.words.class[i])) then return false end
  for _, phrase in ipairs(STOPS.inside) do
    if #word > #phrase and word:sub(-#phrase) == phrase then return true end
  end
  return false
end

-- "Alex, stop it now please": a request to be silent, and besides it only names, openings and small words.
local function bids_silence(r)
  local found, i = false, 1
  if r.n > SHORT_WORDS + 1 then return false end
  while i <= r.n do
    local last = book.phrase_at(r, i, STOPS)
    found = found or last ~= nil or ends_with_stop(r, i)
    local is_called = r.called[i] or r.skip[i] or i == 1 and r.words.after[1] == ","
    if not (last or is_called or r.opened[i] or SOFT[book.key(r, i)]) then return false end
    i = (last or i) + 1
  end
  return found
end

local function courtesies(r, heard)
  local short = r.n <= SHORT_WORDS and #r.text <= SHORT_BYTES and not heard.asks and not says_but(r)
  heard.stops = bids_silence(r)
  heard.declines = short and (book.has(r, DECLINES) or book.has(r, REFUSALS) and book.has(r, THANKS))
  heard.thanks = short and not book.has(r, REFUSALS) and (book.has(r, THANKS) or r.n <= 3 and has_sign(r.text))
  heard.greets = short and not heard.thanks and (book.has(r, GREETINGS) or book.has(r, FAREWELLS))
  local says_little = r.n == 0 or short and not heard.greets and is_nod(r)
  heard.calls = heard.asks or not (heard.thanks or heard.declines or says_little)
end

local function calls_everyone(r)
  for i = 1, math.min(r.n, 4) do
    if EVERYONE[book.key(r, i)] and (i == 1 or r.opened[i - 1] == "greeting") then
      return i == 1 and r.words.after[1] == "," or i > 1
    end
  end
  return false
end

--- What a text says.  mentions: ids or handles that the platform says are mentioned in it, or nil.
---   named      "mention" (by handle, id or explicit mention), "name" (spoken to by name), or nil
---   spoken_of  it names the agent as a third person, and is not addressed to it
---   others     who else is addressed: ids of participants, or handles that belong to nobody known here
---   everyone   everybody is addressed (@everyone, @here, "hi all")
---   asks       it asks something (a question mark of any script, or a question's words)
---   thanks     it only thanks, or takes note
---   declines   it only says no to an offer ("no thanks")
---   stops      it only tells the agent to be silent
---   greets     it only greets, or says goodbye
---   calls      it needs an answer: it is more than thanks, a nod or emoji
function M.hear(ear, text, mentions)
  local found, uses, seen = { others = {} }, {}, {}
  for _, mention in ipairs(mentions or {}) do
    local who = mentioned.who(ear, mention)
    if who == ME then found.me = true else found.others[#found.others + 1] = who or mention end
  end
  local begins_with_mention = text:find "^%s*<?@" ~= nil
  text = mentioned.spoken(ear, text, found)
  local r = named.read(text)
  mentions_in(ear, r, text, found)
  r.spoken_to = begins_with_mention and found.others[1] or nil
  named.each(ear, r, function(who, use)
    if who == ME then
      uses[use] = true
    elseif use == "address" then
      found.others[#found.others + 1] = who
    end
  end)
  local heard = { others = {} }
  for _, who in ipairs(found.others) do
    if not seen[who] then heard.others[#heard.others + 1] = who end
    seen[who] = true
  end
  local by_name = uses.address or uses.within and #heard.others == 0
  heard.named = found.me and "mention" or by_name and "name" or nil
  heard.spoken_of = not heard.named and (uses.within or uses.third) or false
  heard.asks = asks(r)
  heard.everyone = found.everyone or calls_everyone(r)
  courtesies(r, heard)
  return heard
end

return M
