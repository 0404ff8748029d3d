-- scripts/gateway/rules/limits.lua -- the numbers of the gateway's sessions, runs, tools and approvals.
-- Copy it to your own scripts directory and change a number.  Durations end in _ms or _s.
--% version: 1

local M = {
  -- Sessions and what is said in them.
  sessions = 10000,                -- that there may be; older ones have to be deleted
  message_chars = 100000,          -- of one message
  attached = 10,                   -- attachments of one message
  attached_image_bytes = 3145728,  -- of an image (3 MB)
  attached_images_bytes = 6291456, -- of all images of a message
  attached_text_bytes = 65536,     -- of all texts that are attached to a message
  sent_file_bytes = 10000000,      -- of a file that the agent sends to a chat (10 MB)
  session_files_bytes = 200000000, -- of all files that the agent has sent to one session (200 MB)
  waiting_runs = 32,               -- messages of one session that wait for their turn
  session_runs = 10000,            -- the newest messages of a session, which are kept
  job_session_runs = 1000,         -- of the session of a job
  job_session_days = 90,           -- how long these are kept,
  job_session_least = 100,         -- but for the newest ones
  history = 1000,                  -- messages that one look at a history shows

  -- A run.
  step_calls = 16,                 -- tools that the model may call in one answer
  arguments_bytes = 65536,         -- of one call, as JSON
  think_attempts = 5,              -- of a step whose worker died or failed; then the run fails
  repeat_attempts = 3,             -- of a call that may be repeated, when its worker died

  spawn_depth = 2,                 -- agents that work for agents (agent_spawn)
  spawned = 8,                     -- of them for one message

  -- What the model reads.
  prompt_runs = 100,               -- the newest messages and what came of them
  job_runs = 3,                    -- the same, of a job in the session of its own: what came of the last times
  summary_chars = 6000,            -- of what stands for older messages
  summary_tokens = 1500,           -- that the model may write for it
  summary_lines = 200,             -- messages, answers and results that are summarised at a time
  summary_wait = 10,               -- messages until a model that made none is asked again; each time twice as many
  summary_wait_most = 80,
  summary_keeps = 4,               -- the newest messages that sessions.compact leaves as they are
  summary_attempts = 3,            -- of a summary whose worker died; then its messages are only cut short
  result_bytes = 32768,            -- of one tool's result; the whole is kept
  old_result_bytes = 2000,         -- of each result when the present run alone is too long for the model
  whole_bytes = 1048576,           -- of a result that is kept

  -- Approvals.
  open_approvals = 100,            -- that wait at a time; further calls that need one are denied
  approval_ms = 1800000,           -- after which one that nobody answered is denied

  -- What the agent remembers (memory_store).
  memories = 1000,
  memory_chars = 4000,

  -- Pieces of an answer that are sent as they come.
  pieces_per_s = 30,               -- of one run; what comes faster is joined
}

local whole = "integer 1..1000000000"
M.returns = {}
for name in ([[sessions message_chars attached attached_image_bytes attached_images_bytes attached_text_bytes
    sent_file_bytes session_files_bytes waiting_runs history step_calls arguments_bytes think_attempts repeat_attempts
    prompt_runs
    result_bytes old_result_bytes whole_bytes open_approvals approval_ms memories memory_chars
    pieces_per_s spawn_depth spawned job_runs summary_chars summary_tokens summary_lines summary_keeps
    summary_attempts summary_wait summary_wait_most session_runs job_session_runs job_session_days
    job_session_least]]):gmatch "%S+" do
  M.returns[name] = whole
end

M.examples = {}

return M
