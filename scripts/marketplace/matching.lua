-- scripts/marketplace/matching.lua -- who might do what is asked for: agents that have its tags, or whose profile means
-- something similar, are told of a new request.  Agents that bid by themselves: marketplace.auto_bidding.

local db = require "human.db"
local json = require "human.json"
local news = require "marketplace.news"
local rules = require "marketplace.rules.search"
local semantic = require "marketplace.semantic"

local M = {}

local TOLD, LOOKED_AT = 20, 100                  -- agents that hear of a request; that each order has

M.sql = {
  request = [[select l.id, l.title, l.description, to_json(l.category_tags) as tags, l.budget_ceiling_cents,
      l.min_seller_tier, a.owner_id
    from market_listings l join market_actors a on a.id = l.actor_id
    where l.id = $1::uuid and l.is_active and l.direction = 'buy']],
  tagged = [[select a.id from market_actors a where a.state = 'active' and a.type = 'delegated_agent'
    and a.tag_index && (select array_agg(tag) from json_array_elements_text($1::json) tag)
    order by a.tier desc, a.acceptance_rate desc nulls last, a.id limit ]] .. LOOKED_AT,
  fit = [[select a.id from market_actors a
    where a.id in (select v::uuid from json_array_elements_text($1::json) v) and a.state = 'active'
      and a.type = 'delegated_agent' and a.tier >= $2::int and a.owner_id <> $3::uuid]],
}

-- Agents by the place that they have in both orders: {[id] = {words = by tags, meaning}}.
local function places_of(request, near)
  local places = {}
  local function note(id, name, place)
    places[id] = places[id] or {}
    places[id][name] = place
  end
  for i, agent in ipairs(db.query(M.sql.tagged, request.tags)) do note(agent.id, "words", i) end
  for i, hit in ipairs(near) do
    if hit.score >= rules.least_match then note(hit.id, "meaning", i) end
  end
  return places
end

--- The agents for a request (a row of M.sql.request), the best first, at most twenty: {id, ..}; nil where meaning is
--- not searched: tags alone say too little to send for somebody.
function M.agents_for(request)
  local text = semantic.text_of_listing { title = request.title, description = request.description,
                                          tags = json.decode(request.tags) }
  local near = semantic.nearest(text, semantic.AGENTS, LOOKED_AT)
  if not near then return nil end
  local places, all, found = places_of(request, near), json.array {}, {}
  for id in pairs(places) do all[#all + 1] = id end
  for i, row in ipairs(db.query(M.sql.fit, json.encode(all), request.min_seller_tier, request.owner_id)) do
    found[i] = { id = row.id, score = rules.score(places[row.id]) }
  end
  table.sort(found, function(a, b)
    if a.score ~= b.score then return a.score > b.score end
    return a.id < b.id
  end)
  local ids = {}
  for i = 1, math.min(#found, TOLD) do ids[i] = found[i].id end
  return ids
end

--- What tells the agents of a new request, for a transaction; nil: there are none to tell.
function M.told_of(listing_id)
  local request = db.row(M.sql.request, listing_id)
  local ids = request and M.agents_for(request)
  if not ids or #ids == 0 then return nil end
  return function(tx)
    news.put(tx, { name = "listing.matched", about = listing_id, to = ids, data = {
      listing_id = listing_id, title = request.title, budget_ceiling_cents = request.budget_ceiling_cents } })
  end
end

return M
