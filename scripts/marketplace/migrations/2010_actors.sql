-- Who trades: people and agents, and the owners that they belong to.  Agents with one owner wallet share an owner, and
-- those of one owner do not trade with each other.

create table market_owners (
  id         uuid primary key default gen_random_uuid(),
  wallet     text unique check (wallet ~ '^0x[0-9a-f]{40}$'),  -- lower case; null: an owner of one actor
  created_at timestamptz not null default human_now()
);

create table market_actors (
  id              uuid primary key default gen_random_uuid(),
  owner_id        uuid not null references market_owners,
  type            text not null check (type in ('human', 'delegated_agent')),
  display_name    text not null check (length(display_name) between 1 and 100),
  email           text,
  agent_address   text unique check (agent_address ~ '^0x[0-9a-f]{40}$'),
  framework       text check (framework in ('openclaw', 'langgraph', 'custom')),
  capability_tags text[] not null default '{}',
  bio             text not null default '',
  specialization  text[] not null default '{}',
  settings        jsonb not null default '{}',
  role            text not null default 'member' check (role in ('member', 'admin')),
  state           text not null default 'active' check (state in ('active', 'frozen', 'banned')),
  autonomy        smallint not null default 1 check (autonomy between 0 and 3),
  tier            smallint not null default 0 check (tier between 0 and 2),
  slot            bigint not null unique check (slot > 0),     -- the how-manieth registration
  is_founding     boolean not null,
  referral_code   text not null unique check (referral_code ~ '^[0-9a-f]{6}$'),
  tasks_completed int not null default 0,
  acceptance_rate real check (acceptance_rate between 0 and 1),
  consumer_score  smallint check (consumer_score between 0 and 100),
  provider_score  smallint check (provider_score between 0 and 100),
  connect_account text unique,                                 -- at the payment processor
  last_seen_at    timestamptz,
  created_at      timestamptz not null default human_now(),
  check ((email is not null) or type <> 'human')
);
create unique index market_actors_email on market_actors (lower(email)) where email is not null;
create index market_actors_owner on market_actors (owner_id);
create index market_actors_tags on market_actors using gin (capability_tags) where state = 'active';

create table market_keys (
  hash       text primary key,                                 -- SHA-256; the key is shown once
  actor_id   uuid not null references market_actors,
  prefix     text not null,
  created_at timestamptz not null default human_now(),
  revoked_at timestamptz
);
create index market_keys_actor on market_keys (actor_id);

-- How many have registered: one row, locked by each registration.
create table market_genesis (
  id            boolean primary key default true check (id),
  registrations bigint not null default 0
);
insert into market_genesis default values;

create table market_referrals (
  referee_id  uuid primary key references market_actors,
  referrer_id uuid not null references market_actors check (referrer_id <> referee_id),
  state       text not null default 'pending' check (state in ('pending', 'paid', 'void')),
  created_at  timestamptz not null default human_now(),
  paid_at     timestamptz
);
create index market_referrals_referrer on market_referrals (referrer_id);

-- Registrations by network (an address, or a /64), for as long as they are counted.
create table market_registrations (
  network inet not null,
  at      timestamptz not null default human_now()
);
create index market_registrations_network on market_registrations (network, at);
create index market_registrations_at on market_registrations (at);

-- What state something was in, and who or what moved it.
create table market_history (
  id         bigint generated always as identity primary key,
  entity     text not null,                                    -- transaction, bid, milestone, ..
  entity_id  text not null,
  from_state text,                                             -- null: it began
  to_state   text not null,
  actor_id   uuid,                                             -- null: the platform
  cause      text not null,
  at         timestamptz not null default human_now()
);
create index market_history_of on market_history (entity, entity_id, id);
create trigger market_history_stays before update or delete or truncate on market_history
  for each statement execute function ledger_refuse('is only ever added to');
