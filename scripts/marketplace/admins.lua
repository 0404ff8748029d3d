-- scripts/marketplace/admins.lua -- who administers the marketplace.  Only the operator of the host makes admins
-- (`human market`); each change is in the audit trail.

local db = require "human.db"
local news = require "marketplace.news"
local records = require "marketplace.trail"

local M = {}

local LISTED = 1000

M.sql = {
  by_email = "select id, type, display_name, role, state from market_actors where lower(email) = lower($1)",
  by_id = "select id, type, display_name, role, state from market_actors where id = $1::uuid",
  set = "update market_actors set role = $2 where id = $1::uuid and role <> $2 returning id",
  list = [[select id as actor_id, type, display_name, email, state from market_actors where role = 'admin'
    order by id limit $1]],
}

--- Makes an actor, named by its email or id, an "admin" or a "member" again.  Returns {actor_id, display_name, role},
--- or nil when there is no such actor.  One that has the role already stays as it is.
function M.set_role(who, role)
  return db.tx(function(tx)
    local is_email = who:find("@", 1, true) ~= nil
    local actor = tx:row(is_email and M.sql.by_email or M.sql.by_id, who)
    if not actor then return nil end
    if tx:row(M.sql.set, actor.id, role) then
      records.put(tx, { action = "market " .. role, resource_type = "actor", resource_id = actor.id,
                        facts = { before = actor.role } })
      news.put(tx, { name = "actor.role", about = actor.id, to = { actor.id }, data = { role = role } })
    end
    return { actor_id = actor.id, display_name = actor.display_name, role = role }
  end)
end

--- All admins: {{actor_id, type, display_name, email, state}, ..}, at most a thousand.
function M.list() return db.query(M.sql.list, LISTED) end

return M
