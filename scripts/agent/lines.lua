-- scripts/agent/lines.lua -- turns rows of the log into lines of a chat, without echoes.  Pure.
-- Platforms send an agent's own messages back, under an id and a name of their own choice: such echoes are recognised
-- by their text, and in time by the id that sends them (agent.people keeps it).  A nickname proves nothing.

local json = require "human.json"
local kept = require "agent.kept"
local limits = require "agent.rules.limits"
local texts = require "human.text"

local M = {}

local SENTENCE_BYTES = 160
local CLOCK_MS = 1000                            -- transactions that began in another order than they wrote
local KEY_BYTES = 2000                           -- of a text, by which it is recognised
local FOREIGN = 2                                -- lines that make somebody another agent: one may be a quotation
local TELLING = 12                               -- bytes of letters and digits that suffice to recognise a text
local CALLED = 64                                -- agents whose names were taken apart
local NAMES_MAX, HEAD_BYTES, HEAD_WORDS = 16, 120, 3 -- of the agent, before a text that a relay has brought

-- At most n bytes of UTF-8 text, cut between characters.
function M.cut(text, n)
  if #text <= n then return text end
  while n > 0 and text:byte(n + 1) >= 128 and text:byte(n + 1) < 192 do n = n - 1 end
  return text:sub(1, n)
end

-- {pos, kind = "message" | "reaction", mine, by_agent, from, from_id, text, id, reply_to, mentions, age_ms, at,
--  emoji, removed; of what the agent sent: action_id, answers, verdict (JSON); row}, oldest first.

-- Each makes a line in one piece: there are many, and a table that grows is made several times.
local readers = {}

readers["new-message"] = function(row, c)
  local m = c.message
  local person = m.participant
  return {
    kind = "message", id = row.message_id, text = m.content, reply_to = m.replyTo, from = person.nickname,
    from_id = person.id, mentions = m.mentions, attachments = m.attachments, by_agent = person.isAgent or false,
    mine = nil, pos = m.editedPos or row.pos, place = row.pos, at = row.created_at, age_ms = row.age_ms,
    answers = row.answers, row = row,
  }
end

readers["send-message"] = function(row, c)
  return {
    kind = "message", mine = true, by_agent = true, text = c.content, action_id = row.id, reply_to = c.messageId,
    id = nil, pos = row.pos, place = row.pos, at = row.created_at, age_ms = row.age_ms, answers = row.answers,
    verdict = row.verdict, row = row,
  }
end
readers["send-reply"] = readers["send-message"]

local function reaction(row, c)
  return { kind = "reaction", id = c.messageId, emoji = c.emoji, pos = row.pos, place = row.pos, at = row.created_at,
           age_ms = row.age_ms, answers = row.answers, verdict = row.verdict, row = row }
end

readers["reaction"] = function(row, c)
  local line = reaction(row, c)
  line.removed, line.from, line.from_id = c.action == "remove", c.participant.nickname, c.participant.id
  return line
end

readers["add-reaction"] = function(row, c)
  local line = reaction(row, c)
  line.mine, line.removed = true, row.type == "remove-reaction"
  return line
end
readers["remove-reaction"] = readers["add-reaction"]

local function line_of(row)
  row.read = row.read or json.decode(row.content) -- a row may be read again (agent.old_rows)
  return readers[row.type](row, row.read)
end

-- The same for the next look of one agent's turns, which has the line of the look before again: it is as it was made.
local function same_line(row)
  local line = row.line
  if not line then
    line = line_of(row)
    row.line, row.mine, row.by_agent, row.named = line, line.mine, line.by_agent, line.id
    return line
  end
  line.mine, line.by_agent, line.id, line.age_ms = row.mine, row.by_agent, row.named, row.age_ms
  line.echo_of, line.new, line.images = nil, nil, nil
  return line
end

-- Echoes ------------------------------------------------------------------------------------------

-- The key by which a text is recognised: platforms change punctuation, spaces and case on the way.
local function key_of(text)
  text = text:sub(1, KEY_BYTES)
  local bare = text:lower():gsub("[^%w\128-\255]+", "")
  return #bare >= TELLING and bare or texts.trim(text)
end

-- The same for a line, or for a text of another agent; computed once.
local function key_of_line(said)
  local known = said.row or said
  if not known.key then known.key = key_of(said.text) end
  return known.key
end

