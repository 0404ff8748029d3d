-- scripts/agent/providers/offline_jobs.lua -- small jobs on a text that need no language model: counting, extracting,
-- sorting, converting.  Pure.

local extract = require "agent.providers.offline_extract"
local json = require "human.json"

local M = {}

local WORDS, KEYWORDS, SENTENCES = 2000, 10, 50
local COMMON = {}
for word in ([[the and for with that this from are was were has have had not but its you your they them their our his
  her she who what when where which will would can could should been being into over under about after before more than
  then there here also such very each other some any all one two out]]):gmatch "%S+" do
  COMMON[word] = true
end

local function says(ask, ...)
  for _, word in ipairs { ... } do
    if ask.words:find(word, 1, true) then return true end
  end
  return false
end

-- Not bytes.
local function characters(text) return select(2, text:gsub("[^\128-\191]", "")) end

local NUMBERS = { one = 1, two = 2, three = 3, four = 4, five = 5, six = 6 }

-- The first sentences: as many as are asked for, or two, and more until the summary is as long as it must be.
local function summary(text, ask)
  local all, wanted = extract.sentences(text), nil
  local before = ""
  for word in ask.words:gmatch "%w+" do
    if word:sub(1, 8) == "sentence" then wanted = wanted or NUMBERS[before] or tonumber(before) end
    before = word
  end
  wanted = math.min(wanted or 2, SENTENCES)
  local out = ""
  for i, sentence in ipairs(all) do
    local longer = out == "" and sentence or out .. " " .. sentence
    if ask.max_length and characters(longer) > ask.max_length then break end
    if i > wanted and characters(out) >= (ask.min_length or 0) then break end
    out = longer
  end
  return out ~= "" and out or nil
end

local function numeric(list)
  for _, item in ipairs(list) do
    if not extract.plain_number(item) then return false end
  end
  return true
end

-- Lines, without repeats and in order, where that is asked for.
local function list_of(text, ask)
  local list = extract.lines(text)
  if ask.is_unique or says(ask, "duplic", "dedup", "unique", "distinct") then list = extract.unique(list) end
  if ask.is_sorted or says(ask, "sort", "alphabetic", "order the", "ascending", "descending") then
    local by_number, down = numeric(list), says(ask, "descending", "reverse", "largest first", "z to a")
    table.sort(list, function(a, b)
      if down then a, b = b, a end
      if by_number then return tonumber(a) < tonumber(b) end
      local x, y = a:lower(), b:lower()
      if x ~= y then return x < y end
      return a < b
    end)
  end
  return list
end

