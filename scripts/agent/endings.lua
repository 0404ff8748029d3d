-- scripts/agent/endings.lua -- cuts a text that a model could not finish at the end of a sentence.  Pure.

local texts = require "human.text"

local M = {}

-- These end a sentence by themselves; the Latin ones only before a space, a quote or the end (3.5 is none).
local ENDS = { "。", "！", "？", "।", "॥", "؟", "۔", "።", "။", "…", "‼", "⁉", "\n" }
local CLOSING = { '"', "'", ")", "]", "*", "”", "’", "»", "」", "』", "）" }
local LEAST = 1 / 3                              -- of the text must be left; else it is cut within a sentence

-- The position behind quotes and brackets that close at `at`.
local function past_closing(text, at)
  for _, mark in ipairs(CLOSING) do
    if text:sub(at, at + #mark - 1) == mark then return past_closing(text, at + #mark) end
  end
  return at
end

local function last_of(text, mark)
  local last, at = 0, text:find(mark, 1, true)
  while at do
    last, at = past_closing(text, at + #mark) - 1, text:find(mark, at + #mark, true)
  end
  return last
end

-- "3." at the beginning of a line is the number of an item, which is still to come.
local function is_number(text, at)
  local digits = text:sub(math.max(1, at - 3), at - 1):match "%d+$" -- linear: three bytes
  local before = digits and at - #digits - 1
  return before == 0 or before ~= nil and text:byte(before) == 10
end

local function last_latin(text)
  local last, at = 0, text:find "[.!?]"
  while at do
    local behind = past_closing(text, at + 1)
    if (behind > #text or text:find("^%s", behind)) and not is_number(text, at) then last = behind - 1 end
    at = text:find("[.!?]", at + 1)
  end
  return last
end

-- The text up to its last whole sentence; if that is too little of it, up to its last whole word.  Also returns the
-- space after it, and whether it ends in the middle of a sentence.
function M.head(text)
  local all = text
  text = texts.trim(text)
  local best = last_latin(text)
  for _, mark in ipairs(ENDS) do best = math.max(best, last_of(text, mark)) end
  local is_half = best <= #text * LEAST
  if is_half then
    local word = text:match "^(.*%S)%s" or text
    best = #word > #text * LEAST and #word or #text
  end
  local head = texts.trim_end(text:sub(1, best))
  local _, stop = all:find(head, 1, true)
  return head, all:match("^%s*", (stop or 0) + 1), is_half
end

-- The same, for a text that nothing follows.
function M.whole(text)
  local head, _, is_half = M.head(text)
  return is_half and head ~= "" and head .. "…" or head
end

return M
