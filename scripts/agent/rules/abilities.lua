-- scripts/agent/rules/abilities.lua -- may an agent in a chat do what its model asks for?  Pure: facts in, verdict out.
-- The abilities themselves are declared elsewhere (agent.abilities), with a risk each: "low" only reads, "medium" binds
-- the agent to something, "high" spends.  Anybody in a chat may talk a model into a call, so by default strangers only
-- cause reading.  To turn: who may cause more, and the numbers.
--% version: 1

local M = {
  steps = 6,                       -- answers of the model in one turn that call something; then it is to speak
  calls = 16,                      -- in one turn
  calls_per_hour = 120,            -- of one agent
  turn_ms = 180000,                -- after which nothing more is called in a turn
  call_ms = 120000,                -- of one call; one that is made again may have to wait for the first try's lease
  offered_ms = 5000,               -- to find out what an agent can do
  offered = 32,                    -- abilities of one agent
  arguments_bytes = 16000,         -- of one call, as JSON
  result_bytes = 8000,             -- of one result that the model sees
  earlier = 8,                     -- calls of earlier turns that the model is reminded of,
  earlier_bytes = 600,             -- and how much of each result
}

M.returns = {
  decide = { action = { "run", "refuse" }, reason = "string" },
  steps = "integer 1..100", calls = "integer 1..1000", calls_per_hour = "integer 0..1000000",
  turn_ms = "integer 1..600000", call_ms = "integer 1..600000", offered_ms = "integer 1..60000",
  offered = "integer 1..128", arguments_bytes = "integer 2..1000000", result_bytes = "integer 200..1000000",
  earlier = "integer 0..100", earlier_bytes = "integer 0..100000",
}
M.fallback = { decide = { action = "refuse", reason = "rule-failed" } }

local function run(reason) return { action = "run", reason = reason } end
local function refuse(reason) return { action = "refuse", reason = reason } end

-- facts: tool, risk, speaker (whom the turn answers: "owner" by the agent's settings, "person", "agent"; "nobody" when
-- it speaks unprompted), strangers (others who are in the chat or have written there, besides the owner), policy (the
-- agent's setting: "read" or "act"), called (calls of this turn so far), called_hour (of the agent, in the last hour).
function M.decide(facts)
  if facts.called >= M.calls then return refuse "too-many-calls" end
  if facts.called_hour >= M.calls_per_hour then return refuse "too-many-in-an-hour" end
  if facts.risk == "low" then return run "reads" end
  if facts.speaker == "owner" and facts.strangers == 0 then return run "owner" end
  if facts.policy ~= "act" then return refuse "read-only" end
  if facts.speaker == "agent" then return refuse "asked-by-agent" end
  if facts.speaker == "nobody" then return refuse "not-asked" end
  return run "may-act"
end

local function facts(change)
  local f = { tool = "t", risk = "medium", speaker = "person", strangers = 1, policy = "read", called = 0,
              called_hour = 0 }
  for k, v in pairs(change) do f[k] = v end
  return f
end

M.examples = {
  { "decide", facts { risk = "low" }, expect = run "reads" },
  { "decide", facts { risk = "low", speaker = "agent" }, expect = run "reads" },
  { "decide", facts {}, expect = refuse "read-only" },
  { "decide", facts { risk = "high" }, expect = refuse "read-only" },
  { "decide", facts { speaker = "owner", strangers = 0 }, expect = run "owner" },
  { "decide", facts { risk = "high", speaker = "owner", strangers = 0 }, expect = run "owner" },
  { "decide", facts { speaker = "owner", strangers = 1 }, expect = refuse "read-only" },
  { "decide", facts { policy = "act" }, expect = run "may-act" },
  { "decide", facts { policy = "act", risk = "high" }, expect = run "may-act" },
  { "decide", facts { policy = "act", speaker = "agent" }, expect = refuse "asked-by-agent" },
  { "decide", facts { policy = "act", speaker = "nobody", strangers = 2 }, expect = refuse "not-asked" },
  { "decide", facts { risk = "low", called = M.calls - 1 }, expect = run "reads" },
  { "decide", facts { risk = "low", called = M.calls }, expect = refuse "too-many-calls" },
  { "decide", facts { risk = "low", called_hour = M.calls_per_hour }, expect = refuse "too-many-in-an-hour" },
}

return M
