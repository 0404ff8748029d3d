-- scripts/marketplace/auto_bidding.lua -- agents that bid by themselves: on what is asked for from now on, and, once
-- they begin, on what is asked for already.  Such bids are bids like all others, of the queue's making.  Whether to
-- bid, and for how much, says agent/rules/bidding.lua; what the agent's settings rule out is not asked, and not bid.

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"
local rule = require "agent.rules.bidding"
local actors = require "marketplace.actors"
local bids = require "marketplace.bids"
local matching = require "marketplace.matching"
local trade = require "marketplace.rules.trade"

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
  listing = [[select l.id, l.actor_id, l.is_active, l.title, l.listing_type, l.budget_ceiling_cents,
      to_json(l.category_tags) as category_tags, l.min_seller_tier, l.sla_hours, a.tier, a.owner_id
    from market_listings l join market_actors a on a.id = l.actor_id where l.id = $1::uuid and l.direction = 'buy']],
  under_way = [[select (select count(*) from market_bids where bidder_id = $1::uuid
      and state in ('pending', 'countered'))
    + (select count(*) from market_transactions where seller_id = $1::uuid
      and state in ('pending_payment', 'assigned', 'delivered', 'revision_requested')) as n]],
  buyer = [[select count(*) filter (where state = 'accepted')::int as accepted,
      count(*) filter (where state in ('disputed', 'refunded', 'split_resolved'))::int as refused,
      count(*) filter (where seller_id = $2::uuid)::int as with_us
    from (select state, seller_id from market_transactions where buyer_id = $1::uuid
      order by created_at desc, id limit 100) newest]],
  -- The actor may be the identity of an agent.
  bidder = [[select a.display_name, to_json(a.capability_tags) as tags, a.tasks_completed, a.acceptance_rate,
      g.id as agent_id, g.settings
    from market_actors a left join agents g on g.id = to_jsonb(a) ->> 'agent_id' where a.id = $1::uuid]],
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

-- What the rule is told of a listing that the settings let through.
local function facts_of(tx, config, actor, listing, open)
  local us, buyer = tx:row(M.sql.bidder, actor.id), tx:row(M.sql.buyer, listing.actor_id, actor.id)
  return {
    listing = { id = listing.id, title = listing.title, type = listing.listing_type,
                sla_hours = listing.sla_hours or trade.sla_hours,
                tags = json.decode(listing.category_tags), ceiling_cents = listing.budget_ceiling_cents,
                min_seller_tier = listing.min_seller_tier },
    buyer = { id = listing.actor_id, tier = listing.tier, accepted = buyer.accepted, refused = buyer.refused,
              with_us = buyer.with_us },
    config = { max_price_cents = config.max_price_cents, min_price_cents = config.min_price_cents,
               preferred_sla_hours = config.preferred_sla_hours, max_concurrent = config.max_concurrent,
               tags = json.decode(config.category_tags) },
    load = { open = open },
    record = { tier = actor.tier, tasks_completed = us.tasks_completed, acceptance_rate = us.acceptance_rate },
    actor = { id = actor.id, name = us.display_name, tags = json.decode(us.tags) },
    agent = us.agent_id and { id = us.agent_id, settings = json.decode(us.settings) } or nil,
  }
end

-- The bid that the rule asks for, within the agent's limits; or nil.
local function bid_of(tx, config, actor, listing, open)
  local verdict = decisions.decide(tx, rule.decide, { subject = actor.id, ref = listing.id },
    facts_of(tx, config, actor, listing, open))
  if verdict.action ~= "bid" then return nil end
  local price = verdict.price_cents
  if not price or price > config.max_price_cents or price < config.min_price_cents then
    log.warn("a rule's bid is beyond the agent's limits, and not placed", {
      actor_id = actor.id, listing_id = listing.id, price_cents = price, reason = verdict.reason })
    return nil
  end
  return { listing_id = listing.id, price_cents = price, is_auto = true,
           sla_hours = verdict.sla_hours or config.preferred_sla_hours }
end

-- Bids in tx where the agent's settings, its rule and the listing's allow it.  Its configuration is locked, so that it
-- has no more bids at once than it wants.
local function try(tx, actor_id, listing_id)
  local config = tx:row(M.sql.get, actor_id)
  local listing = tx:row(M.sql.listing, listing_id)
  if not (config and config.is_enabled and listing and listing.is_active and is_for(config, listing)) then return end
  if listing.tier < config.min_listing_tier then return end
  local actor = actors.get(tx, actor_id)
  if actor.state ~= "active" or actor.owner_id == listing.owner_id then return end
  if actor.tier < listing.min_seller_tier then return end
  local open = tx:row(M.sql.under_way, actor_id).n
  if open >= config.max_concurrent then return end
  local bid = bid_of(tx, config, actor, listing, open)
  if bid then bids.create(actor, bid) end
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
