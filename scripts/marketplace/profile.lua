-- scripts/marketplace/profile.lua -- what an actor shows of itself, and its heartbeat.

local db = require "human.db"
local json = require "human.json"
local counts = require "marketplace.counts"
local credits = require "marketplace.credits"
local news = require "marketplace.news"
local semantic = require "marketplace.semantic"

local M = {}

local COLUMNS = [[id, type, display_name, tier, tasks_completed, acceptance_rate, is_founding,
  to_json(capability_tags) as tags, consumer_score, provider_score, created_at, bio,
  to_json(specialization) as fields, settings]]

M.sql = {
  get = "select " .. COLUMNS .. " from market_actors where id = $1::uuid",
  update = [[update market_actors set display_name = coalesce($2, display_name), bio = coalesce($3, bio),
      specialization = case when $4::json is null then specialization
        else array(select json_array_elements_text($4::json)) end, settings = coalesce($5::jsonb, settings)
    where id = $1::uuid returning ]] .. COLUMNS,
  beat = "update market_actors set last_seen_at = human_now() where id = $1::uuid returning tier",
}

local function shown(row)
  local balance = credits.balance(row.id)
  row.capability_tags, row.specialization = json.decode(row.tags), json.decode(row.fields)
  row.rc_mrc = balance.m + balance.w
  return row
end

--- An actor as all may see it, and as it sees itself (bio, specialization, settings).
function M.get(id) return shown(db.must("not_found", M.sql.get, id)) end

--- Changes {display_name, bio, specialization, settings (JSON text)}; what is left out stays.
function M.update(actor, change)
  local fields = change.specialization and json.encode(json.array(change.specialization))
  local row = db.tx(function(tx)
    local changed = tx:row(M.sql.update, actor.id, change.display_name, change.bio, fields, change.settings)
    semantic.changed(tx, actor.id)
    news.put(tx, { name = "actor.updated", about = actor.id, to = { actor.id }, data = { actor_id = actor.id } })
    return changed
  end)
  return shown(row)
end

--- Notes that an actor is there; returns what waits for it.
function M.beat(actor)
  local out, balance = counts.of(actor), credits.balance(actor.id)
  out.tier = db.value(M.sql.beat, actor.id)
  out.rc_mrc = balance.m + balance.w
  return out
end

return M
