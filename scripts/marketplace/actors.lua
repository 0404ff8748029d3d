-- scripts/marketplace/actors.lua -- actors of the marketplace, as all its parts know them.  Registration makes them.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"

local M = {}

local PREFIX, LENGTH = "hm_", 32
M.PREFIX = PREFIX

local COLUMNS = "id, owner_id, type, display_name, role, state, tier, autonomy, is_founding"

M.sql = {
  by_key = "select " .. COLUMNS .. [[, k.hash as proof from market_keys k join market_actors a on a.id = k.actor_id
    where k.hash = $1 and k.revoked_at is null]],
  get = "select " .. COLUMNS .. " from market_actors where id = $1::uuid",
  both = "select " .. COLUMNS .. " from market_actors where id in ($1::uuid, $2::uuid)",
  still = [[select k.hash from market_keys k join market_actors a on a.id = k.actor_id
    where k.hash in (select json_array_elements_text($1::json)) and k.revoked_at is null and a.state <> 'banned']],
}

--- Who holds this key: {id, owner_id, type, display_name, role, state, tier, autonomy, is_founding, kind = "actor",
--- proof}, or nil and a code.
function M.check(key)
  if type(key) ~= "string" or #key ~= #PREFIX + LENGTH or key:sub(1, #PREFIX) ~= PREFIX then
    return nil, "unauthorized"
  end
  local actor = db.row(M.sql.by_key, crypto.sha256_hex(key))
  if not actor then return nil, "unauthorized" end
  if actor.state == "banned" then return nil, "actor_banned" end
  actor.kind = "actor"
  return actor
end

--- Which of these actors still have their key: {[i] = true}.
function M.still(actors)
  local proofs, valid, known = json.array {}, {}, {}
  for i, actor in ipairs(actors) do proofs[i] = actor.proof end
  for _, row in ipairs(db.query(M.sql.still, json.encode(proofs))) do valid[row.hash] = true end
  for i, actor in ipairs(actors) do known[i] = valid[actor.proof] end
  return known
end

--- An actor {id, owner_id, type, display_name, role, state, tier, autonomy, is_founding} by id; in q, a transaction or
--- human.db.  Fails with not_found.
function M.get(q, id)
  if q == db then return db.must("not_found", M.sql.get, id) end
  return q:must("not_found", M.sql.get, id)
end

--- Two actors, in tx.  Fails with not_found.
function M.both(tx, one_id, other_id)
  local by = {}
  for _, actor in ipairs(tx:query(M.sql.both, one_id, other_id)) do by[actor.id] = actor end
  if not (by[one_id] and by[other_id]) then fail.throw "not_found" end
  return by[one_id], by[other_id]
end

--- Fails when an actor may not spend now.
function M.must_be_free(actor)
  if actor.state == "frozen" then fail.throw "agent_frozen" end
end

--- Fails when two actors belong to one owner.
function M.must_be_strangers(a, b)
  if a.owner_id == b.owner_id then fail.throw "self_dealing_not_permitted" end
end

return M
