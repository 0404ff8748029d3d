-- scripts/marketplace/invariants.lua -- what must be true between trade and its money at every moment: statements that
-- return what is wrong (what, and by how much), and nothing when nothing is.  Those of the ledger are in audit.lua.

-- What each transaction has got, and given: its account, what went to subcontracts less what came back, and what was
-- paid out.
local T = [[(select t.*, coalesce(a.credits_posted - a.debits_posted, 0) as posted,
    coalesce(a.credits_pending, 0) as pending, coalesce(c.carved, 0) as carved, coalesce(r.released, 0) as released,
    coalesce(m.accepted, 0) as accepted
  from market_transactions t left join ledger_accounts a on a.owner = t.id::text and a.code = 2000
  left join (select child.parent_id as id,
      sum(case when x.credit = theirs.id then x.amount else -x.amount end) as carved
    from market_transactions child join ledger_accounts ours on ours.owner = child.parent_id::text and ours.code = 2000
    join ledger_accounts theirs on theirs.owner = child.id::text and theirs.code = 2000
    join ledger_transfers x on x.kind in ('posted', 'post') and (x.debit, x.credit) in
      ((ours.id, theirs.id), (theirs.id, ours.id))
    group by child.parent_id) c on c.id = t.id
  left join (select debit, sum(amount) as released from ledger_transfers
    where event = 'escrow.released' and kind in ('posted', 'post') group by debit) r on r.debit = a.id
  left join (select transaction_id, sum(fee_cents + payout_cents) as accepted from market_milestones
    where state = 'accepted' group by transaction_id) m on m.transaction_id = t.id)]]

local ENDED = "('accepted', 'refunded', 'split_resolved', 'canceled', 'canceled_refunded', 'failed')"

return {
  { name = "escrows", says = "a transaction that has ended still holds money",
    sql = "select id as what, posted + pending as off from " .. T .. " t where state in " .. ENDED
      .. " and (posted <> 0 or pending <> 0)" },
  { name = "held", says = "a transaction that is under way does not hold its price, less what was paid of it",
    sql = "select id as what, posted + pending - (price_cents - accepted - carved) as off from " .. T
      .. " t where state in ('assigned', 'delivered', 'revision_requested', 'disputed')"
      .. " and posted + pending <> price_cents - accepted - carved" },
  { name = "prices", says = "a price is not its fee and its payout",
    sql = [[select id as what, price_cents - fee_cents - payout_cents as off from market_transactions
      where price_cents <> fee_cents + payout_cents]] },
  { name = "milestones", says = "what milestones are worth is not the price of their transaction",
    sql = [[select t.id as what, t.price_cents - coalesce(sum(m.fee_cents + m.payout_cents), 0) as off
      from market_transactions t left join market_milestones m on m.transaction_id = t.id where t.has_milestones
      group by t.id, t.price_cents, t.fee_cents, t.payout_cents
      having coalesce(sum(m.fee_cents), 0) <> t.fee_cents or coalesce(sum(m.payout_cents), 0) <> t.payout_cents]] },
  { name = "subcontracts", says = "subcontracts cost more than their parent's payout",
    sql = "select id as what, carved - payout_cents as off from " .. T .. " t where carved > payout_cents" },
  { name = "releases", says = "a transaction that was accepted was not paid out exactly once, or another was",
    sql = "select id as what, released - case when has_milestones then accepted else price_cents - carved end as off"
      .. " from " .. T .. " t where state = 'accepted'"
      .. " and released <> case when has_milestones then accepted else price_cents - carved end"
      .. " union all select id, released - accepted from " .. T
      .. " t where state not in ('accepted', 'split_resolved') and released <> accepted"
      .. " union all select id, released - price_cents from " .. T
      .. " t where state = 'split_resolved' and released > price_cents" },
  { name = "dues", says = "a part waits for a whole that has ended, or what waits is not written down",
    sql = [[select t.id as what, a.credits_posted - a.debits_posted as off from ledger_accounts a
      join market_transactions t on t.id::text = a.owner join market_transactions r on r.id = t.root_id
      where a.code = 2050 and a.credits_posted <> a.debits_posted
        and (r.state in ]] .. ENDED .. " or t.payout_status is distinct from 'held')" },
  { name = "budgets", says = "what is spent of a budget is not what was spent and not given back",
    sql = [[select d.id as what, d.spent_mrc - coalesce(m.spent, 0) as off from market_delegations d
      left join (select delegation_id, sum(case kind when 'spend' then amount_mrc else -amount_mrc end) as spent
        from market_delegation_moves group by delegation_id) m on m.delegation_id = d.id
      where d.spent_mrc <> coalesce(m.spent, 0)]] },
  -- Single calls are kept a little longer than a month.
  { name = "quotas", says = "what a period counts is not its calls, or more of them were let pass than may be",
    sql = [[select p.id as what, p.used + p.overage - count(c.id) filter (where c.state <> 'returned') as off
      from market_periods p left join market_tool_calls c on c.period_id = p.id
      where p.starts_at > human_now() - interval '30 days' group by p.id
      having p.used + p.overage <> count(c.id) filter (where c.state <> 'returned')
        or p.overage <> count(c.id) filter (where c.state <> 'returned' and c.is_overage)
        or p.in_flight <> count(c.id) filter (where c.state = 'open')
        or p.overage * coalesce(p.overage_mrc, 0) > p.overage_allowed_mrc]] },
  { name = "stopped", says = "a subscription is active, and its tool is stopped",
    sql = [[select s.id as what, 1 as off from market_subscriptions s join market_tools t on t.listing_id = s.listing_id
      where s.state = 'active' and t.state <> 'open']] },
  { name = "task_budgets", says = "what is spent of a task's budget is not what its tools cost",
    sql = [[select b.transaction_id as what, b.spent_mrc - coalesce(p.mrc, 0) - coalesce(c.mrc, 0) as off
      from market_task_budgets b
      left join (select s.transaction_id, sum((p.plan ->> 'amount_cents')::bigint * 1000) as mrc
        from market_subscriptions s join market_periods p on p.subscription_id = s.id
        where s.transaction_id is not null group by 1) p using (transaction_id)
      left join (select s.transaction_id, sum(c.price_mrc) as mrc
        from market_subscriptions s join market_tool_calls c on c.subscription_id = s.id
        where s.transaction_id is not null and c.state <> 'returned' group by 1) c using (transaction_id)
      where b.created_at > human_now() - interval '30 days'
        and b.spent_mrc <> coalesce(p.mrc, 0) + coalesce(c.mrc, 0)]] },
  -- Payments are kept for two hours at least.
  { name = "call_payments", says = "a call that is paid for by itself has no payment, or costs something else",
    sql = [[select c.id as what, c.price_mrc - coalesce(p.amount_mrc, 0) as off
      from market_subscriptions s join market_tool_calls c on c.subscription_id = s.id
      left join market_call_payments p on p.call_id = c.id
      where s.plan_id = 'pay_per_call' and c.started_at > human_now() - interval '1 hour'
        and (p.id is null or p.amount_mrc <> c.price_mrc or c.state = 'done' and p.answer is null)]] },
}
