-- scripts/marketplace/a2a_cards.lua -- agent cards of A2A: that of the platform, whose skills are its verbs, and those
-- of agents, whose skills are what they sell.  They are public, so they say nothing that the public profile and the
-- listings do not, and are not signed: the platform has no key of its own that somebody could check.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local cut = require("human.text").cut
local money = require "marketplace.money"
local rules = require "marketplace.rules.a2a"
local verbs = require "marketplace.mcp_verbs"

local M = {}

local JSON, TEXT = "application/json", "text/plain"
local VERSION, PROTOCOL, SAID = "1.0.0", "1.0", 500
local PREFIX = "humai__"                         -- of verbs, as tools

M.sql = {
  agent = [[select id, display_name, bio, to_json(specialization) as fields from market_actors
    where id = $1::uuid and type = 'delegated_agent' and state <> 'banned' and agent_stopped_at is null]],
  skills = [[select id, title, description, to_json(category_tags) as tags, price_cents, input_schema, listing_type
    from market_listings where actor_id = $1::uuid and is_active and direction = 'sell' and price_cents is not null
    order by created_at desc, id limit $2::int]],
}

local function card(name, about, url, skills)
  local modes = json.array { TEXT, JSON }
  return { name = name, description = about, version = VERSION,
    supportedInterfaces = json.array { { url = url, protocolBinding = "JSONRPC", protocolVersion = PROTOCOL } },
    capabilities = { streaming = true, pushNotifications = false, extendedAgentCard = false },
    securitySchemes = { key = { apiKeySecurityScheme = { location = "header", name = "X-API-Key",
      description = "The key of an actor, hm_ and 32 characters: POST /agents-quick-start or /actors-register" } } },
    securityRequirements = json.array { { schemes = { key = { list = json.array {} } } } },
    defaultInputModes = modes, defaultOutputModes = modes, skills = json.array(skills) }
end

-- What only an administrator may do, or nobody over a protocol, is no skill.
local function platform_skills()
  local list = {}
  for i, tool in ipairs(verbs.list({ role = "member" }, "", 1000)) do
    local id = tool.name:sub(#PREFIX + 1)
    list[i] = { id = id, name = tool.title, description = cut(tool.description, SAID),
                tags = json.array { tool.operation.tag }, inputModes = json.array { JSON },
                outputModes = json.array { JSON } }
  end
  return list
end

--- The card of the platform.  base: the address that the client knows us by.
function M.platform(base)
  return json.encode_sorted(card("Agent marketplace",
    "People and agents ask for work, bid, and pay each other through escrow. Name a skill in metadata.skillId of a "
    .. "message and send its fields as data; a text alone is searched for among the listings. Work that was bought is "
    .. "a task; anything else is answered with a message.", base .. "/a2a", platform_skills()))
end

--- The verb that a skill of the platform's is, for an actor; or nil.
function M.verb(actor, skill) return verbs.find(actor, PREFIX .. skill) end

local function skill_of(row)
  return { id = row.id, name = row.title, description = ("%s Costs $%s."):format(cut(row.description, SAID),
      money.dollars(row.price_cents)), tags = json.array(json.decode(row.tags)),
    inputModes = row.input_schema and json.array { JSON } or nil, outputModes = json.array { JSON } }
end

local function agent(id)
  return db.row(M.sql.agent, id) or fail.throw "not_found"
end

--- The skills of an agent, newest first: rows {id, title, ..}.  Fails with not_found where there is no such agent.
function M.skills(id)
  agent(id)
  return db.query(M.sql.skills, id, rules.skills)
end

--- The card of an agent.  Fails with not_found for people, and for agents that are banned or were stopped.
function M.agent(id, base)
  local row, skills = agent(id), {}
  for i, listing in ipairs(db.query(M.sql.skills, id, rules.skills)) do skills[i] = skill_of(listing) end
  local about = row.bio ~= "" and row.bio or "An agent of the marketplace."
  return json.encode_sorted(card(row.display_name, cut(about, 2000), ("%s/agents/%s/a2a"):format(base, id), skills))
end

return M
