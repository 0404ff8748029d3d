-- scripts/agent/emoji.lua -- whether a text is exactly one emoji, and what platforms may send as a reaction.  Pure.

local s = require "human.schema"

local M = {}

-- By code point ranges of Unicode 15 (Emoji_Presentation and the text-style ones that VS16 or custom
-- use turns into emoji; emoji-data.txt) and the sequences of UTS #51: modifiers, ZWJ, keycaps, flags.

local RANGES = {
  { 0xA9, 0xA9 }, { 0xAE, 0xAE }, { 0x203C, 0x203C }, { 0x2049, 0x2049 }, { 0x2122, 0x2122 },
  { 0x2139, 0x2139 }, { 0x2194, 0x2199 }, { 0x21A9, 0x21AA }, { 0x231A, 0x231B }, { 0x2328, 0x2328 },
  { 0x23CF, 0x23CF }, { 0x23E9, 0x23F3 }, { 0x23F8, 0x23FA }, { 0x24C2, 0x24C2 }, { 0x25AA, 0x25AB },
  { 0x25B6, 0x25B6 }, { 0x25C0, 0x25C0 }, { 0x25FB, 0x25FE }, { 0x2600, 0x2604 }, { 0x260E, 0x260E },
  { 0x2611, 0x2611 }, { 0x2614, 0x2615 }, { 0x2618, 0x2618 }, { 0x261D, 0x261D }, { 0x2620, 0x2620 },
  { 0x2622, 0x2623 }, { 0x2626, 0x2626 }, { 0x262A, 0x262A }, { 0x262E, 0x262F }, { 0x2638, 0x263A },
  { 0x2640, 0x2640 }, { 0x2642, 0x2642 }, { 0x2648, 0x2653 }, { 0x265F, 0x2660 }, { 0x2663, 0x2663 },
  { 0x2665, 0x2666 }, { 0x2668, 0x2668 }, { 0x267B, 0x267B }, { 0x267E, 0x267F }, { 0x2692, 0x2697 },
  { 0x2699, 0x2699 }, { 0x269B, 0x269C }, { 0x26A0, 0x26A1 }, { 0x26A7, 0x26A7 }, { 0x26AA, 0x26AB },
  { 0x26B0, 0x26B1 }, { 0x26BD, 0x26BE }, { 0x26C4, 0x26C5 }, { 0x26C8, 0x26C8 }, { 0x26CE, 0x26CF },
  { 0x26D1, 0x26D1 }, { 0x26D3, 0x26D4 }, { 0x26E9, 0x26EA }, { 0x26F0, 0x26F5 }, { 0x26F7, 0x26FA },
  { 0x26FD, 0x26FD }, { 0x2702, 0x2702 }, { 0x2705, 0x2705 }, { 0x2708, 0x270D }, { 0x270F, 0x270F },
  { 0x2712, 0x2712 }, { 0x2714, 0x2714 }, { 0x2716, 0x2716 }, { 0x271D, 0x271D }, { 0x2721, 0x2721 },
  { 0x2728, 0x2728 }, { 0x2733, 0x2734 }, { 0x2744, 0x2744 }, { 0x2747, 0x2747 }, { 0x274C, 0x274C },
  { 0x274E, 0x274E }, { 0x2753, 0x2755 }, { 0x2757, 0x2757 }, { 0x2763, 0x2764 }, { 0x2795, 0x2797 },
  { 0x27A1, 0x27A1 }, { 0x27B0, 0x27B0 }, { 0x27BF, 0x27BF }, { 0x2934, 0x2935 }, { 0x2B05, 0x2B07 },
  { 0x2B1B, 0x2B1C }, { 0x2B50, 0x2B50 }, { 0x2B55, 0x2B55 }, { 0x3030, 0x3030 }, { 0x303D, 0x303D },
  { 0x3297, 0x3297 }, { 0x3299, 0x3299 }, { 0x1F004, 0x1F004 }, { 0x1F0CF, 0x1F0CF },
  { 0x1F170, 0x1F171 }, { 0x1F17E, 0x1F17F }, { 0x1F18E, 0x1F18E }, { 0x1F191, 0x1F19A },
  { 0x1F201, 0x1F202 }, { 0x1F21A, 0x1F21A }, { 0x1F22F, 0x1F22F }, { 0x1F232, 0x1F23A },
  { 0x1F250, 0x1F251 }, { 0x1F300, 0x1F321 }, { 0x1F324, 0x1F393 }, { 0x1F396, 0x1F397 },
  { 0x1F399, 0x1F39B }, { 0x1F39E, 0x1F3F0 }, { 0x1F3F3, 0x1F3F5 }, { 0x1F3F7, 0x1F4FD },
  { 0x1F4FF, 0x1F53D }, { 0x1F549, 0x1F54E }, { 0x1F550, 0x1F567 }, { 0x1F56F, 0x1F570 },
  { 0x1F573, 0x1F57A }, { 0x1F587, 0x1F587 }, { 0x1F58A, 0x1F58D }, { 0x1F590, 0x1F590 },
  { 0x1F595, 0x1F596 }, { 0x1F5A4, 0x1F5A5 }, { 0x1F5A8, 0x1F5A8 }, { 0x1F5B1, 0x1F5B2 },
  { 0x1F5BC, 0x1F5BC }, { 0x1F5C2, 0x1F5C4 }, { 0x1F5D1, 0x1F5D3 }, { 0x1F5DC, 0x1F5DE },
  { 0x1F5E1, 0x1F5E1 }, { 0x1F5E3, 0x1F5E3 }, { 0x1F5E8, 0x1F5E8 }, { 0x1F5EF, 0x1F5EF },
  { 0x1F5F3, 0x1F5F3 }, { 0x1F5FA, 0x1F64F }, { 0x1F680, 0x1F6C5 }, { 0x1F6CB, 0x1F6D2 },
  { 0x1F6D5, 0x1F6D7 }, { 0x1F6DC, 0x1F6E5 }, { 0x1F6E9, 0x1F6E9 }, { 0x1F6EB, 0x1F6EC },
  { 0x1F6F0, 0x1F6F0 }, { 0x1F6F3, 0x1F6FC }, { 0x1F7E0, 0x1F7EB }, { 0x1F7F0, 0x1F7F0 },
  { 0x1F90C, 0x1F93A }, { 0x1F93C, 0x1F945 }, { 0x1F947, 0x1F9FF }, { 0x1FA70, 0x1FA7C },
  { 0x1FA80, 0x1FA88 }, { 0x1FA90, 0x1FABD }, { 0x1FABF, 0x1FAC5 }, { 0x1FACE, 0x1FADB },
  { 0x1FAE0, 0x1FAE8 }, { 0x1FAF0, 0x1FAF8 },
}
local VS16, KEYCAP, ZWJ, TAG_END, POINTS_MAX = 0xFE0F, 0x20E3, 0x200D, 0xE007F, 16

