-- scripts/gateway/run.lua -- a run: one message of a session and what follows from it, as a state in the database.
-- waiting -> thinking (a queue row asks the model) -> acting (calls of tools run, or wait for approval) -> thinking
-- -> .. -> done, aborted or failed. Each step is one transaction that holds the session's row and adds the queue rows
-- that continue it, so a run is never between states, and nothing is held while it waits.

local db = require "human.db"
local queue = require "human.queue"
local arriving = require "gateway.arriving"
local ends = require "gateway.ends"
local named = require "gateway.named"
local news = require "gateway.news"
local push = require "gateway.push"
local store = require "gateway.store"

local M = {}

-- Kinds of work in the queue (gateway.think, gateway.act, gateway.approvals).
M.THINK, M.ACT, M.EXPIRE, M.ABORT = "session.think", "session.act", "session.expire", "session.abort"

M.sql = {
  get = [[select r.id, r.session_id, r.n, r.state, r.step, r.conn, r.streams, r.answers, r.cause, r.given,
      r.is_foreign, r.idempotency_key as once, a.session_key, a.parent_id, a.user_id
    from gateway_runs r join agents a on a.id = r.session_id where r.id = $1]],
  live = [[select r.id, r.session_id, r.n, r.state, r.step, r.conn, r.streams, r.answers, r.cause, r.given,
      r.is_foreign, r.idempotency_key as once, a.session_key, a.parent_id, a.user_id
    from gateway_runs r join agents a on a.id = r.session_id
    where r.session_id = $1 and r.state in ('waiting', 'thinking', 'acting') order by r.n]],
  think = "update gateway_runs set state = 'thinking', step = $2::int where id = $1",
  act = "update gateway_runs set state = 'acting' where id = $1",
  at_work = "update gateway_sessions set run_id = $2 where id = $1",
  next = [[select id from gateway_runs where session_id = $1 and state = 'waiting' order by n limit 1]],
  finish = [[update gateway_runs set state = $2, error_code = $3, finished_at = human_now()
    where id = $1 and finished_at is null]],
  finish_record = [[update agent_runs set reason = $2, error_code = $3, finished_at = clock_timestamp()
    where id = $1 and finished_at is null]],
  count = "update agent_mailboxes set runs = runs + 1 where agent_id = $1",
  open_calls = [[select c.id, c.status, a.id as approval_id from gateway_calls c
    left join gateway_approvals a on a.call_id = c.id and a.decision is null
    where c.run_id = $1 and c.status in ('asked', 'allowed', 'ready', 'running', 'waiting')]],
  abort_calls = [[update gateway_calls set status = 'aborted', finished_at = human_now(),
      result = case when status = 'running' then 'It was aborted; it may or may not have happened.'
        when status = 'waiting' then 'It was aborted.' else 'It was aborted before it ran.' end
    where run_id = $1 and status in ('asked', 'allowed', 'ready', 'running', 'waiting')]],
  void = [[update gateway_approvals set decision = 'void', decided_at = human_now()
    where run_id = $1 and decision is null]],
}

local REASONS = { done = "completed", aborted = "aborted", failed = "error" }

