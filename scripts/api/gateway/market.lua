-- scripts/api/gateway/market.lua -- what the person's agents do on the marketplace: work, spend, and what they have
-- asked for.

local db = require "human.db"
local json = require "human.json"
local s = require "human.schema"
local market = require "marketplace.operator"
local rules = require "marketplace.rules.approvals"
local spend = require "marketplace.operator_spend"
local words = require "marketplace.operator_words"
local work = require "marketplace.operator_work"
local surface = require "api.gateway.surface"
require "marketplace.operator_changes"                 -- which follows what happens
require "marketplace.approval_notices"
require "marketplace.operator_attention"
require "marketplace.operator_operations"

local M = {}
if not surface.on then return M end

local g = surface.group "Marketplace"

local text, id = s.string:optional(), s.uuid:optional()
local credits = s.number:describe "a credit is a cent"
local usd = s.number:describe "US dollars"
local actor_id = s.uuid:optional():describe "one of the actors; without it: all"
local limit = s.int { min = 1, max = 100 }:default(20)

local function operator_of(ctx) return market.operator(db) or ctx:fail "market_unset" end

-- ---- work ------------------------------------------------------------------------------------------------------

local Actor = s.object {
  { "id", s.uuid }, { "name", s.string }, { "type", s.string }, { "state", s.string },
  { "autonomy", s.int:describe "0: it asks for everything; 3: for nothing" }, { "tier", s.int },
  { "agentId", text:describe "the agent of the agent API whose identity it is" },
  { "marketplaceCredits", credits }, { "withdrawableCredits", credits },
  { "requests", s.int:describe "that wait for an answer, up to a hundred" },
}
local Item = s.object {
  { "kind", s.enum { "transaction", "bid" } }, { "id", s.uuid }, { "listingId", s.uuid },
  { "actorId", s.uuid }, { "actor", s.string },
  { "side", s.enum { "buyer", "seller", "bidder", "owner" }:describe "of the agent; owner: of the listing" },
  { "title", s.string }, { "state", s.string }, { "priceUsd", usd }, { "withId", s.uuid }, { "with", s.string },
  { "waitsOn", s.enum { "us", "them", "platform" }:optional() }, { "waitsFor", text },
  { "dueAt", s.time:optional() }, { "createdAt", s.time },
}

local function actor_of(row)
  return { id = row.id, name = row.display_name, type = row.type, state = row.state, autonomy = row.autonomy,
           tier = row.tier, agentId = row.agent_id, marketplaceCredits = row.marketplace_mrc / 1000,
           withdrawableCredits = row.withdrawable_mrc / 1000, requests = row.requests }
end

local function item_of(row)
  local waits = row.waits or {}
  return { kind = row.kind, id = row.id, listingId = row.listing_id, actorId = row.actor_id,
           actor = row.actor, side = row.side, title = row.title,
           state = row.state, priceUsd = row.price_cents / 100, withId = row.other_id, with = row.other,
           waitsOn = waits.on, waitsFor = waits.what, dueAt = row.due_at, createdAt = row.created_at }
end

local function each(rows, fn)
  local list = json.array {}
  for i, row in ipairs(rows) do list[i] = fn(row) end
  return list
end

g:rpc("market.work", {
  summary = "What the person's actors on the marketplace have under way, newest first, and what it waits for",
  roles = surface.READERS, params = { actorId = actor_id, limit = limit, after = s.cursor:optional() },
  result = { actors = s.array(Actor), items = s.array(Item), nextCursor = s.cursor:optional() },
  errors = { "market_unset" },
}, function(ctx, p)
  local operator = operator_of(ctx)
  local items, next_cursor = work.items(ctx, operator.owner_id, p)
  return { actors = each(work.actors(operator.owner_id, p.actorId), actor_of), items = each(items, item_of),
           nextCursor = next_cursor }
end)

-- ---- spend -----------------------------------------------------------------------------------------------------

local function sums(name)
  return s.array(s.object { { name, s.string }, { "credits", credits }, { "cardUsd", usd } })
end

local Budget = s.object {
  { "id", s.uuid }, { "fromId", s.uuid }, { "from", s.string }, { "toId", s.uuid }, { "to", s.string },
  { "state", s.string }, { "totalCredits", credits }, { "spentCredits", credits }, { "leftCredits", credits },
  { "expiresAt", s.time:optional() },
}

local function summed(list, name)
  return each(list, function(one) return { [name] = one.key, credits = one.mrc / 1000, cardUsd = one.cents / 100 } end)
end

