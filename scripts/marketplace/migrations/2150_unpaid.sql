-- Work whose money is gone ends, whatever becomes of its milestones: those that wait for an answer, too.

insert into market_edges values ('milestone', 'delivered', 'canceled'), ('milestone', 'disputed', 'canceled');
