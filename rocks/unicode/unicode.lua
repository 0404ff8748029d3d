-- rocks/unicode/unicode.lua -- words and names in all scripts: folding, segmentation, questions.
-- Folding maps all ways to write a name to one text: case, accents, composed or not, full width,
-- katakana or hiragana.  It is for comparing, not for display.  Words of scripts that are written
-- without spaces end where the script changes.  Every scan is linear; invalid UTF-8 separates words.

local data = require "unicode.data"

local M = { version = data.version }

local byte, char, sub, concat, rep = string.byte, string.char, string.sub, table.concat, string.rep
local floor = math.floor

-- Tables ----------------------------------------------------------------------------------------------

local PAGE = 256
local SPACE = byte " "

local classes = {}   -- page -> string of PAGE classes; a page that is missing has none but spaces
local fold_text = {} -- page -> the generated text, until it is needed
local folds = {}     -- page -> {offset -> string}

-- The parts of a page that is being filled are strings; pages that are alike are one string in the end.
local function build_classes()
  local page, parts, filled = nil, nil, 0
  local function close()
    if page then classes[page] = concat(parts) .. rep(" ", PAGE - filled) end
  end
  local function put(cp, count, kind)
    while count > 0 do
      if floor(cp / PAGE) ~= page then
        close()
        page, parts, filled = floor(cp / PAGE), {}, 0
      end
      local offset = cp % PAGE
      local n = math.min(count, PAGE - offset)
      parts[#parts + 1] = rep(" ", offset - filled) .. rep(kind, n)
      filled, cp, count = offset + n, cp + n, count - n
    end
  end
  for item in data.classes:gmatch "%S+" do
    local first, more = item:match "^(%x+)%-?(%x*)" -- linear: of at most 10 bytes
    put(tonumber(first, 16), (tonumber(more, 16) or 0) + 1, item:sub(-1))
  end
  close()
end

local function build_folds()
  for line in data.folds:gmatch "[^\n]+" do
    local digits, items = line:match "^(%x+):(.*)"
    local page = tonumber(digits, 16)
    fold_text[page] = (fold_text[page] or "") .. items .. " "
  end
end

build_classes()
build_folds()

-- The folds of a page, loaded on first use.
local function fold_page(page)
  local map = {}
  for offset, targets in fold_text[page]:gmatch "(%x%x)(%S+)" do
    local at, i = tonumber(offset, 16), 1
    while i <= #targets do
      local to = targets:match("^{([^}]*)}", i)
      i = to and i + #to + 2 or i
      if not to then
        to = targets:match("^[^\128-\191][\128-\191]*", i)
        i = i + #to
      end
      map[at] = to
      at = at + 1
    end
  end
  folds[page], fold_text[page] = map, nil
  return map
end

-- Reading ---------------------------------------------------------------------------------------------

-- The code point at byte i and how many bytes it has; nil and 1 for invalid UTF-8.
local function decode(text, i)
  local a, b, c, d = byte(text, i, i + 3)
  if a < 0x80 then return a, 1 end
  if a < 0xC2 or not b or b < 0x80 or b > 0xBF then return nil, 1 end
  if a < 0xE0 then return (a - 0xC0) * 64 + b - 0x80, 2 end
  if not c or c < 0x80 or c > 0xBF then return nil, 1 end
  if a < 0xF0 then
    local cp = (a - 0xE0) * 4096 + (b - 0x80) * 64 + c - 0x80
    if cp < 0x800 then return nil, 1 end
    return cp, 3
  end
  if a > 0xF4 or not d or d < 0x80 or d > 0xBF then return nil, 1 end
  local cp = (a - 0xF0) * 262144 + (b - 0x80) * 4096 + (c - 0x80) * 64 + d - 0x80
  if cp < 0x10000 or cp > 0x10FFFF then return nil, 1 end
  return cp, 4
end

local function class_of(cp)
  local page = classes[floor(cp / PAGE)]
  return page and byte(page, cp % PAGE + 1) or SPACE
end

local function encode(cp) -- of Hangul, three bytes each
  return char(0xE0 + floor(cp / 4096), 0x80 + floor(cp / 64) % 64, 0x80 + cp % 64)
end

local X = byte "X"

-- Hangul written in its parts, as some systems send it: the syllable at byte i, and how many bytes it has.
local function syllable(text, i, lead)
  if i + 3 > #text then return nil end
  local vowel, n = decode(text, i + 3)
  if not vowel or vowel < 0x1161 or vowel > 0x1175 then return nil end
  local cp = 0xAC00 + ((lead - 0x1100) * 21 + vowel - 0x1161) * 28
  local tail = i + 3 + n <= #text and decode(text, i + 3 + n)
  if tail and tail >= 0x11A8 and tail <= 0x11C2 then return cp + tail - 0x11A7, 9 end
  return cp, 6
end

-- What the character at byte i folds to, and how many bytes it has.
local function fold_at(text, i)
  local cp, n = decode(text, i)
  if not cp then return "", 1 end
  if class_of(cp) == X then return "", n end
  if cp >= 0x1100 and cp <= 0x1112 then
    local whole, bytes = syllable(text, i, cp)
    if whole then return encode(whole), bytes end
  end
  local page = floor(cp / PAGE)
  local map = folds[page] or fold_text[page] and fold_page(page)
  return map and map[cp % PAGE] or sub(text, i, i + n - 1), n
end

local function fold_range(text, from, to)
  local out, n, i = {}, 0, from
  while i <= to do
    local piece, bytes = fold_at(text, i)
    n, i = n + 1, i + bytes
    out[n] = piece
  end
  return concat(out)
end

--- The text in the form for comparing: two ways to write a name fold to the same bytes.  Invalid UTF-8 is
--- left out.
function M.fold(text)
  if not text:find "[\128-\255]" then return text:lower() end
  return fold_range(text, 1, #text)
end

-- Words -----------------------------------------------------------------------------------------------

-- What may separate words, from weakest to strongest.
local NOTHING, OTHER, BLANK, COMMA, STOP, ASK = "", "-", " ", ",", ".", "?"
local STRENGTH = { [NOTHING] = 0, [OTHER] = 1, [BLANK] = 2, [COMMA] = 3, [STOP] = 4, [ASK] = 5 }
local SEPARATORS = { [byte ","] = COMMA, [byte "."] = STOP, [byte "?"] = ASK }
local MARK, ASKING = byte "M", byte "q"
local LETTER, NUMBER = byte "L", byte "N"

local function is_greek(cp) return cp and (cp >= 0x370 and cp <= 0x3FF or cp >= 0x1F00 and cp <= 0x1FFF) end

local function separator(cp, class, before)
  if cp == 0x3B and is_greek(before) then return ASK end -- a semicolon asks in Greek
  if SEPARATORS[class] then return SEPARATORS[class] end
  if cp == 32 or cp == 9 or cp == 0xA0 or cp == 0x3000 or cp and cp >= 0x2000 and cp <= 0x200A then return BLANK end
  return OTHER
end

local Words = {}
Words.__index = Words

-- A character of a word: of the open one, or of a new one.
local function put(self, class, from, to)
  local n = self.n
  local open = self.open and (class == MARK or class == X or class == ASKING or class == self.open
    or class == NUMBER and self.open == LETTER or class == LETTER and self.open == NUMBER)
  if not open then
    if class == MARK or class == X then return end
    n = n + 1
    self.n, self.from[n], self.class[n], self.after[n] = n, from, char(class), NOTHING
    self.open = class == ASKING and LETTER or class
  elseif class == LETTER and self.open == NUMBER then
    self.open, self.class[n] = LETTER, "L"
  end
  self.to[n] = to
  if class == ASKING then self.asks = true end
end

--- The words of a text: {n =, from = {}, to = {} (bytes), class = {}, after = {}, asks =}.
--- class: "L" letters, "N" digits alone, "H" Hangul, and of the scripts without spaces "J" Hiragana,
---   "K" Katakana, "Z" Han, "T" Thai, Lao, Khmer and Burmese: a run of one of them is one word here
--- after: what follows the word until the next: "" nothing, "-" a sign, " " space, "," a comma or
---   colon, "." an end of a sentence or line, "?" a question mark; the strongest of them.  after[0] is
---   what stands before the first.
--- asks: whether there is a question mark of any script
function M.words(text)
  local self = setmetatable({ n = 0, from = {}, to = {}, class = {}, after = { [0] = NOTHING } }, Words)
  local i, size, before = 1, #text, nil
  while i <= size do
    local cp, bytes = decode(text, i)
    local class = cp and class_of(cp) or SPACE
    if class == SPACE or SEPARATORS[class] then
      local between = separator(cp, class, before)
      if STRENGTH[between] > STRENGTH[self.after[self.n]] then self.after[self.n] = between end
      if between == ASK then self.asks = true end
      self.open = nil
    else
      put(self, class, i, i + bytes - 1)
    end
    i, before = i + bytes, cp
  end
  self.asks, self.open, self.text = self.asks or false, nil, text
  return self
end

--- Word i in the form for comparing.
function Words:key(i)
  local from, to = self.from[i], self.to[i]
  local plain = sub(self.text, from, to)
  return plain:find "[\128-\255]" and fold_range(self.text, from, to) or plain:lower()
end

return M
