-- host/lua/llm.lua -- one call for scripts: ask a language model.  Mechanism only.
-- Which servers there are and how they are spoken to is in scripts/agent/providers; which model to ask
-- and when is the caller's.  Here: choosing by what is configured, deadlines, retries, the fallback,
-- and the record of every call with its tokens and cost, which no caller can forget.

local db = require "human.db"
local fetch = require "human.fetch"
local gen = require "human.gen"
local host = require "human.host"
local id = require "human.id"
local json = require "human.json"
local log = require "human.log"
local metrics = require "human.metrics"
local retry = require "human.llm_retry"
local sched = require "human.sched"
local stream = require "human.llm_stream"

local M = {}

local MAX_RESPONSE_BYTES = 16777216
local PRIMARY_SHARE = 0.7   -- of the time, when a fallback must have the rest
local BYTES_PER_TOKEN = 4   -- for estimates, where the server counts nothing

local INSERT = [[insert into llm_calls
  (id, ref, provider, model, status, error_code, attempts, input_tokens, output_tokens, estimated,
   cost_micros, duration_ms)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)]]

-- The registry ---------------------------------------------------------------------------------------

--- Declare the providers of this generation; once, while scripts are loading.
--- registry: order (names tried by "auto"), providers ({[name] = provider}), models ({[name] = default
--- model}), prices ({[name] = {[model] = {input, output}}}, micros of USD per 1M tokens).
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

local function registry_now()
  local g = gen.current()
  if not (g and g.llm) then error("llm: scripts/agent/providers/init.lua has not been loaded", 0) end
  return g.llm
end

local function settings() return host.conf().llm end

local function given(text) return type(text) == "string" and text ~= "" and text or nil end

-- "box:11434", as OLLAMA_HOST has it, or a URL; without the slash at its end.
local function base_url(text, default_port)
  local url = text:find "^https?://" and text or "http://" .. text
  if default_port and not url:find(":%d+", 7) then url = url:match "^.*[^/]" .. ":" .. default_port end
  return url:match "^.*[^/]"
end

-- Choosing --------------------------------------------------------------------------------------------

-- How to reach a provider: {base_url, secret}, or nil and what is missing.  A key is only ever sent to
-- its own service: another base URL gets the key `llm` or none.
local function access(provider, conf, own_url)
  if provider.answer then return {} end
  if own_url then
    return { base_url = base_url(own_url), secret = host.secret_set "llm" and "llm" or nil }
  end
  if provider.host_setting then
    local at = given(conf[provider.host_setting])
    if at then return { base_url = base_url(at, provider.host_port) } end
    return nil, "llm." .. provider.host_setting .. " is not set"
  end
  if host.secret_set(provider.secret) then return { secret = provider.secret } end
  return nil, provider.key_name .. " is not set"
end

local function choice_of(registry, conf, name, model, own_url)
  local provider = registry.providers[name]
  if not provider then
    return nil, { code = "no_provider", message = "there is no llm provider named " .. tostring(name) }
  end
  local reach, missing = access(provider, conf, own_url)
  if not reach and provider.keyless then reach = {} end
  if not reach then
    return nil, { code = "unauthorized", message = "llm provider " .. name .. ": " .. missing }
  end
  if provider.answer then model = nil end
  return {
    name = name, provider = provider, model = model or registry.models[name] or name,
    base_url = reach.base_url, secret = reach.secret,
  }
end

local function automatic(registry, conf)
  if given(conf.base_url) then return "openai" end
  for _, name in ipairs(registry.order) do
    if access(registry.providers[name], conf) then return name end
  end
  return "offline"
end

-- "anthropic/claude-haiku-4-5" names a provider too; behind a base URL such names are the server's.
local function split_model(registry, conf, model)
  if not model or given(conf.base_url) then return nil, model end
  local name, rest = model:match "^([%w_-]+)/(.+)$"
  if name and registry.providers[name] then return name, rest end
  return nil, model
end

local function primary(registry, conf, wanted)
  local name, model = split_model(registry, conf, wanted)
  local default = conf.provider ~= "auto" and given(conf.provider) or automatic(registry, conf)
  local own_url = (not name or name == default) and given(conf.base_url) or nil
  if not name or name == default then model = model or given(conf.model) end
  return choice_of(registry, conf, name or default, model, own_url)
end

local function fallback(registry, conf)
  local name = given(conf.fallback_provider)
  if not name then return nil end
  local choice, err = choice_of(registry, conf, name, given(conf.fallback_model))
  if not choice then log.warn("llm fallback unusable", { error = err.message }) end
  return choice
end

-- Tokens and cost ---------------------------------------------------------------------------------------

