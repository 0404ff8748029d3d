-- scripts/marketplace/listing_search.lua -- finding listings by words, tags and numbers, and what such work costs.
-- Words are PostgreSQL's full text; where nothing has them, mistyped ones are corrected (market_corrected); and with
-- the encoder's weights, what means something similar (marketplace.semantic).

local db = require "human.db"
local json = require "human.json"
local listings = require "marketplace.listings"
local rules = require "marketplace.rules.search"
local semantic = require "marketplace.semantic"
local task = require "human.task"

local M = {}

local COUNTED = 10000                            -- without words
local MATCHED, RANKED = 2000, 1000               -- with the words: counted; put in order
local WAIT_S = 60                                -- for the database, which has a limit of its own
local DEPTH, NEAR, NARROW = 200, 200, 1000       -- how far each order is looked at; with filters that the index lacks
local AMONG = "l.id in (select v::uuid from json_array_elements_text(%s::json) v)"

M.sql = {
  by_ids = "select " .. listings.COLUMNS .. " from market_listings l where " .. AMONG:format "$1",
  corrected = "select market_corrected($1)::text",
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
  { "corrected", "l.words @@ %s::tsquery" },
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

local function count(filters)
  local where, values = conditions(filters)
  local most = (filters.words or filters.corrected) and MATCHED or COUNTED
  local sql = ("select count(*)::int from (select%s%s limit %d) found"):format(FROM, where, most)
  return db.value(sql, unpack(values))
end

local function search(q, filters, score)
  local where, values = conditions(filters)
  local n = #values
  local all = { unpack(values, 1, n) }
  all[n + 1], all[n + 2] = q.limit, q.offset
  local rows = db.query(("select %s, %s as score%s%s order by %s limit $%d::int offset $%d::int"):format(
    listings.COLUMNS, score or "null::real", FROM, where, order_of(q, score), n + 1, n + 2), unpack(all, 1, n + 2))
  local total = count(filters)
  for _, row in ipairs(rows) do row.category_tags = json.decode(row.category_tags) end
  return rows, total
end

-- The words that filters ask for, which are their last value, as PostgreSQL reads them.
local function asked_words(filters)
  local _, values = conditions(filters)
  return (filters.words and "websearch_to_tsquery('english', $%d)" or "$%d::tsquery"):format(#values)
end

local function without_words(filters)
  local copy = {}
  for name, value in pairs(filters) do
    if name ~= "words" and name ~= "corrected" then copy[name] = value end
  end
  return copy
end

-- Which of these ids, listings, are not filtered out: {[id] = {words = whether they have the words, too}}.
local function passing(filters, ids)
  local where, values = conditions(without_words(filters))
  local n, seen = #values, {}
  local has = filters.corrected and "l.words @@ $%d::tsquery" or "l.words @@ websearch_to_tsquery('english', $%d)"
  local sql = ("select l.id, %s as words%s%s and %s"):format(has:format(n + 1), FROM, where, AMONG:format("$" .. n + 2))
  local all = { unpack(values, 1, n) }
  all[n + 1], all[n + 2] = filters.corrected or filters.words, json.encode(json.array(ids))
  for _, row in ipairs(db.query(sql, unpack(all, 1, n + 2))) do seen[row.id] = row end
  return seen
end

-- The listings with these ids, in this order.
local function in_order(ids, scores)
  local place, rows = {}, {}
  for i, id in ipairs(ids) do place[id] = i end
  for _, row in ipairs(db.query(M.sql.by_ids, json.encode(json.array(ids)))) do
    row.category_tags, row.score = json.decode(row.category_tags), scores[row.id]
    rows[place[row.id]] = row
  end
  return rows
end

-- A page of ids that are in order; what has vanished meanwhile leaves a gap, which is closed.
local function page_of(ids, scores, q)
  local some, rows = {}, {}
  for i = q.offset + 1, math.min(#ids, q.offset + q.limit) do
    some[#some + 1] = q.sort_order == "asc" and ids[#ids + 1 - i] or ids[i]
  end
  local found = in_order(some, scores)
  for i = 1, #some do rows[#rows + 1] = found[i] end
  return rows
end

-- preferred: {[id] = true}, of those with the same score.
local function best_first(scores, preferred)
  local ids = {}
  for id in pairs(scores) do ids[#ids + 1] = id end
  table.sort(ids, function(a, b)
    if scores[a] ~= scores[b] then return scores[a] > scores[b] end
    if preferred[a] ~= preferred[b] then return preferred[a] == true end
    return a < b
  end)
  return ids
end

-- What means something similar, as {id, ..}, best first, and {[id] = cosine}; nil where meaning is not searched.
local function alike(q)
  local is_narrow = q.category_tag or q.min_tier or q.max_price_cents
  local hits = semantic.nearest(q.query, semantic.kinds(q.direction, q.listing_type), is_narrow and NARROW or NEAR)
  if not hits then return nil end
  local ids, scores = {}, {}
  for _, hit in ipairs(hits) do
    if hit.score < rules.least_likeness then break end
    ids[#ids + 1], scores[hit.id] = hit.id, hit.score
  end
  return ids, scores
end

-- Those that have the words: {words: ids, best first; scores: {[id] = rank}; total: how many, at most MATCHED}.  Of
-- words that most listings have, some are counted and fewer ranked: to read all takes longer than anybody waits, and
-- they resemble each other.
local function by_words(filters)
  local where, values = conditions(filters)
  local sql = ([[with found as materialized (select l.id, l.words%s%s limit %d)
    select id, ts_rank(words, %s) as rank, (select count(*)::int from found) as n
    from (select * from found limit %d) few
    order by rank desc, id limit %d]]):format(FROM, where, MATCHED, asked_words(filters), RANKED, DEPTH)
  local rows, ids, scores = db.query(sql, unpack(values)), {}, {}
  for i, row in ipairs(rows) do ids[i], scores[row.id] = row.id, row.rank end
  return { words = ids, scores = scores, total = rows[1] and rows[1].n or 0 }
end

-- The same filters with the words corrected; nil where none is mistyped, or nothing resembles it.
local function corrected(filters)
  local query = db.value(M.sql.corrected, filters.words)
  if not query then return nil end
  local copy = { corrected = query }
  for name, value in pairs(filters) do
    if name ~= "words" then copy[name] = value end
  end
  return copy
end

-- by_words(), and {filters, mode}.  Where words find anything, nobody has mistyped them.
local function by_text(filters)
  local found = by_words(filters)
  local others = found.total == 0 and corrected(filters)
  if others then found, filters = by_words(others), others end
  found.filters, found.mode = filters, others and found.total > 0 and "trigram" or "lexical"
  return found
end

-- Runs fn(..) at once, beside its caller; returns a function that waits for what it returns.
local function beside(fn, ...)
  local me, ok, result = task.current(), nil, nil
  task.spawn(function(...)
    ok, result = pcall(fn, ...)
    task.wake(me)
  end, ...)
  return function()
    while ok == nil do task.wait(WAIT_S) end
    if not ok then error(result, 0) end
    return result
  end
end

-- By words and by meaning, fused by the place that a listing has in each order (rules/search.lua).
local function fused(q, near, text)
  local has_words, places, others = {}, {}, {}
  for _, id in ipairs(text.words) do has_words[id] = true end
  for name, list in pairs { words = text.words, meaning = near } do
    for i, id in ipairs(list) do
      places[id] = places[id] or {}
      places[id][name] = i
    end
  end
  for id in pairs(places) do
    if not has_words[id] then others[#others + 1] = id end
  end
  local total, pass, scores = text.total, passing(text.filters, others), {}
  for id, place in pairs(places) do
    if has_words[id] or pass[id] then scores[id] = rules.score(place) end
    if pass[id] and not pass[id].words then total = total + 1 end
  end
  return { rows = page_of(best_first(scores, has_words), scores, q), total = total, mode = "hybrid" }
end

-- By words, in whatever order is asked for, and however far.
local function all_by_words(q, filters)
  local rows, total = search(q, filters, ("ts_rank(l.words, %s)"):format(asked_words(filters)))
  local others = total == 0 and corrected(filters)
  if not others then return { rows = rows, total = total, mode = "lexical" } end
  rows, total = search(q, others, ("ts_rank(l.words, %s)"):format(asked_words(others)))
  return { rows = rows, total = total, mode = total > 0 and "trigram" or "lexical" }
end

local function is_bounded(q) return q.sort_by == "relevance" and q.offset + q.limit <= DEPTH end

local function lexical(q, text)
  return { rows = page_of(text.words, text.scores, q), total = text.total, mode = text.mode }
end

local function filters_of(q)
  return { listing_type = q.listing_type, direction = q.direction, category_tag = q.category_tag, min_tier = q.min_tier,
           max_price_cents = q.max_price_cents, words = q.query }
end

--- Active listings: {rows, total, mode}.  q: {query, listing_type, direction, category_tag, min_tier, max_price_cents,
--- sort_by, sort_order, limit, offset}; total is at most some 10,000, with words some 2,000.  mode: "hybrid" (by words
--- and by meaning), "lexical", "trigram" (words that were mistyped), or nil without words.  What is sorted by something
--- else than relevance is found by its words only, and so is what lies behind the first two hundred.
function M.find(q)
  local filters = filters_of(q)
  if not q.query then
    local rows, total = search(q, filters)
    return { rows = rows, total = total }
  end
  if not is_bounded(q) then return all_by_words(q, filters) end
  local text = semantic.was_there() and beside(by_text, filters) -- the database works while the encoder does
  local near = alike(q)
  local found = text and text() or by_text(filters)
  return near and fused(q, near, found) or lexical(q, found)
end

--- The same by meaning alone: mode "semantic"; or one of M.find's where meaning is not searched.
function M.find_alike(q)
  local near, scores = alike(q)
  local filters = filters_of(q)
  if not near then return is_bounded(q) and lexical(q, by_text(filters)) or all_by_words(q, filters) end
  local pass, ids = passing(filters, near), {}
  for _, id in ipairs(near) do
    if pass[id] then ids[#ids + 1] = id end
  end
  return { rows = page_of(ids, scores, q), total = #ids, mode = "semantic" }
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
