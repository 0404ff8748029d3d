-- spec/lua/operations_spec.lua -- routes as operations: which are, what they take, and that a call passes through all that a
-- request passes through.

local fake_host = require "fake_host"
local json = require "human.json"

local SCRIPT = [[
local api, s, task = require "human.api", require "human.schema", require "human.task"
local json, operations = require "human.json", require "human.operations"
local seen = require("human.state").table "operations"
api.auth("key", { type = "apiKey", header = "X-API-Key" }, function(_, token)
  return token ~= "nobody" and { id = token } or nil, "forbidden"
end)
local g = api.group { base = "/api", auth = "key", shape = "agent" }
local function count() seen.n = (seen.n or 0) + 1 return seen.n end
local one = s.object { n = s.int, who = s.string:optional(), q = s.json:optional() }
local name = s.string { max = 5 }

g:get("/things", { summary = "List", description = "All", reply = { [200] = one },
  query = { limit = s.int { min = 1 }:default(20), tags = s.array(s.string):optional() },
}, function(ctx) return 200, { n = ctx.query.limit, who = ctx.actor.id, q = json.encode(ctx.query.tags or {}) } end)
g:post("/things", { summary = "Make", reply = { [201] = one }, errors = { "conflict" }, limit = { rate = 1, burst = 2 },
  body = s.object { name = name, note = s.json:optional() }, query = { dry = s.bool:optional() },
}, function(ctx, body)
  if body.name == "taken" then ctx:fail("conflict", { message = "It is taken" }) end
  if body.name == "bug" then error "the password is secret" end
  if body.name == "sleep" then task.sleep(600) end
  ctx:after(function() seen.after = (seen.after or 0) + 1 end)
  return 201, { n = count(), who = body.name, q = ctx.query.dry and "true" or nil }
end)
g:post("/either", { summary = "One of", reply = { [204] = false }, body = s.one_of {
  s.object { action = s.const "add", name = name }, s.object { action = s.const "drop", id = s.int, name = name },
} }, function() return 204 end)
local open = api.group { base = "/open", auth = false }
open:get("/clock", { summary = "Clock", reply = { [200] = one } }, function() return 200, { n = 1 } end)

g:put("/things/{id}/{part}", { summary = "Change", reply = { [200] = one }, params = { id = s.string { min = 2 } }, query = { n = s.int },
  body = s.object { name = name } }, function(ctx, body)
  return 200, { n = ctx.query.n, who = ctx.params.id .. " " .. ctx.params.part .. " " .. body.name }
end)
g:get("/key", { summary = "x", reply = { [200] = s.object { key = s.string { secret = true } } } }, function() return 200, { key = "k" } end)

-- No operations.
g:get("/raw", { summary = "x", reply = { [200] = s.raw "text/plain" } }, function() return 200, "x" end)
g:post("/form", { summary = "x", body = { ["application/x-www-form-urlencoded"] = s.object { name = name } },
  reply = { [204] = false } }, function() return 204 end)
g:get("/maybe", { summary = "x", events = "some", reply = { [204] = false } }, function() return 204 end)
g:stream("/events", { summary = "x" }, function(ctx) ctx:stream() end)

open:get("/named", { summary = "x", reply = { [200] = s.json } }, function() return 200, json.encode(operations.named "agent") end)
local function find(path, method)
  for _, op in pairs(operations.named "agent") do
    if op.name == path and op.method == method then return op end
  end
  for _, op in ipairs(operations.list "agent") do
    if op.name == path and op.method == method then return op end
  end
end
open:get("/list", { summary = "x", reply = { [200] = s.json } }, function() return 200, json.encode(operations.list "agent") end)
open:post("/call", { summary = "x", reply = { [200] = s.json }, idempotent = false, body = s.object {
  path = s.string, method = s.string, input = s.string, token = s.string:optional(), key = s.string:optional() },
}, function(ctx, body)
  return 200, json.encode(operations.call(ctx, find(body.path, body.method) or {}, json.decode(body.input), body))
end)
return {}
]]

