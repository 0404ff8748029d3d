-- host/lua/cli/aside.lua -- what a worker has done by a process of its own (host/server/aside.c, human.sources).
-- Reads a request as JSON, {what = "check" | "replay" | "reload", ..}; its last line is the answer.

local draft = require "human.scripts.draft"
local host = require "human.core.host"
local json = require "human.json"
local sched = require "human.core.sched"
local trim_end = require("human.text").trim_end

local M = {}
local MARK = "\1"                                -- what scripts print comes before it
M.MARK = MARK

local commands = {}

function commands.check(asked) return draft.check(asked.files or {}) end

-- False and why, if it is not reachable.
local function open_database()
  if host.db_state() ~= "up" then
    local task = sched.current()
    sched.on_event(host.EV.DB, function(up) sched.wake(task, up == 1) end)
    if not sched.suspend() then return false, select(2, host.db_state()) end
  end
  require("human.db").open()
  return true
end

function commands.replay(asked)
  local g, why = draft.build { [asked.path] = asked.text }
  if not g then return { problem = why } end
  local ok, down = open_database()
  if not ok then return { problem = { message = "the database is not reachable: " .. tostring(down) } } end
  local name = require("human.scripts.paths").name_of(asked.path)
  local report = require("human.cli.replay").run(g, { modules = { name }, since = asked.since, limit = asked.limit,
                                                      sample = asked.sample })
  return { report = report and require("human.cli.replay_report").data(report) }
end

-- The votes are those of the verdict only if no other reload came between the two questions.
function commands.reload()
  local text, status = host.native.control "reload"
  local state = json.decode((host.native.control "status"))
  local last = type(state) == "table" and state.reload or nil
  text = trim_end(text)
  local votes = last and last.verdict and trim_end(last.verdict) == text and last.votes or json.array {}
  return { ok = status == 0, text = text, votes = json.array(votes) }
end

--- Returns the exit status.
function M.run()
  local asked = json.decode(io.stdin:read "*a")
  local answer = json.encode(commands[asked.what](asked))
  io.stdout:write("\n", MARK, answer)
  io.stdout:flush()
  return 0
end

return M
