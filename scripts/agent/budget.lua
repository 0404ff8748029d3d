-- scripts/agent/budget.lua -- what all agents of a user may spend on models together (agent.rules.quotas).
-- A run is counted when it begins, under a lock on the user's row, so turns that begin at the same time see each
-- other.  What a run costs is known at its end; until then it counts as one answer of full length.

local db = require "human.db"
local decisions = require "human.decisions"
local limits = require "agent.rules.limits"
local quotas = require "agent.rules.quotas"

local M = {}

M.sql = {
  lock = "select id from users where id = (select user_id from agents where id = $1) for no key update",
  usage = [[select coalesce(sum(n.runs) filter (where n.hour = date_trunc('hour', now())), 0)::float8 as runs,
      coalesce(sum(n.tokens), 0)::float8 as tokens, coalesce(sum(n.cost_micros), 0)::float8 as cost_micros,
      (select count(*) from agent_runs r where r.finished_at is null and exists (select 1 from agents o
        where o.id = r.agent_id and o.user_id = a.user_id offset 0))::float8 as open
    from agents a left join user_usage n on n.user_id = a.user_id and n.hour > now() - interval '24 hours'
    where a.id = $1 group by a.user_id]],
  charge = [[with of_agent as (
      insert into agent_usage as n (agent_id, hour, runs, tokens, cost_micros)
      select id, date_trunc('hour', now()), $2::int, $3::bigint, $4::bigint from agents where id = $1
      on conflict (agent_id, hour) do update set runs = n.runs + excluded.runs, tokens = n.tokens + excluded.tokens,
        cost_micros = n.cost_micros + excluded.cost_micros)
    insert into user_usage as n (user_id, hour, runs, tokens, cost_micros)
    select user_id, date_trunc('hour', now()), $2::int, $3::bigint, $4::bigint from agents where id = $1
    on conflict (user_id, hour) do update set runs = n.runs + excluded.runs, tokens = n.tokens + excluded.tokens,
      cost_micros = n.cost_micros + excluded.cost_micros]],
  book_run = [[update agent_runs set input_tokens = input_tokens + $2, output_tokens = output_tokens + $3,
      cost_micros = case when $4::bigint is null then cost_micros else coalesce(cost_micros, 0) + $4 end
    where id = $1]],
  book_agent = [[update agent_mailboxes set input_tokens = input_tokens + $2, output_tokens = output_tokens + $3,
    cost_micros = cost_micros + $4 where agent_id = $1]],
  forget = "delete from user_usage where hour < now() - $1::int * interval '1 day'",
  forget_agents = "delete from agent_usage where hour < now() - $1::int * interval '1 day'",
}

local KEEP_DAYS = 100                            -- what people may want to look up

-- Has the agent's user used up its budget?  q: a transaction or human.db; ref: what for.
function M.is_over(q, agent_id, ref)
  local usage
  if q.keep then usage = q:row(M.sql.usage, agent_id) else usage = q.row(M.sql.usage, agent_id) end
  if not usage then return false end
  return decisions.decide(q, quotas.over_budget, { ref = ref, subject = agent_id }, { runs = usage.runs,
    tokens = usage.tokens + usage.open * limits.answer_tokens, cost_micros = usage.cost_micros })
end

-- Counts a run that begins, whose row tx is about to make.  False: the budget is used up.
function M.take(tx, agent_id, run_id)
  tx:ask(M.sql.lock, agent_id)
  if M.is_over(tx, agent_id, run_id) then return false end
  tx:ask(M.sql.charge, agent_id, 1, 0, 0)
  return true
end

-- Adds what a model has been paid.  exec: of a transaction or of human.db, as fn(sql, ...).
function M.charge(exec, agent_id, usage)
  local tokens, cost = (usage.input_tokens or 0) + (usage.output_tokens or 0), usage.cost_micros or 0
  if tokens > 0 or cost > 0 then exec(M.sql.charge, agent_id, 0, tokens, cost) end
end

-- What a usage cost, or nil where no price is known.
function M.known_cost(usage)
  local cost = usage.cost_micros
  return not (usage.unpriced and cost == 0) and cost or nil
end

-- Books what was spent on an agent other than at the end of a run.  run_id: of the run that it was for, or nil.
function M.book(agent_id, usage, run_id)
  local input, output = usage.input_tokens or 0, usage.output_tokens or 0
  if input + output == 0 then return end
  db.tx(function(tx)
    tx:exec(M.sql.book_agent, agent_id, input, output, usage.cost_micros or 0)
    if run_id then tx:exec(M.sql.book_run, run_id, input, output, M.known_cost(usage)) end
    M.charge(function(...) tx:exec(...) end, agent_id, usage)
  end)
end

-- Removes what nobody looks up any more.
function M.forget()
  db.exec(M.sql.forget, KEEP_DAYS)
  db.exec(M.sql.forget_agents, KEEP_DAYS)
end

return M
