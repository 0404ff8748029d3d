-- scripts/agent/continuing.lua -- continues an answer that its model could not finish, for want of tokens.  Pure.
-- The answer is cut at the end of a sentence, shown to the model, and the model is asked to go on.  Models then repeat
-- the last words, or everything: the repetition is left out, so that no seam shows.

local texts = require "human.text"
local endings = require "agent.endings"
local said = require "agent.said"

local M = {}

local ALIKE = 48                                 -- identical first bytes show that the model started over
local OVERLAP_MIN, OVERLAP_MAX = 8, 600          -- repeated bytes that are looked for; fewer are chance
local GO_ON = [[<cut-off/>
Your message was cut off at this point, because it was too long for one go. Write what comes next, and nothing else:
begin with the next sentence, repeat nothing, do not mention that you were cut off, and come to an end soon.]]

-- How many bytes at the end of `text` are repeated at the beginning of `more`.
local function overlap(text, more)
  for n = math.min(#text, #more, OVERLAP_MAX), OVERLAP_MIN, -1 do
    local from = #text - n + 1
    local begins = from == 1 or text:find("^%s", from - 1) or text:byte(from) >= 0xC2
    local ends = n == #more or not text:find("%w$") or not more:find("^%w", n + 1) -- linear: one byte each
    if begins and ends and text:byte(from) == more:byte(1) and text:sub(from) == more:sub(1, n) then return n end
  end
  return 0
end

-- The part of `more` that follows `text`; nil when `more` is a new answer.
local function added(text, more)
  local n = math.min(#text, ALIKE)
  if n < OVERLAP_MIN or text:sub(1, n) ~= more:sub(1, n) then return more:sub(overlap(text, more) + 1) end
  local _, stop = more:find(text:sub(-ALIKE), 1, true)
  return stop and more:sub(stop + 1) or nil
end

-- The separator of two sentences when nothing shows it: scripts in which a character is a word have no spaces.
local function space_behind(text)
  local lead = text:match "([\194-\244][\128-\191]*)$" -- linear: one character
  return lead and lead:byte() >= 0xE3 and "" or " "
end

--- Joins a text that was cut off and `more`, what the model said when it was asked to go on.
function M.join(text, more)
  local head, behind = endings.head(text)
  local rest = added(head, (texts.trim(more):gsub("^%.%.%.%s*", ""):gsub("^…%s*", "")))
  if not rest then return texts.trim(more) end
  local own = rest:match "^%s*" -- linear: the beginning
  rest = texts.trim(rest)
  if rest == "" then return endings.whole(text) end
  if own == "" then own = behind ~= "" and behind or space_behind(head) end
  return head .. own .. rest
end

--- The text for people of an answer that was cut off, if it can be continued: one with calls cannot.
function M.text(reply, names)
  if reply.stop_reason ~= "length" or #(reply.tool_calls or {}) > 0 then return nil end
  local text, calls = said.read(reply.text or "", names)
  return text ~= "" and #calls == 0 and text or nil
end

--- The request for the rest of an answer that begins with `text`.
function M.request(req, text, count)
  local asked = { { role = "assistant", content = (endings.head(text)) }, { role = "user", content = GO_ON } }
  local taken = count(asked[1].content) + count(GO_ON)
  local function with(messages)
    local list = {}
    for i, m in ipairs(messages) do list[i] = m end
    for _, m in ipairs(asked) do list[#list + 1] = m end
    return list
  end
  return setmetatable({
    messages = with(req.messages), fit = req.fit and function(tokens) return with(req.fit(tokens - taken)) end,
    tools = false, plan = false,
  }, { __index = req })
end

return M
