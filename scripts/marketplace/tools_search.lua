-- scripts/marketplace/tools_search.lua -- finding tools by words, tags, price and how they do.

local db = require "human.db"
local json = require "human.json"

local M = {}

local COUNTED = 10000

local FILTERS = {
  { "query", "l.words @@ websearch_to_tsquery('english', %s)" },
  { "category", "l.category_tags @> array[%s]" },
  { "min_uptime", "t.uptime_30d >= %s::float8" },
  { "max_price_cents", "t.min_plan_cents <= %s::bigint" },
  { "has_free_tier", "t.has_free_tier = %s::bool" },
}
local ORDER = {
  uptime_30d = "t.uptime_30d desc nulls last", subscriber_count = "t.subscriber_count desc",
  min_plan_cents = "t.min_plan_cents",
}
local FROM = [[ from market_tools t join market_listings l on l.id = t.listing_id
  join market_actors a on a.id = l.actor_id where t.is_active and l.is_active and t.state = 'open'
  and a.state <> 'banned']]
local COLUMNS = [[l.id, l.title, l.listing_type, to_json(l.category_tags) as categories,
  t.uptime_30d, t.subscriber_count, t.has_free_tier, t.min_plan_cents,
  l.avg_rating::float8 as avg_rating, l.subscription_plans,
  nullif((l.tool_meta ->> 'pay_per_call_cents')::float8, 0) as pay_per_call_cents,
  case when (l.tool_meta ->> 'pay_per_call_cents')::float8 > 0 then
    (select n.name from market_tool_names n where n.listing_id = l.id) end as mcp_name]]

local function conditions(q)
  local where, values, words = "", {}, nil
  for _, filter in ipairs(FILTERS) do
    local value = q[filter[1]]
    if value ~= nil and value ~= false then      -- has_free_tier = false asks for nothing
      values[#values + 1] = value
      where = where .. " and " .. filter[2]:format("$" .. #values)
      if filter[1] == "query" then words = "$" .. #values end
    end
  end
  return where, values, words
end

--- Tools that may be subscribed to: {rows, total}.  q: {query, category, min_uptime, max_price_cents, has_free_tier,
--- sort_by, limit, offset}; total is at most some 10,000.
function M.find(q)
  local where, values, words = conditions(q)
  local n = #values
  local rank = words and ("ts_rank(l.words, websearch_to_tsquery('english', %s)) desc"):format(words)
  local order = ORDER[q.sort_by] or rank or ORDER.subscriber_count
  local total = db.value(("select count(*) from (select%s%s limit %d) few"):format(FROM, where, COUNTED),
    unpack(values, 1, n))
  values[n + 1], values[n + 2] = q.limit, q.offset
  local rows = db.query(("select %s%s%s order by %s, l.id limit $%d::int offset $%d::int"):format(COLUMNS, FROM, where,
    order, n + 1, n + 2), unpack(values, 1, n + 2))
  for _, row in ipairs(rows) do row.categories = json.decode(row.categories) end
  return rows, total
end

return M
