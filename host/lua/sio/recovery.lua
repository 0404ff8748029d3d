-- host/lua/sio/recovery.lua -- connection state recovery: what a client missed while it was away.
-- Each namespace of each worker keeps one bounded log of the events it sent, with their recipients.  A
-- client that reconnects names its private id and the last offset it saw; if both are known here, or
-- at another worker of this host, it gets its id, rooms, data and the events it missed.
-- At most once: events that are no longer in the log are not sent again, and the client starts fresh.
-- A socket recovers only what it may still have: one with another grant now is a new client.

local cluster = require "human.sio.cluster"
local engine = require "human.sio.engine"
local grants = require "human.http.grants"
local host = require "human.core.host"
local sio_id = require "human.sio.id"
local timer = require "human.core.timer"

local M = {}
local LOG_BYTES, LOG_ENTRIES = 8388608, 65536    -- per namespace and worker
local HANDOVER_BYTES = 65536                     -- missed events that may cross to another worker

-- Reasons after which a client may come back, as opposed to deliberate disconnects.
local RECOVERABLE = {
  ["transport close"] = true, ["transport error"] = true, ["ping timeout"] = true,
  ["server shutting down"] = true,
}

--- The log of a namespace whose clients may stay away for `seconds`; false for 0.
function M.log(seconds)
  if seconds <= 0 then return false end
  return { seconds = seconds, first = 1, last = 0, bytes = 0, count = 0, index = {}, entries = {},
           away = {}, n_away = 0, live = {} }
end

--- A new offset: unique among all workers of this host, past ones included, since clients may still name their
--- offsets elsewhere.
function M.offset(log)
  log.count = log.count + 1
  return ("%s.%x"):format(cluster.instance(), log.count)
end

local function trim(log)
  local old = host.now() - log.seconds
  while log.first <= log.last do
    local e = log.entries[log.first]
    if e.at >= old and log.bytes <= LOG_BYTES and log.last - log.first < LOG_ENTRIES then return end
    log.entries[log.first] = nil
    if log.index[e.offset] == log.first then log.index[e.offset] = nil end
    log.bytes = log.bytes - e.size
    log.first = log.first + 1
  end
end

