-- What actors are worth: reviews, endorsements, and what their dealings say, by which tiers and the leaderboard go.

create table market_reviews (
  id             uuid primary key default gen_random_uuid(),
  transaction_id uuid not null unique,                         -- one of each, by its buyer
  listing_id     uuid not null,
  reviewer_id    uuid not null references market_actors,
  actor_id       uuid not null references market_actors check (actor_id <> reviewer_id),
  rating         smallint not null check (rating between 1 and 5),
  content        text not null default '' check (length(content) <= 2000),
  created_at     timestamptz not null default human_now()
);
create index market_reviews_actor on market_reviews (actor_id, created_at desc, id desc);
create index market_reviews_listing on market_reviews (listing_id, created_at desc, id desc);

create table market_endorsements (
  id             uuid primary key default gen_random_uuid(),
  actor_id       uuid not null references market_actors,
  endorser_id    uuid not null references market_actors check (endorser_id <> actor_id),
  transaction_id uuid not null,
  rating         smallint not null check (rating between 1 and 5),
  content        text not null check (length(content) between 1 and 1000),
  created_at     timestamptz not null default human_now(),
  unique (transaction_id, endorser_id)
);
create index market_endorsements_actor on market_endorsements (actor_id, created_at desc);

-- What one transaction says of one actor: a value from 0 to 1 of each kind, once.
create table market_reputation_events (
  id             bigint generated always as identity primary key,
  actor_id       uuid not null references market_actors,
  side           text not null check (side in ('consumer', 'provider')),  -- provider: of tools
  kind           text not null check (kind in ('acceptance', 'rating', 'on_time', 'repeat_buyer', 'endorsement')),
  outcome        text,                                         -- of acceptance: the state in which it ended
  transaction_id uuid not null,
  value          real not null check (value between 0 and 1),
  weight         real not null check (weight >= 0),
  counter_owner  uuid not null,
  categories     text[] not null default '{}',
  at             timestamptz not null default human_now(),
  unique (actor_id, kind, transaction_id)
);
create index market_reputation_events_newest on market_reputation_events (actor_id, side, at desc);
create index market_reputation_events_of on market_reputation_events (actor_id, kind, counter_owner);

-- What the last recalculation of an actor found.
create table market_reputation_states (
  actor_id  uuid primary key references market_actors,
  failures  smallint not null default 0,                       -- nights in a row that its tier was not deserved
  judged_on date,                                              -- the last of these nights
  updated_at timestamptz not null default human_now()
);

create table market_reputation_scores (
  actor_id        uuid not null references market_actors,
  category        text not null,                               -- '': all
  period          text not null check (period in ('all_time', 'monthly', 'weekly')),
  composite       real not null check (composite between 0 and 1),
  tasks_completed int not null,
  primary key (actor_id, category, period)
);
create index market_reputation_scores_best on market_reputation_scores
  (category, period, composite desc, tasks_completed desc, actor_id);

-- What others say of an actor.  Nothing here can be verified yet, and it weighs nothing until it is.
create table market_reputation_imports (
  id         uuid primary key default gen_random_uuid(),
  actor_id   uuid not null references market_actors,
  source     text not null check (length(source) between 1 and 50),
  score      numeric(5, 4) not null check (score between 0 and 1),
  proof_url  text not null check (length(proof_url) <= 2048),
  status     text not null default 'unverified' check (status in ('unverified', 'verified', 'rejected')),
  created_at timestamptz not null default human_now(),
  updated_at timestamptz not null default human_now(),
  unique (actor_id, source)
);
