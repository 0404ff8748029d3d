-- A rule may say that a share of its decisions is kept (M.keep): which share of those like it a row is one of.

alter table rule_decisions add column share real not null default 1;
