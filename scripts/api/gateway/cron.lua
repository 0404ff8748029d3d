-- scripts/api/gateway/cron.lua -- jobs: what the agent, or a command, does by the clock.
-- Requests and answers have both the fields of the web UI (seconds, 0: none) and those of clients of the protocol's
-- ancestor (schedule, payload, delivery, state: milliseconds).

local json = require "human.json"
local s = require "human.schema"
local cron = require "gateway.cron"
local rows = require "gateway.cron.rows"
local times = require "gateway.cron.time"
local surface = require "api.gateway.surface"

local M = {}
if not surface.on then return M end

local g = surface.group "Cron"

local text, int = s.string:optional(), s.int:optional()
local long = s.string { max = 100000 }:optional()
local seconds = s.int:describe "Unix time; 0: none"
local ms = s.int:describe "milliseconds since 1970":optional()

local Schedule = s.object({
  { "kind", s.enum { "at", "every", "cron" } }, { "at", text }, { "everyMs", int }, { "anchorMs", int },
  { "expr", text }, { "tz", text }, { "staggerMs", int },
}, { extra = "drop" })
local Payload = s.object({
  { "kind", s.string:describe "agentTurn, systemEvent; answered: command, too" }, { "message", text }, { "text", text },
  { "command", text }, { "argv", s.array(s.string):optional() }, { "model", text }, { "timeoutSeconds", int },
}, { extra = "drop" })
local Delivery = s.object({
  { "mode", s.enum { "none", "announce", "webhook" } }, { "channel", text }, { "to", text }, { "account", text },
  { "thread", text }, { "group", s.bool:optional() }, { "bestEffort", s.bool:optional() }, { "secret", text },
}, { extra = "drop" })
local State = s.object {
  { "nextRunAtMs", ms }, { "runningAtMs", ms }, { "lastRunAtMs", ms }, { "lastStatus", text }, { "lastError", text },
  { "lastDurationMs", int }, { "consecutiveErrors", s.int },
}
local Job = s.object {
  { "id", s.int }, { "name", s.string }, { "expression", s.string }, { "command", s.string },
  { "prompt", text }, { "type", s.enum { "agent", "shell" } }, { "enabled", s.bool }, { "paused", s.bool },
  { "next_run", seconds }, { "last_run", seconds }, { "last_status", s.string:describe "empty: it has not run yet" },
  { "last_error", text }, { "last_duration_ms", int }, { "running", s.bool }, { "channel", s.string },
  { "one_shot", s.bool }, { "created_at", seconds }, { "updated_at", seconds }, { "timezone", text },
  { "session", s.string }, { "missed", s.string }, { "deleteAfterRun", s.bool }, { "made_by", s.string },
  { "schedule", Schedule }, { "payload", Payload }, { "delivery", Delivery }, { "sessionTarget", s.string },
  { "state", State },
}
local STATES = { "queued", "running", "completed", "failed", "skipped", "interrupted", "aborted" }
local Run = s.object {
  { "id", s.int }, { "job_id", s.int }, { "status", s.enum(STATES) },
  { "cause", s.enum { "due", "missed", "manual", "retry" } }, { "reason", text },
  { "times", s.int:describe "of what was skipped: how often" }, { "attempt", s.int }, { "due_at", seconds },
  { "started_at", seconds }, { "finished_at", seconds }, { "duration_ms", int }, { "output", s.string },
  { "output_bytes", s.int }, { "truncated", s.bool:describe "runId of cron.runs gives all of it" }, { "error", text },
  { "delivery", text:describe "pending, delivered or failed" }, { "delivery_error", text },
  { "runId", text:describe "of the session's run" },
}

local function unix(at_ms) return at_ms and math.floor(at_ms / 1000) or 0 end

local OLD_STATUS = { completed = "ok", skipped = "skipped" }

local function state_of(job)
  local last = job.last_status
  return {
    nextRunAtMs = job.next_at, runningAtMs = job.run_started_at, lastRunAtMs = job.last_at,
    lastStatus = last and (OLD_STATUS[last] or "error"), lastError = job.last_error, lastDurationMs = job.last_ms,
    consecutiveErrors = job.failures,
  }
end

local function payload_of(job)
  local payload = { model = job.model, timeoutSeconds = job.timeout_s }
  if job.kind == "agent" then
    payload.kind, payload.message = "agentTurn", job.body
  else
    payload.kind, payload.command, payload.argv = "command", job.body, job.argv and json.array(job.argv)
  end
  return payload
end

-- An address may be as good as a password: a viewer sees whose it is.
local function delivery_for(ctx, job)
  local d = job.delivery
  if d.mode ~= "webhook" or ctx.actor.role == "operator" then return d end
  return { mode = d.mode, to = d.to:match "^https?://[^/?#]+" .. "/…", bestEffort = d.bestEffort }
