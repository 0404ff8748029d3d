-- scripts/api/marketplace/governance.lua -- Budget & Governance: people's rules for what their agents ask for.

local api = require "human.api"
local s = require "human.schema"
local approval_rules = require "marketplace.approval_rules"
local explain = require "marketplace.explain"
local fields = require "api.marketplace.fields"
local rule = require "marketplace.rules.approvals"
require "api.marketplace.auth"
require "marketplace.approval_notices"           -- which follows what happens

local g = api.group { tag = "Budget & Governance", auth = "market_key" }

local rule_type = s.enum { "tool_request", "budget_request", "subcontract", "overage" }
local action_type = s.enum { "auto_approve", "auto_deny", "escalate" }
local priority = s.int { min = 0, max = 1000 }:describe "The smallest is asked first"

local function minutes(text)
  local h, m = text:match "^(%d%d):(%d%d)$"
  h, m = tonumber(h), tonumber(m)
  return h and h < 24 and m < 60 and h * 60 + m or nil
end
local function is_clock(text) return minutes(text) ~= nil end
local clock = s.string { check = is_clock, regex = "^([01][0-9]|2[0-3]):[0-5][0-9]$", form = "a time like 09:30" }

local Conditions = s.object {
  { "max_amount_cents", s.int { min = 1, max = 1000000000 }:optional() },
  { "allowed_categories", s.array(fields.category_pattern, { min = 1, max = rule.patterns }):optional() },
  { "providers", s.array(s.uuid, { min = 1, max = rule.patterns }):optional():describe "Who may be bought from" },
  { "min_tier", fields.tier:optional():describe "Of the provider" },
  { "time_window", s.object { { "from", clock }, { "to", clock } }:optional():describe "UTC; may go past midnight" },
}
local Rule = s.object {
  { "id", s.uuid }, { "rule_type", rule_type }, { "conditions", Conditions }, { "action_type", action_type },
  { "notify", s.bool }, { "priority", priority }, { "created_at", s.time }, { "updated_at", s.time },
}

local function at(minute) return ("%02d:%02d"):format(math.floor(minute / 60), minute % 60) end

local function shown(r)
  r.conditions = {
    max_amount_cents = r.max_amount_cents, allowed_categories = r.allowed_categories, providers = r.providers,
    min_tier = r.min_tier, time_window = r.from_minute and { from = at(r.from_minute), to = at(r.to_minute) } }
  return r
end

-- A rule's members, as the service has them.
local function members(body)
  local c = body.conditions or {}
  local window = c.time_window
  return { rule_type = body.rule_type, action_type = body.action_type, notify = body.notify, priority = body.priority,
           has_conditions = body.conditions ~= nil or nil, max_amount_cents = c.max_amount_cents,
           allowed_categories = c.allowed_categories, providers = c.providers, min_tier = c.min_tier,
           from_minute = window and minutes(window.from), to_minute = window and minutes(window.to) }
end

local ON = {
  create = function(actor, body) return approval_rules.create(actor, members(body)) end,
  update = function(actor, body) return approval_rules.update(actor, body.rule_id, members(body)) end,
  delete = function(actor, body) return approval_rules.delete(actor, body.rule_id) end,
  list = function() return nil end,
}

g:post("/approval-rules-manage", {
  summary = "Have what your agents ask for answered by rules",
  description = "Rules of a person are for all agents of its owner. The first that fits answers: the smallest "
    .. "priority, and of equal ones auto_deny before escalate before auto_approve. All conditions of a rule have to "
    .. "hold. Without rules, a first purchase from a provider, and more than $100 a day, need consent; auto_approve "
    .. "lifts the first of these alone.",
  body = s.one_of {
    s.object { action = s.const "create", rule_type = rule_type, conditions = Conditions:optional(),
               action_type = action_type, notify = s.bool:default(false), priority = priority:default(100) },
    s.object { action = s.const "update", rule_id = s.uuid, rule_type = rule_type:optional(),
               conditions = Conditions:optional(), action_type = action_type:optional(), notify = s.bool:optional(),
               priority = priority:optional() },
    s.object { action = s.const "delete", rule_id = s.uuid },
    s.object { action = s.const "list" },
  },
  reply = { [200] = s.object {
    { "rule", Rule:optional():describe "The one that was created, changed or deleted" }, { "rules", s.array(Rule) },
  } },
  errors = { "validation_error", "forbidden", "not_found", "conflict" },
}, function(ctx, body)
  local one = ON[body.action](ctx.actor, body)
  local rows = approval_rules.list(ctx.actor)
  for i, r in ipairs(rows) do rows[i] = shown(r) end
  return 200, { rule = one and shown(one), rules = rows }
end)

