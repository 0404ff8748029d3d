-- scripts/agent/rules/pacing.lua -- in how many pieces an answer is given, and how fast.  Pure: facts in, numbers out.
-- A long answer goes out as several messages; agent.parts decides where a text is split.  An agent whose settings
-- say so takes time to type, as people do, and shows typing for that long.
-- To turn: limits.message_parts, typing_again_ms and typing_max_ms.
--% version: 1

local limits = require "agent.rules.limits"

local M = {}

M.returns = { part_chars = "integer", pause_ms = "integer", typing_again_ms = "integer" }

-- The longest message of an agent whose platform takes `wanted` characters (nil: as many as any).
function M.part_chars(wanted)
  return math.max(1, math.min(wanted or limits.text_chars, limits.text_chars))
end

-- How long it types before a message.
-- facts: chars (of it), ms_per_char (of the agent's settings), typed_ms (for how long it has been seen typing: it
-- thought meanwhile, which is time enough for a part of it)
function M.pause_ms(facts)
  local whole = math.min(facts.chars * facts.ms_per_char, limits.typing_max_ms)
  return math.floor(math.max(whole - facts.typed_ms, 0))
end

-- How long a typing indicator lasts; after that it is shown again.
function M.typing_again_ms() return limits.typing_again_ms end

-- In terms of the limits, so that they stay true when a number is changed.
local MAX = limits.typing_max_ms

M.examples = {
  { "part_chars", limits.text_chars - 1, expect = math.max(1, limits.text_chars - 1) },
  { "part_chars", nil, expect = limits.text_chars },
  { "part_chars", limits.text_chars + 1, expect = limits.text_chars },
  { "pause_ms", { chars = 100, ms_per_char = 0, typed_ms = 0 }, expect = 0 },
  { "pause_ms", { chars = 100, ms_per_char = 20, typed_ms = 0 }, expect = math.min(2000, MAX) },
  { "pause_ms", { chars = 100, ms_per_char = 20, typed_ms = 1 }, expect = math.max(0, math.min(2000, MAX) - 1) },
  { "pause_ms", { chars = 100, ms_per_char = 20, typed_ms = MAX }, expect = 0 },
  { "pause_ms", { chars = 16000, ms_per_char = 100, typed_ms = 0 }, expect = MAX },
  { "typing_again_ms", expect = limits.typing_again_ms },
}

return M
