-- scripts/marketplace/records.lua -- what messages, reputation and the feed read of transactions and listings.

local db = require "human.db"
local fail = require "human.fail"

local M = {}

M.sql = {
  task = [[select t.id, t.listing_id, t.buyer_id, t.seller_id, t.state, t.price_cents, l.title,
      s.display_name as seller, b.owner_id as buyer_owner
    from market_transactions t join market_actors s on s.id = t.seller_id join market_actors b on b.id = t.buyer_id
    left join market_listings l on l.id = t.listing_id where t.id = $1::uuid]],
  listing = [[select l.id, l.actor_id, l.title, a.display_name as actor from market_listings l
    join market_actors a on a.id = l.actor_id where l.id = $1::uuid]],
}

--- A transaction {id, listing_id, buyer_id, seller_id, state, price_cents, title, seller (his name), buyer_owner}, or
--- nil; in q, a transaction or human.db.
function M.task(q, id)
  if q == db then return db.row(M.sql.task, id) end
  return q:row(M.sql.task, id)
end

--- The same for one of its parties; others are told not_found.
function M.party(id, actor_id)
  local task = db.row(M.sql.task, id)
  if task and (task.buyer_id == actor_id or task.seller_id == actor_id) then return task end
  fail.throw "not_found"
end

--- A listing {id, actor_id, title, actor (his name)}, or nil.
function M.listing(id) return db.row(M.sql.listing, id) end

return M
