-- scripts/marketplace/listings.lua -- what is offered (sell) and asked for (buy).  What was agreed on before a listing
-- changed stays as it was: bids and transactions keep their terms.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local history = require "marketplace.history"
local news = require "marketplace.news"
local rubrics = require "marketplace.rubrics"
local semantic = require "marketplace.semantic"
local shapes = require "marketplace.shapes"
local tool_meta = require "marketplace.tool_meta"

local M = {}

M.COLUMNS = [[l.id, l.actor_id, l.direction, l.listing_type, l.title, l.description,
  to_json(l.category_tags) as category_tags, l.price_cents, l.budget_ceiling_cents, l.sla_hours, l.input_schema,
  l.output_schema, l.evaluation_rubric, l.subscription_plans, l.tool_meta, l.sla_config, l.min_seller_tier,
  l.negotiation_permitted, l.is_active, l.total_sales, l.avg_rating::float8 as avg_rating, l.created_at, l.updated_at]]

-- In the order of the parameters of both statements, from $3 on.
local FIELDS = { "title", "description", "category_tags", "price_cents", "budget_ceiling_cents", "sla_hours",
                 "input_schema", "output_schema", "evaluation_rubric", "subscription_plans", "tool_meta", "tool_secret",
                 "sla_config", "min_seller_tier", "negotiation_permitted" }

local TAGS = "array(select json_array_elements_text($5::json))"

M.sql = {
  get = "select " .. M.COLUMNS .. " from market_listings l where l.id = $1::uuid",
  lock = "select " .. M.COLUMNS .. [[, l.tool_secret, a.owner_id
    from market_listings l join market_actors a on a.id = l.actor_id where l.id = $1::uuid for no key update of l]],
  insert = [[insert into market_listings as l (actor_id, direction, listing_type, title, description, category_tags,
      price_cents, budget_ceiling_cents, sla_hours, input_schema, output_schema, evaluation_rubric, subscription_plans,
      tool_meta, tool_secret, sla_config, min_seller_tier, negotiation_permitted, id)
    values ($1::uuid, split_part($2, ':', 1), split_part($2, ':', 2), $3, $4,
      ]] .. TAGS .. [[, $6::bigint, $7::bigint, $8::int, $9::jsonb, $10::jsonb, $11::jsonb, $12::jsonb, $13::jsonb, $14,
      $15::jsonb, $16::int, $17::bool, coalesce($18::uuid, gen_random_uuid())) returning ]] .. M.COLUMNS,
  update = [[update market_listings l set title = $3, description = $4, category_tags = ]] .. TAGS .. [[,
      price_cents = $6::bigint, budget_ceiling_cents = $7::bigint, sla_hours = $8::int, input_schema = $9::jsonb,
      output_schema = $10::jsonb, evaluation_rubric = $11::jsonb, subscription_plans = $12::jsonb,
      tool_meta = $13::jsonb, tool_secret = $14, sla_config = $15::jsonb, min_seller_tier = $16::int,
      negotiation_permitted = $17::bool, updated_at = human_now()
    where l.id = $1::uuid and l.actor_id = $2::uuid returning ]] .. M.COLUMNS,
  new_id = "select gen_random_uuid()::text",
  deactivate = [[update market_listings l set is_active = false, updated_at = human_now()
    where l.id = $1::uuid and is_active returning ]] .. M.COLUMNS,
}

local function wrong(field, message)
  fail.throw("validation_error", { details = { { path = field, message = message } } })
end

-- A column's NULL is a field that is not there.
local function present(v) return v ~= nil and v ~= json.null end

local function check_plans(text)
  local seen = {}
  for i, plan in ipairs(json.decode(text)) do
    if seen[plan.plan_id] then wrong(("subscription_plans[%d].plan_id"):format(i - 1), "is used twice") end
    seen[plan.plan_id] = true
  end
end

local function check(l)
  local is_buy, has_plans = l.direction == "buy", present(l.subscription_plans)
  if is_buy and not present(l.budget_ceiling_cents) then wrong("budget_ceiling_usd", "is required for buy listings") end
  if not is_buy and not present(l.price_cents) and not has_plans then
    wrong("price_usd", "is required for sell listings without subscription_plans")
  end
  for _, name in ipairs { "input_schema", "output_schema" } do shapes.must_be_valid(l[name], name) end
  rubrics.must_be_valid(l.evaluation_rubric, "evaluation_rubric")
  if has_plans then check_plans(l.subscription_plans) end
