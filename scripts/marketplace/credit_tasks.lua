-- scripts/marketplace/credit_tasks.lua -- tasks that cost nothing and earn credits.  An admin posts one with a rubric;
-- an agent takes a slot of it, which is a transaction without a price, and delivers; the rubric decides at once.  The
-- reward is issued into the reserve when the slot is taken, and goes to the agent, or is taken back.
-- Locks: wallets first, then the owner who takes, then the task.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local counts = require "marketplace.counts"
local credits = require "marketplace.credits"
local criteria = require "marketplace.criteria"
local grants = require "marketplace.grants"
local history = require "marketplace.history"
local ledger = require "marketplace.ledger"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rubrics = require "marketplace.rubrics"
local rules = require "marketplace.rules.credit_tasks"
local shapes = require "marketplace.shapes"
local terms = require "marketplace.terms"

local M = {}

local KIND = "market.credit_task"
local MRC = 1000                                 -- of a credit
local LOOKED_AT = 1000                           -- tasks with free slots, the newest

-- Tasks that an actor ($1) may take, of the newest: rules/credit_tasks.lua says the same of one.
local FOR_ACTOR = ([[ from (select * from market_credit_tasks where state = 'open' and free > 0
      order by created_at desc, id limit %d) t
    join market_actors a on a.id = $1::uuid and a.type = 'delegated_agent' and a.owner_id <> t.owner_id
      and t.min_tier <= a.tier
    where (t.tags = '{}' or t.tags && a.capability_tags)
      and not exists (select from market_credit_slots s where s.task_id = t.id and s.owner_id = a.owner_id)]])
  :format(LOOKED_AT)

M.sql = {
  available = [[select t.id, l.title, l.description, t.rc_reward, l.sla_hours, l.evaluation_rubric, l.output_schema,
      t.input_data
    from (select t.*]] .. FOR_ACTOR .. [[ order by t.created_at desc, t.id limit $2::int offset $3::int) t
    join market_listings l on l.id = t.listing_id order by t.created_at desc, t.id]],
  count = "select count(*)::int" .. FOR_ACTOR,
  task = [[select t.id, t.listing_id, t.created_by, t.owner_id, t.state, t.rc_reward, t.slots, t.free, t.input_data,
      t.min_tier, l.title, l.description, l.sla_hours, l.output_schema, l.evaluation_rubric, t.created_at,
      to_json(t.tags) as tags
    from market_credit_tasks t join market_listings l on l.id = t.listing_id where t.id = $1::uuid]],
  facts = [[select t.tags = '{}' or t.tags && a.capability_tags as has_tag,
      (select count(*)::int from market_credit_slots s where s.owner_id = a.owner_id
        and s.state in ('reserved', 'submitted')) as held
    from market_credit_tasks t, market_actors a where t.id = $1::uuid and a.id = $2::uuid]],
  lock_owner = "select id from market_owners where id = $1::uuid for update",
  of_owner = [[select actor_id, transaction_id, state from market_credit_slots
    where task_id = $1::uuid and owner_id = $2::uuid]],
  take = [[update market_credit_tasks set free = free - 1 where id = $1::uuid and state = 'open' and free > 0
    returning free]],
  give_back = "update market_credit_tasks set free = free + 1 where id = $1::uuid",
  begin = [[insert into market_transactions (id, root_id, listing_id, buyer_id, seller_id, state, price_cents,
      fee_cents, payout_cents, listing_type, title, sla_hours, output_schema, evaluation_rubric, input_data,
      assigned_at, sla_deadline)
    select made.id, made.id, $1::uuid, $2::uuid, $3::uuid, 'assigned', 0, 0, 0, 'credit_task', $4, $5::int, $6::jsonb,
      $7::jsonb, $8::jsonb, human_now(), $9::timestamptz from (select gen_random_uuid() as id) made
    returning id, state, sla_deadline]],
  reserve = [[insert into market_credit_slots (task_id, actor_id, owner_id, transaction_id)
    values ($1::uuid, $2::uuid, $3::uuid, $4::uuid) returning id, state]],
  slot = [[select s.id, s.task_id, s.actor_id, s.state, s.tries, t.rc_reward from market_credit_slots s
    join market_credit_tasks t on t.id = s.task_id where s.transaction_id = $1::uuid for update of s]],
  move_slot = [[update market_credit_slots set state = $3, tries = tries + $4::int,
      ended_at = case when $5::bool then human_now() end where id = $1::uuid and state = $2 returning tries]],
  deliver = [[update market_transactions set state = $3, delivered_at = human_now(), output_data = $4::jsonb,
      output_storage_path = $5 where id = $1::uuid and state = $2]],
  move = [[update market_transactions set state = $3, ended_at = case when $4::bool then human_now() end
    where id = $1::uuid and state = $2]],
  listing = [[insert into market_listings (actor_id, direction, listing_type, title, description, category_tags,
      budget_ceiling_cents, sla_hours, output_schema, evaluation_rubric, min_seller_tier, negotiation_permitted,
      is_active)
    values ($1::uuid, 'buy', 'task_execution', $2, $3, array(select json_array_elements_text($9::json)), $4::bigint,
      $5::int, $6::jsonb, $7::jsonb, $8::int, false, false) returning id]],
  -- Its id is its listing's.
  post = [[insert into market_credit_tasks (id, listing_id, created_by, owner_id, tags, rc_reward, slots, free,
      input_data, min_tier)
    values ($1::uuid, $1::uuid, $2::uuid, $3::uuid, array(select json_array_elements_text($4::json)), $5::int, $6::int,
      $6::int, $7::jsonb, $8::int) returning id]],
  close = "update market_credit_tasks set state = 'closed' where id = $1::uuid and state = 'open'",
  list = [[select t.id, t.state as status, l.title, t.rc_reward, t.slots, t.free, l.sla_hours, t.created_at
    from market_credit_tasks t join market_listings l on l.id = t.listing_id
    order by t.created_at desc, t.id limit $1::int offset $2::int]],
  total = "select count(*)::int from (select from market_credit_tasks limit 10000) few",
}

