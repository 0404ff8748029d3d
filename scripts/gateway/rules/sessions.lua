-- scripts/gateway/rules/sessions.lua -- what a message does that comes while its session is at work, and who may begin
-- a conversation anew.  Pure: facts in, verdict out.  To turn: what happens where the message does not say.
--% version: 1

local M = {
  arriving = "queue",              -- "queue", "steer", "collect" or "interrupt"; see below
}

local MODES = { queue = true, steer = true, collect = true, interrupt = true }

M.returns = {
  arriving = { "queue", "steer", "collect", "interrupt" },
  arrives = { mode = { "queue", "steer", "collect", "interrupt" }, reason = "string" },
  may_command = { action = { "allow", "deny" }, reason = "string" },
}
M.fallback = {
  arrives = { mode = "queue", reason = "rule-failed" },
  may_command = { action = "deny", reason = "rule-failed" },
}

-- queue: it waits until the run is over, and has a run of its own.  steer: the run that goes on reads it before it
-- asks the model the next time; where it does not ask again, the message waits.  collect: it waits, and is read with
-- all others that wait.  interrupt: the run is aborted.
-- facts: wish (the mode that the message asks for, or nil), by ("client" of the control protocol, "channel", or
-- "other": a job, another agent, a request of /v1), at_work (the same of the run), same (both were asked for by the
-- same person, or by people who may all do what the operator does).
function M.arrives(facts)
  local mode = MODES[facts.wish] and facts.wish or M.arriving
  if mode == "queue" then return { mode = "queue", reason = "asked" } end
  if facts.by == "other" or facts.at_work == "other" then return { mode = "queue", reason = "no-talk" } end
  -- The words of a guest are not to be read, nor anything ended, with what somebody else may.
  if not facts.same then return { mode = "queue", reason = "somebody-else" } end
  return { mode = mode, reason = facts.wish == mode and "wished" or "setting" }
end

-- Who may say /new, /reset, /compact and /stop. facts: command, asker ("operator", "owner" or "guest"), group (of many
-- people, whose conversation it is).
function M.may_command(facts)
  if facts.group and facts.asker == "guest" then return { action = "deny", reason = "group" } end
  return { action = "allow", reason = facts.asker }
end

local function arrives(change)
  local f = { by = "client", at_work = "client", same = true }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local set = M.arriving == "queue" and { mode = "queue", reason = "asked" } or { mode = M.arriving, reason = "setting" }

M.examples = {
  { "arrives", arrives {}, expect = set },
  { "arrives", arrives { wish = "nonsense" }, expect = set },
  { "arrives", arrives { wish = "steer" }, expect = { mode = "steer", reason = "wished" } },
  { "arrives", arrives { wish = "interrupt" }, expect = { mode = "interrupt", reason = "wished" } },
  { "arrives", arrives { wish = "queue" }, expect = { mode = "queue", reason = "asked" } },
  { "arrives", arrives { wish = "steer", by = "channel", same = false },
    expect = { mode = "queue", reason = "somebody-else" } },
  { "arrives", arrives { wish = "interrupt", at_work = "other" }, expect = { mode = "queue", reason = "no-talk" } },
  { "may_command", { command = "new", asker = "operator", group = false },
    expect = { action = "allow", reason = "operator" } },
  { "may_command", { command = "new", asker = "guest", group = false },
    expect = { action = "allow", reason = "guest" } },
  { "may_command", { command = "new", asker = "guest", group = true }, expect = { action = "deny", reason = "group" } },
  { "may_command", { command = "stop", asker = "owner", group = true },
    expect = { action = "allow", reason = "owner" } },
}

return M
