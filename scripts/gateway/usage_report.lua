-- scripts/gateway/usage_report.lua -- what all agents of this installation have used of language models, day by day, by
-- what their operator asks for; and how much of each budget is used.

local db = require "human.db"
local json = require "human.json"
local limits = require "agent.rules.limits"
local quotas = require "agent.rules.quotas"

local M = {}

local KEYS, BUDGETS = 100, 100                   -- limit: usage report

-- The key and the label of a row of agent_usage, by what is asked.
local OF_AGENTS = {
  agent = { "coalesce(p.id, a.id)", "coalesce(p.name, a.name)" },
  user = { "u.id", "coalesce(u.name, u.email)" },
  channel = { [[case when a.parent_id is null then 'agent-api' when a.session_key ~ '^[a-z]+:'
      then split_part(a.session_key, ':', 1) else 'chat' end]], "null::text" },
}

-- Who is not among the first is in the sum of all others, whose key is "".
local REPORT = [[with used as (%s),
    first as (select key, max(label) as label from used group by key
      order by sum(cost_micros) desc, sum(tokens) desc, key limit ]] .. KEYS .. [[)
    select coalesce(f.key, '') as key, f.label, n.date, sum(n.runs)::float8 as runs, sum(n.tokens)::float8 as tokens,
      sum(n.input_tokens)::float8 as input_tokens, sum(n.output_tokens)::float8 as output_tokens,
      sum(n.cost_micros)::float8 as cost_micros, bool_or(n.unpriced) as unpriced
    from used n left join first f on f.key = n.key group by 1, 2, 3 order by 3, 1]]
local DAY = "to_char(%s at time zone 'UTC', 'YYYY-MM-DD')"
local SINCE = "date_trunc('day', now(), 'UTC') - ($1::int - 1) * interval '1 day'"

local function of_agents(names)
  return REPORT:format(([[select %s as key, %s as label, %s as date, sum(n.runs) as runs, sum(n.tokens) as tokens,
      0::bigint as input_tokens, 0::bigint as output_tokens, sum(n.cost_micros) as cost_micros, false as unpriced
    from agent_usage n join agents a on a.id = n.agent_id join users u on u.id = a.user_id
      left join agents p on p.id = a.parent_id where n.hour >= %s group by 1, 2, 3]]):format(names[1], names[2],
    DAY:format "n.hour", SINCE))
end

M.sql = {
  agent = of_agents(OF_AGENTS.agent), user = of_agents(OF_AGENTS.user), channel = of_agents(OF_AGENTS.channel),
  model = REPORT:format(([[select c.provider || '/' || c.model as key, null::text as label, %s as date,
      count(*) as runs, sum(c.input_tokens + c.output_tokens) as tokens, sum(c.input_tokens) as input_tokens,
      sum(c.output_tokens) as output_tokens, coalesce(sum(c.cost_micros), 0) as cost_micros,
      bool_or(c.cost_micros is null) as unpriced
    from llm_calls c where c.created_at >= %s group by 1, 3]]):format(DAY:format "c.created_at", SINCE)),
  dates = ([[select %s as date, %s as today from generate_series(%s, now(), interval '1 day') d order by 1]])
    :format(DAY:format "d", DAY:format "now()", SINCE),
  house = [[select 'house' as kind, '' as id, '' as name, coalesce(sum(tokens), 0)::float8 as tokens,
      coalesce(sum(cost_micros), 0)::float8 as cost_micros
    from usage_hours where kind = 'house' and subject in ('0', '1', '2', '3', '4', '5', '6', '7')
      and hour > now() - interval '24 hours']],
  users = [[select 'user' as kind, u.id, coalesce(u.name, u.email) as name, n.tokens, n.cost_micros
    from (select user_id, sum(tokens)::float8 as tokens, sum(cost_micros)::float8 as cost_micros from user_usage_all
      where hour > now() - interval '24 hours' group by user_id order by 3 desc, 2 desc limit $1::int) n
    join users u on u.id = n.user_id order by n.cost_micros desc, n.tokens desc]],
  agents = [[select 'agent' as kind, a.id, a.name, (a.settings->>'tokens_per_day')::float8 as tokens_allowed,
      (a.settings->>'cost_per_day_micros')::float8 as cost_allowed, coalesce(n.tokens, 0)::float8 as tokens,
      coalesce(n.cost_micros, 0)::float8 as cost_micros
    from (select id, name, settings from agents
      where settings ?| array['tokens_per_day', 'cost_per_day_micros'] order by id limit $1::int) a,
    lateral (select sum(tokens) as tokens, sum(cost_micros) as cost_micros from agent_usage
      where agent_id = a.id and hour > now() - interval '24 hours') n]],
}

local FIELDS = { "runs", "tokens", "input_tokens", "output_tokens", "cost_micros" }

local function zeros(n)
  local list = json.array {}
  for i = 1, n do list[i] = 0 end
  return list
end

local function new_line(row, days)
  local line = { key = row.key, label = row.label, unpriced = false, days = {} }
  for _, name in ipairs(FIELDS) do line[name], line.days[name] = 0, zeros(days) end
  return line
end

local function by_cost(a, b)
  if (a.key == "") ~= (b.key == "") then return b.key == "" end
  if a.cost_micros ~= b.cost_micros then return a.cost_micros > b.cost_micros end
  if a.tokens ~= b.tokens then return a.tokens > b.tokens end
  return a.key < b.key
end

--- {dates, lines}: for each agent, model, channel or user {key ("": all others), label, runs, tokens, input_tokens,
--- output_tokens, cost_micros, unpriced, days = the same by date}, the dearest first.
function M.report(by, days)
  local dates, place, lines, found = json.array {}, {}, json.array {}, {}
  for i, row in ipairs(db.query(M.sql.dates, days)) do dates[i], place[row.date] = row.date, i end
  for _, row in ipairs(db.query(M.sql[by], days)) do
    local line, at = found[row.key] or new_line(row, #dates), place[row.date]
    if not found[row.key] then found[row.key], lines[#lines + 1] = line, line end
    line.unpriced = line.unpriced or row.unpriced
    for _, name in ipairs(FIELDS) do
      line[name] = line[name] + row[name]
      if at then line.days[name][at] = line.days[name][at] + row[name] end
    end
  end
  table.sort(lines, by_cost)
  return { dates = dates, lines = lines }
end

local function allowed(rows, tokens, cost, out)
  for _, row in ipairs(rows) do
    row.tokens_allowed, row.cost_allowed = row.tokens_allowed or tokens, row.cost_allowed or cost
    out[#out + 1] = row
  end
end

--- How much of each budget was used in the last 24 hours: {kind ("house", "user", "agent"), id, name, tokens,
--- tokens_allowed, cost_micros, cost_allowed}.
function M.budgets()
  local out = json.array {}
  allowed(db.query(M.sql.house), quotas.house_tokens_per_day, quotas.house_cost_micros_per_day, out)
  allowed(db.query(M.sql.users, BUDGETS), quotas.tokens_per_day, quotas.cost_micros_per_day, out)
  allowed(db.query(M.sql.agents, BUDGETS), limits.tokens_per_day, nil, out)
  return out
end

return M
