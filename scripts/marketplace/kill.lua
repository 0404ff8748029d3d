-- scripts/marketplace/kill.lua -- the platform's kill switch.  An action is one transaction, with all that follows from
-- it.  What is under way ends as it would have: a call that a tool is answering is settled, whoever was stopped.
--
-- Locks are taken in the one order of all: the wallet, listings, tools, subscriptions and their keys, bids.  Who spends
-- asks again whether it may once it has its wallet, so nobody spends after the answer.

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local actors = require "marketplace.actors"
local bids = require "marketplace.bids"
local credits = require "marketplace.credits"
local history = require "marketplace.history"
local keys = require "marketplace.subscriptions_keys"
local listings = require "marketplace.listings"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.kill"
local states = require "marketplace.states"
local subscriptions = require "marketplace.subscriptions"
local tools = require "marketplace.tools"

local M = {}

local CAUSE, LIVE = "admin-kill-switch", "s.state not in ('canceled', 'revoked')"

-- Keys of the subscriptions that $1 selects stop, or are as they were.
local function stop_keys(which)
  return [[update market_tool_keys k set is_suspended = k.state = 'active', state = 'revoked', valid_until = null
    from market_subscriptions s where ]] .. which .. " and " .. LIVE .. [[ and k.subscription_id = s.id
      and (k.state = 'active' or k.state = 'rotated' and k.valid_until > human_now())]]
end

local function start_keys(which)
  return [[update market_tool_keys k set is_suspended = false, state = 'active' from market_subscriptions s
    where ]] .. which .. " and " .. LIVE .. " and k.subscription_id = s.id and k.is_suspended"
end

M.sql = {
  lock = "select state, state_before from market_actors where id = $1::uuid for no key update",
  move = [[update market_actors set state = $3, state_reason = $4,
      state_before = case when $3 = 'banned' then $2 end
    where id = $1::uuid and state = $2]],
  stop_keys = stop_keys "s.listing_id = $1::uuid",
  start_keys = start_keys "s.listing_id = $1::uuid",
  paused = [[select count(*)::int from market_subscriptions where listing_id = $1::uuid and state = 'paused']],
  calls = [[select count(*)::int from (select from market_subscriptions s join market_periods p on p.id = s.period_id
    where s.subscriber_id = $1::uuid and s.state not in ('canceled', 'revoked') and p.in_flight > 0 limit 10000) few]],
  ban_state = "select ban_state from market_tools where listing_id = $1::uuid for no key update",

  own_listings = [[select id from market_listings where actor_id = $1::uuid and is_active order by id
    for no key update]],
  stop_listings = [[with moved as (
      update market_listings set is_active = false, suspended_at = human_now()
      where actor_id = $1::uuid and is_active returning id
    ) insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
      select 'listing', id::text, 'active', 'suspended', $2::uuid, $3 from moved]],
  start_listings = [[with moved as (
      update market_listings set is_active = true, suspended_at = null
      where actor_id = $1::uuid and suspended_at is not null returning id
    ) insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
      select 'listing', id::text, 'suspended', 'active', $2::uuid, $3 from moved]],
  stop_tools = [[with own as (
      select t.listing_id, t.state from market_listings l join market_tools t on t.listing_id = l.id
      where l.actor_id = $1::uuid and t.state in ('open', 'paused') order by t.listing_id for no key update of t
    ), moved as (
      update market_tools t set state = 'suspended', ban_state = own.state, reason = $4, changed_at = human_now()
      from own where t.listing_id = own.listing_id returning t.listing_id, own.state
    ) insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
      select 'tool', listing_id::text, state, 'suspended', $2::uuid, $3 from moved]],
  banned_tools = [[select t.listing_id, t.ban_state from market_listings l join market_tools t on t.listing_id = l.id
    where l.actor_id = $1::uuid and t.ban_state is not null order by t.listing_id for no key update of t]],
  free_tool = "update market_tools set ban_state = null where listing_id = $1::uuid",
  stop_subscriptions = [[with moved as (
      update market_subscriptions set state = 'paused', paused_at = date_trunc('milliseconds', human_now())
      where provider_id = $1::uuid and state = 'active' returning id
    ) insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
      select 'subscription', id::text, 'active', 'paused', $2::uuid, $3 from moved]],
  stop_all_keys = stop_keys "s.provider_id = $1::uuid",
  subscribers = [[select distinct subscriber_id as id from market_subscriptions where provider_id = $1::uuid
    and state not in ('canceled', 'revoked') limit $2::int]],
  with_bids = [[select l.id, l.actor_id from market_listings l where l.actor_id = $1::uuid and l.direction = 'buy'
    and exists (select from market_bids b where b.listing_id = l.id and b.state in ('pending', 'countered'))
    order by l.id]],
  stop_bids = [[with own as (
      select id, state from market_bids where bidder_id = $1::uuid and state in ('pending', 'countered')
      order by id for no key update
    ), moved as (
      update market_bids b set state = 'expired', reason = 'The bidder is banned', updated_at = human_now()
      from own where b.id = own.id returning b.id, own.state as was, b.listing_id
    ), noted as (
      insert into market_history (entity, entity_id, from_state, to_state, actor_id, cause)
        select 'bid', id::text, was, 'expired', $2::uuid, $3 from moved
    ) select m.id, m.listing_id, l.actor_id as owner_id from moved m join market_listings l on l.id = m.listing_id]],
}

