-- Scripts that operators change by the control protocol: each change, with both texts, and which texts of their own were in
-- force when. What is shipped is the program's, and not kept here.

create table gateway_script_texts (
  hash text primary key,                          -- SHA-256, in hex
  body text not null
);

-- A change is written down as begun, then carried out on the disk, then as done or failed: one that stays begun was
-- interrupted.
create table gateway_script_changes (
  id bigint generated always as identity primary key,
  at timestamptz not null default human_now(),
  place text not null,                            -- the operator's directory
  actor text not null,
  address text not null,
  action text not null check (action in ('save', 'remove', 'rollback', 'reload')),
  path text,                                      -- null: of a reload
  before_hash text references gateway_script_texts,
  after_hash text references gateway_script_texts,
  state text not null default 'begun' check (state in ('begun', 'done', 'failed')),
  problem text
);
create index gateway_script_changes_place on gateway_script_changes (place, id);
create index gateway_script_changes_before on gateway_script_changes (before_hash);
create index gateway_script_changes_after on gateway_script_changes (after_hash);

create table gateway_script_bundles (
  id bigint generated always as identity primary key,
  at timestamptz not null default human_now(),
  place text not null,
  bundle text not null,
  actor text                                      -- null: it was not by this protocol
);
create index gateway_script_bundles_place on gateway_script_bundles (place, id);

-- The operator's files in it.
create table gateway_script_files (
  bundle_id bigint not null references gateway_script_bundles on delete cascade,
  path text not null,
  hash text not null references gateway_script_texts,
  primary key (bundle_id, path)
);
create index gateway_script_files_hash on gateway_script_files (hash);
