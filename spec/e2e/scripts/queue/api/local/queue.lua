-- spec/e2e/scripts/queue/api/local/queue.lua -- kinds of work for the specs of the queue, and a route that adds rows.
local api = require "human.api"
local db = require "human.db"
local outbox = require "human.outbox"
local queue = require "human.queue"
local s = require "human.schema"
local task = require "human.task"

local M = {}
local INSERT = "insert into effects (what, row_id, key, n, attempt) values ($1, $2, $3, $4::int, $5::int)"

local function note(q, what, row)
  local values = { what, row.id, row.key, row.payload.n, row.attempt }
  if q.lease then q:exec(INSERT, unpack(values, 1, 5)) else q.exec(INSERT, unpack(values, 1, 5)) end
end

-- Effect and completion are one.
function M.once(row)
  db.tx(function(tx)
    note(tx, "once", row)
    row:done(tx)
  end)
end

-- The effect comes first: a worker that dies between does it again.
function M.at_least(row)
  note(db, "at_least", row)
end

function M.idle() end

function M.keyed(row)
  note(db, "begin", row)
  if row.payload.fails and row.attempt <= row.payload.fails then error "not yet" end
  db.tx(function(tx)
    note(tx, "end", row)
    row:done(tx)
  end)
end

function M.single(row)
  note(db, "begin", row)
  task.sleep(0.01)
  note(db, "end", row)
end

function M.failing(row)
  note(db, "try", row)
  if row.payload.heals and db.value "select count(*) from effects where what = 'healed'" > 0 then return end
  if row.payload.retry_in then return row:retry_in(row.payload.retry_in, "busy") end
  if row.payload.dead then return row:dead "useless" end
  error("it broke: " .. row.payload.n)
end

function M.killer(row)
  note(db, "try", row)
  if row.payload.kills then while true do end end
  task.sleep(row.payload.sleep or 0)
end

function M.slow(row)
  note(db, "begin", row)
  task.sleep(row.payload.sleep)
  note(db, "end", row)
end

-- Consumers of the topic "told": one whose effects are done with it, one that is told again when it failed, and one
-- that wants even numbers alone.
function M.hear(batch)
  db.tx(function(tx)
    for _, event in ipairs(batch) do note(tx, "heard", event) end
    batch:done(tx)
  end)
end

function M.stumble(batch)
  for _, event in ipairs(batch) do
    if event.payload.poison and event.attempt < 3 then error "stumbled" end
  end
  for _, event in ipairs(batch) do note(db, "stumbled over", event) end
end

function M.is_even(payload) return payload.n % 2 == 0 end

function M.choose(batch)
  db.tx(function(tx)
    for _, event in ipairs(batch) do note(tx, "chosen", event) end
    batch:done(tx)
  end)
end

outbox.on("told", "api.local.queue.hear")
outbox.on("told", "api.local.queue.choose", "api.local.queue.is_even")
outbox.on("told", "api.local.queue.stumble")

queue.define("once", "api.local.queue.once", { lease_s = 5 })
queue.define("at_least", "api.local.queue.at_least", { lease_s = 5 })
queue.define("idle", "api.local.queue.idle")
queue.define("keyed", "api.local.queue.keyed", { per_key = true, lease_s = 5, backoff = { 0.05 } })
queue.define("single", "api.local.queue.single", { concurrency = 1 })
queue.define("failing", "api.local.queue.failing", { attempts = 3, backoff = { 60, 600 } })
queue.define("killer", "api.local.queue.killer", { lease_s = 5, attempts = 3 })
queue.define("slow", "api.local.queue.slow", { lease_s = 5 })
queue.define("late", "api.local.queue.slow", { timeout_s = 1, attempts = 1 })

local g = api.group { tag = "Queue", base = "", auth = false }

g:post("/queue", {
  summary = "Adds n rows in one transaction",
  body = s.object { kind = s.string, count = s.int, keys = s.int:optional(), due_at = s.time:optional(),
                    unique = s.string:optional(), payload = s.json:optional() },
  reply = { [200] = s.object { id = s.string } },
}, function(ctx, body)
  local payload = body.payload and require("human.json").decode(body.payload) or {}
  local id
  ctx:tx(function(tx)
    for n = 1, body.count do
      payload.n = n
      id = queue.add(tx, body.kind, body.keys and "k" .. n % body.keys or nil, body.due_at, payload,
        body.unique and { unique = body.unique } or nil)
    end
  end)
  return 200, { id = id }
end)

g:post("/outbox", {
  summary = "Puts n events in one transaction, which then waits for a lock",
  body = s.object { count = s.int, keys = s.int:optional(), locked = s.int:optional(), fails = s.bool:optional(),
                    from = s.int:optional(), payload = s.json:optional() },
  reply = { [200] = s.object { id = s.string } },
}, function(ctx, body)
  local payload = body.payload and require("human.json").decode(body.payload) or {}
  local id
  ctx:tx(function(tx)
    for n = 1, body.count do
      payload.n = (body.from or 0) + n
      id = outbox.put(tx, "told", body.keys and "k" .. n % body.keys or nil, payload)
    end
    if body.locked then tx:query("select pg_advisory_xact_lock($1::int)", body.locked) end
    if body.fails then error "undone" end
  end)
  return 200, { id = id }
end)

return M
