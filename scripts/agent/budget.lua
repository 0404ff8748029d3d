-- scripts/agent/budget.lua -- what may be spent on models: by one agent (agent.rules.limits), by all agents of a user,
-- through one key, and by everybody together (agent.rules.quotas).
-- A run is counted when it begins; its cost is known only at its end, and until then it counts as one answer of full
-- length.  Turns of one user begin side by side, under a lock that they share, as long as the budget would be enough if
-- every connection of the database began one now; nearer to its end, and after it, one after another.
--
-- A payer is {agent_id, user_id, key_id (the key through which the answered messages came, or nil)}.

local db = require "human.db"
local decisions = require "human.decisions"
local llm = require "human.llm"
local task = require "human.task"
local limits = require "agent.rules.limits"
local quotas = require "agent.rules.quotas"

local M = {}

-- The last 24 hours, and of runs the present hour.
local AGENT = [[select coalesce(sum(n.runs) filter (where n.hour = date_trunc('hour', now())), 0)::float8 as %sruns,
      coalesce(sum(n.tokens), 0)::float8 as %stokens, coalesce(sum(n.cost_micros), 0)::float8 as %scost_micros,
      (a.settings->>'tokens_per_day')::float8 as tokens_allowed,
      (a.settings->>'cost_per_day_micros')::float8 as cost_allowed
    from agents a left join agent_usage n on n.agent_id = a.id and n.hour > now() - interval '24 hours'
    where a.id = %s group by a.id]]
local USAGE = [[select u.runs, u.tokens, u.cost_micros, o.tokens as open, k.runs as key_runs, k.tokens as key_tokens,
      k.cost_micros as key_cost, current_setting('max_connections')::float8 as connections
    from (select coalesce(sum(runs) filter (where hour = date_trunc('hour', now())), 0)::float8 as runs,
        coalesce(sum(tokens), 0)::float8 as tokens, coalesce(sum(cost_micros), 0)::float8 as cost_micros
      from user_usage_all where user_id = $1 and hour > now() - interval '24 hours') u,
    (select coalesce(sum(coalesce((a.settings->>'max_tokens')::float8, $3::float8)), 0) as tokens
      from agent_runs r cross join lateral (select settings from agents o
        where o.id = r.agent_id and o.user_id = $1 offset 0) a where r.finished_at is null) o,
    (select coalesce(sum(runs) filter (where hour = date_trunc('hour', now())), 0)::float8 as runs,
        coalesce(sum(tokens), 0)::float8 as tokens, coalesce(sum(cost_micros), 0)::float8 as cost_micros
      from (select hour, runs, tokens, cost_micros from usage_hours where kind = 'key' and subject in ($2, $2 || '/0',
          $2 || '/1', $2 || '/2', $2 || '/3', $2 || '/4', $2 || '/5', $2 || '/6', $2 || '/7')
        union all select hour, runs, tokens, cost_micros from usage_parts where user_id = $1 and key_id = $2) both_parts
      where hour > now() - interval '24 hours') k]]

-- $1 user, $2 agent, $3 key, $4 runs, $5 tokens, $6 cost: as parts of a statement.  A connection has a part of its own,
-- as good as always, so nobody waits for a row until somebody else's commit has reached the disk.
M.CHARGES = [[of_agent as (
      insert into agent_usage as n (agent_id, hour, runs, tokens, cost_micros)
      select id, date_trunc('hour', now()), $4::int, $5::bigint, $6::bigint from agents where id = $2
      on conflict (agent_id, hour) do update set runs = n.runs + excluded.runs, tokens = n.tokens + excluded.tokens,
        cost_micros = n.cost_micros + excluded.cost_micros),
    of_user as (
      insert into usage_parts as n (user_id, hour, part, key_id, runs, tokens, cost_micros)
      select id, date_trunc('hour', now()), pg_backend_pid() & 63, coalesce($3, ''), $4::int, $5::bigint, $6::bigint
      from users where id = $1
      on conflict (user_id, hour, part, key_id) do update set runs = n.runs + excluded.runs,
        tokens = n.tokens + excluded.tokens, cost_micros = n.cost_micros + excluded.cost_micros)]]
