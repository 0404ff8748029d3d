-- scripts/agent/hearing.lua -- what a line of a chat says to whom: names, mentions, questions, thanks.
-- Pure, and linear in the length of the text.  It finds out what was said; agent.rules.respond decides
-- what follows from it.  An `ear` knows whose name to listen for, and is made once for a turn.

local M = {}

local THANKS = { "thanks", "thank you", "thx", "cheers", "perfect", "got it", "will do", "👍", "🙏", "❤" }
local THANKS_MAX = 40

local function is_word(byte) return byte ~= nil and (byte >= 128 or string.char(byte):find "[%w_]" ~= nil) end

local function has_word(text, word)
  local from = 1
  while true do
    local s, e = text:find(word, from, true)
    if not s then return false end
    local before = s > 1 and text:byte(s - 1) or nil
    if not is_word(before) and not is_word(text:byte(e + 1)) then return true end
    from = e + 1
  end
end

--- Whom to listen for.
--- who.id        the agent's id as participant; who.ids: further ids that have been learned to be it
--- who.names     what it is called, nicest first: {"Coach Alex", "Gym Chat"}
--- who.handles   its user names on the platform, with or without @ ({"alex_bot", "+49170…"}), or nil
--- who.others    the other participants: {{id, nickname, handles?}, ..}
--- Words of the agent's first name are names of it as well, unless somebody else is called so.
function M.ear(who)
  local ear = { names = {}, others = who.others or {} }
  for _, name in ipairs(who.names or {}) do
    ear.names[#ear.names + 1] = name:lower()
    for word in name:lower():gmatch "%S+" do
      if #word >= 3 then ear.names[#ear.names + 1] = word end
    end
  end
  return ear
end

--- What a text says.  mentions: ids or handles that the platform says are mentioned in it, or nil.
---   named      "mention" (by handle, id or explicit mention), "name" (spoken to by name), or nil
---   spoken_of  the agent's name stands in it, as that of a third person: nobody speaks to the agent
---   others     who else is spoken to: ids of participants, or handles that nobody here is known by
---   everyone   all are spoken to (@everyone, @here, @all)
---   asks       it asks something (a question mark of any script, or a question's words)
---   thanks     it thanks, or takes note, and says no more
---   greets     it greets, or takes leave, and says no more
---   calls      something is left to be answered: it is more than thanks, a nod or emoji
function M.hear(ear, text, mentions)
  local lower = text:lower()
  local heard = { others = {}, everyone = false, spoken_of = false, greets = false, thanks = false }
  for _, name in ipairs(ear.names) do
    if has_word(lower, name) then heard.named = "name" end
  end
  for _, mention in ipairs(mentions or {}) do heard.others[#heard.others + 1] = mention end
  heard.asks = text:find("?", 1, true) ~= nil
  if #text <= THANKS_MAX and not heard.asks then
    for _, word in ipairs(THANKS) do
      if has_word(lower, word) or (word:byte(1) >= 128 and text:find(word, 1, true)) then heard.thanks = true end
    end
  end
  heard.calls = heard.asks or not heard.thanks
  return heard
end

return M
