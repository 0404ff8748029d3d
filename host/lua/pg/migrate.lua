-- host/lua/pg/migrate.lua -- the database schema follows the scripts: forward only, once, in order.
-- migration_files.lua lists the files in order.  Each runs in its own transaction
-- under one advisory lock, so that several workers and hosts may start at once; on a connection of its own,
-- without a pooler, where the only timeout is database.migrate_timeout_ms.

local clock = require "human.core.clock"
local db = require "human.db"
local db_error = require "human.pg.error"
local fail = require "human.fail"
local host = require "human.core.host"
local log = require "human.log"
local migration_files = require "human.pg.migration_files"
local sql_split = require "human.pg.split"

local M = {}

local LOCK = 7312498                             -- any number, as long as it stays the same
local UNGATED = { ungated = true, direct = true }
local sql = {
  exists = "select to_regclass('schema_migrations') is not null",
  create = [[create table if not exists schema_migrations (
    number int primary key, name text not null, sha256 text not null,
    applied_at timestamptz not null default now())]],
  lock = "select pg_advisory_xact_lock($1::bigint)",
  applied = "select number, name, sha256 from schema_migrations order by number",
  identity = [[select number || ' ' || name || ' ' || extract(epoch from applied_at)
    from schema_migrations order by number limit 1]],
  record = "insert into schema_migrations (number, name, sha256) values ($1::int, $2, $3)",
  jobs = [[create table if not exists host_jobs (
    name text primary key, due_at timestamptz not null default now(), owner text,
    lease_until timestamptz, last_run_at timestamptz, last_error text)]],
  jobs_attempts = "alter table host_jobs add column if not exists attempts integer not null default 0",
}

local function hex(bytes)
  return (bytes:gsub(".", function(c) return ("%02x"):format(c:byte()) end))
end

-- value, query: functions of a transaction or of human.db.
local function applied(value, query)
  local done = {}
  if not value(sql.exists) then return done end
  for _, row in ipairs(query(sql.applied)) do done[row.number] = row end
  return done
end

local function applied_in(tx)
  return applied(function(q) return tx:value(q) end, function(q) return tx:query(q) end)
end

-- Where tables will be created, and by which role.
sql.place = [[select current_user as role, current_schema() as schema, current_database() as database,
  has_schema_privilege(current_schema(), 'create') as may_create]]

