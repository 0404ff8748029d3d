-- spec/scripts/api/idempotency_spec.lua -- repeats of a request against a real PostgreSQL, through real
-- connections: who is first, who waits, and what happens when the first one dies.

local db = require "human.db"
local gen = require "human.scripts.generation"
local id = require "human.id"
local idempotency = require "human.idempotency"
local json = require "human.json"
local sched = require "human.core.sched"
local wire = require "wire"

describe("a repeated request", function()
  local scripts, user, secret, key

  setup(function()
    require("human.pg.migrate").run()
    db.open()
    scripts = gen.build(1)
    gen.install(scripts)
    wire.serve(function(...) require("human.http.request").on_request(...) end)
  end)
  teardown(function() wire.serve(nil) end)

  before_each(function()
    user = scripts.loaded["agent.users"].create { email = id.new() .. "@example.com" }
    secret = scripts.loaded["agent.keys"].create(user.id, { name = "spec" }).key
    key = id.new()
  end)
  after_each(function()
    scripts.loaded["agent.users"].delete(user.id)
    db.exec("delete from idempotency_keys where scope like $1", user.id .. " %")
  end)

  local function open(path, body)
    local text = json.encode(body)
    return wire.open(("POST %s HTTP/1.1\r\nHost: localhost\r\nX-API-Key: %s\r\nIdempotency-Key: %s\r\nContent-Type: "
      .. "application/json\r\nContent-Length: %d\r\n\r\n%s"):format(path, secret, key, #text, text))
  end

  local function answer(client)
    local status, head, body = client:answer()
    client:close()
    return { status = status, json = body ~= "" and json.decode(body) or nil, body = body,
             replayed = head:find("\r\nidempotent-replayed: true\r\n", 1, true) ~= nil,
             retry_after = head:match "\r\nretry%-after: (%d+)" }
  end

  local function post(name) return answer(open("/api/personalities", { name = name or "Coach" })) end
  local function made() return db.value("select count(*) from personalities where user_id = $1", user.id) end
  local function set(assignment)
    return db.exec("update idempotency_keys set " .. assignment .. " where key = $1", key)
  end

  local function until_one_waits(tx)
    for _ = 1, 6000 do
      if tx:value "select count(*) from pg_locks where locktype = 'advisory' and objsubid = 1" > 0 then return end
      sched.sleep(0.005)
    end
    error "nobody is at work on it"
  end

  it("is carried out once, however many come at the same time", function()
    local clients, first, refused = {}, nil, 0
    local answers = {}
    db.tx(function(tx)
      tx:exec "lock table personalities in share mode"         -- whoever is first waits, and the others meet it
      for i = 1, 49 do clients[i] = open("/api/personalities", { name = "Coach" }) end
      until_one_waits(tx)
      answers[50] = answer(open("/api/personalities", { name = "Coach" }))
    end)
    for i, client in ipairs(clients) do answers[i] = answer(client) end
    for _, a in ipairs(answers) do
      if a.status == 201 and not a.replayed then
        assert.is_nil(first)
        first = a
      end
    end
    for _, a in ipairs(answers) do
      if a.status == 409 then
        refused = refused + 1
        assert.same({ "idempotency_in_progress", "1" }, { a.json.code, a.retry_after })
      else
        assert.same({ 201, first.body }, { a.status, a.body })
      end
    end
    assert.same({ 409, true }, { answers[50].status, refused > 0 })
    assert.same({ 1, first.body, true }, { made(), post().body, post().replayed })
  end)

  it("gets the refusal that the first one got, even when the reason is gone", function()
    local function create() return answer(open("/api/users", { email = user.email })) end
    local first = create()
    assert.same({ 409, "email_taken", false }, { first.status, first.json.code, first.replayed })
    db.exec("update users set email = $2 where id = $1", user.id, id.new() .. "@example.com")
    local again = create()
    assert.same({ 409, first.body, true }, { again.status, again.body, again.replayed })
    db.exec("delete from idempotency_keys where key = $1", key)
  end)

  -- What goes wrong after the handler has done its work.
  local bugs = {
    internal = function() error "after the fact" end,
    too_many_operations = function() for _ = 1, 1000 do db.exec "select 1" end end,
  }
  for code, bug in pairs(bugs) do
    it("finds nothing of what came to a bug, and is carried out again: " .. code, function()
      local route
      for _, r in ipairs(gen.current().routes) do if r.title == "POST /api/personalities" then route = r end end
      local fn = route.fn
      route.fn = function(ctx, body)
        fn(ctx, body)
        bug()
      end
      local broken = post()
      route.fn = fn
      assert.same({ 500, code }, { broken.status, broken.json.code })
      assert.equal(0, made())
      local again = post()
      assert.same({ 201, false, 1 }, { again.status, again.replayed, made() })
      assert.equal(422, post("Another").status)
    end)
  end

  it("waits for a first one that is alive, and takes over from one that died", function()
    post()
    set "owner = 'dead', lease_until = now() + interval '50 seconds', status = null, headers = null, body = null"
    assert.equal("idempotency_in_progress", post().json.code)
    assert.equal("idempotency_key_reused", post("Another").json.code)
    set "lease_until = now() - interval '1 second'"
    assert.equal("idempotency_key_reused", post("Another").json.code)
    local a = post()
    assert.same({ 201, false, 2 }, { a.status, a.replayed, made() })
    assert.is_true(post().replayed)
  end)

  local function claim(body)
    local ctx = { req = 0, actor = user, raw_query = body, claim = false, task = {}, id = "r",
                  route = { title = "POST /spec" } }
    return ctx, idempotency.begin(ctx, { title = "POST /spec", timeout_s = 100 }, key)
  end

  it("does not lose the answer to a first one that was only late", function()
    local late = claim()
    assert.is_true(db.value("select lease_until > now() + interval '125 seconds' from idempotency_keys where key = $1", key))
    set "lease_until = now() - interval '1 second'"
    local second = claim()
    idempotency.store(second, 201, "a: 2\r\n", "\0\255second")
    idempotency.store(late, 201, "a: 1\r\n", "late")
    local _, kept = claim()
    assert.same({ 201, "a: 2\r\n", "\0\255second" }, { kept.status, kept.headers, kept.body })
  end)

  it("is begun a few times when each one's worker dies, and then never again", function() -- limit: idempotency attempts
    for _ = 1, 3 do
      assert.is_nil(select(2, claim()))
      set "lease_until = now() - interval '1 second'"
    end
    local ok, err = pcall(claim)
    assert.same({ false, "idempotency_answer_lost" }, { ok, err.code })
    assert.matches("never came to its end", err.message)
    set "created_at = now() - interval '24 hours'"
    assert.is_nil(select(2, claim()))
    assert.equal(1, db.value("select attempts from idempotency_keys where key = $1", key))
  end)

  it("is told when the answer was too large to keep", function()
    idempotency.store(claim(), 200, "", ("x"):rep(1024 * 1024 + 1)) -- limit: kept answer
    local _, err = pcall(claim)
    assert.equal("idempotency_answer_lost", err.code)
  end)

  it("is a new request after a day, when all of it is removed in batches", function()
    post()
    db.exec([[insert into idempotency_keys (scope, key, fingerprint, status, headers, created_at)
      select $1 || ' spec', 'k' || n, repeat('0', 64), 200, '', now() - interval '25 hours' from generate_series(1, 2500) n]], user.id)
    set "created_at = now() - interval '24 hours'"
    local a = post("Another")
    assert.same({ 201, false, 2 }, { a.status, a.replayed, made() })
    assert.is_true(idempotency.sweep() >= 2500)
    assert.equal(1, db.value("select count(*) from idempotency_keys where scope like $1", user.id .. " %"))
    assert.equal("api.idempotency.sweep", scripts.jobs["idempotency.sweep"].path)
  end)
end)
