-- host/lua/bus.lua -- messages to other workers and other hosts.
-- Inside a host: datagrams between workers.  Between hosts: PostgreSQL NOTIFY, which one worker of
-- each host receives and passes on.  A notification carries a topic and a few ids; the data itself is in a table,
-- since a notification may be lost while the database is away (the topic "bus.gap" follows) or when a worker dies
-- before it has sent one (so the topic "bus.look" comes every two seconds, for subscribers that must not miss any).
-- Any user of the database can notify anything: such messages reach scripts only, on the scripts' own topics
-- and in the shape that they declared.

local beyond = require "human.core.beyond"
local blame = require "human.core.blame"
local events = require "human.core.events"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local hosts = require "human.core.bus_hosts"
local pieces = require "human.core.bus_pieces"
local json = require "human.json"
local log = require "human.log"
local metrics = require "human.metrics"
local schema = require "human.schema"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local CHANNEL = hosts.CHANNEL
local PAYLOAD_MAX = 7000                         -- NOTIFY takes at most 8000 bytes
local TOPIC_MAX = 100
local QUIET_S = 10                               -- between two log lines about dropped messages
local GAP, LOOK = "bus.gap", "bus.look"
local LOOK_S = 2
-- The runtime's own topics, and prefixes of topics: scripts neither publish nor subscribe to them.  They may
-- subscribe to GAP and LOOK, which only the runtime publishes.
local RESERVED, PREFIX = { sio = true }, "bus."
local runtime = {}                               -- topic -> function, for modules of the runtime
local of_hosts = {}                              -- topic -> function: is it a valid message?
local channels = {}                              -- other channels -> function
local replaced = setmetatable({}, { __mode = "k" }) -- replaced generations that may still have tasks
local listening = false
local dropped, told_at = 0, nil

metrics.describe("human_bus_dropped_total", "Messages of the bus that were malformed or could not be handled")

