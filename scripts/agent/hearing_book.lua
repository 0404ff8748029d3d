-- scripts/agent/hearing_book.lua -- a text as its words, and phrases of agent.hearing_words found in it.  Pure.

local kept = require "agent.kept"
local phrases = require "unicode.phrases"
local unicode = require "unicode"

local M = {}

local SCRIPTS = { H = true, J = true, K = true, Z = true, T = true } -- whose words run together with others
local BINDS = { [""] = true, ["-"] = true, [" "] = true }
local INSIDE_BYTES = 400 -- of a text in which phrases of such scripts are looked for

--- Sets and lists of agent.hearing_words.
M.set, M.phrases = phrases.set, phrases.list

--- Words of a script that is written without spaces between them, or whose particles are written to them.
function M.runs_on(class) return SCRIPTS[class] or false end

-- A turn looks at the same few lines for several reasons.
local KEPT, KEPT_BYTES = 64, 2000
local function segment(text) return { words = unicode.words(text), keys = {} } end
local segmented = kept.of(KEPT, segment)

--- A text to be looked at: {text, words, n, keys}.
function M.read(text)
  local known = #text <= KEPT_BYTES and segmented(text) or segment(text)
  return { text = text, words = known.words, n = known.words.n, keys = known.keys }
end

function M.key(r, i)
  local key = r.keys[i]
  if not key and i >= 1 and i <= r.n then
    key = r.words:key(i)
    r.keys[i] = key
  end
  return key
end

--- All words of it, folded.
function M.keys(r)
  for i = 1, r.n do M.key(r, i) end
  return r.keys
end

local function matches(r, i, keys)
  for k = 2, #keys do
    if not BINDS[r.words.after[i + k - 2]] or M.key(r, i + k - 1) ~= keys[k] then return false end
  end
  return true
end

--- The last word of the longest phrase that begins at word i, or nil.
function M.phrase_at(r, i, book)
  local key = M.key(r, i)
  if not key then return nil end
  local last, more = book.single[key] and i or nil, book.more[key]
  for n = 1, more and #more or 0 do
    if matches(r, i, more[n]) then last = math.max(last or 0, i + #more[n] - 1) end
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
