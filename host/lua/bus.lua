-- host/lua/bus.lua -- telling other workers and other hosts.
-- Inside a host: datagrams between workers.  Between hosts: PostgreSQL NOTIFY, which one worker of
-- each host hears and passes on.  A notification carries a topic and a few ids; what it is about
-- stands in a table, since it may be lost while the database is away (then topic "bus.gap" comes).

local gen = require "human.gen"
local host = require "human.host"
local json = require "human.json"
local log = require "human.log"
local sched = require "human.sched"

local M = {}
local CHANNEL = "human"
local PAYLOAD_MAX = 7000                         -- NOTIFY takes at most 8000 bytes
local runtime = {}                               -- topic -> function, for modules of the runtime
local listening = false

-- Declare, while scripts load: fn(payload) is run as a task for each message on the topic.
function M.on(topic, fn)
  local g = gen.building()
  if not g then error("bus.on: only while scripts are loading", 2) end
  local list = g.bus[topic] or {}
  list[#list + 1] = fn
  g.bus[topic] = list
end

-- The same for the runtime itself: called at once, not as a task; survives reloads.
function M.on_runtime(topic, fn) runtime[topic] = fn end

local function deliver(topic, payload)
  if runtime[topic] then runtime[topic](payload) end
  local g = gen.current()
  local list = g and g.bus[topic]
  if not list then return end
  local label = host.label("bus " .. topic)
  if sched.struck > 0 and host.is_struck(label) then return end
  if sched.is_full() then
    return log.error("bus: message dropped, limits.tasks is reached", { topic = topic })
  end
  for _, fn in ipairs(list) do sched.spawn_as({ label = label }, fn, payload) end
end

local function to_siblings(topic, payload)
  if host.workers() == 1 then return end
  local r = host.bus_send(-1, host.pack { topic, payload })
  if r < 0 then log.error("bus: message not sent", { topic = topic, error = host.error_name(r) }) end
end

-- All workers of this host, this one included.  payload: plain data.
function M.send(topic, payload)
  to_siblings(topic, payload)
  deliver(topic, payload)
end

-- Only the other workers of this host.
M.send_others = to_siblings

-- All workers of all hosts on this database, when the transaction commits (or at once, for human.db).
-- payload: plain data, less than 7,000 bytes as JSON.
function M.notify(db, topic, payload)
  local text = json.encode { topic, payload }
  if #text > PAYLOAD_MAX then error("bus.notify: payload of " .. topic .. " is too large", 2) end
  if db.lease then
    db:query("select pg_notify($1, $2)", CHANNEL, text)
  else
    db.query("select pg_notify($1, $2)", CHANNEL, text)
  end
end

-- Event handlers, set by boot.

function M.on_bus(_, _, _, data)
  local message = host.unpack(data)
  deliver(message[1], message[2])
end

-- Status 1: listening has just begun, or begun again.  What was notified before (while the database
-- or the worker that listened was away) is lost, so subscribers read again from where they were.
function M.on_notify(status, _, _, data)
  if status == 1 then return M.send("bus.gap", {}) end
  local message = json.decode(host.unpack(data).payload)
  if type(message) ~= "table" or type(message[1]) ~= "string" then return end
  M.send(message[1], message[2])
end

-- Worker 0 listens for its host.  Whatever was notified while the connection was away is lost, hence
-- the topic "bus.gap": subscribers read again from where they were.
function M.on_database(up)
  if not up or listening or host.worker() ~= 0 then return end
  listening = true
  host.db_listen(CHANNEL)
end

return M
