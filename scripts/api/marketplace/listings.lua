-- scripts/api/marketplace/listings.lua -- /listings-*: what is offered and asked for.

local api = require "human.api"
local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local s = require "human.schema"
local credit_tasks = require "marketplace.credit_tasks"
local data_products = require "marketplace.data_products"
local fields = require "api.marketplace.fields"
local listings = require "marketplace.listings"
local search = require "marketplace.listing_search"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Listings", base = "", auth = "market_key" }
local open = api.group { tag = "Listings", base = "", auth = false }

local Tool = fields.tool_meta { upstream_url = s.url, auth_type = fields.auth_type:default "none" }

-- What may be changed later, and what a listing is from its beginning.
local CHANGES = {
  { "title", s.string { min = 1, max = 200, trim = true } },
  { "description", s.string { min = 1, max = 2000, trim = true } },
  { "category_tags", fields.category_tags },
  { "price_usd", fields.price { as = "price_cents" }:optional() },
  { "budget_ceiling_usd", fields.price { as = "budget_ceiling_cents" }:optional() },
  { "sla_hours", fields.sla_hours:optional() },
  { "input_schema", fields.object:optional() }, { "output_schema", fields.object:optional() },
  { "evaluation_rubric", fields.object:optional() },
  { "subscription_plans", s.array(fields.plan, { min = 1, max = 20 }):optional() },
  { "tool_meta", Tool:optional() }, { "sla_config", fields.sla:optional() },
  { "min_seller_tier", fields.tier:optional() }, { "negotiation_permitted", s.bool:optional() },
  { "product_data", s.json { max = 262144 }:optional():describe "What a data product delivers; only buyers see it" },
}

-- Of a listing that there is, what is left out of tool_meta stays.
local ToolChange = fields.tool_meta { upstream_url = s.url:optional(), auth_type = fields.auth_type:optional() }

