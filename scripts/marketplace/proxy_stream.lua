-- scripts/marketplace/proxy_stream.lua -- calls of tools whose answer is passed on as it comes.  As in
-- marketplace.proxy, a place of the quota is taken before; the call is settled once the answer has ended, however it
-- has, by rules/tools_streams.lua.  A caller that reads slowly holds the tool up: no more than a few hundred KB wait.

local fail = require "human.fail"
local fetch = require "human.fetch"
local task = require "human.task"
local events = require "marketplace.proxy_events"
local limits = require "marketplace.rules.tools_streams"
local proxy = require "marketplace.proxy"
local quotas = require "marketplace.quotas"
local rules = require "marketplace.rules.subscriptions"

local M = {}

local DONE = "[DONE]"                            -- what ends streams that look like OpenAI's
local NAMES = { error = "tool_error", usage = "tool_usage" }   -- which are ours
local MESSAGES = { malformed = "The tool's answer is not JSON", broken = "The tool's answer was cut short",
                   ["end"] = "The tool's answer is empty" }

local function ms_since(at) return math.floor((task.clock() - at) * 1000) end

-- An event's name, as the caller sees it; a text that no stream may have as a name is none.
local function shown(name)
  if not name or #name > 100 or name:find "%c" then return nil end
  return NAMES[name] or name
end

-- One event: {events, waited_ms, first_ms} are noted, and `why`, when nothing more is to be read.
local function pass_on(run, name, text)
  if run.why then return end
  if text == DONE then
    run.why = "end"
    return
  end
  local output = proxy.output_of(text)
  if not output then
    run.why = "malformed"
    return
  end
  run.out = run.out or run.caller.open()
  run.first_ms = run.first_ms or ms_since(run.begun)
  local at = task.clock()
  local is_sent = run.out:event(shown(name), output)
  run.waited_ms = run.waited_ms + ms_since(at)
  if is_sent then run.events = run.events + 1 else run.why = "left" end
end

-- Reads the answer; the reader may find out, too, why it ends.
local function read(run, request)
  local reader
  request.on_chunk = function(bytes, head)
    reader = reader or events.reader(head.headers["content-type"], function(...) pass_on(run, ...) end)
    local ok, why = reader.feed(bytes)
    if not ok then run.why = run.why or why end
    return run.why == nil
  end
  local answer, err = fetch(request)
  if answer and reader and not run.why then reader.finish() end
  return answer, err
end

local FETCH = { timeout = "timeout", too_large = "too_large" }

-- What has become of it: {outcome, counts, code, message}.
local function verdict(run, answer, err)
  if not run.why and run.events == 0 then
    if not answer then return proxy.failure(err) end
    if answer.status < 200 or answer.status >= 300 then return proxy.refusal(answer.status) end
  end
  local why = run.why or (answer and "end") or FETCH[err.code] or "broken"
  local ended = limits.ended { why = why, events = run.events, waited_ms = run.waited_ms }
  ended.message = ended.code and MESSAGES[why]
  return ended
end

local function settle(run, call, ended)
  local latency_ms = ms_since(run.begun)
  if ended.counts then return quotas.succeed(call, latency_ms, run.first_ms), latency_ms end
  quotas.give_back(call, ended.outcome, latency_ms, run.first_ms)
  return false, latency_ms
end

--- A call: {subscription_id, input (JSON of an object)}.  caller: {open() (a stream of human.api), is_gone()}; the
--- stream is opened with the first event.  Returns it, and how the period is used, as marketplace.proxy does, with
--- first_event_ms.
function M.call(actor, asked, caller)
  local s = proxy.admitted(actor, asked.subscription_id)
  local timeout_ms = proxy.timeout_ms(s)
  local request = proxy.request(s, asked.input, limits.whole_ms)
  request.headers.Accept, request.max_bytes = events.ACCEPT, limits.bytes
  request.first_byte_s, request.idle_s = timeout_ms / 1000, limits.idle_ms / 1000
  local call = quotas.reserve(s, limits.whole_ms)
  local run = { caller = caller, begun = task.clock(), events = 0, waited_ms = 0 }
  request.headers["X-Call-Id"] = call.id
  local ok, answer, err = pcall(read, run, request)
  if not ok then run.why = caller.is_gone() and "left" or "cut" end
  local ended = verdict(run, answer, err)
  local is_paid, latency_ms = settle(run, call, ended)
  if not ok then error(answer, 0) end
  if ended.code then fail.throw(ended.code, ended.message and { message = ended.message } or nil) end
  if not is_paid and run.why ~= "left" then fail.throw "upstream_timeout" end
  return run.out, { calls = call.calls, included_calls = call.included_calls, latency_ms = latency_ms,
                    first_event_ms = run.first_ms, is_overage = call.is_overage == true }
end

M.timeout_s = (limits.whole_ms + rules.settle_margin_ms) / 1000

return M
