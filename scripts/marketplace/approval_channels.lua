-- scripts/marketplace/approval_channels.lua -- channels that actors open themselves, and what they ask for there.  A
-- request of an agent to a person of its owner is answered by that person's rules first; what is approved is consent
-- to one purchase of the listing that it names, as in approvals.lua.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local approval_rules = require "marketplace.approval_rules"
local approvals = require "marketplace.approvals"
local channels = require "marketplace.channels"
local deals = require "marketplace.deals"
local limits = require "marketplace.rules.messages"
local listings = require "marketplace.listings"
local messages = require "marketplace.messages"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.approvals"
local subscriptions = require "marketplace.subscriptions"
local terms = require "marketplace.terms"
local time = require "human.time"

local M = {}

local KINDS = { tool_request = "tool_request", budget_request = "budget_request", approval_request = "subcontract" }
local HOUR_MS = 3600 * 1000

local COLUMNS = [[c.id, c.type, c.transaction_id, c.listing_id, c.created_by, c.created_at, c.closed_at,
  (select to_json(array_agg(m.actor_id order by m.joined_at, m.actor_id)) from market_channel_members m
    where m.channel_id = c.id) as participants]]

M.sql = {
  get = "select " .. COLUMNS .. " from market_channels c where c.id = $1::uuid",
  list = "select " .. COLUMNS .. [[ from market_channel_members me join market_channels c on c.id = me.channel_id
    where me.actor_id = $1::uuid and (c.closed_at is null or $2::bool)
    order by me.joined_at desc limit $3::int offset $4::int]],
  total = [[select count(*) from market_channel_members me join market_channels c on c.id = me.channel_id
    where me.actor_id = $1::uuid and (c.closed_at is null or $2::bool)]],
  -- The channel in which an agent asks its people is nobody's to change.
  lock = [[select c.id, c.created_by, c.closed_at,
      exists (select from market_approval_channels a where a.agent_id = c.created_by
        and a.channel_id = c.id) as is_fixed
    from market_channels c where c.id = $1::uuid for no key update of c]],
  archive = "update market_channels set closed_at = human_now() where id = $1::uuid",
  remove = "delete from market_channel_members where channel_id = $1::uuid and actor_id = $2::uuid",
  forget = "delete from market_message_reads where channel_id = $1::uuid and actor_id = $2::uuid",
  count = "select count(*) from market_channel_members where channel_id = $1::uuid",
  opened = [[select count(*)::int from (select from market_channels where created_by = $1::uuid and closed_at is null
    limit 100) few]],
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.channels ' || $1, 0))",
  person = [[select exists (select from market_channel_members m join market_actors p on p.id = m.actor_id
    where m.channel_id = $1::uuid and p.owner_id = $2::uuid and p.type = 'human' and p.state = 'active') as there]],
  open = [[select count(*)::int from (select sender_id, response_status from market_messages
    where channel_id = $1::uuid order by pos desc limit 500) newest
    where sender_id = $2::uuid and response_status = 'pending']],
}

local function wrong(field, message)
  fail.throw("validation_error", { details = { { path = field, message = message } } })
end

local function shown(channel)
  channel.participants = json.decode(channel.participants or "[]")
  return channel
end

local function get(tx, id) return shown(tx:row(M.sql.get, id)) end

local function note(tx, actor, action, id, facts)
  records.put(tx, { actor_id = actor.id, action = "channels-manage " .. action, resource_type = "channel",
                    resource_id = id, facts = facts })
end

-- What a channel is about is something that its opener may know of.
local function must_know(tx, actor, o)
  if o.listing_id then listings.get(tx, o.listing_id) end
  if not o.transaction_id then return end
  local t = deals.task(tx, o.transaction_id)
  if not t or actor.id ~= t.buyer_id and actor.id ~= t.seller_id then fail.throw "not_found" end
end

