-- host/lua/cli/status.lua -- `human status`: the state of a running server.  Takes two snapshots, a second
-- apart, to compute the current request rate.  Exit status 1 when no server runs.

local cli = require "human.cli.words"
local json = require "human.json"
local sched = require "human.core.sched"
local snapshot = require "human.cli.snapshot"

local M = {}
local APART_S = 1
local FIRST = { "version", "pid", "uptime_s", "scripts", "stopping", "problem", "index", "state", "name", "total" }

function M.run(args)
  local words, o = cli.parse("status", args, { ["--json"] = true })
  cli.count("status", words, {}, 0, 0)
  local before, why = snapshot.take()
  if not before then cli.stop(why) end
  sched.sleep(APART_S)
  local now = snapshot.take() or before
  local view = snapshot.view(now, now ~= before and before or nil)
  io.stdout:write(o.json and json.encode_sorted(view, FIRST) or table.concat(snapshot.lines(view), "\n"), "\n")
  return 0
end

return M