-- The house pays for tokens, so not when a run begins.
local OF_HOUSE = [[of_house as (
      insert into usage_hours as n (kind, subject, hour, runs, tokens, cost_micros)
      select 'house', (pg_backend_pid() & 7)::text, date_trunc('hour', now()), $4::int, $5::bigint, $6::bigint
      where $5::bigint > 0
      on conflict (kind, subject, hour) do update set runs = n.runs + excluded.runs,
        tokens = n.tokens + excluded.tokens, cost_micros = n.cost_micros + excluded.cost_micros)]]

-- Of turns of one user that begin: side by side, or alone (a boolean).
M.LOCK = [[case when %s::boolean then pg_advisory_xact_lock(4013, hashtext(%s))
    else pg_advisory_xact_lock_shared(4013, hashtext(%s)) end]]

M.sql = {
  agent = AGENT:format("", "", "", "$1"),
  usage = USAGE,
  both = "select * from (" .. USAGE .. ") of_user, ("
    .. AGENT:format("agent_", "agent_", "agent_", "$4") .. ") of_agent",
  house = [[select coalesce(sum(tokens), 0)::float8 as tokens, coalesce(sum(cost_micros), 0)::float8 as cost_micros
    from usage_hours where kind = 'house' and subject in ('0', '1', '2', '3', '4', '5', '6', '7')
      and hour > now() - interval '24 hours']],
  count = "with " .. M.CHARGES .. " select",
  charge = "with " .. M.CHARGES .. ", " .. OF_HOUSE .. " select",
  book_run = [[update agent_runs set input_tokens = input_tokens + $2, output_tokens = output_tokens + $3,
      cost_micros = case when $4::bigint is null then cost_micros else coalesce(cost_micros, 0) + $4 end
    where id = $1]],
  book_agent = [[update agent_mailboxes set input_tokens = input_tokens + $2, output_tokens = output_tokens + $3,
    cost_micros = cost_micros + $4 where agent_id = $1]],
  payer = [[select a.id as agent_id, a.user_id, m.key_id from agents a join agent_mailboxes m on m.agent_id = a.id
    where a.id = $1]],
  -- The cost of its calls that is not booked yet.
  due = [[select coalesce(c.input, 0)::float8 - r.input_tokens as input_tokens,
      coalesce(c.output, 0)::float8 - r.output_tokens as output_tokens,
      coalesce(c.cost, 0)::float8 - coalesce(r.cost_micros, 0) as cost_micros
    from agent_runs r cross join lateral (select sum(input_tokens) as input, sum(output_tokens) as output,
      sum(cost_micros) as cost from llm_calls where ref = r.id) c
    where r.id = $1 for update of r]],
  lock = "select " .. M.LOCK:format("$2", "$1", "$1"),
  -- A transaction that began in the hour before may still add a part of it; it is added the next time.
  add_parts = [[with over as (delete from usage_parts where hour < date_trunc('hour', now())
      returning user_id, hour, key_id, runs, tokens, cost_micros),
    over_before as (delete from user_usage_parts where hour < date_trunc('hour', now())
      returning user_id, hour, runs, tokens, cost_micros),
    of_keys as (insert into usage_hours as n (kind, subject, hour, runs, tokens, cost_micros)
      select 'key', key_id, hour, sum(runs), sum(tokens), sum(cost_micros) from over where key_id <> ''
      group by key_id, hour order by key_id, hour
      on conflict (kind, subject, hour) do update set runs = n.runs + excluded.runs,
        tokens = n.tokens + excluded.tokens, cost_micros = n.cost_micros + excluded.cost_micros)
    insert into user_usage as n (user_id, hour, runs, tokens, cost_micros)
    select user_id, hour, sum(runs), sum(tokens), sum(cost_micros)
    from (select user_id, hour, runs, tokens, cost_micros from over union all select * from over_before) parts
    group by user_id, hour order by user_id, hour
    on conflict (user_id, hour) do update set runs = n.runs + excluded.runs, tokens = n.tokens + excluded.tokens,
      cost_micros = n.cost_micros + excluded.cost_micros]],
  forget = "delete from user_usage where hour < now() - $1::int * interval '1 day'",
  forget_agents = "delete from agent_usage where hour < now() - $1::int * interval '1 day'",
  forget_hours = "delete from usage_hours where hour < now() - $1::int * interval '1 day'",
}

