-- host/lua/backlog.lua -- the rows of human.queue for an operator: waiting, running and given up, and what to do with
-- those that were given up.  `human queue` and the control protocol show the same.

local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local report = require "human.queue.report"

local M = {}

local STATE = "case when dead_at is not null then 'dead' when owner is not null then 'running' else 'waiting' end"
local ROW = "kind, id, key, " .. STATE .. [[ as state, due_at, added_at, dead_at, attempts, last_error,
  json_build_array(coalesce(dead_at, due_at), seq)::text as place]]

-- $1: a kind, or null for all; $2: how many; $3, $4: the place of the last one that was seen, or null.
local function page(which, at)
  return ("select %s from host_queue where %s and ($1::text is null or kind = $1) and ($3::timestamptz is null or "
    .. "(%s, seq) > ($3::timestamptz, $4::bigint)) order by %s, seq limit $2::int"):format(ROW, which, at, at)
end

local SQL = {
  dead = page("dead_at is not null", "dead_at"),
  running = page("owner is not null", "due_at"),
  waiting = page("owner is null and dead_at is null", "due_at"),
  show = "select " .. ROW .. [[, payload::text as payload from host_queue
    where id = $1 and ($2::text is null or kind = $2) order by kind]],
  retry = [[update host_queue set dead_at = null, attempts = 0, lapses = 0, is_unique = false, is_parked = false,
    due_at = human_now() ]],
  drop = "delete from host_queue ",
}
local GIVEN_UP = "where dead_at is not null and ($1::text is null or kind = $1) and ($2::text is null or id = $2)"

--- What a row can be: "dead" (given up), "running", "waiting".
M.STATES = { "dead", "running", "waiting" }
--- Rows of one list, at most.
M.LIST_MAX = 1000                                -- limit: queue list

local function shown(row, place)
  return { kind = row.kind, id = row.id, key = row.key, state = row.state, due_at = row.due_at,
           added_at = row.added_at, dead_at = row.dead_at, attempts = row.attempts, last_error = row.last_error,
           payload = row.payload and json.raw(row.payload), place = place and row.place or nil }
end

--- What kinds have rows, by name: {{kind, waiting, running, dead, late_s}, ..}; counts up to 10,000.
function M.kinds()
  local out = {}
  for i, k in ipairs(report.depths {}) do
    out[i] = { kind = k.kind, waiting = math.max(k.depth - k.running, 0), running = k.running, dead = k.dead,
               late_s = math.max(k.late_s, 0) }
  end
  return out
end

local function read_place(text)
  local place = text and json.decode(text)
  if text == nil then return true end
  local at, seq = type(place) == "table" and place[1], type(place) == "table" and place[2]
  if type(at) ~= "string" or not at:find "^%d%d%d%d%-%d%d%-%d%d[T ][%d:.+-]+$" or type(seq) ~= "number" then
    return false
  end
  return true, at, seq
end

--- Rows of a state ("dead", "running", "waiting"), the first to come or to have been given up first; kind: nil for all.
--- after: `place` of the last one that was seen, or nil.  Nil: it is no such place.
function M.list(state, kind, limit, after)
  local ok, at, seq = read_place(after)
  if not ok then return nil end
  local list = {}
  local rows = db.query(SQL[state], kind, math.min(limit, M.LIST_MAX), at, seq)
  for i, row in ipairs(rows) do list[i] = shown(row, true) end
  return list
end

--- The rows of this id, with their payload (json.raw): one, or that of each kind that has it.
function M.show(id, kind)
  local list = {}
  for i, row in ipairs(db.query(SQL.show, id, kind)) do list[i] = shown(row) end
  return list
end

local function change(name)
  return function(kind, id, by)
    if not kind and not id then error("backlog." .. name .. ": a kind or an id is needed", 2) end
    local n = db.exec(SQL[name] .. GIVEN_UP, kind, id)
    if n > 0 then log.info("queue: rows that were given up: " .. name, { kind = kind, id = id, rows = n, by = by }) end
    return n
  end
end

--- Has rows that were given up tried again, at once and as if for the first time: one (by its id, and its kind where
--- several have it), or all of a kind.  by: who says so, for the log.  How many.
M.retry = change "retry"

--- Deletes rows that were given up, chosen in the same way.  How many.
M.drop = change "drop"

return M
