-- scripts/api/gateway/usage.lua -- usage.summary: what the operator's sessions have used of language models.

local s = require "human.schema"
local surface = require "api.gateway.surface"
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

return M
