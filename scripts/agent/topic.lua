-- scripts/agent/topic.lua -- what a text is about, judging by its words: an agent's field, and whether a line
-- continues what was said before it.  Pure, linear in the text, and cautious: in doubt the agent keeps quiet.

local M = {}

local WORD_MIN, STEM = 3, 5                      -- bytes: of a word that means something, and that tell its kind
local SHORT, ANSWER = 100, 200                   -- bytes: of a line that hangs on the one before, of an answer
local FEW = 3                                    -- words of a question that says nothing without what was before

local function set(text)
  local out = {}
  for word in text:gmatch "%S+" do out[word] = true end
  return out
end

-- Words that do not indicate a topic: common in prompts, or in any talk.
local COMMON = set [[about above after again agent agents always answer answers approach assistant based before being
  below between brief casual celebrate chats clear clearly communicate communication community concise context
  conversation create current detailed every example examples expert expertise first friendly general goals
  group guideline guidelines helping helps human important information instructions insights language likes
  listen maintain makes member members message messages might names natural naturally never occasional
  occasionally offer other others people person personal please practical provide provides question questions
  really refer reply respond responses resource rules saying sentence sentences share shares short should
  small someone something specific speak style suggest suggestions support supportive system their them
  themselves there these thing things think those through topic topics understand unless until useful user
  users using validate voice warmth where which while within without words would write writes writing your
  yourself years]]
local TALK = set [[all also and any anyone are been best better big bit but can could day did does doing done down even
  feel for from get goes going good got great had happy has have her here him his how into its just keep know last
  let like little long look lot lunch made make man many may maybe more most much need new next not now off old one
  only our out over own per put right same say see she soon start still sure take tell than that the then they this
  time today tomorrow tonight too try two use very want was way well were what when who why will with week work yes
  yesterday yet you]]

-- How a line begins that goes on with the one before: alone, or only before one of the first kind.
local GOES_ON = set [[why how which really yes yeah yep no nope not because that this it those these such more like
  warum wieso wie welche ja nein doch das pourquoi comment oui non si quel quelle ça cómo por cuál sí eso perché come
  sì quale dlaczego jak tak nie który почему как да нет какой neden nasıl evet hayır hangi なぜ どう はい それ
  为什么 怎么 那 لماذا كيف نعم لا 왜 어떻게 네 아니]]
-- The second word of "what about", and the words before "I" in a question for advice.
local WHAT = set "about if else kind sort type do does would should"
local MAY = set "should can could do must may shall am would will muss soll kann darf"
local LINKS = set "and but so or also ok okay und aber oder et mais ou y pero o e ma i a ale и а но ve ama でも 但 و"
local REFERS = set "it that this those them these one ones you your yours das es du dein ça toi tu eso ello ty это ты"
local EVERYONE = set [[guys everyone everybody anyone anybody folks y'all alle jemand leute quelqu'un alguien todos
  chicos qualcuno tutti ragazzi wszyscy ktoś все всем ребята кто-нибудь みんな 大家 الجميع 여러분]]

-- Marks outside of ASCII become spaces: those of Latin-1, Arabic, general punctuation, CJK and full width.
local MARKS = { "\194[\161-\191]", "\216[\140\155\159]", "\226\128[\128-\191]", "\226\129[\128-\175]",
                "\227\128[\128-\191]", "\239\188[\128-\143\154-\160]", "\239\189[\155-\165]" }

local function plain(text)
  text = text:lower()
  for _, mark in ipairs(MARKS) do text = text:gsub(mark, " ") end
  return text
end

-- Scripts that leave no space between words are read in pairs of characters.
local function pairs_of(run, add)
  local last
  for char in run:gmatch "[\227-\237][\128-\191][\128-\191]" do
    if last then add(last .. char) end
    last = char
  end
end

local function each_word(text, add)
  for run in plain(text):gmatch "[%w\128-\255]+" do
    if run:find "[\227-\237]" then
      pairs_of(run, add)
    elseif #run >= WORD_MIN and not COMMON[run] and not TALK[run] then
      add(run:sub(1, STEM))
    end
  end
end

-- The words that tell an agent's field, from what its prompt and personality say: {word = true}.
function M.field(text)
  local out = {}
  for run in plain(text):gmatch "[%w\128-\255]+" do
    if run:find "[\227-\237]" then
      pairs_of(run, function(word) out[word] = true end)
    elseif #run >= STEM and not COMMON[run] then
      out[run] = true
    end
  end
  return out
end

function M.in_field(text, field)
  local found = false
  for run in plain(text):gmatch "[%w\128-\255]+" do
    found = found or field[run] or false
    if not found and run:find "[\227-\237]" then
      pairs_of(run, function(word) found = found or field[word] or false end)
    end
  end
  return found
end

local function shares_words(text, before)
  local known, shared = {}, false
  for _, said in ipairs(before) do each_word(said, function(word) known[word] = true end) end
  each_word(text, function(word) shared = shared or known[word] or false end)
  return shared
end

local function any(words, known)
  for _, word in ipairs(words) do
    if known[word] then return true end
  end
  return false
end

-- Whether a line is meant for all who read it.
function M.for_everyone(text)
  for word in plain(text):gmatch "[%w'%-\128-\255]+" do
    if EVERYONE[word] then return true end
  end
  return false
end

local function clause_goes_on(words, asks)
  local first = 1
  while LINKS[words[first]] and words[first + 1] do first = first + 1 end
  local word, second = words[first], words[first + 1]
  if GOES_ON[word] or word == "what" and WHAT[second] then return true end
  return asks and (MAY[word] and (second == "i" or second == "ich") or #words <= FEW and word ~= "who")
end

-- Whether a line means little without the one before it: one of its clauses begins like that, or it refers to
-- something.
local function hangs_on(text, asks)
  if #text > SHORT then return false end
  local said = false
  for clause in text:gmatch "[^.,;:!?]+" do
    local words = {}
    for word in plain(clause):gmatch "[%w\128-\255]+" do words[#words + 1] = word end
    said = said or words[1] ~= nil
    if words[1] and (clause_goes_on(words, asks) or asks and any(words, REFERS)) then return true end
  end
  return not said
end

-- Whether a line, said right after `mine` by the person whom it answered, goes on with it.
-- before: {what was said to me, what I said}; asks: the line asks something.
function M.follows(text, before, asks)
  if M.for_everyone(text) then return false end
  if before[#before]:find "%?%s*$" and not asks and #text <= ANSWER then return true end
  return hangs_on(text, asks) or shares_words(text, before)
end

return M
