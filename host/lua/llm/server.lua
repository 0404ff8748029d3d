-- host/lua/llm/server.lua -- asks one model server until it answers, refuses for good, or the time is up.
-- A call is {choice, req, started, attempts, tried, ..}: one request of a caller to one server with all its tries.
-- After a refusal that teaches something (llm/learned), the request is adapted and retried at once: without a field
-- that the server does not know, with fewer messages if there were too many, with more tokens if it reasoned too long.

local books = require "human.llm.books"
local fetch = require "human.fetch"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local retry = require "human.llm.retry"
local sched = require "human.core.sched"
local stream = require "human.llm.stream"
local tokens = require "human.llm.tokens"

local M = {}

local MAX_RESPONSE_BYTES = 16777216
local MAX_ADAPTIONS = 8      -- adapted requests per call; these are no retries
local UNKNOWN_WINDOW = 32768 -- assumed context of an unknown model, until it refuses
local FILL = 0.95            -- the share of a window that we use, since tokens are estimated
local LEAST_TOKENS = 256     -- for messages, however small the window
local ANSWER_TOKENS = 1024   -- unless the caller sets max_tokens
local ROOM_STEP, ROOM_MAX = 4, 16

-- Extra tokens for models that reason, by reasoning_effort.
local THINKING_TOKENS = { none = 0, minimal = 1024, low = 2048, medium = 4096, high = 16384, xhigh = 32768 }

-- The adapted request ---------------------------------------------------------------------------

local function max_tokens(call)
  local choice, req = call.choice, call.req
  local n, room = req.max_tokens, choice.learned.room
  if room > 1 then n = (n or ANSWER_TOKENS) * room end
  if n and choice.facts.thinks then n = n + THINKING_TOKENS[req.reasoning_effort or "medium"] end
  return n and math.min(n, math.floor(choice.window / 2)) -- the other half is for the input
end

--- The context window of a choice, in tokens: as configured, as learned, or from the table.
function M.window(choice, conf)
  local set = conf.context_tokens or 0
  local known = set > 0 and set or choice.facts.window or choice.provider.window or UNKNOWN_WINDOW
  if set == 0 and choice.provider.window then known = math.min(known, choice.provider.window) end
  return math.min(known, choice.learned.window or known)
end

-- The tokens left in the window for messages.
local function room_for_messages(call)
  local n = (call.choice.window - (call.asked.max_tokens or ANSWER_TOKENS)) * FILL / call.choice.learned.ratio
  n = math.min(n, call.choice.window * FILL / call.choice.learned.ratio)
  n = n - tokens.of_text(call.req.system or "") - tokens.of_tools(call.req.tools)
  return math.max(LEAST_TOKENS, math.floor(n))
end

--- Sets call.asked: the caller's request, adapted to this server.
function M.prepare(call)
  local req, choice = call.req, call.choice
  choice.window = M.window(choice, call.conf)
  choice.without = choice.learned.without
  call.asked = setmetatable({ max_tokens = max_tokens(call) }, { __index = req })
  if choice.provider.answer then
    if not req.context and not req.messages then call.asked.messages = req.fit(math.huge) end
  elseif req.fit then
    call.asked.messages = req.fit(room_for_messages(call))
  end
end

local function merge(body, extra)
  for key, value in pairs(extra) do
    local old = body[key]
    if type(old) == "table" and type(value) == "table" and not json.is_array(value) then
      merge(old, value)
    else
      body[key] = value
    end
  end
end

-- One try -------------------------------------------------------------------------------------------------

local function http_failure(choice, answer)
  local err = choice.provider.error(answer.status, (json.decode(answer.body)) or answer.body, answer.headers)
  err.status = answer.status
  err.retry_after_s = retry.retry_after(answer.headers, host.time()) or err.retry_after_s
  return err
end

local function given(value) return value ~= "" and value or nil end

local function seconds(ms, most) return ms and math.min(ms / 1000, most) or nil end

local function request_of(call, timeout_s)
  local choice, conf = call.choice, call.conf
  local spec = choice.provider.request(call.asked, choice)
  if choice.extra then merge(spec.body, choice.extra) end
  local headers = { ["content-type"] = "application/json", accept = "*/*" }
  for name, value in pairs(spec.headers or {}) do headers[name] = value end
  call.optional = spec.optional or {}
  return {
    url = spec.url, method = "POST", headers = headers, body = json.encode(spec.body), max_bytes = MAX_RESPONSE_BYTES,
    timeout_s = timeout_s, first_byte_s = seconds(conf.first_byte_ms, timeout_s),
    idle_s = seconds(conf.idle_ms, timeout_s), repeatable = true,
    proxy = given(conf.proxy), no_proxy = given(conf.proxy) and given(conf.no_proxy),
  }
