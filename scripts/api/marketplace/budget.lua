-- scripts/api/marketplace/budget.lua -- Budget & Governance: budgets that actors give to others.

local api = require "human.api"
local json = require "human.json"
local s = require "human.schema"
local delegations = require "marketplace.delegations"
local fields = require "api.marketplace.fields"
local rule = require "marketplace.rules.budget"
require "api.marketplace.auth"

local g = api.group { tag = "Budget & Governance", auth = "market_key" }

local status = s.enum { "active", "exhausted", "expired", "revoked" }
local cents = s.int { min = 1, max = rule.total_cents }

local Rules = s.object {
  { "allowed_categories", s.array(fields.category_pattern, { max = rule.categories }):optional()
    :describe "Of what may be bought; * stands for any characters. Without it, all" },
  { "max_per_purchase_cents", cents:optional() },
}

-- Numbers of cents may have parts: calls of tools cost less than a cent.
local Delegation = s.object {
  { "id", s.uuid }, { "delegator_id", s.uuid:describe "Who pays" }, { "grantee_id", s.uuid },
  { "total_cents", s.mrc { as = "total_mrc" } }, { "spent_cents", s.mrc { as = "spent_mrc" } },
  { "remaining_cents", s.mrc { as = "remaining_mrc" } }, { "status", status },
  { "transaction_id", s.uuid:optional() }, { "rules", Rules }, { "expires_at", s.time:nullable() },
  { "created_at", s.time },
}

local Answer = s.object {
  { "delegation", Delegation:optional():describe "The one that was created or revoked" },
  { "delegations", s.array(Delegation) }, { "total", s.int },
}

local function shown(d)
  local most = d.max_purchase_mrc
  d.status = d.state
  d.rules = { allowed_categories = d.allowed_categories and json.decode(d.allowed_categories),
              max_per_purchase_cents = most and most / 1000 }
  return d
end

local ON = {}

function ON.create(actor, body)
  local rules = body.rules or {}
  return delegations.create(actor, {
    grantee_id = body.grantee_id, total_cents = body.total_cents, transaction_id = body.transaction_id,
    expires_at = body.expires_at, allowed_categories = rules.allowed_categories,
    max_purchase_cents = rules.max_per_purchase_cents })
end

function ON.revoke(actor, body) return delegations.revoke(actor, body.delegation_id) end

function ON.list() return nil end

g:post("/budget-manage", {
  summary = "Give budgets, take them back, list them",
  description = "A budget lets another actor spend your credits, up to a cap. It reserves nothing. With transaction_id "
    .. "it is good while that transaction goes on. Lists have what you gave and what you got.",
  body = s.one_of {
    s.object { action = s.const "create", grantee_id = s.uuid, total_cents = cents, transaction_id = s.uuid:optional(),
               rules = Rules:optional(), expires_at = s.time:optional() },
    s.object { action = s.const "list", status = status:default "active", limit = fields.limit,
               offset = fields.offset },
    s.object { action = s.const "revoke", delegation_id = s.uuid },
  },
  reply = { [200] = Answer },
  errors = { "validation_error", "cannot_delegate_to_self", "forbidden", "not_found", "conflict", "invalid_state",
             "agent_frozen" },
}, function(ctx, body)
  local one = ON[body.action](ctx.actor, body)
  local rows, total = delegations.list(ctx.actor.id, { status = body.status or "active", limit = body.limit or 20,
                                                       offset = body.offset or 0 })
  for i, d in ipairs(rows) do rows[i] = shown(d) end
  return 200, { delegation = one and shown(one), delegations = rows, total = total }
end)

return {}
