-- host/lua/core/clock.lua -- the clock by which things come due: the server's, or an adjustable one in a database
-- created for tests.
-- In SQL it is human_now(), elsewhere human.time.  Without a test clock human_now() is now(), and the server
-- inlines it when it plans.  A database's first migration decides whether it has a test clock, and a host
-- that expects otherwise (time.test_clock) does not start: neither a setting nor a wrong database moves real
-- time.

local bus = require "human.bus"
local db = require "human.db"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local time = require "human.time"

local M = {}
local CHANNEL, TOPIC = "human_clock", "bus.clock"
local listeners = {}                             -- modules with a look_again()
local started = false

M.sql = {
  exists = "select to_regclass('host_clock') is not null",
  -- Needed before any migration, since migrations may use it.
  has_now = "select to_regprocedure('human_now()') is not null",
  now = [[create function human_now() returns timestamptz language sql stable parallel safe
    as 'select pg_catalog.now()']],
  table = "create table host_clock (shift interval not null)",
  row = "insert into host_clock values ('0')",
  test_now = [[create function human_now() returns timestamptz language sql stable parallel safe
    as 'select pg_catalog.now() + (select shift from host_clock)']],
  read = "select extract(epoch from shift)::float8 from host_clock",
  -- Also waits for others that move it.
  move = [[update host_clock set shift = shift + $1::float8 * interval '1 second'
    returning extract(epoch from shift)::float8]],
  tell = "select pg_notify($1, $2)",
}
local sql = M.sql

local function is_wanted() return host.conf().time.test_clock end

--- Called in the transaction that prepares migrations.  is_new: this database has had none.
function M.prepare(tx, is_new)
  if tx:value(sql.has_now) then return end
  local is_test = is_new and is_wanted()
  if is_test then
    tx:exec(sql.table)
    tx:exec(sql.row)
  end
  tx:exec(is_test and sql.test_now or sql.now)
end

--- Raises if this host and the database do not fit together.
function M.check(tx)
  local has = tx:value(sql.exists)
  if has and not is_wanted() then
    error("this database has a test clock, so no time in it can be trusted; a host that is to use it all the same "
      .. "needs the setting time.test_clock = true", 0)
  elseif is_wanted() and not has then
    error("time.test_clock is true, but this database was made without a test clock, and never gets one: leave the "
      .. "setting out, or start with an empty database", 0)
  end
end

local function set(shift_s)
  time.shift(shift_s)
  for _, name in ipairs(listeners) do require("human." .. name).look_again() end
end

local function read() set(db.value(sql.read)) end

--- Called when the schema is up to date (boot).  names: modules whose look_again() is called after the clock has moved.
--- Awaits.
function M.start(names)
  if started or not is_wanted() then return end
  set(db.tx(function(tx) return tx:value(sql.read) end, { ungated = true }))
  started, listeners = true, names
  log.warn("the time of this database is a test clock's", { now = time.now() })
  bus.on_runtime(TOPIC, set)
  -- Worker 0 listens.  It reads the shift again, since it may have missed a notification.
  bus.on_channel(CHANNEL, function(payload)
    if not payload then return sched.spawn_as({ gen = false, label = 0 }, read) end
    local shift_s = tonumber(payload)
    if not shift_s then return end
    set(shift_s)
    bus.send_others(TOPIC, shift_s)
  end)
end

--- Advances it by so many seconds.  Awaits; returns how far it is ahead, or nil without a test clock.
function M.advance(seconds)
  return db.tx(function(tx)
    if not tx:value(sql.exists) then return nil end
    local shift_s = tx:value(sql.move, seconds)
    tx:query(sql.tell, CHANNEL, ("%.6f"):format(shift_s))
    if started then tx:after_commit(function() set(shift_s) end) end
    return shift_s
  end)
end

return M