-- A version's date or tag says nothing about its price.
local function family(model)
  return (model:gsub("@.*$", ""):gsub(":.*$", ""):gsub("%-latest$", ""):gsub("%-%d%d%d$", "")
    :gsub("%-%d%d%d%d%-?%d%d%-?%d%d$", ""))
end

--- The cost of tokens in micros of USD; nil when the price table does not know the model.
function M.cost(provider, model, input_tokens, output_tokens)
  local list = registry_now().prices[provider] or {}
  local price = list[model] or list[family(model)] or list["*"]
  if not price then return nil end
  return math.floor((input_tokens * price[1] + output_tokens * price[2]) / 1000000 + 0.5)
end

local function tokens_in(bytes) return math.ceil(bytes / BYTES_PER_TOKEN) end

local function request_bytes(req)
  local n = #(req.system or "")
  for _, m in ipairs(req.messages) do n = n + #(m.content or "") end
  return n
end

local function usage_of(choice, req, result, out)
  local input = result and result.input_tokens
  local output = result and result.output_tokens
  local usage = {
    input_tokens = input or tokens_in(request_bytes(req)),
    output_tokens = output or tokens_in(out and out.bytes or 0),
    estimated = not (input and output) or nil,
  }
  usage.cost_micros = M.cost(choice.name, choice.model, usage.input_tokens, usage.output_tokens)
  usage.unpriced = usage.cost_micros == nil or nil
  return usage
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

-- Recording must never fail the call that it records.
local function record(call, status, usage, code)
  local choice, seconds = call.choice, host.clock() - call.started
  count(choice, status, usage, seconds)
  local ok, err = pcall(db.exec, INSERT, id.new(), call.req.ref, choice.name, choice.model, status, code,
    call.attempts, usage and usage.input_tokens or 0, usage and usage.output_tokens or 0,
    usage ~= nil and usage.estimated == true, usage and usage.cost_micros,
    math.floor(seconds * 1000 + 0.5))
  if ok then return end
  if err == sched.Canceled then error(err, 0) end
  log.warn("llm call not recorded", { provider = choice.name, error = tostring(err) })
end

-- One request -------------------------------------------------------------------------------------------

local function http_failure(choice, answer)
  local err = choice.provider.error(answer.status, (json.decode(answer.body)), answer.headers)
  err.status = answer.status
  err.retry_after_s = retry.retry_after(answer.headers, host.time()) or err.retry_after_s
  return err
end

local function post(choice, req, out, timeout_s)
  local spec = choice.provider.request(req, choice)
  local headers = { ["content-type"] = "application/json", accept = "*/*" }
  for name, value in pairs(spec.headers or {}) do headers[name] = value end
  local feed, close
  local answer, err = fetch {
    url = spec.url, method = "POST", headers = headers, body = json.encode(spec.body),
    timeout_s = timeout_s, max_bytes = MAX_RESPONSE_BYTES,
    on_chunk = function(bytes, head)
      if not feed then
        feed, close = stream.reader(choice.provider, out, head and head.headers["content-type"])
      end
      return feed(bytes)
    end,
  }
  if close then close() end
  if answer and (answer.status < 200 or answer.status > 299) then return http_failure(choice, answer) end
  if answer or out.stop_reason or out.err then return nil end
  err.retryable = err.code == "network" or err.code == "timeout"
  return err
end

local function ask(call, timeout_s)
  local choice, req = call.choice, call.req
  local out = stream.collector(req.on_delta)
  call.attempts, call.out = call.attempts + 1, out
  if choice.provider.answer then
    choice.provider.answer(req, choice, out)
    return out:result()
  end
  local err = post(choice, req, out, timeout_s)
  if err then return nil, err end
  return out:result()
end

local function chance() return host.random(1):byte() / 256 end

-- Again and again until it answers, must not be asked again, or the time is up.
local function insist(call, until_at, max_retries)
  while true do
    local left = until_at - host.clock()
    if left <= 0 then return nil, { code = "timeout", message = "no time was left to ask" } end
    local result, err = ask(call, left)
    if result then return result end
    if not err.retryable or call.out.delivered or call.attempts > max_retries then return nil, err end
    local wait = retry.delay(call.attempts, err.retry_after_s, chance())
    if host.clock() + wait >= until_at then return nil, err end
    log.info("llm retry", { provider = call.choice.name, code = err.code, wait_ms = math.floor(wait * 1000) })
    sched.sleep(wait)
  end
end

local function whole(call, result, usage)
  return {
    text = result.text, tool_calls = result.tool_calls, stop_reason = result.stop_reason, usage = usage,
    provider = call.choice.name, model = call.choice.model,
  }
end

