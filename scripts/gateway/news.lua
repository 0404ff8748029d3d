-- scripts/gateway/news.lua -- the only place that tells clients of the control protocol what happens.
-- Events are hints and may be lost; what they tell is in the database (chat.history, approvals.list).

local ancestor = require "gateway.ancestor_events"
local v1 = require "gateway.v1.events"
local log = require "human.log"
local rpc = require "human.rpc"
local task = require "human.task"
local cut = require("human.text").cut

local M = {}

M.path = "/ws"                                   -- of the control protocol; specs have one of their own

local ROOM = "gateway"                           -- where every operator and viewer is
local TEXT_BYTES = 65536                         -- of a message in an event; all of it is in the history

--- Tells everybody an event, or one connection (to = {conn = its id}).  Never fails.  Runs of agents that are not the
--- operator's (payload.run) are nobody's to hear of.
function M.tell(name, payload, to)
  if payload.run and payload.run.is_foreign then return end
  local room = to and to.conn and "conn:" .. to.conn or ROOM
  local ok, err = pcall(function()
    rpc.to(M.path, room):event(name, payload)
    ancestor.tell(M.path, name, payload)
    v1.tell(name, payload)
  end)
  if not ok then log.debug("event not told", { event = name, error = tostring(err) }) end
end

--- The same once `tx` is committed.
function M.after(tx, name, payload, to)
  tx:after_commit(function() M.tell(name, payload, to) end)
end

--- The payload of an event `chat` of a run: {id, session_key, conn, once, answers}, which goes along as `run` and is
--- not sent.  more: further fields, or nil.
function M.chat(run, state, message, more)
  local payload = { state = state, message = cut(message, TEXT_BYTES), id = run.id, runId = run.id,
                    sessionKey = run.session_key, session_key = run.session_key, run = run,
                    truncated = #message > TEXT_BYTES or nil }
  for name, value in pairs(more or {}) do payload[name] = value end
  return payload
end

--- That of `chat.chunk`, for the connection that asked for pieces.
function M.chunk(run, index, text, more)
  local payload = { sessionKey = run.session_key, runId = run.id, id = run.id, index = index, content = text,
                    delta = text, done = false }
  for name, value in pairs(more or {}) do payload[name] = value end
  return payload
end

local function woken(fn, ...)
  task.wait(1)
  fn(...)
end

--- Runs fn(...) once the call that is being handled has been answered, and before anything else is heard: what a run
--- on another worker tells comes later.
function M.after_answer(fn, ...) task.wake(task.spawn(woken, fn, ...)) end

--- Tells of a message that is no run, and of what is said to it, once who asked has been answered; no history has it.
--- run: {id, session_key, conn, answers, once}; streams: its connection wants pieces.
function M.aside(run, message, said, streams)
  M.after_answer(function()
    M.tell("chat", M.chat(run, "received", message))
    M.tell("chat", M.chat(run, "sent", said))
    if streams then M.tell("chat.chunk", M.chunk(run, 0, said, { done = true }), run) end
  end)
end

return M
