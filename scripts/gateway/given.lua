-- scripts/gateway/given.lua -- runs that ask no model: their one step is a call of a tool that somebody decided on
-- earlier (a job of gateway.cron). It is judged, approved, run, aborted and kept like a call of the model, and its
-- result is the answer.
-- Such a run is a message with a call beside it (gateway_runs.given); gateway.think hands its steps to this file.

local db = require "human.db"
local json = require "human.json"
local calls = require "gateway.calls"
local news = require "gateway.news"
local runs = require "gateway.run"
local store = require "gateway.store"

local M = {}

M.sql = {
  give = "update gateway_runs set given = $2 where id = $1",
  step = [[insert into gateway_steps (run_id, n, event_id, input_tokens, output_tokens, cost_micros)
    values ($1, $2::int, $3, 0, 0, 0)]],
  call = [[select c.id, c.tool, c.status, c.result, o.whole from gateway_calls c
    left join gateway_results o on o.call_id = c.id where c.run_id = $1 and c.step = 1 order by c.n limit 1]],
}

--- Makes the run of a message that chat.take has taken in tx one that calls this tool: {name, arguments}.
function M.give(tx, run_id, call) tx:exec(M.sql.give, run_id, json.encode(call)) end

--- The call of such a run, once it is over: {id, tool, status, result, whole}.
function M.call(tx, run_id) return tx:row(M.sql.call, run_id) end

local function begin(tx, session, run)
  local given = json.decode(run.given)
  tx:ask(M.sql.step, run.id, run.step, nil)
  calls.take(tx, session, run, { { id = "given", name = given.name, arguments = given.arguments } })
end

local function finish(tx, session, run)
  local text = M.call(tx, run.id).result or ""
  local event_id = text:find "%S" and store.answer(tx, session, run.id, text) or nil
  tx:ask(M.sql.step, run.id, run.step, event_id)
  runs.finish(tx, session, run, { state = "done", text = text })
  news.after(tx, "chat", news.chat(run, "sent", text, {}))
end

--- A step of such a run (a row of the queue): the first one calls, the second has the result.
function M.think(row, run)
  db.tx(function(tx)
    local session = store.lock(tx, run.session_id)
    local mine = session and runs.at(tx, run.id, "thinking", run.step)
    if mine and mine.step == 1 then begin(tx, session, mine) elseif mine then finish(tx, session, mine) end
    row:done(tx)
  end)
end

return M
