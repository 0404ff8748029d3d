-- scripts/agent/continuing.lua -- an answer that its model could not finish, for want of tokens, goes on.  Pure.
-- What is said of it ends where a sentence does; the model is shown that, and asked for what comes next.  Models then
-- say the last words again, or all of it: what is there already is left out, so that no seam can be seen.

local texts = require "human.text"
local endings = require "agent.endings"
local said = require "agent.said"

local M = {}

local ALIKE = 48                                 -- bytes with which an answer begins that begins again
local OVERLAP_MIN, OVERLAP_MAX = 8, 600          -- bytes that may be said again; fewer are chance
local GO_ON = [[<cut-off/>
Your message was cut off at this point, because it was too long for one go. Write what comes next, and nothing else:
begin with the next sentence, repeat nothing, do not mention that you were cut off, and come to an end soon.]]

-- How much of a text stands already: the end of `text`, said again at the beginning of `more`, in bytes.
local function overlap(text, more)
  for n = math.min(#text, #more, OVERLAP_MAX), OVERLAP_MIN, -1 do
    local from = #text - n + 1
    local begins = from == 1 or text:find("^%s", from - 1) or text:byte(from) >= 0xC2
    local ends = n == #more or not text:find("%w$") or not more:find("^%w", n + 1) -- linear: one byte each
    if begins and ends and text:byte(from) == more:byte(1) and text:sub(from) == more:sub(1, n) then return n end
  end
  return 0
end

-- What `more` has behind `text`; nil when it is an answer of its own, begun anew.
local function added(text, more)
  local n = math.min(#text, ALIKE)
  if n < OVERLAP_MIN or text:sub(1, n) ~= more:sub(1, n) then return more:sub(overlap(text, more) + 1) end
  local _, stop = more:find(text:sub(-ALIKE), 1, true)
  return stop and more:sub(stop + 1) or nil
end

-- What stands between two sentences where nothing tells: scripts of which a character is a word have no spaces.
local function space_behind(text)
  local lead = text:match "([\194-\244][\128-\191]*)$" -- linear: one character
  return lead and lead:byte() >= 0xE3 and "" or " "
end

--- text: as it was cut off; more: what the model said when it was asked to go on.  One text, which ends as `more` does.
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

--- The text for people of an answer that was cut off, when it is one that can go on: not one of calls.
function M.text(reply, names)
  if reply.stop_reason ~= "length" or #(reply.tool_calls or {}) > 0 then return nil end
  local text, calls = said.read(reply.text or "", names)
  return text ~= "" and #calls == 0 and text or nil
end

--- The request for the rest of an answer of which `text` is there.
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
