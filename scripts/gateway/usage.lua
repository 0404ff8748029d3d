-- scripts/gateway/usage.lua -- what the operator's sessions have used of language models (booked by agent.budget).

local db = require "human.db"
local owner = require "gateway.owner"

local M = {}

M.sql = {
  hours = [[select coalesce(sum(runs), 0)::float8 as runs, coalesce(sum(tokens), 0)::float8 as tokens,
      coalesce(sum(cost_micros), 0)::float8 as cost_micros,
      coalesce(sum(cost_micros) filter (where hour >= date_trunc('day', now(), 'UTC')), 0)::float8 as day,
      coalesce(sum(cost_micros) filter (where hour >= date_trunc('month', now(), 'UTC')), 0)::float8 as month,
      coalesce(sum(runs) filter (where hour >= date_trunc('day', now(), 'UTC')), 0)::float8 as runs_today,
      coalesce(sum(runs) filter (where hour >= date_trunc('day', now(), 'UTC') - interval '6 days'), 0)::float8
        as runs_week
    from user_usage_all where user_id = $1]],
  days = [[select to_char(hour at time zone 'UTC', 'YYYY-MM-DD') as date, sum(cost_micros)::float8 as cost_micros,
      sum(tokens)::float8 as tokens from user_usage_all
    where user_id = $1 and hour >= date_trunc('day', now(), 'UTC') - interval '29 days' group by 1 order by 1]],
  providers = [[select coalesce(r.provider, 'unknown') as provider,
      sum(r.input_tokens + r.output_tokens)::float8 as tokens, coalesce(sum(r.cost_micros), 0)::float8 as cost_micros,
      bool_or(r.cost_micros is null) as unpriced
    from agent_runs r join agents a on a.id = r.agent_id
    where a.user_id = $1 and r.started_at >= now() - interval '30 days' and r.provider is not null
    group by 1 order by 1]],
}

local function usd(micros) return micros / 1000000 end

--- Cost in USD and tokens: of the last 100 days, of today and this month (UTC), by day and by provider.
function M.summary()
  local user_id = owner.get().user_id
  local sum = db.row(M.sql.hours, user_id)
  local history, trend, by_provider = {}, {}, {}
  for i, day in ipairs(db.query(M.sql.days, user_id)) do
    history[i], trend[i] = { date = day.date, cost = usd(day.cost_micros) }, day.tokens
  end
  for i, one in ipairs(db.query(M.sql.providers, user_id)) do
    by_provider[i] = { provider = one.provider, tokens = one.tokens, cost = usd(one.cost_micros),
                       unpriced = one.unpriced }
  end
  return {
    session_cost_usd = usd(sum.cost_micros), total_cost = usd(sum.cost_micros), daily_cost_usd = usd(sum.day),
    monthly_cost_usd = usd(sum.month), total_tokens = sum.tokens, request_count = sum.runs,
    turns_today = sum.runs_today, turns_week = sum.runs_week,
    cost_per_request = sum.runs > 0 and usd(sum.cost_micros) / sum.runs or 0,
    tokens_per_turn = sum.runs > 0 and sum.tokens / sum.runs or 0,
    daily_cost_history = history, token_trend = trend, by_provider = by_provider,
  }
end

return M