describe("an operation", function()
  local app, seen

  before_each(function()
    app = fake_host.start()
    app:load { ["api/agent/things.lua"] = SCRIPT }
    seen = require("human.state").table "operations"
    seen.n, seen.after = 0, 0
  end)
  after_each(function() app:stop() end)

  local function listed()
    local by = {}
    for _, op in ipairs(app:request({ method = "GET", path = "/open/list" }).json) do by[op.method .. " " .. op.name] = op end
    return by
  end

  local function call(title, input, o)
    local body = { input = type(input) == "string" and input or json.encode(input), token = "u1" }
    body.method, body.path = title:match "^(%u+) (.*)$"
    for name, value in pairs(o or {}) do body[name] = value or nil end
    local answer = app:request { method = "POST", path = "/open/call", json = body }
    local made = answer.json
    if made and made.body and made.body ~= "" then made.value = json.decode(made.body) end
    return made, answer.status
  end

  it("is a route at one path that takes and gives JSON", function()
    local names = {}
    for title in pairs(listed()) do names[#names + 1] = title end
    table.sort(names)
    assert.same({ "GET /api/key", "GET /api/things", "GET /open/clock", "GET /open/list", "GET /open/named", "POST /api/either", "POST /api/things", "POST /open/call" }, names)
    local op = listed()["GET /api/things"]
    assert.same({ "List", "All", { "key" }, false }, { op.summary, op.description, op.auth, op.takes_key })
    assert.same({}, listed()["GET /open/clock"].auth)
    assert.is_true(listed()["POST /api/things"].takes_key)
  end)

  it("takes its query and its body as one object", function()
    local made, either = listed()["POST /api/things"].input, listed()["POST /api/either"].input
    assert.same({ "name" }, made.required)
    assert.is_false(made.additionalProperties)
    assert.same({ "string", 5, "boolean" }, { made.properties.name.type, made.properties.name.maxLength, made.properties.dry.type })
    assert.same({ "action", "name" }, either.required)
    assert.same({ "add", "drop" }, either.properties.action.enum)
    assert.equal("integer", either.properties.id.type)
  end)

  it("has the name that it has in the document, and takes what is in its path, too", function()
    local named = app:request({ method = "GET", path = "/open/named" }).json
    local op = named.putApiThingsByIdByPart
    assert.same({ "/api/things/{id}/{part}", { "id", "n", "name", "part" }, 2 }, { op.name, op.input.required, op.input.properties.id.minLength })
    assert.is_true(named.getApiKey.tells_secret)
    assert.is_false(op.tells_secret)
    local title, input = "PUT /api/things/{id}/{part}", { id = "t1", part = "p", n = 4, name = "a" }
    assert.same({ n = 4, who = "t1 p a" }, call(title, input).value)
    for field, value in pairs { id = "x", part = "a/b", n = "many", name = "too long" } do
      local before = input[field]
      input[field] = value
      assert.same({ 400, field }, { call(title, input).status, call(title, input).details[1].path })
      input[field] = before
    end
    input.part = nil
    assert.same({ 400, "part" }, { call(title, input).status, call(title, input).details[1].path })
    input.part = ("x"):rep(501)
    assert.equal("part", call(title, input).details[1].path)
  end)

  it("is a type of TypeScript", function()
    local text = require("human.http.operation_types").render(require("human.scripts.generation").current())
    assert.truthy(text:find('"putApiThingsByIdByPart": { method: "PUT"; input: { "id": string; "part": string } & { "n": number } '
      .. '& { "name": string }; reply: { "n": number; "q"?: unknown; "who"?: string } };', 1, true), text)
    assert.matches('"postApiEither": { method: "POST"; input: %({ [^}]+ } | { [^}]+ }%); reply: null };', text)
    assert.truthy(text:find("reply: null };", 1, true), text)
  end)

  it("is carried out by its handler, for who has its key", function()
    assert.same({ n = 3, who = "u1", q = { "a" } }, call("GET /api/things", { limit = 3, tags = json.array { "a" } }).value)
    assert.same({ 20, {} }, { call("GET /api/things", {}).value.n, call("GET /api/things", {}).value.q })
    local made = call("POST /api/things", { name = "a", dry = true })
    assert.same({ 201, 1, "a", true }, { made.status, made.value.n, made.value.who, made.value.q })
    assert.equal(1, seen.after)
    assert.same({ 403, "forbidden" }, { call("GET /api/things", {}, { token = "nobody" }).status, call("GET /api/things", {}, { token = "nobody" }).code })
    assert.equal(401, call("GET /api/things", {}, { token = false }).status)
    assert.equal(200, call("GET /open/clock", {}, { token = false }).status)
    assert.equal(204, call("POST /api/either", { action = "add", name = "x" }).status)
  end)

  it("refuses what its route refuses, with the field that is wrong", function()
    for title, inputs in pairs {
      ["POST /api/things"] = { "{}", '{"name":5}', '{"name":"too long"}', '{"name":"a","more":1}', '{"name":null}', '{"name":"a","dry":"maybe"}' },
      ["GET /api/things"] = { '{"limit":0}', '{"nothing":1}', '{"limit":"x"}' }, ["GET /open/clock"] = { '{"x":1}' },
    } do
      for _, input in ipairs(inputs) do
        app.on_rate = function() return true end
        local made = call(title, input)
        assert.same({ 400, "validation_error" }, { made.status, made.code }, input)
        assert.truthy(made.details[1].path)
      end
    end
    local taken = call("POST /api/things", { name = "taken" })
    assert.same({ 409, "conflict", "It is taken" }, { taken.status, taken.code, taken.message })
    assert.equal(0, seen.n)
    assert.equal(0, seen.after)
  end)

  it("has the limit of its route", function()
    app.on_rate = function() return false end
    local made = call("POST /api/things", { name = "a" })
    assert.same({ 429, "rate_limited" }, { made.status, made.code })
  end)

  it("tells nothing of a bug", function()
    local made, status = call("POST /api/things", { name = "bug" })
    assert.same({ 200, 500 }, { status, made.status })
    assert.is_nil(made.body:find("password", 1, true))
  end)

  it("is one of the list", function()
    local _, status = call("GET /api/nothing", {})
    assert.equal(500, status)
  end)

  it("is carried out once for an Idempotency-Key, and not for another input", function()
    local sql, row = require("human.idempotency").sql, nil
    app.on_query = function(text, p)
      if text == sql.first then
        if not row then return { { is_mine = true } } end
        return { { is_mine = true, fingerprint = row.fingerprint, status = row.status, headers = row.headers, body = row.body, is_lost = false } }
      end
      if text == sql.answer then row = { fingerprint = p[3], status = p[4], headers = p[5], body = p[6] and app.host.unbase64(p[6]) } end
      return { n = 1 }
    end
    local first, again = call("POST /api/things", { name = "a" }, { key = "k" }), call("POST /api/things", { name = "a" }, { key = "k" })
    assert.same({ 1, 1, 201, 1 }, { first.value.n, again.value.n, again.status, seen.n })
    local other = call("POST /api/things", { name = "b" }, { key = "k" })
    assert.same({ 422, "idempotency_key_reused" }, { other.status, other.code })
    assert.equal(1, seen.n)
    assert.equal(400, call("POST /api/things", { name = "a" }, { key = "no key" }).status)
  end)
end)
