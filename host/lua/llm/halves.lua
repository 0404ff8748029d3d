-- host/lua/llm/halves.lua -- rejoins characters that a model server cut in two.  Pure.
-- A token may end within a character, and many servers send each token as it comes: half an emoji is a lone
-- surrogate in one JSON text and its other half in the next, or some bytes of UTF-8 here and the rest there.
-- JSON parsers accept neither.  So halves are passed on as private-use characters, and rejoined where
-- the pieces are assembled; a half without its partner is dropped.

local lossy = require "human.core.lossy"

local char, byte, floor, sub = string.char, string.byte, math.floor, string.sub

local M = {}

-- U+10F000 to U+10F7FF stand for surrogates, U+10F800 to U+10F8FF for bytes.
local function stand_in(n) return char(0xF4, 0x8F, 0x80 + floor(n / 64), 0x80 + n % 64) end
local MARK = "\244\143[\128-\163][\128-\191]"
local MARK_BYTES, MARKS_HELD = 4, 3

local function for_escape(escape) return stand_in(tonumber(sub(escape, 3), 16) - 0xD800) end

local function for_bytes(bytes) return (bytes:gsub(".", function(b) return stand_in(0x800 + byte(b)) end)) end

local function nothing() return "" end

--- JSON text, as it came, that a parser takes.
function M.keep(text) return lossy.json(lossy.utf8(text, for_bytes), for_escape) end

-- The original of a stand-in: a byte, or a surrogate as three bytes.
local function original(mark)
  local _, _, a, b = byte(mark, 1, 4)
  local n = (a - 0x80) * 64 + b - 0x80
  if n >= 0x800 then return char(n - 0x800) end
  return char(0xED, 0xA0 + floor(n / 64), 0x80 + n % 64)
end

local function whole(pair)
  local _, a, b, _, c, d = byte(pair, 1, 6)
  local n = 0x10000 + ((a - 0xA0) * 64 + b - 0x80) * 1024 + (c - 0xB0) * 64 + d - 0x80
  return char(0xF0 + floor(n / 262144), 0x80 + floor(n / 4096) % 64, 0x80 + floor(n / 64) % 64, 0x80 + n % 64)
end

--- Rejoins halves, and drops lone halves and NUL.
function M.join(text)
  if text:find(MARK) then
    text = text:gsub(MARK, original):gsub("\237[\160-\175][\128-\191]\237[\176-\191][\128-\191]", whole)
    text = lossy.utf8(text, nothing)
  end
  return (text:gsub("%z", ""))
end

--- Cuts halves off the end of a piece, which the next piece may complete: returns the complete part, and the rest.
function M.split(text)
  local at = #text
  for _ = 1, MARKS_HELD do
    if not sub(text, at - MARK_BYTES + 1, at):find(MARK) then break end
    at = at - MARK_BYTES
  end
  return sub(text, 1, at), sub(text, at + 1)
end

return M