local function pending(files, done)
  local list = {}
  for _, file in ipairs(files) do
    local row = done[file.number]
    if not row then
      migration_files.check_order(file, done)
      list[#list + 1] = file
    elseif row.sha256 ~= file.sha256 then
      error(file.path .. " was changed after it had been applied to this database", 0)
    end
  end
  return list
end

-- Migrations in the database that this program does not have: {{number, name}..}.
local function unknown(files, done)
  local known, list = {}, {}
  for _, file in ipairs(files) do known[file.number] = true end
  for number, row in pairs(done) do
    if not known[number] then list[#list + 1] = row end
  end
  table.sort(list, function(a, b) return a.number < b.number end)
  return list
end

local function title(row) return ("%04d_%s"):format(row.number, row.name) end

--- A refusal, or nil, for migrations that only the database has: a newer program may have changed tables that this
--- one would misread.  Missing migrations of operators do no harm: a warning, the second result.
function M.judge_unknown(list)
  local newer, own = {}, {}
  for _, row in ipairs(list) do
    local to = row.number < migration_files.LOCAL and newer or own
    to[#to + 1] = title(row)
  end
  local refusal = newer[1] and ("the database is newer than this program (%s): it has had %s; install the version "
    .. "that brings this, or restore the backup from before the upgrade"):format(host.native.version,
    table.concat(newer, ", ")) or nil
  local warning = own[1] and ("the database has had %s, which no script here brings any more"):format(
    table.concat(own, ", ")) or nil
  return refusal, warning
end

local function check_unknown(files, done)
  local refusal, warning = M.judge_unknown(unknown(files, done))
  if refusal then error(refusal, 0) end
  if warning and host.worker() == 0 then log.warn(warning) end
end

local function check_place(tx)
  local at = tx:row(sql.place)
  if not at.schema then
    error(("the search_path of the role %s names no schema that exists in the database %s: CREATE SCHEMA %s"):format(
      at.role, at.database, at.role), 0)
  end
  if not at.may_create then
    error(('the role "%s" may not make tables in the schema "%s" of the database "%s": GRANT USAGE, CREATE ON SCHEMA '
      .. '"%s" TO "%s" (since PostgreSQL 15 not everybody may in "public")'):format(at.role, at.schema, at.database,
      at.schema, at.role), 0)
  end
end

local function apply(file)
  return db.tx(function(tx)
    tx:query(sql.lock, LOCK)
    if applied_in(tx)[file.number] then return false end
    for _, statement in ipairs(sql_split.statements(file.text)) do
      local rows, err = tx:try(statement.text)
      if not rows then error(("%s:%d: %s"):format(file.path, statement.line, err.message), 0) end
    end
    tx:exec(sql.record, file.number, file.name, file.sha256)
    return true
  end, UNGATED)
end

local function prepare(files)
  local is_new
  local list = db.tx(function(tx)
    local done = applied_in(tx)
    is_new = next(done) == nil
    check_unknown(files, done)
    return pending(files, done)
  end, UNGATED)
  if #list == 0 then
    if files[1] then db.tx(clock.check, UNGATED) end
    return list
  end
  db.tx(function(tx)
    tx:query(sql.lock, LOCK)
    check_place(tx)
    tx:exec(sql.create)
    tx:exec(sql.jobs)
    tx:exec(sql.jobs_attempts)
    clock.prepare(tx, is_new)
    clock.check(tx)
  end, UNGATED)
  return list
end

-- A prepared statement is gone, or there already: a pooler by transactions stands in between, which the pool finds out
-- a moment later, and says what to set.
local POOLED = { ["26000"] = true, ["42P05"] = true }

--- The error, or that the database is unavailable where that is what it means, so that a retry makes sense.
function M.lasting(err)
  return db.is_error(err) and POOLED[err.sqlstate] and db_error.unavailable() or err
end

local function explained(err)
  err = M.lasting(err)
  if db.is_error(err) and err.sqlstate == "42501" then
    return err.message .. ": the role lacks a right; tables that another one made must be granted to it"
  end
  if fail.is(err) and err.code == "db_timeout" then
    return "a migration took longer than database.migrate_timeout_ms; 0 sets no limit"
  end
  return fail.is(err) and err or tostring(err)
end

-- Applies what is missing; returns how many.  Raises with file and line of a statement that fails; a Fail if the
-- database went away meanwhile, so that a retry makes sense.
function M.run()
  local ok, n = pcall(M.apply_all)
  if not ok then error(explained(n), 0) end
  return n
end

function M.apply_all()
  local n = 0
  for _, file in ipairs(prepare(migration_files.read(host.native.generation))) do
    if apply(file) then
      n = n + 1
      log.info("migration applied", { migration = title(file) })
    end
  end
  return n
end

--- An id of this database: the time of its first migration, to the microsecond, which is unique and shared by
--- copies.  nil if the scripts have no migrations.  Awaits.
function M.identity()
  local first = db.tx(function(tx) return tx:value(sql.exists) and tx:value(sql.identity) or nil end, UNGATED)
  return first and hex(host.sha256(first)):sub(1, 16)
end

-- Raises if generation n needs a migration that this database has not had.  It has those of generation `known`, so
-- it is queried only if the files differ.
function M.check(n, known)
  local old, new = {}, {}
  for _, file in ipairs(migration_files.read(known)) do old[file.number] = file.sha256 end
  for _, file in ipairs(migration_files.read(n)) do
    if old[file.number] ~= file.sha256 then new[#new + 1] = file end
  end
  if #new == 0 then return end
  local ok, list = pcall(function() return pending(new, applied(db.value, db.query)) end)
  if not ok then error(fail.is(list) and new[1].path .. ": " .. list.message or list, 0) end
  if list[1] then
    error(list[1].path .. ": this migration is not in the database yet; `human migrate` applies it", 0)
  end
end

--- Pending migrations of generation n, as {path..}, and a warning or nil.  Raises if one was changed after it had
--- been applied, or the database is newer.  Changes nothing.
function M.pending(n)
  local list, files, done = {}, migration_files.read(n), applied(db.value, db.query)
  local refusal, warning = M.judge_unknown(unknown(files, done))
  if refusal then error(refusal, 0) end
  for i, file in ipairs(pending(files, done)) do list[i] = file.path end
  return list, warning
end

return M
