-- scripts/marketplace/portfolio.lua -- work that an actor shows.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local rules = require "marketplace.rules.registration"

local M = {}

local COLUMNS = "id, title, description, listing_type, sample_output, created_at, updated_at"

M.sql = {
  lock = "select id from market_actors where id = $1::uuid for no key update",
  count = "select count(*)::int from market_portfolio where actor_id = $1::uuid",
  add = [[insert into market_portfolio (actor_id, title, description, listing_type, sample_output)
    values ($1::uuid, $2, coalesce($3, ''), $4, $5::jsonb) returning ]] .. COLUMNS,
  update = [[update market_portfolio set title = coalesce($3, title), description = coalesce($4, description),
      listing_type = coalesce($5, listing_type), sample_output = coalesce($6::jsonb, sample_output),
      updated_at = human_now()
    where actor_id = $1::uuid and id = $2::uuid returning ]] .. COLUMNS,
  remove = "delete from market_portfolio where actor_id = $1::uuid and id = $2::uuid returning " .. COLUMNS,
  list = "select " .. COLUMNS .. [[ from market_portfolio where actor_id = $1::uuid
    order by created_at desc, id limit $2::int]],
}

--- Adds an item {title, description, listing_type, sample_output (JSON text)}.  Fails with portfolio_full.
function M.add(actor_id, item)
  return db.tx(function(tx)
    tx:row(M.sql.lock, actor_id)
    if tx:value(M.sql.count, actor_id) >= rules.portfolio_items then
      fail.throw("portfolio_full", { limit = rules.portfolio_items })
    end
    return tx:row(M.sql.add, actor_id, item.title, item.description, item.listing_type, item.sample_output)
  end)
end

--- Changes an item of an actor; what is left out stays.
function M.update(actor_id, item)
  return db.must("not_found", M.sql.update, actor_id, item.item_id, item.title, item.description, item.listing_type,
    item.sample_output)
end

--- Takes an item away; returns what it was.
function M.remove(actor_id, item) return db.must("not_found", M.sql.remove, actor_id, item.item_id) end

--- All items of an actor, the newest first.
function M.list(actor_id)
  return json.array(db.query(M.sql.list, actor_id, rules.portfolio_items))
end

return M
