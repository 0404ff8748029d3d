-- host/lua/sio/namespace.lua -- namespaces and broadcasting, here and on the other workers of this host.
-- A namespace belongs to the runtime, not to a generation of scripts: its sockets and rooms stay
-- through reloads.  io:of("/") is one; :to() and :except() make a narrower target of it.

local beyond = require "human.core.beyond"
local binary = require "socketio.binary"
local cluster = require "human.sio.cluster"
local encode = require "human.sio.encode"
local engine = require "human.sio.engine"
local gen = require "human.scripts.generation"
local host = require "human.core.host"
local recovery = require "human.sio.recovery"
local room = require "human.sio.room"

local M = {}
local ASK_MAX_MS = 50000       -- for a broadcast that awaits answers
local Namespace, Target = {}, {}
local namespace_mt, target_mt = { __index = Namespace }, { __index = Target }

-- Declarations -------------------------------------------------------------------------------------

--- The server that the current generation of scripts declares at `path`, or nil.
function M.server(path)
  local g = gen.current()
  local list = g and g.sio or {}
  for i = 1, #list do
    if list[i].conf.path == path then return list[i] end
  end
end

--- The current generation's handlers for this namespace, and its bundle's hash; or nil.
function M.declared(nsp)
  local server = M.server(nsp.rt.path)
  if server then return server.namespaces[nsp.parent or nsp.name], server.gen end
end

--- Applies the current generation's recovery settings.  Returns the log or false.
local function log_of(nsp)
  local server = M.server(nsp.rt.path)
  local seconds = server and server.conf.recovery_s or 0
  local log = nsp.log
  if log == nil or (log and log.seconds or 0) ~= seconds then
    if log and seconds > 0 then log.seconds = seconds else nsp.log = recovery.log(seconds) end
  end
  return nsp.log
end
M.log_of = log_of

--- A namespace; parent: the key of its declaration, for dynamic ones (sio/dynamic).
function M.make(rt, name, parent)
  return setmetatable({
    name = name, rt = rt, head = name == "/" and "" or name .. ",", sockets_by_id = {},
    all = room.new(), rooms = {}, ack_seq = 0, prefixes = {}, n_prefixes = 0, parent = parent,
    title = parent or name, users = parent and 0,
  }, namespace_mt)
end

--- The namespace `name` of a runtime; created on first use.
function M.get(rt, name)
  local nsp = rt.namespaces[name] or M.make(rt, name)
  rt.namespaces[name] = nsp
  return nsp
end

-- Local delivery -------------------------------------------------------------------------------------

local function collect(set, list, n, source)
  for i = 1, source.n do
    local socket = source[i]
    if socket.at and not set[socket] then
      set[socket] = true
      n = n + 1
      list[n] = socket
    end
  end
  return n
end

-- Adds the sockets in `names` (rooms or socket ids) that are not in `set` yet.
local function gather(nsp, names, set, list, n)
  for i = 1, #names do
    local source, socket = nsp.rooms[names[i]], nsp.sockets_by_id[names[i]]
    if source then n = collect(set, list, n, source) end
    if socket and not set[socket] then
      set[socket] = true
      n = n + 1
      list[n] = socket
    end
  end
  return n
end

-- The connected sockets of a target: an array and its length.
local function select_sockets(nsp, rooms, except)
  local set, list, n = {}, {}, 0
  if except then gather(nsp, except, set, {}, 0) end
  if rooms then return list, gather(nsp, rooms, set, list, n) end
  return list, collect(set, list, n, nsp.all)
end

M.select_sockets = select_sockets

local function deliver(nsp, rooms, except, packet, parts, offset, is_volatile, name)
  if offset and log_of(nsp) then
    recovery.note(nsp.log, offset, packet, parts, nil, rooms, except, name)
  end
  local send = is_volatile and room.send_volatile or room.send
  if not except and not rooms then return send(nsp.all, packet, parts) end
  if not except and #rooms == 1 and not nsp.sockets_by_id[rooms[1]] then
    local only = nsp.rooms[rooms[1]]
    return only and send(only, packet, parts)
  end
  local list, n = select_sockets(nsp, rooms, except)
  room.send_some(list, n, packet, parts, is_volatile)
end

local function disconnect(nsp, rooms, except, close)
  local list, n = select_sockets(nsp, rooms, except)
  for i = 1, n do list[i]:disconnect(close) end
end

-- Across workers -------------------------------------------------------------------------------------

local function known(message)
  local rt = engine.runtimes()[message.path]
  return rt and rt.namespaces[message.nsp]
end

local function tell(kind, nsp, message)
  message.path, message.nsp = nsp.rt.key, nsp.name
  cluster.tell(kind, message)
end

cluster.on("emit", function(m)
  local nsp = known(m)
  if nsp then deliver(nsp, m.rooms, m.except, m.packet, m.parts, m.offset, m.volatile, m.name) end
end)

cluster.on("disconnect", function(m)
  local nsp = known(m)
  if nsp then disconnect(nsp, m.rooms, m.except, m.close) end
end)

cluster.on("count", function(m)
  local nsp = known(m)
  return nsp and nsp:count(m.room) or 0
end)

