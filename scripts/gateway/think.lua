-- scripts/gateway/think.lua -- one call of the model for a run, and what follows from its answer (queue:
-- session.think). It begins in one transaction (budget, the call's least cost), the model answers outside any (abort
-- ends it by name), and it ends in another (text, calls of tools or the end of the run, cost, the queue's row). A
-- worker that dies in between leaves the row, and the model is asked again.

local config = require "human.config"
local db = require "human.db"
local llm = require "human.llm"
local log = require "human.log"
local queue = require "human.queue"
local task = require "human.task"
local budget = require "agent.budget"
local booking = require "gateway.booking"
local calls = require "gateway.calls"
local compact = require "gateway.compact"
local deltas = require "gateway.deltas"
local given = require "gateway.given"
local limits = require "gateway.rules.limits"
local named = require "gateway.named"
local news = require "gateway.news"
local prompt = require "gateway.prompt"
local prompts = require "gateway.prompts"
local runs = require "gateway.run"
local store = require "gateway.store"
local texts = require "agent.texts"
local tools = require "gateway.tools"
require "agent.providers.init"

local M = {}

local MORE_S = 60                                -- for what comes before and after the call

M.sql = {
  step = [[insert into gateway_steps (run_id, n, event_id, input_tokens, output_tokens, cost_micros,
      is_cut)
    values ($1, $2::int, $3, $4, $5, $6, $7::boolean)]],
}

local SENTENCES = {
  budget_exceeded = "The budget is used up.", interrupted = "The answer was interrupted too often.",
}

local REASONS = { budget_exceeded = "budget-exceeded" }

local function sentence(code) return SENTENCES[code] or ("The model did not answer (%s)."):format(code) end

-- Before the model is asked ---------------------------------------------------------------------------

-- What the run asks; its pieces go to whoever listens.  req.sent: the messages that were sent last.
local function request(run, snap, pieces, spent)
  local req
  req = {
    system = snap.system, model = snap.model, tools = tools.offered(run, snap.has_own_tools), ref = run.id,
    max_tokens = snap.max_tokens or config.gateway.max_tokens, temperature = snap.temperature,
    reasoning_effort = snap.reasoning_effort, spent = spent, record_soon = true,
    fit = function(tokens)
      req.sent = prompt.messages(snap, tokens)
      return req.sent
    end,
    on_delta = function(text) pieces:add(text) end,
  }
  return req
end

-- What is sent is kept before it is sent; again if the model's server has taken less than was thought.
local function keep_prompt(tx, run, req)
  if not req.sent or req.kept == req.sent then return end
  prompts.keep(tx, run, { system = req.system, messages = req.sent, tools = req.tools })
  req.kept = req.sent
end

-- Whether the step may go on: it is still wanted, and there is a budget for it.
local function begin(row, run, req)
  local plan = req.plan
  local function try(tx)
    req.kept = nil
    local session = store.lock(tx, run.session_id)
    if not (session and runs.at(tx, run.id, "thinking", run.step)) then return false end
    local may = booking.count(tx, run, runs.payer(run))
    if may == nil then return nil end
    if not may then
      runs.fail(tx, session, run, "budget_exceeded", sentence "budget_exceeded", REASONS.budget_exceeded)
      row:done(tx)
      return false
    end
    if row.attempt > 1 then budget.book_interrupted(tx, runs.payer(run), run.id) end
    if plan then llm.write_down(tx, plan) end
    keep_prompt(tx, run, req)
    return true
  end
  local may
  repeat may = db.tx(try) until may ~= nil
  return may
end

local function may_go_on(run) return run.step == 1 or budget.may_go_on(runs.payer(run), run.id, {}) end

-- The history has outgrown the prompt: first it is summarised (gateway.compact), which goes on with this step then.
local function hand_over(row, run, until_run)
  db.tx(function(tx)
    local session = store.lock(tx, run.session_id)
    if session and runs.at(tx, run.id, "thinking", run.step) then compact.before(tx, run, until_run) end
    row:done(tx)
  end)
  return false
end

-- {reply, err} of the model, or false when the step is not to go on.
local function ask(row, run, pieces, spent)
  local snap = prompt.read(run)
  if not snap then return false end
  if not may_go_on(run) then return { err = { code = "budget_exceeded" } } end
  local req = request(run, snap, pieces, spent)
  req.plan = llm.plan(req)
  local until_run = not row.payload.compacted and prompt.outgrown(snap)
  if until_run then return hand_over(row, run, until_run) end
  if not begin(row, run, req) then return false end
  news.tell("chat", news.chat(run, "thinking", "", { step = run.step }))
  local reply, err = llm.chat(req)
  pieces:close()
  return { reply = reply, err = err, req = req }
end

-- After it has answered -------------------------------------------------------------------------------

local function usage_of(spent)
  return { input_tokens = spent.input_tokens or 0, output_tokens = spent.output_tokens or 0,
           cost_micros = budget.known_cost(spent) }
end

local function keep_text(tx, session, run, text)
  return text:find "%S" and store.answer(tx, session, run.id, text) or nil
end

local function tell_end(tx, run, text, usage, pieces)
  news.after(tx, "chat", news.chat(run, "sent", text, { usage = usage, streamed = pieces.n > 0 }))
  if run.streams then
    news.after(tx, "chat.chunk", news.chunk(run, pieces.n, "", { done = true, usage = usage }), run)
  end
end

-- Ends the step.
local function finish(row, run, answer, spent, pieces)
  store.insist(function(tx)
    local session = store.lock(tx, run.session_id)
    local mine = session and runs.at(tx, run.id, "thinking", run.step)
    if not mine then return row:done(tx) end
    booking.book(tx, run, runs.payer(run), spent)
    if answer.req then keep_prompt(tx, run, answer.req) end
    local reply, err = answer.reply, answer.err
    if err then
      runs.fail(tx, session, run, err.code, sentence(err.code), REASONS[err.code])
    else
      local text = texts.valid(texts.said(reply.text or ""))
      local usage, event_id = usage_of(spent), keep_text(tx, session, run, text)
      tx:ask(M.sql.step, run.id, run.step, event_id, usage.input_tokens, usage.output_tokens, usage.cost_micros,
        reply.stop_reason == "length")
      if reply.tool_calls[1] then
        calls.take(tx, session, mine, reply.tool_calls)
      else
        runs.finish(tx, session, mine, { state = "done", text = text })
        tell_end(tx, run, text, usage, pieces)
      end
    end
    row:done(tx)
  end)
  if answer.err then
    log.warn("run failed", { run_id = run.id, code = answer.err.code, error = answer.err.message })
  end
end

-- Its worker died at it too often.
local function give_up(row, run)
  db.tx(function(tx)
    local session = store.lock(tx, run.session_id)
    if session and runs.at(tx, run.id, "thinking", run.step) then
      budget.book_interrupted(tx, runs.payer(run), run.id)
      runs.fail(tx, session, run, "interrupted", sentence "interrupted")
    end
    row:done(tx)
  end)
  log.error("run given up", { run_id = run.id, step = run.step })
end

-- What was said before it was aborted stays.
local function keep_partial(run, pieces)
  local text = texts.valid(pieces:text())
  if not text:find "%S" then return end
  db.tx(function(tx)
    local session = store.lock(tx, run.session_id)
    local now = session and runs.get(tx, run.id)
    if not now or now.state ~= "aborted" then return end
    local event_id = store.answer(tx, session, run.id, text)
    tx:exec(M.sql.step, run.id, run.step, event_id, 0, 0, nil, false)
    news.after(tx, "chat", news.chat(run, "sent", text, { aborted = true }))
  end)
end

-- The call was cut short: by abort, or by an error of ours.
local function ended_early(run, pieces, spent, err)
  pieces.over = true
  if next(spent) then task.detach(budget.book, runs.payer(run), spent, run.id) end
  local now = runs.get(db, run.id)
  if now and now.state == "thinking" and now.step == run.step then error(err, 0) end
  if now then keep_partial(run, pieces) end
end

local function pieces_of(run)
  local pieces
  pieces = deltas.new(function(text)
    pieces.n = pieces.n + 1
    news.tell("chat", news.chat(run, "chunk", text, { index = pieces.n - 1, step = run.step, at = pieces.at }))
    pieces.at = pieces.at + #text
    if run.streams then news.tell("chat.chunk", news.chunk(run, pieces.n - 1, text), run) end
  end)
  pieces.n, pieces.at = 0, 0
  return pieces
end

--- A row of the queue: {run, step}.
function M.run(row)
  local run = runs.get(db, row.payload.run)
  if not (run and run.state == "thinking" and run.step == row.payload.step) then return end
  task.name("gateway run", run.id)
  if run.given then return given.think(row, run) end
  if row.attempt > limits.think_attempts then return give_up(row, run) end
  local pieces, spent = pieces_of(run), {}
  local ok, answer = named.run(named.of_session(run.session_id), llm.timeout_ms() / 1000 + MORE_S, { run_id = run.id },
    function() return ask(row, run, pieces, spent) end)
  if ok == nil then return row:retry_in(1, "an earlier try has not ended yet") end
  if not ok then return ended_early(run, pieces, spent, answer) end
  if answer then finish(row, run, answer, spent, pieces) end
end

-- Attempts are counted here (limits.think_attempts), so that a run is ended, and no row is put aside.
queue.define(runs.THINK, "gateway.think.run", { per_key = true, attempts = 1000, backoff = { 0.5, 2, 10 }, lease_s = 10,
                                                timeout_s = 3600, concurrency = 256 })

return M
