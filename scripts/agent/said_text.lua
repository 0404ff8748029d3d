-- scripts/agent/said_text.lua -- which characters of an answer reach people.
-- Broken characters and NUL are not text; invisible characters can reverse a line, hide words in it or smuggle text
-- out, so they are dropped, except for those that scripts and emoji need.  An answer that is one quotation loses its
-- quotation marks.  Pure, linear.

local M = {}

local function point(c)
  local a, b, d, e = c:byte(1, 4)
  if not b then return a end
  if a < 0xE0 then return a % 32 * 64 + b % 64 end
  if a < 0xF0 then return a % 16 * 4096 + b % 64 * 64 + d % 64 end
  return a % 8 * 262144 + b % 64 * 4096 + d % 64 * 64 + e % 64
end

local ZWSP, ZWNJ, ZWJ, BLACK_FLAG = 0x200B, 0x200C, 0x200D, 0x1F3F4

-- Ranges of invisible code points: controls, direction marks, invisible operators, fillers, tags.
-- Line breaks and tabs are kept, and so are U+200E, U+200F and U+061C, which reverse nothing.
local UNSEEN = {
  { 0x00, 0x08 }, { 0x0B, 0x0C }, { 0x0E, 0x1F }, { 0x7F, 0x9F }, { 0xAD, 0xAD }, { 0x115F, 0x1160 },
  { 0x180E, 0x180E }, { 0x202A, 0x202E }, { 0x2060, 0x206F }, { 0x3164, 0x3164 }, { 0xFEFF, 0xFEFF },
  { 0xFFA0, 0xFFA0 }, { 0xFFF0, 0xFFFB }, { 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0000, 0xE0FFF },
}

local function is_unseen(c)
  for _, range in ipairs(UNSEEN) do
    if c <= range[2] then return c >= range[1] end
  end
  return false
end

-- Invisible code points that are needed beside others: between letters of scripts without spaces, within emoji and
-- the scripts of India and Persia, in flags.
local function is_needed(c, before, flag)
  if c == ZWSP then return before >= 0x0E00 and before <= 0x1FFF end
  if c == ZWNJ or c == ZWJ then return before >= 0x80 and not is_unseen(before) end
  return flag and c >= 0xE0020 and c <= 0xE007F
end

local CHARACTER = "[%z\1-\127\194-\244][\128-\191]*"

--- A text that the database accepts and people can see: without NUL, broken and invisible characters.
function M.clean(text)
  text = text:gsub("\237[\160-\191][\128-\191]", ""):gsub("\226\128[\168\169]", "\n")
  if not text:find "[%z\1-\8\11\12\14-\31\127\194\225\226\227\239\240\243]" then return text end
  local before, flag = 0, false
  return (text:gsub(CHARACTER, function(c)
    local p = point(c)
    local joins = p == ZWSP or p == ZWNJ or p == ZWJ
    if (joins or is_unseen(p)) and not is_needed(p, before, flag) then return "" end
    flag = p == BLACK_FLAG or flag and p >= 0xE0020
    before = p
  end))
end

-- Whether there is anything in a text that people see.
function M.is_visible(text)
  local seen = M.clean(text):gsub("\194\160", ""):gsub("\226\128[\128-\143\175]", ""):gsub("\227\128\128", "")
    :gsub("\226\129\159", ""):gsub("\225\154\128", ""):gsub("\216\156", "")
  return seen:find "%S" ~= nil
end

-- Quotations -----------------------------------------------------------------------------------------------------

local QUOTES = { { '"', '"' }, { "'", "'" }, { "“", "”" }, { "„", "“" }, { "„", "”" }, { "”", "”" }, { "«", "»" },
                 { "»", "«" }, { "‹", "›" }, { "›", "‹" }, { "‘", "’" }, { "‚", "‘" }, { "‚", "’" }, { "’", "’" },
                 { "「", "」" }, { "『", "』" }, { "〝", "〟" }, { "〝", "〞" }, { "＂", "＂" }, { "《", "》" } }
local APOSTROPHES = { ["'"] = true, ["’"] = true }

-- Whether a text contains a mark other than as an apostrophe within a word.
local function stands_in(text, mark)
  local from, to = text:find(mark, 1, true)
  while from do
    local within = APOSTROPHES[mark] and text:find("^[%w\128-\255]", from - 1) and from > 1 and text:find("^%w", to + 1)
    if not within then return true end
    from, to = text:find(mark, to + 1, true)
  end
  return false
end

--- A text without the marks around it, when all of it is one quotation.
function M.unquoted(text)
  for _, pair in ipairs(QUOTES) do
    local open, close = pair[1], pair[2]
    if #text > #open + #close and text:sub(1, #open) == open and text:sub(-#close) == close then
      local inner = text:sub(#open + 1, -#close - 1)
      if not stands_in(inner, open) and not stands_in(inner, close) then return inner end
    end
  end
  return text
end

return M
