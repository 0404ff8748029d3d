-- scripts/marketplace/milestones.lua -- parts of a transaction that are delivered and paid one after the other.
-- The transaction stays assigned until its last one is accepted; locks are taken as for a transaction.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local criteria = require "marketplace.criteria"
local rules = require "marketplace.rules.trade"
local settlement = require "marketplace.settlement"
local shapes = require "marketplace.shapes"
local states = require "marketplace.states"
local terms = require "marketplace.terms"
local transactions = require "marketplace.transactions"

local M = {}

local COLUMNS = [[id, transaction_id, sequence, state, title, share_bp, fee_cents, payout_cents, sla_hours, output_data,
  sla_deadline, review_deadline, is_late, delivered_at, ended_at]]

M.sql = {
  list = "select " .. COLUMNS .. " from market_milestones where transaction_id = $1::uuid order by sequence",
  lock = "select " .. COLUMNS .. [[ from market_milestones where transaction_id = $1::uuid and sequence = $2::int
    for no key update]],
  activate = [[update market_milestones set state = $3, sla_deadline = $4::timestamptz
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  deliver = [[update market_milestones set state = $3, delivered_at = human_now(), output_data = $4::jsonb,
      review_deadline = $5::timestamptz, is_late = human_now() > sla_deadline
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  finish = [[update market_milestones set state = $3, ended_at = human_now()
    where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  in_time = "update market_transactions set is_sla_breached = false where id = $1::uuid and is_sla_breached",
  dispute = "update market_milestones set state = $3 where id = $1::uuid and state = $2 returning " .. COLUMNS,
}

local function told(tx, t, m, from, actor_id, cause)
  states.moved(tx, { entity = "milestone", id = m.id, from = from, to = m.state, actor_id = actor_id, cause = cause,
    event = "milestone." .. m.state, about = t.id, to_actors = { t.buyer_id, t.seller_id },
    data = { transaction_id = t.id, sequence = m.sequence, title = m.title, status = m.state,
             payout_cents = m.payout_cents, review_deadline = m.review_deadline } })
end

local function timer(tx, m, what, due_at, at)
  queue.add(tx, "market.milestone", m.id, due_at,
    { what = what, at = at or due_at, transaction_id = m.transaction_id, sequence = m.sequence })
end

--- The milestones of a transaction, in order; in q, a transaction or human.db.
function M.list(q, transaction_id)
  if q == db then return db.query(M.sql.list, transaction_id) end
  return q:query(M.sql.list, transaction_id)
end

--- Locks a transaction and one of its milestones; actor_id: a party of it, or nil.
function M.lock(tx, id, sequence, actor_id)
  local t = transactions.lock(tx, id, actor_id)
  return t, tx:row(M.sql.lock, id, sequence) or fail.throw "not_found"
end
local lock = M.lock

local function side_of(t, actor_id)
  if actor_id == nil then return "platform" end
  return actor_id == t.buyer_id and "buyer" or "seller"
end

local function next_state(t, m, event, actor_id) return states.next("milestone", m, event, side_of(t, actor_id)) end

--- Begins the milestone with this number: its seller's time counts from now.
function M.activate(tx, t, sequence)
  local m = tx:row(M.sql.lock, t.id, sequence)
  local from, deadline = m.state, terms.in_hours(m.sla_hours)
  m = tx:row(M.sql.activate, m.id, from, next_state(t, m, "activate"), deadline) or states.refuse(from)
  tx:exec(M.sql.in_time, t.id)
  told(tx, t, m, from, nil, "milestones")
  timer(tx, m, "sla_warn", terms.warn_at(deadline, m.sla_hours), deadline)
  timer(tx, m, "sla_breach", deadline)
  timer(tx, m, "sla_refund", terms.refund_at(deadline, m.sla_hours), deadline)
end

-- Earlier ones come first.
local function must_be_next(tx, t, m)
  for _, other in ipairs(M.list(tx, t.id)) do
    if other.sequence < m.sequence and other.state ~= "accepted" then
      fail.throw("milestone_out_of_order", { message = ("Milestone %d comes first"):format(other.sequence) })
    end
  end
end

--- The seller delivers one; output: JSON, which is measured by what was agreed for the whole.
function M.deliver(actor_id, id, sequence, output)
  return db.tx(function(tx)
    local t, m = lock(tx, id, sequence, actor_id)
    if t.state ~= "assigned" then states.refuse(t.state) end
    if actor_id ~= t.seller_id then fail.throw "forbidden" end
    must_be_next(tx, t, m)
    shapes.must_be_object(output, "output_data")
    local from, to, review = m.state, next_state(t, m, "deliver", actor_id), terms.in_hours(rules.review_hours)
    m = tx:row(M.sql.deliver, m.id, from, to, output, review) or states.refuse(from)
    told(tx, t, m, from, actor_id, "milestones-deliver")
    criteria.note(tx, t, "delivery", output, sequence)
    timer(tx, m, "review", review)
    return m
  end)
end

-- The next begins, or the transaction ends.
local function go_on(tx, t, m, cause)
  local list = M.list(tx, t.id)
  if m.sequence < #list then return M.activate(tx, t, m.sequence + 1) end
  transactions.step(tx, t, "complete", nil, cause)
end

local function accepted(tx, t, m, event, actor_id, cause)
  local from = m.state
  m = tx:row(M.sql.finish, m.id, from, next_state(t, m, event, actor_id)) or states.refuse(from)
  told(tx, t, m, from, actor_id, cause)
  settlement.release_milestone(tx, t, m)
  go_on(tx, t, m, cause)
  return m
end

--- The buyer accepts one, or nobody has answered (actor_id nil): the seller is paid for it.
function M.accept(actor_id, id, sequence, cause)
  return db.tx(function(tx)
    local t, m = lock(tx, id, sequence, actor_id)
    if m.state == "accepted" and actor_id == t.buyer_id then return m end
    return accepted(tx, t, m, actor_id and "accept" or "time_out", actor_id, cause)
  end)
end

--- The buyer disputes one: it, and those after it, wait.  In tx.  Returns the transaction and the milestone.
function M.dispute(tx, id, sequence, actor_id, cause)
  local t, m = lock(tx, id, sequence, actor_id)
  local from = m.state
  m = tx:row(M.sql.dispute, m.id, from, next_state(t, m, "dispute", actor_id)) or states.refuse(from)
  told(tx, t, m, from, actor_id, cause)
  return t, m
end

--- The dispute ends and the seller is paid for it.
function M.release(tx, id, sequence, cause)
  local t, m = lock(tx, id, sequence)
  return accepted(tx, t, m, "release", nil, cause)
end

--- The dispute ends and the buyer has this milestone's money back, and that of all after it: the work ends here.
function M.refund(tx, id, sequence, cause)
  local t, m = lock(tx, id, sequence)
  local from = m.state
  m = tx:row(M.sql.finish, m.id, from, next_state(t, m, "refund")) or states.refuse(from)
  told(tx, t, m, from, nil, cause)
  transactions.give_back(tx, id, "fail", nil, cause)
  return m
end

local OVER = { accepted = true, refunded = true, canceled = true }

--- Ends those that are not over, with their transaction: what is delivered waits for an answer, and is refused unless
--- the event is "lose".
function M.stop(tx, t, cause, event)
  for _, m in ipairs(M.list(tx, t.id)) do
    if not OVER[m.state] then
      local now = tx:row(M.sql.finish, m.id, m.state, next_state(t, m, event or "end")) or states.refuse(m.state)
      told(tx, t, now, m.state, nil, cause)
    end
  end
end

return M
