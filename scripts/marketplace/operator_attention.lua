-- scripts/marketplace/operator_attention.lua -- what the person's actors on the marketplace have to do, and disputes of
-- theirs, as kinds of gateway.attention.

local db = require "human.db"
local time = require "human.time"
local attention = require "gateway.attention"
local market = require "marketplace.operator"
local work = require "marketplace.operator_work"

local M = {}

local LOOKED_AT = 200                            -- of the newest items under way

local function under_way(ctx)
  local operator = market.operator(db)
  if not operator then return {} end
  return (work.items(ctx, operator.owner_id, { limit = LOOKED_AT }))
end

local function item_of(one, detail)
  return { id = one.id, name = one.title, detail = detail, at = one.due_at and time.parse(one.due_at) or nil }
end

-- What is due first comes first.
local function sorted(list)
  table.sort(list, function(a, b)
    if (a.at or math.huge) ~= (b.at or math.huge) then return (a.at or math.huge) < (b.at or math.huge) end
    return a.id < b.id
  end)
  return list
end

local function waiting_for_us(ctx)
  local list = {}
  for _, one in ipairs(under_way(ctx)) do
    if one.waits and one.waits.on == "us" then list[#list + 1] = item_of(one, one.waits.what) end
  end
  return sorted(list)
end

local function disputed(ctx)
  local list = {}
  for _, one in ipairs(under_way(ctx)) do
    if one.kind == "transaction" and one.state == "disputed" then list[#list + 1] = item_of(one, one.other) end
  end
  return sorted(list)
end

attention.source("work", waiting_for_us)
attention.source("dispute", disputed)

return M
