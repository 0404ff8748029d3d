-- host/lua/llm.lua -- one call for scripts: ask a language model.  Mechanism only.
-- scripts/agent/providers defines the servers and their protocols; the caller decides which model to ask
-- and when.  Here: the deadline, the fallback, and the record of every call.  llm/choice chooses a server,
-- llm/server asks it, llm/books accounts for the cost.

local books = require "human.llm.books"
local choices = require "human.llm.choice"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local id = require "human.id"
local log = require "human.log"
local sched = require "human.core.sched"
local server = require "human.llm.server"
local tokens = require "human.llm.tokens"

local M = {}

local PRIMARY_SHARE = 0.7   -- of the time, if a fallback may need the rest

--- Declare the providers of this generation; once, while scripts are loading.
--- registry: order (names tried by "auto"), providers ({[name] = provider}), models ({[name] = default
--- model}), prices ({[name] = {[model] = {input, output}}}, micros of USD per 1M tokens), facts(provider, model)
--- (optional: {window = tokens of context, thinks, sees}).
function M.register(registry)
  local g = gen.building()
  if not g then error("llm.register: only while scripts are loading", 2) end
  for name, provider in pairs(registry.providers) do
    if not (provider.answer or (provider.request and provider.event and provider.error)) then
      error("llm.register: provider " .. name .. " needs answer, or request, event and error", 2)
    end
  end
  if not registry.providers.offline then error("llm.register: there is no provider offline", 2) end
  g.llm = registry
end

--- The cost of tokens in micros of USD; nil when the price table lacks the model.
function M.cost(provider, model, input_tokens, output_tokens)
  return books.cost(choices.registry(), provider, model, input_tokens, output_tokens)
end

--- An estimate of a text's tokens, high rather than low, also for scripts in which a character is a token.
function M.tokens(text) return tokens.of_text(text) end

local function whole(call, result, usage)
  return {
    text = result.text, tool_calls = result.tool_calls, stop_reason = result.stop_reason, usage = usage,
    provider = call.choice.name, model = call.choice.model,
  }
end

-- Prepares a call.  One that costs something is recorded before it is made.
local function planned(choice, req, conf)
  local call = server.call(choice, req, conf)
  call.id = id.new()
  if not choice.provider.answer then server.prepare(call) end
  return call
end

-- Asks one server.  However that ends, records the call, and adds its cost to the caller's `spent`.
local function run(call, until_at)
  local registry, choice, req, conf = choices.registry(), call.choice, call.req, call.conf
  call.started = host.clock()
  if call.asked and not call.opened then books.open(registry, call) end
  local ok, result, err = pcall(server.insist, call, until_at, conf.max_retries)
  if not ok and call.open then books.tried(call) end
  local usage = books.usage(registry, call)
  if req.spent then req.spent.provider, req.spent.model = choice.name, choice.model end
  books.add(req.spent, usage)
  if not ok then
    local status = result == sched.Canceled and "canceled" or "error"
    local code = type(result) == "table" and result.code or status
    sched.spawn(books.record, registry, call, status, usage, code)
    error(result, 0)
  end
  if result then
    books.record(registry, call, "ok", usage)
    return whole(call, result, usage)
  end
  err.delivered = call.out and call.out.delivered or nil
  err.provider, err.model, err.usage = choice.name, choice.model, usage
  books.record(registry, call, "error", usage, err.code)
  return nil, err
end

