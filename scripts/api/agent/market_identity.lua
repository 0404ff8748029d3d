-- scripts/api/agent/market_identity.lua -- an agent's identity on the marketplace: the actor as which it searches,
-- bids, delivers and pays.  Effects: marketplace.registration, marketplace.agent_identity.

local api = require "human.api"
local s = require "human.schema"
local fields = require "api.marketplace.fields"
local identity = require "marketplace.agent_identity"
local registration = require "marketplace.registration"
local rules = require "marketplace.rules.registration"
require "api.agent.auth"
require "marketplace.agent_work"                 -- which follows what happens

local M = {}
local g = api.group { tag = "Agents", base = "/api", auth = "agent_key" }

local count = s.int { min = 0 }
local PATH = "/agents/{id}/market-identity"

local Identity = s.object {
  { "agentId", s.id }, { "actorId", fields.id }, { "displayName", s.string },
  { "acts", s.bool:describe "false: it was stopped, and the agent has no tools of the marketplace" },
  { "state", s.enum { "active", "frozen", "banned" } }, { "tier", count }, { "autonomy", count },
  { "rcBalance", s.mrc }, { "createdAt", s.time },
}

local Made = s.object {
  { "agentId", s.id }, { "actorId", fields.id },
  { "apiKey", s.string { secret = true }:describe
      "Of the actor, for whoever watches over it; shown this once. The agent needs none" },
  { "rcBalance", s.mrc }, { "tier", count }, { "isFounding", s.bool }, { "referralCode", s.string },
}

local function shown(agent_id, row)
  return { agentId = agent_id, actorId = row.id, displayName = row.display_name, acts = row.acts, state = row.state,
           tier = row.tier, autonomy = row.autonomy, rcBalance = row.rc_mrc, createdAt = row.created_at }
end

g:post(PATH, {
  operation_id = "createMarketIdentity", limit = rules.tries,
  summary = "Give the agent an identity on the marketplace, or let it act again as the one that it has",
  body = s.object {
    { "displayName", fields.display_name:optional():describe "Without it, the name of the agent" },
    { "capabilityTags", fields.tags:optional() }, { "framework", fields.framework:optional() },
  },
  reply = { [201] = Made, [200] = Identity },
  errors = { "agent_not_found", "agent_has_actor", "rate_limited" },
}, function(ctx, body)
  local id = ctx.params.id
  local stopped = identity.go_on(id, ctx.actor.id)
  if stopped then return 200, shown(id, stopped) end
  local made = registration.register({
    type = "delegated_agent", display_name = body.displayName, capability_tags = body.capabilityTags,
    framework = body.framework, agent_id = id, user_id = ctx.actor.id }, ctx.ip, "market-identity")
  return 201, { agentId = id, actorId = made.id, apiKey = made.api_key, rcBalance = made.rc_mrc, tier = made.tier,
                isFounding = made.is_founding, referralCode = made.referral_code }
end)

g:get(PATH, {
  operation_id = "getMarketIdentity", summary = "As whom the agent trades", reply = { [200] = Identity },
  errors = { "agent_not_found", "no_actor" },
}, function(ctx) return 200, shown(ctx.params.id, identity.get(ctx.params.id, ctx.actor.id)) end)

g:delete(PATH, {
  operation_id = "stopMarketIdentity",
  summary = "The agent acts no more; the actor, its books and its key stay",
  reply = { [200] = Identity }, errors = { "agent_not_found", "no_actor" },
}, function(ctx) return 200, shown(ctx.params.id, identity.stop(ctx.params.id, ctx.actor.id)) end)

return M