-- The words that come most often, as {word, count}; equal ones as they came.
local function keywords(text)
  local seen, list = {}, {}
  extract.each_word(text, function(token)
    local word = token:lower():gsub("^[^%w\128-\255]+", ""):reverse():gsub("^[^%w\128-\255]+", ""):reverse()
    if #word < 3 or COMMON[word] then return end
    if not seen[word] and #list < WORDS then
      list[#list + 1] = { word = word, count = 0, at = #list }
      seen[word] = list[#list]
    end
    if seen[word] then seen[word].count = seen[word].count + 1 end
  end)
  table.sort(list, function(a, b)
    if a.count ~= b.count then return a.count > b.count end
    return a.at < b.at
  end)
  local out = json.array {}
  for i = 1, math.min(KEYWORDS, #list) do out[i] = { word = list[i].word, count = list[i].count } end
  return out
end

local function amounts(text)
  local prices = extract.prices(text)
  return prices[1] and prices or extract.numbers(text)
end

local function sum(list)
  local cents = 0
  for _, value in ipairs(list) do cents = cents + value * 100 end
  return math.floor(cents + 0.5) / 100
end

local function fold(better)
  return function(text)
    local best
    for _, value in ipairs(amounts(text)) do
      if not best or better(value, best) then best = value end
    end
    return best
  end
end

local function paragraphs(text)
  local n, inside = 0, false
  local at = 1
  while at <= #text do
    local stop = text:find("\n", at, true) or #text + 1
    local is_blank = not text:sub(at, stop - 1):find "%S"
    if not is_blank and not inside then n = n + 1 end
    inside, at = not is_blank, stop + 1
  end
  return n
end

local function count_words(text)
  local n = 0
  extract.each_word(text, function() n = n + 1 end)
  return n
end

local function words_of(list)
  local out = json.array {}
  for i, one in ipairs(list) do out[i] = one.word end
  return out
end

local function size(of) return function(text) return #of(text) end end
local function with(flag) return function(text, ask)
  ask[flag] = true
  return list_of(text, ask)
end end

--- {name, fields (names of the output's fields, in small letters without _), words (of the instruction: one of them),
--- kind (of what comes of it), run(text, ask)}; in the order in which they are tried.
M.list = {
  { name = "rows", fields = "rows records json table entries objects", words = { "csv", "table to json", "spreadsheet" },
    kind = "objects", run = function(text, ask) return (extract.rows(text, ask.kinds)) end },
  { name = "columns", fields = "columns header headers", words = {}, kind = "strings",
    run = function(text) return select(2, extract.rows(text)) end },
  { name = "emails", fields = "emails emailaddresses", words = { "email", "e-mail" }, kind = "strings", run = extract.emails },
  { name = "urls", fields = "urls links webaddresses", words = { "url", "links", "web address" }, kind = "strings",
    run = extract.urls },
  { name = "products", fields = "products items offers", words = { "price" }, kind = "objects", run = extract.products },
  { name = "prices", fields = "prices amounts", words = { "price", "amounts" }, kind = "numbers", run = extract.prices },
  { name = "total", fields = "total sum totalusd totalprice", words = { "total", "sum of", "add up" }, kind = "number",
    run = function(text) return sum(amounts(text)) end },
  { name = "average", fields = "average mean averageprice", words = { "average", "mean of" }, kind = "number",
    run = function(text)
      local list = amounts(text)
      return list[1] and math.floor(sum(list) / #list * 100 + 0.5) / 100
    end },
  { name = "highest", fields = "highest maximum max", words = { "highest", "maximum", "largest" }, kind = "number",
    run = fold(function(a, b) return a > b end) },
  { name = "lowest", fields = "lowest minimum min cheapest", words = { "lowest", "minimum", "smallest" },
    kind = "number", run = fold(function(a, b) return a < b end) },
  { name = "numbers", fields = "numbers values figures", words = { "numbers", "figures" }, kind = "numbers",
    run = extract.numbers },
  { name = "keywords", fields = "keywords topwords tags", words = { "keyword", "most frequent", "most common" },
    kind = "strings", run = function(text) return words_of(keywords(text)) end },
  { name = "frequencies", fields = "keywords topwords frequencies", words = { "frequenc", "most common", "how often" },
    kind = "objects", run = keywords },
  { name = "sorted", fields = "sorted sortedlist sortedlines ordered", words = { "sort", "alphabetic" },
    kind = "strings", run = with "is_sorted" },
  { name = "unique", fields = "unique deduplicated distinct uniquelines", words = { "duplic", "dedup", "unique" },
    kind = "strings", run = with "is_unique" },
  { name = "sentences", fields = "sentences sentencecount", words = { "count the sentences", "many sentences" },
    kind = "count", run = size(extract.sentences) },
  { name = "lines", fields = "lines linecount", words = { "count the lines", "many lines" }, kind = "count",
    run = size(extract.lines) },
  { name = "paragraphs", fields = "paragraphs paragraphcount", words = { "many paragraphs", "count the paragraphs" },
    kind = "count", run = paragraphs },
  { name = "characters", fields = "characters charactercount chars length", words = { "characters" }, kind = "count",
    run = characters },
  { name = "words", fields = "wordcount words totalwords numberofwords", words = { "count the words", "many words",
    "word count", "count words" }, kind = "count", run = count_words },
  { name = "summary", fields = "summary abstract tldr gist", words = { "summar", "first sentence", "tl;dr" },
    kind = "string", run = summary },
}

return M
