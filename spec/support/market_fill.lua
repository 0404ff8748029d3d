-- spec/support/market_fill.lua -- thousands of rows in each table of the marketplace for agent_explain_spec.lua: what actors have,
-- trade, pay and hear of each other; which statements may read more, and why.

local M = { FILL = {}, SMALL = { "market_genesis", "market_record_end", "market_audits", "market_freezes" } }

local FILL = M.FILL
local FIRST_SLOT = 900000000
local ACTOR = "(select id from market_actors where slot = " .. FIRST_SLOT + 1 .. " + i % 50)"
local WALLET = "(select id from ledger_accounts where owner = 'spec-fill' || i % 50 and code = 6000)"

-- Of the marketplace: five hundred actors.
for _, statement in ipairs {
  "insert into market_owners (id) select lpad(i::text, 32, '0')::uuid from generate_series(0, $1::int) i",
  [[insert into market_actors (id, owner_id, type, display_name, slot, is_founding, referral_code)
    select lpad(i::text, 32, '0')::uuid, lpad(i::text, 32, '0')::uuid, 'delegated_agent', 'A', 2000000 + i, false,
      lpad(to_hex(2000000 + i), 6, '0') from generate_series(0, $1::int) i]],
  [[insert into market_listings (id, actor_id, direction, listing_type, title, description, category_tags, price_cents, budget_ceiling_cents)
    select lpad(i::text, 32, '0')::uuid, lpad((i % 500)::text, 32, '0')::uuid, case when i % 2 = 0 then 'sell' else 'buy' end,
      'task_execution', 'T' || i, 'D', array['t:' || i % 50], i + 1, i + 1 from generate_series(0, $1::int) i]],
  [[insert into market_bids (id, listing_id, bidder_id, price_cents, sla_hours, expires_at)
    select lpad(i::text, 32, '0')::uuid, lpad((i / 500)::text, 32, '0')::uuid, lpad((i % 500)::text, 32, '0')::uuid, 1, 1, now()
    from generate_series(0, $1::int) i]],
  [[insert into market_transactions (id, listing_id, buyer_id, seller_id, price_cents, fee_cents, payout_cents, root_id, listing_type, title, sla_hours)
    select lpad(i::text, 32, '0')::uuid, lpad(i::text, 32, '0')::uuid, lpad((i % 500)::text, 32, '0')::uuid,
      lpad((i % 500 + 1)::text, 32, '0')::uuid, 1, 0, 1, lpad(i::text, 32, '0')::uuid, 'task_execution', 'T', 1
    from generate_series(0, $1::int) i]],
  [[insert into market_milestones (transaction_id, sequence, title, share_bp, fee_cents, payout_cents, sla_hours)
    select lpad(i::text, 32, '0')::uuid, 1, 'M', 10000, 0, 1, 1 from generate_series(0, $1::int) i]],
  [[insert into market_deliverables (actor_id, name, media_type, size_bytes, sha256)
    select lpad((i % 500)::text, 32, '0')::uuid, 'f', 't', 1, '' from generate_series(0, $1::int) i]],
  [[insert into market_auto_bidding (actor_id, is_enabled, max_price_cents, max_concurrent, preferred_sla_hours)
    select lpad(i::text, 32, '0')::uuid, true, 1, 1, 1 from generate_series(0, $1::int) i]],
  [[insert into market_history (entity, entity_id, to_state, cause)
    select 'bid', (i % 500)::text, 'pending', 'c' from generate_series(1, $1::int) i]],
} do FILL[#FILL + 1] = statement end

-- The marketplace: actors of one owner, with what each has.
local MARKET = "('00000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid"
for _, statement in ipairs {
  "insert into market_owners (id) select " .. MARKET .. " from generate_series(1, $1::int) i",
  [[insert into market_actors (id, owner_id, type, display_name, email, capability_tags, slot, is_founding, referral_code)
    select ]] .. MARKET .. [[, '00000000-0000-4000-8000-000000000001', 'delegated_agent', 'A', i || '@market.example',
      array['kind:' || i % 50], 1000000 + i, false, lpad(to_hex(i), 6, '0') from generate_series(1, $1::int) i]],
  "insert into market_keys (hash, actor_id, prefix) select lpad(to_hex(i), 64, '0'), " .. MARKET
    .. ", 'hm_' from generate_series(1, $1::int) i",
  [[insert into market_referrals (referee_id, referrer_id, state) select ]] .. MARKET .. [[,
    '00000000-0000-4000-8000-000000000001', 'paid' from generate_series(2, $1::int) i]],
  [[insert into market_registrations (network, at) select '10.1.0.1', now() - i * interval '1 s'
    from generate_series(1, $1::int) i]],
  "insert into market_portfolio (actor_id, title) select " .. MARKET .. ", 'T' from generate_series(1, $1::int) i",
  [[insert into market_records (n, action, resource_type, resource_id, facts, at, hash)
    select 1000000 + i, 'a' || i % 50, 't' || i % 50, '', '{}', now(), '' from generate_series(1, $1::int) i]],
} do FILL[#FILL + 1] = statement end

-- Credits, payments and withdrawals of fifty actors.
for _, statement in ipairs {
  [[insert into market_owners (wallet) select '0xffffffff' || lpad(to_hex(i), 32, '0') from generate_series(1, $1::int) i]],
  [[insert into market_actors (owner_id, type, display_name, email, slot, is_founding, referral_code)
    select (select id from market_owners where wallet = '0xffffffff' || lpad(to_hex(i), 32, '0')), 'human', 'A', 'fill' || i || '@spec.example',
      ]] .. FIRST_SLOT .. [[ + i, false, lpad(to_hex(16000000 + i), 6, '0') from generate_series(1, $1::int) i]],
  [[insert into market_keys (hash, actor_id, prefix)
    select 'spec' || i, a.id, 'hm_' from generate_series(1, $1::int) i join market_actors a on a.slot = ]] .. FIRST_SLOT .. " + i",
  [[insert into ledger_accounts (ledger, code, owner) select 'rc', 6000, 'spec-fill' || i
    from generate_series(0, $1::int) i on conflict do nothing]],
  [[insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
    select 'posted', 5000, ]] .. WALLET .. [[, 10, 'spec.got', 'spec' || i, 1 from generate_series(1, $1::int) i on conflict do nothing]],
  [[insert into ledger_transfers (kind, debit, credit, amount, event, cause, n)
    select 'posted', ]] .. WALLET .. [[, 6300, 1, 'spec.spent', 'spec' || i, 1 from generate_series(1, $1::int) i on conflict do nothing]],
  [[insert into credit_lots (actor, pool, amount, remaining, reason, event, cause)
    select 'spec-fill' || i % 50, 'M', 10, 9, 'referral', 'spec.got', 'spec' || i from generate_series(1, $1::int) i on conflict do nothing]],
  [[insert into credit_debits (actor, amount, reason, event, cause)
    select 'spec-fill' || i % 50, 1, 'tool_usage', 'spec.spent', 'spec' || i from generate_series(1, $1::int) i on conflict do nothing]],
  [[insert into credit_debit_lots (debit, lot, amount) select d.id, l.id, 1 from credit_debits d
    join credit_lots l on l.cause = d.cause and l.event = 'spec.got' where d.event = 'spec.spent' and $1::int > 0 on conflict do nothing]],
  [[insert into market_payments (kind, payer_id, amount_cents, provider, provider_id, client_secret)
    select 'deposit', ]] .. ACTOR .. [[, 1, 'test', 'spec' || i, '' from generate_series(1, $1::int) i]],
  [[insert into market_refunds (cause, payment_id, amount_cents)
    select 'spec' || i, p.id, 1 from generate_series(1, $1::int) i join market_payments p on p.provider_id = 'spec' || i]],
  [[insert into market_withdrawals (actor_id, kind, amount_cents, fee_cents, provider, account, state)
    select ]] .. ACTOR .. [[, 'payout', 2, 0, 'test', 'spec', 'failed' from generate_series(1, $1::int) i]],
  [[insert into market_test_orders (key, kind, object, amount_cents)
    select 'spec' || i, 'cancel', 'spec' || i, 0 from generate_series(1, $1::int) i]],
  [[insert into market_payment_methods (actor_id, method)
    select id, 'm' from market_actors where slot > ]] .. FIRST_SLOT .. " and $1::int > 0",
  [[insert into market_test_accounts (id, token) select 'spec' || i, 'spec' || i from generate_series(1, $1::int) i]],
} do FILL[#FILL + 1] = statement end

-- What actors of the marketplace hear of each other.
local function actor(i) return ("('00000000-0000-4000-8000-' || lpad((%s)::text, 12, '0'))::uuid"):format(i) end
local FIRST = actor "1"
for _, statement in ipairs {
  "insert into market_channels (id, type, listing_id) select " .. actor "i" .. ", 'inquiry', " .. actor "i"
    .. " from generate_series(1, $1::int) i",
  "insert into market_channel_members (channel_id, actor_id) select id, " .. FIRST .. " from market_channels where $1::int > 0",
  "insert into market_messages (channel_id, pos, sender_id, body, created_at) select " .. FIRST .. ", i, " .. FIRST
    .. ", 'x', now() + i * interval '1 ms' from generate_series(1, $1::int) i",
  "insert into market_message_reads (channel_id, actor_id, pos) select " .. FIRST .. ", " .. FIRST
    .. ", i from generate_series(1, $1::int) i",
  "insert into market_notifications (actor_id, event_id, type) select " .. actor "i % 500 + 1"
    .. ", i::text, 't' from generate_series(1, $1::int) i",
  "insert into market_streams (key, last) select 'task:' || i, 10 from generate_series(1, $1::int) i",
  [[insert into market_stream_events (key, pos, event, data) select 'task:' || i % 500, i, 'progress', '{}'
    from generate_series(1, $1::int) i]],
  [[insert into market_stream_tickets (hash, key_hash, expires_at) select 'h' || i, lpad(to_hex(i), 64, '0'), now() + i * interval '1 s'
    from generate_series(1, $1::int) i]],
  [[insert into market_feed (event_id, type, actor, at) select i::text, 't', 'a', now() - i * interval '1 s'
    from generate_series(1, $1::int) i]],
  "insert into market_reviews (transaction_id, listing_id, reviewer_id, actor_id, rating) select " .. actor "i" .. ", "
    .. actor "i % 500" .. ", " .. actor "$1::int" .. ", " .. actor "i % 500 + 1"
    .. ", 5 from generate_series(1, $1::int - 1) i",
  "insert into market_endorsements (transaction_id, endorser_id, actor_id, rating, content) select " .. actor "i" .. ", "
    .. actor "$1::int" .. ", " .. actor "i % 500 + 1" .. ", 5, 'x' from generate_series(1, $1::int - 1) i",
  "insert into market_reputation_events (actor_id, side, kind, transaction_id, value, weight, counter_owner) select "
    .. actor "i % 500 + 1" .. ", 'consumer', 'rating', " .. actor "i" .. ", 1, 1, " .. FIRST
    .. " from generate_series(1, $1::int) i",
  "insert into market_reputation_states (actor_id) select " .. actor "i" .. " from generate_series(1, $1::int) i",
  "insert into market_reputation_scores (actor_id, category, period, composite, tasks_completed) select " .. actor "i"
    .. ", '', 'all_time', 0.5, 1 from generate_series(1, $1::int) i",
  "insert into market_reputation_imports (actor_id, source, score, proof_url) select " .. actor "i"
    .. ", 'x', 1, 'x' from generate_series(1, $1::int) i",
  "insert into market_approvals (message_id, agent_id, listing_id, amount_cents, reason, created_at) select id, sender_id,"
    .. " lpad(pos::text, 32, '0')::uuid, 1, 'observed', now() - pos * interval '1 hour' from market_messages where pos < $1::int",
  "insert into market_approval_channels (agent_id, channel_id) select " .. actor "i" .. ", " .. actor "i"
    .. " from generate_series(1, $1::int) i",
  "insert into market_orders (key, subject, kind, state, ended_at) select 'spec' || i, " .. actor "i"
    .. ", 'create', 'done', now() from generate_series(1, $1::int) i",
  "insert into market_stripe_actors (actor_id, customer, account) select " .. actor "i"
    .. ", 'cus_' || i, 'acct_' || i from generate_series(1, $1::int) i",
  [[insert into market_stripe_events (id, type, object, processed_at) select 'evt_' || i, 't', 'pi_' || i, now()
    from generate_series(1, $1::int) i]],
  "insert into market_stripe_walks (account) select 'acct_' || i from generate_series(1, $1::int) i",
} do FILL[#FILL + 1] = statement end

-- Credit tasks, what came of what was agreed, and data products.
local function numbered(i) return ("lpad((%s)::text, 32, '0')::uuid"):format(i) end
for _, statement in ipairs {
  "insert into market_credit_tasks (id, listing_id, created_by, owner_id, rc_reward, slots, free) select " .. numbered "i"
    .. ", " .. numbered "i" .. ", " .. numbered "1" .. ", " .. numbered "1" .. ", 1, 1, i % 2 from generate_series(0, $1::int) i",
  "insert into market_credit_slots (task_id, actor_id, owner_id, transaction_id, state) select " .. numbered "i" .. ", "
    .. numbered "i % 500" .. ", " .. numbered "i % 500" .. ", " .. numbered "i" .. ", 'reserved' from generate_series(0, $1::int) i",
  "insert into market_checks (transaction_id, moment, passed, score, results) select " .. numbered "i % 500"
    .. ", 'delivery', true, 1, '[]' from generate_series(0, $1::int) i",
  "insert into market_products (listing_id, output_data) select " .. numbered "i" .. ", '{}' from generate_series(0, $1::int) i",
} do FILL[#FILL + 1] = statement end

-- Budgets of five hundred actors.
for _, statement in ipairs {
  "insert into market_delegations (id, delegator_id, grantee_id, total_mrc, spent_mrc) select " .. numbered "i" .. ", " .. numbered "i % 500"
    .. ", " .. numbered "i % 500 + 1" .. ", 1000, 1 from generate_series(0, $1::int) i",
  "insert into market_delegation_moves (delegation_id, kind, cause, amount_mrc) select " .. numbered "i"
    .. ", 'spend', 'spec' || i, 1 from generate_series(0, $1::int) i",
  "insert into market_approval_rules (id, created_by, rule_type, action_type) select " .. numbered "i" .. ", " .. numbered "i"
    .. ", 'overage', 'escalate' from generate_series(0, $1::int) i",
  "insert into market_consents (agent_id, kind, listing_id, amount_cents, cause, reason) select " .. numbered "i % 500"
    .. ", 'overage', " .. numbered "i" .. ", 1, 'spec' || i, 'none' from generate_series(0, $1::int) i",
} do FILL[#FILL + 1] = statement end

-- Tools, and who has subscribed to them: one to many.
local function tool(i) return ("('00000000-0000-4000-9000-' || lpad((%s)::text, 12, '0'))::uuid"):format(i) end
for _, statement in ipairs {
  [[insert into market_listings (id, actor_id, direction, listing_type, title, description, category_tags, subscription_plans, tool_meta)
    select ]] .. tool "i" .. ", " .. numbered "i % 500" .. [[, 'sell', 'compute_access', 'T' || i, 'D', array['t:' || i % 50],
      '[{"amount_cents": 1}]', '{}' from generate_series(1, $1::int / 4) i]],
  "with s as (insert into market_subscriptions (id, listing_id, subscriber_id, provider_id, payer_id, plan_id, funding_type, period_id, ends_at) select "
    .. tool "i" .. ", " .. tool "i" .. ", " .. numbered "i % 500" .. ", " .. numbered "i % 500" .. ", " .. numbered "i % 500"
    .. ", 'p', 'direct', " .. tool "i" .. ", now() from generate_series(1, $1::int / 4) i returning id)"
    .. " insert into market_periods (id, subscription_id, plan, included_calls, starts_at, ends_at) select id, id, '{}', 1, now(), now() from s",
  "insert into market_periods (subscription_id, plan, included_calls, starts_at, ends_at) select id, '{}', 1, now(), now()"
    .. " from market_subscriptions where $1::int < 0", -- for statistics of both
  "insert into market_tool_keys (hash, subscription_id, prefix) select 'h' || i, " .. tool "i" .. ", 'p' from generate_series(1, $1::int / 4) i",
  "insert into market_tool_calls (subscription_id, period_id, listing_id, settle_by, state, outcome, ended_at) select " .. tool "i % 500 + 1"
    .. ", " .. tool "i % 500 + 1" .. ", " .. tool "i % 500 + 1" .. ", now(), 'open', null, null from generate_series(1, $1::int / 4) i",
} do FILL[#FILL + 1] = statement end

for _, statement in ipairs {
  "insert into market_tool_hours (listing_id, hour) select " .. tool "i % 500 + 1" .. ", now() - i * interval '1 hour' from generate_series(1, $1::int) i",
  "insert into market_tool_minutes (listing_id, minute) select " .. tool "i % 500 + 1" .. ", now() - i * interval '1 minute' from generate_series(1, $1::int) i",
  "insert into market_sla_breaches (listing_id, severity, type, value, threshold, at) select " .. tool "i % 500 + 1"
    .. ", 'warning', 'latency', 2, 1, now() - i * interval '1 hour' from generate_series(1, $1::int) i",
} do FILL[#FILL + 1] = statement end

for _, statement in ipairs {
  "insert into market_catalog (listing_id, actor_id, source, operation_id, origin) select " .. tool "i" .. ", " .. numbered "i % 500"
    .. ", 's' || i % 50, 'o' || i, 'https://a.example' from generate_series(1, $1::int / 4) i",
  "insert into market_catalog_claims (listing_id, actor_id, token, expires_at) select " .. tool "i" .. ", " .. numbered "i % 500"
    .. ", 't', now() from generate_series(1, $1::int / 4) i",
} do FILL[#FILL + 1] = statement end

-- Endpoints of five hundred actors, and what they were sent.
for _, statement in ipairs {
  "insert into market_webhooks (id, actor_id, url, events, secret) select " .. numbered "i" .. ", " .. numbered "i % 500"
    .. ", 'https://a.example', '{*}', 's' from generate_series(0, $1::int) i",
  "insert into market_webhook_deliveries (webhook_id, event_id, sequence, type, body, state, next_at, created_at) select " .. numbered "i % 500"
    .. ", 'spec' || i, i, 't', '{}', case when i % 50 = 0 then 'pending' else 'failed' end,"
    .. " case when i % 50 = 0 then now() + i * interval '1 s' end, now() - i * interval '1 s' from generate_series(0, $1::int) i",
} do FILL[#FILL + 1] = statement end

for _, statement in ipairs {
  "insert into market_benchmark_runs (id, actor_id, listing_id, asked_by, suite_id, suite, plan, passes, target_ms, created_at) select "
    .. tool "i" .. ", " .. numbered "i % 500" .. ", " .. tool "i % 500 + 1" .. ", " .. numbered "i % 500" .. ", " .. tool "i"
    .. ", 's' || i % 5, '[]', 1, 1, now() - i * interval '1 minute' from generate_series(1, $1::int / 4) i",
  "insert into market_benchmark_samples (run_id, n) select " .. tool "i % 500 + 1" .. ", i from generate_series(1, $1::int) i",
} do FILL[#FILL + 1] = statement end

FILL[#FILL + 1] = [[insert into market_vectors (id, kind, model, vector)
  select lpad(i::text, 32, '0')::uuid, 1, 'm', decode(repeat('01', 512), 'hex') from generate_series(0, $1::int) i]]

-- Pipelines, of many actors.
for _, statement in ipairs {
  "insert into market_pipelines (id, actor_id, name) select " .. numbered "i" .. ", " .. numbered "i % 500" .. ", 'P' from generate_series(1, $1::int / 4) i",
  "insert into market_pipeline_versions (template_id, version, steps) select " .. numbered "i" .. ", 1, '[]' from generate_series(1, $1::int / 4) i",
  "insert into market_pipeline_runs (id, template_id, version, actor_id, input) select " .. numbered "i" .. ", " .. numbered "i % 50 + 1"
    .. ", 1, " .. numbered "i % 500" .. ", '{}' from generate_series(1, $1::int) i",
  "insert into market_pipeline_steps (run_id, position, name, depends_on, config, output) select " .. numbered "i / 4 + 1"
    .. ", i % 4 + 1, (i % 4)::text, '{}', '{}', '1' from generate_series(1, $1::int) i",
} do FILL[#FILL + 1] = statement end

-- What agents with an identity had to act on.
FILL[#FILL + 1] = [[insert into market_agent_work (event_id, agent_id, actor_id, name, about, state, run_id, at)
  select 'e' || i, 'ca0000000001', lpad('1', 32, '0')::uuid, 'n', 'x' || i % 50, 'done', 'r' || i, now() - i * interval '1 s'
  from generate_series(1, $1::int) i]]

-- Tasks that began as a message.
FILL[#FILL + 1] = [[insert into market_a2a_tasks (transaction_id, context_id, message_id)
  select lpad(i::text, 32, '0')::uuid, 'c', 'm' || i from generate_series(0, $1::int) i]]

M.ALLOWED = {
  ["marketplace.providers.paid"] = "a month of one tool's subscriptions, when its provider asks",
  ["marketplace.providers.churn"] = "all subscriptions of one tool, when its provider asks",
  ["marketplace.tools.pause"] = "pauses all that it finds, of one tool",
  ["marketplace.stripe.reconcile.is_busy"] = "the first of those that are open, once an hour",
  ["marketplace.stripe.reconcile.waiting"] = "five hundred that are open, once an hour",
  ["marketplace.stripe.reconcile.payments"] = "five hundred that are open, once an hour",
  ["marketplace.stripe.reconcile.made"] = "five hundred that are open, once an hour",
  ["marketplace.stripe.reconcile.payouts"] = "five hundred that are open, once an hour",
  ["marketplace.stripe.reconcile.on_the_way"] = "a sum, once an hour",
  ["marketplace.stripe.reconcile.owed"] = "a sum, once an hour",
  ["marketplace.stripe.reconcile.earned"] = "a sum, once an hour",
  ["marketplace.moves.tool_fees"] = "a sum, along an index of its own, once an hour",
  ["marketplace.books.of_cause"] = "five hundred transfers, when the operator asks",
  ["marketplace.processor_test.balance"] = "only specs ask",
  ["marketplace.shares.fees"] = "the fees of a month, once a month",
  ["marketplace.shares.traded"] = "once a month",
  ["marketplace.shares.left"] = "once a month",
  ["marketplace.credit_history.total"] = "counts one actor's rows, along an index",
  ["marketplace.feeds.actors"] = "counts all, every half a minute",
  ["marketplace.feeds.listings"] = "counts all, every half a minute",
  ["marketplace.feeds.tasks"] = "counts all, every half a minute",
  ["marketplace.messages.read_all"] = "marks all that it finds, of one channel and one member",
  ["marketplace.approval_channels.forget"] = "deletes all that it finds, of one channel and one member",
  ["marketplace.approval_channels.total"] = "counts the channels of one actor, along an index",
  ["marketplace.semantic.missing"] = "looks for what has no vector, every half a minute",
  ["marketplace.semantic.missing_agents"] = "looks for what has no vector, every half a minute",
  ["marketplace.semantic.restored"] = "once, when a host starts",
  ["marketplace.auto_bidding.bidders"] = "agents that bid by themselves, until a hundred fit",
  ["marketplace.sla.lately"] = "five hundred tools that answered, when one that did not before does not again",
  ["marketplace.scores.sums"] = "the newest five thousand of an actor, in each category and period",
}

return M
