-- scripts/marketplace/bids.lua -- bids on what somebody asks for, and what both sides counter until one accepts.
-- Whoever changes a bid locks its listing first: then two bids of one listing are never accepted at once.

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.trade"
local states = require "marketplace.states"
local terms = require "marketplace.terms"
local transactions = require "marketplace.transactions"

local M = {}

local COLUMNS = [[id, listing_id, bidder_id, state, price_cents, sla_hours, scope_note, milestones, counter_round,
  counter_by, counter_price_cents, counter_sla_hours, counter_note, expires_at, transaction_id, reason, is_auto,
  created_at]]

local AT_ONCE = 500
local NOBODY = "00000000-0000-0000-0000-000000000000"

M.sql = {
  get = "select " .. COLUMNS .. " from market_bids where id = $1::uuid",
  lock = "select " .. COLUMNS .. " from market_bids where id = $1::uuid for no key update",
  lock_buyer = [[select id from ledger_accounts where code = 6000 and owner = (select l.actor_id::text
    from market_bids b join market_listings l on l.id = b.listing_id where b.id = $1::uuid) for update]],
  insert = [[insert into market_bids (listing_id, bidder_id, price_cents, sla_hours, scope_note, milestones, expires_at,
      is_auto)
    values ($1::uuid, $2::uuid, $3::bigint, $4::int, $5, $6::jsonb, $7::timestamptz, $8::bool)
    on conflict (bidder_id, listing_id) where state in ('pending', 'countered') do nothing returning ]] .. COLUMNS,
  counter = [[update market_bids set state = $3, counter_round = $4::int, counter_by = $5::uuid,
      counter_price_cents = $6::bigint, counter_sla_hours = $7::int, counter_note = $8, expires_at = $9::timestamptz,
      updated_at = human_now()
    where id = $1::uuid and state = $2 and counter_round = $4::int - 1 returning ]] .. COLUMNS,
  move = [[update market_bids set state = $3, reason = $4, transaction_id = $5::uuid, updated_at = human_now()
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  others = "select " .. COLUMNS .. [[ from market_bids where listing_id = $1::uuid and id <> $2::uuid
    and state in ('pending', 'countered') order by id limit ]] .. AT_ONCE .. " for no key update",
  of_actor = "select " .. COLUMNS .. [[ from market_bids where bidder_id = $1::uuid and ($2::text is null or state = $2)
    order by created_at desc, id limit $3::int offset $4::int]],
  count_of_actor = [[select count(*)::int from (select from market_bids where bidder_id = $1::uuid
    and ($2::text is null or state = $2) limit 1000) few]],
  of_listing = "select " .. COLUMNS .. [[ from market_bids where listing_id = $1::uuid
    and ($2::text is null or state = $2) order by created_at desc, id limit $3::int offset $4::int]],
  count_of_listing = [[select count(*)::int from (select from market_bids where listing_id = $1::uuid
    and ($2::text is null or state = $2) limit 1000) few]],
}

local NEWS = { accepted = "bid.accepted", rejected = "bid.rejected", countered = "bid.countered",
               expired = "bid.expired", withdrawn = "bid.withdrawn" }

local function told(tx, b, from, owner_id, actor_id, cause, event)
  states.moved(tx, { entity = "bid", id = b.id, from = from, to = b.state, actor_id = actor_id, cause = cause,
    event = event or NEWS[b.state], to_actors = { owner_id, b.bidder_id }, data = {
      bid_id = b.id, listing_id = b.listing_id, bidder_id = b.bidder_id, status = b.state, price_cents = b.price_cents,
      bidder = actors.get(tx, b.bidder_id).display_name,
      sla_hours = b.sla_hours, counter_round = b.counter_round, counter_price_cents = b.counter_price_cents,
      counter_sla_hours = b.counter_sla_hours, transaction_id = b.transaction_id, reason = b.reason,
      expires_at = b.expires_at } })
end

local function timer(tx, b) queue.add(tx, "market.bid", b.id, b.expires_at, { at = b.expires_at }) end

-- A bid and its listing, locked; fails with not_found for whom neither belongs to.  actor_id nil: the platform.
local function lock(tx, id, actor_id)
  local known = tx:must("not_found", M.sql.get, id)
  local listing = listings.lock(tx, known.listing_id)
  local b = tx:row(M.sql.lock, id)
  if actor_id and actor_id ~= listing.actor_id and actor_id ~= b.bidder_id then fail.throw "not_found" end
  return b, listing
end

local function is_owner(listing, actor_id) return actor_id == listing.actor_id end

-- Who acts, as rules/states.lua says it for offers and for counter offers.
local function side(listing, actor_id) return is_owner(listing, actor_id) and "owner" or "bidder" end
local function turn(b, actor_id) return b.counter_by == actor_id and "sender" or "receiver" end

local function shares_of(milestones)
  if not milestones then return nil end
  local shares = {}
  for i, m in ipairs(milestones) do shares[i] = m.share_bp end
  return shares
end

--- Places a bid: {listing_id, price_cents, sla_hours, scope_note, milestones ({title, share_bp, sla_hours}), is_auto}.
function M.create(actor, bid)
  return db.tx(function(tx)
    actors.must_be_free(actor)
    local listing = listings.lock(tx, bid.listing_id)
    decisions.enforce(tx, rules.may_bid, { subject = actor.id, ref = listing.id }, {
      direction = listing.direction, is_active = listing.is_active, is_same_owner = listing.owner_id == actor.owner_id,
      bidder_tier = actor.tier, min_seller_tier = listing.min_seller_tier, price_cents = bid.price_cents,
      ceiling_cents = listing.budget_ceiling_cents, shares = shares_of(bid.milestones) })
    local b = tx:row(M.sql.insert, listing.id, actor.id, bid.price_cents, bid.sla_hours, bid.scope_note,
      bid.milestones and json.encode(bid.milestones), terms.in_hours(rules.bid_hours), bid.is_auto == true)
    if not b then fail.throw "already_bid" end
    told(tx, b, nil, listing.actor_id, actor.id, bid.is_auto and "auto-bid" or "bids-create", "bid.received")
    timer(tx, b)
    return b
  end)
end

local function move(tx, b, listing, step)
  local from, to = b.state, states.next("bid", b, step.event, step.by)
  local now = tx:row(M.sql.move, b.id, from, to, step.reason, step.transaction_id) or states.refuse(b.state)
  told(tx, now, from, listing.actor_id, step.actor_id, step.cause)
  return now
end

-- Moves all active bids of a listing but one (nil: all), so many at a time.
local function move_others(tx, listing, but, step)
  repeat
    local others = tx:query(M.sql.others, listing.id, but or NOBODY)
    for _, other in ipairs(others) do
      move(tx, other, listing, { event = step.event, by = "platform", reason = step.reason, cause = step.cause })
    end
  until #others < AT_ONCE
end

local function must_be_open(b)
  if not terms.is_past(b.expires_at) then return end
  if b.state == "countered" then fail.throw "counter_expired" end
  fail.throw("invalid_state", { status = "expired" })
end

-- Accepts a locked bid, at its own price or the one countered.  Returns the transaction and its payment.
local function accept(tx, b, listing, step)
  states.next("bid", b, step.event, step.by)     -- refuses before anything is made
  must_be_open(b)
  local is_countered = b.state == "countered"
  local t, payment = transactions.make(tx, {
    listing_id = listing.id, bid_id = b.id, buyer_id = listing.actor_id, seller_id = b.bidder_id, cause = step.cause,
    terms = terms.of(listing, { price_cents = is_countered and b.counter_price_cents or b.price_cents,
      sla_hours = is_countered and b.counter_sla_hours or b.sla_hours,
      milestones = b.milestones and json.decode(b.milestones) }) })
  step.transaction_id = t.id
  move(tx, b, listing, step)
  move_others(tx, listing, b.id, { event = "outbid", reason = "outbid", cause = "outbid" })
  return t, payment
end

--- The listing's owner accepts a bid.  Returns the transaction, and its payment when it has just been made.
function M.accept(actor_id, id)
  return db.tx(function(tx)
    tx:ask(M.sql.lock_buyer, id)                 -- whom nobody freezes meanwhile
    local b, listing = lock(tx, id, actor_id)
    if not is_owner(listing, actor_id) then fail.throw "forbidden" end
    if b.state == "accepted" then return transactions.get(tx, b.transaction_id) end
    return accept(tx, b, listing, { event = "accept", by = "owner", actor_id = actor_id, cause = "bids-accept" })
  end)
end

--- Whoever got the counter offer accepts it.  The same returns as accept().
function M.counter_accept(actor_id, id)
  return db.tx(function(tx)
    tx:ask(M.sql.lock_buyer, id)
    local b, listing = lock(tx, id, actor_id)
    if b.state == "accepted" and b.counter_by and b.counter_by ~= actor_id then
      return transactions.get(tx, b.transaction_id)
    end
    return accept(tx, b, listing, { event = "counter_accept", by = turn(b, actor_id), actor_id = actor_id,
                                    cause = "bids-counter-accept" })
  end)
end

--- Counters a bid, or the last counter offer: {price_cents, sla_hours, note}.
function M.counter(actor, id, offer)
  return db.tx(function(tx)
    local b, listing = lock(tx, id, actor.id)
    local is_first = b.counter_round == 0
    if b.state ~= "pending" and b.state ~= "countered" then states.refuse(b.state) end
    decisions.enforce(tx, rules.may_counter, { subject = actor.id, ref = id }, {
      is_negotiable = listing.negotiation_permitted, round = b.counter_round + 1, price_cents = offer.price_cents,
      ceiling_cents = listing.budget_ceiling_cents,
      is_my_turn = is_first and is_owner(listing, actor.id) or not is_first and b.counter_by ~= actor.id })
    must_be_open(b)
    local to = states.next("bid", b, "counter", is_first and side(listing, actor.id) or turn(b, actor.id))
    local from, sla = b.state, offer.sla_hours or b.counter_sla_hours or b.sla_hours
    b = tx:row(M.sql.counter, id, from, to, b.counter_round + 1, actor.id, offer.price_cents, sla, offer.note,
      terms.in_hours(rules.counter_hours)) or states.refuse(b.state)
    told(tx, b, from, listing.actor_id, actor.id, "bids-counter")
    timer(tx, b)
    return b
  end)
end

--- The owner rejects a bid.
function M.reject(actor_id, id, reason)
  return db.tx(function(tx)
    local b, listing = lock(tx, id, actor_id)
    if not is_owner(listing, actor_id) then fail.throw "forbidden" end
    if b.state == "rejected" and b.counter_round == 0 and b.reason ~= "outbid" then return b end
    return move(tx, b, listing, { event = "reject", by = "owner", reason = reason, actor_id = actor_id,
                                  cause = "bids-reject" })
  end)
end

--- Whoever got the counter offer rejects it, and with it the bid.
function M.counter_reject(actor_id, id)
  return db.tx(function(tx)
    local b, listing = lock(tx, id, actor_id)
    if b.state == "rejected" and b.counter_by and b.counter_by ~= actor_id and b.reason ~= "outbid" then return b end
    return move(tx, b, listing, { event = "counter_reject", by = turn(b, actor_id), actor_id = actor_id,
                                  cause = "bids-counter-reject" })
  end)
end

--- The bidder takes a bid back.
function M.withdraw(actor_id, id)
  return db.tx(function(tx)
    local b, listing = lock(tx, id, actor_id)
    if b.state == "withdrawn" and b.bidder_id == actor_id then return b end
    return move(tx, b, listing, { event = "withdraw", by = side(listing, actor_id), actor_id = actor_id,
                                  cause = "bids-withdraw" })
  end)
end

--- Nobody has answered it by that time.
function M.expire(tx, id, at)
  local b, listing = lock(tx, id)
  if b.expires_at ~= at or b.state ~= "pending" and b.state ~= "countered" then return end
  move(tx, b, listing, { event = "expire", by = "platform", cause = "bid-expired" })
end

--- Expires all bids of a locked listing that has ended.
function M.expire_all(tx, listing)
  move_others(tx, listing, nil, { event = "expire", cause = "listing-ended" })
end

--- Bids of an actor, or on a listing of his: {rows, total}; page: {limit, offset, status, listing_id}.
function M.list(actor_id, page)
  local which, of = "of_actor", actor_id
  if page.listing_id then
    if listings.get(db, page.listing_id).actor_id ~= actor_id then fail.throw "not_owner" end
    which, of = "of_listing", page.listing_id
  end
  return db.query(M.sql[which], of, page.status, page.limit, page.offset),
    db.value(M.sql["count_" .. which], of, page.status)
end

return M
