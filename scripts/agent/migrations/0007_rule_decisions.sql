-- What rules decided, with everything they were asked: which rules decided this, and what would an
-- edited rule have said?  Kept for decisions.keep_days.

create table rule_decisions (
  id        bigint generated always as identity primary key,
  at        timestamptz not null default now(),
  bundle    text not null,                       -- hash of the scripts that decided
  rule      text not null check (length(rule) between 1 and 200),       -- module.function
  ref       text check (length(ref) <= 200),     -- what it was for: a run, a request
  subject   text check (length(subject) <= 200), -- whom it concerned: an agent, an actor
  verdict   text not null check (length(verdict) <= 200),               -- a few words for the output
  inputs    jsonb not null,                      -- the arguments, an array
  complete  boolean not null,                    -- false: too large to keep whole; cannot be replayed
  output    jsonb not null
);
create index rule_decisions_rule on rule_decisions (rule, at, id);
create index rule_decisions_at on rule_decisions (at, id);
create index rule_decisions_subject on rule_decisions (subject) where subject is not null;

-- What was decided about an agent quotes its chat, and goes with it.
create function forget_decisions() returns trigger language plpgsql as $$
begin
  delete from rule_decisions where subject = old.id;
  return null;
end $$;
create trigger forget_decisions after delete on agents for each row execute function forget_decisions();
