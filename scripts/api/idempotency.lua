-- scripts/api/idempotency.lua -- forgets, after a day, what requests with an Idempotency-Key were answered.

local idempotency = require "human.idempotency"
local jobs = require "human.jobs"

local M = {}

function M.sweep() idempotency.sweep() end

jobs.every("idempotency.sweep", 600, "api.idempotency.sweep")

return M
