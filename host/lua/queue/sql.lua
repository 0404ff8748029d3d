-- host/lua/queue/sql.lua -- the statements of human.queue; the table is in api/migrations/0030_queue.sql.
-- Statements that take rows of a kind or give them back are serialized across all workers: M.lock comes
-- first in their transaction.  So a statement sees the true state of its kind, and limits hold across all hosts.

local M = {}

local ADD = [[insert into host_queue (kind, id, key, payload, due_at, order_at, is_unique)
  values ($1, $2, $3, $4::json, coalesce($5::timestamptz, human_now()),
    coalesce($5::timestamptz, human_now() + (clock_timestamp() - now())), ]]
local UNIQUE = [[true) on conflict (kind, key) where is_unique and attempts = 0 do update set ]]

-- Any number of rows.  Rows without a time run in the order in which they were added; for is_event only that order
-- counts.
M.add = [[insert into host_queue (kind, id, key, payload, due_at, order_at)
  select kind, id, key, coalesce(payload, 'null'), coalesce(due_at, human_now()), case when is_event then 'epoch'
    else coalesce(due_at, human_now() + (clock_timestamp() - now())) end
  from json_to_recordset($1::json) as r(kind text, id text, key text, payload json, due_at timestamptz,
    is_event boolean)]]

-- Writes the row even if nothing changes, so that whoever takes it sees this transaction's work.
M.add_first = ADD .. UNIQUE .. "key = excluded.key returning id"
M.add_last = ADD .. UNIQUE .. [[payload = excluded.payload, due_at = excluded.due_at,
  order_at = excluded.order_at, is_parked = false returning id]]

M.cancel = [[delete from host_queue where kind = $1 and key = $2 and owner is null and dead_at is null]]
M.unpark = [[update host_queue set is_parked = false where kind = $1 and key = $2 and is_parked]]

-- The server's statistics of a queue's table are never right, so it plans once, by the indexes.  With asynchronous
-- commits a crash may lose the fact that rows were taken or ended; those run again, which is allowed.  Kinds are locked
-- in the order in which they are given.
M.lock = [[select pg_advisory_xact_lock(7312499, hashtext(kind)) as a,
  set_config('plan_cache_mode', 'force_generic_plan', true) as b, set_config('enable_seqscan', 'off', true) as c,
  set_config('jit', 'off', true) as d,
  set_config('synchronous_commit', 'off', true) as e from unnest($1::text[]) kind]]

M.done = [[delete from host_queue q using unnest($2::text[], $3::int[]) d(id, attempts)
  where q.kind = $1 and q.id = d.id and q.attempts = d.attempts and q.owner = $4]]

M.done_one = "delete from host_queue where kind = $1 and id = $2 and attempts = $3::int and owner = $4"

-- wait_s: null for rows that did not begin, which keep their time and their attempts.
M.back = [[update host_queue q set owner = null, lease_until = null, is_unique = false, is_parked = false,
    attempts = q.attempts - case when r.wait_s is null then 1 else 0 end,
    lapses = case when r.wait_s is null then q.lapses else 0 end,
    due_at = coalesce(human_now() + r.wait_s * interval '1 second', q.due_at),
    dead_at = case when r.dead then human_now() end, last_error = coalesce(r.error, q.last_error)
  from json_to_recordset($2::json) as r(id text, attempts int, wait_s float8, error text, dead boolean)
  where q.kind = $1 and q.id = r.id and q.attempts = r.attempts and q.owner = $3]]

-- Taking: $1 kind, $2 owner, $3 how many at most, $4 how many of the kind may run, $5 lease.  A row that has ended its
-- worker twice is taken alone, so that it does not end others.
local WAITS = "owner is null and dead_at is null and not is_parked and due_at <= human_now()"
local ROOM = [[room as (select greatest(0, least($3::int, $4::int - count(*)::int)) as n
    from host_queue where kind = $1 and owner is not null),
  suspect as materialized (select id from host_queue s where kind = $1 and ]] .. WAITS .. [[ and lapses >= 2 %s
    order by due_at, seq limit (select least(n, 1) from room) for update skip locked),
  fresh_room as (select case when exists (select from suspect) then 0 else n end as n from room), ]]
local TAKE = [[ update host_queue q set owner = $2, attempts = q.attempts + 1, is_parked = false,
    lease_until = clock_timestamp() + $5::float8 * interval '1 second'
  from taken t where q.kind = $1 and q.id = t.id
  returning q.id, q.seq, q.key, q.payload::text as payload, q.due_at, q.added_at, q.attempts, q.lapses,
    extract(epoch from q.order_at)::float8 as order_at]]