local function with(first, all_optional)
  local list = { unpack(first) }
  for _, pair in ipairs(CHANGES) do
    local node = all_optional and pair[1] == "tool_meta" and ToolChange or pair[2]
    list[#list + 1] = all_optional and { pair[1], node:optional() } or pair
  end
  return s.object(list)
end

local Create = with {
  { "direction", fields.direction }, { "listing_type", fields.listing_type },
  { "rc_reward", fields.rc_reward:optional():describe(
      "By an administrator: what is asked for is a credit task, for agents that have one of its category_tags. Nobody "
      .. "finds it or bids on it; its id is the task's") },
}
local Update = with({ { "listing_id", s.uuid } }, true)
local Created = s.object {
  { "id", s.uuid }, { "direction", fields.direction }, { "listing_type", fields.listing_type }, { "title", s.string },
  { "is_active", s.bool }, { "total_sales", s.int }, { "created_at", s.time },
}
local Listing = s.object {
  { "id", s.uuid }, { "direction", fields.direction }, { "listing_type", fields.listing_type }, { "title", s.string },
  { "description", s.string }, { "seller_id", s.uuid }, { "category_tags", s.array(s.string) },
  { "price_usd", s.usd { as = "price_cents" }:nullable() },
  { "budget_ceiling_usd", s.usd { as = "budget_ceiling_cents" }:nullable() }, { "sla_hours", s.int:nullable() },
  { "input_schema", s.json:nullable() }, { "output_schema", s.json:nullable() },
  { "evaluation_rubric", s.json:nullable() }, { "subscription_plans", s.json:nullable() },
  { "tool_meta", s.json:nullable() }, { "sla_config", s.json:nullable() }, { "min_seller_tier", s.int },
  { "negotiation_permitted", s.bool }, { "avg_rating", s.number:nullable() }, { "total_sales", s.int },
  { "is_active", s.bool }, { "created_at", s.time }, { "updated_at", s.time },
}

-- Lists and objects that are kept as JSON.
local function to_columns(body)
  for _, name in ipairs { "subscription_plans", "tool_meta", "sla_config" } do
    if type(body[name]) == "table" then body[name] = json.encode(body[name]) end
  end
  return body
end

local function shown(row)
  row.seller_id = row.actor_id
  return row
end

local function wrong(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

-- A credit task with the terms of a listing; its listing.
local function to_credit_task(actor, body)
  if actor.role ~= "admin" then fail.throw "forbidden" end
  if body.direction ~= "buy" then wrong("direction", "must be buy where there is an rc_reward") end
  if body.listing_type ~= "task_execution" then
    wrong("listing_type", "must be task_execution where there is an rc_reward")
  end
  for _, name in ipairs { "price_cents", "input_schema", "subscription_plans", "tool_meta", "sla_config",
                          "product_data" } do
    if body[name] then wrong(name == "price_cents" and "price_usd" or name, "does not go with an rc_reward") end
  end
  body.tags, body.min_tier = body.category_tags, body.min_seller_tier
  return listings.get(db, credit_tasks.post(actor, body, "listings-create").listing_id)
end

g:post("/listings-create", {
  summary = "Offer something (sell), or ask for it (buy)", idempotent = "tx", body = Create,
  reply = { [201] = Created },
  errors = { "validation_error", "invalid_schema", "unsafe_url", "forbidden", "agent_frozen",
             "output_schema_mismatch" },
}, function(ctx, body)
  if body.rc_reward then return 201, to_credit_task(ctx.actor, body) end
  body.min_seller_tier = body.min_seller_tier or 0
  if body.negotiation_permitted == nil then body.negotiation_permitted = true end
  return 201, db.tx(function(tx)
    local listing = listings.create(ctx.actor, to_columns(body))
    data_products.keep(tx, listing, body.product_data)
    return listing
  end)
end)

g:get("/listings-get", {
  summary = "Get a listing", query = { listing_id = s.uuid }, reply = { [200] = Listing }, errors = { "not_found" },
}, function(ctx) return 200, shown(listings.get(db, ctx.query.listing_id)) end)

g:put("/listings-update", {
  summary = "Change a listing of yours; what is left out stays, within tool_meta, too", body = Update,
  reply = { [200] = Listing },
  errors = { "validation_error", "invalid_schema", "unsafe_url", "not_found", "not_owner", "listing_inactive",
             "output_schema_mismatch", "not_claimed" },
}, function(ctx, body)
  return 200, shown(db.tx(function(tx)
    local listing = listings.update(ctx.actor, body.listing_id, to_columns(body))
    data_products.keep(tx, listing, body.product_data)
    return listing
  end))
end)

g:post("/listings-deactivate", {
  summary = "End a listing of yours; bids on it expire", idempotent = "tx", body = s.object { listing_id = s.uuid },
  reply = { [200] = s.object { { "id", s.uuid }, { "is_active", s.bool } } }, errors = { "not_found", "not_owner" },
}, function(ctx, body) return 200, listings.deactivate(ctx.actor, body.listing_id) end)

local Found = s.object {
  { "id", s.uuid }, { "direction", fields.direction }, { "listing_type", fields.listing_type }, { "title", s.string },
  { "seller_id", s.uuid }, { "price_usd", s.usd { as = "price_cents" }:nullable() },
  { "budget_ceiling_usd", s.usd { as = "budget_ceiling_cents" }:optional() }, { "sla_hours", s.int:nullable() },
  { "category_tags", s.array(s.string) }, { "avg_rating", s.number:nullable() }, { "total_sales", s.int },
  { "is_active", s.bool }, { "score", s.number:optional() },
}
local Page = s.object {
  { "listings", s.array(Found) }, { "total", s.int }, { "limit", s.int }, { "offset", s.int },
  { "search_mode", s.enum { "hybrid", "semantic", "lexical", "trigram" }:optional() },
}
local words = s.string { min = 1, max = 200, trim = true }:optional()

-- q is another name of query, as the documentation of the platform has it.
local function query_of(more)
  local query = { query = words, q = words, listing_type = fields.listing_type:optional(),
    category_tag = fields.tag:optional(), min_tier = fields.tier:optional(),
    max_price_usd = s.usd { as = "max_price_cents" }:optional(),
    sort_by = s.enum { "relevance", "created_at", "price_usd" }:default "relevance",
    sort_order = s.enum { "asc", "desc" }:default "desc", limit = fields.limit, offset = fields.offset }
  for name, node in pairs(more) do query[name] = node end
  return query
end

local function find(q, how)
  q.query = q.query or q.q
  local found = (how or search.find)(q)
  for _, row in ipairs(found.rows) do shown(row) end
  return { listings = found.rows, total = found.total, limit = q.limit, offset = q.offset, search_mode = found.mode }
end

g:get("/listings-search", {
  summary = "Find listings", query = query_of { direction = fields.direction:optional() }, reply = { [200] = Page },
}, function(ctx) return 200, find(ctx.query) end)

g:get("/listings-search-semantic", {
  summary = "Find listings by what a query means; search_mode says what served it",
  query = query_of { direction = fields.direction:optional() }, reply = { [200] = Page },
  errors = { "validation_error" },
}, function(ctx)
  if not (ctx.query.query or ctx.query.q) then
    ctx:fail("validation_error", { details = { { path = "query", message = "is required" } } })
  end
  return 200, find(ctx.query, search.find_alike)
end)

open:get("/listings-requests", {
  summary = "Browse what is asked for", query = query_of {}, reply = { [200] = Page },
}, function(ctx)
  ctx.query.direction = "buy"
  return 200, find(ctx.query)
end)

local function dollars(as) return s.usd { as = as }:nullable() end

g:get("/listings-price-suggestion", {
  summary = "What such work costs; null when fewer than three are comparable",
  query = { listing_type = fields.listing_type, category_tags = s.string { min = 1, max = 2000 } },
  reply = { [200] = s.object { { "suggested_price_usd", dollars "suggested_cents" },
    { "range_low", dollars "low_cents" }, { "range_high", dollars "high_cents" }, { "comparable_count", s.int } } },
}, function(ctx)
  local tags = {}
  for tag in ctx.query.category_tags:gmatch "[^,%s]+" do tags[#tags + 1] = tag end
  local price = search.price(ctx.query.listing_type, tags)
  price.comparable_count = price.count
  return 200, price
end)

return M
