-- scripts/gateway/skills/store.lua -- rows of skills: read and written.  Whoever writes holds M.lock.

local crypto = require "human.crypto"
local db = require "human.db"
local json = require "human.json"
local limits = require "gateway.rules.skills"

local M = {}

local LOCK = 401116                              -- any number, as long as it stays the same
local PAGE = 25                                  -- rows of one statement, whose result has a limit
local COLUMNS = [[is_listed, about, source, hash, installed_at, installed_by, updated_at, enabled_at, enabled_by,
  enabled_hash is not distinct from hash as enabled, jsonb_array_length(warnings) as warning_count]]

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  count = "select count(*) from gateway_skills",
  list = ([[select name, left(description, 500) as description,
    jsonb_path_query_array(warnings, '$[0 to 2]') as warnings, %s
    from gateway_skills where name > $1 order by name limit %d]]):format(COLUMNS, PAGE),
  get = "select name, description, warnings, " .. COLUMNS .. " from gateway_skills where name = $1",
  insert = [[insert into gateway_skills (name, description, body, is_listed, about, warnings, source, hash,
      installed_by)
    values ($1, $2, $3, $4::boolean, $5::jsonb, $6::jsonb, $7, $8, $9)]],
  replace = [[update gateway_skills set description = $2, body = $3, is_listed = $4::boolean, about = $5::jsonb,
    warnings = $6::jsonb, source = $7, hash = $8, updated_at = human_now() where name = $1]],
  drop_files = "delete from gateway_skill_files where skill = $1",
  -- Bytes go as base64: a parameter is text.
  file = [[insert into gateway_skill_files (skill, path, sha256, is_text, content)
    values ($1, $2, $3, $4::boolean, decode($5, 'base64'))]],
  files = [[select path, sha256, is_text, length(content) as size from gateway_skill_files where skill = $1
    order by path collate "C"]],
  text = [[select is_text, case when is_text then convert_from(content, 'UTF8') end as text, sha256,
    length(content) as size from gateway_skill_files where skill = $1 and path = $2]],
  enable = [[update gateway_skills set enabled_hash = hash, enabled_at = human_now(), enabled_by = $2 where name = $1]],
  disable = [[update gateway_skills set enabled_hash = null, enabled_at = null, enabled_by = null where name = $1]],
  remove = "delete from gateway_skills where name = $1",
}

local function decoded(row)
  if not row then return nil end
  row.about, row.warnings = json.decode(row.about), json.decode(row.warnings)
  return row
end

--- In a transaction: others who change skills wait until it ends.
function M.lock(tx) tx:query(M.sql.lock, LOCK) end

--- A skill, or nil: {name, description, is_listed, about, warnings, source, hash, enabled, installed_at, ..}.
function M.find(name) return decoded(db.row(M.sql.get, name)) end

--- The same in a transaction.
function M.get(tx, name) return decoded(tx:row(M.sql.get, name)) end

--- All of them, by name, with the beginning of their descriptions and their first warnings.
function M.list()
  local all = {}
  repeat
    local page = db.query(M.sql.list, all[1] and all[#all].name or "")
    for _, row in ipairs(page) do all[#all + 1] = decoded(row) end
  until #page < PAGE or #all >= limits.skills
  return all
end

--- {path, sha256, is_text, size} of its files.
function M.files(name) return db.query(M.sql.files, name) end

--- {text (nil: it is none), is_text, sha256, size} of one, or nil.
function M.text(name, path) return db.row(M.sql.text, name, path) end

function M.count(tx) return tx:value(M.sql.count) end

local function parameters(skill)
  return skill.name, skill.description, skill.body, skill.is_listed, json.encode_sorted(skill.about),
    json.encode(skill.warnings), skill.source, skill.hash
end

local function write_files(tx, skill)
  for _, file in ipairs(skill.files) do
    tx:ask(M.sql.file, skill.name, file.path, file.sha256, file.is_text, crypto.base64(file.bytes))
  end
end

--- Writes a new skill with its files.
function M.insert(tx, skill, by)
  local values = { parameters(skill) }
  values[#values + 1] = by
  tx:ask(M.sql.insert, unpack(values))
  write_files(tx, skill)
end

--- Writes another version of a skill over the one that is there.
function M.replace(tx, skill)
  tx:ask(M.sql.replace, parameters(skill))
  tx:ask(M.sql.drop_files, skill.name)
  write_files(tx, skill)
end

return M
