-- scripts/agent/rules/respond.lua -- should the agent speak?  Pure: facts in, verdict out.
-- In a one-to-one chat it speaks.  In a group it speaks when it is addressed, when the person whom it answered
-- continues the topic, or when a question falls into its field; an agent that may speak freely gets a share of the
-- talk besides.  It never answers itself, never keeps a loop of agents going, and lets people finish.
-- agent.situation finds out what the lines say and to whom; agent.turn carries out the verdict.
-- To turn: the numbers in agent/rules/limits.lua ("When to wait", "Groups"), the settings of each agent (`policy`),
-- and the order of the reasons in reason_to_speak().
--% version: 4

local limits = require "agent.rules.limits"

local M = {}

M.returns = {
  decide = { action = { "speak", "react", "wait", "silent" }, reason = "string", wait_ms = "integer 0..3600000?",
    emoji = "string?", message_id = "string?", to = "string?", follow_ups = "integer 0..?" },
  supersedes = "boolean",
}
-- If this rule fails, these events stay unanswered, and the next ones get a turn.
M.fallback = { decide = { action = "silent", reason = "rule-failed" }, supersedes = false }

local LIKE = "👍"
local SILENCE = { mine = "own-message", ignored = "ignored", agent = "agent" }

local function silent(reason) return { action = "silent", reason = reason } end

local function policy_of(facts)
  local set = facts.policy or {}
  return {
    speak = set.speak or "asked", talkativeness = set.talkativeness or 50, everyone = set.answers == "everyone",
    no_reactions = set.no_reactions, debounce_ms = set.debounce_ms or limits.debounce_ms,
  }
end

-- Why message m must not be answered, whatever it says, or nil.
local function barred(m, policy)
  if m.mine then return "mine" end
  if m.ignored then return "ignored" end
  return m.by_agent and not policy.everyone and "agent" or nil
end

-- The reason for silence when all messages are barred, or nil.
local function all_barred(facts, policy)
  local why
  for _, m in ipairs(facts.messages) do
    local bar = barred(m, policy)
    if not bar then return nil end
    if bar ~= "mine" or not why then why = bar end
  end
  return SILENCE[why]
end

-- Whether m continues, unasked, what the agent said last to the same person.
local function follows_up(facts, m)
  return m.by_answered and m.after_mine and m.about_mine
    and (facts.since_mine_ms or 0) <= limits.follow_up_ms and (facts.follow_ups or 0) < limits.follow_ups
end

-- Why the agent should answer message m of a group, or nil.
local function reason_to_speak(facts, policy, m)
  if m.danger then return "danger" end           -- whoever is spoken to, and whatever the agent is for
  if m.named then return "addressed" end
  if m.names_other or m.replies_to_other then return nil end
  if m.replies_to_me then return "reply" end
  if policy.speak == "mentioned" or facts.own_in_row >= limits.own_in_row then return nil end
  if policy.talkativeness > 0 and follows_up(facts, m) then return "follow-up" end
  local share = facts.share or 0
  if m.by_agent or m.bot or share >= policy.talkativeness then return nil end
  if m.asks and m.in_field then return "in-field" end
  return policy.speak == "free" and not m.thanks and 2 * share < policy.talkativeness and "free" or nil
end

-- The newest message that deserves an answer, and why.
local function to_answer(facts, policy)
  for i = #facts.messages, 1, -1 do
    local m = facts.messages[i]
    if not barred(m, policy) then
      local alone = facts.others <= 1 and (m.named or not m.names_sibling)
      local reason = alone and "one-to-one" or reason_to_speak(facts, policy, m)
      if reason then return m, reason end
    end
  end
  return nil
end

