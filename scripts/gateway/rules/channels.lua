-- scripts/gateway/rules/channels.lua -- who may talk with the agent by a channel, and what it hears in a group.
-- Pure: facts in, verdict out.  To turn: what becomes of strangers, and the numbers.
--% version: 1

local M = {
  strangers = "pair",              -- "pair": who writes directly is sent a code that the operator approves; "ignore"
  per_ten_minutes = 60,            -- messages of one sender that are answered; further ones are ignored
  waiting = 2000,                  -- messages of a channel that wait; then vendors are asked to come again
  asking = 20,                     -- strangers of a channel whose codes wait at a time; others are ignored
  code_minutes = 60,               -- that a code is good
}

M.returns = {
  strangers = { "pair", "ignore" }, per_ten_minutes = "integer 1..100000", waiting = "integer 1..1000000",
  asking = "integer 0..10000", code_minutes = "integer 1..100000",
  decide = { action = { "answer", "pair", "ignore" }, reason = "string" },
}
M.fallback = { decide = { action = "ignore", reason = "rule-failed" } }

local function ignore(reason) return { action = "ignore", reason = reason } end

-- What is nobody's question to the agent, whoever sends it.
local function no_question(facts)
  if facts.mine then return "own-message" end
  if facts.is_bot then return "bot" end
  if facts.kind == "other" then return "no-message" end
  if facts.nobody then return "no-sender" end
  if facts.edited then return "edited" end
  if facts.empty then return "empty" end
end

-- facts; what is left out is false:
--   channel, kind ("message", "command", "button", "other"), group (it was said in a group), groups (the setting:
--   "mention", "all", "off"), mine (the agent's own message), is_bot, nobody (it does not say who), edited, empty
--   (neither text nor attachment),
--   listed (the sender or the chat is in allow_from), open ("*" is), paired (the operator has approved the sender),
--   blocked (or refused), meant (it mentions the agent, replies to it, calls it by name, or is a command),
--   recent (messages of this sender within ten minutes), asking (codes of this channel that wait)
function M.decide(facts)
  local why = no_question(facts)
  if why then return ignore(why) end
  if facts.blocked then return ignore "blocked" end
  local known = facts.listed or facts.open or facts.paired
  if facts.group then
    if facts.groups == "off" then return ignore "no-groups" end
    if not facts.meant and facts.groups ~= "all" then return ignore "not-addressed" end
    if not known then return ignore "stranger" end
  end
  if facts.recent > M.per_ten_minutes then return ignore "too-many" end
  if known then
    return { action = "answer", reason = facts.listed and "listed" or facts.paired and "paired" or "open" }
  end
  if M.strangers ~= "pair" or facts.kind == "button" then return ignore "stranger" end
  if facts.asking >= M.asking then return ignore "too-many-strangers" end
  return { action = "pair", reason = "stranger" }
end

local function facts(change)
  local f = { channel = "telegram", kind = "message", groups = "mention", recent = 1, asking = 0 }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local answers = { action = "answer", reason = "paired" }

M.examples = {
  { "decide", facts { listed = true }, expect = { action = "answer", reason = "listed" } },
  { "decide", facts { open = true }, expect = { action = "answer", reason = "open" } },
  { "decide", facts { paired = true }, expect = answers },
  { "decide", facts { paired = true, blocked = true }, expect = ignore "blocked" },
  { "decide", facts { asking = M.asking },
    expect = ignore(M.strangers == "pair" and "too-many-strangers" or "stranger") },
  { "decide", facts { open = true, recent = M.per_ten_minutes + 1 }, expect = ignore "too-many" },
  { "decide", facts { kind = "button" }, expect = ignore "stranger" },
  -- Groups.
  { "decide", facts { group = true, paired = true }, expect = ignore "not-addressed" },
  { "decide", facts { group = true, paired = true, meant = true }, expect = answers },
  { "decide", facts { group = true, paired = true, groups = "all" }, expect = answers },
  { "decide", facts { group = true, paired = true, meant = true, groups = "off" }, expect = ignore "no-groups" },
  { "decide", facts { group = true, meant = true }, expect = ignore "stranger" },
  -- Loops, and what is no message.
  { "decide", facts { open = true, is_bot = true, meant = true }, expect = ignore "bot" },
  { "decide", facts { open = true, mine = true }, expect = ignore "own-message" },
  { "decide", facts { open = true, nobody = true }, expect = ignore "no-sender" },
  { "decide", facts { open = true, edited = true }, expect = ignore "edited" },
  { "decide", facts { open = true, empty = true }, expect = ignore "empty" },
  { "decide", facts { open = true, kind = "other" }, expect = ignore "no-message" },
}

return M