local function spent_by(sum, actors, today)
  local of = {}
  for _, one in ipairs(sum) do of[one.key] = one end
  return each(actors, function(a)
    local one, day = of[a.id] or { mrc = 0, cents = 0 }, today[a.id]
    return { actorId = a.id, actor = a.display_name, credits = one.mrc / 1000, cardUsd = one.cents / 100,
             todayUsd = day.spent_cents / 100, todayLeftUsd = a.type ~= "human" and day.left_cents / 100 or nil }
  end)
end

local function budget_of(d)
  return { id = d.id, fromId = d.delegator_id, from = d.delegator, toId = d.grantee_id, to = d.grantee, state = d.state,
           totalCredits = d.total_mrc / 1000, spentCredits = d.spent_mrc / 1000, leftCredits = d.left_mrc / 1000,
           expiresAt = d.expires_at }
end

g:rpc("market.spend", {
  summary = "What the person's actors have spent: credits, less what came back, and cards; and what budgets have left",
  description = "Days are those of UTC. The lists sum to the same; byReason and byPool are of credits alone.",
  roles = surface.READERS,
  params = { actorId = actor_id, days = s.int { min = 1, max = 90 }:default(30) },
  result = {
    credits = credits, cardUsd = usd, dayCapUsd = usd:describe "that an agent spends in a day without asking",
    byActor = s.array(s.object {
      { "actorId", s.uuid }, { "actor", s.string }, { "credits", credits }, { "cardUsd", usd }, { "todayUsd", usd },
      { "todayLeftUsd", s.number:optional():describe "of an agent: before it asks because of the day's cap" },
    }),
    byDay = sums "date", byCategory = sums "category", byReason = sums "reason",
    byPool = sums("pool"):describe "M: marketplace credits; W: withdrawable ones", budgets = s.array(Budget),
  },
  errors = { "market_unset" },
}, function(ctx, p)
  local owner_id = operator_of(ctx).owner_id
  local sum, actors = spend.sums(owner_id, p), work.actors(owner_id, p.actorId)
  local all = sum.all[1] or { mrc = 0, cents = 0 }
  return {
    credits = all.mrc / 1000, cardUsd = all.cents / 100, dayCapUsd = rules.day_cap_cents / 100,
    byActor = spent_by(sum.actor, actors, spend.today(owner_id, p.actorId)), byDay = summed(sum.day, "date"),
    byCategory = summed(sum.category, "category"), byReason = summed(sum.reason, "reason"),
    byPool = summed(sum.pool, "pool"), budgets = each(spend.budgets(owner_id, p.actorId), budget_of),
  }
end)

-- ---- what was asked for ------------------------------------------------------------------------------------------

local Request = s.object {
  { "id", s.uuid }, { "actorId", s.uuid }, { "actor", s.string }, { "arguments", s.json }, { "reason", s.string },
  { "why", s.string }, { "status", s.string }, { "decision", text }, { "createdAt", s.time }, { "deadline", s.time },
  { "answeredAt", s.time:optional() }, { "answeredBy", text },
  { "via", text:describe "the client or the person in a chat who has said so; without it: the marketplace's API" },
  { "outcome", text:describe "done, or the code of why it was not carried out" }, { "madeId", id },
  { "ruleId", id:describe "of the approval rule that has it asked for, or answered" },
  { "rule", text:describe "of the scripts, that was asked" }, { "verdict", text },
  { "bundle", text:describe "of scripts, that decided" },
}

local function request_of(r)
  local decided = r.decided or {}
  return { id = r.id, actorId = r.agent_id, actor = r.agent, arguments = r.arguments, reason = r.reason or "asked",
           why = words.why(r.reason), status = r.response_status,
           decision = r.response_status ~= "pending" and (r.decision or words.decision(r.response_status)) or nil,
           createdAt = r.created_at, deadline = r.response_deadline, answeredAt = r.responded_at,
           answeredBy = r.responded_by, via = r.decided_by, outcome = r.outcome, madeId = r.made_id,
           ruleId = r.rule_id, rule = decided.rule, verdict = decided.verdict, bundle = decided.bundle }
end

g:rpc("market.approvals", {
  summary = "What the person's agents have asked for, newest first, why, and what became of it",
  roles = surface.READERS,
  params = { actorId = actor_id, status = s.enum { "open", "past" }:optional(), limit = limit,
             after = s.cursor:optional() },
  result = { requests = s.array(Request), nextCursor = s.cursor:optional() }, errors = { "market_unset" },
}, function(ctx, p)
  local rows, next_cursor = work.requests(ctx, operator_of(ctx), p)
  return { requests = each(rows, request_of), nextCursor = next_cursor }
end)

g:event("market.changed", {
  summary = "Something of the person's actors on the marketplace has changed: ask again",
  payload = { topics = s.array(s.enum { "approvals", "spend", "work" }), ts = s.int:describe "milliseconds" },
})

return M