-- How long to wait for people to finish, and why; nil when they have.
local function pause(facts, policy, m)
  if facts.typing_ms and facts.typing_ms <= limits.typing_fresh_ms and facts.waited_ms < limits.typing_wait_ms then
    return math.min(limits.typing_step_ms, limits.typing_wait_ms - facts.waited_ms), "typing"
  end
  local last, before
  for _, other in ipairs(facts.messages) do
    if other.from == m.from and not other.mine then last, before = other, last end
  end
  local quiet_ms = last.age_ms or policy.debounce_ms
  local burst = before and before.age_ms and before.age_ms - quiet_ms < policy.debounce_ms
  if quiet_ms >= policy.debounce_ms or facts.waited_ms >= limits.burst_wait_ms then return nil end
  if last.complete and not burst then return nil end
  return math.min(policy.debounce_ms - quiet_ms, limits.burst_wait_ms - facts.waited_ms), "burst"
end

local function react(reason, m) return { action = "react", reason = reason, emoji = LIKE, message_id = m.id } end

local function answer(facts, policy, m, reason)
  if (m.bot or m.stranger) and facts.agent_chain >= limits.agent_chain then return silent "agent-loop" end
  if m.thanks and facts.others > 1 then return policy.no_reactions and silent "thanks" or react("thanks", m) end
  if reason == "danger" then return { action = "speak", reason = reason, message_id = m.id, to = m.from } end
  if m.stops then
    return (facts.reacted or policy.no_reactions) and silent "told-to-stop" or react("told-to-stop", m)
  end
  local wait_ms, why = pause(facts, policy, m)
  if wait_ms then return { action = "wait", reason = why, wait_ms = math.max(1, math.ceil(wait_ms)) } end
  if reason == "one-to-one" then return { action = "speak", reason = "one-to-one" } end
  return { action = "speak", reason = reason, message_id = m.id, to = m.from,
           follow_ups = reason == "follow-up" and (facts.follow_ups or 0) + 1 or nil }
end

