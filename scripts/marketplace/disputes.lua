-- scripts/marketplace/disputes.lua -- disputes of deliveries: the buyer opens one, both show what they have, an
-- administrator or a deadline decides, and the money goes where that says.  The transaction is moved first and the
-- dispute then, in one transaction, since the wallets are locked before all else.

local db = require "human.db"
local fail = require "human.fail"
local queue = require "human.queue"
local time = require "human.time"
local actors = require "marketplace.actors"
local criteria = require "marketplace.criteria"
local history = require "marketplace.history"
local news = require "marketplace.news"
local deals = require "marketplace.deals"
local rule = require "marketplace.rules.disputes"

local M = {}

local DUE = "market.dispute"
local COLUMNS = [[id, transaction_id, milestone_sequence, buyer_id, seller_id, reason, state, response_due_at,
  evidence_due_at, resolve_due_at, proposal, proposal_pct, resolution, buyer_pct, note, resolved_at, created_at]]

M.sql = {
  get = "select " .. COLUMNS .. " from market_disputes where id = $1::uuid",
  lock = "select " .. COLUMNS .. " from market_disputes where id = $1::uuid for update",
  open = [[insert into market_disputes (transaction_id, milestone_sequence, buyer_id, seller_id, reason,
      response_due_at) values ($1::uuid, $2::int, $3::uuid, $4::uuid, $5, $6::timestamptz)
    on conflict (transaction_id, coalesce(milestone_sequence, 0)) where state <> 'resolved' do nothing
    returning ]] .. COLUMNS,
  of_task = "select " .. COLUMNS .. [[ from market_disputes where transaction_id = $1::uuid
    and milestone_sequence is not distinct from $2::int and state <> 'resolved']],
  open_of = "select " .. COLUMNS .. [[ from market_disputes where transaction_id = $1::uuid and state <> 'resolved'
    order by created_at limit 20]],
  move = [[update market_disputes set state = $3, evidence_due_at = coalesce($4::timestamptz, evidence_due_at),
      resolve_due_at = coalesce($5::timestamptz, resolve_due_at), proposal = coalesce($6, proposal),
      proposal_pct = coalesce($7::int, proposal_pct) where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  resolve = [[update market_disputes set state = 'resolved', resolution = $3, buyer_pct = $4::int, note = $5,
      resolved_by = $6::uuid, resolved_at = human_now() where id = $1::uuid and state = $2 returning ]] .. COLUMNS,
  evidence = [[insert into market_evidence (dispute_id, actor_id, type, content) values ($1::uuid, $2::uuid, $3, $4)
    returning id, dispute_id, type as evidence_type, content, created_at]],
  shown = "select count(*) as n from market_evidence where dispute_id = $1::uuid and actor_id = $2::uuid",
}

queue.define(DUE, "marketplace.disputes.due", { concurrency = 8, attempts = 1000, backoff = { 1, 10, 60 } })

-- Trade has these as well, and asks for this module: they are looked up when they are used.
local function transactions() return require "marketplace.transactions" end
local function milestones() return require "marketplace.milestones" end
local function unpaid() return require "marketplace.unpaid" end

local function after(ms) return time.format(time.now_ms() + ms) end

local function note(tx, d, from, actor_id, cause)
  history.note(tx, { entity = "dispute", id = d.id, from = from, to = d.state, actor_id = actor_id, cause = cause })
  news.put(tx, { name = from and "dispute." .. d.state or "dispute.opened", about = d.transaction_id,
    to = { d.buyer_id, d.seller_id }, data = {
      dispute_id = d.id, transaction_id = d.transaction_id, milestone_sequence = d.milestone_sequence, status = d.state,
      resolution = d.resolution, buyer_pct = d.buyer_pct, proposal = d.proposal, proposal_pct = d.proposal_pct } })
end

local function move_task(tx, o, actor_id, cause)
  if o.milestone_sequence then
    return milestones().dispute(tx, o.transaction_id, o.milestone_sequence, actor_id, cause)
  end
  transactions().move(tx, o.transaction_id, "dispute", actor_id, cause)
end

--- The buyer disputes a delivery, or that of a milestone.  o: {transaction_id, reason, milestone_sequence}; cause: the
--- route.  Fails with not_found, forbidden, invalid_state or dispute_exists.
function M.open(actor, o, cause)
  return db.tx(function(tx)
    local task = deals.party(tx, o.transaction_id, actor.id)
    if task.buyer_id ~= actor.id then fail.throw("forbidden", { message = "The buyer opens a dispute" }) end
    actors.must_be_strangers(actor, actors.get(tx, task.seller_id))
    local there = tx:row(M.sql.of_task, task.id, o.milestone_sequence)
    if there then fail.throw("dispute_exists", { dispute_id = there.id }) end
    move_task(tx, o, actor.id, cause)
    local due_at = after(rule.response_ms)
    local d = tx:row(M.sql.open, task.id, o.milestone_sequence, actor.id, task.seller_id, o.reason, due_at)
      or fail.throw "dispute_exists"
    queue.add(tx, DUE, d.id, due_at, { state = "open" })
    note(tx, d, nil, actor.id, cause)
    return d
  end)
end

local function refuse(d) fail.throw("invalid_state", { status = d.state }) end

local function to_state(d, event) return rule.next { state = d.state, event = event } or refuse(d) end

-- The seller has answered: both may show what they have for a while.
local function respond(tx, d, actor)
  local from, due_at = d.state, after(rule.evidence_ms)
  d = tx:row(M.sql.move, d.id, from, to_state(d, "respond"), due_at, nil, nil, nil)
  queue.add(tx, DUE, d.id, due_at, { state = d.state })
  note(tx, d, from, actor.id, "disputes-submit-evidence")
end

--- A party shows something; the seller's first is its answer.  Fails with not_found, forbidden or invalid_state.
function M.show(actor, body)
  return db.tx(function(tx)
    local d = tx:must("not_found", M.sql.lock, body.dispute_id)
    local is_seller = actor.id == d.seller_id
    if not is_seller and actor.id ~= d.buyer_id then fail.throw "not_found" end
    local until_at = d.state == "open" and d.response_due_at or d.state == "responded" and d.evidence_due_at
    if not until_at or time.parse(until_at) <= time.now_ms() then refuse(d) end
    if tx:value(M.sql.shown, d.id, actor.id) >= rule.evidence_each then
      local message = ("Each side shows %d pieces"):format(rule.evidence_each)
      fail.throw("invalid_state", { status = d.state, message = message })
    end
    local made = tx:row(M.sql.evidence, d.id, actor.id, body.evidence_type, body.content)
    if is_seller and d.state == "open" then respond(tx, d, actor) end
    return made
  end)
end

local pay = {}

function pay.refund_buyer(tx, d, cause)
  if d.milestone_sequence then return milestones().refund(tx, d.transaction_id, d.milestone_sequence, cause) end
  transactions().refund(tx, d.transaction_id, cause)
end

function pay.release_seller(tx, d, cause)
  if d.milestone_sequence then return milestones().release(tx, d.transaction_id, d.milestone_sequence, cause) end
  transactions().release(tx, d.transaction_id, cause)
end

function pay.split(tx, d, cause, pct) transactions().split(tx, d.transaction_id, cause, pct) end

-- how: {resolution, pct, note, by (an administrator's id), cause}.  The seller may answer until the transaction is
-- locked: an administrator's decision counts all the same, what a deadline says of silence does not.
local function resolve(tx, d, how)
  to_state(d, "resolve")
  pay[how.resolution](tx, d, how.cause, how.pct)
  local from = how.by and tx:row(M.sql.lock, d.id).state or d.state
  d = tx:row(M.sql.resolve, d.id, from, how.resolution, how.pct, how.note, how.by)
    or fail.throw("transaction_conflict")
  queue.cancel(tx, DUE, d.id)
  note(tx, d, from, how.by, how.cause)
  return d
end

local function field(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

--- An administrator decides.  A repeat of what was decided is answered.  Fails with not_found, invalid_state or
--- capture_failed.
function M.resolve(admin, body)
  if (body.resolution == "split") ~= (body.buyer_pct ~= nil) then
    field("buyer_pct", "goes with the resolution split, and no other")
  end
  return unpaid().watch(function()
    return db.tx(function(tx)
      local d = tx:must("not_found", M.sql.get, body.dispute_id)
      if d.resolution == body.resolution and d.buyer_pct == body.buyer_pct then return d end
      if body.buyer_pct and d.milestone_sequence then field("resolution", "a milestone is paid or not") end
      return resolve(tx, d, { resolution = body.resolution, pct = body.buyer_pct, note = body.note, by = admin.id,
                              cause = "disputes-resolve" })
    end)
  end)
end

--- The disputes of work end that has ended for another reason: the buyer keeps his money, or has it back.  says: the
--- reason, without it that the whole was given up of which this is a part.  In tx, after its transaction has moved.
function M.end_without(tx, transaction_id, cause, says)
  says = says or "The work that this was a part of was given up"
  for _, d in ipairs(tx:query(M.sql.open_of, transaction_id)) do
    local now = tx:row(M.sql.resolve, d.id, d.state, "refund_buyer", nil, says, nil)
      or fail.throw "transaction_conflict"
    queue.cancel(tx, DUE, d.id)
    note(tx, now, d.state, nil, cause)
  end
end

local function propose(tx, d, how)
  local from, due_at = d.state, after(rule.resolve_ms)
  d = tx:row(M.sql.move, d.id, from, to_state(d, "propose"), nil, due_at, how.resolution, how.pct)
    or fail.throw "transaction_conflict"
  queue.add(tx, DUE, d.id, due_at, { state = d.state })
  note(tx, d, from, nil, "deadline")
end

local function due(row)
  db.tx(function(tx)
    local d = tx:row(M.sql.get, row.key)
    if d and d.state == row.payload.state then
      local report = d.state == "responded" and criteria.again(tx, d.transaction_id, d.milestone_sequence) or {}
      local how = rule.due { state = d.state, buyer_evidence = tx:value(M.sql.shown, d.id, d.buyer_id),
        is_whole = d.milestone_sequence == nil, has_passed = report.passed, score = report.score,
        proposal = d.proposal, proposal_pct = d.proposal_pct }
      how.cause = "deadline"
      if how.event == "propose" then propose(tx, d, how) elseif how.event == "resolve" then resolve(tx, d, how) end
    end
    row:done(tx)
  end)
end

--- A row of the queue: the deadline of a dispute's state, {state}.  One whose money cannot be had has ended then.
function M.due(row)
  local ok, err = pcall(unpaid().watch, function() due(row) end)
  if ok then return end
  if not unpaid().is_lost(err) then error(err, 0) end
  due(row)
end

return M
