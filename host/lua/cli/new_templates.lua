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
-- gateway/channels/NAME.lua -- the chat platform NAME.
-- Its messages come to POST /webhook/NAME, answers go to its API.
-- The gateway loads the file because it is here, and does the rest: it takes each message once, asks who may talk
-- (gateway/rules/channels.lua), lets the agent answer, and sends that in pieces, in order, again when it must.
-- Change verify, parse, say and said to what your platform does; docs/channels.md has the whole contract.
-- To switch it on: `human secret set NAME_secret`, then
-- `human secret set NAME_token`, and in the settings
--   {"channels": {"NAME": {
--     "secret": "${sealed:NAME_secret}",
--     "token": "${sealed:NAME_token}",
--     "api_base": "https://chat.example", "allow_from": ["*"]}}}
--% host: >= 1

local channel = require "gateway.channel"
local crypto = require "human.crypto"

local SIGNATURE = "x-NAME-signature"             -- "sha256=" and HMAC-SHA-256 of the body, in hex

-- Of the bytes as they came: a body that was decoded and encoded again has another signature.
local function verify(request, account)
  local wanted, given = channel.hmac(account, "secret", request.body), request.headers[SIGNATURE]
  if not wanted then return nil, "not_configured" end
  if not given then return nil, "no_signature" end
  if not crypto.equal("sha256=" .. wanted, given:lower()) then return nil, "bad_signature" end
  return true
end

-- {"id": "m1", "chat": "c1", "group": false, "text": "Hi", "from": {"id": "u1", "name": "Ann"}}.  What is no text or
-- too long is taken care of; an empty list is fine.
local function parse(body)
  return { { id = body.id, kind = "message", chat = body.chat, group = body.group, from = body.from, text = body.text,
             message_id = body.id, to_me = body.mentioned } }
end

-- The request that says one piece; the host fills the token in.
local function say(message, account)
  return {
    url = account.api_base .. "/messages", headers = { Authorization = "Bearer " .. channel.fill(account, "token") },
    json = { chat = message.chat, text = message.text, reply_to = message.reply_to, idempotency_key = message.once },
  }
end

-- What the platform answered.
local function said(response)
  local status, answer = response.status, response.json
  if status < 300 then return { ok = true, id = type(answer) == "table" and answer.id or nil } end
  if status == 429 then return { wait_ms = 1000 * (tonumber(response.headers["retry-after"]) or 5) } end
  if status >= 500 then return { retry = "the platform answers " .. status } end
  return { failed = "the platform refused it with " .. status }
end

return channel.define("NAME", {
  label = "NAME",
  settings = {
    { "secret", secret = true, required = true, text = "what the platform signs its webhooks with" },
    { "token", secret = true, required = true, text = "what its API asks for" },
  },
  signature = SIGNATURE, headers = { SIGNATURE },
  limits = { text = 4000, unit = "characters", chat_ms = 1000, per_s = 20 },
  check = function(account) return account.api_base == "" and "channels.NAME.api_base" or nil end,
  verify = verify, parse = parse, say = say, said = said,
})
]==]

M.channel_spec = [==[
-- gateway/channels/NAME_spec.lua -- run it with `human test`.
-- It needs neither a server nor a database.

local crypto = require "human.crypto"
local spec = require "human.spec"

local BODY = '{"id":"m1","chat":"c1","text":"Good morning","from":{"id":"u1","name":"Ann"}}'

describe("the channel NAME", function()
  local NAME, server
  local secrets = { secret = "NAME", token = "NAME" }
  local account = { name = "main", api_base = "https://chat.example", secrets = secrets }

  setup(function()
    spec.secret("NAME", "a secret of this spec")
    server = spec.serve()
    NAME = spec.script "gateway.channels.NAME"
  end)

  local function verified(signature, body)
    local request = { headers = {}, body = body or BODY }
    request.headers["x-NAME-signature"] = signature
    return NAME.verify(request, account)
  end

  it("believes what the platform signed, and nothing else", function()
    local signature = "sha256=" .. crypto.hmac_sha256_hex("a secret of this spec", BODY)
    assert.is_true(verified(signature))
    assert.same({ nil, "bad_signature" }, { verified(signature, BODY .. " ") })
    assert.same({ nil, "bad_signature" }, { verified "sha256=" })
    assert.same({ nil, "no_signature" }, { verified(nil) })
  end)

  it("is closed until its secrets are set", function()
    assert.equal(401, server:post("/webhook/NAME", { id = "m1" }).status)
  end)

  it("says a piece with the token, which scripts do not see", function()
    local request = NAME.say({ chat = "c1", text = "Hello", once = "p1" }, account)
    assert.equal("https://chat.example/messages", request.url)
    assert.equal("Bearer ${secret:NAME}", request.headers.Authorization)
    assert.same({ chat = "c1", text = "Hello", idempotency_key = "p1" }, request.json)
  end)

  it("knows what came of it", function()
    local function outcome(status, headers)
      return NAME.said { status = status, headers = headers or {} }
    end
    assert.is_true(outcome(200).ok)
    assert.equal(7000, outcome(429, { ["retry-after"] = "7" }).wait_ms)
    assert.is_truthy(outcome(502).retry)
    assert.is_truthy(outcome(403).failed)
  end)
end)
]==]

return M
