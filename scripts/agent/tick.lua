-- scripts/agent/tick.lua -- what the agent API looks after once a second, on one worker of one host.
-- One job for both, since every job costs two writes each time.

local jobs = require "human.jobs"
local keys = require "agent.keys"
local turn = require "agent.turn"

local M = {}

function M.run()
  local ok, err = pcall(keys.close_expired)
  turn.scan()
  if not ok then error(err, 0) end
end

jobs.every("agent.tick", 1, "agent.tick.run")

return M
