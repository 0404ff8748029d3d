-- spec/support/market_fill.lua -- tens of thousands of rows of the marketplace for agent_explain_spec.lua: credits, payments
-- and withdrawals of fifty actors.  The ledger's stay, and are true.

local M = {}

local FIRST_SLOT = 900000000
local ACTOR = "(select id from market_actors where slot = " .. FIRST_SLOT + 1 .. " + i % 50)"
local WALLET = "(select id from ledger_accounts where owner = 'spec-fill' || i % 50 and code = 6000)"

M.FILL = {
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
}

return M
