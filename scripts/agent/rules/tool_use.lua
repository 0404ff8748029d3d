-- scripts/agent/rules/tool_use.lua -- may the agent do this?  Pure: one action and facts, verdict out.
-- The model proposes; this decides.  A refused action is dropped and logged, never sent.  To turn: what
-- each kind of action needs; the number of actions of one turn is the setting agent.max_actions.
--% version: 2

local M = {}

M.returns = { check = "string" }
M.fallback = { check = "rule-failed" }

-- "ok", "as-message" (a reply without what it refers to), or why not.
-- action: {type = "send-message" | "send-reply" | "add-reaction" | "remove-reaction"}
-- facts: permitted (false: the agent's settings take it away), taken (actions of this turn so far), max (allowed),
-- may_message (a plain message is permitted), known_message (its messageId is one of this chat), is_emoji, reacted
-- (the agent's own reaction of that kind stands there now), said (verdict of agent.rules.safety on its text)
function M.check(action, facts)
  if facts.permitted == false then return "not-permitted" end
  if facts.taken >= facts.max then return "too-many-actions" end
  if action.type == "send-message" then return facts.said end
  if action.type == "send-reply" and (facts.known_message or facts.said ~= "ok") then return facts.said end
  if action.type == "send-reply" and facts.may_message ~= false then return "as-message" end
  if not facts.known_message then return "unknown-message" end
  if not facts.is_emoji then return "not-an-emoji" end
  if action.type == "add-reaction" and facts.reacted then return "already-reacted" end
  if action.type == "remove-reaction" and not facts.reacted then return "no-such-reaction" end
  return "ok"
end

local say, reply = { type = "send-message" }, { type = "send-reply" }
local add, remove = { type = "add-reaction" }, { type = "remove-reaction" }

local function facts(change)
  local f = { taken = 0, max = 4, known_message = true, is_emoji = true, reacted = false, said = "ok" }
  for k, v in pairs(change) do f[k] = v end
  return f
end

M.examples = {
  { "check", say, facts {}, expect = "ok" },
  { "check", say, facts { known_message = false }, expect = "ok" },
  { "check", say, facts { said = "empty" }, expect = "empty" },
  { "check", say, facts { permitted = false }, expect = "not-permitted" },
  { "check", say, facts { taken = 4 }, expect = "too-many-actions" },
  { "check", reply, facts {}, expect = "ok" },
  { "check", reply, facts { known_message = false }, expect = "as-message" },
  { "check", reply, facts { known_message = false, said = "secret" }, expect = "secret" },
  { "check", reply, facts { known_message = false, may_message = false }, expect = "unknown-message" },
  { "check", reply, facts { said = "secret" }, expect = "secret" },
  { "check", add, facts {}, expect = "ok" },
  { "check", add, facts { taken = 3 }, expect = "ok" },
  { "check", add, facts { known_message = false }, expect = "unknown-message" },
  { "check", add, facts { is_emoji = false }, expect = "not-an-emoji" },
  { "check", add, facts { reacted = true }, expect = "already-reacted" },
  { "check", remove, facts {}, expect = "no-such-reaction" },
  { "check", remove, facts { reacted = true }, expect = "ok" },
}

return M
