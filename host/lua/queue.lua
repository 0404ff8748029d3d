-- host/lua/queue.lua -- work to be done later, once, by any worker of any host: rows in the database.
-- A row is added in the transaction of its cause, so it exists if and only if that commits.  It runs when it is due,
-- is retried when it fails, and is put aside when retries do not help (`human queue` lists those).
-- A kind names a function, never a closure, so that a reload replaces what it does.

local blame = require "human.core.blame"
local db = require "human.db"
local engine = require "human.queue.engine"
local gen = require "human.scripts.generation"
local id = require "human.id"
local json = require "human.json"
local log = require "human.log"
local rows = require "human.queue.rows"
local sql = require "human.queue.sql"
local time = require "human.time"

local M = {}
local KIND_MAX = 100
local SOON_MS = 2000
local RUN_MAX = 8                                -- rows of one key that a worker takes at once
local DEFAULTS = { concurrency = 64, lease_s = 15, attempts = 10, timeout_s = 600 }
local RANGE = { concurrency = { 1, 1000 }, lease_s = { 5, 3600 }, attempts = { 1, 1000 }, timeout_s = { 1, 86400 } }
local BACKOFF = { first_s = 1, max_s = 3600 }
local BACKOFF_WRONG = "define: backoff of %s must be a list of seconds, or {first_s =, max_s =}"
local BACKOFF_MAX_S = 30 * 86400

local function refuse(...) blame.refuse("queue." .. string.format(...)) end

local function is_wait(v) return type(v) == "number" and v >= 0 and v <= BACKOFF_MAX_S end

-- A list of seconds, or {first_s, max_s}: twice as long each time.
local function read_backoff(kind, v)
  if v == nil then return BACKOFF end
  local out = { first_s = BACKOFF.first_s, max_s = BACKOFF.max_s }
  if type(v) ~= "table" then refuse(BACKOFF_WRONG, kind) end
  if v[1] then out = { list = {} } end
  for name, s in pairs(v) do
    if not (v[1] and type(name) == "number" or not v[1] and BACKOFF[name]) or not is_wait(s) then
      refuse(BACKOFF_WRONG, kind)
    end
    if v[1] then out.list[name] = s else out[name] = s end
  end
  return out
end

local function read_options(kind, options)
  local def = { kind = kind, backoff = read_backoff(kind, options.backoff), per_key = options.per_key == true }
  for name, range in pairs(RANGE) do
    local v = options[name] == nil and DEFAULTS[name] or options[name]
    if type(v) ~= "number" or not (v >= range[1] and v <= range[2]) or v % 1 ~= 0 then
      refuse("define: %s of %s must be a whole number of %d to %d", name, kind, range[1], range[2])
    end
    def[name] = v
  end
  for name in pairs(options) do
    if not RANGE[name] and name ~= "backoff" and name ~= "per_key" then
      refuse("define: %s has no option '%s'", kind, tostring(name))
    end
  end
  if options.per_key ~= nil and type(options.per_key) ~= "boolean" then
    refuse("define: per_key of %s must be true or false", kind)
  end
  def.limit = def.concurrency
  def.run = math.max(1, math.min(RUN_MAX, math.floor(def.concurrency / 4)))
  return def
end

local function check_kind(what, kind)
  if type(kind) ~= "string" or not kind:find "^[%w_.-]+$" or #kind > KIND_MAX then
    refuse("%s: the kind must be a text of 1 to %d letters, digits and . _ -", what, KIND_MAX)
  end
end

--- Declares a kind of work while scripts load: module.fn(row) runs for each of its rows that is due; an error is
--- logged, and the row is retried.  row: {id, key, payload, attempt = 1 for the first, due_at, added_at} and its
--- methods (see below).  It may run more than once if a worker dies while running it; its id stays the same, and what
--- row:done(tx) commits happens once.  options: concurrency (how many run at once, across all workers and hosts; 64);
--- per_key (true: one at a time for each key, in the order in which they were due); attempts (10); backoff (seconds
--- between tries: a list, whose last one repeats, or {first_s = 1, max_s = 3600}, twice as long each time; each up to
--- a quarter shorter or longer); timeout_s of a try (600); lease_s (15): how long a dead worker's row waits.  Up to 8
--- rows of a key that a dead worker had ended may run again, in their order, before the next one does.
function M.define(kind, fn_path, options)
  local g = gen.building()
  if not g then error("queue.define: only while scripts are loading", 2) end
  check_kind("define", kind)
  if options ~= nil and type(options) ~= "table" then refuse("define: the options of %s must be a table", kind) end
  if g.queue[kind] then refuse("define: a kind named %s exists already", kind) end
  local def = read_options(kind, options or {})
  def.path = fn_path
  g.queue[kind] = def
end

-- Text of RFC 3339, or nil.
local function read_due(due_at)
  if due_at == nil then return nil end
  local text = due_at
  if type(due_at) == "number" then text = due_at >= 1e11 and due_at < 1e14 and time.format(due_at) or nil end
  text = type(text) == "string" and time.normalize(text)
  if not text then
    refuse "add: due_at must be nil, a time such as 2025-11-27T10:00:00.000Z, or milliseconds of time.now_ms()"
  end
  return text
end

local UNIQUE = { first = sql.add_first, last = sql.add_last }

local function insert_unique(q, unique, kind, row_id, key, text, due)
  rows.poke_after(q, kind)
  if q.lease then return q:row(unique, kind, row_id, key, text, due).id end
  return db.row(unique, kind, row_id, key, text, due).id
end

--- Adds a row in `q`, a transaction or human.db.  key (nil: none): what it is about.  due_at: nil (at once), a time as
--- text, or milliseconds as of time.now_ms().  payload: plain data, up to 256 KB as JSON.  options.unique: if a row
--- with this key is waiting and has not begun, adds no second: "first" keeps the waiting one as it is, "last" gives it
--- this time and payload.  Returns the id of the row.
function M.add(q, kind, key, due_at, payload, options)
  q = rows.place("queue.add", q)
  local g = gen.current()
  if not (g and g.queue[kind]) then refuse("add: no script defines the kind '%s'", tostring(kind)) end
  rows.check_key("queue.add", key)
  local unique = options and options.unique
  if unique and (not UNIQUE[unique] or not key) then refuse 'add: unique is "first" or "last", and needs a key' end
  local due, text, row_id = read_due(due_at), rows.payload("queue.add", payload), id.new()
  if unique then return insert_unique(q, UNIQUE[unique], kind, row_id, key, text, due) end
  local is_later = due and time.parse(due) > time.now_ms() + SOON_MS
  rows.add(q, { { kind = kind, id = row_id, key = key, payload = json.raw(text), due_at = due } }, is_later)
  return row_id
end

--- Removes the waiting rows with this key, in `q`, a transaction or human.db; running ones go on.  Returns how many it
--- removed.
function M.cancel(q, kind, key)
  q = rows.place("queue.cancel", q)
  rows.check_key("queue.cancel", key)
  if not key then refuse "cancel: a key is needed" end
  local exec = q.lease and function(...) return q:exec(...) end or db.exec
  local n = exec(sql.cancel, kind, key)
  if n > 0 then exec(sql.unpark, kind, key) end
  return n
end

--- Generation `new` has replaced `old` (reload).
function M.reloaded(old, new)
  for kind in pairs(old.queue) do
    if not new.queue[kind] then
      log.warn("queue: the scripts do not declare this kind any more; its rows stay", { kind = kind })
    end
  end
  engine.look_again()
end

M.run, M.stop, M.look_again = engine.run, engine.stop, engine.look_again

return M
