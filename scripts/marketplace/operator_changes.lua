-- scripts/marketplace/operator_changes.lua -- tells clients that something of the person's actors on the marketplace
-- has changed, so that a page can look again: one event for what happens within a moment.

local config = require "human.config"
local db = require "human.db"
local json = require "human.json"
local outbox = require "human.outbox"
local task = require "human.task"
local time = require "human.time"
local market = require "marketplace.operator"
local news = require "gateway.news"
local topic = require("marketplace.news").TOPIC

local M = {}

local MOMENT_S = 0.25

-- What changes, by how the name of an event begins.
local ABOUT = {
  approval = "approvals",
  bid = "work", transaction = "work", milestone = "work", dispute = "work", subcontract = "work",
  subscription = "spend", credits = "spend", deposit = "spend", payment = "spend", budget = "spend", tool = "spend",
  withdrawal = "spend", payout = "spend",
}

M.sql = {
  concerns = [[select exists (select from market_actors where owner_id = $1::uuid
    and id = any (array(select e::uuid from json_array_elements_text($2::json) e)))]],
}

local function about(e) return ABOUT[e.name:match "^%l+"] end

--- Events that concern somebody, while the gateway knows its person.
function M.wants(e)
  return config.gateway.enabled and market.is_set() and about(e) ~= nil and e.to ~= nil and e.to[1] ~= nil
end

local pending

local function tell()
  task.sleep(MOMENT_S)
  local list = json.array {}
  for what in pairs(pending) do list[#list + 1] = what end
  pending = nil
  table.sort(list)
  news.tell("market.changed", { topics = list, ts = time.now_ms() })
end

local function note(found)
  local is_first = pending == nil
  pending = pending or {}
  for what in pairs(found) do pending[what] = true end
  if is_first then task.spawn(tell) end
end

--- Consumes events of the marketplace.
function M.take(batch)
  db.tx(function(tx)
    local operator, found = market.operator(tx), {}
    for _, row in ipairs(batch) do
      local e = row.payload
      local what = about(e)
      if operator and what and not found[what]
          and tx:value(M.sql.concerns, operator.owner_id, json.encode(json.array(e.to or {}))) then
        found[what] = true
      end
    end
    batch:done(tx)
    if next(found) then tx:after_commit(function() note(found) end) end
  end, { durable = false })                      -- or it is told again
end

outbox.on(topic, "marketplace.operator_changes.take", "marketplace.operator_changes.wants")

return M