M.take = "with " .. ROOM:format "" .. [[taken as (select id from suspect union all select id from (select id
    from host_queue where kind = $1 and ]] .. WAITS .. [[ and lapses < 2
    order by due_at, seq limit (select n from fresh_room) for update skip locked) f)]] .. TAKE

-- One at a time per key, in order.  Considers the keys of due rows ($6 of them are scanned) and the keys that have
-- just become free ($7).  Each key without a running row yields its first due rows, at most $8.  Other rows of a
-- busy key are parked until it is free, or they would be scanned again and again.
local FIRST = [[and (key is null or not exists (select from host_queue b where b.kind = $1 and b.key = s.key
        and b.dead_at is null and (b.owner is not null or (b.order_at, b.seq) < (s.order_at, s.seq))))]]
M.take_by_key = "with " .. ROOM:format(FIRST) .. [[due as materialized (select id, key, order_at, seq from host_queue
    where kind = $1 and ]] .. WAITS .. [[ and lapses < 2
    order by due_at, seq limit (select case when n > 0 then $6::int else 0 end from fresh_room)),
  keys as materialized (select key from due where key is not null union select unnest($7::text[])),
  free as materialized (select key from keys k where not exists (select from host_queue b
    where b.kind = $1 and b.key = k.key and b.owner is not null)),
  heads as materialized (select h.id, f.key, h.order_at, h.seq, h.place, h.is_parked from free f cross join lateral (
      select id, order_at, seq, is_parked, row_number() over w as place,
        bool_and(owner is null and due_at <= human_now() and lapses < 2) over w as is_due
      from (select * from host_queue q where q.kind = $1 and q.key = f.key and q.dead_at is null
        order by q.order_at, q.seq limit $8::int) r
      window w as (order by order_at, seq)) h where h.is_due
    union all select id, null, order_at, seq, 1, false from due where key is null),
  -- The first row of each key before the second of any, so that as many keys as possible run.
  wanted as materialized (select * from heads order by place, order_at, seq limit (select n from fresh_room)),
  locked as materialized (select id from host_queue where kind = $1 and id in (select id from wanted)
    for update skip locked),
  chosen as materialized (select id, key from (select w.id, w.key, w.place, row_number() over (partition by w.key
      order by w.place) as is_place from wanted w join locked using (id)) x where key is null or is_place = place),
  parked as (update host_queue q set is_parked = true from due d where q.kind = $1 and q.id = d.id and d.key is not null
    and d.id not in (select id from chosen)
    and (d.key not in (select key from free) or d.key in (select key from chosen where key is not null))),
  unparked as (update host_queue q set is_parked = false from heads h where q.kind = $1 and q.id = h.id and h.is_parked
    and h.id not in (select id from chosen) and h.key not in (select key from chosen where key is not null)),
  taken as (select id from suspect union all select id from chosen)]] .. TAKE

-- The same for batches of several kinds at once, $1, of which all that waits may be taken, since it is new and little
-- ($4 of each) and nobody runs or waits for a key: as nearly always.  $2 owner, $3 lease.  Of other kinds it takes
-- nothing, and says so by a row without an id, unless they are empty.
M.take_calm = [[with kinds as materialized (select kind, exists (select from host_queue b where b.kind = k.kind
      and b.is_parked) as has_parked from unnest($1::text[]) k(kind)),
  heads as materialized (select h.* from kinds k cross join lateral (select kind, id,
      due_at <= human_now() and attempts = 0 and lapses = 0 as is_new from host_queue q where q.kind = k.kind
        and owner is null and dead_at is null and not is_parked order by due_at, seq limit $4::int + 1) h),
  calm as materialized (select kind from kinds k join heads using (kind) where not has_parked
      and not exists (select from host_queue b where b.kind = k.kind and b.owner is not null)
    group by kind having count(*) <= $4::int and bool_and(is_new)),
  taken as (update host_queue q set owner = $2, attempts = 1,
      lease_until = clock_timestamp() + $3::float8 * interval '1 second'
    from heads h join calm using (kind) where q.kind = h.kind and q.id = h.id
    returning q.kind, q.id, q.seq, q.key, q.payload::text as payload, q.due_at, q.added_at, q.attempts, q.lapses,
      extract(epoch from q.order_at)::float8 as order_at)
  select * from taken union all select kind, null, null, null, null, null, null, null, null, null from kinds k
    where kind not in (select kind from calm) and (has_parked or exists (select from heads h where h.kind = k.kind))]]

-- When the next row is due, in seconds; no row: nothing is waiting.
M.next = [[select extract(epoch from due_at - human_now())::float8 as in_s from host_queue
  where kind = $1 and owner is null and dead_at is null and not is_parked order by due_at limit 1]]

