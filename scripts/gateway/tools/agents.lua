-- scripts/gateway/tools/agents.lua -- hands a part of the work to a session of its own, whose answer is the result of
-- the call. Meanwhile nothing is held: the call waits as a row, and whoever ends the other run writes its result.
-- When a run is aborted, a queue row aborts its parts.

local db = require "human.db"
local queue = require "human.queue"
local act = require "gateway.act"
local chat = require "gateway.chat"
local ends = require "gateway.ends"
local limits = require "gateway.rules.limits"
local runs = require "gateway.run"
local tools = require "gateway.tools"
local cut = require("human.text").cut

local M = {}

M.sql = {
  depth = "select depth from gateway_sessions where id = $1",
  count = [[select count(*) from gateway_calls c join gateway_sessions s on s.asked_by = c.id where c.run_id = $1]],
  mark = [[update gateway_sessions s set depth = $3::int, asked_by = $4, label = $5 from agents a
    where a.id = s.id and a.parent_id = $1 and a.session_key = $2]],
  archive = "update gateway_sessions set archived_at = human_now() where id = $1",
  asked = "select id from gateway_sessions where asked_by = $1",
}

local TASK = [[Another conversation of yours needs this done. It will get your last answer, and nothing else of what is
said here, so let that be complete:

%s]]

local function label(task) return cut("Task: " .. task:gsub("%s+", " "), 100) end

tools.define("agent_spawn", {
  description = "Gives a part of the work to an agent like you, in a conversation of its own, and returns its answer. "
    .. "It knows only what the task says. Several of them work at the same time.",
  parameters = { type = "object", required = { "task" }, additionalProperties = false, properties = {
    task = { type = "string", minLength = 1, maxLength = 30000, pattern = "[^ \t\r\n]",
             description = "All that it has to know, and what its answer shall be." },
  } },
  risk = "medium", parallel = true, later = true,
}, function(call, tx)
  local depth = tx:value(M.sql.depth, call.session_id) + 1
  if depth > limits.spawn_depth then
    return nil, ("Its work cannot be given on: at most %d below each other."):format(limits.spawn_depth)
  end
  if tx:value(M.sql.count, call.run_id) >= limits.spawned then
    return nil, ("At most %d agents work for one message."):format(limits.spawned)
  end
  local task, key = call.arguments.task, "task:" .. call.id
  local taken, why = chat.take(tx, { key = key, message = TASK:format(task), cause = "call:" .. call.id })
  if not taken then return nil, "It could not be begun: " .. why end
  tx:exec(M.sql.mark, call.agent_id, key, depth, call.id, label(task))
  return true
end)

local SENTENCES = { aborted = "It was aborted.", failed = "It failed: " }

--- The other run is over (gateway.ends).
function M.ended(tx, run, ending)
  local text = ending.text or ""
  if ending.state == "failed" then text = SENTENCES.failed .. text end
  if ending.state == "aborted" then text = SENTENCES.aborted end
  tx:exec(M.sql.archive, run.session_id)
  act.answer(tx, run.cause:match "^call:(.*)$", ending.state == "done" and "done" or "failed", text)
end

--- A row of the queue: {call}, which was aborted.
function M.abort(row)
  local session_id = db.value(M.sql.asked, row.payload.call)
  if session_id then runs.abort_all(session_id) end
end

ends.on("call", M.ended)
queue.define(runs.ABORT, "gateway.tools.agents.abort", { attempts = 1000, backoff = { 0.5, 2, 10 }, lease_s = 10 })

return M
