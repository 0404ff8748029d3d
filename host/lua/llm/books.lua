-- host/lua/llm/books.lua -- what calls of language models cost, and the record of each.
-- Every try counts at its cost, also one that failed, timed out or was cancelled: the server has read the
-- prompt by then, and bills it.  Usage that it did not report is estimated.  A call that costs something is recorded
-- before it is made (status open), since a worker killed during it can no longer do so.

local db = require "human.db"
local host = require "human.core.host"
local log = require "human.log"
local metrics = require "human.metrics"
local sched = require "human.core.sched"
local settings = require "human.scripts.settings"
local tokens = require "human.llm.tokens"

local M = {}

local BYTES_PER_TOKEN = 4 -- of an answer whose text is not kept
local RATIO_MAX, CALIBRATES = 4, 1000
local MAX_NAMED = 50          -- models named by owners in labels of metrics

-- Replaces the open record of a call by its outcome, even if another worker has closed it as interrupted.
local RECORD = [[insert into llm_calls as c
  (id, ref, provider, model, status, error_code, attempts, input_tokens, output_tokens, estimated,
   cost_micros, duration_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
  on conflict (id) do update set status = excluded.status, error_code = excluded.error_code,
    attempts = excluded.attempts, input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
    estimated = excluded.estimated, cost_micros = excluded.cost_micros, duration_ms = excluded.duration_ms
  where c.status = 'open' or c.error_code = 'interrupted']]
-- It may run after RECORD, if both are written soon.
local OPEN = [[insert into llm_calls
  (id, ref, provider, model, status, attempts, input_tokens, output_tokens, estimated, cost_micros, duration_ms)
  values ($1, $2, $3, $4, 'open', 1, $5, 0, true, $6, 0) on conflict (id) do nothing]]
local INTERRUPTED = [[update llm_calls set status = 'canceled', error_code = 'interrupted',
    duration_ms = greatest(0, extract(epoch from clock_timestamp() - created_at) * 1000)::bigint
  where ref = $1 and status = 'open' and created_at <= now() - $2::float8 * interval '1 ms'
  returning provider, model, input_tokens::float8, cost_micros::float8]]

-- A version's date or tag says nothing about its price.
local function family(model)
  return (model:gsub("@.*$", ""):gsub(":.*$", ""):gsub("%-latest$", ""):gsub("%-%d%d%d$", "")
    :gsub("%-%d%d%d%d%-?%d%d%-?%d%d$", ""))
end

--- The cost of tokens in micros of USD; nil when the price table does not know the model.
function M.cost(registry, provider, model, input_tokens, output_tokens)
  local list = registry.prices[provider] or {}
  local price = list[model] or list[family(model)] or list["*"]
  if not price then return nil end
  return math.floor((input_tokens * price[1] + output_tokens * price[2]) / 1000000 + 0.5)
end

-- Adopts the ratio of a server that counts more tokens than we estimate.  Ignores short prompts, in which most
-- tokens are the server's own.
local function calibrate(choice, req, counted)
  if counted < CALIBRATES then return end
  local ratio = counted / math.max(1, tokens.of_request(req, true))
  if ratio > choice.learned.ratio then choice.learned.ratio = math.min(ratio, RATIO_MAX) end
end

--- Adds a try to call.tried = {input, output, estimated}, the sum of all tries.  A try is free if the server
--- refused it or was not reached.
function M.tried(call, free)
  local counted, sum = call.out.tokens, call.tried
  if free and not counted.input and call.out.bytes == 0 then return end
  if counted.input then calibrate(call.choice, call.asked, counted.input) end
  sum.any = true
  sum.input = sum.input + (counted.input or tokens.of_request(call.asked))
  sum.output = sum.output + (counted.output or math.ceil(call.out.bytes / BYTES_PER_TOKEN))
  sum.estimated = sum.estimated or not (counted.input and counted.output)
end

--- The usage of a call so far: {input_tokens, output_tokens, cost_micros, estimated, unpriced}, or nil.
function M.usage(registry, call)
  local sum, choice = call.tried, call.choice
  if not sum.any then return nil end
  local cost = M.cost(registry, choice.name, choice.model, sum.input, sum.output)
  return {
    input_tokens = sum.input, output_tokens = sum.output, estimated = sum.estimated or nil,
    cost_micros = cost, unpriced = cost == nil or nil,
  }
end

--- Adds a usage to a caller's sum of all its calls.
function M.add(spent, usage)
  if not spent or not usage then return end
  for _, name in ipairs { "input_tokens", "output_tokens", "cost_micros" } do
    spent[name] = (spent[name] or 0) + (usage[name] or 0)
  end
  spent.estimated, spent.unpriced = spent.estimated or usage.estimated, spent.unpriced or usage.unpriced
end

-- Owners of agents may name models, and a metric's series stays forever: models not named by the operator get their
-- own series only once they have answered, and only the first few.
local named, n_named = {}, 0

local function label_of(registry, provider, model, status)
  local prices = registry.prices[provider] or {}
  if prices[model] or prices[family(model)] or registry.models[provider] == model then return model end
  local conf = settings.present().llm
  if model == conf.model or model == conf.fallback_model or named[model] then return model end
  if status ~= "ok" or n_named >= MAX_NAMED then return "other" end
  named[model], n_named = true, n_named + 1
  return model
end

local function count(registry, provider, model, status, usage, seconds)
  model = label_of(registry, provider, model, status)
  local who = { provider = provider, model = model }
  metrics.add("human_llm_requests_total", 1, { provider = provider, model = model, status = status })
  metrics.add("human_llm_request_duration_seconds_total", seconds, who)
  if not usage then return end
  for direction, n in pairs { input = usage.input_tokens, output = usage.output_tokens } do
    metrics.add("human_llm_tokens_total", n, { provider = provider, model = model, direction = direction })
  end
  if usage.cost_micros then metrics.add("human_llm_cost_dollars_total", usage.cost_micros / 1e6, who) end
end

-- Writes with the caller's next commit if it is about to commit, else now.  Never makes the call fail.
local function write(call, sql, ...)
  local function failed(err)
    log.warn("llm call not recorded", { provider = call.choice.name, error = tostring(err) })
  end
  if call.req.record_soon then return db.soon(failed, sql, ...) end
  local ok, err = pcall(db.exec, sql, ...)
  if ok then return end
  if err == sched.Canceled then error(err, 0) end
  failed(err)
end

local function opening(registry, call)
  local choice, input = call.choice, tokens.of_request(call.asked)
  return call.id, call.req.ref, choice.name, choice.model, input, M.cost(registry, choice.name, choice.model, input, 0)
end

--- Records a call that is about to be made: in a transaction, with its commit, or without one.
function M.open(registry, call, tx)
  call.opened = true
  if tx then tx:ask(OPEN, opening(registry, call)) else write(call, OPEN, opening(registry, call)) end
end

--- Records its outcome.
function M.record(registry, call, status, usage, code)
  local choice, seconds = call.choice, host.clock() - call.started
  count(registry, choice.name, choice.model, status, usage, seconds)
  write(call, RECORD, call.id, call.req.ref, choice.name, choice.model, status, code,
    call.attempts, usage and usage.input_tokens or 0, usage and usage.output_tokens or 0,
    usage ~= nil and usage.estimated == true, usage and usage.cost_micros,
    math.floor(seconds * 1000 + 0.5))
end

--- Closes calls that nobody will record: those of `ref` that have been open for age_ms.  Returns the sum of their
--- minimum costs, for what was sent; nil if there are none.
function M.interrupted(registry, tx, ref, age_ms)
  local sum
  for _, row in ipairs(tx:query(INTERRUPTED, ref, age_ms)) do
    local usage = { input_tokens = row.input_tokens, output_tokens = 0, cost_micros = row.cost_micros,
                    estimated = true, unpriced = row.cost_micros == nil or nil }
    count(registry, row.provider, row.model, "canceled", usage, 0)
    sum = sum or {}
    M.add(sum, usage)
  end
  return sum
end

return M
