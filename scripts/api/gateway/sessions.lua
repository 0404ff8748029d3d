-- scripts/api/gateway/sessions.lua -- the conversations, and the calls that wait for permission.

local json = require "human.json"
local s = require "human.schema"
local time = require "human.time"
local approvals = require "gateway.approvals"
local sessions = require "gateway.sessions"
local key = require("api.gateway.chat").key
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Sessions"

-- ---- sessions --------------------------------------------------------------------------------------------

local seconds = s.int:describe "Unix time"
local Session = s.object {
  { "key", s.string }, { "label", s.string:nullable() }, { "title", s.string }, { "model", s.string:nullable() },
  { "status", s.string }, { "running", s.bool }, { "created_at", seconds }, { "last_active", seconds },
  { "updated_at", seconds }, { "turn_count", s.int }, { "messages_count", s.int }, { "last_message", s.string },
}

local function unix(text) return math.floor(time.parse(text) / 1000) end

local function shown(row)
  return {
    key = row.key, label = row.label, title = row.label or row.key, model = row.model, status = row.status,
    running = row.running, created_at = unix(row.created_at), last_active = unix(row.last_active_at),
    updated_at = unix(row.last_active_at), turn_count = tonumber(row.turns), messages_count = tonumber(row.messages),
    last_message = row.last_message,
  }
end

g:rpc("sessions.list", {
  summary = "The conversations, newest first", roles = surface.READERS,
  params = { limit = s.int { min = 1, max = 1000 }:default(100), archived = s.bool:default(false) },
  result = { sessions = s.array(Session) },
}, function(_, p)
  local list = json.array {}
  for i, row in ipairs(sessions.list(p)) do list[i] = shown(row) end
  return { sessions = list }
end)

g:rpc("activity.recent", {
  summary = "What was said last in each conversation, newest first", roles = surface.READERS,
  params = { limit = s.int { min = 1, max = 100 }:default(20) },
  result = { events = s.array(s.object {
    { "type", s.string }, { "session", s.string }, { "message", s.string }, { "time", s.int:describe "milliseconds" },
  }) },
}, function(_, p)
  local events = json.array {}
  for i, row in ipairs(sessions.list { limit = p.limit, archived = true }) do
    local at = time.parse(row.last_active_at)
    events[i] = { type = "message", session = row.key, message = row.last_message, time = at }
  end
  return { events = events }
end)

g:rpc("sessions.patch", {
  summary = "Change a conversation: its label, its model, whether it is archived", roles = surface.OPERATOR,
  params = { key = key, label = s.string { min = 1, max = 200, trim = true }:nullable():optional(),
             model = s.string { min = 1, max = 200 }:nullable():optional(), archived = s.bool:optional() },
  result = { patched = s.bool, session = Session }, errors = { "session_not_found" },
}, function(ctx, p)
  local row = sessions.patch(p.key, p)
  if not row then ctx:fail "session_not_found" end
  return { patched = true, session = shown(row) }
end)

g:rpc("sessions.delete", {
  summary = "Delete a conversation with all that was said in it; what it works at ends", roles = surface.OPERATOR,
  params = { key = key }, result = { deleted = s.bool }, errors = { "session_not_found" },
}, function(ctx, p)
  if not sessions.delete(p.key) then ctx:fail "session_not_found" end
  return { deleted = true }
end)

g:event("sessions.changed", {
  summary = "A conversation was begun anew, or its oldest messages were summarised",
  payload = { key = s.string, sessionKey = s.string, reason = s.enum { "reset", "compact" } },
})

g:rpc("sessions.reset", {
  summary = "Begin a new conversation under the key of an old one; what it works at is aborted, and chat.history with "
    .. "`all` still has the old one",
  roles = surface.OPERATOR,
  params = { key = key, reason = s.enum { "new", "reset" }:optional() },
  result = { ok = s.bool, key = s.string, reset = s.bool:describe "false: there was none", entry = Session:optional() },
}, function(_, p)
  local done = sessions.reset(p.key)
  local row = done and sessions.list({ archived = true, key = p.key, limit = 1 })[1]
  return { ok = true, key = p.key, reset = done, entry = row and shown(row) or nil }
end)

