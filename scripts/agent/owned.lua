-- scripts/agent/owned.lua -- rows that belong to a user: one set of rules for reading and writing them.
-- Another user's row does not exist (404); a shared row, without an owner, may be read but not
-- written (403).  The SQL is the caller's: `list` (paged), `count`, `get`, `update` and `delete` take the user
-- as $2 (`list` and `count` as $1).

local config = require "human.config"
local db = require "human.db"
local fail = require "human.fail"

local M = {}

local COUNTED = 1000                             -- rows of a list that are counted for its total

local PAGE = [[select * from (select t.*, count(*) over () as listed, row_number() over (order by %s) as nr,
    sum(octet_length(row_to_json(t)::text)) over (order by %s) as upto from (%s) t) page
  where nr = 1 or upto <= $%d::bigint order by nr]]

-- Turns a select of rows in the order `order` into one of pages: as many rows as fit into limits.list_bytes as JSON
-- (at least one).  Pass M.bytes() as parameter `n`.
function M.paged(select, order, n) return PAGE:format(order, order, select, n) end

-- A statement that counts the rows of a list, up to COUNTED + 1 (M.total formats the result).
-- from: "from table where ..".
function M.counted(from) return ("select count(*) from (select 1 %s limit %d) counted"):format(from, COUNTED + 1) end

-- For X-Total-Count: the number, or "1000+" for more than that.
function M.total(n) return n > COUNTED and COUNTED .. "+" or ("%d"):format(n) end

-- A select of a user's rows ($1) and of the shared ones, after $2, at most $3, ordered by id: it reads two ranges of
-- one index instead of scanning past everybody else's rows.
function M.with_shared(columns, name)
  local part = "(select * from " .. name .. " where user_id %s and id > coalesce($2::text, '') order by id limit $3)"
  return "select " .. columns .. " from (" .. part:format "= $1" .. " union all " .. part:format "is null"
    .. ") both_kinds order by id limit $3"
end

-- The same, counted.
function M.counted_with_shared(name)
  local part = "(select 1 from " .. name .. (" where user_id %%s limit %d)"):format(COUNTED + 1)
  return M.counted("from (" .. part:format "= $1" .. " union all " .. part:format "is null" .. ") both_kinds")
end

function M.bytes() return config.limits.list_bytes end

-- One page, {rows, total (rows counted), more}, of rows of a paged select which was asked for one more than the limit.
function M.page(rows, limit, total)
  local listed = rows[1] and rows[1].listed or 0
  if #rows > limit then rows[#rows] = nil end
  return { rows = rows, total = total, more = listed > #rows }
end

-- A page of what an owner sees.  query: {limit, after (id or nil)}.
function M.list(sql, owner_id, query)
  local rows = db.query(sql.list, owner_id, query.after, query.limit + 1, M.bytes())
  return M.page(rows, query.limit, db.value(sql.count, owner_id))
end

function M.get(sql, code, actor, id)
  return db.must(code, sql.get, id, actor.id)
end

-- For a statement that wrote nothing: the row does not exist, or it is shared.
local function refuse(sql, code, actor, id)
  if db.row(sql.get, id, actor.id) then fail.throw "shared_read_only" end
  fail.throw(code)
end

-- sql.update with the values after id and user; the row as it is now.
function M.update(sql, code, actor, id, ...)
  return db.row(sql.update, id, actor.id, ...) or refuse(sql, code, actor, id)
end

function M.delete(sql, code, actor, id)
  if db.exec(sql.delete, id, actor.id) == 0 then refuse(sql, code, actor, id) end
end

return M
