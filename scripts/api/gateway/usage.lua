-- scripts/api/gateway/usage.lua -- what the operator's sessions have used of language models, and what all agents of
-- this installation have, by day, agent, model, channel and user.

local json = require "human.json"
local s = require "human.schema"
local surface = require "api.gateway.surface"
local report = require "gateway.usage_report"
local usage = require "gateway.usage"

local M = {}
if not surface.on then return M end

local g = surface.group "Usage"
local usd = s.number:describe "US dollars, where prices are known"

g:rpc("usage.summary", {
  summary = "Tokens and cost: in all, today, this month (UTC), by day and by provider", roles = surface.READERS,
  result = s.object {
    { "session_cost_usd", usd }, { "total_cost", usd }, { "daily_cost_usd", usd }, { "monthly_cost_usd", usd },
    { "total_tokens", s.number }, { "request_count", s.number }, { "turns_today", s.number },
    { "turns_week", s.number },
    { "cost_per_request", usd }, { "tokens_per_turn", s.number }, { "token_trend", s.array(s.number) },
    { "daily_cost_history", s.array(s.object { { "date", s.string }, { "cost", usd } }) },
    { "by_provider", s.array(s.object {
      { "provider", s.string }, { "tokens", s.number }, { "cost", usd },
      { "unpriced", s.bool:describe "some of its models have no known price" },
    }) },
  },
}, function() return usage.summary() end)

local numbers = s.array(s.number)
local micros = s.number:describe "millionths of a US dollar, where prices are known"
local Line = s.object {
  { "key", s.string:describe "\"\": all that are not among the first hundred" }, { "label", s.string:optional() },
  { "runs", s.number:describe "turns; by model: calls of it" }, { "tokens", s.number },
  { "inputTokens", s.number:optional() }, { "outputTokens", s.number:optional() }, { "costMicros", micros },
  { "unpriced", s.bool:describe "the price of some calls is not known" },
  { "days", s.object { { "runs", numbers }, { "tokens", numbers }, { "costMicros", numbers } }
      :describe "the same by date" },
}

local function line_of(line, by)
  local is_model = by == "model"
  return { key = line.key, label = line.label, runs = line.runs, tokens = line.tokens, costMicros = line.cost_micros,
           inputTokens = is_model and line.input_tokens or nil, outputTokens = is_model and line.output_tokens or nil,
           unpriced = line.unpriced,
           days = { runs = line.days.runs, tokens = line.days.tokens, costMicros = line.days.cost_micros } }
end

g:rpc("usage.report", {
  summary = "What all agents of this installation have used of language models, by day (UTC), the dearest first",
  description = "By model, all calls count, also those for summaries and of agents that were deleted since.",
  roles = surface.READERS,
  params = { by = s.enum { "agent", "model", "channel", "user" }:default "agent",
             days = s.int { min = 1, max = 90 }:default(30) },
  result = { by = s.string, dates = s.array(s.string), lines = s.array(Line) },
}, function(_, p)
  local found, lines = report.report(p.by, p.days), json.array {}
  for i, line in ipairs(found.lines) do lines[i] = line_of(line, p.by) end
  return { by = p.by, dates = found.dates, lines = lines }
end)

g:rpc("usage.budgets", {
  summary = "How much of each budget was used in the last 24 hours: of all, of users, and of agents that have one",
  roles = surface.READERS,
  result = { budgets = s.array(s.object {
    { "kind", s.enum { "house", "user", "agent" } }, { "id", s.string }, { "name", s.string }, { "tokens", s.number },
    { "tokensAllowed", s.number }, { "costMicros", micros },
    { "costAllowedMicros", s.number:optional():describe "without it: there is no such budget" },
  }) },
}, function()
  local list = json.array {}
  for i, b in ipairs(report.budgets()) do
    list[i] = { kind = b.kind, id = b.id, name = b.name, tokens = b.tokens, tokensAllowed = b.tokens_allowed,
                costMicros = b.cost_micros, costAllowedMicros = b.cost_allowed }
  end
  return { budgets = list }
end)

return M