local function check(req)
  local messages = rawget(req, "messages")       -- rawget: they may be created on first access
  if not (type(messages) == "table" and #messages > 0) and type(req.fit) ~= "function" then
    error("llm.chat: messages must be a list with at least one message", 3)
  end
  if sched.current().tx then error("llm.chat: not inside a transaction", 3) end
end

--- Ask a language model.  Awaits.
--- req: system (string), messages ({role = "user" | "assistant" | "tool", content, tool_calls,
---   tool_call_id, images = {{url} or {media_type, data (base64)}}}), fit(tokens) (optional: the messages in at most
---   so many tokens, newest kept; called for each server, and again when one says that they are too long), tools
---   ({name, description, parameters}: JSON Schema as a Lua table), model ("name" or "provider/name"; else the
---   configured one), max_tokens (of the answer; reasoning tokens come on top), temperature, reasoning_effort
---   ("minimal" | "low" | "medium" | "high"), on_delta(text) (may await), ref (what the call is for, at most 200
---   bytes; recorded), deadline_s (for everything, retries and fallback included; llm.timeout_ms when absent, and
---   never longer), context (facts for the offline provider), spent (a table to which the usage of all tries is
---   added, also when the call fails or is cancelled; its provider and model are the last ones asked), record_soon
---   (the record may wait for the caller's next commit), plan (from llm.plan).
--- Returns {text, tool_calls = {{id, name, arguments}}, stop_reason = "stop" | "length" |
---   "tool_calls", usage = {input_tokens, output_tokens, cost_micros, estimated, unpriced} (of all tries), provider,
---   model}, or nil and {code, message, status, retryable, provider, model, usage}.  Codes: rate_limited, overloaded,
---   unauthorized, no_credit, model_not_found, bad_request, context_length, provider_error, incomplete,
---   bad_response, blocked, timeout, network, denied, too_large, no_provider.
--- Never returns a partial answer, and never retries once on_delta has been called.
function M.chat(req)
  check(req)
  local registry, conf = choices.registry(), choices.settings()
  local call, refused = req.plan, nil
  if not call then
    local first
    first, refused = choices.primary(registry, conf, req.model)
    call = first and planned(first, req, conf)
  end
  local second = choices.fallback(registry, conf)
  local started = host.clock()
  local total = math.min(req.deadline_s or math.huge, conf.timeout_ms / 1000)
  local result, err
  if call then
    local share = second and not second.provider.answer and PRIMARY_SHARE or 1
    result, err = run(call, started + total * share)
  else
    err = refused
  end
  if result or not second or err.delivered then return result, err end
  log.warn("llm fallback", { from = err.provider, to = second.name, code = err.code })
  local answer, why = run(planned(second, req, conf), math.max(started + total, host.clock() + 1))
  if answer and err.usage then books.add(answer.usage, err.usage) end
  return answer, why
end

--- Plans a call, for callers that commit something before it: llm.write_down(tx, plan) records the call in that
--- transaction, and req.plan = plan makes it.  (Every other call records itself.)  Nil if the call will cost nothing,
--- or no server can be asked.
function M.plan(req)
  check(req)
  local conf = choices.settings()
  local choice = choices.primary(choices.registry(), conf, req.model)
  return choice and not choice.provider.answer and planned(choice, req, conf) or nil
end

--- Whether rules answer for that model (nil: the configured one), at once and at no cost.  Then req.context is enough,
--- without a prompt.
function M.is_instant(model)
  local conf = choices.settings()
  local choice = conf.fallback_provider == "" and choices.primary(choices.registry(), conf, model)
  return choice and choice.provider.answer ~= nil or false
end

--- Records, in tx, a call that is about to be made.  Awaits nothing.
function M.write_down(tx, plan) books.open(choices.registry(), plan, tx) end

--- Removes the record of a call that will not be made.
function M.strike_out(plan) books.record(choices.registry(), plan, "canceled", nil, "canceled") end

--- The longest that a call can take.
function M.timeout_ms() return choices.settings().timeout_ms end

--- Closes, in tx, the calls for `ref` that were recorded at least age_ms ago and have no result: their worker is dead.
--- Returns the least that they cost ({input_tokens, output_tokens, cost_micros, ..}), or nil.
function M.interrupted(tx, ref, age_ms) return books.interrupted(choices.registry(), tx, ref, age_ms or 0) end

--- Asks the configured model one small question, whatever failed before; nothing is recorded.  Awaits.
--- Returns provider, model; or nil and {code, message}.
function M.probe(deadline_s)
  local conf = choices.settings()
  local choice, err = choices.primary(choices.registry(), conf)
  if not choice then return nil, err end
  local req = { messages = { { role = "user", content = "Say ok." } }, max_tokens = 16 }
  local result
  result, err = server.insist(server.call(choice, req, conf), host.clock() + deadline_s, 0)
  if not result then return nil, err end
  return choice.name, choice.model
end

--- Whether requests may name this model: the provider in its name, if any, is configured.
function M.has_provider(model) return choices.has_provider(choices.registry(), choices.settings(), model) end

-- For status pages --------------------------------------------------------------------------------

--- The server that a call would ask now: {provider, model, language_model = bool, base_url, problem, fallback,
--- chosen = true (the settings name this provider, which is no language model)}.
function M.status()
  local registry, conf = choices.registry(), choices.settings()
  local choice, err = choices.primary(registry, conf)
  if not choice then return { provider = conf.provider, language_model = false, problem = err.message } end
  local second = conf.fallback_provider
  return {
    provider = choice.name, model = choice.model, language_model = not choice.provider.answer,
    base_url = choice.base_url, fallback = second ~= "" and second or nil,
    chosen = choice.provider.answer and conf.provider == choice.name or nil,
  }
end

--- All providers: {{name, configured, default_model, models = {{id, input, output}}}}; prices in
--- micros of USD per 1M tokens, models sorted by id.
function M.providers()
  local registry, conf, list = choices.registry(), choices.settings(), {}
  for name, provider in pairs(registry.providers) do
    local models = {}
    for model, price in pairs(registry.prices[name] or {}) do
      if model ~= "*" then models[#models + 1] = { id = model, input = price[1], output = price[2] } end
    end
    table.sort(models, function(a, b) return a.id < b.id end)
    list[#list + 1] = {
      name = name, configured = choices.access(provider, conf) ~= nil, models = models,
      default_model = registry.models[name],
    }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return M
