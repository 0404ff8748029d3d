-- scripts/agent/users.lua -- users of the agent API.
-- A user owns keys, agents, personalities and system prompts; deleting a user deletes all of them.

local bus = require "human.bus"
local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"

local M = {}

local COLUMNS = 'id, email, name, created_at as "createdAt", updated_at as "updatedAt"'

M.sql = {
  insert = "insert into users (id, email, name) values ($1, $2, $3) returning " .. COLUMNS,
  get = "select " .. COLUMNS .. " from users where id = $1",
  update = "update users set email = coalesce($2, email), name = coalesce($3, name), updated_at = now() "
    .. "where id = $1 returning " .. COLUMNS,
  lock_mailboxes = "select m.agent_id from agent_mailboxes m join agents a on a.id = m.agent_id "
    .. "where a.user_id = $1 order by m.agent_id for update of m",
  delete = "delete from users where id = $1",
}

local function unless_taken(rows, err)
  if rows then return rows[1] end
  if err.constraint == "users_email" then fail.throw "email_taken" end
  error(err, 0)
end

-- body: {email, name?}.  email is unique, ignoring case.
function M.create(body)
  return unless_taken(db.try(M.sql.insert, id.new(), body.email, body.name))
end

function M.get(user_id) return db.must("user_not_found", M.sql.get, user_id) end

function M.update(user_id, body)
  return unless_taken(db.try(M.sql.update, user_id, body.email, body.name)) or fail.throw "user_not_found"
end

-- Deletes everything that the user owns, and closes its sockets on all workers.
function M.delete(user_id)
  db.tx(function(tx)
    tx:query(M.sql.lock_mailboxes, user_id)       -- before the rows that refer to agents, as all writers do
    if tx:exec(M.sql.delete, user_id) == 0 then fail.throw "user_not_found" end
    bus.notify(tx, "agent.access_ended", { user_id = user_id })
  end)
end

return M
