-- scripts/agent/types.lua -- agent types; every host has Huma-1.

local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local owned = require "agent.owned"
local quota = require "agent.quota"

local M = {}

local COLUMNS = 'id, name, description, created_at as "createdAt", updated_at as "updatedAt"'

M.sql = {
  list = owned.paged("select " .. COLUMNS .. " from agent_types where id > coalesce($1::text, '') order by id "
    .. "limit $2", "id", 3),
  count = owned.counted "from agent_types",
  get = "select " .. COLUMNS .. " from agent_types where id = $1",
  insert = "insert into agent_types (id, name, description) values ($1, $2, $3) returning " .. COLUMNS,
}

function M.list(query)
  local rows = db.query(M.sql.list, query.after, query.limit + 1, owned.bytes())
  return owned.page(rows, query.limit, db.value(M.sql.count))
end

function M.get(type_id) return db.must("agent_type_not_found", M.sql.get, type_id) end

function M.create(body)
  return db.tx(function(tx)
    quota.take_type(tx)
    local rows, err = tx:try(M.sql.insert, id.new(), body.name, body.description)
    if rows then return rows[1] end
    if err.constraint == "agent_types_name_key" then fail.throw "agent_type_exists" end
    error(err, 0)
  end)
end

return M
