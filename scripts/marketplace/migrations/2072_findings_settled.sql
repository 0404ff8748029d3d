-- An operator ends a finding by its number, and says why.

alter table market_stripe_findings
  add column n bigint generated always as identity unique,
  add column because text;
