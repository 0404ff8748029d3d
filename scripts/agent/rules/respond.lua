-- scripts/agent/rules/respond.lua -- should the agent speak?  Pure: facts in, verdict out.
-- In a one-to-one chat it speaks at once.  In a group it speaks when it is addressed, when somebody
-- answers it, or when a question falls into its field; it never answers itself, never keeps a loop of
-- agents going, and lets people finish typing.  agent.turn gathers the facts and carries this out.
-- To turn: the numbers in agent/rules/limits.lua ("When to wait", "Groups"), the words below, and the
-- order of the reasons in decide().
--% version: 2

local limits = require "agent.rules.limits"

local M = {}

M.returns = {
  decide = { action = { "speak", "react", "wait", "silent" }, reason = "string", wait_ms = "integer 0..3600000?",
    emoji = "string?", message_id = "string?" },
  names = "string[]", field = "table",
}
-- A rule that fails leaves these events unanswered, and the next ones get their turn.
M.fallback = { decide = { action = "silent", reason = "rule-failed" } }

-- Words of a prompt that name no field.
local COMMON = {}
for word in ([[about above after again agent agents always answer answers approach assistant based before being
  below between brief casual celebrate chats clear clearly communicate communication community concise context
  conversation create current detailed every example examples expert expertise first friendly general goals
  group guideline guidelines helping helps human important information instructions insights language likes
  listen maintain makes member members message messages might names natural naturally never occasional
  occasionally offer other others people person personal please practical provide provides question questions
  really refer reply respond responses resource rules saying sentence sentences share shares short should
  small someone something specific speak style suggest suggestions support supportive system their them
  themselves there these thing things think those through topic topics understand unless until useful user
  users using validate voice warmth where which while within without words would write writes writing your
  yourself years]]):gmatch "%S+" do COMMON[word] = true end

local THANKS = { "thanks", "thank you", "thx", "cheers", "perfect", "got it", "will do", "👍", "🙏", "❤" }
local THANKS_MAX = 40                            -- bytes; longer lines say more than thanks

local function is_word(byte)
  return byte ~= nil and (byte >= 128 or (byte >= 48 and byte <= 57) or (byte >= 65 and byte <= 90)
    or (byte >= 97 and byte <= 122) or byte == 95)
end

-- Whether `word` stands in `text` as a whole word.  Both are lower case.
local function has_word(text, word)
  local from = 1
  while true do
    local s, e = text:find(word, from, true)
    if not s then return false end
    local before = s > 1 and text:byte(s - 1) or nil
    if not is_word(before) and not is_word(text:byte(e + 1)) then return true end
    from = e + 1
  end
end

local function any_word(text, words)
  for _, word in ipairs(words) do
    if has_word(text, word) then return true end
  end
  return false
end

