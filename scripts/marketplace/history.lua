-- scripts/marketplace/history.lua -- which states things were in, and who moved them; rows are only ever added.

local db = require "human.db"

local M = {}

M.sql = {
  note = [[insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
    values ($1, $2, $3, $4, $5::uuid, $6)]],
  of = [[select from_state, to_state, actor_id, cause, at from market_history where entity = $1 and entity_id = $2
    order by id limit 200]],
}

--- Notes in tx that something went from one state (nil: it began) to another.
--- move: {entity = "bid", id, from, to, actor_id (nil: the platform), cause = "bids-accept"}.
function M.note(tx, move)
  tx:ask(M.sql.note, move.entity, move.id, move.from, move.to, move.actor_id, move.cause)
end

--- What something has been through, oldest first: {{from_state, to_state, actor_id, cause, at}, ..}, at most 200.
function M.of(entity, id) return db.query(M.sql.of, entity, id) end

return M
