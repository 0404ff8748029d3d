-- scripts/agent/personalities.lua -- who an agent is.
-- personalityId is the client's own name for it (coach-alex).  It need not be unique: creating
-- "coach-alex" again, as a set-up script does when it runs twice, makes a second one; the name then
-- means the newest of the user's own, or else a shared one.

local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local owned = require "agent.owned"
local quota = require "agent.quota"

local M = {}

local COLUMNS = 'id, user_id as "userId", personality_id as "personalityId", name, description, '
  .. 'style_instructions as "styleInstructions", created_at as "createdAt", updated_at as "updatedAt"'
local CODE = "personality_not_found"

M.sql = {
  list = owned.paged(owned.with_shared(COLUMNS, "personalities"), "id", 4),
  count = owned.counted_with_shared "personalities",
  get = "select " .. COLUMNS .. " from personalities where id = $1 and (user_id = $2 or user_id is null)",
  insert = "insert into personalities (id, user_id, personality_id, name, description, style_instructions) "
    .. "values ($1, $2, $3, $4, $5, $6) returning " .. COLUMNS,
  update = "update personalities set personality_id = coalesce($3, personality_id), name = coalesce($4, name), "
    .. "description = coalesce($5, description), style_instructions = coalesce($6, style_instructions), "
    .. "updated_at = now() where id = $1 and user_id = $2 returning " .. COLUMNS,
  delete = "delete from personalities where id = $1 and user_id = $2",
  resolve = "select id from personalities where (id = $1 or personality_id = $1) "
    .. "and (user_id = $2 or user_id is null) "
    .. "order by (id = $1) desc, (user_id is not null) desc, id desc limit 1",
}

-- A name's own slug: "Coach Alex" -> "coach-alex".
local function slug(name)
  local text = name:lower():gsub("[^%w\128-\255]+", "-"):gsub("^%-+", ""):match "^.*[^%-]" or ""
  return text ~= "" and #text <= 100 and text or "personality"
end

function M.list(actor, query) return owned.list(M.sql, actor.id, query) end
function M.get(actor, row_id) return owned.get(M.sql, CODE, actor, row_id) end

function M.create(actor, body)
  return db.tx(function(tx)
    quota.take(tx, actor.id, "personalities")
    return tx:row(M.sql.insert, id.new(), actor.id, body.personalityId or slug(body.name), body.name,
      body.description, body.styleInstructions)
  end)
end

function M.update(actor, row_id, body)
  return owned.update(M.sql, CODE, actor, row_id, body.personalityId, body.name, body.description,
    body.styleInstructions)
end

function M.delete(actor, row_id) owned.delete(M.sql, CODE, actor, row_id) end

-- Resolves a row's id or a personalityId to an id for this user.
function M.resolve(tx, actor, name)
  return tx:value(M.sql.resolve, name, actor.id) or fail.throw(CODE)
end

return M
