-- scripts/gateway/agents.lua -- the agents of this installation, of all its users, for its operator: which there are,
-- what was decided about one, and which of the connected clients watches one.

local bus = require "human.bus"
local cursor = require "human.cursor"
local db = require "human.db"
local news_of = require "agent.news"

local M = {}

local HAPPENED = "agents.happened"
local WATCHED = 20                               -- limit: watched agents
local TEXT = 16384

local newest = cursor.keyset { { "a.id", "text", "desc" } }
local latest = cursor.keyset { { "d.at", "timestamptz", "desc" }, { "d.id", "bigint", "desc" } }

local FOUND = [[select a.id, a.name, a.description, a.status, a.user_id, u.email, u.name as user_name,
      p.name as personality, a.settings->>'model' as model, m.last_event_at, m.runs::float8 as runs,
      (m.input_tokens + m.output_tokens)::float8 as tokens, m.cost_micros::float8 as cost_micros,
      m.last_in_pos > m.processed_pos as waits, exists (select from agent_runs r where r.agent_id = a.id
        and r.finished_at is null) as thinks, %s
    from agents a join users u on u.id = a.user_id join agent_mailboxes m on m.agent_id = a.id
    left join personalities p on p.id = a.personality_id
    where a.parent_id is null and ($1::text is null or a.name ilike $1 or a.id = $2 or u.email ilike $1) and %s
    order by %s limit %s]]
local DECIDED = [[select d.at, d.rule, d.verdict, d.bundle, d.ref, left(d.inputs::text, $2::int) as inputs,
      d.complete and length(d.inputs::text) <= $2::int as is_whole, left(d.output::text, $2::int) as output, %s
    from rule_decisions d where d.subject = $1 and %s order by %s limit %s]]

local function statement(template, page)
  return template:format(page.key, page.where, page.order, page.limit)
end

-- What `like` would take for more than a character is that character.
local function pattern(text) return text and "%" .. text:gsub("[\\%%_]", "\\%0") .. "%" end

--- A page of agents, newest first, and the cursor of the next.  asked: {search, limit, after}.
function M.search(ctx, asked)
  local page = newest:page(ctx, asked, 3)
  return page:take(db.query(statement(FOUND, page), pattern(asked.search), asked.search, page:values()))
end

--- A page of what rules have decided about an agent, newest first, and the cursor of the next.
function M.decisions(ctx, asked)
  local page = latest:page(ctx, asked, 3)
  return page:take(db.query(statement(DECIDED, page), asked.agentId, TEXT, page:values()))
end

-- ---- watching -----------------------------------------------------------------------------------------------------

local watched = {}                               -- agent -> {[conn] = true}, of this worker

local function leave(agent_id, conn)
  local conns = watched[agent_id]
  if not conns then return end
  conns[conn] = nil
  if next(conns) == nil then watched[agent_id] = nil end
end

--- From now on a connection hears of what happens to an agent; it watches so many, and the oldest is left for one more.
function M.watch(conn, agent_id)
  local list = conn.data.watches or {}
  for i, id in ipairs(list) do
    if id == agent_id then table.remove(list, i) break end
  end
  list[#list + 1] = agent_id
  if #list > WATCHED then leave(table.remove(list, 1), conn) end
  conn.data.watches = list
  watched[agent_id] = watched[agent_id] or setmetatable({}, { __mode = "k" })
  watched[agent_id][conn] = true
end

--- Tells who watches it that something has happened to an agent (news of agent.news).
function M.tell(news)
  for conn in pairs(watched[news.agent_id] or {}) do
    if conn:event(HAPPENED, { agentId = news.agent_id }) == nil then leave(news.agent_id, conn) end
  end
end

bus.on("agent.action", news_of.action, M.tell)
bus.on("agent.interrupt", news_of.interrupt, M.tell)

return M
