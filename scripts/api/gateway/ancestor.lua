-- scripts/api/gateway/ancestor.lua -- methods and events that clients of the protocol's ancestor use.
-- `agent` is answered twice: "accepted" at once, and the outcome when the run is over, which may be on another
-- worker. In between come events `agent`, whose runId is the client's own idempotencyKey.

local json = require "human.json"
local s = require "human.schema"
local time = require "human.time"
local sessions = require "gateway.sessions"
local waiting = require "gateway.waiting"
local chat = require "api.gateway.chat"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Ancestor"
local text, word = s.string:optional(), s.string { max = 200 }
local AGENT = "main"
local ERRORS = { "agent_not_found", unpack(chat.ERRORS) }

g:event("agent", {
  summary = "What a run that `agent` began does", payload = s.object {
    { "runId", s.string }, { "sessionKey", s.string }, { "stream", s.enum { "lifecycle", "assistant", "tool" } },
    { "ts", s.int:describe "milliseconds" },
    { "data", s.object {
      { "phase", text }, { "delta", text }, { "text", text }, { "name", text }, { "toolCallId", text },
      { "args", s.json:optional() }, { "result", text }, { "isError", s.bool:optional() }, { "error", text },
    } },
  },
})

g:rpc("agent", {
  summary = "Say something to the agent; answered once more when it has ended", roles = surface.OPERATOR,
  params = {
    message = chat.message, idempotencyKey = s.string { min = 1, max = 200 }, sessionKey = chat.key:optional(),
    agentId = word:optional(), attachments = s.array(s.json, { max = 20 }):optional(),
  },
  result = { runId = s.string, status = s.enum { "accepted", "ok", "error", "aborted" },
             sessionKey = s.string:optional() },
  errors = ERRORS,
}, function(ctx, p)
  if p.agentId and p.agentId ~= AGENT then ctx:fail "agent_not_found" end
  local id = type(ctx.call_id) == "string" and ctx.call_id ~= "" and ctx.call_id or nil
  local run = chat.send(ctx, p, p.message, { conn = ctx.conn.id, answers = id })
  return { runId = p.idempotencyKey, status = "accepted", sessionKey = run.session_key }
end)

g:rpc("agents.list", {
  summary = "The agents that can be talked with", roles = surface.READERS,
  result = { defaultId = s.string, mainKey = s.string, scope = s.string,
             agents = s.array(s.object { { "id", s.string }, { "name", s.string } }) },
}, function()
  return { defaultId = AGENT, mainKey = "default", scope = "per-sender",
           agents = json.array { { id = AGENT, name = AGENT } } }
end)

g:rpc("sessions.describe", {
  summary = "Whether there is a conversation, and what it does", roles = surface.READERS, params = { key = chat.key },
  result = { key = s.string, exists = s.bool, status = s.enum { "idle", "processing" }, activeRunId = text,
             lastActivityAt = s.int:optional():describe "milliseconds" },
}, function(_, p)
  local row = sessions.list({ key = p.key, archived = true, limit = 1 })[1]
  return { key = p.key, exists = row ~= nil, status = row and row.running and "processing" or "idle",
           activeRunId = row and row.run_id, lastActivityAt = row and time.parse(row.last_active_at) }
end)

local ms = s.int:describe "milliseconds"

g:rpc("agent.wait", {
  summary = "Wait until a run is over, for at most 25 seconds", roles = surface.READERS,
  params = { runId = word:describe "of chat.send, or the idempotencyKey of `agent`",
             timeoutMs = s.int { min = 0, max = 86400000 }:default(waiting.LONGEST_MS) },
  result = { runId = s.string, status = s.enum { "ok", "error", "timeout" }, startedAt = ms,
             endedAt = ms:optional(), stopReason = text, errorCode = text, sessionKey = s.string },
  errors = { "run_not_found", "too_many_waiters" },
}, function(ctx, p)
  local run, why = waiting.wait(p.runId, p.timeoutMs)
  if not run then ctx:fail(why) end
  return { runId = p.runId, status = run.status, startedAt = run.created_ms, endedAt = run.ended_ms,
           stopReason = run.stop_reason, errorCode = run.error_code, sessionKey = run.session_key }
end)

return M
