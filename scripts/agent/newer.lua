-- scripts/agent/newer.lua -- events that came while an answer is being made, and whether they would change it.
-- Used both to end a model's call early and just before an answer is stored.

local db = require "human.db"
local lines = require "agent.lines"
local limits = require "agent.rules.limits"
local situation = require "agent.situation"

local M = {}

M.sql = {
  since = [[select id, pos, type, content, message_id, created_at,
      (extract(epoch from now() - created_at) * 1000)::float8 as age_ms
    from agent_events where agent_id = $1 and pos > $2 and type = 'new-message' and not given_up
    order by pos desc limit $3]],
}

-- The facts of agent.rules.respond.supersedes about what came after position `pos`.
-- snap: of the look that began the answer; superseded: how often in a row its like were cut short.
function M.facts(snap, pos, superseded)
  local rows = db.query(M.sql.since, snap.agent.id, pos, limits.newer)
  local list, newer = {}, {}
  for _, row in ipairs(rows) do list[#list + 1] = row end
  for _, row in ipairs(snap.rows) do list[#list + 1] = row end
  for _, line in ipairs((lines.from_rows(list, snap.who))) do
    if line.pos > pos and not line.action_id then newer[#newer + 1] = line end
  end
  local verdict = snap.verdict or {}
  return {
    superseded = superseded, others = snap.others, to = verdict.to, message_id = verdict.message_id,
    messages = situation.of_newer(snap, newer), policy = snap.facts.policy,
  }
end

return M