local function run(choice, req, until_at, max_retries)
  local call = { choice = choice, req = req, attempts = 0, started = host.clock() }
  local ok, result, err = pcall(insist, call, until_at, max_retries)
  if not ok then
    local status = result == sched.Canceled and "canceled" or "error"
    local code = type(result) == "table" and result.code or status
    sched.spawn(record, call, status, usage_of(choice, req, nil, call.out), code)
    error(result, 0)
  end
  if result then
    local usage = usage_of(choice, req, result, call.out)
    record(call, "ok", usage)
    return whole(call, result, usage)
  end
  err.delivered = call.out and call.out.delivered or nil
  err.provider = choice.name
  record(call, "error", err.delivered and usage_of(choice, req, nil, call.out), err.code)
  return nil, err
end

local function check(req)
  if type(req.messages) ~= "table" or #req.messages == 0 then
    error("llm.chat: messages must be a list with at least one message", 3)
  end
  if sched.current().tx then error("llm.chat: not inside a transaction", 3) end
end

--- Ask a language model.  Awaits.
--- req: system (string), messages ({role = "user" | "assistant" | "tool", content, tool_calls,
---   tool_call_id}), tools ({name, description, parameters}: JSON Schema as a Lua table), model ("name"
---   or "provider/name"; else the configured one), max_tokens, temperature, on_delta(text) (may await),
---   ref (what the call is for, at most 200 bytes; recorded), deadline_s (for everything, retries and
---   fallback included; llm.timeout_ms when absent), context (facts for the offline provider).
--- Returns {text, tool_calls = {{id, name, arguments}}, stop_reason = "stop" | "length" |
---   "tool_calls", usage = {input_tokens, output_tokens, cost_micros, estimated, unpriced}, provider,
---   model}, or nil and {code, message, status, retryable, provider}.  Codes: rate_limited, overloaded,
---   unauthorized, no_credit, model_not_found, bad_request, provider_error, incomplete, bad_response,
---   blocked, timeout, network, denied, too_large, no_provider.
--- Never returns half an answer, and never asks again once on_delta has been called.
function M.chat(req)
  check(req)
  local registry, conf = registry_now(), settings()
  local first, refused = primary(registry, conf, req.model)
  local second = fallback(registry, conf)
  local started = host.clock()
  local total = req.deadline_s or conf.timeout_ms / 1000
  local result, err
  if first then
    local share = second and not second.provider.answer and PRIMARY_SHARE or 1
    result, err = run(first, req, started + total * share, conf.max_retries)
  else
    err = refused
  end
  if result or not second or err.delivered then return result, err end
  log.warn("llm fallback", { from = err.provider, to = second.name, code = err.code })
  return run(second, req, math.max(started + total, host.clock() + 1), conf.max_retries)
end

--- Asks the configured model one small thing, whatever happened before; nothing is recorded.  Awaits.
--- Returns provider, model; or nil and {code, message}.
function M.probe(deadline_s)
  local choice, err = primary(registry_now(), settings())
  if not choice then return nil, err end
  local req = { messages = { { role = "user", content = "Say ok." } }, max_tokens = 16 }
  local result
  result, err = ask({ choice = choice, req = req, attempts = 0 }, deadline_s)
  if not result then return nil, err end
  return choice.name, choice.model
end

--- Whether a model of this name may be asked for: the provider that it names, if it names one, is set up.
function M.has_provider(model)
  local registry, conf = registry_now(), settings()
  local name = split_model(registry, conf, model)
  return not name or choice_of(registry, conf, name, model) ~= nil
end

-- For those who show it --------------------------------------------------------------------------------

--- What would be asked now: {provider, model, language_model = bool, base_url, problem, fallback}.
function M.status()
  local registry, conf = registry_now(), settings()
  local choice, err = primary(registry, conf)
  if not choice then return { provider = conf.provider, language_model = false, problem = err.message } end
  return {
    provider = choice.name, model = choice.model, language_model = not choice.provider.answer,
    base_url = choice.base_url, fallback = given(conf.fallback_provider),
  }
end

--- All providers: {{name, configured, default_model, models = {{id, input, output}}}}; prices in
--- micros of USD per 1M tokens, models sorted by id.
function M.providers()
  local registry, conf, list = registry_now(), settings(), {}
  for name, provider in pairs(registry.providers) do
    local models = {}
    for model, price in pairs(registry.prices[name] or {}) do
      if model ~= "*" then models[#models + 1] = { id = model, input = price[1], output = price[2] } end
    end
    table.sort(models, function(a, b) return a.id < b.id end)
    list[#list + 1] = {
      name = name, configured = access(provider, conf) ~= nil, models = models,
      default_model = registry.models[name],
    }
  end
  table.sort(list, function(a, b) return a.name < b.name end)
  return list
end

return M