local HOUSE_S = 1
local RECORDED_S = 1                             -- after which the calls of a failed turn have been recorded
local KEEP_DAYS, KEEP_HOURS_DAYS = 100, 8        -- as long as people may want to look them up

local function row(q, ...)
  if q.keep then return q:row(...) end
  return q.row(...)
end

-- What the house has used: read once a second, not for each run.
local house, house_at = nil, 0

local function is_stale() return not house or task.clock() - house_at >= HOUSE_S end

local function note_house(usage) house, house_at = usage, task.clock() end

local function house_usage(q)
  if is_stale() then note_house(row(q, M.sql.house)) end
  return { tokens = house.tokens, cost_micros = house.cost_micros }
end

-- For quotas.over_budget.
local function facts_of(usage, payer, house_now)
  return {
    runs = usage.runs, tokens = usage.tokens + usage.open, cost_micros = usage.cost_micros,
    key = payer.key_id and { runs = usage.key_runs, tokens = usage.key_tokens, cost_micros = usage.key_cost } or nil,
    house = house_now,
  }
end

local function decide(q, payer, ref, usage)
  return decisions.decide(q, quotas.over_budget, { ref = ref, subject = payer.agent_id },
    facts_of(usage, payer, house_usage(q)))
end

-- Has the payer's user used up its budget, or the key, or the house?  ref: what for.  Outside of a transaction.
function M.is_over(payer, ref)
  return decide(db, payer, ref, db.row(M.sql.usage, payer.user_id, payer.key_id, limits.answer_tokens))
end

-- The same for the agent's own budget, outside of a transaction.
function M.agent_is_over(agent_id, ref)
  local usage = db.row(M.sql.agent, agent_id)
  return usage ~= nil and decisions.decide(db, limits.over_budget, { ref = ref, subject = agent_id }, usage)
end

-- Whether a run in progress, which has spent something not booked yet, may ask the model once more.
function M.may_go_on(payer, run_id, spent)
  local tokens, cost = (spent.input_tokens or 0) + (spent.output_tokens or 0), spent.cost_micros or 0
  local function with(usage)
    usage.runs, usage.tokens, usage.cost_micros = usage.runs - 1, usage.tokens + tokens, usage.cost_micros + cost
    return usage
  end
  local context, agent = { ref = run_id, subject = payer.agent_id }, db.row(M.sql.agent, payer.agent_id)
  if not agent or decisions.decide(db, limits.over_budget, context, with(agent)) then return false end
  local usage = db.row(M.sql.usage, payer.user_id, payer.key_id, limits.answer_tokens)
  local all = with(facts_of(usage, payer, house_usage(db)))
  if all.key then with(all.key) end
  return not decisions.decide(db, quotas.over_budget, context, all)
end

local function add(tx, payer, runs, tokens, cost)
  tx:ask(M.sql.charge, payer.user_id, payer.agent_id, payer.key_id, runs, tokens, cost)
end

-- For limits.over_budget.
local function agent_facts(usage)
  return { runs = usage.agent_runs, tokens = usage.agent_tokens, cost_micros = usage.agent_cost_micros,
           tokens_allowed = usage.tokens_allowed, cost_allowed = usage.cost_allowed }
end

-- The parameters of M.sql.count for a run that begins.
function M.counted(payer) return payer.user_id, payer.agent_id, payer.key_id, 1, 0, 0 end

-- Counts one.
function M.count(tx, payer) tx:ask(M.sql.count, M.counted(payer)) end

-- Whether the budget would not be enough for as many runs as could begin at this moment.
local function is_close(used, payer)
  local more, facts = used.connections, facts_of(used, payer)
  facts.runs, facts.tokens = facts.runs + more, facts.tokens + more * limits.answer_tokens
  if facts.key then
    facts.key.runs, facts.key.tokens = facts.key.runs + more, facts.key.tokens + more * limits.answer_tokens
  end
  return quotas.over_budget(facts)
