-- rocks/unicode/phrases.lua -- lists of words and phrases, and which of them a text contains.
-- Lists are written as unicode.fold and unicode.words would make them (M.unfolded says where they are not): loading
-- thousands of phrases then needs only a split, no folding.  A phrase is tried only where its first word occurs (in
-- scripts without spaces: its first character), so a search costs the length of the text, not of the lists.

local unicode = require "unicode"

local M = {}

local find, gmatch, gsub, match, sub = string.find, string.gmatch, string.gsub, string.match, string.sub
local concat = table.concat

local GAP = 34      -- bytes that "_", or the rest after a prefix, may match
local HEAD_MAX = 4  -- bytes by which a prefix is indexed
local HEAD = "^[^\128-\191][\128-\191]*"

--- The words of a list, separated by spaces: {[word] = true}.
function M.set(text)
  local out = {}
  for word in gmatch(text, "%S+") do out[word] = true end
  return out
end

-- Phrases where they begin ----------------------------------------------------------------------------

-- Hangul is written with spaces; Han, kana, Thai, Lao, Khmer and Burmese are not.
local function runs_on(phrase) return find(phrase, "^[\227-\237]") or find(phrase, "^\224[\184-\187]") end
local function has_spaces(phrase) return find(phrase, "^[\234-\237]") or find(phrase, "^\227[\132-\134]") end

local function put(map, key, entry)
  local list = map[key]
  if list then list[#list + 1] = entry else map[key] = { entry } end
end

--- Phrases, separated by "|" or lines: {single = {[word] = true}, more = {[first word] = {{words}, ..}}, inside = those
--- of scripts whose words run together, as they are written}.
function M.list(text)
  local book = { single = {}, more = {}, inside = {} }
  for phrase in gmatch(text, "[^|\n]+") do
    if runs_on(phrase) then
      book.inside[#book.inside + 1] = has_spaces(phrase) and phrase or (gsub(phrase, " ", ""))
    end
    if not find(phrase, " ", 1, true) then
      book.single[phrase] = true
    else
      local words = {}
      for word in gmatch(phrase, "[^ ]+") do words[#words + 1] = word end
      put(book.more, words[1], words)
    end
  end
  return book
end

-- Phrases anywhere ------------------------------------------------------------------------------------

--- An empty book, for M.add.
function M.book() return { words = {}, begins = {}, chars = {} } end

--- Adds phrases, separated by "|" or lines, in which words may end in "*" (a prefix), and "_" stands for up to a few
--- words.  tag: what M.each reports for them.  squeezed: the language is searched without its spaces, and a phrase may
--- begin anywhere.
function M.add(book, text, tag, squeezed)
  for phrase in gmatch(text, "[^|\n]+") do
    local entry = { phrase = phrase, tag = tag }
    if squeezed then
      put(book.chars, match(phrase, HEAD), entry)
    else
      local first, beginning = match(phrase, "^([^ *]+)(%*?)")
      if beginning == "*" then put(book.begins, sub(first, 1, HEAD_MAX), entry) else put(book.words, first, entry) end
    end
  end
end

-- Rows of words with gaps between them: {{"chest"}, {"pain*"}}.
local function rows_of(entry)
  local rows, row = {}, {}
  for word in gmatch(entry.phrase, "[^ ]+") do
    if word ~= "_" then row[#row + 1] = word end
    if #row > 0 and (word == "_" or sub(word, -1) == "*") then rows[#rows + 1], row = row, {} end
  end
  if #row > 0 then rows[#rows + 1] = row end
  entry.rows = rows
  return rows
end

local function is(key, word)
  if key == word then return true end
  return key and sub(word, -1) == "*" and sub(key, 1, #word - 1) == sub(word, 1, -2)
end

local function row_at(keys, i, row)
  for k = 1, #row do
    if not is(keys[i + k - 1], row[k]) then return false end
  end
  return true
end

local function stands_at(keys, i, entry)
  local rows = entry.rows or rows_of(entry)
  if not row_at(keys, i, rows[1]) then return false end
  for k = 2, #rows do
    local gap = 0
    i = i + #rows[k - 1]
    while not row_at(keys, i, rows[k]) do
      if not keys[i] then return false end
      gap, i = gap + #keys[i] + 1, i + 1
      if gap > GAP then return false end
    end
  end
  return true
end

local function pieces_of(entry)
  local pieces = {}
  for piece in gmatch(gsub(entry.phrase, " ", ""), "[^_]+") do pieces[#pieces + 1] = piece end
  entry.pieces = pieces
  return pieces
end

local function runs_at(text, at, entry)
  local pieces = entry.pieces or pieces_of(entry)
  if sub(text, at, at + #pieces[1] - 1) ~= pieces[1] then return false end
  at = at + #pieces[1]
  for k = 2, #pieces do
    local _, stop = find(sub(text, at, at + GAP + #pieces[k] - 1), pieces[k], 1, true)
    if not stop then return false end
    at = at + stop
  end
  return true
end

local function tell(list, stands, where, at, found)
  for n = 1, list and #list or 0 do
    if stands(where, at, list[n]) then found(list[n].tag, at) end
  end
end

--- Calls found(tag, i) for each phrase in a text; i is the word (in squeezed languages: the byte) at which it begins.
--- keys: the text's words, folded.
function M.each(book, keys, found)
  for i = 1, #keys do
    local key = keys[i]
    tell(book.words[key], stands_at, keys, i, found)
    for size = 1, math.min(#key, HEAD_MAX) do tell(book.begins[sub(key, 1, size)], stands_at, keys, i, found) end
  end
  local text = next(book.chars) and concat(keys) or ""
  if not find(text, "[\227-\237]") then return end
  for at, head in gmatch(text, "()([\227-\237][\128-\191]+)") do tell(book.chars[head], runs_at, text, at, found) end
end

-- Checking lists --------------------------------------------------------------------------------------

local function keys_of(text)
  local words, keys = unicode.words(text), {}
  for i = 1, words.n do keys[i] = words:key(i) end
  return keys
end

--- The first part of a list that is not folded, or nil.  kind: of M.set, M.list or M.add; squeezed: as there.
function M.unfolded(text, kind, squeezed)
  for item in gmatch(text, kind == "set" and "%S+" or "[^|\n]+") do
    local plain = kind == "add" and gsub(gsub(item, " ?_ ?", " "), "%*", "") or item
    if squeezed then plain = gsub(plain, " ", "") end
    local keys = keys_of(plain)
    if unicode.fold(plain) ~= plain or kind == "set" and #keys > 1 then return item end
    if kind ~= "set" and not squeezed and concat(keys, " ") ~= plain then return item end
  end
  return nil
end

return M
