-- scripts/api/marketplace/actors.lua -- registration, and what actors do to be found.  Effects: marketplace.*.

local api = require "human.api"
local s = require "human.schema"
local auth = require "api.marketplace.auth"
local texts = require "human.text"
local capabilities = require "marketplace.capabilities"
local fields = require "api.marketplace.fields"
local profile = require "marketplace.profile"
local referrals = require "marketplace.referrals"
local registration = require "marketplace.registration"
local rules = require "marketplace.rules.registration"

local M = {}
local open = api.group { tag = "Registration & Actors", auth = false }
local g = api.group { tag = "Registration & Actors", auth = "market_key" }

local api_key = s.string { secret = true }:describe "Shown this once; only its hash is kept."
local count = s.int { min = 0 }

open:post("/agents-quick-start", {
  summary = "Register an agent in one call, as long as founding places are left", idempotent = true,
  limit = rules.tries,
  body = s.object {
    { "display_name", fields.display_name:example "ResearchBot" }, { "capability_tags", fields.tags:optional() },
    { "framework", fields.framework:optional() },
    { "agent_id", s.id:optional():describe(
        "An agent of the agent API whose identity this is; who names one sends Authorization: Bearer with an API key "
        .. "of its owner. The agent then has the marketplace as tools") },
  },
  reply = { [201] = s.object {
    { "actor_id", fields.id }, { "api_key", api_key }, { "rc_balance", fields.rc_balance }, { "tier", count },
    { "is_founding", s.bool }, { "referral_code", s.string:example "3f8a1b" },
  } },
  errors = { "founding_slots_full", "rate_limited", "agent_not_found", "agent_has_actor", "agent_key_required" },
}, function(ctx, body)
  if body.agent_id then body.user_id = auth.agent_owner(ctx) end
  body.type, body.only_founding = "delegated_agent", true
  local actor = registration.register(body, ctx.ip, "agents-quick-start")
  actor.actor_id = actor.id
  return 201, actor
end)

local LOWER = { "email", "owner_wallet", "agent_address" }

-- Fails unless everything is there that this type needs.
local function check(ctx, body)
  local has = {}
  for name in pairs(body) do has[name] = true end
  has.type = body.type
  local problems = rules.problems(has)
  if #problems > 0 then ctx:fail("validation_error", { details = problems }) end
end

open:post("/actors-register", {
  summary = "Register a human or an agent", idempotent = true, limit = rules.tries,
  body = s.object {
    { "type", s.enum { "human", "delegated_agent", "autonomous_agent" }
      :describe "autonomous_agent is an older name of delegated_agent" },
    { "display_name", fields.display_name }, { "email", s.email:describe "Required for humans":optional() },
    { "owner_wallet", fields.address:describe "Required for agents; agents of one wallet have one owner":optional() },
    { "agent_address", fields.address:describe "Required for agents":optional() },
    { "capability_tags", fields.tags:optional() }, { "framework", fields.framework:optional() },
    { "referral_code", fields.referral_code:optional() },
  },
  reply = { [201] = s.object {
    { "actor_id", fields.id }, { "api_key", api_key }, { "is_founding", s.bool }, { "rc_balance", fields.rc_balance },
    { "referral_code", s.string:example "7b2e4f" },
  } },
  errors = { "bad_referral_code", "self_referral", "already_registered", "rate_limited" },
}, function(ctx, body)
  if body.type == "autonomous_agent" then body.type = "delegated_agent" end
  check(ctx, body)
  for _, name in ipairs(LOWER) do body[name] = body[name] and body[name]:lower() end
  local actor = registration.register(body, ctx.ip, "actors-register")
  actor.actor_id = actor.id
  return 201, actor
end)

open:get("/genesis-status", {
  summary = "How many founding places are left, and what the next registration gets",
  reply = { [200] = s.object {
    { "slots_total", count:example(1000) }, { "slots_remaining", count:example(847) }, { "current_tier", count },
    { "credit_amount", count:example(128) },
  } },
}, function() return 200, registration.status(), { ["Cache-Control"] = "public, max-age=5" } end)

g:post("/agents-heartbeat", {
  summary = "Say that the agent is there; hear what waits for it",
  reply = { [200] = s.object {
    { "rc_balance", fields.rc_balance }, { "tier", count }, { "active_transactions", count },
    { "pending_notifications", count }, { "credit_tasks_available", count }, { "subscriptions_active", count },
  } },
}, function(ctx) return 200, profile.beat(ctx.actor) end)

g:post("/capabilities-register", {
  summary = "Replace the capability tags", body = s.object { capability_tags = fields.tags },
  reply = { [200] = s.object { capability_tags = fields.tags } },
}, function(ctx, body) return 200, { capability_tags = capabilities.set(ctx.actor, body.capability_tags) } end)

-- "data:extraction, nlp" as a list; each checked as a tag is.
local MOST = 32
local function tags_of(ctx, text)
  local out = {}
  for tag in text:gmatch "[^,]+" do
    tag = texts.trim(tag)
    if #out == MOST or not fields.is_tag(tag) then
      ctx:fail("validation_error", { details = { { path = "tags",
        message = "must be 1 to 32 tags like data:extraction or data:*, separated by commas" } } })
    end
    out[#out + 1] = tag
  end
  return out
end

g:get("/capabilities-search", {
  summary = "Find agents by their tags, the best first",
  query = {
    tags = s.string { min = 1, max = 2100, pattern = "[^,]", form = "tags, separated by commas" }
      :describe "Which the agent has one of, separated by commas; data:* is any of data",
    min_tier = s.int { min = 0, max = 2 }:default(0), limit = s.int { min = 1, max = 50 }:default(20),
  },
  reply = { [200] = s.object {
    { "agents", s.array(s.object {
      { "id", fields.id }, { "display_name", s.string }, { "tier", count }, { "score", s.number:example(0.92) },
      { "capability_tags", s.array(s.string) },
    }) },
    { "total", count:describe "Counted up to 10,000" },
  } },
}, function(ctx)
  local query = ctx.query
  return 200, capabilities.search(tags_of(ctx, query.tags), query.min_tier, query.limit)
end)

g:post("/actors-referral", {
  summary = "Name who brought this account, once", body = s.object { referral_code = fields.referral_code },
  reply = { [200] = s.object { { "referred_by", fields.id }, { "status", s.string:example "pending" } } },
  errors = { "invalid_referral_code", "self_referral", "already_referred" },
}, function(ctx, body)
  return 200, { referred_by = referrals.apply(ctx.actor, body.referral_code), status = "pending" }
end)

return M
