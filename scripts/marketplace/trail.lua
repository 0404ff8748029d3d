-- scripts/marketplace/trail.lua -- the audit trail: who did what to which object.  Records are only ever added, and
-- each has the hash of the one before it in its own, so that none can be changed, or left out, unnoticed.

local db = require "human.db"
local json = require "human.json"

local M = {}

local COUNTED = 10000                            -- of a list's total

-- A list by what it is filtered by, each along an index of its own; $1, $2: the filters, $3: before, $4: how many.
local FILTERS = {
  all = "", type = "r.resource_type = $1 and ", action = "r.action = $2 and ",
  both = "r.resource_type = $1 and r.action = $2 and ",
}
local GENESIS = "sha256('human marketplace records')"
local UNUSED = "$1::text is not distinct from $1 and $2::text is not distinct from $2 and "

M.sql = {
  put = [[insert into market_record_drafts (actor_id, action, resource_type, resource_id, facts)
    values ($1::uuid, $2, $3, $4, $5::jsonb)]],
  last = "select n, encode(hash, 'hex') as hash from market_record_end",
}

for name, filter in pairs(FILTERS) do
  local from = "from market_records r where " .. UNUSED .. filter
  M.sql["list_" .. name] = ([[select r.n, r.actor_id, r.action, r.resource_type, r.resource_id, r.facts,
      r.at as created_at, encode(r.hash, 'hex') as hash,
      r.hash = market_record_hash(coalesce(p.hash, %s), r.n, r.actor_id, r.action, r.resource_type,
         r.resource_id, r.facts, r.at) and (p.n is not null or r.n = 1) as verified
    from (select r.* %s r.n < coalesce($3::bigint, 9223372036854775807) order by r.n desc limit $4) r
    left join market_records p on p.n = r.n - 1 order by r.n desc]]):format(GENESIS, from)
  M.sql["total_" .. name] = ("select count(*)::int from (select %s true limit %d) counted"):format(
    from:gsub("^from", "1 from"), COUNTED)
end

-- All records that do not follow from the one before, and the end when it is not that of the last record.
M.BROKEN = [[select n as what, 0 as off from (
    select r.*, lag(r.n, 1, 0) over w as n_before,
      lag(r.hash, 1, sha256('human marketplace records')) over w as hash_before
    from market_records r window w as (order by r.n)
  ) r where n <> n_before + 1
    or hash <> market_record_hash(hash_before, n, actor_id, action, resource_type, resource_id, facts, at)
  union all select e.n, 0 from market_record_end e
    where (e.n > 0 or exists (select from market_records))
      and not exists (select from market_records r where r.n = e.n and r.hash = e.hash
        and not exists (select from market_records later where later.n > e.n))]]

--- Records in tx what was done: {actor_id (nil: the operator, or the platform), action = "actors-register",
--- resource_type = "actor", resource_id, facts = {..} (plain, nothing secret; optional)}.
function M.put(tx, r)
  tx:ask(M.sql.put, r.actor_id, r.action, r.resource_type, r.resource_id, json.encode(r.facts or {}))
end

--- Records, newest first: {entries, total (counted up to 10,000)}.  page: {resource_type, action, limit, before = n}.
function M.list(page)
  local by = page.resource_type and (page.action and "both" or "type") or page.action and "action" or "all"
  return {
    entries = db.query(M.sql["list_" .. by], page.resource_type, page.action, page.before, page.limit),
    total = db.value(M.sql["total_" .. by], page.resource_type, page.action),
  }
end

--- How the chain is: {n (records), hash (of the last, to be kept elsewhere and compared), broken = {numbers of records
--- that do not follow from those before them}, at most 100}.  Reads all of it.
function M.verify()
  return db.tx(function(tx)
    local found = tx:row(M.sql.last)
    found.broken = json.array {}
    for i, row in ipairs(tx:query("select what from (" .. M.BROKEN .. ") b order by 1 limit 100")) do
      found.broken[i] = row.what
    end
    return found
  end, { isolation = "repeatable read", read_only = true })
end

return M