end

local function shown(ctx, job)
  local own = not job.session_key
  return {
    id = job.id, name = job.name, expression = job.expression, command = job.body,
    prompt = job.kind == "agent" and job.body or nil, type = job.kind, enabled = job.enabled, paused = not job.enabled,
    next_run = job.enabled and unix(job.next_at) or 0, last_run = unix(job.last_at),
    last_status = job.last_status or "",
    last_error = job.last_error, last_duration_ms = job.last_ms, running = job.running,
    channel = job.delivery.channel or "", one_shot = job.one_shot, created_at = unix(job.created_at),
    updated_at = unix(job.updated_at), timezone = job.schedule.tz, session = rows.session_of(job), missed = job.missed,
    deleteAfterRun = job.removed_after, made_by = job.made_by, schedule = job.schedule, payload = payload_of(job),
    delivery = delivery_for(ctx, job), sessionTarget = own and "isolated" or "session:" .. job.session_key,
    state = state_of(job),
  }
end

local function shown_run(run)
  local output = run.output or ""
  local bytes = run.output_bytes or 0
  return {
    id = run.id, job_id = run.job_id, status = run.state, cause = run.cause, reason = run.reason, times = run.times,
    attempt = run.attempt, due_at = unix(run.due_at), started_at = unix(run.started_at or run.due_at),
    finished_at = unix(run.finished_at),
    duration_ms = run.started_at and run.finished_at and run.finished_at - run.started_at or nil,
    output = output, output_bytes = bytes, truncated = bytes > #output, error = run.error, delivery = run.delivery,
    delivery_error = run.delivery_error, runId = run.session_run,
  }
end

g:event("cron.job", {
  summary = "A job has begun, is over, or was skipped",
  payload = { state = s.enum { "started", "completed", "skipped" }, id = s.int, name = s.string, runId = int,
              status = text, message = text, error = text },
})

g:event("cron.changed", {
  summary = "A job was made, changed or removed",
  payload = { id = s.int, action = s.enum { "added", "updated", "removed" } },
})

-- ---- what clients say ---------------------------------------------------------------------------------------

local any = s.json { max = 100000 }
local Told = {
  name = any:optional(), expression = long, command = long, prompt = long, type = text,
  argv = s.array(s.string):optional(), channel = text, one_shot = s.bool:optional(), oneShot = s.bool:optional(),
  schedule = any:shown(s.one_of { Schedule, s.string }):optional(), delay = text, timezone = text, tz = text,
  staggerMs = int, payload = any:shown(Payload):optional(), delivery = any:shown(Delivery):optional(),
  sessionTarget = text, session = text:nullable(), sessionKey = text:nullable(), model = text:nullable(),
  timeoutSeconds = int, missed = text, deleteAfterRun = s.bool:optional(), enabled = s.bool:optional(),
  paused = s.bool:optional(), wakeMode = text, description = text,
}
local JSON_FIELDS = { "name", "schedule", "payload", "delivery", "patch" }
local digits = s.string { min = 1, max = 16, pattern = "^%d+$", form = "the number of a job" }
local id = s.one_of { s.int { min = 1 }, digits }:optional()

local function with(more)
  local params = {}
  for name, node in pairs(Told) do params[name] = node end
  for name, node in pairs(more) do params[name] = node end
  return params
end

-- Params with the fields that may be anything decoded, and those of `patch`, as the ancestor's clients say changes.
local function told(ctx, p)
  local out = {}
  for name, v in pairs(p) do out[name] = v end
  for _, name in ipairs(JSON_FIELDS) do
    if out[name] ~= nil then out[name] = json.decode(out[name]) end
  end
  local patch = out.patch
  if patch == nil or patch == json.null then patch = {} end
  if type(patch) ~= "table" or json.is_array(patch) then
    ctx:fail("cron_invalid", { message = "patch: it must be an object" })
  end
  out.patch = nil
  for name, v in pairs(patch) do out[name] = v end
  return out
end

local function number_of(ctx, p)
  local n = tonumber(p.id or p.jobId)
  if not n then ctx:fail("cron_invalid", { message = "id: it is required, the number of a job" }) end
  return n
end

local CODES = { denied = "cron_denied", too_many = "cron_too_many" }

local function refuse(ctx, bad)
  if bad.code then ctx:fail(CODES[bad.code], { message = bad.message }) end
  ctx:fail("cron_invalid", { message = bad.field .. ": " .. bad.message,
                             details = { { path = bad.field, message = bad.message } } })
end