g:rpc("sessions.compact", {
  summary = "Have all but the newest messages summarised for the model; sessions.changed tells when it is done, and no "
    .. "message is deleted",
  roles = surface.OPERATOR,
  params = { key = key }, result = { ok = s.bool, key = s.string, compacted = s.bool, status = s.string },
  errors = { "session_not_found" },
}, function(ctx, p)
  if not sessions.compact(p.key) then ctx:fail "session_not_found" end
  return { ok = true, key = p.key, compacted = false, status = "queued" }
end)

-- ---- approvals ----------------------------------------------------------------------------------------------

local text = s.string:optional()
local Approval = s.object {
  { "id", s.string }, { "tool", s.string }, { "arguments", s.json }, { "argumentsHash", text }, { "risk", s.string },
  { "reason", s.string:describe "of the rule" }, { "why", s.string:describe "the same in words" },
  { "allowsAlways", s.bool:optional() }, { "alwaysCovers", text:describe "what allow-always would cover" },
  { "prefixCovers", text:describe "what allow-prefix would cover, where it can be answered" },
  { "sessionKey", s.string }, { "session_key", s.string },
  { "runId", text:describe "without it: no run waits for it" }, { "createdAtMs", s.int }, { "expiresAtMs", s.int },
  { "request", s.object {
    { "command", text }, { "tool", s.string }, { "sessionKey", s.string }, { "ask", text },
  }:optional() },
}
local Decision = s.enum { "allow-once", "allow-always", "allow-prefix", "deny" }

g:event("exec.approval.requested", { summary = "A call of a tool waits for somebody to permit it", payload = Approval })
g:event("exec.approval.resolved", {
  summary = "Somebody has decided, or time has",
  payload = { id = s.string, decision = s.string, resolvedBy = text, runId = text, sessionKey = text,
              session_key = text, ts = s.int:optional() },
})

g:rpc("exec.approval.list", {
  summary = "What waits for somebody to permit it", roles = surface.READERS, result = { approvals = s.array(Approval) },
}, function() return { approvals = json.array(approvals.list()) } end)

local REFUSED = { not_found = "approval_not_found", conflict = "approval_conflict", invalid = "approval_invalid",
                  forbidden = "forbidden" }

-- The decision that either way of saying it means.  Who says both ways, and means two things, allows nothing.
local function decision_of(ctx, p)
  local decision, approved = p.decision, p.approved
  if decision == nil and approved == nil then ctx:fail("validation_error", { message = "decision is required" }) end
  if decision == nil then return approved and "allow-once" or "deny" end
  if approved ~= nil and approved ~= (decision ~= "deny") then
    ctx:fail("validation_error", { message = "decision and approved contradict each other" })
  end
  return decision
end

g:rpc("exec.approval.resolve", {
  summary = "Decide about a call that waits; the first decision counts", roles = surface.OPERATOR,
  params = { id = s.string { min = 1, max = 200 }, decision = Decision:optional(), approved = s.bool:optional(),
             argumentsHash = s.string { max = 200 }:optional():describe "of the arguments that were shown" },
  result = { resolved = s.bool:describe "false: somebody else was first", approved = s.bool, decision = s.string,
             notCarriedOut = text:describe "the code of why what was allowed has not been done" },
  errors = { "approval_not_found", "approval_conflict", "approval_invalid" },
}, function(ctx, p)
  local by = { id = ctx.actor.id, role = ctx.actor.role }
  local done, why = approvals.resolve(p.id, decision_of(ctx, p), by, p.argumentsHash)
  if not done then ctx:fail(REFUSED[why]) end
  return { resolved = done.resolved, decision = done.decision, approved = done.decision:find "^allow" ~= nil,
           notCarriedOut = done.not_carried_out }
end)

return M
