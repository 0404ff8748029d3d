-- host/lua/llm/books.lua -- what calls of language models cost, and the record of each.
-- Every try counts with what it cost, also one that failed, timed out or was cancelled: the server has read the
-- prompt by then, and bills it.  What it did not count itself is estimated.

local db = require "human.db"
local host = require "human.core.host"
local id = require "human.id"
local log = require "human.log"
local metrics = require "human.metrics"
local sched = require "human.core.sched"
local tokens = require "human.llm.tokens"

local M = {}

local BYTES_PER_TOKEN = 4 -- of an answer, whose text is not kept
local RATIO_MAX, CALIBRATES = 4, 1000

local INSERT = [[insert into llm_calls
  (id, ref, provider, model, status, error_code, attempts, input_tokens, output_tokens, estimated,
   cost_micros, duration_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)]]

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

-- A server that counts more tokens than we do is believed from then on.  In a short prompt most of them are the
-- server's own, around ours.
local function calibrate(choice, req, counted)
  if counted < CALIBRATES then return end
  local ratio = counted / math.max(1, tokens.of_request(req, true))
  if ratio > choice.learned.ratio then choice.learned.ratio = math.min(ratio, RATIO_MAX) end
end

--- What a try was: call.tried = {input, output, estimated} is the sum of all tries.  It cost nothing when the
--- server refused it or was not reached.
function M.tried(call, free)
  local counted, sum = call.out.tokens, call.tried
  if free and not counted.input and call.out.bytes == 0 then return end
  if counted.input then calibrate(call.choice, call.req, counted.input) end
  sum.any = true
  sum.input = sum.input + (counted.input or tokens.of_request(call.req))
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

--- Adds a usage to what a caller keeps of all its calls.
function M.add(spent, usage)
  if not spent or not usage then return end
  for _, name in ipairs { "input_tokens", "output_tokens", "cost_micros" } do
    spent[name] = (spent[name] or 0) + (usage[name] or 0)
  end
  spent.estimated, spent.unpriced = spent.estimated or usage.estimated, spent.unpriced or usage.unpriced
end

local function count(choice, status, usage, seconds)
  local who = { provider = choice.name, model = choice.model }
  metrics.add("human_llm_requests_total", 1, { provider = choice.name, model = choice.model, status = status })
  metrics.add("human_llm_request_duration_seconds_total", seconds, who)
  if not usage then return end
  for direction, n in pairs { input = usage.input_tokens, output = usage.output_tokens } do
    metrics.add("human_llm_tokens_total", n,
      { provider = choice.name, model = choice.model, direction = direction })
  end
  if usage.cost_micros then metrics.add("human_llm_cost_dollars_total", usage.cost_micros / 1e6, who) end
end

-- Of a caller who is about to commit something, with that; else now.
local function write(req, failed, ...)
  if req.record_soon then return db.soon(failed, INSERT, ...) end
  local ok, err = pcall(db.exec, INSERT, ...)
  if ok then return end
  if err == sched.Canceled then error(err, 0) end
  failed(err)
end

--- Writes a call down.  Never fails the call that it records.
function M.record(call, status, usage, code)
  local choice, seconds = call.choice, host.clock() - call.started
  count(choice, status, usage, seconds)
  local function failed(err)
    log.warn("llm call not recorded", { provider = choice.name, error = tostring(err) })
  end
  write(call.req, failed, id.new(), call.req.ref, choice.name, choice.model, status, code,
    call.attempts, usage and usage.input_tokens or 0, usage and usage.output_tokens or 0,
    usage ~= nil and usage.estimated == true, usage and usage.cost_micros,
    math.floor(seconds * 1000 + 0.5))
end

return M