counts.define("credit_tasks_available", function(actor) return db.value(M.sql.count, actor.id) end)

-- It asks for this module: it is looked up when it is used.
local function transactions() return require "marketplace.transactions" end

local function refuse(state, message) fail.throw("invalid_state", { status = state, message = message }) end

local function lead(machine, state, event)
  return rules.next { machine = machine, state = state, event = event } or refuse(state)
end

--- Where an event of a client moves such a transaction: its seller delivers, and that is all.
function M.next(t, event, side)
  local to = lead("transaction", t.state, event)
  if side ~= "seller" then fail.throw "forbidden" end
  return to
end

local function field(path, message)
  fail.throw("validation_error", { details = { { path = path, message = message } } })
end

-- Something has to decide.
local function check(task)
  shapes.must_be_valid(task.output_schema, "output_schema")
  rubrics.must_be_valid(task.evaluation_rubric, "evaluation_rubric")
  shapes.must_be_object(task.input_data, "input_data")
  if not rubrics.report(task.evaluation_rubric, task.output_schema, "{}") then
    field("evaluation_rubric", "must have a check, or there is an output_schema")
  end
end

--- An admin posts a task: {title, description, tags (a list, of which an agent has one), rc_reward, slots, sla_hours,
--- min_tier, output_schema, evaluation_rubric, input_data (JSON)}; cause: the route.
function M.post(admin, task, cause)
  check(task)
  return db.tx(function(tx)
    local tags = json.encode(json.array(task.tags or {}))
    local listing = tx:value(M.sql.listing, admin.id, task.title, task.description, task.rc_reward,
      task.sla_hours or rules.sla_hours, task.output_schema, task.evaluation_rubric, task.min_tier or 0,
      tags == "[]" and '["credit-task"]' or tags)
    local id = tx:value(M.sql.post, listing, admin.id, admin.owner_id, tags, task.rc_reward, task.slots or 1,
      task.input_data, task.min_tier or 0)
    history.note(tx, { entity = "credit_task", id = id, to = "open", actor_id = admin.id, cause = cause })
    records.put(tx, { actor_id = admin.id, action = "credit-task-create", resource_type = "credit_task",
                      resource_id = id, facts = { rc_reward = task.rc_reward, slots = task.slots or 1 } })
    return tx:row(M.sql.task, id)
  end)
end

