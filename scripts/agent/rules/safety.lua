-- scripts/agent/rules/safety.lua -- may this text leave the house?  Pure: facts about it, verdict out.
-- agent.actions measures the text; what the measures mean is decided here.  To turn: which measures
-- forbid, and limits.text_chars.
--% version: 1

local limits = require "agent.rules.limits"

local M = {}

M.returns = { may_say = "string" }
M.fallback = { may_say = "rule-failed" }

-- "ok", or why the text must not be sent.
-- facts: chars (length; of a text that goes out in parts, of the longest), has_key (something that looks like a key
-- of ours or of a model provider), leaks_prompt (a long run of the system prompt, word by word)
function M.may_say(facts)
  if facts.chars == 0 then return "empty" end
  if facts.chars > limits.text_chars then return "too-long" end
  if facts.has_key then return "secret" end
  if facts.leaks_prompt then return "prompt-leak" end
  return "ok"
end

M.examples = {
  { "may_say", { chars = 1 }, expect = "ok" },
  { "may_say", { chars = limits.text_chars }, expect = "ok" },
  { "may_say", { chars = limits.text_chars + 1 }, expect = "too-long" },
  { "may_say", { chars = 0 }, expect = "empty" },
  { "may_say", { chars = 1, has_key = true }, expect = "secret" },
  { "may_say", { chars = 1, leaks_prompt = true }, expect = "prompt-leak" },
}

return M
