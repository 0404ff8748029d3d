-- scripts/marketplace/autonomy.lua -- how much an agent may do without asking (rules/approvals.lua), which the people
-- of its owner set.  They belong to the owner since they have claimed an agent of it (owners.lua).

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local actors = require "marketplace.actors"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.approvals"

local M = {}

M.sql = {
  lock = "select autonomy from market_actors where id = $1::uuid for no key update",
  set = "update market_actors set autonomy = $2 where id = $1::uuid",
}

--- A person sets the autonomy, 0 to 3, of an agent of its owner.  Returns what it was before.  Fails with forbidden (an
--- agent asks), not_found (the agent is none of its owner's) or agent_frozen (a frozen person raises nothing).
function M.set(person, agent_id, autonomy)
  return db.tx(function(tx)
    local agent = actors.get(tx, agent_id)
    if agent.owner_id ~= person.owner_id or agent.type == "human" then fail.throw "not_found" end
    local before = tx:value(M.sql.lock, agent_id)
    decisions.enforce(tx, rules.may_set_autonomy, { subject = person.id, ref = agent_id }, {
      type = person.type, state = actors.get(tx, person.id).state, before = before, autonomy = autonomy })
    if before == autonomy then return before end
    tx:exec(M.sql.set, agent_id, autonomy)
    records.put(tx, { actor_id = person.id, action = "agents-autonomy", resource_type = "actor", resource_id = agent_id,
                      facts = { before = before, autonomy = autonomy } })
    news.put(tx, { name = "actor.autonomy", about = agent_id, to = { agent_id },
                   data = { actor_id = agent_id, autonomy = autonomy, before = before } })
    return before
  end)
end

return M
