-- host/lua/cli/new_templates.lua -- the templates of `human new`.  NAME is replaced by the given name,
-- AREA by the folder of a rule; each is short, correct, and passes its own spec.

local M = {}

M.rule = [==[
-- AREA/rules/NAME.lua -- may this be done once more today?
-- A rule is a pure function of facts: no clock, no chance, no database.  The server runs the examples
-- below at every load; an edit that breaks one is refused before it serves.  A handler asks it by
-- ctx:rule("NAME.decide", { count = 3 }).
--% version: 1
--% host: >= 1

local M = {
  per_day = 20,                    -- what an operator is most likely to change
}

-- What it answers: checked each time.
M.returns = { per_day = "integer 0..", decide = "verdict" }

-- facts: {count = how often it was done today}.  deny() names a code of an errors.lua.
function M.decide(facts)
  if facts.count < M.per_day then return allow() end
  return deny("rate_limited", { per_day = M.per_day })
end

-- In terms of the number above, so that they stay true when it is changed.
M.examples = {
  { "decide", { count = 0 }, expect = "allow" },
  { "decide", { count = M.per_day - 1 }, expect = "allow" },
  { "decide", { count = M.per_day }, expect = "rate_limited" },
}

return M
]==]

M.rule_spec = [==[
-- AREA/rules/NAME_spec.lua -- run it with `human test`; it needs neither a server nor a database.

local rule = require "AREA.rules.NAME"

describe("the rule NAME", function()
  it("allows until the day's number is reached", function()
    for count = 0, rule.per_day - 1 do
      assert.equal("allow", tostring(rule.decide { count = count }), count)
    end
  end)

  it("denies from then on, with a code and the number", function()
    local verdict = rule.decide { count = rule.per_day }
    assert.equal("rate_limited", tostring(verdict))
    assert.same({ per_day = rule.per_day }, verdict.data)
  end)
end)
]==]

M.route = [==[
-- api/local/NAME.lua -- GET /api/local/NAME: a greeting.
-- What comes in and goes out is declared: the server checks it, documents it (/openapi.json) and refuses
-- the rest.  auth = "agent_key" instead of false asks for a user's API key; ctx.actor is that user.
--% host: >= 1

local api = require "human.api"
local s = require "human.schema"

local M = {}

local g = api.group { tag = "Local", base = "/api/local", auth = false }

g:get("/NAME", {
  summary = "Greet somebody",
  query = s.object { name = s.string { min = 1, max = 100 }:default("world") },
  reply = { [200] = s.object { greeting = s.string } },
  errors = { "validation_error", "rate_limited" },
  limit = { rate = 50, burst = 100 },
}, function(ctx)
  return 200, { greeting = "Hello, " .. ctx.query.name .. "!" }
end)

return M
]==]

M.route_spec = [==[
-- api/local/NAME_spec.lua -- run it with `human test`; it needs neither a server nor a database.

local spec = require "human.spec"

describe("GET /api/local/NAME", function()
  local server
  setup(function() server = spec.serve() end)

  it("greets whoever is named", function()
    local answer = server:get "/api/local/NAME?name=Ann"
    assert.equal(200, answer.status)
    assert.equal("Hello, Ann!", answer.json.greeting)
    assert.equal("Hello, world!", server:get("/api/local/NAME").json.greeting)
  end)

  it("refuses what it does not expect", function()
    assert.equal(400, server:get("/api/local/NAME?name=").status)
    assert.equal(400, server:get("/api/local/NAME?color=red").status)
    assert.equal(405, server:post("/api/local/NAME", {}).status)
  end)
end)
]==]

