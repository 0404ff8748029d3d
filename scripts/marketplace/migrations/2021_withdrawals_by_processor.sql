-- Which processor a withdrawal was begun with: the setting may have changed when it is carried out.

alter table market_withdrawals add column provider text not null default 'test';
alter table market_withdrawals alter column provider drop default;
