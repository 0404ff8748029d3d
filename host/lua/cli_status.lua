-- host/lua/cli_status.lua -- `human status`: how a running server is.  Takes two looks, a second apart,
-- so that it can say how many requests come now.  Exit status 1 when no server runs.

local json = require "human.json"
local sched = require "human.sched"
local snapshot = require "human.snapshot"

local M = {}
local APART_S = 1
local USAGE = "usage: human status [--json]\n"

function M.run(args)
  local as_json = args[1] == "--json"
  if args[1] and not as_json or args[2] then
    io.stderr:write(USAGE)
    return 2
  end
  local before, why = snapshot.take()
  if not before then
    io.stderr:write(why, "\n")
    return 1
  end
  sched.sleep(APART_S)
  local now = snapshot.take() or before
  local view = snapshot.view(now, now ~= before and before or nil)
  io.stdout:write(as_json and json.encode(view) or table.concat(snapshot.lines(view), "\n"), "\n")
  return 0
end

return M
