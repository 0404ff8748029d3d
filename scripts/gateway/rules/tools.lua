-- scripts/gateway/rules/tools.lua -- may a tool run, must somebody be asked, or is it denied? Pure: facts in,
-- verdict out.  To turn: what each level of autonomy (security.autonomy_level) means for each risk, what may be
-- allowed for good, and how long an approval waits (gateway/rules/limits.lua).
--% version: 1

local limits = require "gateway.rules.limits"

local M = {}

M.returns = {
  decide = { action = { "run", "ask", "deny" }, reason = "string", expires_ms = "integer 1..604800000?",
    always_ok = "boolean?" },
  may_approve = "boolean",
  message_risk = { "low", "medium", "high" },
}
M.fallback = { decide = { action = "deny", reason = "rule-failed" }, may_approve = false, message_risk = "high" }

-- What runs without a question.  1: nothing; 2: what only reads; 3: also what changes little; 4: everything.
local RUNS = {
  [1] = {},
  [2] = { low = true },
  [3] = { low = true, medium = true },
  [4] = { low = true, medium = true, high = true },
}

-- What also runs so when a guest asks for it: nothing that shows or changes what is the operator's.  Any other tool is
-- asked about, at every level, each time.
local FOR_GUESTS = { time = true, tool_output = true, skill_read = true, web_fetch = true, message = true,
                     agent_spawn = true }

-- What runs by its risk when an event of the marketplace asks for it: the tools of the marketplace, and what tells
-- strangers nothing of the operator's.  Any other tool is asked about, each time: the event has words of others in it.
local FOR_MARKET = { time = true, tool_output = true, skill_read = true, web_fetch = true }

local function is_of_market(tool) return tool:find "^market_" ~= nil end

local function is_foreign(facts)
  if facts.asker == "guest" then return not FOR_GUESTS[facts.tool] end
  return facts.asker == "market" and not FOR_MARKET[facts.tool] and not is_of_market(facts.tool)
end

local function ask(reason, always_ok)
  return { action = "ask", reason = reason, expires_ms = limits.approval_ms, always_ok = always_ok }
end

-- facts: tool, risk ("low" | "medium" | "high"), arguments (JSON text, cut where it is long), level (0 to 4), always
-- (it, or this use of it, has been allowed for good), open (approvals that wait in all sessions), asker ("operator";
-- "owner": somebody in a chat who may approve; "guest": anybody else there; "market": an event of the marketplace;
-- "user": the same, of an agent that is not the operator's, which has the marketplace's tools alone, under the rules
-- of its own owner there).
function M.decide(facts)
  local runs = RUNS[facts.level]
  if not runs then return { action = "deny", reason = "locked" } end
  if facts.asker == "user" then
    if is_of_market(facts.tool) then return { action = "run", reason = "its-owner" } end
    return { action = "deny", reason = "not-yours" }
  end
  local foreign = is_foreign(facts)
  if runs[facts.risk] and not foreign then return { action = "run", reason = "level-" .. facts.level } end
  if facts.always and not foreign then return { action = "run", reason = "always-allowed" } end
  if facts.open >= limits.open_approvals then return { action = "deny", reason = "too-many-approvals" } end
  return ask(foreign and facts.asker or "risk-" .. facts.risk, not foreign)
end

-- Who may answer. who: role ("operator", "viewer" or "node" of the control protocol; "sender": somebody in a chat who
-- may talk there), and of a sender: named (gateway.approvers has them; any_named: it has somebody), listed (allow_from
-- has their own id), paired (the operator has approved them; first: before anybody else), group (it is said in one).
function M.may_approve(who)
  if who.role ~= "sender" then return who.role == "operator" end
  if who.any_named then return who.named == true end
  return who.listed == true or (who.paired and who.first) == true
end

-- The risk of sending a text to a chat. facts: here (the chat that the message came from), known (of somebody who may
-- talk with the agent).
function M.message_risk(facts)
  if facts.here then return "low" end
  return facts.known and "medium" or "high"
end

local function facts(change)
  local f = { tool = "x", risk = "medium", arguments = "{}", level = 2, always = false, open = 0, asker = "operator" }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local asks = { action = "ask", reason = "risk-high", expires_ms = limits.approval_ms, always_ok = true }
local asks_for_guest = { action = "ask", reason = "guest", expires_ms = limits.approval_ms, always_ok = false }

M.examples = {
  { "decide", facts { level = 0, risk = "low" }, expect = { action = "deny", reason = "locked" } },
  { "decide", facts { level = 0, always = true }, expect = { action = "deny", reason = "locked" } },
  { "decide", facts { level = 2, risk = "low" }, expect = { action = "run", reason = "level-2" } },
  { "decide", facts { level = 2, risk = "high" }, expect = asks },
  { "decide", facts { level = 2, risk = "high", always = true },
    expect = { action = "run", reason = "always-allowed" } },
  { "decide", facts { level = 3, risk = "medium" }, expect = { action = "run", reason = "level-3" } },
  { "decide", facts { level = 3, risk = "high" }, expect = asks },
  { "decide", facts { level = 4, risk = "high" }, expect = { action = "run", reason = "level-4" } },
  { "decide", facts { risk = "high", open = limits.open_approvals },
    expect = { action = "deny", reason = "too-many-approvals" } },
  { "decide", facts { asker = "owner", risk = "low" }, expect = { action = "run", reason = "level-2" } },
  { "decide", facts { asker = "guest", risk = "low", tool = "file_read" }, expect = asks_for_guest },
  { "decide", facts { asker = "guest", risk = "low", tool = "file_read", level = 4, always = true },
    expect = asks_for_guest },
  { "decide", facts { asker = "guest", risk = "low", tool = "time" }, expect = { action = "run", reason = "level-2" } },
  { "decide", facts { asker = "guest", risk = "high", tool = "message" }, expect = asks },
  { "decide", facts { asker = "market", risk = "low", tool = "market_search" },
    expect = { action = "run", reason = "level-2" } },
  { "decide", facts { asker = "market", risk = "high", tool = "market_hire" }, expect = asks },
  { "decide", facts { asker = "market", risk = "low", tool = "file_read", level = 4, always = true },
    expect = { action = "ask", reason = "market", expires_ms = limits.approval_ms, always_ok = false } },
  { "decide", facts { asker = "user", risk = "high", tool = "market_hire" },
    expect = { action = "run", reason = "its-owner" } },
  { "decide", facts { asker = "user", risk = "low", tool = "time" },
    expect = { action = "deny", reason = "not-yours" } },
  { "decide", facts { asker = "user", level = 0, tool = "market_search" },
    expect = { action = "deny", reason = "locked" } },
  { "message_risk", { here = true, known = false }, expect = "low" },
  { "message_risk", { here = false, known = true }, expect = "medium" },
  { "message_risk", { here = false, known = false }, expect = "high" },
  { "may_approve", { role = "operator" }, expect = true },
  { "may_approve", { role = "viewer" }, expect = false },
  { "may_approve", {}, expect = false },
  { "may_approve", { role = "sender", group = true }, expect = false },
  { "may_approve", { role = "sender", paired = true }, expect = false },
  { "may_approve", { role = "sender", paired = true, first = true }, expect = true },
  { "may_approve", { role = "sender", listed = true, group = true }, expect = true },
  { "may_approve", { role = "sender", listed = true, any_named = true }, expect = false },
  { "may_approve", { role = "sender", named = true, any_named = true }, expect = true },
}

return M
