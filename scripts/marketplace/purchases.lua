-- scripts/marketplace/purchases.lua -- what is offered is bought: with a card, or as a part of other work, whose escrow
-- pays for it.  Such chains are short, and nobody is in one twice.  What an agent has to ask its people for is bought
-- in the transaction of their answer.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local approvals = require "marketplace.approvals"
local credits = require "marketplace.credits"
local data_products = require "marketplace.data_products"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.trade"
local shapes = require "marketplace.shapes"
local states = require "marketplace.states"
local terms = require "marketplace.terms"
local transactions = require "marketplace.transactions"

local M = {}

M.sql = {
  input = "select asks_for ->> 'input_data' from market_approvals where message_id = $1::uuid",
  children = "select count(*)::int from market_transactions where parent_id = $1::uuid",
  links = "select count(*)::int from market_transactions where root_id = $1::uuid",
  is_in_chain = [[with recursive up as (
      select id, parent_id, buyer_id, seller_id from market_transactions where id = $1::uuid
      union all select p.id, p.parent_id, p.buyer_id, p.seller_id
        from market_transactions p join up on p.id = up.parent_id
    ) select exists (select from up join market_actors a on a.id in (up.buyer_id, up.seller_id)
      where a.owner_id = (select owner_id from market_actors where id = $2::uuid))]],
  chain = [[select t.id as transaction_id, t.depth, b.display_name as buyer, s.display_name as seller, t.price_cents,
      t.state as status, t.buyer_id, t.seller_id
    from market_transactions t join market_actors b on b.id = t.buyer_id join market_actors s on s.id = t.seller_id
    where t.root_id = $1::uuid order by t.depth, t.created_at, t.id limit 500]],
}

-- The transaction of which this is to be a part, locked.
local function parent_of(tx, actor, parent_id, seller_id)
  local parent = transactions.party(tx, parent_id, actor.id)
  if parent.seller_id ~= actor.id then fail.throw "forbidden" end
  parent = transactions.lock(tx, parent_id)
  if not transactions.is_at_work(parent) then states.refuse(parent.state) end
  if parent.depth + 1 > rules.chain_depth then fail.throw "max_chain_depth_exceeded" end
  if tx:value(M.sql.is_in_chain, parent_id, seller_id) then fail.throw "circular_chain_detected" end
  if tx:value(M.sql.children, parent_id) >= rules.chain_children then fail.throw "max_chain_depth_exceeded" end
  if tx:value(M.sql.links, parent.root_id) >= rules.chain_links then fail.throw "max_chain_depth_exceeded" end
  return parent
end

local function wrong(field, message)
  fail.throw("validation_error", { details = { { path = field, message = message } } })
end

local function check(listing, ask)
  if listing.direction ~= "sell" then wrong("listing_id", "must be of a listing that sells") end
  if not listing.is_active then fail.throw "listing_inactive" end
  if not listing.price_cents then wrong("listing_id", "is sold by subscription: see /tool-subscriptions") end
  if listing.listing_type == "evaluation_service" and not ask.input_data then wrong("input_data", "is required") end
  shapes.must_be_object(ask.input_data, "input_data")
  if ask.input_data then shapes.check("input_schema_mismatch", listing.input_schema, ask.input_data, "input_data") end
end

-- A subcontract may cost less than the listing says, where that may be negotiated; its seller may decline it.
local function price_of(listing, asked_cents)
  if not asked_cents or asked_cents == listing.price_cents then return listing.price_cents end
  if not listing.negotiation_permitted then fail.throw "negotiation_not_permitted" end
  if asked_cents > listing.price_cents then wrong("price_usd", "must not exceed the listing's price") end
  return asked_cents
end

-- What is asked for, as its approval keeps it.
local function request_of(ask)
  return { listing_id = ask.listing_id, parent_id = ask.parent_id, price_cents = ask.price_cents,
           input_data = ask.input_data and json.raw(ask.input_data) or nil }
end

-- In tx: the transaction, and its payment; or nil, nil and the request that waits.  most_cents: what was approved, or
-- nil.
local function buy(tx, actor, ask, most_cents)
  local listing = listings.get(tx, ask.listing_id)
  check(listing, ask)
  if actor.type ~= "human" and not ask.parent_id then fail.throw "missing_parent_transaction" end
  if not ask.parent_id then credits.lock(tx, actor.id) end   -- whom nobody freezes meanwhile; or see parent_of
  transactions.check_parties(tx, actor.id, listing.actor_id)
  data_products.must_be_there(tx, listing)
  local parent = ask.parent_id and parent_of(tx, actor, ask.parent_id, listing.actor_id)
  local price = price_of(listing, ask.price_cents)
  if most_cents and price > most_cents then fail.throw "price_exceeds_approval" end
  local waits = approvals.ask(tx, actor, listing, price, { carries = "purchase", asks_for = request_of(ask) })
  if waits then return nil, nil, waits end
  local made, its_payment = transactions.make(tx, {
    listing_id = listing.id, buyer_id = actor.id, seller_id = listing.actor_id, parent = parent, cause = ask.cause,
    is_checked = not parent,
    terms = terms.of(listing, { price_cents = price, input_data = ask.input_data, is_part = parent ~= nil }) })
  return data_products.pay(tx, made, ask.cause), its_payment
end

--- An actor buys: {listing_id, parent_id, input_data (JSON), price_cents, cause}.  Agents buy as a part of other work
--- only, and with consent where they need it: what that has made already is answered when they ask again.  Returns the
--- transaction, and its payment where a card pays.
function M.create(actor, ask)
  local t, payment, asked = db.tx(function(tx)
    local made = actor.type ~= "human"
      and approvals.made(tx, actor.id, ask.listing_id, "purchase", request_of(ask))
    if made then return transactions.get(tx, made) end
    return buy(tx, actor, ask)                   -- a request that waits is kept
  end)
  if asked then approvals.refuse(asked) end
  return t, payment
end

-- An agent's people have approved it.
approvals.carries("purchase", function(tx, agent, m)
  local ask = m.asks_for
  ask.input_data, ask.cause = tx:value(M.sql.input, m.id), "channel-respond"
  local t, _, waits = buy(tx, agent, ask, m.amount_cents)
  if waits then fail.throw "approval_required" end
  return t.id
end)

--- All transactions of a chain, the first one first, when an actor is a party of one of them, or an admin.
function M.chain(actor, id)
  local rows = db.query(M.sql.chain, transactions.get(db, id).root_id)
  local is_known = actor.role == "admin"
  for _, t in ipairs(rows) do is_known = is_known or actor.id == t.buyer_id or actor.id == t.seller_id end
  if not is_known then fail.throw "not_found" end
  return rows
end

return M