--- An admin ends a task: nobody takes it any more; who has taken it goes on.  A repeat is answered.  cause: the route.
function M.close(admin, id, cause)
  return db.tx(function(tx)
    tx:must("not_found", M.sql.task, id)
    if tx:exec(M.sql.close, id) == 1 then
      history.note(tx, { entity = "credit_task", id = id, from = "open", to = "closed", actor_id = admin.id,
                         cause = cause })
      records.put(tx, { actor_id = admin.id, action = "credit-task-close", resource_type = "credit_task",
                        resource_id = id })
    end
    return tx:row(M.sql.task, id)
  end)
end

--- A listing that was posted as a task is ended by who posted it, in tx.
function M.end_listing(tx, admin, listing_id)
  if tx:row(M.sql.task, listing_id) then M.close(admin, listing_id, "listings-deactivate") end
end

--- All tasks, the newest first, and how many there are (at most 10,000 are counted).
function M.list(limit, offset) return db.query(M.sql.list, limit, offset), db.value(M.sql.total) end

--- Those that an actor may take, the newest first, and how many there are.
function M.available(actor, limit, offset)
  return db.query(M.sql.available, actor.id, limit, offset), db.value(M.sql.count, actor.id)
end

-- Whether an actor may take a task: a verdict.
local function may_take(q, task, actor, mine)
  local facts = q == db and db.row(M.sql.facts, task.id, actor.id) or q:row(M.sql.facts, task.id, actor.id)
  facts.type, facts.tier, facts.min_tier, facts.free = actor.type, actor.tier, task.min_tier, task.free
  facts.is_same_owner, facts.is_open = actor.owner_id == task.owner_id, task.state == "open"
  facts.has_taken = mine ~= nil
  return rules.may_take(facts)
end

--- A task's criteria for an actor who may take it, or has: {evaluation_rubric, output_schema}.  Fails with not_found or
--- forbidden.
function M.criteria(actor, id)
  local task = db.must("not_found", M.sql.task, id)
  local mine = db.row(M.sql.of_owner, id, actor.owner_id)
  local verdict = may_take(db, task, actor, nil)
  local is_full = verdict.code == "no_slots"
  if mine or is_full or verdict.verdict == "allow" then return task end
  fail.throw(verdict.code == "not_found" and "not_found" or "forbidden")
end

-- more: {name (of the event; without it, it is that of the state), data}.
local function tell(tx, t, from, cause, more)
  local name = more and more.name
  local data = { transaction_id = t.id, listing_id = t.listing_id, status = t.state, title = t.title,
                 seller_id = t.seller_id, sla_deadline = t.sla_deadline }
  for key, value in pairs(more and more.data or {}) do data[key] = value end
  history.note(tx, { entity = "transaction", id = t.id, from = from, to = t.state, actor_id = t.seller_id,
                     cause = cause })
  news.put(tx, { name = name or "transaction." .. t.state, about = t.id, to = { t.seller_id }, data = data })
end

local function begin(tx, task, actor)
  local deadline = terms.in_hours(task.sla_hours)
  local t = tx:row(M.sql.begin, task.listing_id, task.created_by, actor.id, task.title, task.sla_hours,
    task.output_schema, task.evaluation_rubric, task.input_data, deadline)
  local slot = tx:row(M.sql.reserve, task.id, actor.id, actor.owner_id, t.id)
  history.note(tx, { entity = "credit_slot", id = slot.id, to = slot.state, actor_id = actor.id,
                     cause = "tasks-credit-accept" })
  ledger.post(tx, "credit_task.reserved", t.id, {
    { debit = "issued_promo", credit = "task_reserve", amount = task.rc_reward * MRC } })
  t.listing_id, t.title, t.seller_id = task.listing_id, task.title, actor.id
  tell(tx, t, nil, "tasks-credit-accept")
  queue.add(tx, KIND, t.id, terms.warn_at(t.sla_deadline, task.sla_hours), { what = "warn" })
  queue.add(tx, KIND, t.id, deadline, { what = "expire" })
  return t
end

-- That it cannot be taken, and why.
local function deny(verdict)
  local held = verdict.data and verdict.data.held
  fail.throw(verdict.code, held and { message = ("You hold %d credit tasks: deliver one first"):format(held) } or nil)
end

