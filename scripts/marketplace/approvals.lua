-- scripts/marketplace/approvals.lua -- agents ask before they buy from somebody for the first time, or much in a day
-- (rules/approvals.lua).  The request is a message to the people of the agent's owner, in a channel of its own; their
-- consent is good for one purchase of that listing, at that price or less.  Who buys holds the lock of the agent's
-- wallet.  A request may say what is to be carried out once it is approved, which is done in the transaction of the
-- answer (M.carries): nobody has to be alive to go on with it.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local approval_rules = require "marketplace.approval_rules"
local channels = require "marketplace.channels"
local messages = require "marketplace.messages"
local money = require "marketplace.money"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.approvals"
local terms = require "marketplace.terms"

local M = {}

local PEOPLE = 15                                -- of an owner, that are asked
local NOBODY = "00000000-0000-0000-0000-000000000000"

M.sql = {
  before = [[select (select coalesce(sum(price_cents), 0) from market_transactions where buyer_id = $1::uuid
      and created_at >= date_trunc('day', human_now() at time zone 'UTC') at time zone 'UTC'
      and state not in ('canceled', 'canceled_refunded', 'refunded'))::bigint
      + coalesce((select ceil(spent_mrc / 1000.0) from market_tool_days where actor_id = $1::uuid
        and day = (human_now() at time zone 'UTC')::date), 0)::bigint as spent_cents,
    not exists (select from market_transactions where buyer_id = $1::uuid and seller_id = $2::uuid
      and state <> 'canceled')
    and not exists (select from market_subscriptions s join market_periods p on p.subscription_id = s.id
      where s.provider_id = $2::uuid and s.subscriber_id = $1::uuid
        and ((p.plan ->> 'amount_cents')::bigint > 0 or p.overage_allowed_mrc > 0)) as is_first]],
  spent = [[insert into market_tool_days (actor_id, day, spent_mrc)
    values ($1::uuid, (human_now() at time zone 'UTC')::date, $2::bigint)
    on conflict (actor_id, day) do update set spent_mrc = market_tool_days.spent_mrc + excluded.spent_mrc]],
  last = [[select a.message_id, a.amount_cents, a.asks_for, m.response_status,
      m.response_deadline > human_now() as is_open,
      m.responded_at > human_now() - $3::int * interval '1 hour' as is_fresh,
      a.asks_for is not distinct from $4::jsonb as is_same
    from market_approvals a join market_messages m on m.id = a.message_id
    where a.agent_id = $1::uuid and a.listing_id = $2::uuid and a.used_at is null
    order by a.asks_for is not distinct from $4::jsonb desc, a.created_at desc limit 1]],
  use = "update market_approvals set used_at = human_now() where message_id = $1::uuid and used_at is null",
  open = [[select count(*)::int from (
      select (select m.response_status from market_messages m where m.id = a.message_id) as status
      from market_approvals a where a.agent_id = $1::uuid and a.used_at is null
        and a.created_at > human_now() - $2::int * interval '1 hour' limit 1000) few where status = 'pending']],
  people = [[select id from market_actors where owner_id = $1::uuid and type = 'human' and state = 'active'
    order by id limit $2::int]],
  channel = "select channel_id from market_approval_channels where agent_id = $1::uuid",
  open_channel = [[with c as (insert into market_channels (type, created_by) values ('approval', $1::uuid) returning id)
    insert into market_approval_channels (agent_id, channel_id) select $1::uuid, id from c returning channel_id]],
  make = [[insert into market_approvals (message_id, agent_id, listing_id, amount_cents, reason, carries, asks_for,
      kind, rule_id, decided)
    values ($1::uuid, $2::uuid, $3::uuid, $4, $5, $6, $7::jsonb, $8, $9::uuid, $10::jsonb)]],
  lock = [[select m.id, m.channel_id, m.sender_id, m.message_type, m.body, m.structured_data, m.response_status,
      m.response_deadline <= human_now() as is_late, a.agent_id, a.listing_id, a.amount_cents, a.reason, o.owner_id,
      a.carries, a.asks_for, a.kind, a.rule_id, a.decided
    from market_messages m left join market_approvals a on a.message_id = m.id
    left join market_actors o on o.id = a.agent_id
    where m.id = $1::uuid for no key update of m]],
  answer = [[update market_messages set response_status = $2, response_data = $3::jsonb, responded_by = $4::uuid,
      responded_at = human_now() where id = $1::uuid and response_status = 'pending'
    returning id, channel_id, sender_id, message_type, body, structured_data, response_deadline, response_status,
      response_data, responded_by, responded_at, created_at]],
  count = [[with m as (update market_messages set responded_at = human_now()
      where id = $1::uuid and response_status <> 'pending')
    insert into market_approvals (message_id, agent_id, listing_id, amount_cents, reason, carries, asks_for, kind,
      rule_id, decided)
    values ($1::uuid, $2::uuid, $3::uuid, $4, 'asked', $5, $6::jsonb, $7, $8::uuid, $9::jsonb)]],
  carried = [[update market_approvals set outcome = $2, made_id = $3::uuid,
      used_at = case when $2 = 'done' then coalesce(used_at, human_now()) else used_at end
    where message_id = $1::uuid]],
  claim = [[update market_approvals set claimed_at = human_now() where made_id = $1::uuid and agent_id = $2::uuid
    and claimed_at is null]],
  made = [[update market_approvals set claimed_at = human_now() where claimed_at is null
      and message_id = (select message_id from market_approvals where agent_id = $1::uuid and listing_id = $2::uuid
        and made_id is not null and claimed_at is null and carries = $3 and asks_for = $4::jsonb
        order by created_at limit 1)
    returning made_id]],
  made_by = [[update market_approvals set claimed_at = coalesce(claimed_at, human_now())
    where message_id = $1::uuid and agent_id = $2::uuid and carries = 'purchase' and made_id is not null
    returning made_id]],
  reply_to = "update market_messages set in_reply_to = $2::uuid where id = $1::uuid",
}

