-- scripts/marketplace/delegations.lua -- budgets: an actor lets another spend its credits, up to a cap.  The cap is an
-- authorisation, not a reserve; one conditional update holds it, whoever spends at the same time.
--
-- Who spends locks the wallets first (credits.lock, with M.payer), then the budget, as everywhere.

local db = require "human.db"
local decisions = require "human.decisions"
local fail = require "human.fail"
local json = require "human.json"
local queue = require "human.queue"
local actors = require "marketplace.actors"
local history = require "marketplace.history"
local news = require "marketplace.news"
local records = require "marketplace.trail"
local rules = require "marketplace.rules.budget"
local terms = require "marketplace.terms"

local M = {}

local MRC_PER_CENT, EXPIRE = 1000, "market.delegation"
local COLUMNS = [[d.id, d.delegator_id, d.grantee_id, d.transaction_id, d.total_mrc, d.spent_mrc,
  d.total_mrc - d.spent_mrc as remaining_mrc, to_json(d.allowed_categories) as allowed_categories, d.max_purchase_mrc,
  d.state, d.expires_at, d.created_at]]
local LIVE = "state in ('active', 'exhausted')"

M.sql = {
  get = "select " .. COLUMNS .. [[, d.expires_at <= human_now() as is_late from market_delegations d
    where d.id = $1::uuid]],
  lock = "select state from market_delegations where id = $1::uuid for update",
  payer = "select delegator_id from market_delegations where id = $1::uuid",
  spend = [[update market_delegations d set spent_mrc = d.spent_mrc + $2::bigint,
      state = case when d.spent_mrc + $2::bigint = d.total_mrc then 'exhausted' else 'active' end
    where d.id = $1::uuid and d.state = 'active' and d.spent_mrc + $2::bigint <= d.total_mrc
      and (d.expires_at is null or d.expires_at > human_now())
      and (d.transaction_id is null or ($3::uuid is null or d.transaction_id = $3::uuid)
        and exists (select from market_transactions t where t.id = d.transaction_id and t.ended_at is null))
    returning ]] .. COLUMNS,
  note = [[insert into market_delegation_moves (delegation_id, kind, cause, amount_mrc, decided)
    values ($1::uuid, $2, $3, $4::bigint, $5::jsonb) on conflict do nothing]],
  give_back = [[update market_delegations d set spent_mrc = d.spent_mrc - $2::bigint,
      state = case d.state when 'exhausted' then 'active' else d.state end
    where d.id = $1::uuid and d.spent_mrc >= $2::bigint returning ]] .. COLUMNS,
  one_at_a_time = "select pg_advisory_xact_lock(hashtextextended('market.budgets ' || $1, 0))",
  count = [[select (select count(*) from market_delegations where delegator_id = $1::uuid and state = 'active')
    + (select count(*) from market_delegations where delegator_id = $1::uuid and state = 'exhausted') as n]],
  make = [[with d as (insert into market_delegations (delegator_id, grantee_id, transaction_id, total_mrc,
      allowed_categories, max_purchase_mrc, expires_at)
    values ($1::uuid, $2::uuid, $3::uuid, $4::bigint,
      (select array_agg(p) from json_array_elements_text($5::json) p), $6::bigint, $7::timestamptz)
    returning *) select ]] .. COLUMNS .. " from d",
  party = [[select ended_at is null as is_open from market_transactions
    where id = $1::uuid and $2::uuid in (buyer_id, seller_id)]],
  revoke = "update market_delegations d set state = 'revoked', ended_at = human_now() where id = $1::uuid and "
    .. LIVE .. " returning " .. COLUMNS,
  expire = "update market_delegations d set state = 'expired', ended_at = human_now() where id = $1::uuid and "
    .. LIVE .. " and expires_at <= human_now() returning " .. COLUMNS,
  list = "with d as ((select * from market_delegations where delegator_id = $1::uuid and state = $2"
    .. " order by created_at desc, id limit $3::int + $4::int) union (select * from market_delegations"
    .. " where grantee_id = $1::uuid and state = $2 order by created_at desc, id limit $3::int + $4::int)) select "
    .. COLUMNS .. " from d order by d.created_at desc, d.id limit $3::int offset $4::int",
  total = [[select (select count(*) from market_delegations where delegator_id = $1::uuid and state = $2)
    + (select count(*) from market_delegations where grantee_id = $1::uuid and state = $2) as n]],
}

