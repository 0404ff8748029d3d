-- spec/host/tx_spec.lua -- human.db against a real PostgreSQL: statements, transactions, races.

local db = require "human.db"
local fail = require "human.fail"
local sched = require "human.core.sched"

local LOSE = [[do $$ begin raise exception 'lost' using errcode = '40001'; end $$]]

-- Runs the functions as tasks side by side and waits for all.
local function together(...)
  local me, left, errors = sched.current(), select("#", ...), {}
  local function hook(_, err)
    errors[#errors + 1] = err
    left = left - 1
    if left == 0 then sched.wake(me) end
  end
  for _, fn in ipairs { ... } do sched.spawn_as({ on_finish = hook }, fn) end
  if left > 0 then sched.suspend() end
  if errors[1] then error(errors[1], 0) end
end

describe("human.db", function()
  setup(function()
    db.exec "drop table if exists spec_accounts"
    db.exec "create table spec_accounts (id int primary key, cents int not null check (cents >= 0))"
  end)
  teardown(function() db.exec "drop table spec_accounts" end)
  before_each(function()
    db.exec "truncate spec_accounts"
    db.exec "insert into spec_accounts values (1, 100), (2, 0)"
  end)

  local function cents(id) return db.value("select cents from spec_accounts where id = $1::int", id) end

  it("does not take a rollback for a commit", function()
    local ok, err = pcall(db.tx, function(tx)
      tx:exec "update spec_accounts set cents = 7 where id = 1"
      pcall(tx.exec, tx, "select 1 / 0")
    end)
    assert.is_false(ok)
    assert.matches("nothing was committed", err)
    assert.equal(100, cents(1))
  end)

  it("gives no way from a transaction to the methods of all", function()
    db.tx(function(tx)
      local methods = tx.__index
      assert.is_nil(methods)
    end)
  end)

  it("gives rows, a row, a value and a count", function()
    assert.same({ { id = 1, cents = 100 }, { id = 2, cents = 0 } },
      db.query "select id, cents from spec_accounts order by id")
    assert.same({ id = 2 }, db.row("select id from spec_accounts where cents = $1::int", 0))
    assert.is_nil(db.row "select 1 from spec_accounts where id = 3")
    assert.equal(100, cents(1))
    assert.equal(2, db.exec "update spec_accounts set cents = 1")
  end)

  it("sends each type as itself and leaves NULL out", function()
    local row = db.row("select $1::text as a, $2::int as b, $3::bool as c, $4::text as d, $5::float8 as e",
      "x'\"$1", -5, true, nil, 0.1)
    assert.same({ a = "x'\"$1", b = -5, c = true, e = 0.1 }, row)
  end)

  it("writes times as ISO 8601 in UTC with milliseconds", function()
    assert.equal("2025-11-27T09:00:00.123Z",
      db.value "select timestamptz '2025-11-27 10:00:00.123456+01'")
  end)

  it("keeps large integers exact", function()
    assert.equal(2 ^ 53, db.value "select 9007199254740992::int8")
    assert.equal("9007199254740993", db.value "select 9007199254740993::int8")
  end)

  it("raises what the server refuses, and try() returns it", function()
    local ok, err = pcall(db.exec, "insert into spec_accounts values (1, 5)")
    assert.is_false(ok)
    assert.is_true(db.is_error(err))
    assert.equal("23505", err.sqlstate)
    assert.equal("spec_accounts_pkey", err.constraint)
    local rows, e = db.try "select * from no_such_table"
    assert.is_nil(rows)
    assert.equal("42P01", e.sqlstate)
  end)

  it("fails with the given code when a row must be there", function()
    fail.use(require "api.errors")
    local _, err = pcall(db.must, "not_found", "select 1 where false")
    assert.is_true(fail.is(err))
    assert.equal("not_found", err.code)
  end)

  it("commits what a transaction did and returns its results", function()
    local a, b = db.tx(function(tx)
      tx:exec "update spec_accounts set cents = cents - 30 where id = 1"
      tx:exec "update spec_accounts set cents = cents + 30 where id = 2"
      return 1, nil
    end)
    assert.same({ 1, 70, 30 }, { a, cents(1), cents(2) })
    assert.is_nil(b)
  end)

  it("undoes a transaction whose function raises, and passes the error on", function()
    local ok, err = pcall(db.tx, function(tx)
      tx:exec "update spec_accounts set cents = 0"
      error("stop", 0)
    end)
    assert.same({ false, "stop", 100 }, { ok, err, cents(1) })
  end)

  it("undoes only the inner part when a nested transaction fails", function()
    db.tx(function(tx)
      tx:exec "update spec_accounts set cents = 90 where id = 1"
      pcall(db.tx, function(inner)
        inner:exec "update spec_accounts set cents = 5 where id = 2"
        error "inner"
      end)
      local rows, err = tx:try "insert into spec_accounts values (1, 1)"
      assert.is_nil(rows)
      assert.equal("23505", err.sqlstate)
      assert.equal(90, db.value "select cents from spec_accounts where id = 1")
    end)
    assert.same({ 90, 0 }, { cents(1), cents(2) })
  end)

  it("waits for the disk, unless it is told that it need not", function()
    local function how(tx) return tx:value "show synchronous_commit" end
    local usual = db.tx(how)
    assert.equal("off", db.tx(how, { durable = false }))
    assert.equal(usual, db.tx(how, { durable = true }))
    assert.are_not.equal("off", usual)
    assert.error_matches(function() db.tx(how, { durable = 0 }) end, "tx: durable must be true or false")
  end)

  it("sends statements on together, and gives what each of them found", function()
    local first, second
    local found = db.tx(function(tx)
      first = tx:ask "update spec_accounts set cents = 90 where id = 1 returning cents"
      second = tx:ask "select cents from spec_accounts where id = 1"
      tx:ask "update spec_accounts set cents = 10 where id = 2"
      return second()[1].cents
    end)
    assert.same({ 90, 90 }, { found, first()[1].cents })
    assert.same({ 90, 10 }, { cents(1), cents(2) })
  end)

  it("commits nothing when a statement fails that was sent on and forgotten", function()
    local ok, err = pcall(db.tx, function(tx)
      tx:ask "update spec_accounts set cents = 7 where id = 1"
      tx:ask "update spec_accounts set cents = -1 where id = 2"
    end)
    assert.is_false(ok)
    assert.equal("23514", err.sqlstate)
    assert.same({ 100, 0 }, { cents(1), cents(2) })
  end)

  it("refuses what was sent on together with a statement that fails", function()
    local later
    local ok, err = pcall(db.tx, function(tx)
      tx:ask "update spec_accounts set cents = -1 where id = 2"
      later = tx:ask "update spec_accounts set cents = 7 where id = 1 returning cents"
      pcall(later)
      tx:ask "update spec_accounts set cents = 8 where id = 1"
    end)
    assert.same({ false, "23514" }, { ok, err.sqlstate })
    assert.equal("23514", select(2, pcall(later)).sqlstate, "not that the transaction is lost: why it is")
    assert.same({ 100, 0 }, { cents(1), cents(2) })
  end)

  it("say which statement failed that was sent on, and where, in place of the next one", function()
    local line
    local ok, err = pcall(db.tx, function(tx)
      tx:ask "update spec_accounts set cents = 7 where id = 1"
      line = debug.getinfo(1, "l").currentline + 1
      tx:ask "update spec_accounts set cents = -1 where id = 2"
      tx:ask "update spec_accounts set cents = 8 where id = 1"
      tx:row "select cents from spec_accounts where id = 1"
    end)
    assert.same({ false, "23514" }, { ok, err.sqlstate })
    assert.matches("tx_spec.lua:" .. line .. "$", err.sent_at)
    assert.matches("^SQLSTATE 23514: .*%(sent at .*tx_spec.lua:" .. line .. "%)$", tostring(err))
    assert.same({ 100, 0 }, { cents(1), cents(2) })
  end)

  it("undoes what was sent on in a transaction inside another, alone", function()
    db.tx(function(tx)
      tx:ask "update spec_accounts set cents = 90 where id = 1"
      pcall(db.tx, function(inner) inner:ask "update spec_accounts set cents = -1 where id = 2" end)
      pcall(db.tx, function(inner)
        inner:ask "update spec_accounts set cents = -1 where id = 2"
        error "x"
      end)
      assert.is_nil(tx:try "select 1 / 0")
      tx:ask "update spec_accounts set cents = 5 where id = 2"
    end)
    assert.same({ 90, 5 }, { cents(1), cents(2) })
  end)

  it("writes with the next commit what nobody waits for, or by itself when that fails or none comes", function()
    local function set(id, value, failed)
      db.soon(failed or error, "update spec_accounts set cents = $2::int where id = $1::int", id, value)
    end
    set(1, 7)
    assert.equal(100, cents(1))
    db.tx(function(tx) assert.equal(100, tx:value "select cents from spec_accounts where id = 1") end)
    assert.equal(7, cents(1))
    set(1, 8)
    pcall(db.tx, function() error "x" end)
    for _ = 1, 3000 do
      if cents(1) == 8 then break end
      sched.sleep(0.01)
    end
    assert.equal(8, cents(1))
    local refused
    set(2, -1, function(err) refused = err.sqlstate end)
    set(2, 9)
    pcall(db.tx, function(tx) tx:exec "update spec_accounts set cents = 5 where id = 1" end)
    for _ = 1, 3000 do
      if refused and cents(2) == 9 then break end
      sched.sleep(0.01)
    end
    assert.same({ "23514", 9, 8 }, { refused, cents(2), cents(1) })
  end)

  it("runs hooks after the commit, outside the transaction, and not after a rollback", function()
    local seen = {}
    db.tx(function(tx)
      tx:after_commit(function() seen[#seen + 1] = tostring(db.in_tx()) end)
      assert.is_true(db.in_tx())
    end)
    pcall(db.tx, function(tx)
      tx:after_commit(function() seen[#seen + 1] = "rolled back" end)
      error "x"
    end)
    assert.same({ "false" }, seen)
  end)

  it("forgets the hooks of what was rolled back to its savepoint", function()
    local seen = {}
    local function hook(name) return function() seen[#seen + 1] = name end end
    db.tx(function(tx)
      tx:after_commit(hook "first")
      pcall(db.tx, function(inner)
        inner:after_commit(hook "undone")
        db.tx(function(innermost) innermost:after_commit(hook "undone, too") end)
        error "x"
      end)
      db.tx(function(inner)
        inner:after_commit(hook "nested")
        pcall(db.tx, function(innermost)
          innermost:after_commit(hook "undone")
          innermost:exec "select 1 / 0"
        end)
      end)
      tx:after_commit(hook "last")
    end)
    assert.same({ "first", "nested", "last" }, seen)
  end)

  it("forgets the hooks of a run that lost a race", function()
    local runs, seen = 0, 0
    db.tx(function(tx)
      runs = runs + 1
      tx:after_commit(function() seen = seen + 1 end)
      if runs < 3 then tx:exec(LOSE) end
    end)
    assert.same({ 3, 1 }, { runs, seen })
  end)

  it("keeps what was committed when a hook raises, logs it, and runs the others", function()
    local seen, lines, log = {}, {}, require "human.log"
    local saved = log.error
    log.error = function(_, fields) lines[#lines + 1] = fields.error end
    local ok, value = pcall(db.tx, function(tx)
      tx:exec "update spec_accounts set cents = 7 where id = 1"
      tx:after_commit(function() error "broken" end)
      tx:after_commit(function() db.exec "select 1 / 0" end)
      tx:after_commit(function() fail.throw "not_found" end)
      tx:after_commit(function() seen[1] = cents(1) end)
      return 5
    end)
    log.error = saved
    assert.same({ true, 5, { 7 }, 3 }, { ok, value, seen, #lines })
    assert.matches("tx_spec.lua:%d+: broken", lines[1])
  end)

  it("keeps savepoints in order however many there are without a statement between them", function()
    db.tx(function(tx)
      for _ = 1, 40 do db.tx(function() end) end
      for _ = 1, 40 do pcall(db.tx, function() error "x" end) end
      tx:exec "update spec_accounts set cents = 8 where id = 1"
    end)
    assert.equal(8, cents(1))
  end)

  it("refuses options that it does not have, and those that a savepoint cannot have", function()
    local function refused(options, why)
      local ok, err = pcall(db.tx, function() end, options)
      assert.is_false(ok)
      assert.matches("tx_spec.lua:%d+: tx: " .. why, err)
    end
    refused({ isolation = "snapshot" }, "isolation must be")
    refused({ isolation = "serializable; drop table x" }, "isolation must be")
    refused({ isolaton = "serializable" }, "there is no option 'isolaton'")
    refused({ read_only = 1 }, "read_only must be")
    refused("serializable", "options must be a table")
    db.tx(function()
      refused({ isolation = "repeatable read" }, "a transaction inside")
      refused({ read_only = true }, "a transaction inside")
      assert.equal(1, db.tx(function() return 1 end, { isolation = "serializable" }))
    end, { isolation = "serializable" })
    assert.is_false((pcall(db.tx, function(tx) tx:exec "delete from spec_accounts" end, { read_only = true })))
    assert.equal("serializable", db.tx(function(tx) return tx:value "show transaction_isolation" end,
      { isolation = "serializable" }))
  end)

  it("runs again what lost a race even when the function caught the error", function()
    local runs = 0
    db.tx(function(tx)
      runs = runs + 1
      if runs == 1 then pcall(tx.exec, tx, LOSE) end
      if runs == 2 then tx:try(LOSE) end
      if runs == 3 then pcall(db.tx, function(inner) inner:exec(LOSE) end) end
      if runs == 3 then error("because of it", 0) end
    end)
    assert.equal(4, runs)
  end)

  it("runs a single statement again that lost a race, and says conflict in the end", function() -- limit: lost races
    fail.use(require "api.errors")
    local ok, err = pcall(db.tx, function(tx) tx:exec(LOSE) end)
    assert.same({ false, true, 503, "conflict" }, { ok, fail.is(err), err.status, err.code })
    db.exec "create sequence spec_seq"
    db.exec [[do $$ begin
      if nextval('spec_seq') < 3 then raise exception 'lost' using errcode = '40P01'; end if;
    end $$]]
    assert.equal(3, db.value "select last_value from spec_seq")
    db.exec "drop sequence spec_seq"
  end)

  it("runs the function again when a serializable transaction loses a race", function()
    local runs = 0
    local function move()
      db.tx(function(tx)
        runs = runs + 1
        local all = tx:value "select sum(cents)::int from spec_accounts"
        tx:query "select pg_sleep(0.05)"
        tx:exec("update spec_accounts set cents = $1::int + 1 where id = 2", all)
      end, { isolation = "serializable" })
    end
    together(move, move)
    assert.equal(3, runs)
    assert.equal(202, cents(2))
  end)

  it("survives a deadlock of two transactions", function()
    local function swap(first, second)
      return function()
        db.tx(function(tx)
          tx:exec("update spec_accounts set cents = cents + 1 where id = $1::int", first)
          tx:query "select pg_sleep(0.05)"
          tx:exec("update spec_accounts set cents = cents + 1 where id = $1::int", second)
        end)
      end
    end
    together(swap(1, 2), swap(2, 1))
    assert.same({ 102, 2 }, { cents(1), cents(2) })
  end)

  it("rolls back when its task is cancelled in the middle", function()
    local task = sched.spawn(function()
      db.tx(function(tx)
        tx:exec "update spec_accounts set cents = 1 where id = 1"
        tx:query "select pg_sleep(30)"
      end)
    end)
    while (db.value "select count(*) from pg_stat_activity where query like 'select pg_sleep(30)%' and state = 'active'") == 0 do end
    sched.kill(task)
    assert.equal(100, db.tx(function(tx)
      return tx:value "select cents from spec_accounts where id = 1 for update"
    end))
  end)

  it("serves many more tasks than it has connections", function() -- limit: database.pool
    local fns = {}
    for i = 1, 64 do
      fns[i] = function()
        db.tx(function(tx) tx:exec "update spec_accounts set cents = cents + 1 where id = 1" end)
      end
    end
    together(unpack(fns))
    assert.equal(164, cents(1))
  end)
end)
