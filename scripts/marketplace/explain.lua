-- scripts/marketplace/explain.lua -- why credits were spent: the lots that they came from, where they went, the budget,
-- the consent or the rule that let them go, and what was decided by which scripts.

local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local approval_rules = require "marketplace.approval_rules"

local M = {}

M.sql = {
  debit = [[select d.id as n, md5('debit' || d.id::text)::uuid as id, d.actor, d.amount, d.reason, d.event, d.cause,
      d.created_at, (select sum(l.returned)::bigint from credit_debit_lots l where l.debit = d.id) as returned
    from credit_debits d where md5('debit' || d.id::text)::uuid = $1::uuid limit 1]],
  -- The actor itself, the people of its owner, who spent it by a budget, and admins.
  may_know = [[select exists (select from market_actors p where p.id = $1::uuid
      and ($2::uuid = $1::uuid or p.owner_id = $3::uuid and $4 = 'human'))
    or exists (select from market_delegation_moves v join market_delegations d on d.id = v.delegation_id
      where v.cause = $5 and v.kind = 'spend' and d.grantee_id = $2::uuid) as known]],
  lots = [[select md5('lot' || l.id)::uuid as id, l.reason, l.pool = 'W' as is_withdrawable, u.amount,
      nullif(u.returned, 0) as returned, l.cause, l.created_at
    from credit_debit_lots u join credit_lots l on l.id = u.lot where u.debit = $1::bigint
    order by l.pool, l.id desc limit 1000]],
  transfers = [[select t.amount, c.code, c.owner from ledger_transfers t
    join ledger_accounts a on a.id = t.debit join ledger_accounts c on c.id = t.credit
    where t.cause = $1 and t.event = $2 and a.owner = $3 and a.code in (6000, 6010) order by t.n limit 100]],
  budget = [[select d.id, d.delegator_id, d.grantee_id, d.transaction_id, v.amount_mrc, v.decided, v.at as spent_at
    from market_delegation_moves v join market_delegations d on d.id = v.delegation_id
    where v.cause = $1 and v.kind = 'spend' and d.delegator_id = $2::uuid limit 1]],
  -- Of a period or a call of a tool that is paid for a task.
  task_budget = [[with o as (
      select case when $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $1::uuid end as cause
    ) select t.id as transaction_id, t.title, t.state as status, b.total_mrc, b.spent_mrc from market_task_budgets b
    join market_transactions t on t.id = b.transaction_id and t.seller_id = $2::uuid
    where b.transaction_id = (select s.transaction_id from market_subscriptions s where s.id = coalesce(
      (select c.subscription_id from market_tool_calls c where c.id = (select cause from o)),
      (select p.subscription_id from market_periods p where p.id = (select cause from o))))]],
  consent = [[select c.agent_id, c.kind, c.listing_id, l.title, c.amount_cents, c.reason, c.rule_id, c.message_id,
      c.decided, c.at, m.response_status, m.responded_by, m.responded_at, m.response_data
    from market_consents c join market_listings l on l.id = c.listing_id
    left join market_messages m on m.id = c.message_id
    where c.cause = coalesce((select allowed_by from market_tool_calls
        where id = case when $1 ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then $1::uuid end), $1)
      and c.agent_id = any (array(select e::uuid from json_array_elements_text($2::json) e)) limit 1]],
  -- Their times are the database's own, which a test clock does not move.
  decisions = [[select id, at, rule, verdict, bundle, inputs, output from rule_decisions,
      (select $3::timestamptz - (human_now() - now()) as about) t
    where subject = any (array(select json_array_elements_text($2::json))) and ref = $1
      and at between t.about - interval '1 day' and t.about + interval '1 day' order by id limit 20]],
}

local PLATFORM = { [5000] = "issued", [5010] = "issued", [6200] = "in_flight", [6300] = "fees", [6310] = "fees",
                   [6400] = "credit_tasks", [6500] = "expired" }

local function destinations(rows)
  for _, t in ipairs(rows) do
    local is_wallet = t.code == 6000 or t.code == 6010
    t.to, t.actor_id = is_wallet and "actor" or PLATFORM[t.code] or "platform", is_wallet and t.owner or nil
  end
  return rows
end

-- The consent with its rule, as that is now.
local function consent_of(row)
  if not row then return nil end
  row.rule = row.rule_id and approval_rules.get(row.rule_id)
  return row
end

--- What is known of a debit, by the id that /credits-history shows: {debit, lots, went_to, budget, task_budget,
--- consent, decisions}.  Fails with not_found; who may not know of it is told the same.
function M.debit(actor, id)
  local debit = db.must("not_found", M.sql.debit, id)
  local is_known = actor.role == "admin"
    or db.value(M.sql.may_know, debit.actor, actor.id, actor.owner_id, actor.type, debit.cause)
  if not is_known then fail.throw "not_found" end
  local budget = db.row(M.sql.budget, debit.cause, debit.actor)
  local spenders = json.encode(json.array { debit.actor, budget and budget.grantee_id })
  return {
    debit = debit, lots = db.query(M.sql.lots, debit.n), budget = budget,
    task_budget = db.row(M.sql.task_budget, debit.cause, debit.actor),
    went_to = destinations(db.query(M.sql.transfers, debit.cause, debit.event, debit.actor)),
    consent = consent_of(db.row(M.sql.consent, debit.cause, spenders)),
    decisions = db.query(M.sql.decisions, debit.cause, spenders, debit.created_at),
  }
end

return M