local function tell(tx, name, d)
  news.put(tx, { name = name, about = d.id, to = { d.delegator_id, d.grantee_id }, data = {
    delegation_id = d.id, grantee_id = d.grantee_id, delegator_id = d.delegator_id, status = d.state,
    total_cents = d.total_mrc / MRC_PER_CENT, spent_cents = d.spent_mrc / MRC_PER_CENT } })
end

-- What follows a change of its state: the trail of it, and who hears of it.
local function moved(tx, d, from, name, actor_id, cause)
  history.note(tx, { entity = "delegation", id = d.id, from = from, to = d.state, actor_id = actor_id, cause = cause })
  if name then tell(tx, name, d) end
end

--- Who pays for what is bought with a budget, whose wallet is to be locked first; q: a transaction.  Fails with
--- delegation_invalid.
function M.payer(q, id) return q:value(M.sql.payer, id) or fail.throw "delegation_invalid" end

-- Why a budget does not give that much, after the update that would have taken it.
local function refuse(tx, id, s)
  local d = tx:row(M.sql.get, id)
  if d.state == "expired" or d.is_late then fail.throw "delegation_expired" end
  if d.state == "revoked" or s.amount_mrc <= d.remaining_mrc and d.transaction_id then
    fail.throw "delegation_invalid"
  end
  fail.throw "budget_exceeded"
end

-- Asks the rule; what it decided, as it is kept.
local function allowed(tx, d, s)
  local categories = type(s.category) == "table" and s.category or { s.category }
  local answer, decision = decisions.ask(rules.may_spend, { subject = s.grantee_id, ref = s.cause }, {
    amount_mrc = s.amount_mrc, categories = json.array(categories), max_purchase_mrc = d.max_purchase_mrc,
    allowed_categories = d.allowed_categories and json.decode(d.allowed_categories) })
  decisions.record(tx, decision)
  if answer.verdict == "deny" then fail.throw(answer.code, answer.data) end
  local row = decision.row
  return row and json.encode { bundle = row.bundle, rule = row.rule, verdict = row.verdict }
end

