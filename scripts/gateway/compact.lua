-- scripts/gateway/compact.lua -- summaries of long sessions (queue: session.compact, one at a time for a session).
-- When a history has outgrown the prompt, the step that noticed makes way, in one transaction, for a row of the queue
-- that has the oldest messages summarised by the model and then goes on with that step.  A summary is stored by who
-- holds the session, if it still follows on the one before it, with its cost.  No message is changed or deleted.  A
-- model that makes none is not asked for the next messages, since a refusal costs, too.

local db = require "human.db"
local id = require "human.id"
local llm = require "human.llm"
local log = require "human.log"
local queue = require "human.queue"
local task = require "human.task"
local booking = require "gateway.booking"
local budget = require "agent.budget"
local limits = require "gateway.rules.limits"
local named = require "gateway.named"
local news = require "gateway.news"
local runs = require "gateway.run"
local store = require "gateway.store"
local texts = require "agent.texts"
local words = require "gateway.compact_words"
require "agent.providers.init"

local M = {}

local COMPACT, MORE_S, ROUNDS = "session.compact", 60, 100

-- The oldest messages that no summary covers, and what came of them.
local OLDEST = ([[(select id from gateway_runs where session_id = $1 and n > $2::bigint and n <= $3::bigint
  order by n limit %d)]]):format(limits.prompt_runs)

M.sql = {
  head = [[select s.id as session_id, a.session_key, a.user_id, a.parent_id, s.model, s.reset_run, y.until_run,
      coalesce(y.summary, '') as summary, greatest(s.reset_run, y.until_run, 0) as floor
    from gateway_sessions s join agents a on a.id = s.id left join gateway_summaries y on y.session_id = s.id
    where s.id = $1]],
  -- What sessions.compact covers: all but the newest that are over, and nothing behind one that is not.
  live = [[select min(n) from gateway_runs where session_id = $1 and state in ('waiting', 'thinking', 'acting')]],
  upto = ([[select n from gateway_runs where session_id = $1 and n > $2::bigint and ($3::bigint is null or n < $3)
    order by n desc offset %d limit 1]]):format(limits.summary_keeps),
  runs = [[select r.id, r.n, r.state, e.content->'message'->>'content' as text from gateway_runs r
    join agent_events e on e.id = r.message_id where r.id in ]] .. OLDEST .. " order by r.n",
  steps = [[select s.run_id, s.n, e.content->>'content' as text from gateway_steps s
    left join agent_events e on e.id = s.event_id where s.run_id in ]] .. OLDEST .. " order by s.run_id, s.n",
  calls = [[select run_id, step, tool, arguments, result from gateway_calls where run_id in ]] .. OLDEST
    .. " order by run_id, step, n",
  save = [[insert into gateway_summaries as y (session_id, until_run, summary, by_model)
    values ($1, $2::bigint, $3, $4::boolean)
    on conflict (session_id) do update set until_run = excluded.until_run, summary = excluded.summary,
      by_model = excluded.by_model, created_at = human_now()]],
  -- The next try waits for more messages, and for twice as many each time.
  refused = ([[update gateway_sessions set summaries_refused = summaries_refused + 1,
      summary_after = last_run + least(%d, %d * power(2, least(summaries_refused, 20)))::bigint where id = $1]]):format(
    limits.summary_wait_most, limits.summary_wait),
  made = "update gateway_sessions set summaries_refused = 0, summary_after = 0 where id = $1 and summaries_refused > 0",
  text = [[select summary, until_run, by_model, created_at from gateway_summaries where session_id = $1]],
}

-- Asking for one --------------------------------------------------------------------------------------------

--- Has the messages up to number `until_run` summarised before the present step of a run; its session is locked.
function M.before(tx, run, until_run)
  queue.add(tx, COMPACT, run.session_id, nil,
    { id = id.new(), run = run.id, step = run.step, until_run = until_run })
end

--- Has all but the newest messages of a session summarised, because somebody asks.  The session is locked.
function M.ask(tx, session_id) queue.add(tx, COMPACT, session_id, nil, { id = id.new() }) end

--- The summary of a session that there is now: {summary, until_run, by_model, created_at}; or nil.
function M.get(session_id) return db.row(M.sql.text, session_id) end

-- What is to be summarised -----------------------------------------------------------------------------------

local function read(session_id, until_run)
  return db.tx(function(tx)
    local head = tx:row(M.sql.head, session_id)
    if not head then return nil end
    until_run = until_run or tx:value(M.sql.upto, session_id, head.floor, tx:value(M.sql.live, session_id))
    if not until_run or until_run <= head.floor then return nil end
    local function ask(sql) return tx:ask(sql, session_id, head.floor, until_run) end
    local rows, steps, calls = ask(M.sql.runs), ask(M.sql.steps), ask(M.sql.calls)
    local lines, last = words.lines(rows(), steps(), calls(), limits.summary_lines)
    head.last = last or until_run
    return head, lines
  end, { read_only = true })
