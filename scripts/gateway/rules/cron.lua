-- scripts/gateway/rules/cron.lua -- jobs: which there may be, what becomes of a time that was missed (the server was
-- off, say), and of a run that was cut short.  Pure.
-- To turn: the numbers, who may make which jobs, and how late a run may still begin.  What a job then does asks the
-- same rule as everything else that the agent does (gateway/rules/tools.lua).  Durations end in _ms.
--% version: 1

local M = {
  jobs = 200,                      -- that there may be
  text_bytes = 4000,               -- of a prompt or a command
  expression_bytes = 256,
  every_ms = 1000,                 -- the least and most between two runs
  every_max_ms = 366 * 86400000,
  stagger_ms = 86400000,
  output_bytes = 8000,             -- of a run, that the history shows
  whole_bytes = 1048576,           -- that is kept
  run_ms = 3600000,                -- that a run may take, unless its job says otherwise; approvals included

  late_ms = 60000,                 -- a run that begins later than this was missed
  grace_ms = 3600000,              -- missed by no more than this, it is made up for
  catch_up_ms = 5000,              -- between two that are made up for
  catch_ups = 20,                  -- that wait to be made up for; further ones are skipped
  counted = 1000,                  -- missed times of one job are counted so far

  delivery_attempts = 6,           -- of one webhook
}

M.returns = {
  may_add = { action = { "allow", "deny" }, reason = "string" },
  missed = { action = { "run", "skip" }, reason = "string", wait_ms = "integer 0..86400000" },
  interrupted = { action = { "retry", "leave" }, reason = "string", wait_ms = "integer 0..86400000" },
}
local whole = "integer 1..1000000000000"
for name in ([[jobs text_bytes expression_bytes every_ms every_max_ms stagger_ms output_bytes whole_bytes run_ms late_ms
    grace_ms catch_up_ms catch_ups counted delivery_attempts]]):gmatch "%S+" do
  M.returns[name] = whole
end
M.fallback = {
  may_add = { action = "deny", reason = "rule-failed" },
  missed = { action = "skip", reason = "rule-failed", wait_ms = 0 },
  interrupted = { action = "leave", reason = "rule-failed", wait_ms = 0 },
}

local function allow_it() return { action = "allow", reason = "ok" } end
local function refuse(reason) return { action = "deny", reason = reason } end
local function run(reason, ms) return { action = "run", reason = reason, wait_ms = ms or 0 } end
local function skip(reason) return { action = "skip", reason = reason, wait_ms = 0 } end

-- May this job be added, or changed so?  facts: by ("operator"; "agent": its tool; "job": the same in a run of a job),
-- kind ("agent" | "shell"), jobs (how many there are besides), period_ms (the shortest time between two of its runs;
-- nil: it runs once), delivery ("none" | "announce" | "webhook").
function M.may_add(facts)
  if facts.jobs >= M.jobs then return refuse "too-many-jobs" end
  if facts.by == "operator" then return allow_it() end
  if facts.by == "job" then return refuse "jobs-make-no-jobs" end
  if facts.kind == "shell" then return refuse "shell-is-the-operators" end
  if facts.delivery == "webhook" then return refuse "webhooks-are-the-operators" end
  if facts.period_ms and facts.period_ms < 60000 then return refuse "too-often" end
  return allow_it()
end

-- A time has passed at which a job should have begun.  facts: policy ("run-once" | "skip": what the job says), late_ms
-- (by how much its newest missed time), times (how many it has missed), kind, one_shot (it has no later time),
-- waiting (runs of other jobs that are to be made up for).
function M.missed(facts)
  if facts.policy == "skip" then return skip "missed" end
  if facts.late_ms > M.grace_ms then return skip "too-late" end
  if facts.waiting >= M.catch_ups then return skip "too-many-missed" end
  return run("made-up-for", facts.waiting * M.catch_up_ms)
end

-- A run was cut short by the end of its worker, and it is not known how far it came.  facts: kind, attempt (1: it was
-- the first), policy (as above).
function M.interrupted(facts)
  if facts.attempt > 1 then return { action = "leave", reason = "tried-twice", wait_ms = 0 } end
  return { action = "retry", reason = "first-time", wait_ms = M.catch_up_ms }
end

local function facts(change)
  local f = { by = "operator", kind = "agent", jobs = 0, period_ms = 86400000, delivery = "none", policy = "run-once",
              late_ms = M.late_ms + 1, times = 1, one_shot = false, waiting = 0, attempt = 1 }
  for k, v in pairs(change) do f[k] = v end
  return f
end

M.examples = {
  { "may_add", facts {}, expect = allow_it() },
  { "may_add", facts { kind = "shell", period_ms = 1000, delivery = "webhook" }, expect = allow_it() },
  { "may_add", facts { jobs = M.jobs }, expect = refuse "too-many-jobs" },
  { "may_add", facts { by = "agent" }, expect = allow_it() },
  { "may_add", facts { by = "agent", kind = "shell" }, expect = refuse "shell-is-the-operators" },
  { "may_add", facts { by = "agent", period_ms = 59999 }, expect = refuse "too-often" },
  { "may_add", facts { by = "agent", delivery = "webhook" }, expect = refuse "webhooks-are-the-operators" },
  { "may_add", facts { by = "job" }, expect = refuse "jobs-make-no-jobs" },
  { "missed", facts {}, expect = run "made-up-for" },
  { "missed", facts { waiting = 3 }, expect = run("made-up-for", 3 * M.catch_up_ms) },
  { "missed", facts { late_ms = M.grace_ms + 1 }, expect = skip "too-late" },
  { "missed", facts { policy = "skip" }, expect = skip "missed" },
  { "missed", facts { waiting = M.catch_ups }, expect = skip "too-many-missed" },
  { "interrupted", facts {}, expect = { action = "retry", reason = "first-time", wait_ms = M.catch_up_ms } },
  { "interrupted", facts { attempt = 2 }, expect = { action = "leave", reason = "tried-twice", wait_ms = 0 } },
}

return M
