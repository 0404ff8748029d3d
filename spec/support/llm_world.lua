-- spec/support/llm_world.lua -- a world for human.llm: scripted servers, and a clock that advances when
-- a task waits.

local plain_host = require "plain_host"

local M = {}

local NAMES = { "db", "fetch", "scripts.generation", "core.host", "id", "log", "metrics", "core.sched", "json",
                "llm.tokens", "llm.learned", "scripts.settings",
                "llm.books", "llm.choice", "llm.server", "llm.answer", "llm.stream", "llm" }

--- The answer that `provider` makes of the pieces of a stream: result or nil, err; and the deltas.
function M.read(provider, pieces, content_type)
  if not package.loaded["human.core.host"] then plain_host.install() end
  local stream = require "human.llm.stream"
  local deltas = {}
  local out = stream.collector(function(text) deltas[#deltas + 1] = text end)
  local feed, close = stream.reader(provider, out, content_type or "text/event-stream")
  for _, piece in ipairs(pieces) do
    if feed(piece) == false then break end
  end
  close()
  local result, err = out:result()
  return result, err, deltas
end

--- All the ways to cut a text in two, and one byte at a time.
function M.splits(text)
  local list, single = {}, {}
  for at = 1, #text - 1 do list[at] = { text:sub(1, at), text:sub(at + 1) } end
  for at = 1, #text do single[at] = text:sub(at, at) end
  list[#list + 1] = single
  return list
end

local function fake_sched(world)
  local sched = { Canceled = setmetatable({}, { __tostring = function() return "canceled" end }) }
  world.task = {}
  function sched.current() return world.task end
  function sched.sleep(s)
    world.slept[#world.slept + 1] = s
    world.clock = world.clock + s
  end
  function sched.spawn(fn, ...) fn(...) end
  return sched
end

-- A scripted reply: {status, headers, chunks, body, takes = seconds, err = {code, message}, raise = v}.
local function fake_fetch(world)
  return function(request)
    world.requests[#world.requests + 1] = request
    if world.on_request then world.on_request() end
    local reply = table.remove(world.replies, 1) or error("no reply is left", 0)
    world.clock = world.clock + math.min(reply.takes or 0, request.timeout_s)
    if (reply.takes or 0) > request.timeout_s then return nil, { code = "timeout", message = "too slow" } end
    local head = { status = reply.status or 200, headers = reply.headers or {} }
    if head.status == 200 then
      for _, chunk in ipairs(reply.chunks or {}) do
        if request.on_chunk(chunk, head) == false then break end
      end
    end
    if reply.raise then error(reply.raise, 0) end
    if reply.err then return nil, reply.err end
    return { status = head.status, headers = head.headers, body = reply.body or "" }
  end
end

local function fake_host(world)
  local host = plain_host.new { llm = world.conf }
  function host.clock() return world.clock end
  function host.time() return world.time end
  function host.random(n) return ("\0"):rep(n) end
  function host.secret_set(name) return world.secrets[name] == true end
  return host
end

local function fake_db(world)
  return { exec = function(sql, ...)
    if world.db_error then error(world.db_error, 0) end
    local v = { ... }
    if sql:find("'open'", 1, true) and not sql:find("do update", 1, true) then
      world.opened[#world.opened + 1] = { id = v[1], ref = v[2], provider = v[3], model = v[4], input_tokens = v[5],
        cost_micros = v[6] }
      return
    end
    world.calls[#world.calls + 1] = {
      id = v[1], ref = v[2], provider = v[3], model = v[4], status = v[5], error_code = v[6], attempts = v[7],
      input_tokens = v[8], output_tokens = v[9], estimated = v[10], cost_micros = v[11],
      duration_ms = v[12],
    }
  end }
end

local function silent_log(world)
  local function note(text) world.log[#world.log + 1] = text end
  return { info = note, warn = note, error = note }
end

local function defaults(conf)
  local all = {
    provider = "auto", model = "", base_url = "", fallback_provider = "", fallback_model = "",
    timeout_ms = 60000, max_retries = 3, ollama_host = "",
  }
  for name, value in pairs(conf or {}) do all[name] = value end
  return all
end

-- Answers by rule, at once.
local offline = { name = "offline", answer = function(_, _, out)
  out:text "by rule"
  out:stop "stop"
end }

--- The shipped providers, with models and prices of the specs' own.
function M.registry()
  local r = {
    order = { "openai", "anthropic", "gemini", "ollama" }, providers = { offline = offline },
    models = { openai = "gpt-4o-mini", anthropic = "a-1", gemini = "g-1", ollama = "l-1", offline = "offline" },
    prices = { openai = { ["gpt-4o-mini"] = { 150000, 600000 } }, offline = { ["*"] = { 0, 0 } } },
  }
  for _, name in ipairs(r.order) do r.providers[name] = require("agent.providers." .. name) end
  for name, preset in pairs(require "agent.providers.presets") do r.providers[name] = preset end
  return r
end

--- Events as OpenAI's dialect sends them.
function M.sse(...) return "data: " .. table.concat({ ... }, "\n\ndata: ") .. "\n\n" end

--- "Hello" with 1000 tokens in and 100 out, whole.
function M.ok()
  return { chunks = { M.sse([[{"choices":[{"delta":{"content":"Hello"}}]}]],
    [[{"choices":[{"delta":{},"finish_reason":"stop"}]}]],
    [[{"choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":100}}]], "[DONE]") } }
end

--- An answer with an error status.
function M.refused(status, headers) return { status = status, headers = headers, body = '{"error":"no"}' } end

--- Asks the llm of a world; `more` adds to the request.
function M.ask(world, more)
  local req = { messages = { { role = "user", content = "Hi!!" } }, ref = "run-1" }
  for key, value in pairs(more or {}) do req[key] = value end
  return world.llm.chat(req)
end

--- A world with an llm of its own.  options: conf (llm.*), secrets ({name = true}), replies, registry.
function M.new(options)
  local world = {
    conf = defaults(options.conf), secrets = options.secrets or {}, replies = options.replies or {},
    requests = {}, slept = {}, calls = {}, opened = {}, log = {}, clock = 1000, time = 1764237600,
  }
  local generation, saved, fakes = {}, {}, {}
  local sched, fake = fake_sched(world), fake_host(world)
  fakes["core.sched"], fakes.fetch, fakes["core.host"] = sched, fake_fetch(world), fake
  fakes.db, fakes.log = fake_db(world), silent_log(world)
  fakes["scripts.generation"] = { building = function() return generation end, current = function() return generation end }
  fakes.id = { new = function() return "c1" end }
  for _, name in ipairs(NAMES) do
    saved[name] = package.loaded["human." .. name]
    package.loaded["human." .. name] = fakes[name]
  end
  local ok, llm = pcall(require, "human.llm")
  for _, name in ipairs(NAMES) do package.loaded["human." .. name] = saved[name] end
  if not ok then error(llm, 2) end
  world.llm, world.host, world.Canceled = llm, fake, sched.Canceled
  llm.register(options.registry or M.registry())
  return world
end

return M
