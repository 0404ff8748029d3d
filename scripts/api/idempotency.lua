-- scripts/api/idempotency.lua -- deletes stored responses to requests with an Idempotency-Key after a day.

local idempotency = require "human.idempotency"
local jobs = require "human.jobs"

local M = {}

function M.sweep() idempotency.sweep() end

jobs.every("idempotency.sweep", 600, "api.idempotency.sweep")

return M