end

-- Nil, or the error of the transfer.  A server that did not answer in time is not retried: the fallback is asked
-- instead, or the caller gets the error.
local function transfer(call, out, timeout_s)
  local request, feed, close = request_of(call, timeout_s), nil, nil
  function request.on_chunk(bytes)
    if not feed then
      feed, close = stream.reader(call.choice.provider, out)
    end
    return feed(bytes)
  end
  local answer, err = fetch(request)
  if close then close() end
  if answer and (answer.status < 200 or answer.status > 299) then return http_failure(call.choice, answer) end
  if answer or out.stop_reason or out.err then return nil end
  err.retryable = err.code == "network"
  return err
end

-- A server that was not reached, or that answered with an error status, charges nothing.
local function is_free(err) return err and (err.status ~= nil or err.code == "network" or err.code == "denied") end

local function ask(call, timeout_s)
  local choice = call.choice
  if call.attempts > 0 or not call.asked then M.prepare(call) end
  local out = stream.collector(call.req.on_delta)
  call.attempts, call.out, call.open = call.attempts + 1, out, true
  local err
  if choice.provider.answer then
    choice.provider.answer(call.asked, choice, out)
  else
    err = transfer(call, out, timeout_s)
  end
  local result
  if not err then result, err = out:result() end
  call.open = false
  books.tried(call, not result and is_free(err))
  return result, err
end

-- What a refusal teaches ------------------------------------------------------------------------------------

-- Omits one field at a time, since a refusal may mention fields that it is not about.
local function leave_out(call, err)
  for _, field in ipairs(err.refuses or {}) do
    if call.optional[field] and not call.choice.learned.without[field] then
      call.choice.learned.without[field] = true
      log.info("llm request without", { provider = call.choice.name, model = call.choice.model, field = field })
      return true
    end
  end
  return false
end

-- Makes the next request smaller in any case: by the window that the server names, or, if we believed to be within
-- it, by raising our estimate.
local function shrink(call, err)
  if err.code ~= "context_length" then return false end
  local learned, before = call.choice.learned, tokens.of_request(call.asked, true)
  local window = err.window or math.floor(call.choice.window * 0.75)
  if window < call.choice.window then learned.window = math.max(window, LEAST_TOKENS) end
  local ratio = learned.ratio
  for _ = 1, call.req.fit and MAX_ADAPTIONS or 0 do
    M.prepare(call)
    if tokens.of_request(call.asked, true) < before then return true end
    learned.ratio = learned.ratio * 1.5
  end
  learned.ratio = ratio
  return false
end

local function give_room(call, err)
  local learned = call.choice.learned
  if not err.needs_room or learned.room >= ROOM_MAX then return false end
  learned.room = learned.room * ROOM_STEP
  return true
end

local function adapt(call, err)
  if call.adapted >= MAX_ADAPTIONS then return false end
  if not (leave_out(call, err) or shrink(call, err) or give_room(call, err)) then return false end
  call.adapted = call.adapted + 1
  return true
end

-- Until it answers --------------------------------------------------------------------------------------------

local function chance() return host.random(1):byte() / 256 end

-- Whether to retry the same request.
local function is_hopeful(call, err, max_retries)
  call.failures = call.failures + 1
  local most = err.once and math.min(1, max_retries) or max_retries
  return err.retryable and call.failures <= most
end

--- A new call for a choice.
function M.call(choice, req, conf)
  return { choice = choice, req = req, conf = conf, attempts = 0, failures = 0, adapted = 0,
           tried = { input = 0, output = 0 }, started = host.clock() }
end

--- The answer, or nil and an error.  Awaits.  until_at: host.clock() after which nobody waits for it.
function M.insist(call, until_at, max_retries)
  while true do
    local left = until_at - host.clock()
    if left <= 0 then return nil, { code = "timeout", message = "no time was left to ask" } end
    local result, err = ask(call, left)
    if result then return result end
    if call.out.delivered then return nil, err end
    if not adapt(call, err) then
      if not is_hopeful(call, err, max_retries) then return nil, err end
      local wait = retry.delay(call.failures, err.retry_after_s, chance())
      if host.clock() + wait >= until_at then return nil, err end
      log.info("llm retry", { provider = call.choice.name, code = err.code, wait_ms = math.floor(wait * 1000) })
      sched.sleep(wait)
    end
  end
end

return M
