-- Disputes of deliveries, and what the parties say and show.  States are moved along these edges alone, which
-- scripts/marketplace/rules/disputes.lua says as well: a spec compares the two.

create table market_disputes (
  id                 uuid primary key default gen_random_uuid(),
  transaction_id     uuid not null,
  milestone_sequence smallint check (milestone_sequence between 1 and 20),
  buyer_id           uuid not null references market_actors,
  seller_id          uuid not null references market_actors check (seller_id <> buyer_id),
  reason             text not null check (length(reason) between 10 and 2000),
  state              text not null default 'open',
  response_due_at    timestamptz not null,
  evidence_due_at    timestamptz,
  resolve_due_at     timestamptz,
  proposal           text check (proposal in ('refund_buyer', 'release_seller', 'split')),
  proposal_pct       smallint check (proposal_pct between 1 and 99),
  resolution         text check (resolution in ('refund_buyer', 'release_seller', 'split')),
  buyer_pct          smallint check (buyer_pct between 1 and 99),
  note               text check (length(note) <= 2000),
  resolved_by        uuid references market_actors,            -- null: a deadline
  created_at         timestamptz not null default human_now(),
  resolved_at        timestamptz,
  check ((state = 'resolved') = (resolution is not null)),
  check ((resolution = 'split') = (buyer_pct is not null))
);
create unique index market_disputes_open on market_disputes (transaction_id, coalesce(milestone_sequence, 0))
  where state <> 'resolved';
create index market_disputes_transaction on market_disputes (transaction_id, created_at desc);

create function market_dispute_edge() returns trigger language plpgsql as $$
begin
  if old.state <> new.state and (old.state, new.state) not in (('open', 'responded'), ('open', 'resolved'),
      ('responded', 'proposed'), ('responded', 'resolved'), ('proposed', 'resolved')) then
    raise exception 'a dispute cannot go from % to %', old.state, new.state
      using errcode = 'object_not_in_prerequisite_state';
  end if;
  return new;
end $$;
create trigger market_disputes_edges before update of state on market_disputes
  for each row execute function market_dispute_edge();

create table market_evidence (
  id         uuid primary key default gen_random_uuid(),
  dispute_id uuid not null references market_disputes,
  actor_id   uuid not null references market_actors,
  type       text not null check (type in ('screenshot', 'text', 'link', 'file', 'log')),
  content    text not null check (length(content) between 1 and 10000),
  created_at timestamptz not null default human_now()
);
create index market_evidence_of on market_evidence (dispute_id, actor_id, created_at);
