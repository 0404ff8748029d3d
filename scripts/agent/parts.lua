-- scripts/agent/parts.lua -- splits a long text into several messages, none longer than a platform takes.
-- Parts end at a paragraph, a line, a sentence or a word, in this order, and never within what people see as one
-- character.  A block of code that is split is closed and opened again.  Pure, linear.

local texts = require "human.text"

local M = {}

local FENCE, CLOSE = "```", "\n```"
local LABEL_MAX = 20                             -- bytes of the name of a language
local CLUSTER_MAX = 32                           -- code points that are kept together

-- Characters of a text: bytes that begin one.
function M.length(text)
  local _, n = text:gsub("[^\128-\191]", "")
  return n
end

-- Clusters -------------------------------------------------------------------------------------------------
-- Grapheme clusters of UAX #29, as far as chats need them.

-- Ranges of code points that continue the previous character.
local CONTINUES = {
  { 0x0300, 0x036F }, { 0x0483, 0x0489 }, { 0x0591, 0x05BD }, { 0x05BF, 0x05C7 }, { 0x0610, 0x061A },
  { 0x064B, 0x065F }, { 0x0670, 0x0670 }, { 0x06D6, 0x06ED }, { 0x0E31, 0x0E31 }, { 0x0E33, 0x0E3A },
  { 0x0E47, 0x0E4E }, { 0x0EB1, 0x0EB1 }, { 0x0EB3, 0x0EBC }, { 0x0EC8, 0x0ECE }, { 0x0F71, 0x0FBC },
  { 0x102B, 0x103E }, { 0x1056, 0x1060 }, { 0x1160, 0x11FF }, { 0x17B4, 0x17D3 }, { 0x1AB0, 0x1AFF },
  { 0x1DC0, 0x1DFF }, { 0x200C, 0x200D }, { 0x20D0, 0x20FF }, { 0x3099, 0x309A }, { 0xFE00, 0xFE0F },
  { 0xFE20, 0xFE2F }, { 0x1F3FB, 0x1F3FF }, { 0xE0020, 0xE007F }, { 0xE0100, 0xE01EF },
}
local ZWJ, VIRAMA = 0x200D, 0x4D

-- The scripts of India have their signs at the same places of their blocks.
local function is_sign(c)
  local at = c % 0x80
  return c >= 0x0900 and c <= 0x0DFF
    and (at <= 0x03 or (at >= 0x3A and at <= 0x4F and at ~= 0x3D) or (at >= 0x51 and at <= 0x57)
      or at == 0x62 or at == 0x63)
end

local function continues(c)
  if c < 0x0300 then return false end
  for _, range in ipairs(CONTINUES) do
    if c <= range[2] then return c >= range[1] or is_sign(c) end
  end
  return false
end

local function is_flag(c) return c >= 0x1F1E6 and c <= 0x1F1FF end

-- The code point that begins at byte i.
local function point(text, i)
  local a, b, c, d = text:byte(i, i + 3)
  if a < 0xC0 then return a end
  if a < 0xE0 then return a % 32 * 64 + (b or 0) % 64 end
  if a < 0xF0 then return a % 16 * 4096 + (b or 0) % 64 * 64 + (c or 0) % 64 end
  return a % 8 * 262144 + (b or 0) % 64 * 4096 + (c or 0) % 64 * 64 + (d or 0) % 64
end

-- The byte where the character before byte i begins.
local function before(text, i)
  i = i - 1
  while i > 1 and text:byte(i) >= 128 and text:byte(i) < 192 do i = i - 1 end
  return i
end

-- Whether the character at byte i belongs to the one before it.
local function is_within(text, i, from)
  local p = before(text, i)
  local c, last = point(text, i), point(text, p)
  if continues(c) or last == ZWJ then return true end
  if c == 10 and last == 13 then return true end
  if last >= 0x0900 and last <= 0x0DFF and last % 0x80 == VIRAMA then return true end
  if not (is_flag(c) and is_flag(last)) then return false end
  local n = 0
  while p >= from and n < CLUSTER_MAX and is_flag(point(text, p)) do
    n = n + 1
    if p == from then break end
    p = before(text, p)
  end
  return n % 2 == 1
end

-- Where to end ---------------------------------------------------------------------------------------------

-- What a part may end with, best first, and how full the part must be for that.
local ENDS = {
  { "\n\n", 0.5 }, { "\n", 0.5 }, { "[.!?][\"')%]]?%s", 0.3 }, { "。", 0.3 }, { "！", 0.3 }, { "？", 0.3 }, { "।", 0.3 },
  { "%s", 0.2 },
}

-- Where the last match of a pattern ends, at or behind `least`; nil: nowhere.
local function find_last(text, pattern, least)
  local best, from = nil, math.max(least - 4, 1)
  while true do
    local _, e = text:find(pattern, from)
    if not e then return best end
    if e >= least then best = e end
    from = e + 1
  end
end

-- The last byte of a part of text[from, to] when more follows.
local function last_byte(text, from, to)
  local window = text:sub(from, to)
  for _, rule in ipairs(ENDS) do
    local at = find_last(window, rule[1], math.ceil(#window * rule[2]))
    if at then return from + at - 1 end
  end
  local i = to + 1
  for _ = 1, CLUSTER_MAX do
    if i <= from or not is_within(text, i, from) then break end
    i = before(text, i)
  end
  return (i > from and not is_within(text, i, from)) and i - 1 or to
end

-- The byte at which `n` characters from byte `from` on end.
local function behind(text, from, n)
  local i = from
  while n > 0 and i <= #text do
    local b = text:byte(i)
    i = i + (b < 0x80 and 1 or b < 0xE0 and 2 or b < 0xF0 and 3 or 4)
    n = n - 1
  end
  return math.min(i - 1, #text)
end

-- Code -----------------------------------------------------------------------------------------------------

-- The line that opened the block of code that is open behind `part`, or nil.  open: before it.
local function open_behind(part, open)
  for line in (part .. "\n"):gmatch "([^\n]*)\n" do -- linear: each line once
    if line:sub(1, 3) == FENCE then
      open = not open and texts.cut(line, LABEL_MAX) or nil
    end
  end
  return open
end

--- The text as a list of texts of at most `max` characters; of more than `most` of them the rest is left out, and
--- the last one says so by "…".
function M.of(text, max, most)
  if M.length(text) <= max then return { text } end
  local list, from, open = {}, 1, nil
  local reserve = text:find(FENCE, 1, true) and #CLOSE or 0
  while from <= #text and #list < most do
    local head = open and open .. "\n" or ""
    local room = math.max(max - #head - reserve - (#list == most - 1 and 1 or 0), 1)
    local to = behind(text, from, room)
    if to < #text then to = last_byte(text, from, to) end
    local part = text:sub(from, to)
    local was_open = open
    open = open_behind(part, open)
    part = was_open and texts.trim_end(part) or texts.trim(part)
    if part ~= "" then list[#list + 1] = head .. part .. (open and CLOSE or "") end
    from = to + 1
  end
  if from <= #text and text:find("%S", from) then list[#list] = list[#list] .. "…" end
  return list
end

return M
