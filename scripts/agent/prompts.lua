-- scripts/agent/prompts.lua -- system prompts: what an agent does.

local db = require "human.db"
local fail = require "human.fail"
local id = require "human.id"
local owned = require "agent.owned"
local quota = require "agent.quota"

local M = {}

local COLUMNS = 'id, user_id as "userId", name, prompt_type as "promptType", template, '
  .. 'created_at as "createdAt", updated_at as "updatedAt"'
local CODE = "system_prompt_not_found"

M.sql = {
  list = owned.paged(owned.with_shared(COLUMNS, "system_prompts"), "id", 4),
  count = owned.counted_with_shared "system_prompts",
  get = "select " .. COLUMNS .. " from system_prompts where id = $1 and (user_id = $2 or user_id is null)",
  insert = "insert into system_prompts (id, user_id, name, prompt_type, template) "
    .. "values ($1, $2, $3, $4, $5) returning " .. COLUMNS,
  update = "update system_prompts set name = coalesce($3, name), prompt_type = coalesce($4, prompt_type), "
    .. "template = coalesce($5, template), updated_at = now() where id = $1 and user_id = $2 "
    .. "returning " .. COLUMNS,
  delete = "delete from system_prompts where id = $1 and user_id = $2",
  resolve = "select id from system_prompts where id = $1 and (user_id = $2 or user_id is null)",
}

function M.list(actor, query) return owned.list(M.sql, actor.id, query) end
function M.get(actor, row_id) return owned.get(M.sql, CODE, actor, row_id) end

function M.create(actor, body)
  return db.tx(function(tx)
    quota.take(tx, actor.id, "system_prompts")
    return tx:row(M.sql.insert, id.new(), actor.id, body.name, body.promptType, body.template)
  end)
end

function M.update(actor, row_id, body)
  return owned.update(M.sql, CODE, actor, row_id, body.name, body.promptType, body.template)
end

function M.delete(actor, row_id) owned.delete(M.sql, CODE, actor, row_id) end

-- The id when this user may link it.
function M.resolve(tx, actor, row_id)
  return tx:value(M.sql.resolve, row_id, actor.id) or fail.throw(CODE)
end

return M
