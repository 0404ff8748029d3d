-- scripts/agent/known.lua -- what a worker knows of a chat when it has ended a turn there.
-- The next message needs nothing read if nothing has happened since: the statement that stores it compares positions
-- and the versions of all rows that a turn reads (agent.store), and stores nothing where something differs.  Then the
-- chat is read as ever.  So what is known here is never believed, only confirmed.

local json = require "human.json"

local M = {}

M.CHATS = 500                                    -- of a worker, and about as many before them
local PEOPLE = 20                                -- of a chat that is known

-- Two generations: entries in use move to the young one; when that is full, the old one is dropped.
local young, old, n = {}, {}, 0

--- Drops a chat.
function M.forget(agent_id) young[agent_id], old[agent_id] = nil, nil end

-- The rows of agent.people as the database gives them, newest first; nil where they are not simple enough.
local function rows_of(people)
  if #people > PEOPLE then return nil end
  local out = {}
  for i, p in ipairs(people) do
    if p.typing_ms then return nil end
    out[i] = { id = p.id, nickname = p.nickname, is_agent = p.is_agent, is_self = p.is_self, learned = p.learned,
               introduced = p.introduced, handles = p.handles[1] and json.encode(json.array(p.handles)) or nil }
  end
  return out
end

--- Notes a chat at the end of a turn.  snap: of agent.facts; box: the mailbox as it was written; at_once: the agent's
--- answers take no time.
function M.keep(snap, box, at_once)
  local head, people = snap.head, rows_of(snap.people)
  local is_simple = people and not (head.has_siblings or head.expired_at or head.greet or next(snap.found.learned))
  if not is_simple then return M.forget(head.id) end
  if n == M.CHATS then young, old, n = {}, young, 0 end
  if not young[head.id] then n = n + 1 end
  young[head.id] = { head = head, people = people, version = head.version, last_pos = box.last_pos,
                     processed_pos = box.processed_pos, at_once = at_once }
end

local function is_said(value) return value ~= nil and value ~= json.null end

--- What is known of an agent's chat if it holds for a message too: who wrote it is the one who was there last, and the
--- message says nothing new about him.  Else nil.
function M.of(agent_id, message)
  local chat = young[agent_id] or old[agent_id]
  local last, from = chat and chat.people[1], message.participant
  if not last or last.id ~= from.id or last.nickname ~= from.nickname then return nil end
  if is_said(from.self) or is_said(from.handles) or is_said(from.isAgent) then return nil end
  return chat
end

--- What the next look finds: the head, and the people.  stored: of agent.store; key_id: through which it came.
function M.look(chat, stored, key_id)
  local head, people = {}, {}
  for name, value in pairs(chat.head) do head[name] = value end
  head.last_pos, head.last_in_pos, head.processed_pos = stored.pos, stored.pos, chat.processed_pos
  head.now_ms, head.key_id, head.superseded, head.expires = stored.now_ms, key_id, 0, false
  head.waited_ms, head.run_id, head.attempts, head.typing, head.until_pos, head.verdict = nil, nil, nil, nil, nil, nil
  for i, p in ipairs(chat.people) do
    people[i] = {}
    for name, value in pairs(p) do people[i][name] = value end
  end
  return head, people
end

return M
