-- scripts/agent/lines.lua -- rows of the log as lines of a chat, and what is cut out of them.  Pure.
-- Platforms send an agent's own messages back, under an id and a name of their own choice: such echoes are known by
-- their text, and with time the id that brings them (agent.people keeps it).  A nickname proves nothing.

local json = require "human.json"
local limits = require "agent.rules.limits"
local texts = require "human.text"

local M = {}

local SENTENCE_BYTES = 160
local CLOCK_MS = 1000                            -- transactions that began in another order than they wrote
local KEY_BYTES = 2000                           -- of a text, by which it is known again
local TELLING = 12                               -- bytes of letters and digits by which a text is known again

-- At most n bytes of UTF-8 text, cut between characters.
function M.cut(text, n)
  if #text <= n then return text end
  while n > 0 and text:byte(n + 1) >= 128 and text:byte(n + 1) < 192 do n = n - 1 end
  return text:sub(1, n)
end

-- {pos, kind = "message" | "reaction", mine, by_agent, from, from_id, text, id, reply_to, mentions, age_ms, at,
--  emoji, removed; of what the agent sent: action_id, answers, verdict (JSON)}, oldest first.

local readers = {}

readers["new-message"] = function(line, row, c)
  local m = c.message
  line.kind, line.id, line.text, line.reply_to = "message", row.message_id, m.content, m.replyTo
  line.from, line.from_id, line.mentions = m.participant.nickname, m.participant.id, m.mentions
  line.attachments, line.pos = m.attachments, m.editedPos or line.pos
  line.by_agent = m.participant.isAgent or false
end

readers["send-message"] = function(line, row, c)
  line.kind, line.mine, line.by_agent, line.text = "message", true, true, c.content
  line.action_id, line.reply_to = row.id, c.messageId
end
readers["send-reply"] = readers["send-message"]

readers["reaction"] = function(line, _, c)
  line.kind, line.id, line.emoji, line.removed = "reaction", c.messageId, c.emoji, c.action == "remove"
  line.from, line.from_id = c.participant.nickname, c.participant.id
end

readers["add-reaction"] = function(line, row, c)
  line.kind, line.mine, line.id, line.emoji = "reaction", true, c.messageId, c.emoji
  line.removed = row.type == "remove-reaction"
end
readers["remove-reaction"] = readers["add-reaction"]

local function line_of(row)
  local line = { pos = row.pos, place = row.pos, at = row.created_at, age_ms = row.age_ms, answers = row.answers,
                 verdict = row.verdict }
  readers[row.type](line, row, json.decode(row.content))
  return line
end

-- Echoes ------------------------------------------------------------------------------------------

-- What a text is known by: platforms change marks, spaces and case on the way.
local function key_of(text)
  text = text:sub(1, KEY_BYTES)
  local bare = text:lower():gsub("[^%w\128-\255]+", "")
  return #bare >= TELLING and bare or texts.trim(text)
end

-- The line of `sent` that this one brings back, or nil.  Of several with the same text it is the first without an
-- echo yet.
local function original(line, sent)
  local found
  if not next(sent) then return nil end
  for _, own in ipairs(sent[key_of(line.text)] or {}) do
    local after_ms = own.age_ms - line.age_ms
    if after_ms >= -CLOCK_MS and after_ms <= limits.echo_ms then
      if not own.id then return own end
      found = own
    end
  end
  return found
end

local function remember(sent, line)
  local key = key_of(line.text)
  sent[key] = sent[key] or {}
  table.insert(sent[key], line)
end

-- People greet as they are greeted, and say "ok" to an "ok": once that is no echo, from somebody who is known to be a
-- person.
local function says_it_too(line, carrier, person)
  if carrier.echoes > 0 or not (carrier.lines > 0 or person and person.introduced) then return false end
  return #line.text <= TELLING
end

-- What an id brings: {lines (of its own), echoes, siblings (echoes of other agents), telling}.
local function weigh(line, sent, who, carriers)
  local carrier = carriers[line.from_id] or { lines = 0, echoes = 0, siblings = 0, nickname = line.from }
  carriers[line.from_id] = carrier
  local own = original(line, sent)
  local other = not own and original(line, who.siblings)
  if not (own or other) or says_it_too(line, carrier, who.people[line.from_id]) then
    carrier.lines = carrier.lines + 1
    return
  end
  carrier.echoes, carrier.siblings = carrier.echoes + 1, carrier.siblings + (other and 1 or 0)
  carrier.telling = carrier.telling or #key_of(line.text) >= TELLING
  line.echo_of, line.by_agent = own, true
  if own then
    own.id = own.id or line.id
    if own.id ~= line.id then who.copies[line.id] = own end
  end
