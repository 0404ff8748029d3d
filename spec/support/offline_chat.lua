-- spec/support/offline_chat.lua -- a chat with the offline provider, with the prompt that it gets in
-- production.

require("plain_host").install()

local M = {}

M.coach = {
  name = "Coach Alex - Gym Chat", personality_name = "Coach Alex", personality_description = "Supportive fitness coach",
  style_instructions = [[Background: Former college track athlete. Certified personal trainer for 10+ years.
Memories:
- Trained for marathon in 2019, dealt with IT band injury
- Helped client lose 50lbs through sustainable habit changes
Communication Style:
- Warm and encouraging, never judgmental
- Uses occasional emojis (💪, 🏃, 👍)]],
  template = "You are a fitness coach in a gym community chat.\nGOALS:\n- Help members overcome workout challenges",
}

M.support = {
  name = "Desk", template = [[You are a customer support agent for Acme Cloud.
KNOWLEDGE:
- Refunds are possible within 30 days of purchase, from the billing page.
- Backups run every night at 02:00 UTC and are kept for 14 days.
- Never promise delivery dates or backups.]],
}

--- What the offline provider makes of a request: result of llm.chat's kind, and the deltas.
function M.ask(req)
  local offline, stream = require "agent.providers.offline", require "human.llm.stream"
  local deltas = {}
  local out = stream.collector(function(text) deltas[#deltas + 1] = text end)
  offline.answer(req, {}, out)
  local result, err = out:result()
  return result, err, deltas
end

local function lines_of(said)
  local lines = {}
  for i, entry in ipairs(said) do
    local line = type(entry) == "table" and entry or { text = entry }
    line.kind, line.from = line.kind or "message", line.from or "Sarah"
    line.id = line.id or (line.mine and "a-" or "m-") .. i
    lines[i] = line
  end
  return lines
end

--- said: texts of Sarah, or lines ({text, mine, from, id, kind, emoji}).  Returns the wishes of
--- agent.tools and the text of the message, or nil.
function M.say(head, said, people)
  local snap = { head = head, people = people or { { nickname = "Sarah" } }, lines = lines_of(said) }
  local req = require("agent.prompt").build(snap, "2025-11-27T10:00:00Z")
  req.tools, req.context = require("agent.tools").definitions, snap
  local wishes = require("agent.tools").wishes(assert((M.ask(req))))
  local text
  for _, wish in ipairs(wishes) do text = text or wish.content end
  return wishes, text
end

return M
