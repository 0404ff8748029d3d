-- scripts/agent/lines.lua -- rows of the log as lines of a chat, and what is cut out of them.  Pure.

local json = require "human.json"

local M = {}

local SENTENCE_BYTES = 160

-- Whether a participant of a chat is the agent itself: platforms may send its own messages back.
-- agent: {id, name, personality_name}.
function M.is_self(agent, participant)
  if participant.id == agent.id then return true end
  local nick = participant.nickname:lower()
  return nick == agent.name:lower() or (agent.personality_name ~= nil and nick == agent.personality_name:lower())
end

-- At most n bytes of UTF-8 text, cut between characters.
function M.cut(text, n)
  if #text <= n then return text end
  while n > 0 and text:byte(n + 1) >= 128 and text:byte(n + 1) < 192 do n = n - 1 end
  return text:sub(1, n)
end

-- {pos, kind = "message" | "reaction", mine, by_agent, from, text, id, reply_to, age_ms, at,
--  emoji, removed}, oldest first.

local readers = {}

readers["new-message"] = function(line, row, c, agent)
  local m = c.message
  line.kind, line.id, line.text, line.reply_to = "message", row.message_id, m.content, m.replyTo
  line.from, line.from_id = m.participant.nickname, m.participant.id
  line.by_agent = m.participant.isAgent or false
  line.mine = M.is_self(agent, m.participant)
end

readers["send-message"] = function(line, row, c)
  line.kind, line.mine, line.by_agent, line.text = "message", true, true, c.content
  line.action_id, line.reply_to = row.id, c.messageId
end
readers["send-reply"] = readers["send-message"]

readers["reaction"] = function(line, _, c, agent)
  line.kind, line.id, line.emoji, line.removed = "reaction", c.messageId, c.emoji, c.action == "remove"
  line.from, line.mine = c.participant.nickname, M.is_self(agent, c.participant)
end

readers["add-reaction"] = function(line, row, c)
  line.kind, line.mine, line.id, line.emoji = "reaction", true, c.messageId, c.emoji
  line.removed = row.type == "remove-reaction"
end
readers["remove-reaction"] = readers["add-reaction"]

local function line_of(row, agent)
  local line = { pos = row.pos, at = row.created_at, age_ms = row.age_ms, answers = row.answers }
  readers[row.type](line, row, json.decode(row.content), agent)
  return line
end

-- A platform may send the agent's own message back; then the line that was sent gets its id.
local function is_echo(line, sent)
  if not (line.mine and line.id and line.kind == "message") then return false end
  for i, own in ipairs(sent) do
    if own.text == line.text then
      own.id = line.id
      table.remove(sent, i)
      return true
    end
  end
  return false
end

-- rows: of the log ({id, pos, type, content, message_id, created_at, age_ms}), newest first.
-- agent: {id, name, personality_name}.
function M.from_rows(rows, agent)
  local out, sent = {}, {}
  for i = #rows, 1, -1 do
    local line = line_of(rows[i], agent)
    if line.action_id then sent[#sent + 1] = line end
    if not is_echo(line, sent) then out[#out + 1] = line end
  end
  return out
end

-- Puts the agent's lines right behind what they answer: whatever came while it thought was said without them, and
-- is not answered by them.
function M.in_order_of_answers(list)
  local function place(line) return line.answers or line.pos end
  table.sort(list, function(a, b)
    if place(a) ~= place(b) then return place(a) < place(b) end
    return a.pos < b.pos
  end)
end

-- The first sentence of a text, on one line.
local function sentence(text)
  text = text:gsub("%s+", " ")
  local stop = text:find("[.!?] ")
  return M.cut(stop and text:sub(1, stop) or text, SENTENCE_BYTES)
end

-- Without a model: one short line for each message, the oldest dropped first.
function M.extract(summary, lines, max_bytes)
  local out = {}
  for line in summary:gmatch "[^\n]+" do out[#out + 1] = line end
  for _, line in ipairs(lines) do
    if line.kind == "message" then
      out[#out + 1] = (line.mine and "I" or line.from) .. ": " .. sentence(line.text)
    end
  end
  local first, bytes = #out + 1, 0
  while first > 1 and bytes + #out[first - 1] < max_bytes do
    first = first - 1
    bytes = bytes + #out[first] + 1
  end
  return table.concat(out, "\n", first)
end

return M