--- An actor opens a channel with others: o = {channel_type, listing_id, transaction_id, participants}; it is one of
--- them, whether it is named or not.
function M.open(actor, o)
  return db.tx(function(tx)
    must_know(tx, actor, o)
    tx:query(M.sql.one_at_a_time, actor.id)
    if tx:value(M.sql.opened, actor.id) >= rules.channels then
      fail.throw("conflict", { message = ("You have %d channels open"):format(rules.channels) })
    end
    local members = { actor.id }
    for _, id in ipairs(o.participants) do members[#members + 1] = id end
    local id = channels.open(tx, { type = o.channel_type, listing_id = o.listing_id, transaction_id = o.transaction_id,
                                   participants = members, created_by = actor.id })
    note(tx, actor, "create", id, { channel_type = o.channel_type })
    return get(tx, id)
  end)
end

--- The channels that an actor is in, those that it joined last first, and how many there are: page = {archived (true:
--- these as well), limit, offset}.
function M.list(actor, page)
  local rows = db.query(M.sql.list, actor.id, page.archived, page.limit, page.offset)
  for i, channel in ipairs(rows) do rows[i] = shown(channel) end
  return rows, db.value(M.sql.total, actor.id, page.archived)
end

-- Runs fn(tx) under the lock of a channel that the actor has opened, and returns the channel.
local function change(actor, id, action, facts, fn)
  return db.tx(function(tx)
    channels.member(tx, id, actor.id)
    local channel = tx:row(M.sql.lock, id)
    if channel.created_by ~= actor.id or channel.is_fixed then fail.throw "forbidden" end
    if channel.closed_at then
      if action == "archive" then return get(tx, id) end
      fail.throw("invalid_state", { status = "closed" })
    end
    fn(tx)
    note(tx, actor, action, id, facts)
    return get(tx, id)
  end)
end

--- Nobody says anything more in a channel.
function M.archive(actor, id)
  return change(actor, id, "archive", {}, function(tx) tx:exec(M.sql.archive, id) end)
end

--- Adds somebody to a channel.
function M.add(actor, id, participant_id)
  return change(actor, id, "add_participant", { participant_id = participant_id }, function(tx)
    actors.get(tx, participant_id)
    if tx:exec(channels.sql.add, id, json.encode(json.array { participant_id })) == 0 then return end
    if tx:value(M.sql.count, id) > limits.members then
      wrong("participant_id", ("A channel has 2 to %d participants"):format(limits.members))
    end
    news.put(tx, { name = "channel.opened", about = id, to = { participant_id }, data = { channel_id = id } })
  end)
end

--- Takes somebody out of it.
function M.remove(actor, id, participant_id)
  return change(actor, id, "remove_participant", { participant_id = participant_id }, function(tx)
    if participant_id == actor.id then wrong("participant_id", "must be somebody else") end
    tx:exec(M.sql.forget, id, participant_id)
    if tx:exec(M.sql.remove, id, participant_id) == 0 then fail.throw "not_found" end
    if tx:value(M.sql.count, id) < 2 then wrong("participant_id", "A channel has at least 2 participants") end
  end)
end

-- ---- what is asked for there -----------------------------------------------------------------------------------

-- What a request says of what it is for: {amount_cents, listing_id, plan_id}; other members are the sender's own.
local function request_of(data)
  local amount, listing_id = data.amount_cents, data.tool_listing_id or data.listing_id
  if amount ~= nil and (type(amount) ~= "number" or amount % 1 ~= 0 or amount < 1 or amount > 1000000000) then
    wrong("structured_data.amount_cents", "must be a whole number of cents above 0")
  end
  if listing_id ~= nil and (type(listing_id) ~= "string" or not listing_id:find "^%x+%-%x+%-%x+%-%x+%-%x+$"
      or #listing_id ~= 36) then
    wrong("structured_data.listing_id", "must be an id")
  end
  local plan_id = type(data.plan_id) == "string" and data.plan_id or nil
  return { amount_cents = amount, listing_id = listing_id, plan_id = plan_id, is_tool = data.tool_listing_id ~= nil }
end

local function deadline_of(m)
  if not m.response_deadline then return terms.in_hours(rules.answer_hours) end
  if terms.is_past(m.response_deadline) then wrong("response_deadline", "must be in the future") end
  if time.parse(m.response_deadline) > time.now_ms() + rules.deadline_days * 24 * HOUR_MS then
    wrong("response_deadline", ("must be within %d days"):format(rules.deadline_days))
  end
  return m.response_deadline
end

-- What the rules of an agent's people say, where one of them is in the channel; and the listing that it is about.
local function answered(tx, actor, m, asked)
  if actor.type == "human" or not tx:row(M.sql.person, m.channel_id, actor.owner_id).there then return end
  local listing = asked.listing_id and listings.get(tx, asked.listing_id)
  local kind = asked.is_tool and "tool_request" or KINDS[m.message_type]
  local facts = approvals.facts_of(tx, actor, listing or {}, asked.amount_cents)
  facts.kind = kind
  local verdict = approval_rules.answer(tx, actor, facts, {
    listing_id = asked.listing_id, provider_id = listing and listing.actor_id, channel_id = m.channel_id })
  return verdict, listing
end

-- What is carried out once a request is approved: the subscription to the plan that it names, where that costs no more.
local function order_of(listing, asked)
  local plan = asked.plan_id and subscriptions.plan_of(listing, asked.plan_id)
  if not plan or plan.amount_cents > asked.amount_cents then return nil end
  return { listing_id = listing.id, plan_id = plan.plan_id, funding_type = "direct" }
end

-- Its answer counts for a purchase; a rule's yes is carried out at once.
local function count(tx, actor, sent, listing, asked, verdict)
  local r = { agent_id = actor.id, listing_id = listing.id, amount_cents = asked.amount_cents,
              asks_for = order_of(listing, asked), rule_id = verdict.rule_id, decided = verdict.decided,
              kind = asked.is_tool and "tool_request" or KINDS[sent.message_type] }
  r.carries = r.asks_for and "subscription" or nil
  approvals.count(tx, sent.id, r)
  if r.carries and sent.response_status == "auto_approved" then
    approvals.carry_out(tx, { id = sent.id, channel_id = sent.channel_id, agent_id = actor.id, listing_id = listing.id,
      amount_cents = r.amount_cents, carries = r.carries, asks_for = json.encode(r.asks_for) })
  end
end

local function send_request(tx, actor, m)
  local data = m.structured_data and json.decode(m.structured_data) or {}
  local asked, deadline = request_of(data), deadline_of(m)
  if tx:value(M.sql.open, m.channel_id, actor.id) >= rules.open_requests then
    fail.throw("rate_limited", { message = "Too many requests in this channel wait for an answer" })
  end
  local verdict, listing = answered(tx, actor, m, asked)
  local sent = messages.send(actor, { channel_id = m.channel_id, message_type = m.message_type, body = m.body,
    structured_data = m.structured_data, response_deadline = deadline,
    response_status = verdict and verdict.status or "pending" })
  if listing and asked.amount_cents then count(tx, actor, sent, listing, asked, verdict) end
  if sent.response_status ~= "pending" then return sent end
  queue.add(tx, "market.approval", sent.id, deadline)
  if verdict then                                 -- an agent asks a person of its owner
    approvals.requested(tx, sent, { agent_id = actor.id, listing_id = asked.listing_id,
                                    amount_cents = asked.amount_cents })
  end
  return sent
end

--- Sends a message of a type: m = {channel_id, message_type, body, structured_data (JSON of an object),
--- response_deadline (of a request)}.
function M.send(actor, m)
  return db.tx(function(tx)
    channels.member(tx, m.channel_id, actor.id)
    if KINDS[m.message_type] then return send_request(tx, actor, m) end
    if m.response_deadline then wrong("response_deadline", "is for requests") end
    return messages.send(actor, m)
  end)
end

return M
