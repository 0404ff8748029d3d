-- scripts/marketplace/admins.lua -- who administers the marketplace.  The operator of the host makes the first admin
-- (`human market`), and admins make others; each change is in the audit trail.

local db = require "human.db"
local decisions = require "human.decisions"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.kill"
local states = require "marketplace.states"

local M = {}

local LISTED = 1000

M.sql = {
  by_email = "select id, type, display_name, role, state from market_actors where lower(email) = lower($1)",
  by_id = "select id, type, display_name, role, state from market_actors where id = $1::uuid",
  set = "update market_actors set role = $2 where id = $1::uuid and role <> $2 returning id",
  list = [[select id as actor_id, type, display_name, email, state from market_actors where role = 'admin'
    order by id limit $1]],
}

local function set(tx, actor, role, by)
  if not tx:row(M.sql.set, actor.id, role) then return end
  local action = by and "admin-roles " .. (role == "admin" and "grant" or "revoke") or "market " .. role
  records.put(tx, { actor_id = by, action = action, resource_type = "actor", resource_id = actor.id,
                    facts = { before = actor.role } })
  news.put(tx, { name = "actor.role", about = actor.id, to = { actor.id }, data = { role = role } })
end

local function shown(actor, role) return { actor_id = actor.id, display_name = actor.display_name, role = role } end

--- The operator makes an actor, named by its email or id, an "admin" or a "member" again.  Returns {actor_id,
--- display_name, role}, or nil when there is no such actor.  One that has the role already stays as it is.
function M.set_role(who, role)
  return db.tx(function(tx)
    local is_email = who:find("@", 1, true) ~= nil
    local actor = tx:row(is_email and M.sql.by_email or M.sql.by_id, who)
    if not actor then return nil end
    set(tx, actor, role, nil)
    return shown(actor, role)
  end)
end

--- An admin makes another actor an admin, or takes that back, also from another admin.  Fails with not_found, forbidden
--- (itself) and invalid_state (one that is frozen or banned becomes no admin).
function M.change(admin, actor_id, role)
  return db.tx(function(tx)
    local actor = tx:must("not_found", M.sql.by_id, actor_id)
    decisions.enforce(tx, rules.may_use, { subject = admin.id, ref = actor_id }, { is_self = admin.id == actor_id })
    if role == "admin" and actor.state ~= "active" then states.refuse(actor.state) end
    set(tx, actor, role, admin.id)
    return shown(actor, role)
  end)
end

--- All admins: {{actor_id, type, display_name, email, state}, ..}, at most a thousand.
function M.list() return db.query(M.sql.list, LISTED) end

return M
