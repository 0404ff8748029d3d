-- What conversations have written into the workspace, by day.  It is counted before it is written, so that a worker that
-- dies has counted too much, never too little; all hosts count in the same rows.  A deleted session stays counted.
create table gateway_written (
  subject  text not null,                        -- the id of a session; '': all of them together
  day      date not null,                        -- of UTC
  bytes    bigint not null default 0,
  files    bigint not null default 0,            -- and directories
  primary key (subject, day)
);
create index gateway_written_days on gateway_written (day);
