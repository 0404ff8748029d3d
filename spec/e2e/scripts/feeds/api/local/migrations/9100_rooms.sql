create table e2e_rooms (id text primary key, last bigint not null default 0);
create table e2e_lines (room text not null references e2e_rooms, pos bigint not null, text text not null, at float8 not null,
  primary key (room, pos));
