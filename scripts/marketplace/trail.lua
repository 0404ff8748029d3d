-- scripts/marketplace/trail.lua -- the audit trail: who did what to which object.  Records are only ever added, in the
-- transaction of what they record and without a lock.  Each second, and before they are read, those that have been
-- committed are sealed: numbered, each with the hash of the one before it in its own, so that none can be changed, left
-- out, put in or moved unnoticed (migrations/2114_records_sealed.sql).

local db = require "human.db"
local json = require "human.json"

local M = {}

local COUNTED = 10000                            -- of a list's total
local SEALED, ROUNDS = 1000, 20                  -- at once, so often in a row
local FOUND, PAGE = 100, 1000

-- A list by what it is filtered by, each along an index of its own; $1, $2: the filters, $3: before, $4: how many.
local FILTERS = {
  all = "", type = "r.resource_type = $1 and ", action = "r.action = $2 and ",
  both = "r.resource_type = $1 and r.action = $2 and ",
}
local GENESIS = "sha256('human marketplace records')"
local UNUSED = "$1::text is not distinct from $1 and $2::text is not distinct from $2 and "
local CONTENT = "r.actor_id, r.action, r.resource_type, r.resource_id, r.facts, r.at"

M.sql = {
  put = [[insert into market_records (actor_id, action, resource_type, resource_id, facts)
    values ($1::uuid, $2, $3, $4, $5::jsonb)]],
  seal = "select market_records_seal($1::int)",
  last = "select n, encode(hash, 'hex') as hash from market_record_end",
  hash_at = "select encode(hash, 'hex') from market_records where n = $1::bigint",
  export = [[select r.n, r.actor_id, r.action, r.resource_type, r.resource_id, r.facts, r.at,
      encode(r.hash, 'hex') as hash, jsonb_build_array(r.n, r.actor_id, r.action, r.resource_type, r.resource_id,
        r.facts, extract(epoch from r.at)::text)::text as hashed
    from market_records r where r.n > $1::bigint order by r.n limit $2::int]],
}

for name, filter in pairs(FILTERS) do
  local from = "from market_records r where " .. UNUSED .. filter
  M.sql["list_" .. name] = ([[select r.n, r.actor_id, r.action, r.resource_type, r.resource_id, r.facts,
      r.at as created_at, encode(r.hash, 'hex') as hash,
      r.hash = market_record_hash(coalesce(p.hash, %s), r.n, %s) and (p.n is not null or r.n = 1) as verified
    from (select r.* %s r.n < coalesce($3::bigint, 9223372036854775807) order by r.n desc limit $4) r
    left join market_records p on p.n = r.n - 1 order by r.n desc]]):format(GENESIS, CONTENT, from)
  M.sql["total_" .. name] = ("select count(*)::int from (select %s true limit %d) counted"):format(
    from:gsub("^from", "1 from"), COUNTED)
end

local CHAIN = [[(select r.*, lag(r.n, 1, 0) over w as n_before,
    lag(r.hash, 1, ]] .. GENESIS .. [[) over w as hash_before
  from market_records r where r.n is not null window w as (order by r.n, r.id))]]
local OFF = "n <> n_before + 1 or hash <> market_record_hash(hash_before, n, "
  .. CONTENT:gsub("r%.", "") .. ")"

-- All records that do not follow from the one before, and the end when it is not that of the last record.
M.BROKEN = "select n as what, 0 as off from " .. CHAIN .. " r where " .. OFF .. [[
  union all select e.n, 0 from market_record_end e
    where (e.n > 0 or exists (select from market_records where n is not null))
      and not exists (select from market_records r where r.n = e.n and r.hash = e.hash
        and not exists (select from market_records later where later.n > e.n))]]

-- The same with what tells how they came to be so.  was: the number and the place with which the hash was made, where
-- those are known still: that of a neighbour, or of another record that is off.
local LOOK = "with off as (select * from " .. CHAIN .. " r where " .. OFF .. " order by n, id limit " .. FOUND .. [[)
  select r.n, r.n_before, r.resource_type, r.resource_id,
    (select c.n from (select o.n from off o union select r.n + d from generate_series(-2, 2) d) c
      cross join lateral (select p.hash from market_records p where p.n between c.n - 2 and c.n + 2
        union select o.hash from off o union select ]] .. GENESIS .. [[) h
      where r.hash = market_record_hash(h.hash, c.n, ]] .. CONTENT .. [[) limit 1) as was
  from off r order by r.n, r.id]]