end

-- Users whose budget has been found close to its end lately, and until when that is taken to be so.
local CLOSE_S, CLOSE_MAX = 10, 1000
local close_until, n_close = {}, 0

local function note_close(user_id)
  if n_close >= CLOSE_MAX then close_until, n_close = {}, 0 end
  if not close_until[user_id] then n_close = n_close + 1 end
  close_until[user_id] = task.clock() + CLOSE_S
end

-- Whether a run of this user is to begin while no other does.
function M.begins_alone(user_id) return (close_until[user_id] or 0) > task.clock() end

-- Takes the lock (agent.mailbox does it, too).
function M.lock(tx, user_id, alone) tx:ask(M.sql.lock, user_id, alone) end

-- For a run that begins, in a transaction that has the lock: queries how much the payers have used.  Returns a function
-- that waits for the answer and returns true, and the run is to be counted; false when the budget is used up; or nil,
-- before anything is decided, when it is close to that and the lock is shared: the transaction is to be tried again.
function M.taking(tx, payer, run_id, alone)
  local usage = tx:ask(M.sql.both, payer.user_id, payer.key_id, limits.answer_tokens, payer.agent_id)
  local all = is_stale() and tx:ask(M.sql.house)
  return function(ask)
    local used = usage()[1]
    if all then note_house(all()[1]) end
    if is_close(used, payer) then
      note_close(payer.user_id)
      if not alone then return nil end
    end
    return not (ask(limits.over_budget, agent_facts(used)) or decide(tx, payer, run_id, used))
  end
end

-- Adds what a model has been paid.
function M.charge(tx, payer, usage)
  local tokens, cost = (usage.input_tokens or 0) + (usage.output_tokens or 0), usage.cost_micros or 0
  if tokens > 0 or cost > 0 then add(tx, payer, 0, tokens, cost) end
end

-- What a usage cost, or nil where no price is known.
function M.known_cost(usage)
  local cost = usage.cost_micros
  return not (usage.unpriced and cost == 0) and cost or nil
end

local function add_all(tx, payer, usage, run_id)
  local input, output = usage.input_tokens or 0, usage.output_tokens or 0
  if input + output == 0 then return end
  tx:ask(M.sql.book_agent, payer.agent_id, input, output, usage.cost_micros or 0)
  if run_id then tx:ask(M.sql.book_run, run_id, input, output, M.known_cost(usage)) end
  M.charge(tx, payer, usage)
end

-- The unbooked cost of a run that did not end properly: the cost of its calls less what is booked, since two workers
-- may both notice that it needs booking.  Nil when the run no longer exists.
local function due(tx, run_id)
  local usage = tx:row(M.sql.due, run_id)
  if usage then usage.unpriced = usage.cost_micros == 0 or nil end
  return usage
end

-- Books an expense other than at the end of a run: of a summary, of a run that another worker ends, of a deleted agent.
-- run_id: the run that it was for, or nil.
function M.book(payer, usage, run_id)
  if (usage.input_tokens or 0) + (usage.output_tokens or 0) == 0 then return end
  if run_id then task.sleep(RECORDED_S) end
  db.tx(function(tx) add_all(tx, payer, run_id and due(tx, run_id) or usage, run_id) end)
end

-- Books what a killed worker spent on a run that another worker has taken up.
function M.book_interrupted(tx, payer, run_id)
  llm.interrupted(tx, run_id)
  add_all(tx, payer, due(tx, run_id) or {}, run_id)
end

-- The same for summaries, which nobody takes up: those that can no longer be in progress.
function M.book_interrupted_summary(payer, ref)
  db.tx(function(tx)
    local usage = llm.interrupted(tx, ref, llm.timeout_ms())
    if usage then add_all(tx, payer, usage) end
  end)
end

-- Adds the parts of hours that are over to their hours, and removes rows that are too old to be of interest.
function M.forget()
  db.exec(M.sql.add_parts)
  db.exec(M.sql.forget, KEEP_DAYS)
  db.exec(M.sql.forget_agents, KEEP_DAYS)
  db.exec(M.sql.forget_hours, KEEP_HOURS_DAYS)
end

return M
