-- scripts/gateway/channel/text.lua -- texts for chats: lengths as vendors count them, and long texts split into
-- pieces.
-- Pure, linear. No character is split, and a code block that is split is closed and opened again.

local trim_end = require("human.text").trim_end

local M = {}

local CLOSED = "\n```"

local function is_tail(b) return b ~= nil and b >= 0x80 and b < 0xC0 end

-- What the character that begins with byte b counts.
local WEIGHT = {
  bytes = function() return 1 end,
  characters = function(b) return is_tail(b) and 0 or 1 end,
  utf16 = function(b) return is_tail(b) and 0 or b >= 0xF0 and 2 or 1 end,
}

--- How long a text is: unit is "bytes", "characters" or "utf16".
function M.length(text, unit)
  if unit == "bytes" then return #text end
  local weight, n = WEIGHT[unit], 0
  for i = 1, #text do n = n + weight(text:byte(i)) end
  return n
end

-- Where the last whole character ends that fits, beginning at `from`.
local function reach(text, from, units, unit)
  local weight, n, last = WEIGHT[unit], 0, from - 1
  for i = from, #text do
    n = n + weight(text:byte(i))
    if n > units then return last end
    if not is_tail(text:byte(i + 1)) then last = i end
  end
  return #text
end

--- The part of a text that begins at `offset` (from 0) and is `length` long, both in units of UTF-16.
function M.utf16(text, offset, length)
  local from = reach(text, 1, offset, "utf16") + 1
  return text:sub(from, reach(text, from, length, "utf16"))
end

-- The last position in from..to at which `mark` ends, or nil.
local function last_of(text, mark, from, to)
  local first, size = mark:byte(1), #mark
  for i = to - size + 1, from, -1 do
    if text:byte(i) == first and text:sub(i, i + size - 1) == mark then return i + size - 1 end
  end
  return nil
end

-- Where to cut: behind a paragraph, a line or a word, if there is one in the last part of what fits.
local function best_cut(text, from, to)
  if to == #text then return to end
  local room = to - from + 1
  return last_of(text, "\n\n", from + math.floor(room / 2), to) or last_of(text, "\n", from + math.floor(room / 4), to)
    or last_of(text, " ", from + math.floor(room / 4), to) or to
end

-- The fence that is open behind a piece, with its language, or nil.
local function fence_after(piece, open)
  for line in piece:gmatch "[^\n]+" do
    local language = line:match "^%s?%s?%s?```([%w_+#.-]*)"
    if language then open = not open and "```" .. language:sub(1, 20) or nil end
  end
  return open
end

--- A text as pieces of at most `limit` units each, and at most `most` pieces; what is beyond is cut off, and said so.
function M.split(text, limit, unit, most)
  unit = unit or "utf16"
  local pieces, from, open = {}, 1, nil
  while from <= #text do
    local head = open and open .. "\n" or ""
    local room = limit - #head - #CLOSED
    local to = best_cut(text, from, reach(text, from, limit - #head, unit))
    local after = fence_after(text:sub(from, to), open)
    if after and to < #text then -- the end of a block is to be added
      to = best_cut(text, from, reach(text, from, room, unit))
      after = fence_after(text:sub(from, to), open)
    end
    to = math.max(to, from)
    local body = trim_end(text:sub(from, to))
    if to < #text and #pieces + 1 == most then body = M.fit(body, limit - #head - 10, unit) .. " […]" end
    local closes = after and (to < #text or open) and CLOSED or ""
    if body:find "%S" then pieces[#pieces + 1] = head .. body .. closes end
    if #pieces == most then break end
    from, open = to + 1, after
  end
  return pieces
end

--- The beginning of a text, at most so many units.
function M.fit(text, units, unit) return text:sub(1, reach(text, 1, units, unit or "utf16")) end

return M
