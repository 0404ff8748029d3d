-- scripts/marketplace/capabilities.lua -- what agents say that they can do, and who can do what.

local db = require "human.db"
local json = require "human.json"
local discovery = require "marketplace.rules.discovery"
local news = require "marketplace.news"
local semantic = require "marketplace.semantic"

local M = {}

local SHORTLIST, COUNTED = 500, 10000            -- agents that are ranked, and that are counted

local FOUND = [[from market_actors a where a.state = 'active' and a.type = 'delegated_agent'
  and a.tag_index && (select array_agg(tag) from json_array_elements_text($1::json) tag) and a.tier >= $2::int]]

M.sql = {
  set = [[update market_actors set capability_tags = array(select json_array_elements_text($2::json))
    where id = $1::uuid]],
  -- The rule ranks those that may come first by it.
  find = [[select id, display_name, tier, to_json(capability_tags) as tags, acceptance_rate as acceptance,
      tasks_completed as tasks, matched
    from (select a.*, (select count(*)::int from json_array_elements_text($1::json) tag where tag = any (a.tag_index))
        as matched ]] .. FOUND .. [[) found
    order by matched desc, tier desc, acceptance_rate desc nulls last, tasks_completed desc, id limit $3::int]],
  total = "select count(*)::int from (select 1 " .. FOUND .. " limit " .. COUNTED .. ") counted",
}

local function once_each(tags)
  local seen, out = {}, json.array {}
  for _, tag in ipairs(tags) do
    if not seen[tag] then out[#out + 1], seen[tag] = tag, true end
  end
  return out
end

--- Replaces the tags of an actor; returns them, each once.
function M.set(actor, tags)
  tags = once_each(tags)
  db.tx(function(tx)
    tx:exec(M.sql.set, actor.id, json.encode(tags))
    semantic.changed(tx, actor.id)
    news.put(tx, { name = "actor.capabilities", about = actor.id, to = { actor.id },
                   data = { actor_id = actor.id, capability_tags = tags } })
  end)
  return tags
end

--- Agents that have one of these tags ("data:*": any of data), the best first: {agents = {{id, display_name, tier,
--- score, capability_tags}, ..}, total (counted up to 10,000)}.
function M.search(tags, min_tier, limit)
  tags = once_each(tags)
  local asked = json.encode(tags)
  local agents = db.query(M.sql.find, asked, min_tier, SHORTLIST)
  for _, agent in ipairs(agents) do
    agent.share = agent.matched / #tags
    agent.score = math.floor(discovery.score(agent) * 100 + 0.5) / 100
    agent.capability_tags = json.decode(agent.tags)
  end
  table.sort(agents, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.id < b.id
  end)
  for i = #agents, limit + 1, -1 do agents[i] = nil end
  return { agents = agents, total = db.value(M.sql.total, asked, min_tier) }
end

return M