-- What a relay may call the agent, in lower case, the longest first: its names, and the words of them.
local called_by = kept.of(CALLED, function(_, names)
  local list, known = {}, {}
  local function add(name)
    if #name >= 3 and not known[name] and #list < NAMES_MAX then list[#list + 1], known[name] = name, true end
  end
  for _, name in ipairs(names) do add(name:lower()) end
  for _, name in ipairs(names) do
    for word in name:lower():gmatch "[%w\128-\255]+" do add(word) end
  end
  table.sort(list, function(a, b) return #a > #b or #a == #b and a < b end)
  list.text = table.concat(list, "\n")
  return list
end)

-- The names of an agent are the same turn after turn.
local function called(names) return called_by(table.concat(names, "\n"), names) end

-- Whether a piece beside a name is part of a head: few words, and none of the marks that part clauses.
local function is_head(piece)
  piece = piece:gsub("%d[:.]%d", "")
  if piece:find "[,;:?!]" then return false end
  return select(2, piece:gsub("[%w\128-\255]+", "")) <= HEAD_WORDS
end

-- Marks between a head and the text ("**: ", "> ", " — ").
local MARKS = { "：", "—", "–", "»", "›", "→", "】", "」", "』", "）", "·", "•" }
local function without_marks(text)
  local rest = text:gsub("^[%p%s]+", "")
  for _, mark in ipairs(MARKS) do
    if rest:sub(1, #mark) == mark then return without_marks(rest:sub(#mark + 1)) end
  end
  return rest
end

-- What follows a head that names the agent ("Coach Alex: Hi", "<Alex> Hi", "**Coach Alex** said:\nHi"), as far as
-- that may be told: up to two readings.
local function relayed(text, names)
  local head = text:sub(1, HEAD_BYTES):lower()
  for _, name in ipairs(names) do
    local from, to = head:find(name, 1, true)
    if from and is_head(head:sub(1, from - 1)) and not head:find("^%w", to + 1) then
      local rest, out = text:sub(to + 1), {}
      local direct, near = without_marks(rest), rest:sub(1, HEAD_BYTES)
      local marks = rest:sub(1, #rest - #direct)
      if marks:find "%S" and not marks:find "[,;?!]" then out[1] = direct end
      local stop = (near .. " "):find ":%D" or near:find("\n", 1, true)
      if stop and is_head(near:sub(1, stop - 1)) then out[#out + 1] = without_marks(rest:sub(stop + 1)) end
      return out
    end
  end
  return {}
end

-- The same for a line, computed once for the same names of the agent.
local function readings(line, names)
  local row = line.row
  if row.relayed_to ~= names.text then row.relayed, row.relayed_to = relayed(line.text, names), names.text end
  return row.relayed
end

-- Of several lines with the same text it is the first without an echo yet.
local function sent_before(line, sent)
  local found
  for _, own in ipairs(sent or {}) do
    local after_ms = own.age_ms - line.age_ms
    if after_ms >= -CLOCK_MS and after_ms <= limits.echo_ms then
      if not own.id then return own end
      found = own
    end
  end
  return found
end

-- The line of `sent` that this one echoes, or nil; and its text without the name that a relay put before it.
local function original(line, sent, names)
  if not next(sent) then return nil end
  local own = sent_before(line, sent[key_of_line(line)])
  if own then return own end
  for _, text in ipairs(readings(line, names)) do
    own = text ~= "" and sent_before(line, sent[key_of(text)])
    if own then return own, text end
  end
end

-- Whether a text is one that the agent has said, and whether nobody else would say it just so.  names: the agent's.
function M.repeats(text, own, names)
  local key = key_of(own)
  local same = own ~= "" and key_of(text) == key
  for _, rest in ipairs(not same and own ~= "" and relayed(text, called(names)) or {}) do
    same = same or key_of(rest) == key
  end
  return same, #key >= TELLING
end

local function remember(sent, line)
  local known_by = key_of_line(line)
  sent[known_by] = sent[known_by] or {}
  table.insert(sent[known_by], line)
end

-- People return a greeting in the same words, and say "ok" to an "ok": from a known person that is not an echo; nor is
-- it from somebody who says other things at least as often.
local function says_it_too(text, is_relayed, carrier, person)
  local known = person and person.introduced or not is_relayed and carrier.lines > 0
  if carrier.echoes > 0 or not known or #text > TELLING then return false end
  return carrier.too == 0 or carrier.lines >= 2 * carrier.too
end

-- Counts what an id sends: {lines (of its own), too (those of them that repeat the agent's words), echoes, relayed
-- (with a name before them), siblings (echoes of other agents), foreign (lines that some agent had just said),
-- telling}.
local function weigh(line, sent, who, carriers)
  local carrier = carriers[line.from_id]
    or { lines = 0, too = 0, echoes = 0, relayed = 0, siblings = 0, foreign = 0, nickname = line.from }
  carriers[line.from_id] = carrier
  local own, text = original(line, sent, who.called)
  local other
  if not own then other, text = original(line, who.siblings, who.called) end
  local found, too = own or other, false
  if found then too = says_it_too(text or line.text, text ~= nil, carrier, who.people[line.from_id]) end
  if not found or too then
    carrier.lines, carrier.too = carrier.lines + 1, carrier.too + (too and 1 or 0)
    if line.row.is_of_agent then carrier.foreign = carrier.foreign + 1 end
    return
  end
  -- A relay that puts names before texts sends other people's texts too: an echo does not show whose account it is.
  local count = text and "relayed" or "echoes"
  carrier[count], carrier.siblings = carrier[count] + 1, carrier.siblings + (other and 1 or 0)
  carrier.telling = carrier.telling or #key_of_line(line) >= TELLING
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

-- Whose words an id sends: "self", "agent" (another one) or nil.  One echo suffices for a stranger or for a name like
-- the agent's, but proves nothing about somebody who talks; an id that was taken for the agent and says more than it
-- echoes is somebody else.
local function carries(carrier, person, names)
  local echoes, own = carrier.echoes, carrier.lines
  local before = person and person.learned
  if carrier.foreign >= FOREIGN and 2 * carrier.foreign > own then return "agent" end
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
    if said.text and said.text ~= "" then remember(out, said) end
  end
  return out
end

-- All names under which a relay may bring what agents said here.
local function names_of(who)
  local list = { unpack(who.names) }
  for id, p in pairs(who.people) do
    if id == who.id or p.is_self or p.learned == "self" then list[#list + 1] = p.nickname end
  end
  for _, sibling in ipairs(who.siblings or {}) do list[#list + 1] = sibling.nickname end
  return list
end

-- rows: of the log ({id, pos, type, content, message_id, created_at, age_ms, answers, verdict}), newest first.
-- who: {id (of the agent), names, people = {[participant id] = of agent.people}, siblings = what other agents of its
-- user have said in this room, or nil}.
-- again (optional): each line may be the table of the call before, so that is no longer in use.
-- Returns the lines without echoes, and {learned = {[participant id] = "self" | "agent" | false}, for agent.people,
-- mine = {[participant id] = true}, echoing = {[participant id] = true} who has brought nothing but echoes,
-- copies = {[message id] = line of the agent that it repeats}}.
function M.from_rows(rows, who, again)
  local line_for = again and same_line or line_of
  local all, sent, carriers = {}, {}, {}
  who = { id = who.id, names = who.names or {}, people = who.people or {}, siblings = who.siblings, copies = {} }
  who.called, who.siblings = called(names_of(who)), by_key(who.siblings)
  for i = #rows, 1, -1 do
    local line = line_for(rows[i])
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
    found.echoing[id] = carrier.echoes + carrier.relayed > 0 and carrier.siblings + carrier.lines == 0 or nil
  end
  for _, line in ipairs(all) do
    if not line.echo_of then out[#out + 1] = settle(line, found.mine, carriers) end
  end
  return out, found
end

-- Moves the agent's lines right behind what they answer: lines that came while it thought were written without knowing
-- the answer, and are not answered by it.
function M.in_order_of_answers(list)
  local function place(line) return line.answers or line.place end
  local in_order = true
  for i = 2, #list do
    local a, b = place(list[i - 1]), place(list[i])
    in_order = in_order and (a < b or a == b and list[i - 1].place <= list[i].place)
  end
  if in_order then return end
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

--- The last lines of a list in less than max_bytes, as one text.
function M.newest(list, max_bytes)
  local first, bytes = #list + 1, 0
  while first > 1 and bytes + #list[first - 1] < max_bytes do
    first = first - 1
    bytes = bytes + #list[first] + 1
  end
  return table.concat(list, "\n", first)
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
  return M.newest(out, max_bytes)
end

return M
