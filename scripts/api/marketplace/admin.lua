-- scripts/api/marketplace/admin.lua -- what admins do to actors, tools and subscriptions, and who is one.  Effects:
-- marketplace.kill, marketplace.admins.

local api = require "human.api"
local s = require "human.schema"
local admins = require "marketplace.admins"
local kill = require "marketplace.kill"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Admin", auth = "market_admin" }
local reason = s.string { min = 1, max = 1000, trim = true }
local count = s.int:optional()

local actions, orders = {}, {}
for action in pairs(kill.ABOUT) do actions[#actions + 1] = action end
table.sort(actions)
for i, action in ipairs(actions) do
  orders[i] = s.object { { "action", s.const(action) }, { kill.ABOUT[action], s.uuid }, { "reason", reason } }
end

g:post("/admin-kill-switch", {
  summary = "Suspend tools, freeze agents, ban providers, revoke subscriptions, and take that back", idempotent = "tx",
  description = "Each action is one transaction with all that follows from it, and is in the audit trail. What is "
    .. "under way ends as it would have. A ban suspends all listings of an actor; unban_provider lets those go on that "
    .. "the ban has stopped. Keys that were revoked with a tool are good again when it is reinstated.",
  body = s.one_of(orders),
  reply = { [200] = s.object {
    { "action", s.enum(actions) }, { "listing_id", s.uuid:optional() }, { "actor_id", s.uuid:optional() },
    { "subscription_id", s.uuid:optional() },
    { "status", s.string:describe "Of the actor or the subscription, from now on":optional() },
    { "paused_subscriptions", count }, { "revoked_keys", count }, { "resumed_subscriptions", count },
    { "restored_keys", count }, { "suspended_listings", count }, { "suspended_tools", count },
    { "reinstated_listings", count }, { "reinstated_tools", count }, { "expired_bids", count },
    { "calls_under_way", count:describe "Subscriptions of a frozen agent with calls that are still answered" },
  } },
  errors = { "validation_error", "forbidden", "not_found", "not_a_tool", "provider_banned", "invalid_state" },
}, function(ctx, body) return 200, kill.act(ctx.actor, body) end)

local Role = s.object { { "actor_id", s.uuid }, { "display_name", s.string }, { "role", s.enum { "admin", "member" } } }
local Admin = s.object {
  { "actor_id", s.uuid }, { "type", s.string }, { "display_name", s.string }, { "email", s.string:nullable() },
  { "status", s.string },
}
local ROLES = { grant = "admin", revoke = "member" }

g:post("/admin-roles", {
  summary = "Make others admins, take that back, and list them",
  description = "The operator of the host makes the first one, by `human market admin`. Nobody changes its own role.",
  body = s.one_of {
    s.object { action = s.const "grant", actor_id = s.uuid }, s.object { action = s.const "revoke", actor_id = s.uuid },
    s.object { action = s.const "list" },
  },
  reply = { [200] = s.object { { "actor", Role:optional() }, { "admins", s.array(Admin):optional() } } },
  errors = { "validation_error", "forbidden", "not_found", "invalid_state" },
}, function(ctx, body)
  if body.action ~= "list" then
    return 200, { actor = admins.change(ctx.actor, body.actor_id, ROLES[body.action]) }
  end
  local list = admins.list()
  for _, one in ipairs(list) do one.status = one.state end
  return 200, { admins = list }
end)

return M
