-- scripts/gateway/why.lua -- why a turn came out as it did: what was decided, what was sent to the model, what it
-- called, what all that cost and how long it took.  Everything is read from what was recorded then.

local db = require "human.db"
local json = require "human.json"
local prompts = require "gateway.prompts"

local M = {}

local ROWS = 200                                 -- limit: described turn
local TEXT = 16384                               -- characters of the facts that a rule was asked about

M.sql = {
  run = [[select r.id, r.agent_id, a.name as agent, a.session_key, a.parent_id, r.reason, r.error_code, r.provider,
      r.model, r.input_tokens::float8 as input_tokens, r.output_tokens::float8 as output_tokens,
      r.cost_micros::float8 as cost_micros, r.attempts, r.started_at, r.finished_at, r.verdict
    from agent_runs r cross join lateral (select name, session_key, parent_id from agents where id = r.agent_id
      offset 0) a
    where r.id = $1]],
  -- Of the gateway: a run waits before it begins, and may be over before it was recorded.
  waited = [[select g.id, g.session_id as agent_id, a.name as agent, a.session_key, a.parent_id, g.state,
      g.error_code, g.created_at, g.finished_at from gateway_runs g join agents a on a.id = g.session_id
    where g.id = $1]],
  decisions = [[select at, rule, verdict, bundle, left(inputs::text, $4::int) as inputs,
      complete and length(inputs::text) <= $4::int as is_whole, left(output::text, $4::int) as output
    from rule_decisions
    where subject = $1 and at between $2::timestamptz - interval '1 minute'
      and coalesce($3::timestamptz, human_now()) + interval '1 minute' and ref = $5
    order by at, id limit $6::int]],
  calls = [[select created_at, provider, model, status, error_code, attempts, estimated,
      input_tokens::float8 as input_tokens, output_tokens::float8 as output_tokens, cost_micros::float8 as cost_micros,
      duration_ms::float8 as duration_ms
    from llm_calls where ref = $1 order by created_at limit $2::int]],
  tools = [[select tool, left(arguments, $2::int) as arguments, status, left(result, $2::int) as result, called_at,
      ended_at, step from agent_calls where run_id = $1 order by step, n limit $3::int]],
  gateway_tools = [[select tool, left(arguments, $2::int) as arguments, status, left(result, $2::int) as result,
      started_at as called_at, finished_at as ended_at, step from gateway_calls where run_id = $1
    order by step, n limit $3::int]],
  actions = [[select id, type, content, created_at from agent_events where agent_id = $1 and direction = 'out'
      and run_id = $2 and created_at >= $3::timestamptz - interval '1 minute' order by pos desc limit $4::int]],
}

local function run_of(run_id)
  local waited, run = db.row(M.sql.waited, run_id), db.row(M.sql.run, run_id)
  if not run then
    if waited then waited.started_at = waited.created_at end
    return waited
  end
  if waited then run.created_at, run.state = waited.created_at, waited.state end
  return run
end

--- All that is known of a run of the agent API or of the gateway: {run, decisions, calls, tools, prompts}; nil: there
--- is none.
function M.describe(run_id)
  local run = run_of(run_id)
  if not run then return nil end
  local is_session = run.parent_id ~= nil
  return {
    run = run,
    decisions = db.query(M.sql.decisions, run.agent_id, run.created_at or run.started_at, run.finished_at, TEXT, run_id,
      ROWS),
    calls = db.query(M.sql.calls, run_id, ROWS),
    tools = db.query(is_session and M.sql.gateway_tools or M.sql.tools, run_id, TEXT, ROWS),
    actions = is_session and json.array {} or db.query(M.sql.actions, run.agent_id, run_id, run.started_at, ROWS),
    prompts = is_session and prompts.of(run_id) or json.array {},
  }
end

return M
