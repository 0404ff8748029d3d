-- scripts/agent/keys.lua -- creates, lists, replaces and checks API keys.
-- A key is shown once; only its SHA-256 is stored, so a copy of the database opens nothing.  When a key
-- ends (deleted, replaced, expired), its open sockets are closed at once: the topic agent.access_ended
-- is published in the same transaction, and each worker looks for itself every two seconds (M.still).
-- Every check is one index lookup; nothing is cached, so there is no window in which an ended key still works.

local bus = require "human.bus"
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local json = require "human.json"
local task = require "human.task"
local owned = require "agent.owned"
local quota = require "agent.quota"

local M = {}

local PREFIX, LENGTH, PREVIEW = "ak_", 32, 4
M.PREFIX = PREFIX
local CLOSE_BATCH = 500                          -- keys that end within a few seconds
local COLUMNS = 'id, name, key_preview as "keyPreview", expires_at as "expiresAt", '
  .. 'created_at as "createdAt", updated_at as "updatedAt"'

M.sql = {
  list = owned.paged("select " .. COLUMNS .. " from api_keys where user_id = $1 and id > coalesce($2::text, '') "
    .. "order by id limit $3", "id", 4),
  count = owned.counted "from api_keys where user_id = $1",
  insert = "insert into api_keys (id, user_id, name, key_hash, key_preview, expires_at) "
    .. "values ($1, $2, $3, $4, $5, $6) returning " .. COLUMNS,
  replace = "update api_keys set key_hash = $3, key_preview = $4, updated_at = now() "
    .. "where id = $1 and user_id = $2 returning " .. COLUMNS,
  delete = "delete from api_keys where id = $1 and user_id = $2",
  check = "select id, user_id, coalesce(expires_at <= now(), false) as expired from api_keys "
    .. "where key_hash = $1",
  still = "select id, key_hash from api_keys where id in (select jsonb_array_elements_text($1::jsonb)) "
    .. "and (expires_at is null or expires_at > now())",
  agents = "select id from agents where id in (select jsonb_array_elements_text($1::jsonb))",
  expiring = "select id, greatest(extract(epoch from expires_at - now()), 0)::float8 as left_s from api_keys "
    .. "where closed_at is null and expires_at <= now() + interval '3 seconds' order by expires_at limit $1",
  close = "update api_keys set closed_at = now() where id = $1 and closed_at is null and expires_at <= now() "
    .. "returning id",
}

local function new_secret()
  local key = id.key(PREFIX)
  return key, crypto.sha256_hex(key), "..." .. key:sub(-PREVIEW)
end

-- One page of a user's keys, as owned.list; an unknown user is 404.
function M.list(user_id, query)
  db.must("user_not_found", "select id from users where id = $1", user_id)
  return owned.list(M.sql, user_id, query)
end

-- The new row, with `key`.  body: {name, expiresAt?}; a time that has passed makes a key that is
-- refused as expired.
function M.create(user_id, body)
  local key, hash, preview = new_secret()
  local row = db.tx(function(tx)
    quota.take(tx, user_id, "api_keys", "user_not_found")
    return tx:row(M.sql.insert, id.new(), user_id, body.name, hash, preview, body.expiresAt)
  end)
  row.key = key
  return row
end

-- Replaces the key under the same id; the old key is invalid when this returns.
function M.regenerate(user_id, key_id)
  local key, hash, preview = new_secret()
  local row = db.tx(function(tx)
    local changed = tx:must("api_key_not_found", M.sql.replace, key_id, user_id, hash, preview)
    bus.notify(tx, "agent.access_ended", { key_id = key_id })
    return changed
  end)
  row.key = key
  return row
end

function M.delete(user_id, key_id)
  db.tx(function(tx)
    if tx:exec(M.sql.delete, key_id, user_id) == 0 then fail.throw "api_key_not_found" end
    bus.notify(tx, "agent.access_ended", { key_id = key_id })
  end)
end

-- Who holds this key: {id (of the user), key_id}, or nil and a code.
function M.check(key)
  if type(key) ~= "string" or #key ~= #PREFIX + LENGTH or key:sub(1, #PREFIX) ~= PREFIX then
    return nil, "unauthorized"
  end
  local hash = crypto.sha256_hex(key)
  local row = db.row(M.sql.check, hash)
  if not row then return nil, "unauthorized" end
  if row.expired then return nil, "key_expired" end
  return { id = row.user_id, kind = "user", key_id = row.id, proof = hash }
end

-- Rows of a statement that takes a list of ids; many actors may have the same.
local function rows_of(statement, actors, field)
  local ids, seen = {}, {}
  for _, actor in ipairs(actors) do
    local one = actor[field]
    if one and not seen[one] then ids[#ids + 1], seen[one] = one, true end
  end
  return ids[1] and db.query(statement, json.encode(ids)) or ids
end

-- Which of these actors {key_id, proof, agent_id (optional)} still have their key and agent: {[i] = true}.
function M.still(actors)
  local proofs, there, known = {}, {}, {}
  for _, row in ipairs(rows_of(M.sql.still, actors, "key_id")) do proofs[row.id] = row.key_hash end
  for _, row in ipairs(rows_of(M.sql.agents, actors, "agent_id")) do there[row.id] = true end
  for i, actor in ipairs(actors) do
    local has_agent = not actor.agent_id or there[actor.agent_id]
    known[i] = has_agent and actor.proof and actor.proof == proofs[actor.key_id] or nil
  end
  return known
end

local function close_at_expiry(row)
  if row.left_s > 0 then task.sleep(row.left_s + 0.001) end
  db.tx(function(tx)
    if tx:row(M.sql.close, row.id) then bus.notify(tx, "agent.access_ended", { key_id = row.id }) end
  end)
end

-- Closes the sockets of keys that expire before about the next tick, each on time; see agent.tick.
function M.close_expired()
  for _, row in ipairs(db.query(M.sql.expiring, CLOSE_BATCH)) do task.detach(close_at_expiry, row) end
end

return M
