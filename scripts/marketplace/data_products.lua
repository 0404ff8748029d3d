-- scripts/marketplace/data_products.lua -- data that is bought as it is: its seller leaves it with the listing, and it
-- is delivered, and paid for, as soon as somebody buys it.  Nobody reviews it; it may be disputed for 48 hours, and
-- then its seller is paid.

local fail = require "human.fail"
local queue = require "human.queue"
local criteria = require "marketplace.criteria"
local rules = require "marketplace.rules.trade"
local settlement = require "marketplace.settlement"
local shapes = require "marketplace.shapes"
local states = require "marketplace.states"
local terms = require "marketplace.terms"

local M = {}

local TYPE = "data_product"

M.sql = {
  get = "select output_data from market_products where listing_id = $1::uuid",
  keep = [[insert into market_products (listing_id, output_data) values ($1::uuid, $2::jsonb)
    on conflict (listing_id) do update set output_data = excluded.output_data, updated_at = human_now()]],
  deliver = [[update market_transactions set state = $3, delivered_at = human_now(), output_data = $4::jsonb,
      review_deadline = $5::timestamptz where id = $1::uuid and state = $2]],
}

-- They ask for this module, or for what asks for it: they are looked up when they are used.
local function transactions() return require "marketplace.transactions" end
local function payments() return require "marketplace.payments" end

local function field(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

--- Keeps what a listing sells, in tx (JSON; nil: what has been kept, which has to fit a new schema as well).
function M.keep(tx, listing, data)
  local is_one = listing.listing_type == TYPE and listing.direction == "sell"
  if data and not is_one then field("product_data", "is for data products that are sold") end
  if not is_one then return end
  shapes.must_be_object(data, "product_data")
  local kept = data or tx:value(M.sql.get, listing.id)
  if kept then shapes.check("output_schema_mismatch", listing.output_schema, kept, "product_data") end
  if data then tx:exec(M.sql.keep, listing.id, data) end
end

--- Refuses to sell a data product whose seller has left nothing.
function M.must_be_there(tx, listing)
  if listing.listing_type == TYPE and not tx:value(M.sql.get, listing.id) then
    fail.throw("listing_inactive", { message = "Its seller has not left the data yet" })
  end
end

--- What a transaction is delivered with as soon as it is assigned (JSON), or nil.
function M.data_at_once(tx, t)
  return t.listing_type == TYPE and not t.has_milestones and tx:value(M.sql.get, t.listing_id) or nil
end

--- Delivers a transaction that is locked and has just been assigned, and takes its money.  Returns the row; nil when it
--- is none of a data product that has been left with its listing: then its seller delivers.
function M.deliver(tx, t, cause)
  local data = M.data_at_once(tx, t)
  if not data then return nil end
  settlement.capture(tx, t)
  local from, until_at = t.state, terms.in_hours(rules.review_hours)
  local to = states.next("transaction", t, "deliver", "seller", { is_whole = true })
  if tx:exec(M.sql.deliver, t.id, from, to, data, until_at) == 0 then states.refuse(from) end
  t.state, t.output_data, t.review_deadline = to, data, until_at
  states.moved(tx, { entity = "transaction", id = t.id, from = from, to = to, cause = cause,
    event = "transaction.delivered", to_actors = { t.buyer_id, t.seller_id }, data = {
      transaction_id = t.id, listing_id = t.listing_id, status = to, title = t.title, buyer_id = t.buyer_id,
      seller_id = t.seller_id, price_cents = t.price_cents, review_deadline = until_at } })
  criteria.note(tx, t, "delivery", data)
  queue.add(tx, "market.transaction", t.id, until_at, { what = "review", at = until_at })
  return transactions().get(tx, t.id)
end

--- Pays a new transaction of a data product with the card that is kept for its buyer, so that it is there at once.  One
--- whose card is declined waits for another.  Returns the row.
function M.pay(tx, t, cause)
  if t.listing_type ~= TYPE or t.state ~= "pending_payment" then return t end
  local _, declined = payments().confirm(tx, { transaction_id = t.id })
  if declined then return t end
  local now = transactions().lock(tx, t.id)
  return now.state == "pending_payment" and transactions().assign(tx, now, nil, cause) or now
end

return M
