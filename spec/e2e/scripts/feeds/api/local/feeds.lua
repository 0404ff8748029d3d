-- spec/e2e/scripts/feeds/api/local/feeds.lua -- lines that streams follow, rooms of WebSockets, runs with names.
-- VERSION is another number after each reload.
local api = require "human.api"
local db = require "human.db"
local feed = require "human.feed"
local json = require "human.json"
local s = require "human.schema"
local system = require "human.system"
local task = require "human.task"
local time = require "human.time"
local ws = require "human.ws"

local M = {}
local VERSION = 0
local g = api.group { tag = "Feeds", base = "/feeds", auth = false, shape = "agent" }

feed.define("e2e.lines", "api.local.feeds.read")

function M.read(room, after, limit)
  local rows = db.query([[select pos, text, at from e2e_lines where room = $1 and pos > $2::bigint
    order by pos limit $3::int]], room, after, limit)
  for i, row in ipairs(rows) do
    rows[i] = { id = row.pos, data = { text = row.text, at = row.at, version = VERSION } }
  end
  return rows
end

local function write(tx, room, text)
  local pos = tx:value([[insert into e2e_rooms values ($1, 1) on conflict (id) do update set last = e2e_rooms.last + 1
    returning last]], room)
  tx:exec("insert into e2e_lines values ($1, $2, $3, $4::float8)", room, pos, text, time.now_ms())
end

local function post(room, text)
  db.tx(function(tx)
    write(tx, room, text)
    feed.tell("e2e.lines", room)
  end)
end

local doing = {}

function doing.post(_, m) post(m.room, m.text) end
function doing.join(conn, m) conn:join(m.room) end
function doing.leave(conn, m) conn:leave(m.room) end
function doing.say(_, m) ws.to("/feeds/ws", m.room):send(m.text) end

-- Commits, and does not live to tell.
function doing.commit(_, m)
  db.tx(function(tx) write(tx, m.room, m.text) end)
  task.sleep(60)
end

local function run(conn, key)
  conn:send(json.encode { runs = key })
  local ok = pcall(task.sleep, 60)
  ws.to("/feeds/ws", "runs"):send(json.encode { ended = key, canceled = not ok })
end

function doing.run(conn, m)
  conn:after(task.spawn_named, m.key, run, conn, m.key)
  task.sleep(0.01)
  conn:send(json.encode { accepted = m.key })
end

function doing.kill(conn, m) conn:send(json.encode { found = task.kill_named(m.key) }) end

g:websocket("/ws", { summary = "Does what it is told" }, {
  on_open = function(conn) conn:send(json.encode { worker = system.health().worker }) end,
  on_message = function(conn, data)
    local m = json.decode(data)
    doing[m["do"]](conn, m)
    conn:send(json.encode { done = m.n })
  end,
})

g:post("/{room}", {
  summary = "A line", body = s.object { text = s.string { max = 100000 } }, reply = { [204] = false },
}, function(ctx, body)
  post(ctx.params.room, body.text)
  return 204
end)

g:stream("/{room}", { summary = "Follow" }, function(ctx)
  local out = ctx:stream()
  out:event("worker", tostring(system.health().worker))
  out:follow("e2e.lines", ctx.params.room)
end)

return M