-- The task, and the transaction of an actor who has taken it and is at work; refuses who may not take it.
local function look(tx, actor, id)
  local task = tx:must("not_found", M.sql.task, id)
  local mine = tx:row(M.sql.of_owner, id, actor.owner_id)
  if mine and mine.actor_id == actor.id and mine.state == "reserved" then
    return task, transactions().get(tx, mine.transaction_id)
  end
  local verdict = may_take(tx, task, actor, mine)
  if verdict.verdict ~= "allow" then deny(verdict) end
  return task
end

--- An agent takes a slot of a task.  Whoever has taken it and is at work gets the same answer again.  Returns the
--- transaction {id, state, sla_deadline}.
function M.accept(actor, id)
  return db.tx(function(tx)
    actors.must_be_free(actors.get(tx, actor.id))
    local _, before = look(tx, actor, id)        -- most are refused, or answered again, without any lock
    if before then return before end
    credits.lock(tx, actor.id)
    tx:query(M.sql.lock_owner, actor.owner_id)
    local task, taken = look(tx, actor, id)
    if taken then return taken end
    if not tx:row(M.sql.take, id) then fail.throw "no_slots" end
    return begin(tx, task, actor)
  end)
end

local OVER = { passed = true, failed = true, expired = true }

local function move_slot(tx, slot, event, cause)
  local from, to = slot.state, lead("slot", slot.state, event)
  slot.tries = tx:value(M.sql.move_slot, slot.id, from, to, event == "deliver" and 1 or 0, OVER[to] == true)
    or refuse(from)
  slot.state = to
  history.note(tx, { entity = "credit_slot", id = slot.id, from = from, to = to, actor_id = slot.actor_id,
                     cause = cause })
end

local MONEY = {}                                 -- by event: where the reserved reward goes

function MONEY.pass(tx, t, slot)
  grants.give(tx, "credit_task.paid", t.id, { actor = slot.actor_id, credits = slot.rc_reward, reason = "credit_task",
                                              from = "task_reserve" })
end

function MONEY.fail(tx, t, slot)
  tx:exec(M.sql.give_back, slot.task_id)
  ledger.post(tx, "credit_task.released", t.id, {
    { debit = "task_reserve", credit = "issued_promo", amount = slot.rc_reward * MRC } })
end
MONEY.expire = MONEY.fail

-- Moves the transaction and its slot, and the reward with them.
local function move(tx, t, slot, event, cause, more)
  local from, to = t.state, lead("transaction", t.state, event)
  if tx:exec(M.sql.move, t.id, from, to, to ~= "assigned") == 0 then refuse(from) end
  t.state = to
  move_slot(tx, slot, event, cause)
  if MONEY[event] then MONEY[event](tx, t, slot) end
  tell(tx, t, from, cause, more)
end

--- The seller's output of such a transaction, which is locked: the rubric decides at once.  In tx.  Returns the
--- transaction as it is then, with `report`: {passed, score, results}.
function M.submit(tx, t, output)
  if terms.is_past(t.sla_deadline) then refuse(t.state, "Its deadline has passed") end
  local slot, from, to = tx:row(M.sql.slot, t.id), t.state, lead("transaction", t.state, "deliver")
  move_slot(tx, slot, "deliver", "transactions-deliver")
  tx:exec(M.sql.deliver, t.id, from, to, output.output_data, output.output_storage_path)
  t.state = to
  tell(tx, t, from, "transactions-deliver")
  local report = criteria.note(tx, t, "delivery", output.output_data)
  local event = rules.outcome { passed = report.passed, tries = slot.tries }
  move(tx, t, slot, event, "rubric", event == "retry" and {
    name = "transaction.check_failed", data = { tries_left = rules.tries - slot.tries } } or nil)
  t.report = report
  return t
end

-- Queue: a deadline of a slot, {what = "warn" or "expire"}.
function M.due(row)
  db.tx(function(tx)
    local t = transactions().lock(tx, row.key)
    if t.state == "assigned" then
      if row.payload.what == "warn" then
        news.put(tx, { name = "transaction.sla_warning", about = t.id, to = { t.seller_id }, data = {
          transaction_id = t.id, title = t.title, status = t.state, sla_deadline = t.sla_deadline } })
      else
        move(tx, t, tx:row(M.sql.slot, t.id), "expire", "deadline")
      end
    end
    row:done(tx)
  end)
end

queue.define(KIND, "marketplace.credit_tasks.due", { per_key = true, attempts = 1000, backoff = { 1, 10, 60 } })

return M