-- The same, and keys for which rows are parked (a JSON array, or null).
M.next_of_batch = [[select (select extract(epoch from due_at - human_now())::float8 from host_queue
    where kind = $1 and owner is null and dead_at is null and not is_parked order by due_at limit 1) as in_s,
  (select json_agg(key) from (select distinct key from host_queue where kind = $1 and is_parked limit 100) p)::text
    as parked]]

M.look = [[select k.kind, n.in_s from unnest($1::text[]) k(kind) cross join lateral (
  select extract(epoch from due_at - human_now())::float8 as in_s from host_queue q
  where q.kind = k.kind and owner is null and dead_at is null and not is_parked order by due_at limit 1) n]]

-- Skips locked rows: a row's own transaction may be about to delete it.
M.renew = [[with held as (select id from host_queue where kind = $1 and id = any($2::text[]) and owner = $3),
  free as (select id from host_queue where kind = $1 and id = any($2::text[]) and owner = $3 for update skip locked),
  renewed as (update host_queue q set lease_until = clock_timestamp() + $4::float8 * interval '1 second'
    from free f where q.kind = $1 and q.id = f.id returning q.id)
  select h.id, r.id is not null as is_renewed from held h left join renewed r using (id)]]

-- Releases rows whose lease has expired.  Rows that end worker after worker are retried ever less often, and
-- not forever.  $1, $2: kinds and their attempts.
M.lapse = [[with gone as materialized (select kind, id from host_queue where owner is not null and lease_until < now()
    limit 1000 for update skip locked)
  update host_queue q set owner = null, lease_until = null, lapses = q.lapses + 1, is_unique = false,
    last_error = 'its worker ended before it did',
    due_at = human_now() + least(2 * power(2, q.lapses), 3600) * (0.75 + random() * 0.5) * interval '1 second',
    dead_at = case when q.attempts >= d.attempts then human_now() end
  from gone g left join unnest($1::text[], $2::int[]) d(kind, attempts) on d.kind = g.kind
  where q.kind = g.kind and q.id = g.id returning q.kind, q.dead_at is not null as is_dead]]

local PARKED_KEYS = [[with recursive keys as (
    (select kind, key from host_queue where is_parked order by kind, key limit 1)
    union all select n.kind, n.key from keys k cross join lateral (select kind, key from host_queue
      where is_parked and (kind, key) > (k.kind, k.key) order by kind, key limit 1) n) ]]

-- Parked rows whose key became free unnoticed.
M.forgotten = PARKED_KEYS .. [[, heads as materialized (select k.kind, h.id, h.key, h.order_at, h.seq
    from (select * from keys limit 1000) k cross join lateral (select id, key, order_at, seq from host_queue q
      where q.kind = k.kind and q.key = k.key and q.is_parked order by order_at, seq limit 1 for update skip locked) h)
  update host_queue q set is_parked = false from heads h where q.kind = h.kind and q.id = h.id and q.is_parked
    and not exists (select from host_queue b where b.kind = h.kind and b.key = h.key and b.dead_at is null
      and not b.is_parked and (b.owner is not null or (b.order_at, b.seq) < (h.order_at, h.seq)))]]

-- Counts for metrics and the command line, up to $2 of each.  $1: kinds; null: all.
M.kinds = [[with recursive kinds as ((select kind from host_queue order by kind limit 1)
    union all select (select kind from host_queue q where q.kind > k.kind order by kind limit 1) from kinds k
      where k.kind is not null)
  select kind from kinds where kind is not null]]
M.depths = [[select k.kind,
    (select count(*) from (select from host_queue q where q.kind = k.kind and dead_at is null limit $2::int) x)
      as depth,
    (select count(*) from host_queue q where q.kind = k.kind and owner is not null) as running,
    (select count(*) from (select from host_queue q where q.kind = k.kind and dead_at is not null limit $2::int) x)
      as dead,
    coalesce((select extract(epoch from human_now() - due_at)::float8 from host_queue q where q.kind = k.kind
      and owner is null and dead_at is null and not is_parked and due_at <= human_now() order by due_at limit 1), 0)
      as late_s
  from unnest($1::text[]) k(kind)]]

--- The names of a set, in order.
function M.names(set)
  local list = {}
  for name in pairs(set) do list[#list + 1] = name end
  table.sort(list)
  return list
end

--- '{"a","b"}' of texts, for a parameter.
function M.texts(list)
  local out = {}
  for i, text in ipairs(list) do out[i] = '"' .. text:gsub('[\\"]', "\\%0") .. '"' end
  return "{" .. table.concat(out, ",") .. "}"
end

return M
