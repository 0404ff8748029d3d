-- scripts/marketplace/deals.lua -- what messages, reputation and the feed read of transactions and listings.

local db = require "human.db"
local fail = require "human.fail"

local M = {}

M.sql = {
  task = [[select t.id, t.listing_id, t.buyer_id, t.seller_id, t.state, t.price_cents, t.title,
      t.is_late, t.parent_id, t.payout_status, s.display_name as seller, b.owner_id as buyer_owner,
      coalesce(array_to_json(l.category_tags), '[]') as tags
    from market_transactions t join market_actors s on s.id = t.seller_id join market_actors b on b.id = t.buyer_id
    left join market_listings l on l.id = t.listing_id where t.id = $1::uuid]],
  listing = [[select l.id, l.actor_id, l.title, a.display_name as actor from market_listings l
    join market_actors a on a.id = l.actor_id where l.id = $1::uuid]],
  lock_listing = "select 1 from market_listings where id = $1::uuid for no key update",
  rate = [[update market_listings set avg_rating = (select round(avg(rating), 2) from market_reviews
    where listing_id = $1::uuid) where id = $1::uuid]],
}

--- A transaction {id, listing_id, buyer_id, seller_id, state, price_cents, title, is_late, parent_id, payout_status,
--- seller (his name), buyer_owner, tags (of the listing, JSON)}, or nil; in q, a transaction or human.db.
function M.task(q, id)
  if q == db then return db.row(M.sql.task, id) end
  return q:row(M.sql.task, id)
end

--- The same for one of its parties; others are told not_found.
function M.party(q, id, actor_id)
  local task = M.task(q, id)
  if task and (task.buyer_id == actor_id or task.seller_id == actor_id) then return task end
  fail.throw "not_found"
end

--- A listing {id, actor_id, title, actor (his name)}, or nil.
function M.listing(id) return db.row(M.sql.listing, id) end

--- A listing has one more review: its average, in tx.
function M.rate(tx, id)
  tx:exec(M.sql.lock_listing, id)                -- another review counts this one, or this one that
  tx:exec(M.sql.rate, id)
end

return M
