-- host/lua/sio/hosts.lua -- Socket.IO questions between hosts on one database, over NOTIFY.
-- Worker 0 speaks for its host.  Hosts know each other from messages when they begin to listen and from answers,
-- so nothing is sent without a question; a host that does not answer is forgotten until its next message.
-- A message is MessagePack in base64 (and so are its payload and answers), in pieces, since a notification has
-- 8,000 bytes at most.  Any user of the database can notify anything: no part of a message is trusted before it
-- is checked.

local bus = require "human.bus"
local db = require "human.db"
local encode = require "human.sio.encode"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local CHANNEL = "human_sio"
local PIECE = 5000             -- bytes of a message in one notification
local PIECES_MAX = 60
local ARRIVING_MAX, ARRIVING_S = 64, 10          -- incomplete messages
local HOSTS_MAX = 256
local TIMEOUT_MAX_S = 60
local ME = host.native.instance or "host"
local known, n_known = {}, 0   -- instance -> true
local arriving, n_arriving = {}, 0
local asking, last_id, last_message = {}, 0, 0

-- Sending ----------------------------------------------------------------------------------------

local function send(message)
  message.from = ME
  local text = encode.pack(message)
  local n = math.ceil(#text / PIECE)
  if n > PIECES_MAX then return false end
  last_message = last_message + 1
  for i = 1, n do
    local piece = host.base64(text:sub((i - 1) * PIECE + 1, i * PIECE))
    db.query("select pg_notify($1, $2)", CHANNEL, ("%s %d %d/%d %s"):format(ME, last_message, i, n, piece))
  end
  return true
end

local function try_send(message)
  local ok, sent = pcall(send, message)
  if not ok then log.warn("socket.io: other hosts were not told", { error = tostring(sent) }) end
  return ok and sent
end

-- Questions -----------------------------------------------------------------------------------------

-- Answers may arrive while the pieces of the question are still being sent.
local function finish(waiter)
  if waiter.done then return end
  waiter.done = true
  if waiter.waiting then sched.wake(waiter.task) end
end

local function wait(waiter, timeout_s)
  if waiter.done then return end
  waiter.waiting = true
  local alarm = timer.start(timeout_s, finish, waiter)
  local ok, err = pcall(sched.suspend)
  waiter.done = true
  timer.cancel(alarm)
  if not ok then error(err, 0) end
end

local function forget(instance)
  if not known[instance] then return end
  known[instance], n_known = nil, n_known - 1
end

--- Asks the known hosts.  Awaits; returns an array of the answers of all their workers, and whether it is
--- complete.
function M.ask(kind, payload, timeout_s)
  if n_known == 0 then return {}, true end
  last_id = last_id + 1
  local id = last_id
  local waiter = { task = sched.current(), left = {}, n = n_known, answers = {}, complete = true }
  for instance in pairs(known) do waiter.left[instance] = true end
  asking[id] = waiter
  if not try_send { what = "ask", id = id, kind = kind, payload = host.base64(payload), timeout_s = timeout_s } then
    asking[id] = nil
    return {}, false
  end
  local ok, err = pcall(wait, waiter, timeout_s)
  asking[id] = nil
  if not ok then error(err, 0) end
  for instance in pairs(waiter.left) do forget(instance) end
  return waiter.answers, waiter.complete and next(waiter.left) == nil
end

-- Receiving ----------------------------------------------------------------------------------------

local function meet(instance)
  if known[instance] or n_known >= HOSTS_MAX then return end
  known[instance], n_known = true, n_known + 1
end

local function is_text(v) return type(v) == "string" end

local function answer(message)
  local cluster = require "human.sio.cluster"
  local payload = host.unbase64(message.payload)
  local ok, answers, complete = pcall(cluster.gather_here, message.kind, payload or "", message.timeout_s)
  local reply = { what = "answer", to = message.from, id = message.id, complete = ok and complete or false,
                  answers = {} }
  for i, text in ipairs(ok and answers or {}) do reply.answers[i] = host.base64(text) end
  if try_send(reply) then return end
  reply.answers, reply.complete = {}, false -- it was too large
  try_send(reply)
end

local HEARD = {}

function HEARD.hello(message)
  meet(message.from)
  sched.spawn(try_send, { what = "here" })
end

function HEARD.here(message) meet(message.from) end

function HEARD.bye(message) forget(message.from) end

function HEARD.ask(message)
  meet(message.from)
  local s = message.timeout_s
  local ok = (message.kind == "sockets" or message.kind == "ack") and is_text(message.payload)
    and type(message.id) == "number" and type(s) == "number" and s > 0 and s <= TIMEOUT_MAX_S
  if ok and not sched.is_full() then sched.spawn(answer, message) end
end

function HEARD.answer(message)
  local waiter = message.to == ME and asking[message.id]
  if not waiter or not waiter.left[message.from] or type(message.answers) ~= "table" then return end
  waiter.left[message.from] = nil
  for _, text in ipairs(message.answers) do
    waiter.answers[#waiter.answers + 1] = is_text(text) and host.unbase64(text) or ""
  end
  if message.complete ~= true then waiter.complete = false end
  waiter.n = waiter.n - 1
  if waiter.n == 0 then finish(waiter) end
end

local function hear(text)
  local message = encode.unpack_value(text)
  if type(message) ~= "table" or not is_text(message.from) or message.from == ME or #message.from > 64 then return end
  local fn = is_text(message.what) and HEARD[message.what]
  if fn then fn(message) end
end

local function drop_old()
  local now = host.now()
  for key, one in pairs(arriving) do
    if now - one.at > ARRIVING_S then arriving[key], n_arriving = nil, n_arriving - 1 end
  end
end

local function take_piece(key, i, n, piece)
  local one = arriving[key]
  if not one then
    if n_arriving >= ARRIVING_MAX then drop_old() end
    if n_arriving >= ARRIVING_MAX then return end
    one = { n = n, have = 0, at = host.now() }
    arriving[key], n_arriving = one, n_arriving + 1
  end
  if one.n ~= n or one[i] then return end
  one[i], one.have = piece, one.have + 1
  if one.have < n then return end
  arriving[key], n_arriving = nil, n_arriving - 1
  hear(table.concat(one, "", 1, n))
end

local function on_notification(payload)
  local from, number, i, n, piece = payload:match "^([%w_-]+) (%d+) (%d+)/(%d+) ([%w+/=]*)$"
  if not from or from == ME or #from > 64 or #number > 15 then return end
  i, n, piece = tonumber(i), tonumber(n), host.unbase64(piece)
  if not piece or n < 1 or n > PIECES_MAX or i < 1 or i > n then return end
  take_piece(from .. " " .. number, i, n, piece)
end

-- payload nil: LISTEN has begun, maybe again.
bus.on_channel(CHANNEL, function(payload)
  if payload then return on_notification(payload) end
  sched.spawn(try_send, { what = "hello" })
end)

--- This host is stopping.
function M.bye()
  if host.worker() == 0 and n_known > 0 then sched.spawn(try_send, { what = "bye" }) end
end

return M
