-- spec/host/sweep_spec.lua -- human.db's sweep() against a real PostgreSQL.

local db = require "human.db"
local sched = require "human.core.sched"

describe("db.sweep", function()
  local OLD = [[delete from spec_rows where ctid = any (array(select ctid from spec_rows
    where at < now() order by at limit $1::int))]]
  setup(function() db.exec "create table spec_rows (at timestamptz not null default 'epoch') with (autovacuum_enabled = false)" end)
  teardown(function() db.exec "drop table spec_rows" end)

  local function seen()
    return db.row "select n_tup_del as deleted, seq_tup_read as walked from pg_stat_user_tables where relname = 'spec_rows'"
  end

  it("walks through no table that has grown since the statement was planned, and stops where it should", function()
    db.exec "create index on spec_rows (at)"
    db.exec "vacuum analyze spec_rows"
    for _ = 1, 8 do assert.equal(0, db.sweep(OLD, 1000, 9, 1000)) end
    local walked = seen().walked
    db.exec "insert into spec_rows select from generate_series(1, 9500)"
    assert.equal(4000, db.sweep(OLD, 1000, 4, 1000))
    assert.equal(5500, db.sweep(OLD, 1000, 100, 1000))
    local now = seen()
    while now.deleted < 9500 do
      sched.sleep(0.1)                         -- a second after what it counted last, at the end of a transaction
      db.sweep(OLD, 1000, 1, 1000)
      now = seen()
    end
    assert.equal(walked, now.walked)
  end)

  it("is refused inside a transaction", function()
    assert.has_error_match(function() db.tx(function() db.sweep(OLD, 1000, 1, 1000) end) end, "not inside a transaction")
  end)
end)