end

local function payer_of(head) return { agent_id = head.session_id, user_id = head.user_id } end

-- The text for it by the model; or nil and why there is none.  spent: what it cost.
local function written(head, lines, call_id, spent)
  local reply, err = llm.chat {
    system = words.SYSTEM, model = head.model, max_tokens = limits.summary_tokens, ref = call_id, spent = spent,
    fit = function(tokens) return words.material(head.summary, lines, tokens) end,
  }
  if not reply then return nil, err.code end
  local text = texts.valid(texts.said(reply.text or ""))
  if not text:find "%S" then return nil, "no text" end
  return words.cut(text, limits.summary_chars)
end

-- Whether there is a budget for it.  It is a run in the books (agent_runs).
local function begin(book, head)
  local may
  repeat may = db.tx(function(tx) return booking.count(tx, book, payer_of(head)) end) until may ~= nil
  return may
end

-- Stores a summary that follows on what was read, and its cost; or that the model made none.
local function save(book, head, text, by_model, spent)
  return store.insist(function(tx)
    if not store.lock(tx, head.session_id) then return false end
    if next(spent) then booking.book(tx, book, payer_of(head), spent) end
    local now = tx:row(M.sql.head, head.session_id)
    if now.reset_run ~= head.reset_run or now.until_run ~= head.until_run then return false end
    tx:exec(text and M.sql.made or M.sql.refused, head.session_id)
    if not text then return false end
    tx:exec(M.sql.save, head.session_id, head.last, text, by_model)
    news.after(tx, "sessions.changed", { key = head.session_key, sessionKey = head.session_key, reason = "compact" })
    return true
  end)
end

local function has_no_model(head)
  return llm.is_instant(head.model) or not head.model and not llm.status().language_model
end

-- One part of it, by the model; without one, and when workers have died at it, by cutting.  Whether it was stored.
local function part(row, book, head, lines)
  local spent, text, why = {}, nil, nil
  if has_no_model(head) or row.attempt > limits.summary_attempts then
    return save(book, head, words.extract(head.summary, lines, limits.summary_chars), false, spent)
  end
  if not begin(book, head) then return false end
  local ok, err = pcall(function() text, why = written(head, lines, book.id, spent) end)
  if not ok then
    if next(spent) then task.detach(budget.book, payer_of(head), spent, book.id) end
    error(err, 0)
  end
  if why then log.warn("a session was not summarised", { session = head.session_id, code = why }) end
  return save(book, head, text, true, spent)
end

-- Part by part, until all is covered.
local function cover(row, book)
  for _ = 1, ROUNDS do                           -- limit: gateway summary
    local head, lines = read(row.key, row.payload.until_run)
    if not head then return end
    book.user_id = head.user_id
    if not part(row, book, head, lines) then return end
  end
end

-- Its end ------------------------------------------------------------------------------------------------------

-- Closes the books, also of a worker that died at it, and goes on with the step that made way.
local function finish(row, book)
  store.insist(function(tx)
    local session, p = store.lock(tx, row.key), row.payload
    if session and row.attempt > 1 then
      budget.book_interrupted(tx, { agent_id = session.id, user_id = session.user_id }, book.id)
    end
    if session and p.run and runs.at(tx, p.run, "thinking", p.step) then
      queue.add(tx, runs.THINK, row.key, nil, { run = p.run, step = p.step, compacted = true })
    end
    row:done(tx)
  end)
end

local function is_wanted(p)
  local run = runs.get(db, p.run)
  return run ~= nil and run.state == "thinking" and run.step == p.step
end

--- A row of the queue: {id (in the books), run and step (that wait for it) and until_run; or nothing: somebody asked}.
function M.run(row)
  local p, book = row.payload, { id = row.payload.id, session_id = row.key, beside = true }
  task.name("gateway summary", row.key)
  if not p.run then
    cover(row, book)
    return finish(row, book)
  end
  if not is_wanted(p) then return finish(row, book) end
  local seconds = llm.timeout_ms() / 1000 * 2 + MORE_S
  local ok, err = named.run(named.of_session(row.key), seconds, { run_id = p.run }, function() cover(row, book) end)
  if ok == nil then return row:retry_in(1, "an earlier try has not ended yet") end
  if not ok and err ~= named.LATE and is_wanted(p) then error(err, 0) end
  finish(row, book)
end

queue.define(COMPACT, "gateway.compact.run", { per_key = true, attempts = 1000, backoff = { 0.5, 2, 10 }, lease_s = 10,
                                               timeout_s = 3600, concurrency = 64 })

return M
