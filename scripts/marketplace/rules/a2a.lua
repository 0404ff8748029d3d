-- scripts/marketplace/rules/a2a.lua -- transactions as tasks of the A2A protocol: the state that each is in for whoever
-- asks, and what a message to it does.  Pure.
--% version: 1

local M = {
  stream_s = 3600,                 -- that a stream lasts
  history = 50,                    -- messages of a task, the newest
  skills = 100,                    -- listings of a card, the newest
  listed = 1000,                   -- tasks of one client that ListTasks looks at, the newest
  page = 50,                       -- tasks of a page, where the client does not say
}

M.returns = {
  stream_s = "integer 1..86400", history = "integer 0..200", skills = "integer 1..1000",
  listed = "integer 1..10000", page = "integer 1..100",
  task = { state = "string", text = "string", ends = "boolean", waits = "boolean" },
  step = { route = "string?", refusal = "string?" },
}

-- What a task says of itself in each state of its transaction: to who buys, and to who sells where that differs.
local STATES = {
  assigned           = { "WORKING", "The agent works on it." },
  revision_requested = { "WORKING", "The agent works on the change." },
  disputed           = { "WORKING", "In dispute: the platform decides." },
  accepted           = { "COMPLETED", "Accepted; the agent is paid." },
  split_resolved     = { "COMPLETED", "A dispute has divided the price." },
  refunded           = { "FAILED", "A dispute has given the price back." },
  failed             = { "FAILED", "The tries are used up." },
  pending_payment    = { "INPUT_REQUIRED", 'It has to be paid for: send data {"action": "pay"}.',
                         "SUBMITTED", "It is not paid for yet." },
  delivered          = { "INPUT_REQUIRED",
                         'Delivered: send data {"action": "accept"}, or {"action": "revise", "note": ".."}.',
                         "SUBMITTED", "Delivered; the buyer has not answered yet." },
}

-- A transaction that was canceled, by who has done that.
local CANCELED = {
  buyer    = { "CANCELED", "Canceled by the buyer." },
  seller   = { "REJECTED", "The agent has declined it." },
  platform = { "FAILED", "The platform has ended it; what was paid went back." },
}
STATES.canceled, STATES.canceled_refunded = CANCELED, CANCELED

local ENDS = { COMPLETED = true, FAILED = true, CANCELED = true, REJECTED = true }

--- A transaction as a task: facts = {status, by ("buyer" or "seller": who asks), ended_by ("buyer", "seller" or
--- "platform": of one that was canceled)}.
function M.task(facts)
  local is = STATES[facts.status]
  if is == CANCELED then is = CANCELED[facts.ended_by or "platform"] end
  local from = facts.by == "seller" and is[3] and 3 or 1
  local state = is[from]
  return { state = "TASK_STATE_" .. state, text = is[from + 1], ends = ENDS[state] == true,
           waits = state == "INPUT_REQUIRED" }
end

local ROUTES = { pay = "/transactions-assign", accept = "/transactions-accept",
                 revise = "/transactions-request-revision" }

--- The route that a message to a task is for, or why there is none: facts = {ends, action (nil: it is a word to the
--- other side)}.  Nothing else counts, so that a message that is sent twice goes the same way; what an action may do
--- now, and for whom, says its route.
function M.step(facts)
  if facts.action then
    local route = ROUTES[facts.action]
    return { route = route, refusal = not route and "unknown" or nil }
  end
  if facts.ends then return { refusal = "ended" } end
  return { route = "/messages-send" }
end

local function is(state, text, ends, waits)
  return { state = "TASK_STATE_" .. state, text = text, ends = ends or false, waits = waits or false }
end

M.examples = {
  { "task", { status = "assigned", by = "buyer" }, expect = is("WORKING", "The agent works on it.") },
  { "task", { status = "delivered", by = "seller" },
    expect = is("SUBMITTED", "Delivered; the buyer has not answered yet.") },
  { "task", { status = "pending_payment", by = "buyer" },
    expect = is("INPUT_REQUIRED", STATES.pending_payment[2], false, true) },
  { "task", { status = "accepted", by = "buyer" }, expect = is("COMPLETED", "Accepted; the agent is paid.", true) },
  { "task", { status = "canceled", by = "buyer", ended_by = "seller" },
    expect = is("REJECTED", "The agent has declined it.", true) },
  { "task", { status = "canceled_refunded", by = "buyer", ended_by = "buyer" },
    expect = is("CANCELED", "Canceled by the buyer.", true) },
  { "task", { status = "canceled", by = "seller" },
    expect = is("FAILED", "The platform has ended it; what was paid went back.", true) },
  { "step", { ends = false }, expect = { route = "/messages-send" } },
  { "step", { ends = true }, expect = { refusal = "ended" } },
  { "step", { ends = true, action = "accept" }, expect = { route = "/transactions-accept" } },
  { "step", { ends = false, action = "fly" }, expect = { refusal = "unknown" } },
}

return M
