-- scripts/agent/endings.lua -- a text that a model could not finish, ended where a sentence ends.  Pure.

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

local function last_latin(text)
  local last, at = 0, text:find "[.!?]"
  while at do
    local behind = past_closing(text, at + 1)
    if behind > #text or text:find("^%s", behind) then last = behind - 1 end
    at = text:find("[.!?]", at + 1)
  end
  return last
end

-- The text up to its last whole sentence; where that is too little of it, up to its last whole word.
function M.whole(text)
  text = texts.trim(text)
  if text == "" then return text end
  local best = last_latin(text)
  for _, mark in ipairs(ENDS) do best = math.max(best, last_of(text, mark)) end
  if best > #text * LEAST then return texts.trim_end(text:sub(1, best)) end
  local word = text:match "^(.*%S)%s" or text
  return (#word > #text * LEAST and word or text) .. "…"
end

return M