end

local function resembles(nickname, names)
  local nick = nickname:lower():gsub("[^%w\128-\255]+", "")
  for _, name in ipairs(names) do
    for word in name:lower():gmatch "[%w\128-\255]+" do
      if #word >= 3 and nick:find(word, 1, true) then return true end
    end
  end
  return false
end

-- Whose words an id carries: "self", "agent" (another one of the same user) or nil.  One echo says so of a stranger
-- or of a name like the agent's, and nothing of somebody who talks; whoever was taken for the agent and talks more
-- than echoes is somebody else.
local function carries(carrier, person, names)
  local echoes, own = carrier.echoes, carrier.lines
  local before = person and person.learned
  if before then return not (own >= 3 and own > echoes) and before or nil end
  if echoes == 0 then return nil end
  local looks = resembles(carrier.nickname, names)
  local convinces = own == 0 and (echoes >= 2 or carrier.telling and (looks or not (person and person.introduced)))
    or looks and echoes >= 2 and echoes >= own
  return convinces and (carrier.siblings > 0 and "agent" or "self") or nil
end

-- Who is the agent, among people and carriers: {[id] = true}; and what is new about it, for agent.people.
local function selves(who, carriers)
  local mine, learned = { [who.id] = true }, {}
  for id, p in pairs(who.people) do
    if p.is_self or p.learned == "self" then mine[id] = true end
  end
  for id, carrier in pairs(carriers) do
    local p = who.people[id]
    local what = carries(carrier, p, who.names)
    if not (p and p.is_self) and id ~= who.id then
      if p and p.learned ~= what then learned[id] = what or false end
      mine[id] = what == "self" or nil
    end
    carrier.is_agent = what == "agent" or p ~= nil and p.is_agent
  end
  return mine, learned
end

local function settle(line, mine, carriers)
  if line.action_id or line.mine then return line end
  line.mine = mine[line.from_id] or false
  local carrier = carriers[line.from_id]
  if line.kind == "message" then line.by_agent = line.mine or line.by_agent or carrier.is_agent or false end
  return line
end

local function by_key(list)
  local out = {}
  for _, said in ipairs(list or {}) do
    if said.text then remember(out, said) end
  end
  return out
end

-- rows: of the log ({id, pos, type, content, message_id, created_at, age_ms, answers, verdict}), newest first.
-- who: {id (of the agent), names, people = {[participant id] = of agent.people}, siblings = what other agents of its
-- user have said in this room, or nil}.
-- Returns the lines without echoes, and {learned = {[participant id] = "self" | "agent" | false}, for agent.people,
-- mine = {[participant id] = true}, echoing = {[participant id] = true} who has brought nothing but echoes,
-- copies = {[message id] = line of the agent that it repeats}}.
function M.from_rows(rows, who)
  local all, sent, carriers = {}, {}, {}
  who = { id = who.id, names = who.names or {}, people = who.people or {}, siblings = by_key(who.siblings),
          copies = {} }
  for i = #rows, 1, -1 do
    local line = line_of(rows[i])
    all[#all + 1] = line
    if line.action_id then
      remember(sent, line)
    elseif line.kind == "message" then
      weigh(line, sent, who, carriers)
    end
  end
  local found, out = { copies = who.copies, echoing = {} }, {}
  found.mine, found.learned = selves(who, carriers)
  for id, carrier in pairs(carriers) do
    found.echoing[id] = carrier.echoes > 0 and carrier.siblings + carrier.lines == 0 or nil
  end
  for _, line in ipairs(all) do
    if not line.echo_of then out[#out + 1] = settle(line, found.mine, carriers) end
  end
  return out, found
end

-- Puts the agent's lines right behind what they answer: whatever came while it thought was said without them, and
-- is not answered by them.
function M.in_order_of_answers(list)
  local function place(line) return line.answers or line.place end
  table.sort(list, function(a, b)
    if place(a) ~= place(b) then return place(a) < place(b) end
    return a.place < b.place
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
