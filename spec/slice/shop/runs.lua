-- spec/slice/shop/runs.lua -- runs that say a text word by word, in time, whatever becomes of workers meanwhile.
-- A run is a row of the queue, so another worker goes on where one died; what it says are rows that a feed reads;
-- and it is a task with a name, so that it can be ended from anywhere.
local db = require "human.db"
local feed = require "human.feed"
local json = require "human.json"
local queue = require "human.queue"
local rpc = require "human.rpc"
local task = require "human.task"
local time = require "human.time"
local version = require "shop.version"

local M = {}
local SOCKET, PACE_MS = "/shop/ws", 40
local STATE = { done = "done", aborted = "aborted" } -- the last event of a run says how it ended

feed.define("shop.run", "shop.runs.read")
queue.define("shop.run", "shop.runs.work", { lease_s = 5 })

function M.read(run_id, after, limit)
  return db.query("select n as id, event, data from shop_events where run_id = $1 and n > $2 order by n limit $3",
    run_id, after, limit)
end

local function name_of(run_id) return "run " .. run_id end

-- The next event of a run that goes on, in tx: its number, or nil.  The row of the run keeps numbers in order.
local function put(tx, run_id, event, data)
  local run = tx:query([[update shop_runs set last = last + 1, state = coalesce($2, state)
    where id = $1 and state = 'running' returning last, owner_id]], run_id, STATE[event])[1]
  if not run then return nil end
  data.version = version.number
  tx:exec("insert into shop_events values ($1, $2, $3, $4)", run_id, run.last, event, json.encode(data))
  feed.tell("shop.run", run_id)
  tx:after_commit(function()
    data.run_id, data.n, data.event = run_id, run.last, event
    rpc.to(SOCKET, run.owner_id):event("chat.event", data)
  end)
  return run.last
end

local function say(row)
  local run = db.row("select message, last from shop_runs where id = $1", row.key)
  local words, due_at = {}, time.now_ms()
  for word in run.message:gmatch "%S+" do words[#words + 1] = word end
  for n = run.last + 1, #words + 1 do
    due_at = due_at + PACE_MS
    task.sleep(math.max(due_at - time.now_ms(), 0) / 1000)
    local goes_on = db.tx(function(tx)
      if words[n] then return put(tx, row.key, "chunk", { text = words[n], due_at = due_at }) end
      put(tx, row.key, "done", { due_at = due_at })
      row:done(tx)
    end)
    if not goes_on then return end
  end
end

function M.work(row)
  if db.value("select state from shop_runs where id = $1", row.key) ~= "running" then return end
  row:retry_in(1, "cut short")                   -- unless say() comes to its end
  task.spawn_named(name_of(row.key), say, row)
end

--- Begins a run.  The customer names it, so that saying it twice begins one.
function M.start(owner_id, run_id, message)
  db.tx(function(tx)
    local is_new = tx:exec([[insert into shop_runs (id, owner_id, message) values ($1, $2, $3)
      on conflict do nothing]], run_id, owner_id, message) == 1
    if is_new then queue.add(tx, "shop.run", run_id) end
  end)
end

--- A run of this customer: {state, last}.
function M.get(owner_id, run_id)
  return db.must("run_not_found", "select state, last from shop_runs where id = $1 and owner_id = $2", run_id, owner_id)
end

--- What it said after event number `after`.
function M.since(run_id, after)
  local events = {}
  for i, row in ipairs(M.read(run_id, after, 1000)) do
    events[i] = json.decode(row.data)
    events[i].run_id, events[i].n, events[i].event = run_id, row.id, row.event
  end
  return events
end

--- Ends it, wherever it runs; nothing follows its event "aborted".
function M.abort(run_id)
  db.tx(function(tx) put(tx, run_id, "aborted", { due_at = time.now_ms() }) end)
  task.kill_named(name_of(run_id))
end

return M