--- {id, session_id, session_key, n, state, step, conn, streams, once, answers, cause, is_foreign (its agent is not the
--- operator's), parent_id, user_id}, or nil.  q: a transaction or human.db.
function M.get(q, run_id)
  if q == db then return db.row(M.sql.get, run_id) end
  return q:row(M.sql.get, run_id)
end

--- The run in tx, whose session is locked, if it is in that state and step; else nil.
function M.at(tx, run_id, state, step)
  local run = M.get(tx, run_id)
  return run and run.state == state and run.step == step and run or nil
end

--- Who pays for it (agent.budget).
function M.payer(run) return { agent_id = run.session_id, user_id = run.user_id } end

--- Asks the model, as step `step`.
function M.think(tx, session_id, run_id, step)
  tx:ask(M.sql.think, run_id, step)
  queue.add(tx, M.THINK, session_id, nil, { run = run_id, step = step })
end

--- Begins a waiting run of a session that is locked and at no other.
function M.begin(tx, session, run_id)
  session.run_id = run_id
  tx:ask(M.sql.at_work, session.id, run_id)
  M.think(tx, session.id, run_id, 1)
end

-- What of a run is still open in the queue and among approvals; the names of its work.
local function close_calls(tx, run_id)
  local names = {}
  for _, call in ipairs(tx:query(M.sql.open_calls, run_id)) do
    if call.status == "running" or call.status == "ready" then names[#names + 1] = named.of_call(call.id) end
    if call.status == "ready" then queue.cancel(tx, M.ACT, call.id) end
    if call.status == "waiting" then queue.add(tx, M.ABORT, call.id, nil, { call = call.id }) end
    if call.approval_id then queue.cancel(tx, M.EXPIRE, call.approval_id) end
  end
  tx:exec(M.sql.abort_calls, run_id)
  tx:exec(M.sql.void, run_id)
  return names
end

--- Ends a run; the session is locked, and its next message gets its turn. ending: {state = "done", "aborted" or
--- "failed", text (the answer, or what people are told), error_code, reason (for agent_runs, where it is none of the
--- usual ones)}.  Returns the names of work that is to be ended after the commit.
function M.finish(tx, session, run, ending)
  local state, code = ending.state, ending.error_code
  local names = state == "done" and {} or close_calls(tx, run.id)
  tx:ask(M.sql.finish, run.id, state, code)
  tx:ask(M.sql.finish_record, run.id, ending.reason or REASONS[state], code)
  tx:ask(M.sql.count, session.id)
  ends.tell(tx, run, ending)
  push.run_over(tx, run, ending)
  if session.run_id == run.id then
    session.run_id = nil
    local following = tx:row(M.sql.next, session.id)
    if following then
      arriving.join(tx, M.get(tx, following.id), 1)
      M.begin(tx, session, following.id)
    else
      tx:ask(M.sql.at_work, session.id, nil)
    end
  end
  return names
end

-- Who was sent pieces is told that no more come; how many there were is known where the model was asked, if anywhere.
local function end_pieces(tx, run, more)
  if run.streams then news.after(tx, "chat.chunk", news.chunk(run, 0, "", more), run) end
end

--- The same for one that failed: clients are told a sentence.
function M.fail(tx, session, run, code, sentence, reason)
  M.finish(tx, session, run, { state = "failed", text = sentence, error_code = code, reason = reason })
  news.after(tx, "chat", news.chat(run, "sent", sentence, { error_code = code }))
  end_pieces(tx, run, { done = true, error_code = code })
  news.after(tx, "error", { message = sentence, code = code, runId = run.id, sessionKey = run.session_key,
                            session_key = run.session_key, run = run })
end

local function abort(tx, session, run)
  local names = run.state == "thinking" and { named.of_session(session.id) } or {}
  if run.state == "thinking" then queue.cancel(tx, M.THINK, session.id) end
  for _, name in ipairs(M.finish(tx, session, run, { state = "aborted", error_code = "aborted" })) do
    names[#names + 1] = name
  end
  news.after(tx, "chat", news.chat(run, "sent", "(aborted)", { aborted = true }))
  end_pieces(tx, run, { done = true, aborted = true })
  return names
end

--- Aborts, in tx, runs of a session that is locked: all that are not over, or the one with this id, or those for which
--- a function says so.  What they do ends everywhere once tx is committed.  How many there were.
function M.abort(tx, session, wanted)
  local n, names, runs = 0, {}, tx:query(M.sql.live, session.id)
  for i = #runs, 1, -1 do                        -- the newest first: none begins because an earlier one has ended
    local run = runs[i]
    if not wanted or run.id == wanted or type(wanted) == "function" and wanted(run) then
      n = n + 1
      for _, name in ipairs(abort(tx, session, run)) do names[#names + 1] = name end
    end
  end
  tx:after_commit(function() named.kill(names) end)
  return n
end

--- The same in a transaction of its own.
function M.abort_all(session_id, run_id)
  return db.tx(function(tx)
    local session = store.lock(tx, session_id)
    return session and M.abort(tx, session, run_id) or 0
  end)
end

return M