--- Spends of a budget, in tx: s = {id, grantee_id (who buys), amount_mrc, category (of what is bought: one, or a list),
--- transaction_id (for which it is bought, or nil), cause (that of the debit; each once)}.  Returns the id of the actor
--- that pays, from whose credits the caller takes them.
--- Fails with delegation_invalid (there is none, it is another's, was revoked, or is for other work),
--- delegation_expired, budget_exceeded (also: one purchase may not be as much), category_not_allowed or agent_frozen
--- (who pays may not spend now).
function M.spend(tx, s)
  local d = tx:row(M.sql.get, s.id)
  if not d or d.grantee_id ~= s.grantee_id then fail.throw "delegation_invalid" end
  local payer = actors.get(tx, d.delegator_id)
  actors.must_be_free(payer)
  if payer.state ~= "active" then fail.throw "delegation_invalid" end
  local decided = allowed(tx, d, s)
  local now = tx:row(M.sql.spend, d.id, s.amount_mrc, s.transaction_id) or refuse(tx, d.id, s)
  if tx:exec(M.sql.note, d.id, "spend", s.cause, s.amount_mrc, decided) == 0 then
    error("a budget was spent twice for " .. s.cause, 0)
  end
  if now.state == "exhausted" then moved(tx, now, "active", "budget.exhausted", s.grantee_id, s.cause) end
  return d.delegator_id
end

--- Gives back in tx what was spent of a budget, or a part of it: g = {id, amount_mrc, cause (of the giving back)}.
--- False: that was given back for this cause before.
function M.give_back(tx, g)
  local before = tx:must("delegation_invalid", M.sql.lock, g.id)
  if tx:exec(M.sql.note, g.id, "return", g.cause, g.amount_mrc, nil) == 0 then return false end
  local now = tx:row(M.sql.give_back, g.id, g.amount_mrc) or error("less was spent of the budget " .. g.id, 0)
  if now.state ~= before.state then moved(tx, now, before.state, nil, nil, g.cause) end
  return true
end

local function wrong(field, message)
  fail.throw("validation_error", { details = { { path = field, message = message } } })
end

-- The transaction that a budget is for is one of the giver's, and goes on.
local function must_go_on(tx, actor, transaction_id)
  local t = tx:must("not_found", M.sql.party, transaction_id, actor.id)
  if not t.is_open then wrong("transaction_id", "must be of a transaction that has not ended") end
end

--- An actor gives another a budget: o = {grantee_id, total_cents, transaction_id, allowed_categories (patterns),
--- max_purchase_cents, expires_at}, all but the first two optional.  Returns it.
function M.create(actor, o)
  actors.must_be_free(actor)
  return db.tx(function(tx)
    local grantee = actors.get(tx, o.grantee_id)
    decisions.enforce(tx, rules.may_give, { subject = actor.id }, {
      type = actor.type, autonomy = actor.autonomy, is_same = actor.id == grantee.id,
      is_own = actor.owner_id == grantee.owner_id })
    if o.transaction_id then must_go_on(tx, actor, o.transaction_id) end
    if o.expires_at and terms.is_past(o.expires_at) then wrong("expires_at", "must be in the future") end
    tx:query(M.sql.one_at_a_time, actor.id)
    if tx:value(M.sql.count, actor.id) >= rules.given_at_once then
      fail.throw("conflict", { message = ("There are %d budgets of yours already"):format(rules.given_at_once) })
    end
    local categories = o.allowed_categories and o.allowed_categories[1] and json.encode(o.allowed_categories)
    local d = tx:row(M.sql.make, actor.id, grantee.id, o.transaction_id, o.total_cents * MRC_PER_CENT, categories,
      o.max_purchase_cents and o.max_purchase_cents * MRC_PER_CENT, o.expires_at)
    if d.expires_at then queue.add(tx, EXPIRE, d.id, d.expires_at) end
    moved(tx, d, nil, "budget.delegation_created", actor.id, "budget-manage")
    records.put(tx, { actor_id = actor.id, action = "budget-manage create", resource_type = "delegation",
                      resource_id = d.id, facts = { grantee_id = d.grantee_id, total_cents = o.total_cents } })
    return d
  end)
end

--- Takes a budget back from whom it was given to; what is spent stays spent.  One that was revoked is answered again.
--- Fails with not_found (it is none of the actor's), or invalid_state (it has expired).
function M.revoke(actor, id)
  return db.tx(function(tx)
    local before = tx:must("not_found", M.sql.lock, id)
    local d = tx:row(M.sql.get, id)
    if d.delegator_id ~= actor.id then fail.throw(d.grantee_id == actor.id and "forbidden" or "not_found") end
    if before.state == "revoked" then return d end
    local now = tx:row(M.sql.revoke, id) or fail.throw("invalid_state", { status = before.state })
    moved(tx, now, before.state, "budget.revoked", actor.id, "budget-manage")
    records.put(tx, { actor_id = actor.id, action = "budget-manage revoke", resource_type = "delegation",
                      resource_id = id, facts = { spent_mrc = now.spent_mrc } })
    return now
  end)
end

--- The budgets in a state that an actor has given or got, newest first, and how many there are: page = {status, limit,
--- offset}.
function M.list(actor_id, page)
  return db.query(M.sql.list, actor_id, page.status, page.limit, page.offset),
    db.value(M.sql.total, actor_id, page.status)
end

--- Work of the queue: a budget's time has come.
function M.expire(row)
  db.tx(function(tx)
    local before = tx:row(M.sql.lock, row.key)
    local now = tx:row(M.sql.expire, row.key)
    if now then moved(tx, now, before.state, "budget.expired", nil, "budget-expired") end
    row:done(tx)
  end)
end

queue.define(EXPIRE, "marketplace.delegations.expire", { per_key = true })

return M
