-- scripts/marketplace/pipelines_calls.lua -- the call of a tool that a step of a pipeline makes: what /tool-proxy does,
-- with the same quotas, prices, requests and guard.  The place in the quota, what it costs of the run's budget, and
-- that the step has a call are one transaction, before the call is made; what it has answered, what is paid for it,
-- and what becomes of the step are another.  So no call is made of which the step does not know, and none is paid for
-- whose output is lost.
--
-- Locks are taken in one order: wallets, the call, its period, the run, its steps.

local db = require "human.db"
local fail = require "human.fail"
local task = require "human.task"
local proxy = require "marketplace.proxy"
local quotas = require "marketplace.quotas"
local rules = require "marketplace.rules.pipelines"
local runs = require "marketplace.pipelines_runs"
local tool_rules = require "marketplace.rules.subscriptions"

local M = {}

local LOOK_S, CLOSING_S = 5, 5                   -- looks whether it is still wanted; what it has beyond its time-out

M.sql = {
  subscription_of = [[select id from market_subscriptions where subscriber_id = $1::uuid and listing_id = $2::uuid
    and state not in ('canceled', 'revoked', 'per_call')]],
  reserve = [[update market_pipeline_runs set reserved_mrc = reserved_mrc + $2::bigint
    where id = $1::uuid and state = 'running'
      and (budget_mrc is null or spent_mrc + reserved_mrc + $2::bigint <= budget_mrc) returning id]],
  note = [[update market_pipeline_steps set call_id = $2::uuid, price_mrc = $3::bigint, tries = tries + 1
    where id = $1::uuid and state = 'in_progress' and call_id is null returning tries]],
  state = "select state from market_pipeline_runs where id = $1::uuid",
  settled = [[with old as (select id, price_mrc from market_pipeline_steps where id = $1::uuid and call_id = $2::uuid)
    update market_pipeline_steps s set call_id = null, price_mrc = 0 from old where s.id = old.id
    returning old.price_mrc]],
  charge = [[update market_pipeline_runs set reserved_mrc = reserved_mrc - $2::bigint,
      spent_mrc = spent_mrc + case when $3 then $2::bigint else 0 end where id = $1::uuid]],
  is_wanted = [[select exists (select from market_pipeline_steps where id = $1::uuid and state = 'in_progress'
    and call_id = $2::uuid)]],
}

-- The subscription of a step's call, which may be made.
local function admitted(work)
  local id = work.config.subscription_id or db.value(M.sql.subscription_of, work.actor_id, work.config.tool_listing_id)
  local s = id and db.row(proxy.sql.load, id, tool_rules.grace_hours)
  if not s or s.subscriber_id ~= work.actor_id then
    fail.throw("subscription_not_active", { message = "The run's owner has no subscription of this tool" })
  end
  proxy.must_be_callable(s)
  return s
end

-- Takes the place in the quota and in the run's budget.  nil: the step is not wanted any more.
local function reserve(work, s, timeout_ms)
  local ok, call = pcall(db.tx, function(tx)
    local call = quotas.reserve(s, timeout_ms)
    local price = call.is_paid and call.overage_mrc or 0
    if not tx:row(M.sql.reserve, work.run_id, price) then
      local is_running = tx:value(M.sql.state, work.run_id) == "running"
      fail.throw(is_running and "budget_exceeded" or "invalid_state",
        { message = "The call would cost more than is left of the run's budget" })
    end
    work.tries = tx:value(M.sql.note, work.id, call.id, price) or fail.throw "invalid_state"
    call.price_mrc = price
    return call
  end)
  if ok then return call end
  if fail.is(call) and call.code == "invalid_state" then return nil end
  error(call, 0)
end

--- What is asked, and its place: {call, request}; nil: the step is not wanted any more.  Fails as /tool-proxy does.
--- work: {id, run_id, actor_id, config, input (JSON), left_ms}.
function M.begin(work)
  local s = admitted(work)
  local timeout_ms = math.min(proxy.timeout_ms(s), work.left_ms)
  local request = proxy.request(s, work.input, timeout_ms)
  request.max_bytes = math.min(request.max_bytes, rules.output_bytes)
  local call = reserve(work, s, timeout_ms)
  if not call then return nil end
  request.headers["X-Call-Id"] = call.id
  return { call = call, request = request, timeout_s = timeout_ms / 1000 }
end

local MESSAGES = {
  upstream_timeout = "The tool did not answer in time", upstream_blocked = "The tool's address may not be called",
  upstream_error = "The tool could not be asked",
  output_too_large = ("The tool answered with more than %d bytes"):format(rules.output_bytes),
}

--- Asks the tool: {outcome, output}, or {outcome, code, message}.
function M.ask(request)
  local result = proxy.ask(request)
  if result.code == "upstream_too_large" then result.code = "output_too_large" end
  result.message = result.message or MESSAGES[result.code]
  return result
end

local LOST = { outcome = "lost", code = "call_lost", message = "The call was cut off; what the tool did is not known" }

--- The same in a task that is ended by the step's name, on whichever host; it also ends when the step is not wanted any
--- more.  begun: of M.begin.
function M.ask_by_name(work, begun)
  local me, result, failure = task.current(), nil, nil
  local child = task.spawn_named(runs.name_of(work.id), function()
    local ok, value = pcall(M.ask, begun.request)
    if ok then result = value else failure = value end
    task.wake(me)
  end)
  if not child then return LOST end
  local until_at = task.clock() + begun.timeout_s + CLOSING_S
  while not result and not failure do
    if task.clock() > until_at then task.kill(child) end
    if not task.wait(LOOK_S) and not db.value(M.sql.is_wanted, work.id, begun.call.id) then task.kill(child) end
  end
  if type(failure) == "string" then error(failure, 0) end
  return result or LOST                          -- it was ended
end

--- Settles in tx, before anything of the run is locked, what a call has come to: pays for it, or gives its place back.
--- Returns the locked run; and true, or nil and the result that counts.  call: {id, is_paid}.
function M.settle(tx, work, call, result, latency_ms)
  local is_ok = result.outcome == "ok"
  if is_ok then is_ok = quotas.succeed(call, latency_ms) else quotas.give_back(call, result.outcome, latency_ms) end
  local run = runs.lock(tx, work.run_id)
  local price = tx:value(M.sql.settled, work.id, call.id)
  if price and price > 0 then tx:exec(M.sql.charge, run.id, price, is_ok) end
  if is_ok then return run, true end
  return run, nil, result.outcome == "ok" and LOST or result
end

M.LOST = LOST

return M
