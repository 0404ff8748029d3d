-- spec/host/db_spec.lua -- the boundary to PostgreSQL: leases, pipelines, limits, broken connections.

local bus = require "human.bus"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"
local timer = require "human.core.timer"
local E = host.E

-- Arms a query: op id or an error.
local function start(lease, sql, timeout_s, ...)
  local list = { select("#", ...), ... }
  return host.db_query(sched.owner(), lease, sql, host.pack(list), timeout_s)
end

local function result(op)
  local status, data = sched.await(op)
  return status, data ~= "" and host.unpack(data) or nil
end

local function query(lease, sql, ...) return result(start(lease, sql, 0, ...)) end

local function acquire(timeout_s)
  local lease = host.db_acquire(sched.owner(), timeout_s or 0)
  return lease, (sched.await(lease))
end

local function value(sql, ...)
  local status, data = query(0, sql, ...)
  assert.equal(0, status, data and data.message)
  local _, v = next(data.rows[1])
  return v
end

-- Runs fn(i) for i = 1 .. n side by side and waits for all of them.
local function together(n, fn)
  local me, left, failed = sched.current(), n, nil
  local function hook(_, err)
    left, failed = left - 1, failed or err
    if left == 0 then sched.wake(me) end
  end
  for i = 1, n do sched.spawn_as({ on_finish = hook }, fn, i) end
  if left > 0 then sched.suspend() end
  if failed then error(failed, 0) end
end

-- Whether fn() has come true in time.
local function eventually(fn)
  local limit = host.clock() + 30
  while not fn() do
    if host.clock() > limit then return false end
    sched.sleep(0.01)
  end
  return true
end

