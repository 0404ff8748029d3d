-- scripts/marketplace/proxy.lua -- calls of tools: a place of the quota is taken, the tool is asked through the guard
-- of human.fetch, and the call is settled by what it answers (marketplace.quotas).  Nothing of the answer but its JSON
-- reaches the caller.

local db = require "human.db"
local fail = require "human.fail"
local fetch = require "human.fetch"
local json = require "human.json"
local task = require "human.task"
local proxy_request = require "marketplace.proxy_request"
local quotas = require "marketplace.quotas"
local rules = require "marketplace.rules.subscriptions"
local shapes = require "marketplace.shapes"

local M = {}

M.sql = {
  load = [[select s.id, s.state, s.period_id, s.listing_id, s.subscriber_id, s.provider_id, s.payer_id,
      s.delegation_id, to_json(l.category_tags) as category_tags, s.ends_at > human_now() as is_current,
      s.ends_at + $2::int * interval '1 hour' > human_now() as is_in_grace, a.state as actor_state,
      v.state as provider_state, t.state as tool_state, l.tool_meta, l.tool_secret, l.input_schema
    from market_subscriptions s join market_actors a on a.id = s.subscriber_id
    join market_actors v on v.id = s.provider_id join market_tools t on t.listing_id = s.listing_id
    join market_listings l on l.id = s.listing_id where s.id = $1::uuid]],
}

--- Refuses calls of a subscription, a row of M.sql.load, that may not be called.
function M.must_be_callable(s)
  local verdict = rules.may_call { actor_state = s.actor_state, provider_state = s.provider_state, state = s.state,
                                   tool_state = s.tool_state, is_current = s.is_current, is_in_grace = s.is_in_grace }
  if verdict.code then fail.throw(verdict.code) end
end

--- The subscription of a call that may be made: a row of M.sql.load.
function M.admitted(actor, id)
  local s = db.row(M.sql.load, id, rules.grace_hours)
  local is_own = s and s.subscriber_id == actor.id and s.state ~= "per_call"
    and (not actor.subscription_id or actor.subscription_id == s.id)
  if not is_own then fail.throw "not_found" end
  M.must_be_callable(s)
  return s
end

local CODES = { timeout = "upstream_timeout", denied = "upstream_blocked", too_large = "upstream_too_large" }
local NO_CREDENTIAL = "The tool's credential cannot be opened on this host"

--- An output as JSON text without raw control characters, which would be white space outside of strings; nil: it is no
--- JSON.
function M.output_of(body)
  if body:find "[%z\1-\8\11\12\14-\31]" or json.decode(body) == nil then return nil end
  return (body:gsub("[\t\n\r]", " "))
end

--- What becomes of a call that was not answered, by the error of human.fetch: {outcome, code, message}.
function M.failure(err)
  if err.code == "credential" then               -- which is no fault of the tool's
    return { outcome = "refused", code = "upstream_error", message = NO_CREDENTIAL }
  end
  return { outcome = err.code == "timeout" and "timeout" or "failed", code = CODES[err.code] or "upstream_error" }
end

--- The same of a call that a tool has not answered with 2xx.
function M.refusal(status)
  return { outcome = rules.outcome { status = status, is_json = false }, code = "upstream_error",
           message = ("The tool answered with status %d"):format(status) }
end

--- What a tool answers to a request of M.request: {outcome, code, message, output (JSON)}.
function M.ask(request)
  local answer, err = fetch(request)
  if not answer then return M.failure(err) end
  if answer.status < 200 or answer.status >= 300 then return M.refusal(answer.status) end
  local output = M.output_of(answer.body)
  if output then return { outcome = "ok", output = output } end
  return { outcome = "failed", code = "upstream_error", message = "The tool's answer is not JSON" }
end

--- The request of one call; its input (JSON) has to be what the tool takes.  s: a row of M.sql.load.
function M.request(s, input, timeout_ms)
  shapes.must_be_object(input, "input")
  shapes.check("input_schema_mismatch", s.input_schema, input, "input")
  local request, why = proxy_request.make { listing_id = s.listing_id, tool_meta = s.tool_meta,
    tool_secret = s.tool_secret, input = input, timeout_ms = timeout_ms }
  return request or fail.throw("upstream_error", { message = why })
end

--- How long a tool may take, in milliseconds.
function M.timeout_ms(tool) return json.decode(tool.tool_meta).timeout_ms or rules.timeout_ms end

local function refuse(result)
  fail.throw(result.code, result.message and { message = result.message } or nil)
end

--- Asks a tool outside of any subscription, at nobody's cost.  tool: {listing_id, tool_meta, tool_secret (sealed),
--- input_schema}; input: JSON of an object.  Returns {outcome = "ok" | "refused" | "failed" | "timeout", output (JSON),
--- latency_ms}; an input that the tool does not take is refused without a call.
function M.measure(tool, input, most_ms)
  if tool.input_schema and not shapes.verdict(tool.input_schema, input, "input") then return { outcome = "refused" } end
  local timeout_ms = math.min(M.timeout_ms(tool), most_ms)
  local ok, request = pcall(proxy_request.make, { listing_id = tool.listing_id, tool_meta = tool.tool_meta,
    tool_secret = tool.tool_secret, input = input, timeout_ms = timeout_ms })
  if not ok and not fail.is(request) then error(request, 0) end
  if not ok then return { outcome = "refused" } end        -- it does not fit into the tool's address
  if not request then return { outcome = "failed" } end
  local begun = task.clock()
  local result = M.ask(request)
  result.latency_ms = math.floor((task.clock() - begun) * 1000)
  return result
end

--- Makes a call of M.request for a subscription, {id, period_id, ..} of M.sql.load; also (optional): what its
--- transactions do besides, {reserved(tx, call), succeeded(tx, output, usage)}, for a call beyond the quota.  Returns
--- its output (JSON), how the period is used ({calls, included_calls, latency_ms, is_overage}), and the call.
function M.carry_out(s, request, timeout_ms, also)
  local call = quotas.reserve(s, timeout_ms, also and also.reserved)
  local begun = task.clock()
  request.headers["X-Call-Id"] = call.id
  local ok, result = pcall(M.ask, request)
  if not ok then                                 -- its caller has ended it
    quotas.give_back(call, "canceled", math.floor((task.clock() - begun) * 1000))
    error(result, 0)
  end
  local latency_ms = math.floor((task.clock() - begun) * 1000)
  if result.outcome ~= "ok" then
    quotas.give_back(call, result.outcome, latency_ms)
    refuse(result)
  end
  local usage = { calls = call.calls, included_calls = call.included_calls, latency_ms = latency_ms,
                  is_overage = call.is_overage == true }
  local done = quotas.succeed(call, latency_ms, nil, also and function(tx) also.succeeded(tx, result.output, usage) end)
  if not done then fail.throw "upstream_timeout" end
  return result.output, usage, call
end

--- A call: {subscription_id, input (JSON of an object)}.  Returns its output (JSON), and how the period is used, as
--- M.carry_out does.
function M.call(actor, asked)
  local s = M.admitted(actor, asked.subscription_id)
  local timeout_ms = M.timeout_ms(s)
  return M.carry_out(s, M.request(s, asked.input, timeout_ms), timeout_ms)
end

return M
