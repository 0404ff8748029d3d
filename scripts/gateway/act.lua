-- scripts/gateway/act.lua -- one call of a tool (queue: session.act). The call is marked `running`, on disk, before
-- anything happens. A retry that finds that mark cannot know whether the earlier try did the work: unless the tool is
-- declared repeatable, the call is interrupted, and the model is told.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local json = require "human.json"
local log = require "human.log"
local queue = require "human.queue"
local task = require "human.task"
local calls = require "gateway.calls"
local limits = require "gateway.rules.limits"
local named = require "gateway.named"
local news = require "gateway.news"
local runs = require "gateway.run"
local store = require "gateway.store"
local texts = require "agent.texts"
local tools = require "gateway.tools"
local cut = require("human.text").cut

local M = {}

local TIMEOUT_S = 900                            -- of a try; each tool has a shorter one of its own

M.sql = {
  get = [[select c.id, c.run_id, c.step, c.tool, c.arguments, c.arguments_hash, c.status, a.arguments_hash as approved
    from gateway_calls c left join gateway_approvals a on a.call_id = c.id where c.id = $1]],
  begin = [[update gateway_calls c set status = 'running', started_at = human_now() from gateway_runs r
    where c.id = $1 and c.status = 'ready' and r.id = c.run_id and r.state = 'acting']],
  finish = [[update gateway_calls set status = $2, result = $3, result_bytes = $4, finished_at = human_now()
    where id = $1 and status in ('ready', 'running', 'waiting')]],
  wait = "update gateway_calls set status = 'waiting', started_at = human_now() where id = $1 and status = 'ready'",
  keep = "insert into gateway_results (call_id, whole) values ($1, $2)",
}

local INTERRUPTED = "It was interrupted: it may or may not have happened. It was not run again."

-- What a tool returned, as text: what the model reads, and the whole where that is longer.
local function result_of(value)
  local text = type(value) == "string" and value or json.encode(value == nil and json.null or value)
  local bytes = #text
  text = texts.valid(cut(text, limits.whole_bytes))
  if #text <= limits.result_bytes and bytes <= limits.whole_bytes then return text, bytes end
  local note = ("\n[%d bytes in all; tool_output shows more]"):format(bytes)
  return cut(text, limits.result_bytes - #note) .. note, bytes, text
end

-- Ends the call in tx, and goes on with its run.
local function settle(tx, run, call, status, value)
  local text, bytes, whole = result_of(value)
  local session = store.lock(tx, run.session_id)
  local mine = session and runs.at(tx, run.id, "acting", call.step)
  if not mine or tx:exec(M.sql.finish, call.id, status, text, bytes) == 0 then return end
  if whole then tx:ask(M.sql.keep, call.id, whole) end
  news.after(tx, "agent.tool", calls.told(run, call, { result = text, status = status, success = status == "done" }))
  calls.advance(tx, session, mine)
end

local function finish(row, run, call, status, value)
  store.insist(function(tx)
    settle(tx, run, call, status, value)
    row:done(tx)
  end)
end

--- Ends, in tx, a call that waits (a tool declared `later`): status "done" or "failed", and its result.
function M.answer(tx, call_id, status, value)
  local call = tx:row(M.sql.get, call_id)
  local run = call and runs.get(tx, call.run_id)
  if run then settle(tx, run, call, status, value) end
end

-- What a tool that raised is to the model; what happened is in the log.
local function sentence_of(call, err)
  if fail.is(err) then return "It failed: " .. err.message end
  log.error("tool failed", { tool = call.tool, call_id = call.id, error = tostring(err) })
  return "It failed."
end

-- What a tool's function is told.
local function told_to_tool(run, call)
  return {
    id = call.id, arguments = json.decode(call.arguments), session_id = run.session_id, session_key = run.session_key,
    run_id = run.id, agent_id = run.parent_id, user_id = run.user_id,
    progress = function(n, total, text) news.tell("tool.progress", calls.progress(run, call, n, total, text)) end,
  }
end

-- Begins what ends by itself later: what its tool writes and the state of the call are one transaction.
local function begin_later(row, run, call, tool)
  db.tx(function(tx)
    local session = store.lock(tx, run.session_id)
    if session and runs.at(tx, run.id, "acting", call.step) and tx:exec(M.sql.wait, call.id) > 0 then
      news.after(tx, "agent.tool", calls.told(run, call, { status = "running" }))
      local begun, why = tool.fn(told_to_tool(run, call), tx)
      if not begun then settle(tx, run, call, "failed", why) end
    end
    row:done(tx)
  end)
end

-- {status = "done" or "failed", value}, or nil when the call is not ours to run.
local function perform(run, call, tool)
  if call.status == "ready" and db.exec(M.sql.begin, call.id) == 0 then return nil end
  call.has_begun = true
  news.tell("agent.tool", calls.told(run, call, { status = "running" }))
  local value, why = tool.fn(told_to_tool(run, call))
  if value == nil and why ~= nil then return { status = "failed", value = why } end
  return { status = "done", value = value }
end

-- A tool may have been changed since, or switched off; what was approved is what was shown.
local function refusal(call, tool, why)
  if not tool then return why end
  local hash = crypto.sha256_hex(call.arguments)
  if hash ~= call.arguments_hash or call.approved and call.approved ~= hash then
    return "Its arguments are not those that were approved."
  end
  return tool.refusal(json.decode(call.arguments))
end

local function is_running(call_id)
  local call = db.row(M.sql.get, call_id)
  return call and call.status == "running"
end

-- It was cut short: by abort, by an error of the tool, or by one of ours.
local function ended_early(row, run, call, tool, err)
  if not call.has_begun then error(err, 0) end
  if not is_running(call.id) then return end
  if err == named.LATE then
    return finish(row, run, call, "failed", ("It took longer than %g seconds and was ended."):format(tool.timeout_s))
  end
  if tostring(err) == "canceled" then error(err, 0) end -- with its worker, or with the scripts that it began with
  finish(row, run, call, "failed", sentence_of(call, err))
end

--- A row of the queue: {call}.
function M.run(row)
  local call = db.row(M.sql.get, row.payload.call)
  local run = call and runs.get(db, call.run_id)
  if not run or call.status ~= "ready" and call.status ~= "running" then return end
  task.name("gateway tool", call.tool)
  local tool, why = tools.get(call.tool, run)
  local may_repeat = tool and tool.repeatable and row.attempt <= limits.repeat_attempts
  if call.status == "running" and not may_repeat then
    return finish(row, run, call, "interrupted", INTERRUPTED)
  end
  local no = refusal(call, tool, why)
  if no then return finish(row, run, call, "failed", no) end
  if tool.later then return begin_later(row, run, call, tool) end
  local ok, answer = named.run(named.of_call(call.id), tool.timeout_s, { run_id = run.id, call_id = call.id },
    function() return perform(run, call, tool) end)
  if ok == nil then return row:retry_in(1, "an earlier try has not ended yet") end
  if not ok then return ended_early(row, run, call, tool, answer) end
  if answer then finish(row, run, call, answer.status, answer.value) end
end

queue.define(runs.ACT, "gateway.act.run", { attempts = 1000, backoff = { 0.5, 2, 10 }, lease_s = 10,
                                            timeout_s = TIMEOUT_S, concurrency = 256 })

return M