local function size_of(packet, parts)
  local size = 160 + (packet and #packet or 0)
  for i = 1, parts and #parts or 0 do size = size + #parts[i] end
  return size
end

--- Logs an event.  to: the id of its only recipient, or nil with rooms (array, nil: all) and except; name: under which
--- M.replace finds it, or nil.
function M.note(log, offset, packet, parts, to, rooms, except, name)
  local size, last = size_of(packet, parts), log.last + 1
  log.entries[last] = { offset = offset, packet = packet, parts = parts, to = to, rooms = rooms,
                        except = except, name = name, at = host.now(), size = size }
  log.last, log.bytes, log.index[offset] = last, log.bytes + size, last
  trim(log)
end

--- Gives the events of a name another content: encode(offset) -> packet, parts.  Returns how many there were.
function M.replace(log, name, encode)
  local n = 0
  for i = log.first, log.last do
    local e = log.entries[i]
    if e.name == name then
      e.packet, e.parts = encode(e.offset)
      local size = size_of(e.packet, e.parts)
      log.bytes, e.size, n = log.bytes - e.size + size, size, n + 1
    end
  end
  return n
end

-- Adds an offset of another worker, so that the client may name it here next time.
local function adopt_offset(log, offset)
  if not log.index[offset] then M.note(log, offset, "", nil, false) end
end

local function in_any(rooms, names, id)
  for i = 1, #names do
    if rooms[names[i]] or names[i] == id then return true end
  end
  return false
end

local function concerns(entry, record)
  if entry.to ~= nil then return entry.to == record.id end
  if entry.except and in_any(record.rooms, entry.except, record.id) then return false end
  return not entry.rooms or in_any(record.rooms, entry.rooms, record.id)
end

-- The events after entry `from` for this client; nil if they exceed max_bytes: its queue could not hold them, so
-- every attempt to reconnect would disconnect it.
local function missed_since(log, from, record, max_bytes)
  local missed, bytes = {}, 0
  for i = from + 1, log.last do
    local e = log.entries[i]
    if concerns(e, record) then
      missed[#missed + 1] = { packet = e.packet, parts = e.parts, offset = e.offset }
      bytes = bytes + e.size
    end
    if bytes > max_bytes then return nil end
  end
  return missed
end

local function forget(record)
  local log = record.log
  if log.away[record.pid] ~= record then return end
  log.away[record.pid] = nil
  log.n_away = log.n_away - 1
  timer.cancel(record.timer)
end

--- Remembers a socket that was disconnected for `reason`.  rooms: set of names; grant: from grants.
function M.keep(log, socket, rooms, reason, max, grant)
  if not log or not socket.pid then return end
  log.live[socket.pid] = nil
  if not RECOVERABLE[reason] or log.n_away >= max then return end
  local record = { log = log, pid = socket.pid, id = socket.id, rooms = rooms,
                   data = rawget(socket, "data"), grant = grant }
  log.away[record.pid] = record
  log.n_away = log.n_away + 1
  record.timer = timer.start(log.seconds, forget, record)
end

-- The record of a private id here, and the events it missed; a client may be back before we notice that it left.
local function take_here(log, pid, offset, max_bytes)
  local zombie = log.live[pid]
  if zombie and zombie.session then zombie.session:fail "transport close" end
  local record = log.away[pid]
  if not record then return nil end
  forget(record)
  trim(log)
  local from = log.index[offset]
  if not from then return nil end
  local missed = missed_since(log, from, record, max_bytes)
  return missed and record, missed
end

cluster.on("recover", function(question)
  local rt = engine.runtimes()[question.path]
  local nsp = rt and rt.namespaces[question.nsp]
  if not nsp or not nsp.log then return nil end
  local record, missed = take_here(nsp.log, question.pid, question.offset, LOG_BYTES)
  if not record then return nil end
  local answer = { id = record.id, rooms = record.rooms, data = record.data, grant = record.grant, missed = missed }
  local ok, blob = pcall(host.pack, answer)
  return ok and #blob <= HANDOVER_BYTES and answer or nil
end)

local function take_elsewhere(nsp, pid, offset)
  if cluster.alone() then return nil end
  local record = cluster.ask("recover", { path = nsp.rt.key, nsp = nsp.name, pid = pid,
                                          offset = offset })[1]
  if not record then return nil end
  adopt_offset(nsp.log, offset)
  for _, e in ipairs(record.missed) do adopt_offset(nsp.log, e.offset) end
  return record, record.missed
end

--- Restores the state that `auth` names in a connecting socket.  Awaits if it must ask other workers.
--- Returns the missed events, or nil: it is a new socket.
function M.restore(nsp, socket, auth)
  local pid, offset = auth.pid, auth.offset
  if type(pid) ~= "string" or type(offset) ~= "string" or #pid > 64 or #offset > 64 then return nil end
  local record, missed = take_here(nsp.log, pid, offset, socket.session.conf.max_buffer / 2)
  if not record then record, missed = take_elsewhere(nsp, pid, offset) end
  if not record or not socket.session then return nil end
  socket.pid, socket.id, socket.recovered, socket.granted = pid, record.id, true, record.grant
  if record.data then socket.data = record.data end
  for name in pairs(record.rooms) do socket:join(name) end
  return missed
end

local function holds(actor, other)
  for name, value in pairs(actor) do
    if other[name] ~= value then return false end
  end
  return true
end

local function is_same(a, b)
  if not a or not b then return a == b end
  return a.authority == b.authority and holds(a.actor, b.actor) and holds(b.actor, a.actor)
end

--- True if a recovered and admitted socket has another grant than before.  Then this resets it to a new socket, in no
--- room, to be admitted again: a client with another key must not get what the old key could see.
function M.part(socket)
  if is_same(rawget(socket, "granted"), grants.of(socket)) then return false end
  grants.drop(socket)
  local names = {}
  for name in pairs(socket.rooms or {}) do names[#names + 1] = name end
  for _, name in ipairs(names) do socket:leave(name) end
  socket.pid, socket.recovered, socket.granted, socket.data = nil, nil, nil, nil
  socket.id = sio_id.random()
  return true
end

--- The private id of a socket that is being admitted.
function M.admit(log, socket)
  socket.pid = rawget(socket, "pid") or sio_id.random()
  log.live[socket.pid] = socket
  return socket.pid
end

return M
