-- scripts/api/gateway/chat.lua -- talking with the agent: chat.send answers at once, and events tell the rest.
-- Everybody in the room "gateway" hears the events `chat`; a client that asked for it also gets the pieces as
-- notifications (chat.chunk).

local json = require "human.json"
local s = require "human.schema"
local approvals = require "gateway.approvals_chat"
local attached = require "gateway.attached"
local chat = require "gateway.chat"
local commands = require "gateway.commands"
local limits = require "gateway.rules.limits"
local sessions = require "gateway.sessions"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Chat"

M.key = s.string { min = 1, max = 200, pattern = "^%C+$", form = "a text without control characters" }
M.message = s.string { min = 1, max = limits.message_chars }
local key, text, id = M.key, s.string:optional(), s.string { max = 200 }
local word = s.string { max = 200 }:optional()

local Usage = s.object {
  { "input_tokens", s.int }, { "output_tokens", s.int },
  { "cost_micros", s.int:nullable():describe "millionths of a US dollar; null: the price is not known" },
}

local File = s.object {
  { "id", s.string }, { "name", s.string }, { "type", s.string }, { "size", s.int:describe "bytes" },
  { "url", s.string:describe "on this server; GET it with the token of this connection" },
  { "text", text:describe "what was said beside it" },
}

-- What every event of a run says.
local function of_run(fields)
  for _, pair in ipairs { { "id", text }, { "runId", text }, { "sessionKey", text }, { "session_key", text } } do
    fields[#fields + 1] = pair
  end
  return s.object(fields)
end

g:event("chat", {
  summary = "What was said in a session, and how far its answer is",
  payload = of_run {
    { "state", s.enum { "received", "thinking", "chunk", "file", "sent" }:describe(
      "chunk: `message` continues the answer; file: the agent has sent one; sent: `message` is the whole answer, and "
      .. "the end") },
    { "message", s.string }, { "step", s.int:optional() }, { "usage", Usage:optional() },
    { "aborted", s.bool:optional() }, { "error_code", text }, { "file", File:optional() },
    { "intoRun", text:describe "the run that has read this message" },
    { "truncated", s.bool:optional():describe "chat.history has all of `message`" },
  },
})
g:event("chat.chunk", {
  summary = "A piece of an answer, for who sent the message with stream", notification = true,
  payload = of_run {
    { "index", s.int }, { "content", s.string }, { "delta", s.string }, { "done", s.bool },
    { "usage", Usage:optional() }, { "aborted", s.bool:optional() },
  },
})
g:event("agent.tool", {
  summary = "A tool was called; the second event with its id says what came of it",
  payload = s.object {
    { "id", s.string }, { "message", s.string:describe "its name" }, { "name", s.string }, { "arguments", s.json },
    { "status", text }, { "result", text }, { "success", s.bool:optional() }, { "runId", text }, { "sessionKey", text },
    { "session_key", text },
  },
})
g:event("error", {
  summary = "A run has failed",
  payload = { message = s.string, code = text, runId = text, sessionKey = text, session_key = text },
})

local Attachment = s.object({
  { "name", word }, { "type", word }, { "data", s.string:optional():describe "a data: URL" },
  { "fileName", word }, { "mimeType", word }, { "content", s.string:optional():describe "base64" },
}, { extra = "drop" })

local Send = {
  message = M.message, sessionKey = key:optional(), session_key = key:optional(), stream = s.bool:default(false),
  attachments = s.array(Attachment, { max = 20 }):optional(), idempotencyKey = id:optional(),
  queueMode = s.enum { "queue", "steer", "collect", "interrupt" }:optional()
    :describe "while the session is at work: wait, be read by the run that goes on, be read with others, or end it",
}
local Queued = { status = s.string, runId = s.string, sessionKey = s.string }

M.ERRORS = { "bad_key", "empty_message", "message_too_long", "attachment_refused", "too_many_sessions",
             "too_many_waiting", "session_not_found" }

--- Takes a message: what chat.send gives; refuses what it refuses.
function M.send(ctx, p, message, origin)
  local list, why = attached.sent(p.attachments)
  if not list then ctx:fail("attachment_refused", { message = why }) end
  local request = { key = p.sessionKey or p.session_key, message = message, attachments = list,
                    idempotency_key = p.idempotencyKey, origin = origin, mode = p.queueMode }
  local answered = approvals.send(request, { id = ctx.actor.id, role = ctx.actor.role })
  if answered then return answered end
  local run, code = commands.send(request)
  if not run and not code then run, code = chat.send(request) end
  if not run then ctx:fail(code == "no_agent" and "session_not_found" or code) end
  return run
end

local function send(ctx, p, message)
  local run = M.send(ctx, p, message, { conn = ctx.conn.id, stream = p.stream })
  return { status = run.status, runId = run.run_id, sessionKey = run.session_key }
end

g:rpc("chat.send", {
  summary = "Say something to the agent; what comes of it is told by events", roles = surface.OPERATOR, params = Send,
  result = Queued, errors = M.ERRORS,
}, function(ctx, p) return send(ctx, p, p.message) end)

g:rpc("chat", {
  summary = "The same, as the Android app says it", roles = surface.OPERATOR, deprecated = true,
  params = { text = M.message, sessionKey = key:optional(), session_key = key:optional() }, result = Queued,
  errors = M.ERRORS,
}, function(ctx, p) return send(ctx, p, p.text) end)

-- ---- history ---------------------------------------------------------------------------------------------

local Call = s.object {
  { "id", s.string }, { "name", s.string }, { "arguments", s.string }, { "status", s.string }, { "result", text },
  { "result_bytes", s.int:optional() },
}
local Message = s.object {
  { "id", s.string }, { "role", s.string }, { "content", s.string }, { "ts", s.time }, { "runId", text },
  { "state", text:describe "of its run" }, { "error_code", text }, { "tool_calls", s.array(Call):optional() },
  { "files", s.array(File):optional():describe "that the agent has sent" }, { "usage", Usage:optional() },
}

local function shown(m)
  return { id = m.id, role = m.role, content = m.content, ts = m.at, runId = m.run_id, state = m.state,
           error_code = m.error_code, tool_calls = m.tool_calls, files = m.files, usage = m.usage }
end

g:rpc("chat.history", {
  summary = "What was said in a session, oldest first", roles = surface.READERS,
  params = { sessionKey = key:optional(), session_key = key:optional(),
             limit = s.int { min = 1, max = 1000 }:default(100),
             before = id:optional():describe "the id of a message: those before it",
             all = s.bool:default(false):describe "also what was said before sessions.reset" },
  result = { messages = s.array(Message), sessionKey = s.string,
             summary = text:describe "what the model reads instead of the oldest messages" },
}, function(_, p)
  local name, list = p.sessionKey or p.session_key or "default", json.array {}
  for i, m in ipairs(sessions.history(name, p)) do list[i] = shown(m) end
  local notes = sessions.summary(name)
  return { messages = list, sessionKey = name, summary = notes and notes.summary }
end)

g:rpc("chat.abort", {
  summary = "End a run, those of a session, or, without either, those that this connection has begun",
  roles = surface.OPERATOR,
  params = { sessionKey = key:optional(), session_key = key:optional(), runId = id:optional() },
  result = { aborted = s.bool, ok = s.bool },
}, function(ctx, p)
  local aborted = chat.abort { key = p.sessionKey or p.session_key, run_id = p.runId, origin = { conn = ctx.conn.id } }
  return { aborted = aborted, ok = true }
end)

return M