local function channel_of(tx, agent)
  local id = tx:value(M.sql.channel, agent.id) or tx:value(M.sql.open_channel, agent.id)
  local members = json.array { agent.id }
  for _, one in ipairs(tx:query(M.sql.people, agent.owner_id, PEOPLE)) do members[#members + 1] = one.id end
  tx:exec(channels.sql.add, id, json.encode(members))
  return id
end

--- Tells in tx those who may answer a request, a message: r = {agent_id, listing_id, amount_cents}.
function M.requested(tx, message, r)
  news.put(tx, { name = "approval.requested", about = message.id,
    to = channels.others(tx, message.channel_id, message.sender_id), data = {
      message_id = message.id, channel_id = message.channel_id, agent_id = r.agent_id, message = message.body,
      listing_id = r.listing_id, amount_cents = r.amount_cents, response_deadline = message.response_deadline } })
end

-- A request of that sender: r = {channel_id, body, data, agent_id, listing_id, amount_cents, reason, carries,
-- asks_for (JSON), kind, rule_id, decided (JSON)}.
local function request(tx, sender_id, r)
  local deadline = terms.in_hours(rules.answer_hours)
  local message = messages.send({ id = sender_id }, { channel_id = r.channel_id, message_type = "approval_request",
    body = r.body, structured_data = json.encode(r.data), response_deadline = deadline, response_status = "pending" })
  tx:exec(M.sql.make, message.id, r.agent_id, r.listing_id, r.amount_cents, r.reason, r.carries, r.asks_for,
    r.kind, r.rule_id, r.decided)
  queue.add(tx, "market.approval", message.id, deadline)
  M.requested(tx, message, r)
  return message
end

local function facts_of(tx, agent, listing, price_cents)
  local before = tx:row(M.sql.before, agent.id, listing.actor_id)
  return { type = agent.type, autonomy = agent.autonomy, price_cents = price_cents, spent_cents = before.spent_cents,
           is_first = before.is_first }
end

M.facts_of = facts_of

--- Notes in tx what an actor has spent on tools today, or may spend without being asked again.
function M.spent(tx, actor_id, amount_mrc) tx:exec(M.sql.spent, actor_id, amount_mrc) end

--- Lets the answer to an agent's request in a channel count as one to a purchase: r = {agent_id, listing_id,
--- amount_cents, carries, asks_for (a table): as of M.ask, kind, rule_id and decided (of the rules' verdict)}.
function M.count(tx, message_id, r)
  tx:exec(M.sql.count, message_id, r.agent_id, r.listing_id, r.amount_cents, r.carries,
    r.asks_for and json.encode(r.asks_for), r.kind, r.rule_id, r.decided)
end

-- What kind of rule is asked: more.kind, or what the listing is sold as.
local function kind_of(listing, more)
  return more.kind or listing.subscription_plans and not listing.price_cents and "tool_request" or "subcontract"
end

-- What is noted of an agent that may spend.
local function passed(tx, agent, listing, price_cents, more, verdict, message_id)
  approval_rules.note(tx, agent, { kind = kind_of(listing, more), listing_id = listing.id, amount_cents = price_cents,
    cause = more.cause, reason = verdict.reason, rule_id = verdict.rule_id, message_id = message_id,
    decided = verdict.decided })
end

--- May this actor buy a listing at this price, in tx?  nil: yes, and consent that it needed is used up; else the
--- request that waits for an answer, or was denied: {message_id (nil: a rule has denied it), status}.  The caller ends
--- with M.refuse, after the commit.  more (optional): kind ("tool_request", "subcontract", "overage") and cause, that
--- of the debit which follows, by which /credits-explain finds this again.
function M.ask(tx, agent, listing, price_cents, more)
  if agent.type == "human" then return nil end
  more = more or {}
  local facts = facts_of(tx, agent, listing, price_cents)
  facts.kind = kind_of(listing, more)
  local verdict = approval_rules.decide(tx, agent, listing, facts, more.cause)
  if verdict.action == "deny" then return { status = "auto_denied" } end
  if verdict.action == "pass" then return passed(tx, agent, listing, price_cents, more, verdict) end
  local reason = verdict.reason
  local asks_for = more.asks_for and json.encode(more.asks_for)
  local last = tx:row(M.sql.last, agent.id, listing.id, rules.consent_hours, asks_for)
  if last and last.amount_cents >= price_cents then
    local is_yes = last.response_status == "approved" or last.response_status == "auto_approved"
    if is_yes and last.is_fresh and tx:exec(M.sql.use, last.message_id) == 1 then
      return passed(tx, agent, listing, price_cents, more, verdict, last.message_id)
    end
    local waits = (last.response_status == "pending" or last.response_status == "denied")
      and (last.is_same or not last.asks_for)
    if waits and last.is_open then return { message_id = last.message_id, status = last.response_status } end
  end
  if tx:value(M.sql.open, agent.id, rules.answer_hours) >= rules.open_requests then
    fail.throw("rate_limited", { message = "Too many requests for consent wait for an answer" })
  end
  local message = request(tx, agent.id, {
    channel_id = channel_of(tx, agent), agent_id = agent.id, listing_id = listing.id, amount_cents = price_cents,
    reason = reason, carries = more.carries, asks_for = asks_for, kind = kind_of(listing, more),
    rule_id = verdict.rule_id, decided = verdict.decided,
    body = (more.body or "May I buy \"%s\" for $%s?"):format(listing.title, money.dollars(price_cents)),
    data = { amount_cents = price_cents, listing_id = listing.id, seller_id = listing.actor_id, reason = reason,
             plan_id = more.plan_id } })
  return { message_id = message.id, status = "pending" }
end

--- Refuses a purchase that needs consent.
function M.refuse(asked)
  fail.throw("approval_required", { approval_message_id = asked.message_id, approval_status = asked.status })
end

-- The people of an agent's owner answer it; it answers what they offer instead.
local function must_be_asked(m, actor)
  if actor.id == m.sender_id then fail.throw "forbidden" end
  if not m.agent_id then return end
  local may = m.sender_id == m.agent_id and actor.type == "human" and actor.owner_id == m.owner_id
    or m.sender_id ~= m.agent_id and actor.id == m.agent_id
  if not may then fail.throw "forbidden" end
end

local function amount_of(m, data)
  local amount = data.amount_cents
  if amount == nil then return m.amount_cents end
  if type(amount) ~= "number" or amount % 1 ~= 0 or amount < 1 or amount > 10000000 then
    fail.throw("validation_error", { details = { { path = "response_data.amount_cents",
                                                   message = "must be a whole number of cents above 0" } } })
  end
  return amount
end

-- What follows an answer: an offer of another amount, to the agent; or the same request again, with a new deadline.
local function follow_up(tx, m, actor, answer, data)
  if not m.agent_id or answer ~= "countered" and answer ~= "escalated" then return nil end
  local amount = answer == "countered" and amount_of(m, data) or m.amount_cents
  local facts = m.structured_data and json.decode(m.structured_data) or {}
  facts.amount_cents = amount
  local message = request(tx, answer == "countered" and actor.id or m.sender_id, { channel_id = m.channel_id,
    agent_id = m.agent_id, listing_id = m.listing_id, amount_cents = amount, reason = m.reason, data = facts,
    carries = m.carries, asks_for = m.asks_for, kind = m.kind, rule_id = m.rule_id, decided = m.decided,
    body = answer == "countered" and ("Up to $%s?"):format(money.dollars(amount)) or m.body })
  tx:exec(M.sql.reply_to, message.id, m.id)
  return message.id
end

-- ---- what follows consent ---------------------------------------------------------------------------------------

local carriers = {}

--- Declares, while scripts load, how requests of a kind are carried out: fn(tx, agent, m) -> the id of what it has
--- made, or nil; m: {id, listing_id, amount_cents, asks_for (a table)}.  It may fail as the request itself would have.
function M.carries(kind, fn) carriers[kind] = fn end

local MADE = { subscription = "subscription_id", purchase = "transaction_id" } -- what its id is called

--- Carries out in tx what an approved request asks for.  m: {id, agent_id, listing_id, amount_cents, carries, asks_for
--- (JSON)}.  Returns the id of what was made, or nil and the code of why it was not; then the consent is still good.
function M.carry_out(tx, m)
  local ok, made = pcall(db.tx, function(inner)
    return carriers[m.carries](inner, actors.get(inner, m.agent_id), {
      id = m.id, listing_id = m.listing_id, amount_cents = m.amount_cents, asks_for = json.decode(m.asks_for) })
  end)
  if not ok and not fail.is(made) then error(made, 0) end
  if not ok then require("marketplace.unpaid").settle(made) end
  local code = not ok and made.code or nil
  made = ok and made or nil
  tx:exec(M.sql.carried, m.id, code or "done", made)
  local data = { message_id = m.id, agent_id = m.agent_id, error = code, listing_id = m.listing_id }
  if MADE[m.carries] then data[MADE[m.carries]] = made end
  news.put(tx, { name = code and "approval.not_carried_out" or "approval.carried_out", about = m.id,
    to = channels.others(tx, m.channel_id, NOBODY), data = data })
  return made, code
end

--- Does what an approval has made go to the agent now, with its first key?  Once.
function M.claim(tx, agent_id, made_id) return tx:exec(M.sql.claim, made_id, agent_id) > 0 end

--- The id of what an approval has made of this request, in tx, when its agent asks for the same again: once.  asks_for:
--- as of M.ask.
function M.made(tx, agent_id, listing_id, kind, asks_for)
  return tx:value(M.sql.made, agent_id, listing_id, kind, json.encode(asks_for))
end

--- The id of the purchase that an agent's request has come to, or nil: it is the agent's from now on.
function M.made_by(message_id, agent_id) return db.value(M.sql.made_by, message_id, agent_id) end

--- Notes people's consent to what is carried out: c = {kind, listing_id, amount_cents, cause, message_id}.
function M.consented(tx, agent, c)
  c.reason = "asked"
  approval_rules.note(tx, agent, c)
end

--- Answers a request: a = {message_id, response_status = "approved" | "denied" | "countered" | "escalated",
--- response_data (JSON of an object), via (who has said so for the actor, where that is kept; or nil)}.  Returns the
--- message; with follow_up_id, the message that asks on; with
--- subscription_id or transaction_id, what was carried out, or not_carried_out, the code of why not.
function M.respond(actor, a)
  return db.tx(function(tx)
    local m = tx:row(M.sql.lock, a.message_id) or fail.throw "not_found"
    channels.member(tx, m.channel_id, actor.id)
    if not m.response_status then fail.throw "not_a_request" end
    must_be_asked(m, actor)
    if m.response_status ~= "pending" then fail.throw("already_resolved", { status = m.response_status }) end
    if m.is_late then fail.throw "deadline_passed" end
    local now = tx:row(M.sql.answer, m.id, a.response_status, a.response_data, actor.id)
    local data = a.response_data and json.decode(a.response_data) or {}
    now.follow_up_id = follow_up(tx, m, actor, a.response_status, data)
    records.put(tx, { actor_id = actor.id, action = "channel-respond", resource_type = "message", resource_id = m.id,
                      facts = { response_status = a.response_status, via = a.via } })
    news.put(tx, { name = "approval." .. a.response_status, about = m.id, to = { m.sender_id },
                   data = { message_id = m.id, channel_id = m.channel_id, status = a.response_status } })
    if a.response_status == "approved" and m.carries then
      local made
      made, now.not_carried_out = M.carry_out(tx, m)
      if MADE[m.carries] then now[MADE[m.carries]] = made end
    end
    return now
  end)
end

--- Work of the queue: nobody has answered in time.  Who asked is told, and those who were asked.
function M.expire(row)
  db.tx(function(tx)
    local now = tx:row(M.sql.answer, row.key, "expired", nil, nil)
    if now then
      news.put(tx, { name = "approval.expired", about = now.id, to = channels.others(tx, now.channel_id, NOBODY),
                     data = { message_id = now.id, channel_id = now.channel_id, status = "expired" } })
    end
    row:done(tx)
  end)
end

queue.define("market.approval", "marketplace.approvals.expire", { per_key = true })

return M