local function is_pictograph(c)
  local lo, hi = 1, #RANGES
  while lo <= hi do
    local mid = math.floor((lo + hi) / 2)
    local r = RANGES[mid]
    if c < r[1] then hi = mid - 1 elseif c > r[2] then lo = mid + 1 else return true end
  end
  return false
end

local function is_modifier(c) return c and c >= 0x1F3FB and c <= 0x1F3FF end
local function is_flag_letter(c) return c and c >= 0x1F1E6 and c <= 0x1F1FF end

-- The code points of UTF-8 text; nil when it is not UTF-8 or longer than an emoji can be.
local function code_points(text)
  local out, i = {}, 1
  while i <= #text do
    local b = text:byte(i)
    local n = b < 0x80 and 1 or b >= 0xF0 and b < 0xF8 and 4 or b >= 0xE0 and b < 0xF0 and 3
      or b >= 0xC2 and b < 0xE0 and 2
    if not n or i + n - 1 > #text or #out == POINTS_MAX then return nil end
    local c = n == 1 and b or b % 2 ^ (7 - n)
    for k = i + 1, i + n - 1 do
      local x = text:byte(k)
      if x < 0x80 or x > 0xBF then return nil end
      c = c * 64 + x - 0x80
    end
    out[#out + 1] = c
    i = i + n
  end
  return out
end

-- Behind the tags of a subdivision flag (UTS #51 ED-14a), or i when there are none.
local function skip_tags(p, i)
  local at = i
  while p[at] and p[at] >= 0xE0020 and p[at] <= 0xE007E do at = at + 1 end
  if at > i and p[at] == TAG_END then return at + 1 end
  return i
end

-- Behind one element of a ZWJ sequence that begins at i, or nil.
local function skip_element(p, i)
  if not p[i] or not is_pictograph(p[i]) then return nil end
  i = i + 1
  if p[i] == VS16 or is_modifier(p[i]) then i = i + 1 end
  return skip_tags(p, i)
end

-- Whether text is exactly one emoji.
function M.is(text)
  local p = code_points(text)
  if not p or #p == 0 then return false end
  local first = p[1]
  if first == 0x23 or first == 0x2A or (first >= 0x30 and first <= 0x39) then
    return (#p == 2 and p[2] == KEYCAP) or (#p == 3 and p[2] == VS16 and p[3] == KEYCAP)
  end
  if is_flag_letter(first) then return #p == 2 and is_flag_letter(p[2]) end
  local i = skip_element(p, 1)
  while i and p[i] == ZWJ do i = skip_element(p, i + 1) end
  return i == #p + 1
end

-- Reactions -----------------------------------------------------------------------------------------------

-- Platforms have emoji of their own, known by a name: ":party_parrot:", "<:wave:4711>", "<a:wave:4711>".
local NAMED = { "^:[%w_+-]+:$", "^<a?:[%w_]+:%d+>$" }

-- The same for documents.
local function regex()
  local function utf8(c)
    if c < 0x80 then return string.char(c) end
    if c < 0x800 then return string.char(0xC0 + math.floor(c / 64), 0x80 + c % 64) end
    if c < 0x10000 then
      return string.char(0xE0 + math.floor(c / 4096), 0x80 + math.floor(c / 64) % 64, 0x80 + c % 64)
    end
    return string.char(0xF0 + math.floor(c / 262144), 0x80 + math.floor(c / 4096) % 64,
      0x80 + math.floor(c / 64) % 64, 0x80 + c % 64)
  end
  local set = {}
  for i, r in ipairs(RANGES) do set[i] = utf8(r[1]) .. (r[2] > r[1] and "-" .. utf8(r[2]) or "") end
  local modifier = utf8(VS16) .. utf8(0x1F3FB) .. "-" .. utf8(0x1F3FF)
  local tags = ("(?:[%s-%s]+%s)?"):format(utf8(0xE0020), utf8(0xE007E), utf8(TAG_END))
  local element = ("[%s][%s]?%s"):format(table.concat(set), modifier, tags)
  return ("^(?:[0-9#*]%s?%s|[%s-%s]{2}|%s(?:%s%s)*)$"):format(utf8(VS16), utf8(KEYCAP), utf8(0x1F1E6), utf8(0x1F1FF),
    element, utf8(ZWJ), element)
end

local function is_reaction(text)
  if M.is(text) then return true end
  return text:find(NAMED[1]) ~= nil or text:find(NAMED[2]) ~= nil
end

local FORM = "one emoji, or one of the platform's own as :name: or <:name:id>"

M.schema = s.string { min = 1, max = 64, check = is_reaction, form = FORM }:shown(s.one_of {
  s.string { max = POINTS_MAX, regex = regex() }, s.string { max = 64, regex = "^:[A-Za-z0-9_+-]+:$" },
  s.string { max = 64, regex = "^<a?:[A-Za-z0-9_]+:[0-9]+>$" },
}:describe(FORM))

return M
