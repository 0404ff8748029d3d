-- scripts/agent/rules/initiative.lua -- when does an agent speak although nobody spoke to it?  Pure.
-- Two occasions: a session begins (its owner set a greeting), and nobody has answered its last message for a while
-- (its owner set how long).  agent.initiative gathers the facts, agent.turn carries out the verdict.
-- To turn: the order of the reasons, and in agent.rules.limits how long people who type are waited for.
--% version: 1

local limits = require "agent.rules.limits"

local M = {}

M.returns = {
  greet = { action = { "greet", "silent" }, reason = "string" },
  follow_up = { action = { "speak", "wait", "silent" }, reason = "string", wait_ms = "integer 0..2592000000?" },
}
M.fallback = {
  greet = { action = "silent", reason = "rule-failed" }, follow_up = { action = "silent", reason = "rule-failed" },
}

local function silent(reason) return { action = "silent", reason = reason } end

local function wait(reason, ms) return { action = "wait", reason = reason, wait_ms = math.ceil(ms) } end

-- Why the agent must not write anything now, or nil.
local function forbidden(facts)
  if facts.expired then return "timer-expired" end
  if facts.status ~= "active" then return "paused" end
  if facts.reactions_only then return "reactions-only" end
end

-- The verdict on a session that has begun and was not greeted yet: {action = "greet" | "silent", reason}.
-- facts: as of follow_up, and has_greeting.
function M.greet(facts)
  local why_not = forbidden(facts)
  if why_not then return silent(why_not) end
  if not facts.has_greeting then return silent "no-greeting" end
  if facts.quiet_ms then return silent "quiet-hours" end
  return { action = "greet", reason = "joined" }
end

-- The verdict on silence: {action = "speak" | "wait" | "silent", reason, wait_ms}.
-- facts:
--   status          "active" | "paused"
--   expired         the platform's time limit was reached and no new session has begun
--   reactions_only  a setting of the agent's
--   after_ms        how long after its last words the agent may follow up; nil: it may not
--   others          how many participants there are besides the agent
--   mine_last       the last message of the chat is the agent's
--   silence_ms      how old that is
--   typing_ms       how long ago somebody last signalled typing without posting since, or nil
--   quiet_ms        how long the agent's quiet hours go on, or nil
function M.follow_up(facts)
  local why_not = forbidden(facts)
  if why_not then return silent(why_not) end
  if not facts.after_ms then return silent "off" end
  if not facts.mine_last then return silent "answered" end
  if facts.others == 0 then return silent "nobody-there" end
  if facts.silence_ms < facts.after_ms then return wait("too-early", facts.after_ms - facts.silence_ms) end
  if facts.quiet_ms then return wait("quiet-hours", facts.quiet_ms) end
  if facts.typing_ms and facts.typing_ms <= limits.typing_fresh_ms then return wait("typing", limits.typing_wait_ms) end
  return { action = "speak", reason = "follow-up" }
end

local function facts(change)
  local f = { status = "active", expired = false, reactions_only = false, has_greeting = true, after_ms = 60000,
              others = 1, mine_last = true, silence_ms = 60000 }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local function never(change)
  local f = facts(change)
  if change.after_ms == false then f.after_ms = nil end
  return f
end

M.examples = {
  { "greet", facts {}, expect = { action = "greet", reason = "joined" } },
  { "greet", facts { others = 0 }, expect = { action = "greet", reason = "joined" } },
  { "greet", facts { has_greeting = false }, expect = silent "no-greeting" },
  { "greet", facts { quiet_ms = 1 }, expect = silent "quiet-hours" },
  { "greet", facts { status = "paused" }, expect = silent "paused" },
  { "greet", facts { expired = true }, expect = silent "timer-expired" },
  { "greet", facts { reactions_only = true }, expect = silent "reactions-only" },
  { "follow_up", facts {}, expect = { action = "speak", reason = "follow-up" } },
  { "follow_up", never { after_ms = false }, expect = silent "off" },
  { "follow_up", facts { mine_last = false }, expect = silent "answered" },
  { "follow_up", facts { others = 0 }, expect = silent "nobody-there" },
  { "follow_up", facts { silence_ms = 59999.5 }, expect = wait("too-early", 1) },
  { "follow_up", facts { quiet_ms = 3600000 }, expect = wait("quiet-hours", 3600000) },
  { "follow_up", facts { typing_ms = limits.typing_fresh_ms }, expect = wait("typing", limits.typing_wait_ms) },
  { "follow_up", facts { typing_ms = limits.typing_fresh_ms + 1 },
    expect = { action = "speak", reason = "follow-up" } },
  { "follow_up", facts { status = "paused" }, expect = silent "paused" },
  { "follow_up", facts { expired = true }, expect = silent "timer-expired" },
  { "follow_up", facts { reactions_only = true }, expect = silent "reactions-only" },
}

return M
