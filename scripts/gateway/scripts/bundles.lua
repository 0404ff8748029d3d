-- scripts/gateway/scripts/bundles.lua -- which texts of the operator were in force when: they can be brought back.
-- A bundle is noticed when somebody reloads or looks, else within a minute.

local crypto = require "human.crypto"
local db = require "human.db"
local jobs = require "human.jobs"
local json = require "human.json"
local sources = require "human.sources"
local scripts = require "gateway.scripts"
local rules = require "gateway.rules.scripts"

local M = {}
local EVERY_S, LOCK = 60, 7305115

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  latest = "select id, bundle, actor from gateway_script_bundles where place = $1 order by id desc limit 1",
  keep = "insert into gateway_script_texts (hash, body) values ($1, $2) on conflict do nothing",
  add = "insert into gateway_script_bundles (place, bundle, actor) values ($1, $2, $3) returning id",
  add_file = "insert into gateway_script_files (bundle_id, path, hash) values ($1, $2, $3)",
  by = "update gateway_script_bundles set actor = $2 where id = $1",
  list = [[select b.id, b.at, b.bundle, b.actor, (select jsonb_object_agg(f.path, f.hash)
      from gateway_script_files f where f.bundle_id = b.id) as files
    from gateway_script_bundles b where b.place = $1 order by b.id desc limit $2::int]],
  changes = [[select id, at, actor, address, action, path, state, problem from gateway_script_changes
    where place = $1 order by id desc limit $2::int]],
  texts = [[select f.path, (select t.body from gateway_script_texts t where t.hash = f.hash) as body
    from gateway_script_files f where f.bundle_id = $1::bigint]],
  is_there = "select true from gateway_script_bundles where id = $2::bigint and place = $1",
  -- What is older than what is kept, and then the texts that nothing names any more.
  old_files = ([[select distinct f.hash from gateway_script_files f where f.bundle_id = any (array(
    select id from gateway_script_bundles where place = $1 order by id desc offset %d limit 200))]])
    :format(rules.bundles),
  old_bundles = ([[delete from gateway_script_bundles where id = any (array(
    select id from gateway_script_bundles where place = $1 order by id desc offset %d limit 200))]])
    :format(rules.bundles),
  old_changes = ([[delete from gateway_script_changes where id = any (array(
    select id from gateway_script_changes where place = $1 order by id desc offset %d limit 200))
    returning before_hash, after_hash]]):format(rules.changes),
  old_texts = [[delete from gateway_script_texts t
    where hash = any (array(select jsonb_array_elements_text($1::jsonb)))
      and not exists (select from gateway_script_changes c where c.before_hash = t.hash offset 0)
      and not exists (select from gateway_script_changes c where c.after_hash = t.hash offset 0)
      and not exists (select from gateway_script_files f where f.hash = t.hash offset 0)]],
}

local function place() return scripts.place_of(sources.list().directory) end

-- Forgets what is older than what is kept.
local function forget(tx, where)
  local hashes = json.array {}
  for _, row in ipairs(tx:query(M.sql.old_files, where)) do hashes[#hashes + 1] = row.hash end
  tx:exec(M.sql.old_bundles, where)
  for _, row in ipairs(tx:query(M.sql.old_changes, where)) do
    hashes[#hashes + 1] = row.before_hash
    hashes[#hashes + 1] = row.after_hash
  end
  if #hashes > 0 then tx:exec(M.sql.old_texts, json.encode(hashes)) end
end

--- Writes down what is in force, if it is not known to be.  actor: who had it reloaded, or nil.
function M.record(actor)
  local now, where = sources.own_in_force(), place()
  db.tx(function(tx)
    tx:query(M.sql.lock, LOCK)
    local latest = tx:row(M.sql.latest, where)
    if latest and latest.bundle == now.bundle then
      if actor and not latest.actor then tx:exec(M.sql.by, latest.id, actor) end
      return
    end
    local id = tx:value(M.sql.add, where, now.bundle, actor)
    for path, text in pairs(now.files) do
      local hash = crypto.sha256_hex(text)
      tx:exec(M.sql.keep, hash, text)
      tx:exec(M.sql.add_file, id, path, hash)
    end
    forget(tx, where)
  end)
end

--- Job: records what came into force by other ways.
function M.look() M.record(nil) end

-- What changed from one to the next: {{path, what}, ..}.
local function differences(earlier, files)
  local out = json.array {}
  for path, hash in pairs(files) do
    if not earlier[path] then out[#out + 1] = { path = path, what = "added" }
    elseif earlier[path] ~= hash then out[#out + 1] = { path = path, what = "changed" } end
  end
  for path in pairs(earlier) do
    if not files[path] then out[#out + 1] = { path = path, what = "removed" } end
  end
  table.sort(out, function(a, b) return a.path < b.path end)
  return out
end

--- The newest bundles and changes: {bundles = {{id, at, bundle, actor, is_current, own, changes}}, changes = {..}}.
function M.history(limit)
  M.record(nil)
  local where, bundles, changes = place(), json.array {}, json.array {}
  local rows = db.query(M.sql.list, where, limit + 1)
  local function files_of(i) return rows[i] and rows[i].files and json.decode(rows[i].files) or {} end
  for i = 1, math.min(#rows, limit) do
    local row, files, own = rows[i], files_of(i), 0
    for _ in pairs(files) do own = own + 1 end
    bundles[i] = { id = row.id, at = row.at, bundle = row.bundle, actor = row.actor, own = own, is_current = i == 1,
                   changes = differences(files_of(i + 1), files) }
  end
  for i, row in ipairs(db.query(M.sql.changes, where, limit)) do changes[i] = row end
  return { bundles = bundles, changes = changes }
end

--- The texts of a record: {path = text}; nil: there is no such record.
function M.texts(where, id)
  if not db.value(M.sql.is_there, where, id) then return nil end
  local out = {}
  for _, row in ipairs(db.query(M.sql.texts, id)) do out[row.path] = row.body end
  return out
end

jobs.start "gateway.scripts.bundles.look"
jobs.every("gateway.scripts.bundles", EVERY_S, "gateway.scripts.bundles.look")

return M