-- ---- why credits were spent ------------------------------------------------------------------------------------

local Decided = s.json:describe "The bundle of scripts, the rule in it, and its verdict"

local Why = s.object {
  { "debit", s.object {
    { "id", s.uuid }, { "actor_id", s.uuid }, { "amount", s.mrc }, { "returned_amount", s.mrc:optional() },
    { "reason", s.string }, { "event", s.string }, { "cause", s.string }, { "created_at", s.time } } },
  { "lots", s.array(s.object {
    { "id", s.uuid }, { "reason", s.string }, { "withdrawal_eligible", s.bool }, { "amount", s.mrc },
    { "returned_amount", s.mrc:optional() }, { "cause", s.string:describe "What they came for" },
    { "created_at", s.time } }) },
  { "went_to", s.array(s.object { { "to", s.string:describe "actor, fees, in_flight, expired, .." },
                                  { "actor_id", s.uuid:optional() }, { "amount", s.mrc } }) },
  { "budget", s.object {
    { "id", s.uuid }, { "delegator_id", s.uuid }, { "grantee_id", s.uuid }, { "transaction_id", s.uuid:optional() },
    { "amount_cents", s.mrc { as = "amount_mrc" } }, { "spent_at", s.time }, { "decided", Decided:optional() },
  }:nullable() },
  { "task_budget", s.object {
    { "transaction_id", s.uuid }, { "title", s.string }, { "status", s.string },
    { "total_cents", s.mrc { as = "total_mrc" } }, { "spent_cents", s.mrc { as = "spent_mrc" } },
  }:nullable():describe "The task that the tool was paid for, and what tools may cost for it" },
  { "consent", s.object {
    { "agent_id", s.uuid }, { "kind", s.string }, { "listing_id", s.uuid }, { "title", s.string },
    { "amount_cents", s.int }, { "reason", s.string:describe "Why it was asked for; none: it was not" },
    { "rule", Rule:optional():describe "The rule that has answered, as it is now" },
    { "message_id", s.uuid:optional() }, { "response_status", s.string:optional() },
    { "responded_by", s.uuid:optional() }, { "responded_at", s.time:optional() },
    { "response_data", s.json:optional() }, { "decided", Decided:optional() }, { "at", s.time },
  }:nullable() },
  { "decisions", s.array(s.object {
    { "id", s.int }, { "at", s.time }, { "rule", s.string }, { "verdict", s.string }, { "bundle", s.string },
    { "inputs", s.json }, { "output", s.json } }):describe "As they were recorded, while these are kept" },
}

g:get("/credits-explain", {
  summary = "Why credits were spent",
  description = "From the lots that they came from to the budget, the consent or the rule that let them go, and what "
    .. "was decided with which scripts. For who paid, the people of its owner, and who spent a budget.",
  query = { debit = s.uuid:describe "The id of an entry of /credits-history that went" },
  reply = { [200] = Why }, errors = { "not_found" },
}, function(ctx)
  local why = explain.debit(ctx.actor, ctx.query.debit)
  local d, c = why.debit, why.consent
  d.actor_id, d.returned_amount = d.actor, d.returned ~= 0 and d.returned or nil
  for _, lot in ipairs(why.lots) do lot.withdrawal_eligible, lot.returned_amount = lot.is_withdrawable, lot.returned end
  if c and c.rule then c.rule = shown(c.rule) end
  return 200, why
end)

return {}
