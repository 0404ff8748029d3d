-- scripts/agent/tick.lua -- periodic work of the agent API, once a second, on one worker of one host.
-- One job for everything, since each job costs two writes every time.

local config = require "human.config"
local decisions = require "human.decisions"
local jobs = require "human.jobs"
local budget = require "agent.budget"
local claims = require "agent.claims"
local initiative = require "agent.initiative"
local keys = require "agent.keys"
local mailbox = require "agent.mailbox"
local turn = require "agent.turn"

local M = {}

local REST_EVERY = 5                             -- looks
local looks = 0

function M.run()
  local ok, err = pcall(keys.close_expired)
  initiative.fire()
  turn.scan()
  looks = looks + 1
  if looks % REST_EVERY == 0 then mailbox.rest() end
  if not ok then error(err, 0) end
end

-- Deletes recorded decisions, costs of models, and workers that are too old.
function M.forget()
  decisions.forget(config.decisions.keep_days)
  budget.forget()
  claims.forget()
end

jobs.every("agent.tick", 1, "agent.tick.run")
jobs.every("agent.forget", 600, "agent.tick.forget")

return M
