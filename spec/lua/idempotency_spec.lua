-- spec/lua/idempotency_spec.lua -- which requests use their Idempotency-Key, and which answers are stored.
-- The table is one row in memory; what only PostgreSQL can prove is in spec/scripts/api.

local fake_host = require "fake_host"

local SCRIPT = [[
local api, s, task = require "human.api", require "human.schema", require "human.task"
local seen = require("human.state").table "idempotency"
api.auth("key", { type = "apiKey", header = "X-API-Key" }, function(_, token)
  return { id = token, kind = token == "anybody" and "public" or nil }
end)
local g = api.group { base = "/api", auth = "key", shape = "agent" }
local reply = { [201] = s.object { n = s.int }, [204] = false, [503] = s.object { n = s.int } }
local function count() seen.n = (seen.n or 0) + 1 return seen.n end
local function spec(more)
  local out = { summary = "x", reply = reply, body = s.object { as = s.string }:optional(),
                errors = { "conflict", "rate_limited", "database_unavailable" } }
  for k, v in pairs(more or {}) do out[k] = v end
  return out
end
local ways = {
  fine = function() return 201, { n = count() }, { location = "/things/1" } end,
  empty = function() count() return 204 end,
  busy = function() return 503, { n = count() } end,
  bug = function() count() error "oops" end,
  undeclared = function() count() return 299, {} end,
  misfit = function() count() return 201, {} end,
  slow = function() count() task.sleep(60) return 201, { n = 0 } end,
  greedy = function(ctx) count() for _ = 1, 1001 do ctx.db.exec "select 1" end end,
  stream = function(ctx) count() ctx:stream():event("a", "b") end,
}
for _, code in ipairs { "conflict", "rate_limited", "database_unavailable" } do
  ways[code] = function(ctx) count() ctx:fail(code) end
end
local function fn(_, body) return ways[body and body.as or "fine"] end
local function run(ctx, body) return fn(ctx, body)(ctx) end
g:post("/things/{id}", spec(), run)
g:post("/others/{id}", spec(), run)
g:post("/quits", spec { abort = true }, run)
g:post("/secrets", spec { idempotent = false }, run)
g:post("/public", spec { auth = false }, run)
g:post("/signup", spec { auth = false, idempotent = true }, run)
g:put("/things/{id}", spec(), run)
g:stream("/events", { summary = "x", method = "POST" }, function(ctx) count() ctx:stream() end)
return {}
]]

