-- spec/support/cached_chat.lua -- a chat as a model reads it turn by turn: how much of each prompt begins the next.
-- Servers cache prefixes: the shared part costs a tenth, and no time.

local M = {}

local PEOPLE = { { id = "u1", nickname = "Sarah" }, { id = "u2", nickname = "Ben" }, { id = "u3", nickname = "Tom" } }
local TEXTS = { "How do I get started with running?", "I tried last week and my knees hurt after a mile.",
  "What shoes do you use?", "Coach, is it fine to run every day?" }
local ANSWER = "Start with two short runs a week, and walk whenever you want to. What time of the day suits you?"
local TEMPLATE = ("You are a fitness coach who helps members of a gym. Be kind, be brief. "):rep(6)
  .. "You talk with {{participants}} in {{chat.code}}; it is {{now}}."

local function at(minute) return ("2025-11-27 %02d:%02d:00+00"):format(9 + math.floor(minute / 60), minute % 60) end

-- One text of a prompt, as a server reads it.
local function whole(built)
  local parts = { built.system }
  for _, m in ipairs(built.messages) do parts[#parts + 1] = "\n[" .. m.role .. "]\n" .. m.content end
  return table.concat(parts)
end

local function common(a, b)
  local n = math.min(#a, #b)
  for i = 1, n do
    if a:byte(i) ~= b:byte(i) then return i - 1 end
  end
  return n
end

--- For each prompt but the first of a chat of `count` lines, with an answer after every other one: {of_this (the
--- share of the one before that begins it), of_next (the share of it that the one before has)}.
function M.shares(prompt, count)
  local lines, before, list = {}, nil, {}
  for i = 1, count do
    local person = PEOPLE[i % #PEOPLE + 1]
    lines[#lines + 1] = { kind = "message", id = "m" .. i, from = person.nickname, text = TEXTS[i % #TEXTS + 1],
                          at = at(#lines * 7), pos = #lines + 1, new = true }
    if i % 2 == 0 then
      local people = { PEOPLE[i % 3 + 1], PEOPLE[(i + 1) % 3 + 1], PEOPLE[(i + 2) % 3 + 1] } -- whoever spoke last is first
      local text = whole(prompt.build({
        head = { name = "Coach Alex - Gym", personality_name = "Coach Alex", personality_description = "Coach",
                 style_instructions = "Warm.", template = TEMPLATE, chat_code = "gym-1" },
        people = people, lines = lines, verdict = { reason = "addressed" },
      }, ("2025-11-27T%02d:%02d:30Z"):format(9 + i, i)))
      if before then
        local n = common(before, text)
        list[#list + 1] = { of_this = n / #before, of_next = n / #text }
      end
      before = text
      for _, line in ipairs(lines) do line.new = nil end
      lines[#lines + 1] = { kind = "message", mine = true, text = ANSWER, at = at(#lines * 7), pos = #lines + 1 }
    end
  end
  return list
end

function M.mean(list, name)
  local sum = 0
  for _, share in ipairs(list) do sum = sum + share[name] end
  return sum / #list
end

return M