-- ---- methods ----------------------------------------------------------------------------------------------------

g:rpc("cron.list", {
  summary = "All jobs", roles = surface.READERS, result = { jobs = s.array(Job) },
}, function(ctx)
  local list = json.array {}
  for i, job in ipairs(cron.list()) do list[i] = shown(ctx, job) end
  return { jobs = list }
end)

g:rpc("cron.status", {
  summary = "Whether jobs run by the clock, how many there are, and when the next one is due", roles = surface.READERS,
  result = { enabled = s.bool, jobs = s.int, nextWakeAtMs = s.int:nullable():optional(), next_run = seconds },
}, function()
  local now = cron.status()
  return { enabled = now.enabled, jobs = now.jobs, nextWakeAtMs = now.next_at or json.null,
           next_run = unix(now.next_at) }
end)

local ERRORS = { "cron_invalid", "cron_denied", "cron_too_many", "cron_not_found" }
local secret = s.string { secret = true }:optional():describe "what its webhooks are signed with, shown this once"

g:rpc("cron.add", {
  summary = "Make a job", roles = surface.OPERATOR, params = Told, errors = ERRORS, idempotent = true,
  description = "When: expression (five fields, @daily, every 15m, in 10m, a time), schedule or delay. What: command "
    .. "(a program of the tool shell), or prompt for the agent, or payload.",
  result = { added = s.bool, id = s.int, job = Job, webhook_secret = secret, note = text },
}, function(ctx, p)
  local job, bad = cron.add(told(ctx, p), "operator")
  if not job then refuse(ctx, bad) end
  return { added = true, id = job.id, job = shown(ctx, job), webhook_secret = job.webhook_secret,
           note = cron.note(job) }
end)

g:rpc("cron.preview", {
  summary = "When a job would run: the next five times. Nothing is made", roles = surface.READERS, errors = ERRORS,
  params = { expression = long, delay = text, timezone = text, tz = text, schedule = Told.schedule },
  result = { schedule = Schedule, expression = s.string, times = s.array(s.int):describe "milliseconds since 1970" },
}, function(ctx, p)
  local asked = told(ctx, p)
  asked.tz = asked.tz or asked.timezone
  local found, bad = cron.preview(asked, 5)
  if not found then refuse(ctx, bad) end
  return { schedule = found.schedule, expression = times.expression(found.schedule), times = json.array(found.times) }
end)

g:rpc("cron.update", {
  summary = "Change a job, or pause it (enabled: false)", roles = surface.OPERATOR, errors = ERRORS,
  params = with { id = id, jobId = id, patch = any:shown(s.object(Told)):optional() },
  result = { updated = s.bool, job = Job, webhook_secret = secret, note = text },
}, function(ctx, p)
  local job, bad = cron.update(number_of(ctx, p), told(ctx, p), "operator")
  if bad then refuse(ctx, bad) end
  if not job then ctx:fail "cron_not_found" end
  return { updated = true, job = shown(ctx, job), webhook_secret = job.webhook_secret, note = cron.note(job) }
end)

g:rpc("cron.remove", {
  summary = "Remove a job with its history; what it works at ends", roles = surface.OPERATOR,
  params = { id = id, jobId = id }, errors = ERRORS, result = { removed = s.bool },
}, function(ctx, p)
  if not cron.remove(number_of(ctx, p)) then ctx:fail "cron_not_found" end
  return { removed = true }
end)

g:rpc("cron.run", {
  summary = "Begin a job now", roles = surface.OPERATOR, errors = ERRORS, idempotent = true,
  params = { id = id, jobId = id, mode = text },
  result = { started = s.bool:describe "false: it runs already", status = s.string, runId = int },
}, function(ctx, p)
  local run_id, why = cron.run(number_of(ctx, p))
  if not run_id and not why then ctx:fail "cron_not_found" end
  return { started = run_id ~= nil, status = "running", runId = run_id }
end)

g:rpc("cron.runs", {
  summary = "What a job's runs came to, newest first", roles = surface.READERS, errors = ERRORS,
  params = { id = id, jobId = id, limit = s.int { min = 1, max = 100 }:default(10),
             before = s.int { min = 1 }:optional():describe "the id of a run: those before it",
             runId = s.int { min = 1 }:optional():describe "only this run, with all of its output" },
  result = { runs = s.array(Run) },
}, function(ctx, p)
  local job_id, list = number_of(ctx, p), json.array {}
  local found = p.runId and { cron.output(job_id, p.runId) } or cron.runs(job_id, p)
  if not found or p.runId and not found[1] then ctx:fail "cron_not_found" end
  for i, run in ipairs(found) do list[i] = shown_run(run) end
  return { runs = list }
end)

return M
