-- scripts/marketplace/transactions.lua -- a purchase, from its terms to its end.
-- Every step is one transaction: wallets are locked first, then the row; the row moves along an edge of
-- rules/states.lua, its history and its event are written, and its money moves (marketplace.settlement).

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local counts = require "marketplace.counts"
local criteria = require "marketplace.criteria"
local escrow = require "marketplace.escrow"
local news = require "marketplace.news"
local referrals = require "marketplace.referrals"
local rules = require "marketplace.rules.trade"
local settlement = require "marketplace.settlement"
local shapes = require "marketplace.shapes"
local states = require "marketplace.states"
local terms_of = require "marketplace.terms"

local M = {}

local COLUMNS = [[id, listing_id, bid_id, buyer_id, seller_id, state, price_cents, fee_cents, payout_cents, parent_id,
  root_id, depth, payment_ref, listing_type, title, sla_hours, input_schema, output_schema, evaluation_rubric,
  input_data, has_milestones, output_data, output_storage_path, revisions, is_sla_breached, is_late, sla_deadline,
  review_deadline, created_at, assigned_at, delivered_at, ended_at, payout_status, paid_cents]]

M.sql = {
  get = "select " .. COLUMNS .. " from market_transactions where id = $1::uuid",
  lock = "select " .. COLUMNS .. [[, created_at = human_now() as is_new from market_transactions
    where id = $1::uuid for no key update]],
  lock_root = "select " .. COLUMNS .. [[ from market_transactions where id = (select root_id from market_transactions
    where id = $1::uuid and ($2::uuid is null or $2::uuid in (buyer_id, seller_id))) for no key update]],
  lock_wallets = [[select a.id from ledger_accounts a where a.code = 6000 and a.owner in (
      select p.id::text from market_transactions t cross join lateral (values (t.buyer_id), (t.seller_id)) p (id)
      where t.root_id = (select root_id from market_transactions where id = $1::uuid
        and ($2::uuid is null or $2::uuid in (buyer_id, seller_id))) limit 1000)
    order by a.id for update of a]],
  insert = [[insert into market_transactions (listing_id, bid_id, buyer_id, seller_id, price_cents, fee_cents,
      payout_cents, parent_id, id, root_id, depth, listing_type, title, sla_hours, input_schema, output_schema,
      evaluation_rubric, input_data, has_milestones)
    select $1::uuid, $2::uuid, $3::uuid, $4::uuid, $5::bigint, $6::bigint, $7::bigint, $8::uuid, made.id,
      coalesce($9::uuid, made.id), $10::int, $11, $12, $13::int, $14::jsonb, $15::jsonb, $16::jsonb,
      $17::jsonb, $18::bool
    from (select gen_random_uuid() as id) made returning ]] .. COLUMNS,
  pay_by = "update market_transactions set payment_ref = $2 where id = $1::uuid",
  assign = [[update market_transactions set state = $3, assigned_at = human_now(), sla_deadline = $4::timestamptz
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  deliver = [[update market_transactions set state = $3, delivered_at = human_now(), output_data = $4::jsonb,
      output_storage_path = $5, review_deadline = $6::timestamptz, is_late = is_late or human_now() > sla_deadline
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  move = [[update market_transactions set state = $3, ended_at = case when $4::bool then human_now() end
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  revise = [[update market_transactions set revisions = revisions + 1, sla_deadline = $2::timestamptz,
      is_sla_breached = false where id = $1::uuid returning ]] .. COLUMNS,
  of_buyer = "select " .. COLUMNS .. [[ from market_transactions where buyer_id = $1::uuid
    order by created_at desc, id limit $2::int offset $3::int]],
  of_seller = "select " .. COLUMNS .. [[ from market_transactions where seller_id = $1::uuid
    order by created_at desc, id limit $2::int offset $3::int]],
  count_of_buyer = [[select count(*)::int from (select from market_transactions where buyer_id = $1::uuid
    limit 10000) few]],
  count_of_seller = [[select count(*)::int from (select from market_transactions where seller_id = $1::uuid
    limit 10000) few]],
  active = [[select count(*)::int from (
    (select from market_transactions where buyer_id = $1::uuid and state in
      ('pending_payment', 'assigned', 'delivered', 'revision_requested', 'disputed') limit 1000)
    union all
    (select from market_transactions where seller_id = $1::uuid and state in
      ('pending_payment', 'assigned', 'delivered', 'revision_requested', 'disputed') limit 1000)) few]],
  sold = "update market_listings set total_sales = total_sales + 1 where id = $1::uuid",
  milestones = [[insert into market_milestones (transaction_id, sequence, title, share_bp, sla_hours, fee_cents,
      payout_cents)
    select $1::uuid, sequence, title, share_bp, sla_hours, fee_cents, payout_cents from json_to_recordset($2::json)
      as m (sequence smallint, title text, share_bp int, sla_hours smallint, fee_cents bigint, payout_cents bigint)]],
  open_children = [[select count(*)::int as count from market_transactions where parent_id = $1::uuid
    and state in ('pending_payment', 'assigned', 'delivered', 'revision_requested', 'disputed')]],
}

counts.define("active_transactions", function(actor) return db.value(M.sql.active, actor.id) end)

local ENDED = { accepted = true, canceled = true, canceled_refunded = true, refunded = true, split_resolved = true }

local function one(q, sql, id) return q == db and db.must("not_found", sql, id) or q:must("not_found", sql, id) end

--- A transaction by its id; in q, a transaction or human.db.  Fails with not_found.
function M.get(q, id) return one(q, M.sql.get, id) end

--- The same when an actor is its buyer or seller; otherwise not_found.
function M.party(q, id, actor_id)
  local t = M.get(q, id)
  if actor_id ~= t.buyer_id and actor_id ~= t.seller_id then fail.throw "not_found" end
  return t
end

--- Locks it, and before it the first transaction of its chain, so that a chain changes in one transaction at a time,
--- and the wallets that its end may touch: of all who are in the chain once its first one is locked.
--- actor_id: its buyer or its seller, or nil; ask (optional): sends on what is to be read behind the locks.  Fails with
--- not_found, also when it is another's.
function M.lock(tx, id, actor_id, ask)
  local roots = tx:ask(M.sql.lock_root, id, actor_id)
  tx:ask(M.sql.lock_wallets, id, actor_id)
  if ask then ask() end
  local root = roots()[1] or fail.throw "not_found"
  return root.id == id and root or tx:row(M.sql.lock, id)
end

local function side_of(t, actor_id)
  if actor_id == nil then return "platform" end
  if actor_id == t.buyer_id then return "buyer" end
  if actor_id == t.seller_id then return "seller" end
  fail.throw "not_found"
end

local function facts_of(t)
  return { is_sla_breached = t.is_sla_breached, is_whole = not t.has_milestones,
           is_revisable = t.revisions < rules.revisions }
end

local function next_state(t, event, actor_id)
  if t.listing_type == "credit_task" then
    return require("marketplace.credit_tasks").next(t, event, side_of(t, actor_id))
  end
  return states.next("transaction", t, event, side_of(t, actor_id), facts_of(t))
end

local function told(tx, t, from, actor_id, cause)
  states.moved(tx, { entity = "transaction", id = t.id, from = from, to = t.state, actor_id = actor_id, cause = cause,
    event = "transaction." .. t.state, to_actors = { t.buyer_id, t.seller_id },
    public = t.state == "accepted" or nil, data = {
      transaction_id = t.id, listing_id = t.listing_id, status = t.state, title = t.title, buyer_id = t.buyer_id,
      seller_id = t.seller_id, price_cents = t.price_cents, sla_deadline = t.sla_deadline,
      parent_transaction_id = t.parent_id, paid_when = rules.paid_when(t.parent_id ~= nil),
      review_deadline = t.review_deadline, is_late = t.is_late } })
end

-- Work for a later time.  at: the deadline that it is about, the time itself without it.
local function timer(tx, id, what, due_at, at)
  queue.add(tx, "market.transaction", id, due_at, { what = what, at = at or due_at })
end

-- Milestones have deadlines of their own.
local function sla_timers(tx, t)
  if t.has_milestones then return end
  local deadline = t.sla_deadline
  timer(tx, t.id, "sla_warn", terms_of.warn_at(deadline, t.sla_hours), deadline)
  timer(tx, t.id, "sla_breach", deadline)
  timer(tx, t.id, "sla_refund", terms_of.refund_at(deadline, t.sla_hours), deadline)
end

--- Who deals: neither is banned, the buyer may spend, and they are strangers.
function M.check_parties(tx, buyer_id, seller_id)
  local buyer, seller = actors.both(tx, buyer_id, seller_id)
  if buyer.state == "banned" then fail.throw "actor_banned" end
  actors.must_be_free(buyer)
  if seller.state == "banned" then fail.throw "provider_banned" end
  actors.must_be_strangers(buyer, seller)
end

local function insert(tx, deal)
  local d, parent = deal.terms, deal.parent
  local t = tx:row(M.sql.insert, deal.listing_id, deal.bid_id, deal.buyer_id, deal.seller_id, d.price_cents,
    d.fee_cents, d.payout_cents, parent and parent.id, parent and parent.root_id, parent and parent.depth + 1 or 0,
    d.listing_type, d.title, d.sla_hours, d.input_schema, d.output_schema, d.evaluation_rubric, d.input_data,
    d.milestones ~= nil)
  if d.milestones then tx:ask(M.sql.milestones, t.id, json.encode(terms_of.milestones(d))) end
  states.moved(tx, { entity = "transaction", id = t.id, to = t.state, actor_id = deal.buyer_id, cause = deal.cause,
    event = "transaction.created", to_actors = { t.buyer_id, t.seller_id },
    data = { transaction_id = t.id, listing_id = t.listing_id, status = t.state, title = t.title, buyer_id = t.buyer_id,
             seller_id = t.seller_id, price_cents = t.price_cents, parent_transaction_id = t.parent_id,
             paid_when = d.paid_when } })
  return t
end

--- Makes a transaction and asks for its money: a card, or the escrow of the transaction that it is a part of.
--- deal: {listing_id, bid_id, buyer_id, seller_id, terms (marketplace.terms), parent (a locked row), cause, is_checked
--- (check_parties has passed them in this transaction)}.
--- Returns the row, and the payment {id, provider_id, client_secret} where there is one.
function M.make(tx, deal)
  if not deal.is_checked then M.check_parties(tx, deal.buyer_id, deal.seller_id) end
  local t = insert(tx, deal)
  if deal.parent then
    escrow.open(tx, t.id)
    settlement.carve(tx, deal.parent, t)
    return M.assign(tx, t, nil, deal.cause)
  end
  timer(tx, t.id, "payment", terms_of.in_hours(rules.payment_hours))
  local payment = require("marketplace.payments").open(tx, {
    transaction_id = t.id, buyer_id = t.buyer_id, amount_cents = t.price_cents })
  tx:ask(M.sql.pay_by, t.id, payment.provider_id)
  t.payment_ref = payment.provider_id
  return t, payment
end

--- Assigns a transaction that is locked and paid for: from now on the seller's time counts.
function M.assign(tx, t, actor_id, cause)
  local from, to = t.state, next_state(t, "authorize", nil)
  local deadline = terms_of.in_hours(t.sla_hours)
  local now = tx:row(M.sql.assign, t.id, from, to, deadline) or states.refuse(t.state)
  if settlement.is_early(now) then settlement.capture(tx, now) end
  told(tx, now, from, actor_id, cause)
  local delivered = require("marketplace.data_products").deliver(tx, now, cause)
  if delivered then return delivered end
  sla_timers(tx, now)
  if now.has_milestones then require("marketplace.milestones").activate(tx, now, 1) end
  return now
end

--- Its payment has been authorised: assigns it.  In the transaction that makes it, a moment later, so that whoever
--- makes it is told of one that waits for its payment, as everybody is.  t: its row, where that is locked and known.
--- Returns it as it is then.
function M.authorized(tx, id, t)
  t = t or tx:row(M.sql.lock, id) or fail.throw "not_found"
  if t.state ~= "pending_payment" then return t end
  if t.is_new then return t, timer(tx, id, "assign") end
  return M.assign(tx, t, nil, "payment")
end

--- The buyer assigns it, and pays with the card that is kept for him when nothing has been paid yet; answered again
--- when it is assigned already.
function M.assign_by(actor_id, id)
  local payments = require "marketplace.payments"
  local now, why = db.tx(function(tx)
    local buyer, payment
    local t = M.lock(tx, id, actor_id, function()
      buyer, payment = tx:ask(actors.sql.get, actor_id), payments.ask_to_pay(tx, id, actor_id)
    end)
    if actor_id ~= t.buyer_id then fail.throw "forbidden" end
    if t.state == "assigned" then return t end
    if t.state ~= "pending_payment" then states.refuse(t.state) end
    actors.must_be_free(buyer()[1])
    local paid, declined = payments.pay(tx, payment(), t)
    if not paid then return nil, declined end    -- which is kept
    return paid.state ~= "pending_payment" and paid or M.assign(tx, paid, actor_id, "transactions-assign")
  end)
  return now or fail.throw("payment_not_authorized", { message = "The card was declined: " .. why, decline_code = why })
end

--- The seller delivers: {output_data (JSON), output_storage_path (of marketplace.deliverables)}.
function M.deliver(actor_id, id, output)
  return db.tx(function(tx)
    local parts
    local t = M.lock(tx, id, actor_id, function() parts = tx:ask(M.sql.open_children, id) end)
    local to = next_state(t, "deliver", actor_id)
    if parts()[1].count > 0 then
      fail.throw("invalid_state", { status = t.state, message = "A subcontract of it has not ended yet" })
    end
    shapes.must_be_object(output.output_data, "output_data")
    shapes.check("output_schema_mismatch", t.output_schema, output.output_data, "output_data")
    if output.output_storage_path then
      require("marketplace.deliverables").attach(tx, actor_id, id, output.output_storage_path)
    end
    if t.listing_type == "credit_task" then return require("marketplace.credit_tasks").submit(tx, t, output) end
    local from, review = t.state, terms_of.in_hours(rules.review_hours)
    t = tx:row(M.sql.deliver, id, from, to, output.output_data, output.output_storage_path, review)
      or states.refuse(from)
    told(tx, t, from, actor_id, "transactions-deliver")
    criteria.note(tx, t, "delivery", output.output_data)
    timer(tx, id, "review", review)
    for _, hours in ipairs(rules.reminder_hours) do timer(tx, id, "remind", terms_of.in_hours(hours)) end
    return t
  end)
end

-- It is a sale of its listing, and who brought its parties is paid for that; for a part, once it is paid itself.
local function done_business(tx, t)
  tx:ask(M.sql.sold, t.listing_id)
  if not t.parent_id then referrals.settle(tx, t.buyer_id, t.seller_id) end
end

--- Moves a locked row by an event, without its money; actor_id nil: the platform.
function M.step(tx, t, event, actor_id, cause)
  local from, to = t.state, next_state(t, event, actor_id)
  local now = tx:row(M.sql.move, t.id, from, to, ENDED[to] == true) or states.refuse(t.state)
  if to == "accepted" then done_business(tx, now) end
  told(tx, now, from, actor_id, cause)
  return now
end

--- The same for one that is not locked yet: disputes move "dispute" so.
function M.move(tx, id, event, actor_id, cause) return M.step(tx, M.lock(tx, id), event, actor_id, cause) end

-- Moves a locked row to an end, and its money with it.
local function finish(tx, t, event, actor_id, cause, pay)
  local now = M.step(tx, t, event, actor_id, cause)
  pay(tx, now)
  return now
end

--- The buyer accepts, or nobody has answered (actor_id nil): the seller is paid.
function M.accept(actor_id, id, cause)
  return db.tx(function(tx)
    local t = M.lock(tx, id, actor_id)
    if t.state == "accepted" and t.buyer_id == actor_id then return t end
    return finish(tx, t, actor_id and "accept" or "time_out", actor_id, cause, settlement.release)
  end)
end

-- Ends a locked one by an event after which the buyer has all that is still held, its milestones too.
local function give_back(tx, t, event, actor_id, cause)
  return finish(tx, t, event, actor_id, cause, function(_, now)
    if now.has_milestones then require("marketplace.milestones").stop(tx, now, cause) end
    if now.state == "canceled" then settlement.cancel(tx, now) else settlement.refund(tx, now, cause) end
  end)
end

--- The buyer gives up what is not paid or late, or the seller declines: what was paid goes back.
function M.cancel(actor_id, id)
  return db.tx(function(tx)
    local t = M.lock(tx, id, actor_id)
    if t.state == "canceled" or t.state == "canceled_refunded" then return t end
    return give_back(tx, t, actor_id == t.buyer_id and "cancel" or "decline", actor_id, "transactions-cancel")
  end)
end

--- The buyer wants something changed: the seller has as long for it as for the whole.
function M.revise(actor_id, id, note)
  return db.tx(function(tx)
    local now = M.step(tx, M.lock(tx, id, actor_id), "revise", actor_id, "transactions-request-revision")
    local t = tx:row(M.sql.revise, id, terms_of.in_hours(now.sla_hours))
    sla_timers(tx, t)
    news.put(tx, { name = "transaction.revision_noted", about = id, to = { t.seller_id },
                   data = { transaction_id = id, note = note } })
    return t
  end)
end

--- Ends it by an event after which the buyer has all that is still held, its milestones too.
function M.give_back(tx, id, event, actor_id, cause) return give_back(tx, M.lock(tx, id), event, actor_id, cause) end

--- Ends of a dispute: the seller is paid; the buyer is; both are (buyer_pct of the price go back).
function M.release(tx, id, cause) return finish(tx, M.lock(tx, id), "release", nil, cause, settlement.release) end

function M.refund(tx, id, cause) return M.give_back(tx, id, "refund", nil, cause) end

function M.split(tx, id, cause, buyer_pct)
  return finish(tx, M.lock(tx, id), "split", nil, cause, function(_, t) settlement.split(tx, t, buyer_pct) end)
end

--- Those of an actor as "buyer" or "seller", the newest first, and how many there are (at most 10,000 are counted).
function M.list(actor_id, role, limit, offset)
  return db.query(M.sql["of_" .. role], actor_id, limit, offset), db.value(M.sql["count_of_" .. role], actor_id)
end

--- Whether its seller may still be paid for a part of it, or give a part of it to others.
function M.is_at_work(t) return t.state == "assigned" or t.state == "revision_requested" end

return M