describe("an Idempotency-Key", function()
  local app, sql, row, claims, n

  before_each(function()
    app = fake_host.start()
    app:load { ["api/agent/things.lua"] = SCRIPT }
    sql, row, claims = require("human.idempotency").sql, nil, {}
    n = require("human.state").table "idempotency"
    n.n = 0
    app.on_query = function(text, p)
      if text == sql.first then
        claims[#claims + 1] = { scope = p[1], key = p[2] }
        if not row then return { { is_mine = true } } end
        return { { is_mine = row.status ~= nil, fingerprint = row.fingerprint, status = row.status, headers = row.headers,
                   body = row.body, is_lost = row.body == nil } }
      end
      if text == sql.answer then
        row = { fingerprint = p[3], status = p[4], headers = p[5], body = p[6] and app.host.unbase64(p[6]) }
      end
      if text == sql.leave then
        claims[#claims + 1] = { lease_s = p[5] }
        row = { fingerprint = p[3], owner = p[4] }
      end
      if text == sql.release then row = nil end
      if text == sql.store then row.owner, row.status, row.headers, row.body = nil, p[4], p[5], p[6] and app.host.unbase64(p[6]) end
      return { n = 1 }
    end
  end)
  after_each(function() app:stop() end)

  local function send(path, as, o)
    o = o or {}
    o.method, o.path, o.json = o.method or "POST", path, as and { as = as }
    o.headers = { ["x-api-key"] = o.actor or "u1", ["idempotency-key"] = o.key or "k" }
    return app:request(o)
  end

  it("gives a repeat the first answer, in all its parts", function()
    local first, again = send "/api/things/1", send "/api/things/1"
    assert.same({ 201, 1, 1 }, { first.status, first.json.n, n.n })
    assert.same({ 201, first.body, "/things/1", "true" },
      { again.status, again.body, again.headers.location, again.headers["idempotent-replayed"] })
    assert.equal(first.headers["content-type"], again.headers["content-type"])
    assert.is_nil(first.headers["idempotent-replayed"])
    assert.not_equal(first.headers["x-request-id"], again.headers["x-request-id"])
  end)

  for as, status in pairs { empty = 204, conflict = 409 } do
    it("keeps the answer " .. status, function()
      local first, again = send("/api/things/1", as), send("/api/things/1", as)
      assert.same({ status, status, first.body, 1 }, { first.status, again.status, again.body, n.n })
    end)
  end

  for as, status in pairs { busy = 503, bug = 500, undeclared = 500, misfit = 500, greedy = 500, rate_limited = 429, database_unavailable = 503 } do
    it("comes free again when the answer is " .. status .. " (" .. as .. ")", function()
      assert.same({ status, nil }, { send("/api/things/1", as).status, row })
      assert.equal(status, send("/api/things/1", as).status)
      assert.equal(2, n.n)
    end)
  end

  it("comes free again when the request took too long, or became a stream", function()
    send("/api/things/1", "slow")
    assert.is_table(row)
    app:advance(31)
    assert.is_nil(row)
    assert.equal("event: a\ndata: b\n\n", send("/api/things/1", "stream").body)
    assert.is_nil(row)
  end)

  it("comes free again when the client left and the request ended with it", function()
    local request = app:send { method = "POST", path = "/api/quits", json = { as = "slow" },
                               headers = { ["x-api-key"] = "u1", ["idempotency-key"] = "k" } }
    assert.is_table(row)
    app:abort(request)
    assert.is_nil(row)
  end)

  it("is refused for another request", function()
    send("/api/things/1?x=1", "empty")
    for path, as in pairs { ["/api/things/2?x=1"] = "empty", ["/api/things/1?x=2"] = "empty", ["/api/things/1?x=1"] = "fine" } do
      local a = send(path, as)
      assert.same({ 422, "idempotency_key_reused" }, { a.status, a.json.code })
    end
  end)

  it("says when the first is still at work, or its answer is lost", function()
    send("/api/things/1", "slow")
    local a = send("/api/things/1", "slow")
    assert.same({ 409, "idempotency_in_progress", "1" }, { a.status, a.json.code, a.headers["retry-after"] })
    row.status = 201
    assert.equal("idempotency_answer_lost", send("/api/things/1", "slow").json.code)
  end)

  it("is the actor's and the route's own, and asked for longer than the request may take", function()
    for _, c in ipairs { { "/api/things/1", "u1" }, { "/api/things/1", "u2" }, { "/api/others/1", "u1" }, { "/api/signup", "u1" },
                        { "/api/things/1", "anybody" } } do
      send(c[1], "empty", { actor = c[2] })
      row = nil
    end
    local scopes = {}
    for i, c in ipairs(claims) do scopes[i] = c.scope end
    assert.same({ "u1 POST /api/things/{id}", "u2 POST /api/things/{id}", "u1 POST /api/others/{id}",
                  "public 127.0.0.1 POST /api/signup", "public 127.0.0.1 POST /api/things/{id}" }, scopes)
    send("/api/things/1", "slow")
    assert.equal(60, claims[#claims].lease_s)
  end)

  it("does nothing where answers are secret, callers unknown, or requests repeatable by nature", function()
    for path, method in pairs { ["/api/secrets"] = "POST", ["/api/public"] = "POST", ["/api/things/1"] = "PUT", ["/api/events"] = "POST" } do
      send(path, nil, { method = method })
    end
    assert.same({ {}, 4 }, { claims, n.n })
    app:request { method = "POST", path = "/api/things/1", headers = { ["x-api-key"] = "u1" } }
    assert.same({}, claims)
  end)

  it("that is malformed is named", function()
    local a = send("/api/things/1", nil, { key = "a b" })
    assert.same({ 400, "validation_error", "Idempotency-Key", 0 }, { a.status, a.json.code, a.json.details[1].path, n.n })
  end)

  it("is no business of requests that are refused before they begin", function()
    assert.equal(400, send("/api/things/1", nil, { body = "{" }).status)
    assert.same({}, claims)
  end)
end)