local ENDS = [[select e.n, e.hash is distinct from (select hash from market_records where n = e.n limit 1) as is_other,
    coalesce((select max(n) from market_records), 0) as last from market_record_end e]]

--- Records in tx what was done: {actor_id (nil: the operator, or the platform), action = "actors-register",
--- resource_type = "actor", resource_id, facts = {..} (plain, nothing secret; optional)}.
function M.put(tx, r)
  tx:ask(M.sql.put, r.actor_id, r.action, r.resource_type, r.resource_id, json.encode(r.facts or {}))
end

--- Seals the records that have been committed: each second (trail_job.lua), and before any are read.
function M.seal()
  for _ = 1, ROUNDS do
    if db.value(M.sql.seal, SEALED) < SEALED then return end
  end
end

--- Records, newest first: {entries, total (counted up to 10,000)}.  page: {resource_type, action, limit, before = n}.
function M.list(page)
  M.seal()
  local by = page.resource_type and (page.action and "both" or "type") or page.action and "action" or "all"
  return {
    entries = db.query(M.sql["list_" .. by], page.resource_type, page.action, page.before, page.limit),
    total = db.value(M.sql["total_" .. by], page.resource_type, page.action),
  }
end

-- ---- whether it holds ------------------------------------------------------------------------------------------

local function add(list, n, is, of, row)
  list[#list + 1] = { n = n, is = is, was = of, resource_type = row and row.resource_type,
                      resource_id = row and row.resource_id }
end

-- What each record that is off tells alone.
local function signs(rows, last_n)
  local list = {}
  for _, r in ipairs(rows) do
    if r.n > last_n or r.n == r.n_before then
      add(list, r.n, "inserted", nil, r)
    elseif r.n > r.n_before + 1 then
      for n = r.n_before + 1, math.min(r.n - 1, r.n_before + FOUND) do add(list, n, "removed") end
    elseif r.was and r.was ~= r.n then
      add(list, r.n, "moved", r.was, r)
    elseif not r.was then
      add(list, r.n, "changed", nil, r)
    end
  end
  return list
end

-- One that stands where another one was has been put in; a place that nobody has come from was cut out.
local function together(list, last)
  local came_from, moved, known = {}, {}, {}
  for _, f in ipairs(list) do
    known[f.n] = true
    if f.is == "moved" then came_from[f.was], moved[f.n] = true, f end
  end
  for _, f in ipairs(list) do
    if f.is == "changed" and came_from[f.n] then f.is = "inserted" end
  end
  for n, f in pairs(moved) do
    if f.was > n and not came_from[n] and not known[n - 1] then add(list, n, "removed") end
  end
  for n = last.last + 1, math.min(last.n, last.last + FOUND) do add(list, n, "removed") end
  if last.is_other and last.last >= last.n and not list[1] then add(list, last.n, "changed") end
  table.sort(list, function(a, b) return a.n < b.n end)
  return list
end

--- How the chain is: {n (records), hash (of the last, to be kept elsewhere and compared), found = {{n, is = "changed" |
--- "removed" | "inserted" | "moved", was (its number before), resource_type, resource_id}, ..}}, the first hundred or
--- so.  "changed" is a record that does not follow from the one before: it, or that one with its hash.  Reads all of
--- it.  at: {n, hash}, as they were once: found says "changed" when that record has another hash now.
function M.verify(at)
  M.seal()
  return db.tx(function(tx)
    local found, last = tx:row(M.sql.last), tx:row(ENDS)
    local rows = tx:query(LOOK)
    local list = together(signs(rows, last.n), last)
    if rows[1] and not list[1] then add(list, rows[1].n, "changed", nil, rows[1]) end
    if at and tx:value(M.sql.hash_at, at.n) ~= at.hash then add(list, at.n, "changed") end
    found.found = json.array(list)
    return found
  end, { isolation = "repeatable read" })
end

--- Passes all records behind number n to fn, oldest first: {n, actor_id, action, resource_type, resource_id, facts, at,
--- hash, hashed}.  A hash is SHA-256 of the 32 bytes of the one before and of the text `hashed`.
function M.export(n, fn)
  M.seal()
  repeat
    local rows = db.query(M.sql.export, n, PAGE)
    for _, row in ipairs(rows) do fn(row) end
    n = rows[1] and rows[#rows].n
  until #rows < PAGE
end

return M
