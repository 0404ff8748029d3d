-- host/lua/sio_cluster.lua -- Socket.IO messages between the workers of this host.
-- tell() is one-way and may be lost when a worker dies; ask() gathers answers and waits for them.

local bus = require "human.bus"
local events = require "human.events"
local host = require "human.host"
local log = require "human.log"
local sched = require "human.sched"
local timer = require "human.timer"

local M = {}
local TOPIC = "sio"
local ASK_TIMEOUT_S = 1
local ASKING_MAX = 1000
local handlers = {}            -- kind -> function(payload) -> answer | nil
local asking, n_asking, last_id = {}, 0, 0
local instance                 -- of this process: a worker that retires and its successor have one number

--- A text that names this process among the workers of this host, those before it included.
function M.instance()
  if not instance then
    instance = host.random(4):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  end
  return instance
end

--- Declares what a message of `kind` does; what it returns answers an ask.
function M.on(kind, fn) handlers[kind] = fn end

--- Whether there is anybody to talk to.
function M.alone() return host.workers() == 1 end

--- Sends plain data to all other workers.
function M.tell(kind, payload)
  bus.send_others(TOPIC, { kind = kind, payload = payload })
end

local function finish(waiter)
  if waiter.done then return end
  waiter.done = true
  sched.wake(waiter.task)
end

local function wait(waiter)
  local alarm = timer.start(ASK_TIMEOUT_S, finish, waiter)
  local ok, err = pcall(sched.suspend)
  waiter.done = true
  timer.cancel(alarm)
  if not ok then error(err, 0) end
end

--- Asks all other workers.  Awaits; returns an array of their answers, those of the first second.
function M.ask(kind, payload)
  local others = host.workers() - 1
  if others == 0 or n_asking >= ASKING_MAX then return {} end
  last_id = last_id + 1
  local id = M.instance() .. last_id
  local waiter = { task = sched.current(), left = others, answers = {} }
  asking[id], n_asking = waiter, n_asking + 1
  bus.send_others(TOPIC, { kind = kind, payload = payload, ask = id, from = host.worker() })
  local ok, err = pcall(wait, waiter)
  asking[id], n_asking = nil, n_asking - 1
  if not ok then error(err, 0) end
  return waiter.answers
end

local function on_answer(message)
  local waiter = message.to == host.worker() and asking[message.id]
  if not waiter then return end
  if message.answer ~= nil then waiter.answers[#waiter.answers + 1] = message.answer end
  waiter.left = waiter.left - 1
  if waiter.left == 0 then finish(waiter) end
end

-- An ask is answered even when there is nothing to say, or it failed: who asked counts the answers.
local function handle(message)
  local answer
  local ok, err = events.try(function() answer = handlers[message.kind](message.payload) end)
  if not ok then log.error("socket.io: message of another worker failed", { kind = message.kind, error = err }) end
  return answer
end

bus.on_runtime(TOPIC, function(message)
  if message.kind == "answer" then return on_answer(message) end
  local answer = handle(message)
  if message.ask then
    bus.send_others(TOPIC, { kind = "answer", to = message.from, id = message.ask, answer = answer })
  end
end)

return M
