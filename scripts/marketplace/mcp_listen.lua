-- scripts/marketplace/mcp_listen.lua -- subscriptions/listen of 2026-07-28: a client hears that its list of tools is
-- another one.  Where the list stands is told by the times of its parts, so that whoever changes them need not know.

local db = require "human.db"
local feed = require "human.feed"
local json = require "human.json"

local M = { FEED = "market.mcp_tools" }

local ID, LASTS_S = "io.modelcontextprotocol/subscriptionId", 3600

-- In microseconds.
local STANDS = [[coalesce((extract(epoch from max(greatest(s.created_at, s.canceled_at, t.changed_at)))
  * 1000000)::bigint, 0)]]

M.sql = {
  stands = "select " .. STANDS .. [[ from market_subscriptions s join market_tools t on t.listing_id = s.listing_id
    where s.subscriber_id = $1::uuid and s.plan_id <> 'pay_per_call']],
  newest = "select k.key, (select " .. STANDS .. [[ from market_subscriptions s
      join market_tools t on t.listing_id = s.listing_id where s.subscriber_id = k.key::uuid
        and s.plan_id <> 'pay_per_call') as stands
    from json_array_elements_text($1::json) as k (key)]],
}

feed.define(M.FEED, "marketplace.mcp_listen.read", { newest = "marketplace.mcp_listen.newest" })

local function note(method, id, more)
  local params = more or {}
  params._meta = { [ID] = id }
  return { jsonrpc = "2.0", method = "notifications/" .. method, params = params }
end

--- For the feed: one notification, when the list stands elsewhere.  subscription: the id of the request, as JSON.
function M.read(actor_id, after, _, subscription)
  local stands = db.value(M.sql.stands, actor_id)
  if stands <= after then return {} end
  local changed = note("tools/list_changed", json.decode(subscription))
  return { { id = stands, event = "message", data = json.encode(changed) } }
end

--- For the feed: where the lists of these actors stand.
function M.newest(actors)
  local found = {}
  for _, row in ipairs(db.query(M.sql.newest, json.encode(actors))) do found[row.key] = row.stands end
  return found
end

local function wants(params)
  local wanted = type(params.notifications) == "table" and params.notifications or {}
  return wanted.toolsListChanged == true
end

--- Begins to listen: the stream goes on for an hour.  Of what never comes it is told at once that nothing follows.
--- Returns the result to send, or nil.
function M.begin(caller, params, asked)
  local actor, honored = caller.ctx.actor, {}
  local at = db.value(M.sql.stands, actor.id)
  local out = caller.ctx:stream()
  caller.out = out
  if wants(params) then honored.toolsListChanged = true end
  out:event("message", json.encode(note("subscriptions/acknowledged", asked.id, { notifications = honored })))
  if not honored.toolsListChanged then return { _meta = { [ID] = asked.id } } end
  caller.listens = true
  out:follow(M.FEED, actor.id, at, { arg = json.encode(asked.id), for_s = LASTS_S })
  return {}
end

return M
