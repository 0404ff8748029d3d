-- scripts/agent/hearing_book.lua -- a text as its words, and phrases of agent.hearing_words found in it.  Pure.

local unicode = require "unicode"

local M = {}

local SCRIPTS = { H = true, J = true, K = true, Z = true, T = true } -- whose words run together with others
local BINDS = { [""] = true, ["-"] = true, [" "] = true }
local INSIDE_BYTES = 400 -- of a text in which phrases of such scripts are looked for

--- A set of folded words.
function M.set(text)
  local out = {}
  for word in text:gmatch "%S+" do out[unicode.fold(word)] = true end
  return out
end

--- Phrases by their first word; those of scripts without spaces in a list.
function M.phrases(text)
  local book = { first = {}, inside = {} }
  for phrase in text:gmatch "[^|\n]+" do
    local words = unicode.words(phrase)
    local first = words:key(1)
    if SCRIPTS[words.class[1]] then book.inside[#book.inside + 1] = unicode.fold(phrase) end
    local keys = {}
    for i = 1, words.n do keys[i] = words:key(i) end
    book.first[first] = book.first[first] or {}
    table.insert(book.first[first], keys)
  end
  return book
end

--- Words of a script that is written without spaces between them, or whose particles are written to them.
function M.runs_on(class) return SCRIPTS[class] or false end

--- A text to be looked at: {text, words, n, keys}.
function M.read(text)
  local words = unicode.words(text)
  return { text = text, words = words, n = words.n, keys = {} }
end

function M.key(r, i)
  local key = r.keys[i]
  if not key and i >= 1 and i <= r.n then
    key = r.words:key(i)
    r.keys[i] = key
  end
  return key
end

local function matches(r, i, keys)
  for k = 2, #keys do
    if not BINDS[r.words.after[i + k - 2]] or M.key(r, i + k - 1) ~= keys[k] then return false end
  end
  return true
end

--- The last word of the longest phrase that begins at word i, or nil.
function M.phrase_at(r, i, book)
  local last
  for _, keys in ipairs(book.first[M.key(r, i)] or {}) do
    if matches(r, i, keys) then last = math.max(last or 0, i + #keys - 1) end
  end
  return last
end

local function folded(r)
  r.folded = r.folded or unicode.fold(r.text:sub(1, INSIDE_BYTES))
  return r.folded
end

--- Whether a phrase stands anywhere in a short text.
function M.has(r, book)
  local runs_on = false
  for i = 1, r.n do
    if M.phrase_at(r, i, book) then return true end
    runs_on = runs_on or M.runs_on(r.words.class[i])
  end
  for _, phrase in ipairs(runs_on and book.inside or {}) do
    if folded(r):find(phrase, 1, true) then return true end
  end
  return false
end

return M