local ON = {}

local function by(admin, order) return { actor_id = admin.id, reason = order.reason, cause = CAUSE } end

local function must_be_anothers(tx, admin, ref, ...)
  local is_self = false
  for _, id in ipairs { ... } do is_self = is_self or id == admin.id end
  decisions.enforce(tx, rules.may_use, { subject = admin.id, ref = ref }, { is_self = is_self })
end

-- ---- one tool ----------------------------------------------------------------------------------------------------

local function tell_provider(tx, listing, name, order)
  news.put(tx, { name = name, about = listing.id, to = { listing.actor_id }, data = {
    listing_id = listing.id, title = listing.title, reason = order.reason } })
end

function ON.suspend_tool(tx, admin, order)
  local listing = listings.get(tx, order.listing_id)
  must_be_anothers(tx, admin, listing.id, listing.actor_id)
  local paused = tools.move(tx, listing.id, "suspend", by(admin, order))
  tell_provider(tx, listing, "tool.suspended", order)
  return { paused_subscriptions = paused, revoked_keys = tx:exec(M.sql.stop_keys, listing.id) }
end

function ON.reinstate_tool(tx, admin, order)
  local listing = listings.get(tx, order.listing_id)
  must_be_anothers(tx, admin, listing.id, listing.actor_id)
  if tx:value(M.sql.ban_state, listing.id) then fail.throw "provider_banned" end
  tools.move(tx, listing.id, "reinstate", by(admin, order))
  tell_provider(tx, listing, "tool.reinstated", order)
  return { resumed_subscriptions = tx:value(M.sql.paused, listing.id),
           restored_keys = tx:exec(M.sql.start_keys, listing.id) }
end

-- ---- actors ------------------------------------------------------------------------------------------------------

-- Moves an actor, whose wallet is locked from now on: who spends has done so, or asks again.
local function move(tx, admin, order)
  local id = order.actor_id
  actors.get(tx, id)
  must_be_anothers(tx, admin, id, id)
  credits.lock(tx, id)
  local now = tx:row(M.sql.lock, id)
  local to = rules.next({ action = order.action, from = now.state, before = now.state_before }).to
  if not to or tx:exec(M.sql.move, id, now.state, to, to ~= "active" and order.reason or nil) == 0 then
    states.refuse(now.state)
  end
  history.note(tx, { entity = "actor", id = id, from = now.state, to = to, actor_id = admin.id, cause = CAUSE })
  return to
end

local function tell_actor(tx, order, status)
  news.put(tx, { name = "actor." .. order.action:match "^%l+", about = order.actor_id, to = { order.actor_id },
                 data = { actor_id = order.actor_id, status = status, reason = order.reason } })
end

function ON.freeze_agent(tx, admin, order)
  local to = move(tx, admin, order)
  tell_actor(tx, order, to)
  return { status = to, calls_under_way = tx:value(M.sql.calls, order.actor_id) }
end

function ON.unfreeze_agent(tx, admin, order)
  local to = move(tx, admin, order)
  tell_actor(tx, order, to)
  return { status = to }
end

local function tell_subscribers(tx, order, name)
  local list = {}
  for i, row in ipairs(tx:query(M.sql.subscribers, order.actor_id, rules.told)) do list[i] = row.id end
  news.put(tx, { name = name, about = order.actor_id, to = list, data = {
    provider_id = order.actor_id, reason = order.reason } })
