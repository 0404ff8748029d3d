-- scripts/gateway/ancestor_events.lua -- tells clients of the protocol's ancestor about a run: events `agent` under
-- the key that the client gave the run, and the second answer to its call `agent` when the run is over.
-- Translates what gateway.news tells, for the connection that asked; keeps nothing.

local rpc = require "human.rpc"
local time = require "human.time"

local M = {}

local function event(path, run, stream, data)
  rpc.to(path, "conn:" .. run.conn):event("agent", {
    runId = run.once, sessionKey = run.session_key, stream = stream, ts = time.now_ms(), data = data,
  })
end

local function answer(path, run, status)
  rpc.to(path, "conn:" .. run.conn):answer("agent", run.answers,
    { runId = run.once, status = status, sessionKey = run.session_key })
end

-- The end: the text, unless it has gone out in pieces, and how the run ended.
local function ended(path, run, payload)
  local is_error, text = payload.error_code ~= nil, payload.message
  if not is_error and not payload.aborted and not payload.streamed and text ~= "" then
    event(path, run, "assistant", { delta = text })
  end
  event(path, run, "lifecycle", is_error and { phase = "error", error = text } or { phase = "end" })
  answer(path, run, is_error and "error" or payload.aborted and "aborted" or "ok")
end

local TELL = { chat = {} }

function TELL.chat.received(path, run) event(path, run, "lifecycle", { phase = "start" }) end
function TELL.chat.chunk(path, run, payload) event(path, run, "assistant", { delta = payload.message }) end
TELL.chat.sent = ended

local function tool(path, run, payload)
  local data = { phase = "start", name = payload.name, toolCallId = payload.id, args = payload.arguments }
  if payload.result then data.phase, data.result, data.isError = "result", payload.result, not payload.success end
  event(path, run, "tool", data)
end

--- Tells who asked for the run by `agent`, of an event of gateway.news.  payload.run: the run.
function M.tell(path, name, payload)
  local run = payload.run
  if not (run and run.answers and run.conn) then return end
  local tell = name == "agent.tool" and tool or name == "chat" and TELL.chat[payload.state]
  if tell then tell(path, run, payload) end
end

return M