M.channel = [==[
-- api/local/NAME.lua -- POST /api/local/NAME/{id}: messages of a chat platform.
-- They go to the agent with that id.  The platform signs each body with a secret that it shares with
-- us: HMAC-SHA-256, sent as "X-Signature: sha256=<hex>".  Set it in the server's environment as
-- HUMAN_SECRET_UPPER; without it everything is refused.
-- A message that is sent twice is stored once, by its id.
-- Change `Message` and `event_of` to what your platform sends.  The agent's answers are in its log
-- (GET /api/agents/{id}/events) and on its socket.
--% host: >= 1

local api = require "human.api"
local crypto = require "human.crypto"
local json = require "human.json"
local s = require "human.schema"
local agents = require "agent.agents"
local events = require "agent.events"
local mailbox = require "agent.mailbox"
local turn = require "agent.turn"

local M = {}

local SECRET = "NAME"
local short = s.string { min = 1, max = 200 }
local Message = s.object({
  id = short, text = s.string { min = 1, max = 16000 }, sent_at = s.time,
  from = s.object({ id = short, name = short }, { extra = "drop" }),
}, { extra = "drop" })
local read_message = s.reader(Message)

-- Of the bytes as they came: a body that was decoded and encoded again has another signature.
local function is_signed(body, signature)
  local expected = crypto.secret_hmac_hex(SECRET, body)
  return expected ~= nil and signature ~= nil and crypto.equal(signature:lower(), "sha256=" .. expected)
end

-- A message of the platform as an event that agents understand (agent.events).
local function event_of(m)
  return { type = "new-message", content = { message = {
    id = m.id, content = m.text, type = "message", createdAt = m.sent_at,
    participant = { id = m.from.id, nickname = m.from.name },
  } } }
end

local g = api.group { tag = "Local", base = "/api/local", auth = false }

g:post("/NAME/{id}", {
  summary = "A message of the platform NAME for an agent",
  params = { id = s.id },
  headers = { ["x-signature"] = s.string { max = 200 }:optional() },
  body = s.raw("application/json", { max = 65536 }),
  reply = { [202] = s.object { eventId = s.id, duplicate = s.bool:optional() } },
  errors = { "unauthorized", "validation_error", "invalid_event", "agent_not_found", "mailbox_full" },
  limit = { rate = 50, burst = 100 },
  idempotent = false,              -- the message's id is what tells repeats
}, function(ctx, body)
  if not is_signed(body, ctx.headers["x-signature"]) then ctx:fail "unauthorized" end
  local value, wrong = json.decode(body)
  if value == nil then ctx:fail("validation_error", { details = { { path = "body", message = wrong } } }) end
  local message, details = read_message(value)
  if not message then ctx:fail("validation_error", { details = details }) end
  local event, err = events.parse(event_of(message))
  if not event then ctx:fail(err.code, { message = err.message, details = err.details }) end
  local agent_id = ctx.params.id
  local stored = mailbox.post(agents.owner(agent_id), agent_id, event)
  turn.wake(agent_id)
  return 202, { eventId = stored.id, duplicate = stored.duplicate }
end)

return M
]==]

M.channel_spec = [==[
-- api/local/NAME_spec.lua -- run it with `human test`, which makes a database for the second half.

local crypto = require "human.crypto"
local json = require "human.json"
local spec = require "human.spec"

local SECRET = "a secret of this spec"
local MESSAGE = { id = "m1", text = "Good morning", sent_at = "2025-01-01T08:00:00Z",
                  from = { id = "u1", name = "Ann" } }
local NOBODY = "c000000000000000000000000"

local server

-- Sends a body, signed unless a signature is given.
local function send(agent_id, body, signature)
  return server:request {
    method = "POST", path = "/api/local/NAME/" .. agent_id, body = body,
    headers = { ["content-type"] = "application/json",
                ["x-signature"] = signature or "sha256=" .. crypto.hmac_sha256_hex(SECRET, body) },
  }
end

describe("POST /api/local/NAME/{id}", function()
  setup(function()
    spec.secret("NAME", SECRET)
    server = spec.serve()
  end)

  it("refuses what the platform did not sign", function()
    local body = json.encode(MESSAGE)
    local other = "sha256=" .. crypto.hmac_sha256_hex("another secret", body)
    local of_other_body = "sha256=" .. crypto.hmac_sha256_hex(SECRET, body .. " ")
    for _, signature in ipairs { "x", "sha256=", other, of_other_body } do
      assert.equal(401, send(NOBODY, body, signature).status, signature)
    end
    local unsigned = server:post("/api/local/NAME/" .. NOBODY, MESSAGE)
    assert.equal(401, unsigned.status)
  end)

  it("refuses what it does not understand, although it is signed", function()
    for _, body in ipairs { "{", "[]", "{}", '{"id":"m1","text":"hi"}' } do
      assert.equal(400, send(NOBODY, body).status, body)
    end
  end)
end)

describe("a message of the platform NAME", function()
  local agent_id, key

  local function made(path, value, headers)
    local answer = server:post(path, value, headers)
    assert.equal(201, answer.status, answer.body)
    return answer.json
  end

  setup(function()
    spec.secret("NAME", SECRET)
    server = spec.serve { database = true }
    local user = made("/api/users", { email = "ann@example.org", name = "Ann" })
    key = made("/api/users/" .. user.id .. "/api-keys", { name = "spec" }).key
    local kind = made("/api/agent-types", { name = "spec-type" })
    agent_id = made("/api/agents", { name = "Bot", agentTypeId = kind.id }, { ["x-api-key"] = key }).id
  end)

  it("is stored in the log of its agent, once", function()
    local first, again = send(agent_id, json.encode(MESSAGE)), send(agent_id, json.encode(MESSAGE))
    assert.equal(202, first.status, first.body)
    assert.equal(first.json.eventId, again.json.eventId)
    local log = server:get("/api/agents/" .. agent_id .. "/events", { ["x-api-key"] = key })
    assert.truthy(log.body:find(first.json.eventId, 1, true), log.body)
  end)

  it("for an agent that does not exist is refused", function()
    assert.equal(404, send(NOBODY, json.encode(MESSAGE)).status)
  end)
end)
]==]

return M
