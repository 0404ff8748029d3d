-- scripts/marketplace/rules/pipelines.lua -- the numbers of pipelines, the states of their runs and steps (the database
-- knows the same edges, migrations/2140_pipelines.sql), what is tried again, and what ends a run.  Pure.
--% version: 1

local M = {
  steps = 50,                      -- of a template
  references = 20,                 -- of one step's input
  reference_parts = 16,            -- of the path of one
  templates = 100,                 -- of an actor
  versions = 1000,                 -- of a template

  at_once = 8,                     -- steps of a run that are under way
  running = 5,                     -- runs of an actor
  waiting = 50,                    -- of an actor that have not ended
  input_bytes = 262144,            -- of a step, with what its references stand for
  output_bytes = 262144,           -- of a step
  shown_bytes = 1048576,           -- of outputs that one answer has
  timeout_s = 300,                 -- of a step that says nothing, its retries included
  longest_s = 3600,
  retries = 5,
  backoff_s = 5,                   -- before the first retry; twice as long before each one after it
  longest_backoff_s = 300,
  kept_days = 30,                  -- inputs and outputs of what has ended
}

local function edge(from, event, to) return { from = from, event = event, to = to } end

M.run = {
  edge("queued", "start", "running"),
  edge("queued", "cancel", "canceled"),
  edge("running", "complete", "completed"),
  edge("running", "fail", "failed"),
  edge("running", "cancel", "canceled"),
}

M.step = {
  edge("blocked", "free", "ready"),
  edge("blocked", "skip", "skipped"),
  edge("blocked", "cancel", "canceled"),
  edge("ready", "start", "in_progress"),
  edge("ready", "skip", "skipped"),
  edge("ready", "cancel", "canceled"),
  edge("in_progress", "complete", "completed"),
  edge("in_progress", "fail", "failed"),
  edge("in_progress", "skip", "canceled"),
  edge("in_progress", "cancel", "canceled"),
}

local bytes = "integer 1024..1048576"
M.returns = {
  steps = "integer 1..50", references = "integer 1..100", reference_parts = "integer 1..64",
  templates = "integer 1..10000", versions = "integer 1..100000", at_once = "integer 1..50",
  running = "integer 1..1000", waiting = "integer 1..10000", input_bytes = bytes, output_bytes = bytes,
  shown_bytes = "integer 1024..5242880", timeout_s = "integer 1..3600", longest_s = "integer 1..3600",
  retries = "integer 0..20", backoff_s = "integer 1..300", longest_backoff_s = "integer 1..3600",
  kept_days = "integer 1..3650",
  next = { to = "string?" }, retry_after = { seconds = "number?" }, ends_run = "boolean",
  task_outcome = { waits = "boolean", is_done = "boolean", is_free = "boolean" },
}

--- Where an event moves something: {to}; without it, nowhere.  ask: {machine = "run" or "step", from, event}.
function M.next(ask)
  for _, e in ipairs(M[ask.machine]) do
    if e.from == ask.from and e.event == ask.event then return { to = e.to } end
  end
  return {}
end

-- Failures that may pass.  A call whose worker died is one: nobody knows what the tool has done, as after a time-out.
local PASSING = { upstream_timeout = true, upstream_error = true, rate_limited = true, call_lost = true,
                  transaction_conflict = true }

--- After how many seconds a step that has failed is tried again: {seconds}; without it, it is not.
--- facts: code, is_refused (the tool says that the input is wrong), tries (until now), max and backoff_s of its retry.
function M.retry_after(facts)
  if facts.is_refused or not PASSING[facts.code] or facts.tries > facts.max then return {} end
  return { seconds = math.min(M.longest_backoff_s, facts.backoff_s * 2 ^ math.min(facts.tries - 1, 20)) }
end

-- What no other step of the run could get round.
local FATAL = { agent_frozen = true, budget_exceeded = true, subscription_not_active = true }

--- Does a step that has failed end its run?  facts: code, on_failure ("stop" or "continue").
function M.ends_run(facts) return facts.on_failure ~= "continue" or FATAL[facts.code] == true end

local WAITING = { pending_payment = true, assigned = true, revision_requested = true }
local FREE = { canceled = true, canceled_refunded = true, refunded = true }

--- What the state of a task means for the step that has bought it: it waits, is done, or has failed; is_free: what it
--- was to cost has not been paid, or comes back.
function M.task_outcome(facts)
  return { waits = WAITING[facts.state] == true, is_done = facts.state == "delivered" or facts.state == "accepted",
           is_free = FREE[facts.state] == true }
end

local function failed(change)
  local facts = { code = "upstream_error", is_refused = false, tries = 1, max = 2, backoff_s = 5 }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

M.examples = {
  { "next", { machine = "run", from = "queued", event = "start" }, expect = { to = "running" } },
  { "next", { machine = "run", from = "completed", event = "cancel" }, expect = {} },
  { "next", { machine = "step", from = "in_progress", event = "skip" }, expect = { to = "canceled" } },
  { "next", { machine = "step", from = "blocked", event = "start" }, expect = {} },
  { "task_outcome", { state = "assigned" }, expect = { waits = true, is_done = false, is_free = false } },
  { "task_outcome", { state = "delivered" }, expect = { waits = false, is_done = true, is_free = false } },
  { "task_outcome", { state = "disputed" }, expect = { waits = false, is_done = false, is_free = false } },
  { "task_outcome", { state = "canceled" }, expect = { waits = false, is_done = false, is_free = true } },
  { "retry_after", failed {}, expect = { seconds = 5 } },
  { "retry_after", failed { tries = 2, code = "upstream_timeout" }, expect = { seconds = 10 } },
  { "retry_after", failed { tries = 3 }, expect = {} },
  { "retry_after", failed { tries = 5, max = 5, backoff_s = 100 }, expect = { seconds = 300 } },
  { "retry_after", failed { code = "call_lost" }, expect = { seconds = 5 } },
  { "retry_after", failed { is_refused = true }, expect = {} },
  { "retry_after", failed { code = "usage_quota_exceeded" }, expect = {} },
  { "retry_after", failed { max = 0 }, expect = {} },
  { "ends_run", { code = "upstream_error", on_failure = "stop" }, expect = true },
  { "ends_run", { code = "upstream_error", on_failure = "continue" }, expect = false },
  { "ends_run", { code = "agent_frozen", on_failure = "continue" }, expect = true },
}

return M