local function is_reserved(topic) return RESERVED[topic] or topic:sub(1, #PREFIX) == PREFIX end

-- For calls by scripts.
local function check_topic(what, topic)
  if type(topic) ~= "string" or topic == "" or #topic > TOPIC_MAX then
    blame.refuse(("%s: the topic must be a text of 1 to %d bytes"):format(what, TOPIC_MAX))
  end
  if is_reserved(topic) then blame.refuse(("%s: the topic '%s' is the runtime's own"):format(what, topic)) end
end

-- Logs at most one line every QUIET_S.
local function drop(why, topic)
  metrics.add("human_bus_dropped_total", 1)
  dropped = dropped + 1
  if told_at and host.now() - told_at < QUIET_S then return end
  log.warn("bus: message dropped", { why = why, topic = topic and topic:sub(1, TOPIC_MAX), dropped = dropped })
  told_at, dropped = host.now(), 0
end

-- Subscribes, while scripts load: fn(payload, extra) runs as a task for each message on the topic.  shape
-- (optional, before fn): a schema; messages of another shape are dropped and logged.  extra: what the publisher
-- added for its own host (bus.publish).
function M.on(topic, shape, fn)
  local g = gen.building()
  if not g then error("bus.on: only while scripts are loading", 2) end
  if fn == nil then shape, fn = nil, shape end
  if topic ~= GAP and topic ~= LOOK then check_topic("bus.on", topic) end
  if type(fn) ~= "function" then error("bus.on: a function is needed", 2) end
  local list = g.bus[topic] or {}
  local listener = { fn = fn, read = shape and schema.reader(shape), gen = g }
  list[#list + 1] = listener
  g.bus[topic] = list
  return listener
end

-- The same for messages to running tasks, such as "stop": a replaced generation also receives them as long as
-- its tasks run.
function M.on_running(topic, shape, fn)
  M.on(topic, shape, fn).lasts = true
end

-- For the runtime: g is no longer in service.
function M.retire(g) replaced[g] = true end

-- The same for the runtime itself: called at once, not as a task; survives reloads.  On a topic that is not
-- reserved it receives whatever scripts and other users of the database publish.
function M.on_runtime(topic, fn) runtime[topic] = fn end

-- The same, also for messages from other hosts.  is(payload): whether it is a message of the topic.
function M.on_hosts(topic, is, fn) runtime[topic], of_hosts[topic] = fn, is end

-- For the runtime: notifications on another channel than ours, in the worker that listens.  fn(payload); nil:
-- listening has begun, or begun again.
function M.on_channel(name, fn)
  channels[name] = fn
  if listening then host.db_listen(name) end
end

local function run(label, topic, listener, payload, extra)
  local details
  if listener.read then
    payload, details = listener.read(payload == nil and json.null or payload)
    if details then return drop(details[1].path .. " " .. details[1].message, topic) end
  end
  sched.spawn_as({ label = label, gen = listener.gen }, listener.fn, payload, extra)
end

local function each(list, is_old, label, topic, payload, extra)
  for _, listener in ipairs(list or {}) do
    if not is_old or listener.lasts then run(label, topic, listener, payload, extra) end
  end
end

local function to_runtime(topic, payload)
  local ok, err = events.try(runtime[topic], payload)
  if not ok then log.error("bus: message of the runtime failed", { topic = topic, error = err }) end
end

local function deliver(topic, payload, extra)
  if runtime[topic] then to_runtime(topic, payload) end
  local g = gen.current()
  local list = g and g.bus[topic]
  if not list and not next(replaced) then return end
  local label = host.label("bus " .. topic)
  if sched.struck > 0 and host.is_struck(label) then return end
  if sched.is_full() then return drop("limits.tasks is reached", topic) end
  each(list, false, label, topic, payload, extra)
  for old in pairs(replaced) do each(old.bus[topic], true, label, topic, payload, extra) end
end

-- Errors do not matter: a sibling that is gone needs no messages.
local function to_siblings(topic, payload, extra)
  if host.workers() == 1 then return end
  local r = host.bus_send(-1, host.pack { topic, payload, extra })
  if r >= 0 or r == host.E.GONE then return end
  log.error("bus: message not sent", { topic = topic, error = host.error_name(r) })
end

local function send(topic, payload, extra)
  to_siblings(topic, payload, extra)
  deliver(topic, payload, extra)
end

-- Sends to all workers of this host, this one included.  payload: plain data.
function M.send(topic, payload)
  check_topic("bus.send", topic)
  send(topic, payload)
end

-- For the runtime: sends to the other workers of this host only, on a topic of on_runtime().
M.send_others = to_siblings

-- For the runtime: sends to all other workers of this host and of other hosts, on a topic of on_hosts().  Messages
-- of one worker arrive in the order in which they were sent, or not at all.
function M.tell_others(topic, payload)
  to_siblings(topic, payload)
  if hosts.is_alone() then return end
  for _, text in ipairs(pieces.cut(json.encode { topic, payload }, PAYLOAD_MAX)) do
    if not hosts.tell(text) then return drop("too many for other hosts", topic) end
  end
end

local function text_of(what, topic, payload)
  check_topic(what, topic)
  local text = json.encode { topic, payload }
  if #text > PAYLOAD_MAX then blame.refuse(("%s: payload of %s is too large"):format(what, topic)) end
  return text
end

-- Sends to all workers of all hosts: to those of this host at once, to the others within milliseconds, in batches.
-- Call it after the commit.  A message may be lost when the worker dies, so a subscriber that must not miss any also
-- polls (topic "bus.look").  payload: plain data, less than 7,000 bytes as JSON; extra (optional): plain data for
-- this host alone.
function M.publish(topic, payload, extra)
  local text = text_of("bus.publish", topic, payload)
  beyond "bus.publish"
  send(topic, payload, extra)
  if not hosts.tell(text) then drop("too many for other hosts", topic) end
end

-- Sends to all workers of all hosts on this database, when the transaction commits (or at once, for human.db).  No
-- message is lost while they listen, but each takes a lock that all writers of the server share: for rare events.
-- payload: plain data, less than 7,000 bytes as JSON.
function M.notify(db, topic, payload)
  local text = text_of("bus.notify", topic, payload)
  if db.lease then
    db:query("select pg_notify($1, $2)", CHANNEL, text)
  else
    db.query("select pg_notify($1, $2)", CHANNEL, text)
  end
end

-- Event handlers, set by boot.

-- A message of another worker, whose bus has already refused reserved topics to scripts.
function M.on_bus(_, _, _, data)
  local message = host.unpack(data)
  deliver(message[1], message[2], message[3])
end

-- {topic} or {topic, payload} of a notification; or nil and why it is malformed.
local function read_message(message)
  if not json.is_array(message) or #message > 2 then return nil, "is no list of a topic and a payload" end
  local topic = message[1]
  if type(topic) ~= "string" or topic == "" or #topic > TOPIC_MAX then return nil, "has no topic" end
  local is = of_hosts[topic]
  if is then
    if type(message[2]) ~= "table" or not is(message[2]) then return nil, "has another shape" end
  elseif is_reserved(topic) then
    return nil, "is on a topic of the runtime's own"
  end
  return message
end

local function pass_on(message)
  local read, why = read_message(message)
  if not read then return drop("a notification " .. why) end
  local payload = read[2]
  if payload == json.null then payload = nil end
  send(read[1], payload)
end

-- A message that was too long for one notification, once all of its pieces have arrived.
local function take_piece(piece)
  local text = pieces.join(piece)
  if not text then return end
  local message, err = json.decode(text)
  if err then return drop("a notification " .. err) end
  pass_on(message)
end

local function tell_alone(alone) to_siblings(hosts.ALONE, alone) end

runtime[hosts.ALONE] = hosts.set_alone

local OF_HOSTS = { [hosts.NEWS] = true, [hosts.HERE] = true, [hosts.HELLO] = true }

local function on_text(text)
  local message, err = json.decode(text)
  if err then return drop("a notification " .. err) end
  local ours = json.is_array(message) and type(message[1]) == "string" and OF_HOSTS[message[1]]
  if not ours then return pass_on(message) end
  local list, why = hosts.hear(message, tell_alone)
  if why then return drop("a notification " .. why) end
  for _, one in ipairs(list or {}) do
    if pieces.is(one) then take_piece(one) else pass_on(one) end
  end
end

-- Status 1: LISTEN has just begun, maybe again.  Notifications from before (while the database or the
-- listening worker was down) are lost, so subscribers read again from their positions.
function M.on_notify(status, _, _, data)
  local notification = data ~= "" and host.unpack(data) or {}
  local other = channels[notification.channel]
  if other then return other(status ~= 1 and notification.payload or nil) end
  if status ~= 1 then return on_text(notification.payload) end
  hosts.on_listening()
  tell_alone(false)
  send(GAP, {})
end

local function look()
  timer.start(LOOK_S, look)
  tell_alone(hosts.beat())
  send(LOOK, {})
end

-- Worker 0 listens for its host.  Notifications sent while its connection was down are lost, so the
-- topic "bus.gap" makes subscribers read again from their positions.
function M.on_database(up)
  if not up or listening or host.worker() ~= 0 then return end
  local r = host.db_listen(CHANNEL)
  listening = r >= 0
  if r < 0 then log.error("bus: cannot listen to the database", { error = host.error_name(r) }) end
  for name in pairs(channels) do host.db_listen(name) end
  if listening then timer.start(LOOK_S, look) end
end

return M