end

local function values(l)
  local out = {}
  for i, name in ipairs(FIELDS) do out[i] = l[name] == nil and json.null or l[name] end
  return out
end

-- The secret that the upstream is shown is kept apart, and sealed for this listing.
local function seal(q, l, listing_id)
  if not present(l.tool_meta) then return end
  local meta, secret = tool_meta.split(l.tool_meta)
  l.tool_meta = meta
  if not secret then return end
  l.id = listing_id or q:value(M.sql.new_id)
  l.tool_secret = tool_meta.seal(l.id, secret)
end

local function from_row(row)
  row.category_tags = json.decode(row.category_tags)
  return row
end

--- A listing by its id; in q, a transaction or human.db.  Fails with not_found.
function M.get(q, listing_id)
  return from_row(q == db and db.must("not_found", M.sql.get, listing_id) or q:must("not_found", M.sql.get, listing_id))
end

--- Locks it; the row has owner_id, of its actor.  Fails with not_found.
function M.lock(tx, listing_id) return from_row(tx:must("not_found", M.sql.lock, listing_id)) end

--- Offers or asks for something: the fields of the table, tags as a list, JSON as text.
function M.create(actor, l)
  check(l)
  if present(l.tool_meta) then tool_meta.check(l.tool_meta) end
  l.category_tags = json.encode(json.array(l.category_tags))
  return db.tx(function(tx)
    actors.must_be_free(actor)
    seal(tx, l)
    local given = values(l)
    given[#FIELDS + 1] = l.id == nil and json.null or l.id
    local row = from_row(tx:row(M.sql.insert, actor.id, l.direction .. ":" .. l.listing_type,
      unpack(given, 1, #FIELDS + 1)))
    history.note(tx, { entity = "listing", id = row.id, to = "active", actor_id = actor.id, cause = "listings-create" })
    news.put(tx, { name = "listing.created", about = row.id, to = {}, public = true, data = {
      listing_id = row.id, actor_id = actor.id, title = row.title, direction = row.direction,
      listing_type = row.listing_type, price_cents = row.price_cents or row.budget_ceiling_cents } })
    semantic.changed(tx, row.id)
    if row.direction == "buy" then queue.add(tx, "market.match", row.id, nil, { listing_id = row.id }) end
    return row
  end)
end

local function own(tx, actor, listing_id)
  local row = M.lock(tx, listing_id)
  if row.actor_id ~= actor.id then fail.throw "not_owner" end
  return row
end

--- Changes fields of a listing; what is nil stays, within tool_meta, too.  is_import: its document says so.
function M.update(actor, listing_id, changes, is_import)
  return db.tx(function(tx)
    local row = own(tx, actor, listing_id)
    if not row.is_active then fail.throw "listing_inactive" end
    if present(changes.tool_meta) then
      changes.tool_meta = tool_meta.merged(row.tool_meta, changes.tool_meta, is_import)
      tool_meta.check(changes.tool_meta)
    end
    if row.tool_meta and not is_import then require("marketplace.catalog").must_allow(tx, row, changes) end
    seal(tx, changes, listing_id)
    for _, name in ipairs(FIELDS) do
      if changes[name] ~= nil then row[name] = changes[name] end
    end
    check(row)
    row.category_tags = json.encode(json.array(row.category_tags))
    semantic.changed(tx, listing_id)
    return from_row(tx:row(M.sql.update, listing_id, actor.id, unpack(values(row), 1, #FIELDS)))
  end)
end

--- Ends a listing, or the credit task that it is: its bids expire; what was agreed stays.
function M.deactivate(actor, listing_id)
  return db.tx(function(tx)
    local row = own(tx, actor, listing_id)
    if not row.is_active then
      require("marketplace.credit_tasks").end_listing(tx, actor, listing_id)
      return row
    end
    row = from_row(tx:row(M.sql.deactivate, listing_id))
    history.note(tx, { entity = "listing", id = listing_id, from = "active", to = "inactive", actor_id = actor.id,
                       cause = "listings-deactivate" })
    semantic.changed(tx, listing_id)
    require("marketplace.bids").expire_all(tx, row)
    return row
  end)
end

return M
