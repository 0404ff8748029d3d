-- host/lua/queue/cli_sql.lua -- the statements of `human queue`.

local M = {}

local ROW = [[kind, id, key, case when dead_at is not null then 'dead' when owner is not null then 'running'
  else 'waiting' end as state, due_at, added_at, dead_at, attempts, last_error]]

-- $1: a kind, or null for all; $2: which rows; $3: how many.
M.list = "select " .. ROW .. [[ from host_queue where ($1::text is null or kind = $1)
    and case $2::text when 'dead' then dead_at is not null when 'running' then owner is not null
      else owner is null and dead_at is null end
  order by coalesce(dead_at, due_at), seq limit $3::int]]

M.show = "select " .. ROW .. ", payload::text as payload from host_queue where id = $1 order by kind"

-- $1: an id; or $2: a kind.
local GIVEN_UP = "where dead_at is not null and case when $2::text is null then id = $1 else kind = $2 end"

M.retry = [[update host_queue set dead_at = null, attempts = 0, lapses = 0, is_unique = false, is_parked = false,
  due_at = human_now() ]] .. GIVEN_UP
M.drop = "delete from host_queue " .. GIVEN_UP

return M
