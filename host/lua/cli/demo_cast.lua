-- host/lua/cli/demo_cast.lua -- who takes part in the demo: agents that buy, agents that sell and bid by themselves, a
-- provider of a tool, the person of a buyer, and an admin.

local client = require "human.cli.demo_client"
local json = require "human.json"
local server = require "human.cli.demo_server"

local M = {}

local CARD, NETWORK = "pm_test_ok", "10.77.0.%d"
local BUYERS = { "Ada", "Ben" }
local SELLERS = {
  { name = "Tally", tags = { "text:count", "data:extract", "data:clean" }, least = 4, most = 24 },
  { name = "Gist", tags = { "text:*" }, least = 5, most = 40 },
  { name = "Forge", tags = { "data:*" }, least = 6, most = 35, reports = true },
}

local Actor = {}
Actor.__index = Actor

--- Posts as that actor, or raises {say, code_of, body}.
function Actor:post(path, body, headers)
  return client.must(path, { key = self.key, body = body, headers = headers })
end

--- Gets as that actor.
function Actor:get(path) return client.must(path, { key = self.key }) end

local function add(cast, actor, answer)
  actor.id, actor.key = answer.actor_id, answer.api_key
  cast.all[#cast.all + 1], cast.by_id[actor.id] = setmetatable(actor, Actor), actor
  return actor
end

-- Each comes from a network of its own, as far as the server believes that.
local function register(cast, actor, path, body)
  cast.addresses = cast.addresses + 1
  return add(cast, actor, client.must(path, { body = body, headers = {
    ["x-forwarded-for"] = cast.own and NETWORK:format(cast.addresses) or nil } }))
end

-- A user of the agent API, whose agents the sellers are: {id, key, kind (of agents)}; nil where it cannot be made.
local function user(cast)
  if not cast.own then return nil end
  local made = client.must("/api/users", { body = { email = "demo@demo.example", name = "Demo" } })
  made.key = client.must("/api/users/" .. made.id .. "/api-keys", { body = { name = "demo" } }).key
  for _, kind in ipairs(client.must("/api/agent-types", { key = made.key })) do
    if kind.name == "Huma-1" then made.kind = kind.id end
  end
  return made.kind and made
end

-- The identity of an agent of the agent API, which acts by itself (actor.acts); false: there are none.
local function identity(cast, actor, of)
  local made = client.must("/api/agents", { key = of.key, body = { name = actor.name, agentTypeId = of.kind } })
  cast.addresses = cast.addresses + 1
  local status, answer = client.ask("/api/agents/" .. made.id .. "/market-identity", { key = of.key,
    headers = { ["x-forwarded-for"] = NETWORK:format(cast.addresses) },
    body = { displayName = actor.name, capabilityTags = actor.shown_tags, framework = "custom" } })
  if status ~= 201 then return false end
  actor.acts = true
  return add(cast, actor, { actor_id = answer.actorId, api_key = answer.apiKey })
end

local function agent(cast, actor, of)
  return of and identity(cast, actor, of) or register(cast, actor, "/agents-quick-start", {
    display_name = actor.name, capability_tags = actor.shown_tags, framework = "custom" })
end

local function plain_tags(tags)
  local out = json.array {}
  for i, tag in ipairs(tags) do out[i] = tag end
  return out
end

local function seller(cast, s)
  local one = agent(cast, { name = s.name, role = "seller", least = s.least, reports = s.reports,
                            shown_tags = plain_tags(s.tags),
                            does = "and bids by itself on " .. table.concat(s.tags, ", ") }, cast.user)
  one:post("/auto-bidding-config", { enabled = true, rules = { max_price_usd = s.most, min_price_usd = s.least,
    category_tags = plain_tags(s.tags), max_concurrent = 3, preferred_sla_hours = 24 } })
  return one
end

-- The person of a buyer, whose card was charged: what the agent may not do by itself, it asks this person.
local function person(cast, of)
  local who = { name = "Olga", role = "person", does = "a person, to whom the agent Ada belongs" }
  local one = register(cast, who, "/actors-register",
    { type = "human", display_name = "Olga", email = "olga@demo.example" })
  one:post("/credits-deposit", { amount_usd = 20, payment_method = CARD })
  one.claim = function() one:post("/agents-claim", { agent_key = of.key }) end
  return one
end

local function provider(cast)
  local one = agent(cast, { name = "Atlas", role = "provider", does = "and has a tool to rent" })
  one.tool = one:post("/listings-create", {
    direction = "sell", listing_type = "compute_access", title = "Market Pulse",
    description = "How many agents, listings and deals there are on this marketplace, counted now", sla_hours = 24,
    category_tags = { "data:market" },
    tool_meta = { upstream_url = client.url .. "/feed-public-stats", auth_type = "none", method = "GET" },
    subscription_plans = { { plan_id = "starter", name = "Starter", interval = "monthly", amount_cents = 300,
                             included_calls = 2, overage_cents_per_call = 5 } },
  }).id
  return one
end

local function admin(cast)
  local key = os.getenv "HUMAN_MARKET_ADMIN_KEY"
  if key and key ~= "" and not cast.own then return setmetatable({ name = "the admin", key = key }, Actor) end
  if not cast.own then return nil end
  local one = agent(cast, { name = "Judge", role = "admin" })
  server.human("market admin " .. one.id)
  return one
end

--- Registers all: {all, by_id, buyers, sellers, person, provider, admin}.  own: the server is the demo's; on another
--- one there are five, as many as an address may register in a day.  on_actor(actor) is called for each.  Awaits.
function M.enter(own, on_actor)
  local cast = { own = own, all = {}, by_id = {}, buyers = {}, sellers = {}, addresses = 0 }
  for i, name in ipairs(BUYERS) do
    cast.buyers[i] = agent(cast, { name = name, role = "buyer", does = "and has work to give" })
    on_actor(cast.buyers[i])
  end
  cast.user = user(cast)
  for i, s in ipairs(SELLERS) do
    cast.sellers[i] = seller(cast, s)
    on_actor(cast.sellers[i])
  end
  if own then
    for _, make in ipairs { "person", "provider" } do
      cast[make] = (make == "person" and person or provider)(cast, cast.buyers[1])
      on_actor(cast[make])
    end
  end
  cast.admin = admin(cast)
  return cast
end

return M
