-- host/lua/sio/gather.lua -- queries to the sockets of all workers and hosts: lists them, and collects their answers
-- to one event.  Both are bounded in number, bytes and time, and report whether the result is complete.

local cluster = require "human.sio.cluster"
local encode = require "human.sio.encode"
local engine = require "human.sio.engine"
local host = require "human.core.host"
local json = require "human.json"
local namespaces = require "human.sio.namespace"
local sched = require "human.core.sched"
require "human.sio.hosts"
local sockets = require "human.sio.socket"
local timer = require "human.core.timer"

local M = {}
local LIST_MAX, LIST_BYTES, DATA_BYTES = 1000, 200000, 4096   -- of each worker's answer; of one socket's data
local ANSWERS_BYTES = 200000                                  -- of each worker's answer
local TIMEOUT_S = 2

-- Both sides -------------------------------------------------------------------------------------

local function question(nsp, only, without)
  return { path = nsp.rt.key, nsp = nsp.name, only = only, without = without }
end

local function names_ok(list)
  if list == nil then return true end
  if type(list) ~= "table" then return false end
  for _, name in ipairs(list) do
    if type(name) ~= "string" then return false end
  end
  return true
end

-- The namespace and the question in a payload; nil if it is malformed or there is no such namespace here.
local function read(payload)
  local q = encode.unpack_value(payload)
  if type(q) ~= "table" or type(q.path) ~= "string" or type(q.nsp) ~= "string" then return nil end
  if not names_ok(q.only) or not names_ok(q.without) then return nil end
  local rt = engine.runtimes()[q.path]
  return rt and rt.namespaces[q.nsp], q
end

-- Merges the lists of all answers.
local function merge(answers, complete)
  local list = json.array {}
  for _, text in ipairs(answers) do
    local answer = encode.unpack_value(text)
    if type(answer) == "table" and type(answer.list) == "table" then
      for _, item in ipairs(answer.list) do list[#list + 1] = item end
      if answer.why then complete = complete == true and answer.why or complete end
    else
      complete = false
    end
  end
  return list, complete
end

-- Listing sockets -----------------------------------------------------------------------------------

local function describe(socket)
  local rooms = {}
  for name in pairs(socket.rooms or {}) do rooms[#rooms + 1] = name end
  table.sort(rooms)
  local one = { id = socket.id, rooms = rooms, worker = host.worker(), host = host.native.instance }
  local data = rawget(socket, "data")
  local ok, text = pcall(encode.pack, data or {})
  if ok and #text <= DATA_BYTES then one.data = data end
  return one
end

cluster.on_task("sockets", function(payload)
  local nsp, q = read(payload)
  local list, bytes, why = {}, 0, nil
  local found, n = {}, 0
  if nsp then found, n = namespaces.select_sockets(nsp, q.only, q.without) end
  for i = 1, n do
    local one = describe(found[i])
    bytes = bytes + #encode.pack(one)
    if i > LIST_MAX or bytes > LIST_BYTES then
      why = "too many"
      break
    end
    list[i] = one
  end
  return encode.pack { list = list, why = why }
end)

--- See Target:fetch_sockets in sio/namespace.
function M.sockets(nsp, only, without, timeout_s)
  local answers, complete = cluster.gather("sockets", encode.pack(question(nsp, only, without)), timeout_s or TIMEOUT_S)
  local list, state = merge(answers, complete)
  if state == true then return list end
  return list, state or "timeout"
end

-- An answer to one event -------------------------------------------------------------------------

local Round = {}
Round.__index = Round

-- All have answered, or no longer can.
local function settle(round)
  if round.done or round.left > 0 then return end
  round.done = true
  if round.waiting then sched.wake(round.task) end
end

local function on_overdue(round)
  round.why, round.left = "timeout", 0
  settle(round)
end

--- sio/socket: a socket has answered, or (nil) is gone.
function Round:take(args)
  if self.done then return end
  self.left = self.left - 1
  if args then
    self.bytes = self.bytes + #encode.pack(args[1])
    if self.bytes <= ANSWERS_BYTES then self.list[#self.list + 1] = args[1] else self.why = "too many" end
  else
    self.why = self.why or "disconnected"
  end
  settle(self)
end

local function ask_here(nsp, q)
  local found, n = namespaces.select_sockets(nsp, q.only, q.without)
  local id = nsp.ack_seq
  nsp.ack_seq = id + 1
  local packet, parts = encode.event(nsp, id, nil, unpack(q.args, 1, q.n))
  local round = setmetatable({ list = {}, left = n, bytes = 0, task = sched.current() }, Round)
  for i = 1, n do
    if not sockets.expect(found[i], id, round) then round.left, round.why = round.left - 1, "too many" end
  end
  for i = 1, n do
    local session = sockets.is_expected(found[i], id) and found[i].session
    if session then session:transmit(packet, parts) end
  end
  if round.left > 0 then
    local alarm = timer.start(q.timeout_s, on_overdue, round)
    round.waiting = true
    local ok, err = pcall(sched.suspend)
    round.done = true
    timer.cancel(alarm)
    for i = 1, n do sockets.forget(found[i], id) end
    if not ok then error(err, 0) end
  end
  return round
end

cluster.on_task("ack", function(payload)
  local nsp, q = read(payload)
  if not q or type(q.args) ~= "table" or type(q.n) ~= "number" or type(q.timeout_s) ~= "number" then return nil end
  if not nsp then return encode.pack { list = {} } end
  local round = ask_here(nsp, q)
  return encode.pack { list = round.list, why = round.why }
end)

--- See Ask:emit_with_ack in sio/namespace.
function M.ask(nsp, only, without, timeout_s, event, ...)
  local q = question(nsp, only, without)
  q.args, q.n, q.timeout_s = { event, ... }, 1 + select("#", ...), timeout_s
  for i = 1, q.n do
    if q.args[i] == nil then q.args[i] = host.NULL end
  end
  encode.event(nsp, 0, nil, unpack(q.args, 1, q.n)) -- raises here, not elsewhere, if it cannot be sent
  -- extra time for the others to report their timeouts
  local answers, complete = cluster.gather("ack", encode.pack(q), timeout_s + 0.5)
  local list, state = merge(answers, complete)
  if state == true then return list end
  return list, state or "timeout"
end

return M
