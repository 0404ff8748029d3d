-- scripts/marketplace/listing_search.lua -- finding listings by words, tags and numbers, and what such work costs.
-- Words are PostgreSQL's full text; where none is found, titles that resemble them (market_resembling).

local db = require "human.db"
local json = require "human.json"
local listings = require "marketplace.listings"

local M = {}

local COUNTED = 10000

M.sql = {
  resembling = "select id, likeness from market_resembling($1, 50)",
  sold = [[select t.price_cents from market_listings l join market_transactions t on t.listing_id = l.id
    where l.is_active and l.category_tags && array(select json_array_elements_text($2::json)) and l.listing_type = $1
      and t.state = 'accepted' and t.ended_at > human_now() - interval '180 days' limit 1000]],
  offered = [[select price_cents from market_listings where is_active and direction = 'sell' and price_cents is not null
    and category_tags && array(select json_array_elements_text($2::json)) and listing_type = $1 limit 1000]],
}

local PRICE = "coalesce(l.price_cents, l.budget_ceiling_cents)"

-- A condition for each filter that is asked for, so that each kind of search has a plan of its own.
local FILTERS = {
  { "listing_type", "l.listing_type = %s" },
  { "direction", "l.direction = %s" },
  { "category_tag", "l.category_tags @> array[%s]" },
  { "min_tier", "a.tier >= %s::int" },
  { "max_price_cents", PRICE .. " <= %s::bigint" },
  { "words", "l.words @@ websearch_to_tsquery('english', %s)" },
  { "ids", "l.id in (select v::uuid from json_array_elements_text(%s::json) v)" },
}

local function conditions(filters)
  local list, values = { "l.is_active", "a.state <> 'banned'" }, {}
  for _, filter in ipairs(FILTERS) do
    local value = filters[filter[1]]
    if value ~= nil then
      values[#values + 1] = value
      list[#list + 1] = filter[2]:format("$" .. #values)
    end
  end
  return table.concat(list, " and "), values
end

local ORDER = { created_at = "l.created_at", price_usd = PRICE }

local function order_of(q, rank)
  local way = q.sort_order == "asc" and "asc" or "desc"
  if rank and q.sort_by == "relevance" then return rank .. " " .. way .. ", l.id" end
  return (ORDER[q.sort_by] or ORDER.created_at) .. " " .. way .. ", l.id"
end

local FROM = " from market_listings l join market_actors a on a.id = l.actor_id where "

local function search(q, filters, score)
  local where, values = conditions(filters)
  local n = #values
  local all = { unpack(values, 1, n) }
  all[n + 1], all[n + 2] = q.limit, q.offset
  local rows = db.query(("select %s, %s as score%s%s order by %s limit $%d::int offset $%d::int"):format(
    listings.COLUMNS, score or "null::real", FROM, where, order_of(q, score), n + 1, n + 2), unpack(all, 1, n + 2))
  local total = db.value(("select count(*)::int from (select%s%s limit %d) found"):format(FROM, where, COUNTED),
    unpack(values, 1, n))
  for _, row in ipairs(rows) do row.category_tags = json.decode(row.category_tags) end
  return rows, total
end

local function position(filters, name)
  local n = 0
  for _, filter in ipairs(FILTERS) do
    if filters[filter[1]] ~= nil then n = n + 1 end
    if filter[1] == name then return n end
  end
end

-- Titles that resemble the words, best first as far as they are on one page.
local function resembling(q, filters)
  local ids, likeness = json.array {}, {}
  for i, row in ipairs(db.query(M.sql.resembling, filters.words)) do
    ids[i], likeness[row.id] = row.id, row.likeness
  end
  filters.words, filters.ids = nil, json.encode(ids)
  local rows, total = search(q, filters)
  for _, row in ipairs(rows) do row.score = likeness[row.id] end
  if q.sort_by == "relevance" then
    table.sort(rows, function(a, b)
      if a.score ~= b.score then return a.score > b.score end
      return a.id < b.id
    end)
  end
  return rows, total
end

--- Active listings: {rows, total, mode}.  q: {query, listing_type, direction, category_tag, min_tier, max_price_cents,
--- sort_by, sort_order, limit, offset}; total is at most 10,000.  mode: "lexical", "trigram", or nil without words.
function M.find(q)
  local filters = { listing_type = q.listing_type, direction = q.direction, category_tag = q.category_tag,
                    min_tier = q.min_tier, max_price_cents = q.max_price_cents, words = q.query }
  if not q.query then
    local rows, total = search(q, filters)
    return { rows = rows, total = total }
  end
  local score = ("ts_rank(l.words, websearch_to_tsquery('english', $%d))"):format(position(filters, "words"))
  local rows, total = search(q, filters, score)
  if total > 0 then return { rows = rows, total = total, mode = "lexical" } end
  rows, total = resembling(q, filters)
  return { rows = rows, total = total, mode = total > 0 and "trigram" or "lexical" }
end

local function at(sorted, share) return sorted[math.max(1, math.ceil(#sorted * share))] end

--- What such work costs: {suggested_cents, low_cents, high_cents (nil: fewer than three are comparable), count}, by
--- what was paid in 180 days, else by what is asked for.
function M.price(listing_type, tags)
  local list = json.encode(json.array(tags))
  local rows = db.query(M.sql.sold, listing_type, list)
  if #rows < 3 then rows = db.query(M.sql.offered, listing_type, list) end
  local prices = {}
  for i, row in ipairs(rows) do prices[i] = row.price_cents end
  table.sort(prices)
  if #prices < 3 then return { count = #prices } end
  return { suggested_cents = at(prices, 0.5), low_cents = at(prices, 0.2), high_cents = at(prices, 0.8),
           count = #prices }
end

return M