-- t: a target, or a namespace, which has none of a target's fields.
local function emit(nsp, t, everywhere, event, ...)
  beyond "emit"
  local log = not t.is_volatile and log_of(nsp)
  local offset = log and recovery.offset(log) or nil
  local packet, parts = encode.event(nsp, nil, offset, event, ...)
  if packet and not host.utf8_ok(packet) then
    error("emit: a text is not UTF-8; wrap bytes in sio.binary()", 3)
  end
  deliver(nsp, t.only, t.without, packet, parts, offset, t.is_volatile, t.label)
  if everywhere and not cluster.alone() then
    tell("emit", nsp, { rooms = t.only, except = t.without, packet = packet, parts = parts,
                        offset = offset, volatile = t.is_volatile, name = t.label })
  end
end

local function disconnect_everywhere(nsp, rooms, except, close)
  disconnect(nsp, rooms, except, close)
  if not cluster.alone() then
    tell("disconnect", nsp, { rooms = rooms, except = except, close = close and true or false })
  end
end

-- Targets --------------------------------------------------------------------------------------------

local function with(list, name)
  if type(name) ~= "string" then error("room: expected a string, got " .. type(name), 3) end
  local out = { name }
  for i = 1, list and #list or 0 do out[i + 1] = list[i] end
  return out
end

local function target(nsp, only, without, is_volatile, label)
  return setmetatable({ nsp = nsp, only = only, without = without, is_volatile = is_volatile, label = label },
    target_mt)
end
M.target = target

--- The sockets in `name` (a room or a socket's id); repeated: in any of them.
function Target:to(name) return target(self.nsp, with(self.only, name), self.without, self.is_volatile, self.label) end

--- But not those in `name`.
function Target:except(name)
  return target(self.nsp, self.only, with(self.without, name), self.is_volatile, self.label)
end

--- Events are not kept for a client that is not ready for them: one that has not read its earlier messages,
--- or is between two polls, misses them, and so does one that reconnects later.
function Target:volatile() return target(self.nsp, self.only, self.without, true) end

--- Their events are kept under `name` for clients that reconnect, so that namespace:replace can change them.
function Target:named(name) return target(self.nsp, self.only, self.without, self.is_volatile, name) end

--- Sends an event to them on all workers of this host.
function Target:emit(event, ...) emit(self.nsp, self, true, event, ...) end

--- The same for the sockets of this worker only.
function Target:local_emit(event, ...) emit(self.nsp, self, false, event, ...) end

--- Disconnects them on all workers; close: end their transports as well.
function Target:disconnect_sockets(close)
  disconnect_everywhere(self.nsp, self.only, self.without, close)
end

--- An array of them, of this worker only.
function Target:sockets() return (select_sockets(self.nsp, self.only, self.without)) end

--- An array of them on all workers of all hosts on this database, each {id, rooms, data, worker, host}; data
--- larger than 4 KB is left out.  Awaits, at most timeout_s (2).  After a timeout, or with more than 1,000 sockets
--- on a worker, the array is incomplete and followed by "timeout" or "too many".
function Target:fetch_sockets(timeout_s)
  return require("human.sio.gather").sockets(self.nsp, self.only, self.without, timeout_s)
end

local Ask = {}
local ask_mt = { __index = Ask }

--- target:timeout(ms):emit_with_ack(event, …) sends them an event, on all workers of all hosts on this database, and
--- awaits their answers: an array of each one's first argument.  If some are missing, the array has the others, and is
--- followed by "timeout", "disconnected" or "too many".
function Target:timeout(ms)
  if type(ms) ~= "number" or ms < 1 or ms > ASK_MAX_MS then
    error("timeout: expected milliseconds, from 1 to " .. ASK_MAX_MS, 2)
  end
  return setmetatable({ target = self, timeout_s = ms / 1000 }, ask_mt)
end

function Ask:emit_with_ack(event, ...)
  local t = self.target
  return require("human.sio.gather").ask(t.nsp or t, t.only, t.without, self.timeout_s, event, ...)
end

--- As for a target; without to() or except() all sockets of the namespace are meant.
function Namespace:to(name) return target(self, with(nil, name)) end
function Namespace:except(name) return target(self, nil, with(nil, name)) end
function Namespace:volatile() return target(self, nil, nil, true) end
function Namespace:named(name) return target(self, nil, nil, nil, name) end
function Namespace:emit(event, ...) emit(self, self, true, event, ...) end
function Namespace:local_emit(event, ...) emit(self, self, false, event, ...) end
function Namespace:disconnect_sockets(close) disconnect_everywhere(self, nil, nil, close) end
function Namespace:sockets() return (select_sockets(self)) end
function Namespace:fetch_sockets(timeout_s) return target(self):fetch_sockets(timeout_s) end
function Namespace:timeout(ms) return target(self):timeout(ms) end

--- What this worker keeps under a name (target:named) for clients that reconnect becomes this event: what was taken
--- back must not be sent again.  Returns how many events there were.
function Namespace:replace(name, event, ...)
  if not log_of(self) then return 0 end
  local n, args = select("#", ...), { ... }
  return recovery.replace(self.log, name, function(offset)
    return encode.event(self, nil, offset, event, unpack(args, 1, n))
  end)
end

--- How many sockets of this worker are in a room (nil: in the namespace).
function Namespace:count(name)
  if name == nil then return self.all.n end
  local found = self.rooms[name]
  return found and found.n or 0
end

--- The same over all workers of this host.  Awaits their answers, at most a second.
function Namespace:count_all(name)
  local n = self:count(name)
  if cluster.alone() then return n end
  for _, more in ipairs(cluster.ask("count", { path = self.rt.key, nsp = self.name, room = name })) do
    n = n + more
  end
  return n
end

M.binary = binary.new

return M
