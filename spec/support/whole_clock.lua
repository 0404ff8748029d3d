-- spec/support/whole_clock.lua -- a clock that a spec moves in a database that has none: human_now() is replaced while it runs.

local db = require "human.db"
local time = require "human.time"

local M = {}

local NOW = "create or replace function human_now() returns timestamptz language sql stable parallel safe as '%s'"

--- From now on the time is what set() says.
function M.start()
  db.exec "create table if not exists spec_clock (shift interval not null)"
  db.exec "delete from spec_clock"
  db.exec "insert into spec_clock values ('0')"
  db.exec(NOW:format "select pg_catalog.now() + (select shift from spec_clock)")
end

--- So many hours ahead of the real one.
function M.set(hours)
  db.exec("update spec_clock set shift = $1::float8 * interval '1 hour'", hours)
  time.shift(hours * 3600)
end

--- The time is the server's again.
function M.stop()
  db.exec(NOW:format "select pg_catalog.now()")
  db.exec "drop table spec_clock"
  time.shift(0)
end

return M