-- What people may call the agent, in lower case: its full names, and the words of its first name that
-- are nobody else's.  names: {"Coach Alex", ..}; nicknames: those of the others.
function M.names(names, nicknames)
  local out, seen, theirs = {}, {}, {}
  for _, nick in ipairs(nicknames) do
    for word in nick:lower():gmatch "%S+" do theirs[word] = true end
  end
  local function add(name)
    if #name < 2 or seen[name] then return end
    seen[name] = true
    out[#out + 1] = name
  end
  for _, name in ipairs(names) do add(name:lower()) end
  for word in (names[1] or ""):lower():gmatch "%S+" do
    if #word >= 3 and word:find "^%w+$" and not COMMON[word] and not theirs[word] then add(word) end
  end
  return out
end

-- The words that tell an agent's field, from what its prompt and personality say: {word = true}.
function M.field(text)
  local out = {}
  for word in text:lower():gmatch "%a+" do
    if #word >= 5 and not COMMON[word] then out[word] = true end
  end
  return out
end

local function in_field(text, field)
  for word in text:gmatch "%a+" do
    if field[word] then return true end
  end
  return false
end

local function is_thanks(text)
  if #text > THANKS_MAX or text:find("?", 1, true) then return false end
  for _, word in ipairs(THANKS) do
    if has_word(text, word) or (word:byte(1) >= 128 and text:find(word, 1, true)) then return true end
  end
  return false
end

local function silent(reason) return { action = "silent", reason = reason } end

-- Why the agent should answer message m of a group, or nil.  me: what has been found out about it.
local function reason_to_speak(facts, me, m)
  if m.replies_to_me then return "reply" end
  if any_word(m.text, me.names) then return "addressed" end
  if facts.own_in_row >= limits.own_in_row then return nil end
  if m.after_mine and (facts.since_mine_ms or 0) <= limits.follow_up_ms then return "reply" end
  if m.by_agent or not m.text:find("?", 1, true) then return nil end
  me.field = me.field or M.field(facts.prompt)
  return in_field(m.text, me.field) and "in-field" or nil
end

-- The newest message of a group that deserves an answer, and why.
local function group_reason(facts)
  local me = { names = M.names(facts.called, facts.nicknames) }
  for i = #facts.messages, 1, -1 do
    local m = facts.messages[i]
    local reason = not m.mine and reason_to_speak(facts, me, m)
    if reason then return reason, m end
  end
  return nil
end

local function all_mine(messages)
  for _, m in ipairs(messages) do
    if not m.mine then return false end
  end
  return true
end

local function keeps_typing(facts)
  return facts.typing_ms and facts.typing_ms <= limits.typing_fresh_ms
    and facts.waited_ms < limits.typing_wait_ms
end

local function in_group(facts)
  local reason, m = group_reason(facts)
  if not reason then return silent "not-addressed" end
  if m.by_agent and facts.agent_chain >= limits.agent_chain then return silent "agent-loop" end
  if is_thanks(m.text) then
    return { action = "react", reason = "thanks", emoji = "👍", message_id = m.id }
  end
  if keeps_typing(facts) then
    local wait_ms = math.ceil(math.min(limits.typing_step_ms, limits.typing_wait_ms - facts.waited_ms))
    return { action = "wait", reason = "typing", wait_ms = wait_ms }
  end
  return { action = "speak", reason = reason }
end

-- The verdict on everything that came since the last turn:
--   {action = "speak" | "react" | "wait" | "silent", reason =, wait_ms =, emoji =, message_id =}
-- facts:
--   status         "active" | "paused"
--   expired        the platform's time limit was reached and no new session has begun
--   others         how many participants there are besides the agent
--   called         in a group: what the agent is called, nicest first
--   nicknames      in a group: what the others are called
--   prompt         in a group: what its prompt and personality say (cut)
--   messages       the new chat messages, oldest first: {id, text (lower case, cut), mine, by_agent,
--                  after_mine (the line before it in the chat is the agent's), replies_to_me}
--   typing_ms      how long ago somebody last signalled typing without posting since, or nil
--   waited_ms      how long the agent has waited for them already
--   since_mine_ms  age of the agent's last message, or nil
--   own_in_row     the agent's messages at the end of the chat before the new ones
--   agent_chain    messages by agents in a row at the end of the chat, the new ones included
function M.decide(facts)
  if facts.expired then return silent "timer-expired" end
  if facts.status ~= "active" then return silent "paused" end
  if #facts.messages == 0 then return silent "nothing-said" end
  if all_mine(facts.messages) then return silent "own-message" end
  if facts.others > 1 then return in_group(facts) end
  local last = facts.messages[#facts.messages]
  if last.by_agent and facts.agent_chain >= limits.agent_chain then return silent "agent-loop" end
  return { action = "speak", reason = "one-to-one" }
end

-- Run at every load; an edit that breaks one of these is refused.
local function facts(change)
  local f = {
    status = "active", expired = false, others = 4, messages = {},
    called = { "Coach Alex" }, nicknames = { "Sarah", "Ben" }, prompt = "Talk about cardio and protein.",
    typing_ms = nil, waited_ms = 0, since_mine_ms = nil, own_in_row = 0, agent_chain = 0,
  }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local function says(text, more)
  local m = { id = "m1", text = text }
  for k, v in pairs(more or {}) do m[k] = v end
  return { m }
end

local function speak(reason) return { action = "speak", reason = reason } end

local CHAIN, ROW, STEP, FRESH = limits.agent_chain, limits.own_in_row, limits.typing_step_ms, limits.typing_fresh_ms
local LONG = limits.typing_wait_ms
local one_to_one = { others = 1, messages = says "i struggle to stay motivated" }
local chatter = says "what a game yesterday"

M.examples = {
  { "decide", facts(one_to_one), expect = speak "one-to-one" },
  { "decide", facts { others = 0, messages = says "hello" }, expect = speak "one-to-one" },
  { "decide", facts { others = 1, messages = says "hello", typing_ms = 100 }, expect = speak "one-to-one" },
  { "decide", facts { others = 1, messages = says("hi", { mine = true }) }, expect = silent "own-message" },
  { "decide", facts { others = 1 }, expect = silent "nothing-said" },
  { "decide", facts { status = "paused", messages = says "alex?" }, expect = silent "paused" },
  { "decide", facts { expired = true, messages = says "alex?" }, expect = silent "timer-expired" },
  -- Loops: two agents may exchange a few lines, not more.
  { "decide", facts { others = 1, agent_chain = CHAIN - 1, messages = says("hi", { by_agent = true }) },
    expect = speak "one-to-one" },
  { "decide", facts { others = 1, agent_chain = CHAIN, messages = says("hi", { by_agent = true }) },
    expect = silent "agent-loop" },
  { "decide", facts { agent_chain = CHAIN, messages = says("alex, go on", { by_agent = true }) },
    expect = silent "agent-loop" },
  { "decide", facts { agent_chain = 1, messages = says("alex, go on", { by_agent = true }) },
    expect = speak "addressed" },
  -- Groups.
  { "decide", facts { messages = chatter }, expect = silent "not-addressed" },
  { "decide", facts { messages = says "alex, any tips for sleep" }, expect = speak "addressed" },
  { "decide", facts { messages = says "@coach alex look" }, expect = speak "addressed" },
  { "decide", facts { messages = says "alexander the great won" }, expect = silent "not-addressed" },
  { "decide", facts { messages = says "how much protein do you eat?" }, expect = speak "in-field" },
  { "decide", facts { messages = says "i love protein" }, expect = silent "not-addressed" },
  { "decide", facts { messages = says "who won the game?" }, expect = silent "not-addressed" },
  { "decide", facts { messages = says("how much protein?", { by_agent = true }) },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says("yes, i did", { replies_to_me = true }) }, expect = speak "reply" },
  { "decide", facts { messages = says("yes, twice", { after_mine = true }), since_mine_ms = limits.follow_up_ms },
    expect = speak "reply" },
  { "decide", facts { messages = says("yes, twice", { after_mine = true }), since_mine_ms = limits.follow_up_ms + 1 },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says("so what", { after_mine = true }), since_mine_ms = 9, own_in_row = ROW },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says "alex?", own_in_row = ROW }, expect = speak "addressed" },
  { "decide", facts { messages = says("alex said so", { mine = true }) }, expect = silent "own-message" },
  { "decide", facts { messages = { says("alex?")[1], chatter[1] } }, expect = speak "addressed" },
  -- Thanks get a reaction, not another paragraph.
  { "decide", facts { messages = says "thanks alex!" },
    expect = { action = "react", reason = "thanks", emoji = "👍", message_id = "m1" } },
  { "decide", facts { messages = says("🙏🙏", { replies_to_me = true }) },
    expect = { action = "react", reason = "thanks", emoji = "👍", message_id = "m1" } },
  { "decide", facts { messages = says "thanks alex, what about legs?" }, expect = speak "addressed" },
  { "decide", facts { messages = says "thanks, sarah" }, expect = silent "not-addressed" },
  -- People still typing.
  { "decide", facts { messages = says "alex?", typing_ms = FRESH },
    expect = { action = "wait", reason = "typing", wait_ms = math.min(STEP, LONG) } },
  { "decide", facts { messages = says "alex?", typing_ms = 0, waited_ms = LONG - 1 },
    expect = { action = "wait", reason = "typing", wait_ms = 1 } },
  { "decide", facts { messages = says "alex?", typing_ms = 0, waited_ms = LONG },
    expect = speak "addressed" },
  { "decide", facts { messages = says "alex?", typing_ms = FRESH + 1 }, expect = speak "addressed" },
  { "decide", facts { messages = chatter, typing_ms = 0 }, expect = silent "not-addressed" },
  -- Names.
  { "names", { "Coach Alex", "Gym Chat" }, { "Sarah" },
    expect = { "coach alex", "gym chat", "coach", "alex" } },
  { "names", { "Coach Alex" }, { "Alex Smith" }, expect = { "coach alex", "coach" } },
  { "names", {}, {}, expect = {} },
  { "field", "Provide cardio advice, cardio plans.", expect = { cardio = true, advice = true, plans = true } },
}

return M
