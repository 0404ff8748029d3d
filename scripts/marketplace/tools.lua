-- scripts/marketplace/tools.lua -- the state of a tool: open, paused by its provider, or suspended by the platform.
-- While it is not open nobody calls it, and the periods of those who have subscribed stand still.

local db = require "human.db"
local fail = require "human.fail"
local history = require "marketplace.history"
local json = require "human.json"
local news = require "marketplace.news"
local queue = require "human.queue"
local rules = require "marketplace.rules.subscriptions"
local states = require "marketplace.states"

local M = {}

local AT_ONCE, TOLD = 200, 1000

M.sql = {
  lock = "select listing_id, state, reason from market_tools where listing_id = $1::uuid for no key update",
  move = [[update market_tools set state = $3, reason = $4, changed_at = human_now()
    where listing_id = $1::uuid and state = $2]],
  pause = [[with moved as (
      update market_subscriptions set state = 'paused', paused_at = date_trunc('milliseconds', human_now())
      where listing_id = $1::uuid and state = 'active' returning id
    ) insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
      select 'subscription', id::text, 'active', 'paused', $2::uuid, $3 from moved]],
  resume = [[with paused as (
      select id, date_trunc('milliseconds', human_now()) - paused_at as stood from market_subscriptions
      where listing_id = $1::uuid and state = 'paused' order by id limit $2::int for no key update
    ), moved as (
      update market_subscriptions s set state = 'active', paused_at = null, ends_at = s.ends_at + p.stood,
        anchored_at = s.anchored_at + p.stood from paused p where s.id = p.id returning s.id, s.period_id, s.ends_at
    ), longer as (
      update market_periods p set ends_at = m.ends_at from moved m where p.id = m.period_id
    ), noted as (
      insert into market_history (entity, entity_id, from_state, to_state, cause)
        select 'subscription', id::text, 'paused', 'active', 'tool-resumed' from moved
    ) select id, ends_at from moved]],
  subscribers = [[select subscriber_id as id from market_subscriptions where listing_id = $1::uuid
    and state in ('active', 'paused', 'past_due', 'cancel_at_period_end') limit $2::int]],
}

local function subscribers(tx, id)
  local list = {}
  for i, row in ipairs(tx:query(M.sql.subscribers, id, TOLD)) do list[i] = row.id end
  return list
end

--- Whom a tool concerns: its provider, and the first thousand who have subscribed to it.
function M.concerned(tx, listing)
  local list = subscribers(tx, listing.id)
  list[#list + 1] = listing.actor_id
  return list
end

local function tell(tx, id, name, to, reason)
  news.put(tx, { name = name, about = id, to = subscribers(tx, id), data = {
    listing_id = id, status = to, reason = reason } })
end

--- Moves a tool, in tx: event = "pause", "suspend" (subscriptions stand still), "resume" or "reinstate" (they go on,
--- soon after the commit, for as long as they stood).  by: {actor_id, reason, cause}.  Returns how many subscriptions
--- stand still now.  Fails with not_a_tool and invalid_state.
function M.move(tx, listing_id, event, by)
  local tool = tx:row(M.sql.lock, listing_id) or fail.throw "not_a_tool"
  local to = rules.next({ machine = "tool", from = tool.state, event = event }).to
  if not to or tx:exec(M.sql.move, listing_id, tool.state, to, by.reason) == 0 then states.refuse(tool.state) end
  history.note(tx, { entity = "tool", id = listing_id, from = tool.state, to = to, actor_id = by.actor_id,
                     cause = by.cause })
  tell(tx, listing_id, "tool." .. (to == "open" and "reinstated" or to), to, by.reason)
  if to == "open" then
    queue.add(tx, "market.tool_resumed", listing_id)
    return 0
  end
  return tx:exec(M.sql.pause, listing_id, by.actor_id, by.cause)
end

--- Work of the queue: periods of a tool that is open again go on.
function M.resume(row)
  db.tx(function(tx)
    local tool = tx:row(M.sql.lock, row.key)
    local moved = tool.state == "open" and tx:query(M.sql.resume, row.key, AT_ONCE) or json.array {}
    for _, s in ipairs(moved) do
      queue.add(tx, "market.subscription", s.id, s.ends_at, { at = s.ends_at, try = 0 })
    end
    if #moved == AT_ONCE then queue.add(tx, "market.tool_resumed", row.key) end
    row:done(tx)
  end)
end

queue.define("market.tool_resumed", "marketplace.tools.resume", { per_key = true })

return M
