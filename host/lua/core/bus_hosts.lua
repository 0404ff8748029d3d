-- host/lua/core/bus_hosts.lua -- messages to the other hosts on this database: in batches, and only if there are any.
-- pg_notify holds a server-wide lock until its transaction ends, so it must not run in a transaction
-- that writes.  A worker collects messages for a moment and sends them as one notification of its own.
-- Hosts know each other from announcements of each one's worker 0, when it begins to listen and every few seconds; one
-- that does not hear itself cannot hear others either, and sends everything.  Subscribers find lost messages (a worker
-- that died, a full outbox) by polling: human.bus publishes "bus.look" on every host.

local db = require "human.db"
local host = require "human.core.host"
local json = require "human.json"
local log = require "human.log"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}

local BATCH_S = 0.005                            -- how long messages are collected
local BATCH_BYTES = 7000                         -- NOTIFY takes at most 8000
local OUTBOX_MAX = 10000
local HERE_S = 5                                 -- between a host's announcements
local GONE_S = 3 * HERE_S                        -- a host not heard for this long is gone
local HOSTS_MAX = 256
local ME = host.native.instance or "host"

local outbox, n_outbox, sending = {}, 0, false
local heard, n_heard = {}, 0                     -- instance -> when, including ourselves; kept by worker 0
local listening_since
local alone = false                              -- according to worker 0

M.CHANNEL, M.NEWS, M.HERE, M.HELLO, M.ALONE = "human", "bus.news", "bus.here", "bus.hello", "bus.alone"

local function notify(text) db.query("select pg_notify($1, $2)", M.CHANNEL, text) end

-- Sending -----------------------------------------------------------------------------------------

-- Packs the texts in `list` into as few notifications as possible.
local function batches(list)
  local out, head = {}, "[" .. json.encode(M.NEWS) .. "," .. json.encode(ME) .. ",["
  local from, bytes = 1, #head
  for i, text in ipairs(list) do
    if i > from and bytes + #text + 3 > BATCH_BYTES + #head then
      out[#out + 1] = head .. table.concat(list, ",", from, i - 1) .. "]]"
      from, bytes = i, #head
    end
    bytes = bytes + #text + 1
  end
  out[#out + 1] = head .. table.concat(list, ",", from) .. "]]"
  return out
end

local function send()
  while n_outbox > 0 do
    local list = outbox
    outbox, n_outbox = {}, 0
    for _, text in ipairs(batches(list)) do
      local ok, err = pcall(notify, text)
      if err == sched.Canceled then return end
      if not ok then log.warn("bus: other hosts were not told", { error = tostring(err) }) end
    end
    if n_outbox > 0 then sched.sleep(BATCH_S) end
  end
end

local function flush() sched.spawn_as({ on_finish = function() sending = false end, gen = false }, send) end

-- Queues a message, as JSON.  False: the outbox is full.
function M.tell(text)
  if alone then return true end
  if n_outbox == OUTBOX_MAX then return false end
  n_outbox = n_outbox + 1
  outbox[n_outbox] = text
  if not sending then
    sending = true
    timer.start(BATCH_S, flush)
  end
  return true
end

-- Other hosts ------------------------------------------------------------------------------

local function say(word)
  local ok, err = pcall(notify, json.encode { word, ME })
  if not ok and err ~= sched.Canceled then log.warn("bus: this host was not announced", { error = tostring(err) }) end
end

local function meet(instance)
  if not heard[instance] then
    if n_heard >= HOSTS_MAX then return end
    n_heard = n_heard + 1
  end
  heard[instance] = host.now()
end

local function forget_gone(now)
  for instance, at in pairs(heard) do
    if now - at > GONE_S then heard[instance], n_heard = nil, n_heard - 1 end
  end
end

-- Whether there is no other host: we have listened long enough to know, and hear ourselves.
local function is_alone(now)
  return listening_since ~= nil and now - listening_since > GONE_S and n_heard == 1 and heard[ME] ~= nil
end

--- Called by worker 0 regularly.  Returns whether this host is alone, for its other workers.
function M.beat()
  local now = host.now()
  forget_gone(now)
  alone = is_alone(now)
  if not M.said_at or now - M.said_at >= HERE_S then
    M.said_at = now
    sched.spawn(say, M.HERE)
  end
  return alone
end

--- Whether there is no other host to send to.
function M.is_alone() return alone end

--- Sets the result of worker 0.
function M.set_alone(value) alone = value == true end

--- Worker 0: LISTEN has begun, maybe again.
function M.on_listening()
  listening_since, alone = host.now(), false
  sched.spawn(say, M.HELLO)
end

--- Reads a notification of the runtime: its list of messages ({topic, payload}), or nil; or nil and why it is
--- malformed.  Calls tell_siblings(alone) when that has changed.
function M.hear(message, tell_siblings)
  local what, from, list = message[1], message[2], message[3]
  if type(from) ~= "string" or from == "" or #from > 64 then return nil, "names no host" end
  local was = n_heard
  meet(from)
  if alone and n_heard > was then
    alone = false
    tell_siblings(false)
  end
  if what == M.HELLO and from ~= ME then sched.spawn(say, M.HERE) end
  if what ~= M.NEWS or from == ME then return nil end
  if not json.is_array(list) then return nil, "has no list of news" end
  return list
end

return M