end

-- Its own bids end, and those on what it asks for.
local function stop_bids(tx, admin, order)
  local ended = tx:query(M.sql.stop_bids, order.actor_id, admin.id, CAUSE)
  for i = 1, math.min(#ended, rules.told_bids) do
    local b = ended[i]
    news.put(tx, { name = "bid.expired", about = b.id, to = { b.owner_id, order.actor_id }, data = {
      bid_id = b.id, listing_id = b.listing_id, bidder_id = order.actor_id, status = "expired",
      reason = "The bidder is banned" } })
  end
  return #ended
end

function ON.ban_provider(tx, admin, order)
  local id = order.actor_id
  local to = move(tx, admin, order)
  tx:query(M.sql.own_listings, id)
  local asked = tx:query(M.sql.with_bids, id)
  local done = { status = to, suspended_listings = tx:exec(M.sql.stop_listings, id, admin.id, CAUSE),
    suspended_tools = tx:exec(M.sql.stop_tools, id, admin.id, CAUSE, order.reason),
    paused_subscriptions = tx:exec(M.sql.stop_subscriptions, id, admin.id, CAUSE),
    revoked_keys = tx:exec(M.sql.stop_all_keys, id), expired_bids = stop_bids(tx, admin, order) }
  for _, listing in ipairs(asked) do bids.expire_all(tx, listing) end
  tell_actor(tx, order, to)
  tell_subscribers(tx, order, "provider.banned")
  return done
end

-- Tools go on that the ban has stopped; those that their provider had paused stay so.
local function free_tools(tx, admin, order)
  local resumed, restored, list = 0, 0, tx:query(M.sql.banned_tools, order.actor_id)
  for _, tool in ipairs(list) do
    local id = tool.listing_id
    tools.move(tx, id, "reinstate", by(admin, order))
    tx:exec(M.sql.free_tool, id)
    restored = restored + tx:exec(M.sql.start_keys, id)
    if tool.ban_state == "paused" then tools.move(tx, id, "pause", by(admin, order))
    else resumed = resumed + tx:value(M.sql.paused, id) end
  end
  return #list, resumed, restored
end

function ON.unban_provider(tx, admin, order)
  local to = move(tx, admin, order)
  local listed = tx:exec(M.sql.start_listings, order.actor_id, admin.id, CAUSE)
  local freed, resumed, restored = free_tools(tx, admin, order)
  tell_actor(tx, order, to)
  tell_subscribers(tx, order, "provider.unbanned")
  return { status = to, reinstated_listings = listed, reinstated_tools = freed, resumed_subscriptions = resumed,
           restored_keys = restored }
end

-- ---- one subscription --------------------------------------------------------------------------------------------

function ON.revoke_subscription(tx, admin, order)
  local s = subscriptions.lock(tx, order.subscription_id)
  must_be_anothers(tx, admin, s.id, s.subscriber_id, s.provider_id)
  local now = subscriptions.move(tx, s, "revoke", admin.id, CAUSE)
  return { status = now.state, revoked_keys = keys.revoke(tx, s.id, nil) }
end

-- ------------------------------------------------------------------------------------------------------------------

local ABOUT = { listing_id = "listing", actor_id = "actor", subscription_id = "subscription" }

--- An admin acts: order = {action (one of the seven), listing_id | actor_id | subscription_id, reason}.  Returns what
--- has happened: the order's action and id, and how many of what it has stopped or let go on.  Fails with not_found,
--- forbidden, not_a_tool, provider_banned, or invalid_state: it is so already, or cannot be.
function M.act(admin, order)
  return db.tx(function(tx)
    local done = ON[order.action](tx, admin, order)
    done.action = order.action
    for field, kind in pairs(ABOUT) do
      done[field] = order[field]
      if order[field] then
        local facts = { reason = order.reason }
        for name, value in pairs(done) do facts[name] = value end
        records.put(tx, { actor_id = admin.id, action = order.action, resource_type = kind,
                          resource_id = order[field], facts = facts })
      end
    end
    return done
  end)
end

--- Which of an order's fields say what it is about, by its action.
M.ABOUT = { suspend_tool = "listing_id", reinstate_tool = "listing_id", freeze_agent = "actor_id",
            unfreeze_agent = "actor_id", ban_provider = "actor_id", unban_provider = "actor_id",
            revoke_subscription = "subscription_id" }

return M
