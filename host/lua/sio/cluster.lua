-- host/lua/sio/cluster.lua -- Socket.IO messages between the workers of this host.
-- tell() is one-way and may be lost when a worker dies; ask() gathers answers and waits for them; gather() also
-- asks the other hosts on this database (sio/hosts).

local bus = require "human.bus"
local events = require "human.core.events"
local host = require "human.core.host"
local log = require "human.log"
local sched = require "human.core.sched"
local timer = require "human.core.timer"

local M = {}
local TOPIC = "sio"
local ASK_TIMEOUT_S = 1
local ASKING_MAX = 1000
local handlers = {}            -- kind -> function(payload) -> answer | nil
local tasks = {}               -- the same for handlers that wait: they run as tasks
local asking, n_asking, last_id = {}, 0, 0
local instance                 -- of this process: a retiring worker and its successor have the same number

--- A text that identifies this process among all workers of this host, past ones included.
function M.instance()
  if not instance then
    instance = host.random(4):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
  end
  return instance
end

--- Declares the handler of messages of `kind`; its result answers an ask.
function M.on(kind, fn) handlers[kind] = fn end

--- The same for handlers that take time: fn(payload) may await, and its result answers gather().
function M.on_task(kind, fn) tasks[kind] = fn end

--- Whether this is the only worker.
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

local function wait(waiter, timeout_s)
  local alarm = timer.start(timeout_s, finish, waiter)
  local ok, err = pcall(sched.suspend)
  waiter.done = true
  timer.cancel(alarm)
  if not ok then error(err, 0) end
end

--- Asks all other workers.  Awaits for at most a second (timeout_s); returns an array of their answers, and whether
--- it is complete.
function M.ask(kind, payload, timeout_s)
  local others = host.workers() - 1
  if others == 0 or n_asking >= ASKING_MAX then return {}, others == 0 end
  last_id = last_id + 1
  local id = M.instance() .. last_id
  local waiter = { task = sched.current(), left = others, answers = {} }
  asking[id], n_asking = waiter, n_asking + 1
  bus.send_others(TOPIC, { kind = kind, payload = payload, ask = id, from = host.worker() })
  local ok, err = pcall(wait, waiter, timeout_s or ASK_TIMEOUT_S)
  asking[id], n_asking = nil, n_asking - 1
  if not ok then error(err, 0) end
  return waiter.answers, waiter.left == 0
end

local function on_answer(message)
  local waiter = message.to == host.worker() and asking[message.id]
  if not waiter then return end
  if message.answer ~= nil then waiter.answers[#waiter.answers + 1] = message.answer end
  waiter.left = waiter.left - 1
  if waiter.left == 0 then finish(waiter) end
end

-- Always answers an ask, even without a result or after an error: the asking worker counts the answers.
local function handle(message)
  local answer
  local ok, err = events.try(function() answer = handlers[message.kind](message.payload) end)
  if not ok then log.error("socket.io: message of another worker failed", { kind = message.kind, error = err }) end
  return answer
end

local function answer_later(message)
  local ok, answer = pcall(tasks[message.kind], message.payload)
  if not ok then
    log.error("socket.io: a question of another worker failed", { kind = message.kind, error = tostring(answer) })
  end
  bus.send_others(TOPIC, { kind = "answer", to = message.from, id = message.ask, answer = ok and answer or nil })
end

-- Runs functions concurrently, and waits for all.  Returns an array of their results {first, second}.
local function together(fns)
  local results, left, task, waiting = {}, #fns, sched.current(), false
  for i, fn in ipairs(fns) do
    sched.spawn(function()
      local ok, first, second = pcall(fn)
      if not ok then log.error("socket.io: a question failed", { error = tostring(first) }) end
      results[i] = ok and { first, second } or {}
      left = left - 1
      if left == 0 and waiting then sched.wake(task) end
    end)
  end
  waiting = left > 0
  if waiting then sched.suspend() end
  return results
end

-- The answers of all workers of this host, as texts, since tables lose their array marks on the way.
local function gather_here(kind, payload, timeout_s)
  local results = together {
    function() return tasks[kind](payload) end,
    function() return M.ask(kind, payload, timeout_s) end,
  }
  local answers = results[2][1] or {}
  answers[#answers + 1] = results[1][1]
  return answers, results[2][2] and results[1][1] ~= nil
end
M.gather_here = gather_here

-- Worker 0 talks to the other hosts.
tasks.hosts = function(question)
  if host.worker() ~= 0 then return nil end
  local answers, complete = require("human.sio.hosts").ask(question.kind, question.payload, question.timeout_s)
  return { answers = answers, complete = complete }
end

local function ask_hosts(kind, payload, timeout_s)
  local question = { kind = kind, payload = payload, timeout_s = timeout_s }
  local answer
  if host.worker() == 0 then answer = tasks.hosts(question) else answer = M.ask("hosts", question, timeout_s)[1] end
  return answer and answer.answers or {}, answer and answer.complete
end

--- Asks all workers of all hosts, including this one: calls the on_task handler of `kind`.  payload and answers are
--- texts.  Awaits at most timeout_s; returns an array of answers, and whether it is complete.
function M.gather(kind, payload, timeout_s)
  local results = together {
    function() return gather_here(kind, payload, timeout_s) end,
    function() return ask_hosts(kind, payload, timeout_s) end,
  }
  local answers = results[1][1] or {}
  for _, answer in ipairs(results[2][1] or {}) do answers[#answers + 1] = answer end
  return answers, results[1][2] and results[2][2] or false
end

bus.on_runtime(TOPIC, function(message)
  if message.kind == "answer" then return on_answer(message) end
  if tasks[message.kind] then return sched.spawn(answer_later, message) end
  local answer = handle(message)
  if message.ask then
    bus.send_others(TOPIC, { kind = "answer", to = message.from, id = message.ask, answer = answer })
  end
end)

return M