-- The verdict on everything that came since the last turn:
--   {action = "speak" | "react" | "wait" | "silent", reason =, wait_ms =, emoji =, message_id = and to = (message and
--   participant that it is about), follow_ups = (answers in a row that were not asked for by name)}
-- facts; of those that are true or false, what is left out is false:
--   status         "active" | "paused"
--   expired        the platform's time limit was reached and no new session has begun
--   quiet          now is within the agent's quiet hours
--   policy         the agent's settings {speak, talkativeness, answers, reactions_only, debounce_ms}, and
--                  no_reactions (its tools do not allow them), or nil
--   others         how many participants there are besides the agent
--   called, nicknames, prompt   in a group: what the agent is called, nicest first; what the others are; what its
--                  prompt and personality say (cut)
--   messages       the new chat messages, oldest first:
--     id, from (participant), text (lower case, cut), age_ms, mine (the agent's own)
--     by_agent     said by another agent; bot: by an agent or a bot by its own name; stranger: by somebody not
-- introduced
--     ignored      by somebody whom this agent is told to ignore
--     named        the agent is addressed: "mention", "name"; names_other: somebody else is;
--                  names_sibling: another agent of the same user
--     danger       in a group: somebody's life may be in danger
--     asks, thanks, stops (tells the agent to be silent), complete (a whole question: nothing more need come), in_field
--                  (of the agent's prompt)
--     replies_to (a message id), replies_to_me, replies_to_other
--     after_mine   nobody else spoke since the agent's last line; by_answered: by the person whom that answered;
--                  about_mine: it goes on with it
--   typing_ms      how long ago somebody last signalled typing without posting since, or nil
--   waited_ms      how long the agent has waited already
--   since_mine_ms  age of the agent's last message, or nil; reacted: it has reacted to something since then
--   follow_ups     of the agent's last answer, as above
--   share          per cent of the last lines before the new ones that are the agent's
--   own_in_row     the agent's messages at the end of the chat before the new ones
--   agent_chain    messages by agents and bots in a row at the end of the chat, the new ones included
function M.decide(facts)
  if facts.expired then return silent "timer-expired" end
  if facts.status ~= "active" then return silent "paused" end
  if #facts.messages == 0 then return silent "nothing-said" end
  local policy = policy_of(facts)
  local why = all_barred(facts, policy)
  if why then return silent(why) end
  if facts.quiet then return silent "quiet-hours" end
  local m, reason = to_answer(facts, policy)
  if not m then return silent "not-addressed" end
  return answer(facts, policy, m, reason)
end

-- Whether message m, which came while an answer to participant facts.to is being made, would change that answer.
local function concerns(facts, m)
  if facts.others <= 1 or not facts.to then return true end
  if m.replies_to and m.replies_to == facts.message_id then return true end
  return m.from == facts.to and (m.named ~= nil or not (m.names_other or m.replies_to_other))
end

-- May messages that came while an answer is being made cut it short?
-- facts: superseded (how often in a row that has happened), others and policy as above, to and message_id (whom and
-- what is answered, or nil), messages (those that came, as above)
function M.supersedes(facts)
  if not limits.may_supersede(facts.superseded) then return false end
  local policy = policy_of(facts)
  for _, m in ipairs(facts.messages) do
    if not barred(m, policy) and concerns(facts, m) then return true end
  end
  return false
end

-- Run at every load; an edit that breaks one of these is refused.
local function facts(change)
  local f = {
    status = "active", expired = false, others = 4, messages = {},
    typing_ms = nil, waited_ms = 0, since_mine_ms = nil, own_in_row = 0, agent_chain = 0,
  }
  for k, v in pairs(change) do f[k] = v end
  return f
end

local function line(text, more)
  local m = { id = "m1", from = "u1", text = text }
  for k, v in pairs(more or {}) do m[k] = v end
  return m
end

local function says(...) return { line(...) } end

local function speak(reason, more)
  local v = { action = "speak", reason = reason, message_id = "m1", to = "u1" }
  for k, v2 in pairs(more or {}) do v[k] = v2 end
  return v
end

local function chat_of_two() return { action = "speak", reason = "one-to-one" } end

local function wait(reason, ms) return { action = "wait", reason = reason, wait_ms = ms } end

local CHAIN, ROW, STEP, FRESH = limits.agent_chain, limits.own_in_row, limits.typing_step_ms, limits.typing_fresh_ms
local LONG, QUIET, BURST = limits.typing_wait_ms, limits.debounce_ms, limits.burst_wait_ms
local NAMED = { named = "name" }
local chatter, asked = says "what a game yesterday", says("alex, any tips?", NAMED)
local FOLLOWS = { after_mine = true, by_answered = true, about_mine = true }
local by_agent = says("alex, go on", { named = "name", by_agent = true, bot = true })
local by_bot = says("alex, go on", { named = "name", bot = true })
local function follow(more)
  local m = line("yes, twice", FOLLOWS)
  for k, v in pairs(more) do m[k] = v end
  return { m }
end

M.examples = {
  { "decide", facts { others = 1, messages = says "i struggle to stay motivated" }, expect = chat_of_two() },
  { "decide", facts { others = 0, messages = says "hello" }, expect = chat_of_two() },
  { "decide", facts { others = 1, messages = says("ben, any tips?", { names_other = true, names_sibling = true }) },
    expect = silent "not-addressed" },
  { "decide", facts { others = 1, messages = says("hi", { mine = true }) }, expect = silent "own-message" },
  { "decide", facts { others = 1 }, expect = silent "nothing-said" },
  { "decide", facts { status = "paused", messages = asked }, expect = silent "paused" },
  { "decide", facts { expired = true, messages = asked }, expect = silent "timer-expired" },
  -- Loops: agents are answered if the policy says so, possible agents too, and neither for ever.
  { "decide", facts { messages = by_agent }, expect = silent "agent" },
  { "decide", facts { messages = by_agent, policy = { answers = "everyone" }, agent_chain = CHAIN - 1 },
    expect = speak "addressed" },
  { "decide", facts { messages = by_agent, policy = { answers = "everyone" }, agent_chain = CHAIN },
    expect = silent "agent-loop" },
  { "decide", facts { messages = by_bot, agent_chain = CHAIN - 1 }, expect = speak "addressed" },
  { "decide", facts { messages = by_bot, agent_chain = CHAIN }, expect = silent "agent-loop" },
  { "decide", facts { others = 1, messages = by_bot, agent_chain = CHAIN }, expect = silent "agent-loop" },
  { "decide", facts { messages = says("go on", { named = "name", stranger = true }), agent_chain = CHAIN },
    expect = silent "agent-loop" },
  { "decide", facts { messages = says("protein?", { asks = true, in_field = true, bot = true }) },
    expect = silent "not-addressed" },
  -- Groups.
  { "decide", facts { messages = chatter }, expect = silent "not-addressed" },
  { "decide", facts { messages = asked }, expect = speak "addressed" },
  { "decide", facts { messages = says("alex, not you, tom", { named = "name", names_other = true }) },
    expect = speak "addressed" },
  { "decide", facts { messages = { asked[1], line("nice", { from = "u2" }) } }, expect = speak "addressed" },
  { "decide", facts { messages = says("how much protein?", { asks = true, in_field = true }) },
    expect = speak "in-field" },
  { "decide", facts { messages = says("tom, how much protein?", { asks = true, in_field = true, names_other = true }) },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says("how much protein?", { asks = true, in_field = true }), share = 50 },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says("who won?", { asks = true }) }, expect = silent "not-addressed" },
  { "decide", facts { messages = says("yes, i did", { replies_to_me = true }) }, expect = speak "reply" },
  { "decide", facts { messages = says("tom, see this", { replies_to_me = true, names_other = true }) },
    expect = silent "not-addressed" },
  -- The person who was answered may go on, twice; nobody else.
  { "decide", facts { messages = follow {}, since_mine_ms = limits.follow_up_ms },
    expect = speak("follow-up", { follow_ups = 1 }) },
  { "decide", facts { messages = follow {}, since_mine_ms = limits.follow_up_ms + 1 },
    expect = silent "not-addressed" },
  { "decide", facts { messages = follow {}, follow_ups = limits.follow_ups - 1 },
    expect = speak("follow-up", { follow_ups = limits.follow_ups }) },
  { "decide", facts { messages = follow {}, follow_ups = limits.follow_ups }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow {}, own_in_row = ROW }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow { by_answered = false } }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow { about_mine = false } }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow { names_other = true } }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow { replies_to_other = true } }, expect = silent "not-addressed" },
  { "decide", facts { messages = asked, own_in_row = ROW }, expect = speak "addressed" },
  { "decide", facts { messages = says("alex said so", { mine = true }) }, expect = silent "own-message" },
  -- What its owner wants.
  { "decide", facts { messages = asked, policy = { speak = "mentioned" } }, expect = speak "addressed" },
  { "decide", facts { messages = follow {}, policy = { speak = "mentioned" } }, expect = silent "not-addressed" },
  { "decide", facts { messages = follow {}, policy = { talkativeness = 0 } }, expect = silent "not-addressed" },
  { "decide", facts { messages = chatter, policy = { speak = "free" } }, expect = speak "free" },
  { "decide", facts { messages = chatter, policy = { speak = "free", talkativeness = 20 }, share = 10 },
    expect = silent "not-addressed" },
  { "decide", facts { messages = says("hi", { ignored = true }), others = 1 }, expect = silent "ignored" },
  { "decide", facts { messages = asked, quiet = true }, expect = silent "quiet-hours" },
  -- Danger is answered at once, whoever is addressed.
  { "decide", facts { messages = says("he is not breathing", { danger = true, from = "u1" }), typing_ms = 0,
      policy = { speak = "mentioned" } },
    expect = { action = "speak", reason = "danger", message_id = "m1", to = "u1" } },
  { "decide", facts { messages = says("thanks alex!", { named = "name", thanks = true }),
      policy = { no_reactions = true } }, expect = silent "thanks" },
  -- Which reaction fits is for the model: it is offered no other tools.
  { "decide", facts { messages = asked, policy = { reactions_only = true } }, expect = speak "addressed" },
  -- Thanks get a reaction, not another paragraph.
  { "decide", facts { messages = says("thanks alex!", { named = "name", thanks = true }) },
    expect = { action = "react", reason = "thanks", emoji = LIKE, message_id = "m1" } },
  { "decide", facts { messages = says("thanks, sarah", { thanks = true, names_other = true }) },
    expect = silent "not-addressed" },
  -- A request for silence is respected, with one reaction as a sign that it was heard.
  { "decide", facts { messages = says("alex, stop", { named = "name", stops = true }) },
    expect = { action = "react", reason = "told-to-stop", emoji = LIKE, message_id = "m1" } },
  { "decide", facts { others = 1, messages = says("be quiet", { stops = true }), reacted = true },
    expect = silent "told-to-stop" },
  { "decide", facts { messages = says("ben, stop", { stops = true, names_other = true }) },
    expect = silent "not-addressed" },
  -- People still typing.
  { "decide", facts { messages = asked, typing_ms = FRESH }, expect = wait("typing", math.min(STEP, LONG)) },
  { "decide", facts { messages = asked, others = 1, typing_ms = 0 }, expect = wait("typing", math.min(STEP, LONG)) },
  { "decide", facts { messages = asked, typing_ms = 0, waited_ms = LONG - 0.5 }, expect = wait("typing", 1) },
  { "decide", facts { messages = asked, typing_ms = 0, waited_ms = LONG }, expect = speak "addressed" },
  { "decide", facts { messages = asked, typing_ms = FRESH + 1 }, expect = speak "addressed" },
  { "decide", facts { messages = chatter, typing_ms = 0 }, expect = silent "not-addressed" },
  -- Bursts: a whole question is answered at once, anything else when no more has come for a while.
  { "decide", facts { others = 1, messages = says("any tips for me?", { age_ms = 1, complete = true }) },
    expect = chat_of_two() },
  { "decide", facts { others = 1, messages = says("hey", { age_ms = 0 }) }, expect = wait("burst", QUIET) },
  { "decide", facts { others = 1, messages = says("hey", { age_ms = QUIET }) }, expect = chat_of_two() },
  { "decide", facts { others = 1, messages = says("hey", { age_ms = 0 }), policy = { debounce_ms = 0 } },
    expect = chat_of_two() },
  { "decide", facts { others = 1, messages = says("hey", { age_ms = 0 }), waited_ms = BURST },
    expect = chat_of_two() },
  { "decide", facts { others = 1, messages = { line("hey", { age_ms = 99 }),
      line("any tips for me?", { age_ms = 0, complete = true }) } }, expect = wait("burst", QUIET) },
  { "decide", facts { messages = { line("alex, any tips?", { named = "name", complete = true, age_ms = 99 }),
      line("lunch", { from = "u2", age_ms = 0 }) } }, expect = speak "addressed" },
  -- Messages that change an answer in progress.
  { "supersedes", { superseded = 0, others = 1, to = "u1", messages = chatter }, expect = true },
  { "supersedes", { superseded = limits.supersedes, others = 1, to = "u1", messages = chatter }, expect = false },
  { "supersedes", { superseded = 0, others = 1, to = "u1", messages = says("hi", { mine = true }) }, expect = false },
  { "supersedes", { superseded = 0, others = 4, to = "u1", messages = says "for my legs" }, expect = true },
  { "supersedes", { superseded = 0, others = 4, to = "u2", messages = chatter }, expect = false },
  { "supersedes", { superseded = 0, others = 4, to = "u1", messages = says("tom, lunch?", { names_other = true }) },
    expect = false },
  { "supersedes", { superseded = 0, others = 4, to = "u2", message_id = "m0",
      messages = says("ten minutes", { replies_to = "m0", replies_to_other = true }) }, expect = true },
}

return M