describe("the database boundary", function()
  setup(function()
    assert.is_true(eventually(host.db_up))
    query(0, "drop table if exists spec_db")
    query(0, "create table spec_db (id int primary key, v text)")
    query(0, "insert into spec_db select g, 'v' from generate_series(1, 50) g")
  end)
  teardown(function() query(0, "drop table spec_db") end)

  it("packs each type as Lua wants it", function()
    local _, r = query(0, [[select 2::int2 as a, 2147483648 as b, 9007199254740993 as c, 1.5::float4 as d, 1.50 as e,
      '\x00ff'::bytea as f, timestamptz '2025-11-27 10:00:00.1239+02' as g, timestamptz 'infinity' as h,
      '{"a": 1}'::jsonb as i, null as j, false as k, array[1, 2] as l]])
    assert.same({ a = 2, b = 2147483648, c = "9007199254740993", d = 1.5, e = "1.50", f = "\0\255",
                  g = "2025-11-27T08:00:00.123Z", h = "infinity", i = '{"a": 1}', k = false, l = "{1,2}" }, r.rows[1])
    assert.equal("SELECT 1", r.tag)
  end)

  it("has sessions that compile no statement", function()
    assert.equal("off", value "select current_setting('jit')")
  end)

  it("tells what the server refused, by SQLSTATE and constraint", function()
    local status, e = query(0, "insert into spec_db values ($1, 'x')", 1)
    assert.equal(E.DB, status)
    assert.same({ "23505", "spec_db_pkey", "spec_db" }, { e.code, e.constraint, e.table })
    assert.equal("42601", select(2, query(0, "selekt")).code)
  end)

  it("refuses what cannot be right, before anything is sent", function()
    assert.equal(E.INVAL, (query(0, "")))
    assert.equal(E.INVAL, (query(0, "select $1::text", "a\0b")))
    assert.equal(E.INVAL, host.db_query(sched.owner(), 0, "select 1", "no packed table", 0))
    for _, sql in ipairs { "begin", " COMMIT", "Set x = 1", "listen a" } do assert.equal(E.INVAL, (query(0, sql))) end
    assert.equal(E.GONE, host.db_simple(12345, "BEGIN"))
    assert.equal(E.GONE, host.db_release(0, false))
  end)

  it("answers 64 statements at once, each with its own result or error", function()
    together(64, function(i)
      if i % 4 == 0 then
        assert.equal("22012", select(2, query(0, "select 1 / $1::int", 0)).code)
      else
        assert.equal(i, value("select $1::int", i))
      end
    end)
  end)

  it("sends queued statements with the next query, and a refused query does not take them along", function()
    local lease = acquire()
    assert.equal(0, host.db_simple(lease, "BEGIN"))
    assert.equal(E.INVAL, (query(lease, "select $1::text", "\0")))
    query(lease, "update spec_db set v = 'changed' where id = 1")
    host.db_release(lease, false)
    assert.equal("v", value "select v from spec_db where id = 1")
    lease = acquire()
    host.db_simple(lease, "BEGIN")
    host.db_simple(lease, "nonsense")
    assert.equal("42601", select(2, query(lease, "select 1")).code)
    host.db_release(lease, true)
  end)

  it("reports a constraint that fails only at commit", function()
    query(0, "create table spec_db_late (a int unique deferrable initially deferred)")
    query(0, "insert into spec_db_late values (1)")
    local status, e = query(0, "insert into spec_db_late values (1)")
    query(0, "drop table spec_db_late")
    assert.same({ E.DB, "23505" }, { status, e and e.code })
  end)

  it("limits a result to 8 MB", function() -- limit: result bytes
    local status, r = query(0, "select repeat('x', 1000) as x from generate_series(1, 7000)")
    assert.same({ 0, 7000 }, { status, #r.rows })
    assert.equal(E.LIMIT, (query(0, "select repeat('x', 1000) from generate_series(1, 100000)")))
    assert.equal(1, value "select 1")
  end)

  it("ends a statement at its timeout, and the server's statement as well", function() -- limit: database.statement_timeout_ms
    local began = host.clock()
    assert.equal(E.TIMEOUT, (result(start(0, "select pg_sleep(30)", 0.1))))
    assert.is_true(host.clock() - began < 20)
    assert.is_true(eventually(function()
      return value [[select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(30)']] == 0
    end))
  end)

  it("cancels one statement of a shared pipeline and none of the others", function()
    local slow, ended = nil, nil
    sched.spawn(function()
      slow = start(0, "select pg_sleep(20), 'victim'", 0)
      local ok, err = pcall(sched.await, slow)
      ended = not ok and err
    end)
    timer.start(0.02, function() host.cancel(slow) end)
    together(60, function(i) assert.equal(i, value("select $1::int", i)) end)
    assert.is_true(eventually(function() return ended == sched.Canceled end))
  end)

  it("rolls back and resets what a task leaves behind", function()
    local task = sched.spawn(function()
      local lease = acquire()
      host.db_simple(lease, "BEGIN")
      query(lease, "set application_name = 'left behind'")
      query(lease, "update spec_db set v = 'lost' where id = 2")
      query(lease, "select pg_sleep(30)")
    end)
    assert.is_true(eventually(function()
      return value "select count(*) from pg_stat_activity where wait_event = 'PgSleep'" > 0
    end))
    sched.kill(task)
    assert.equal(0, (query(0, "update spec_db set v = 'v' where id = 2 and v = 'v'")))
    assert.equal(0, value "select count(*) from pg_stat_activity where application_name = 'left behind'")
  end)

  it("grants leases in order, keeps one connection free, and times out", function() -- limit: database.lease_timeout_ms
    local held, order = {}, {}
    repeat
      local lease, status = acquire(0.05)
      held[#held + 1] = status == 0 and lease or nil
    until status ~= 0
    assert.is_true(#held >= 1)
    assert.equal(1, value "select 1")
    for i = 1, 3 do
      sched.spawn(function()
        local lease = acquire(60)
        order[#order + 1] = i
        host.db_release(lease, false)
      end)
    end
    for i, lease in ipairs(held) do              -- one at a time: what is done in one turn has no order
      host.db_release(lease, false)
      assert.is_true(eventually(function() return #order >= math.min(i, 3) end))
    end
    assert.is_true(eventually(function() return #order == 3 end))
    assert.same({ 1, 2, 3 }, order)
  end)

  it("prepares again when a table has changed below a statement", function()
    query(0, "create table spec_db_plan (a int)")
    query(0, "insert into spec_db_plan values (1)")
    for _ = 1, 8 do query(0, "select * from spec_db_plan") end
    query(0, "alter table spec_db_plan add b int default 2")
    for _ = 1, 8 do assert.same({ a = 1, b = 2 }, select(2, query(0, "select * from spec_db_plan")).rows[1]) end
    query(0, "drop table spec_db_plan")
  end)

  it("keeps at most 256 prepared statements on a connection", function() -- limit: prepared statements
    local lease = acquire()
    for i = 1, 400 do assert.equal(0, (query(lease, "select " .. i))) end
    local _, r = query(lease, "select count(*) as n from pg_prepared_statements")
    host.db_release(lease, false)
    assert.is_true(r.rows[1].n > 200 and r.rows[1].n <= 256 + 17, tostring(r.rows[1].n))
  end)

  it("loses a lease with its connection, and serves on others", function()
    local lease = acquire()
    local _, r = query(lease, "select pg_backend_pid() as pid")
    local asleep = start(lease, "select pg_sleep(30)", 0)
    assert.is_true(value("select pg_terminate_backend($1::int)", r.rows[1].pid))
    assert.equal(E.DOWN, (result(asleep)))
    assert.equal(E.DOWN, (query(lease, "select 1")))
    assert.equal(0, host.db_release(lease, true))
    assert.equal(1, value "select 1")
  end)

  it("hears notifications, also after its connection was cut", function()
    local heard = {}
    bus.on_runtime("spec.db", function(payload) heard[payload] = true end)
    assert.equal(0, host.db_listen "human")
    local function hears(word)
      return eventually(function()
        query(0, "select pg_notify('human', $1)", json.encode { "spec.db", word })
        return heard[word]
      end)
    end
    assert.is_true(hears "first")
    query(0, "select pg_terminate_backend(pid) from pg_stat_activity where query like 'LISTEN%'")
    assert.is_true(hears "second")
    bus.on_runtime("spec.db", nil)
  end)

  it("comes back by itself when all connections are cut", function()
    query(0, "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'human'")
    assert.is_true(eventually(function()
      return host.db_up() and query(0, "select 1") == 0
    end))
    assert.is_true(eventually(function()
      local status, data = query(0, "select count(*) as n from pg_stat_activity where application_name = 'human'")
      return status == 0 and data.rows[1].n >= host.conf().database.pool
    end))
  end)
end)
