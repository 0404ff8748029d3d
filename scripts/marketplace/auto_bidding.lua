-- scripts/marketplace/auto_bidding.lua -- agents that bid by themselves: on what is asked for from now on, and, once
-- they begin, on what is asked for already.  Such bids are bids like all others, of the queue's making.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local bids = require "marketplace.bids"
local matching = require "marketplace.matching"
local rules = require "marketplace.rules.trade"

local M = {}

local AT_ONCE = 100                              -- agents, or listings, that one row of the queue looks at

local CONFIG = [[c.actor_id, c.is_enabled, c.max_price_cents, c.min_price_cents,
  to_json(c.category_tags) as category_tags, c.min_listing_tier, c.max_concurrent, c.preferred_sla_hours]]

M.sql = {
  save = [[insert into market_auto_bidding as c (actor_id, is_enabled, max_price_cents, min_price_cents, category_tags,
      min_listing_tier, max_concurrent, preferred_sla_hours)
    values ($1::uuid, $2::bool, $3::bigint, $4::bigint, array(select json_array_elements_text($5::json)), $6::int,
      $7::int, $8::int)
    on conflict (actor_id) do update set is_enabled = excluded.is_enabled, max_price_cents = excluded.max_price_cents,
      min_price_cents = excluded.min_price_cents, category_tags = excluded.category_tags,
      min_listing_tier = excluded.min_listing_tier, max_concurrent = excluded.max_concurrent,
      preferred_sla_hours = excluded.preferred_sla_hours, updated_at = human_now()
    returning ]] .. CONFIG,
  get = "select " .. CONFIG .. " from market_auto_bidding c where c.actor_id = $1::uuid for update",
  -- Those whose tags (or patterns, "data:*") fit the listing; the rest is looked at one by one.
  bidders = [[select c.actor_id from market_auto_bidding c where c.is_enabled and c.actor_id > $1::uuid
      and (c.category_tags = '{}' or exists (select from unnest(c.category_tags) p, market_listings l,
        unnest(l.category_tags) t where l.id = $2::uuid
        and (p = t or right(p, 1) = '*' and starts_with(t, left(p, -1)))))
    order by c.actor_id limit ]] .. AT_ONCE,
  open = [[select l.id from market_listings l where l.is_active and l.direction = 'buy'
    order by l.created_at desc, l.id limit ]] .. AT_ONCE,
  listing = [[select l.id, l.actor_id, l.is_active, l.budget_ceiling_cents, to_json(l.category_tags) as category_tags,
      l.min_seller_tier, l.sla_hours, a.tier, a.owner_id
    from market_listings l join market_actors a on a.id = l.actor_id where l.id = $1::uuid and l.direction = 'buy']],
  under_way = [[select (select count(*) from market_bids where bidder_id = $1::uuid
      and state in ('pending', 'countered'))
    + (select count(*) from market_transactions where seller_id = $1::uuid
      and state in ('pending_payment', 'assigned', 'delivered', 'revision_requested')) as n]],
}

local NOBODY = "00000000-0000-0000-0000-000000000000"

-- "data:*" is all that begins with "data:".
local function fits(pattern, tag)
  if pattern:sub(-1) == "*" then return tag:sub(1, #pattern - 1) == pattern:sub(1, -2) end
  return pattern == tag
end

local function is_for(config, listing)
  local patterns, tags = json.decode(config.category_tags), json.decode(listing.category_tags)
  if #patterns == 0 then return true end
  for _, pattern in ipairs(patterns) do
    for _, tag in ipairs(tags) do
      if fits(pattern, tag) then return true end
    end
  end
  return false
end

-- Bids in tx where the agent's rules and the listing's allow it.  Its configuration is locked, so that it has no more
-- bids at once than it wants.
local function try(tx, actor_id, listing_id)
  local config = tx:row(M.sql.get, actor_id)
  local listing = tx:row(M.sql.listing, listing_id)
  if not (config and config.is_enabled and listing and listing.is_active and is_for(config, listing)) then return end
  if listing.tier < config.min_listing_tier then return end
  local actor = actors.get(tx, actor_id)
  if actor.state ~= "active" or actor.owner_id == listing.owner_id then return end
  if actor.tier < listing.min_seller_tier then return end
  if tx:row(M.sql.under_way, actor_id).n >= config.max_concurrent then return end
  local price = rules.auto_price { max_price_cents = config.max_price_cents, min_price_cents = config.min_price_cents,
                                   ceiling_cents = listing.budget_ceiling_cents }
  if price == 0 then return end
  bids.create(actor, { listing_id = listing_id, price_cents = price, sla_hours = config.preferred_sla_hours,
                       is_auto = true })
end

-- One transaction for each: an agent that may not bid holds up no other.
local function try_alone(actor_id, listing_id)
  local ok, err = pcall(db.tx, function(tx) try(tx, actor_id, listing_id) end)
  if not ok and not (fail.is(err) and err.status < 500) then error(err, 0) end
end

--- Saves how an agent bids: {is_enabled, max_price_cents, min_price_cents, category_tags, min_listing_tier,
--- max_concurrent, preferred_sla_hours}, or {is_enabled} alone once the rest has been said; it begins with what is
--- asked for now.  Returns the row, or nil where the rest has not been said.
function M.save(actor, c)
  return db.tx(function(tx)
    if not c.max_price_cents then
      local known = tx:row(M.sql.get, actor.id)
      if not known then return nil end
      known.is_enabled, known.category_tags = c.is_enabled, json.decode(known.category_tags)
      c = known
    end
    local row = tx:row(M.sql.save, actor.id, c.is_enabled, c.max_price_cents, c.min_price_cents,
      json.encode(json.array(c.category_tags)), c.min_listing_tier, c.max_concurrent, c.preferred_sla_hours)
    if c.is_enabled then queue.add(tx, "market.match", actor.id, nil, { actor_id = actor.id }, { unique = "first" }) end
    row.category_tags = json.decode(row.category_tags)
    return row
  end)
end

-- The next agents that might bid on a listing, after that one; the rest is another row's.
local function match_listing(row, listing_id, after)
  local found = db.query(M.sql.bidders, after or NOBODY, listing_id)
  for _, c in ipairs(found) do try_alone(c.actor_id, listing_id) end
  local tell = not after and matching.told_of(listing_id)
  db.tx(function(tx)
    if tell then tell(tx) end
    if #found == AT_ONCE then
      queue.add(tx, "market.match", listing_id, nil, { listing_id = listing_id, after = found[#found].actor_id })
    end
    row:done(tx)
  end)
end

--- A listing is new, or an agent begins to bid.
function M.match(row)
  local p = row.payload
  if p.listing_id then return match_listing(row, p.listing_id, p.after) end
  for _, listing in ipairs(db.query(M.sql.open)) do try_alone(p.actor_id, listing.id) end
end

queue.define("market.match", "marketplace.auto_bidding.match", { per_key = true, concurrency = 4 })

return M
