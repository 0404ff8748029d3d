-- scripts/agent/rules/limits.lua -- the numbers of the agent API, and when a budget is used up.
-- Most operators edit only this file: copy it to your own scripts directory and change a number;
-- `human rules replay` then shows what the last days would have looked like.  Durations end in _ms or _s.
--% version: 1

local M = {
  -- What a platform may send.
  text_chars = 16000,              -- of one chat message
  participants = 200,              -- of one agent-joined, and of one prompt
  participants_kept = 1000,        -- that an agent remembers; the one not seen for longest is forgotten
  attachments = 10,                -- of one chat message
  mentions = 50,                   -- of one chat message
  handles = 20,                    -- of one participant
  images_kept = 20,                -- of one agent's chat, of those that came as data; the oldest go first
  mailbox = 1000,                  -- unprocessed rows of the log; beyond, new events are refused (429)

  -- What one agent may use.  Reaching a number ends the run with "budget-exceeded".
  runs_per_hour = 1200,            -- answers that a model was asked for, in an hour of the clock
  tokens_per_day = 5000000,        -- in and out, all models

  -- What one worker does at a time; further turns wait for the next look (see agent.turn).
  turns_per_worker = 200,          -- of all agents together
  turns_in_a_row = 20,             -- of one agent, before others get their turn
  supersedes = 3,                  -- restarts in a row for newer messages; then the agent answers
  attempts = 3,                    -- of one turn that killed its worker, or failed; then "error"
  stream_s = 300,                  -- of one answer streamed over HTTP

  -- When to wait for people who type (agent.rules.respond).
  typing_fresh_ms = 6000,          -- a typing signal older than this means nothing
  typing_step_ms = 1500,           -- how long one wait is
  typing_wait_ms = 8000,           -- all waits for one answer together
  debounce_ms = 700,               -- of quiet that ends a burst of lines; an agent may have a setting of its own
  burst_wait_ms = 4000,            -- all waits for a burst to end, when nobody types
  newer = 50,                      -- new lines that are checked for whether they change an answer

  -- How an answer is given (agent.rules.pacing).
  message_parts = 100,             -- of one answer that is too long for one message; the rest is left out
  typing_again_ms = 4000,          -- until typing is shown again: indicators fade after five seconds
  typing_max_ms = 20000,           -- of typing before one message

  -- Groups (agent.rules.respond).
  follow_up_ms = 120000,           -- a line right after mine counts as an answer to me for so long
  follow_ups = 2,                  -- answers in a row to one person who does not name me: the first, and once more
  agent_chain = 3,                 -- messages by agents and bots in a row, after which agents keep quiet
  own_in_row = 2,                  -- my messages in a row, after which I wait to be addressed

  -- Echoes (agent.lines).
  echo_ms = 600000,                -- a text of mine that comes back within this time is mine, whoever sends it
  known_words_chars = 24,          -- of a text that is known as another agent's, which two of somebody's lines must be
  siblings = 16,                   -- other agents of the user in the same room whose words are recognised,
  sibling_actions = 30,            -- and how many of the newest actions of each

  -- What the model reads (agent.prompt, agent.memory).
  window_chars = 48000,            -- of chat in the prompt, where the model can take it; the oldest go first
  prompt_images = 4,               -- of the chat that the model sees, the newest
  memory_batch = 20,               -- messages beyond the window that make a new summary worth its price
  memory_chars = 4000,             -- of a summary
  memory_again = 200,              -- lines from which a summary is rebuilt when one that it covers was changed
  answer_tokens = 1024,            -- that the model may write in one answer
}

-- The numbers that other files read.
local whole, ms = "integer 1..1000000000", "integer 0..1000000000"
M.returns = {
  text_chars = whole, participants = whole, participants_kept = whole, mailbox = whole,
  runs_per_hour = "number 0..", tokens_per_day = "number 0..",
  turns_per_worker = whole, turns_in_a_row = whole, supersedes = "integer 0..1000000000", attempts = whole,
  stream_s = "number 0.1..86400",
  message_parts = whole, typing_again_ms = ms, typing_max_ms = ms,
  typing_fresh_ms = ms, typing_step_ms = ms, typing_wait_ms = ms, debounce_ms = ms, burst_wait_ms = ms,
  newer = whole, follow_up_ms = ms, follow_ups = "integer 0..1000", agent_chain = whole, echo_ms = ms,
  known_words_chars = whole, siblings = "integer 0..1000", sibling_actions = "integer 0..1000",
  own_in_row = whole, window_chars = whole, memory_batch = whole, memory_chars = whole,
  memory_again = whole, answer_tokens = whole,
  over_budget = "boolean", may_supersede = "boolean",
}
M.fallback = { over_budget = true, may_supersede = false }
M.keep = { over_budget = { ["false"] = 0.05 } }  -- asked for each answer

-- usage: {runs = in this hour of the clock; tokens, cost_micros = in the last 24 hours; tokens_allowed, cost_allowed =
-- what the agent's owner set, or nil}.  true: nothing more for now.
function M.over_budget(usage)
  return usage.runs >= M.runs_per_hour or usage.tokens >= M.tokens_per_day
    or usage.tokens_allowed ~= nil and usage.tokens >= usage.tokens_allowed
    or usage.cost_allowed ~= nil and usage.cost_micros >= usage.cost_allowed
end

-- May newer messages cut the present run short?  superseded: how often in a row they have.
function M.may_supersede(superseded)
  return superseded < M.supersedes
end

-- In terms of the numbers above, so that they stay true when a number is changed.
M.examples = {
  { "over_budget", { runs = M.runs_per_hour - 1, tokens = 0 }, expect = false },
  { "over_budget", { runs = M.runs_per_hour, tokens = 0 }, expect = true },
  { "over_budget", { runs = 0, tokens = M.tokens_per_day - 1 }, expect = false },
  { "over_budget", { runs = 0, tokens = M.tokens_per_day }, expect = true },
  { "over_budget", { runs = 0, tokens = 9, cost_micros = 9, tokens_allowed = 10, cost_allowed = 10 }, expect = false },
  { "over_budget", { runs = 0, tokens = 100, cost_micros = 0, tokens_allowed = 100 }, expect = true },
  { "over_budget", { runs = 0, tokens = 0, cost_micros = 0, tokens_allowed = 0 }, expect = true },
  { "over_budget", { runs = 0, tokens = 0, cost_micros = 10, cost_allowed = 10 }, expect = true },
  { "may_supersede", M.supersedes - 1, expect = true },
  { "may_supersede", M.supersedes, expect = false },
}

return M
