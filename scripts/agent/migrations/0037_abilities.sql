-- Whether an agent can do anything besides speaking (agent.abilities).  A turn learns it from the row that it reads
-- anyway, so agents that only speak pay nothing for it.
alter table agents add column has_abilities boolean not null default false;
