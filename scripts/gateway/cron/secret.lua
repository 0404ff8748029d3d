-- scripts/gateway/cron/secret.lua -- signs the webhooks of a job: one secret per job, sealed in its row, in the form
-- of Standard Webhooks (whsec_ and base64).

local crypto = require "human.crypto"

local M = {}

local BYTES = 32

local function context_of(id) return "gateway_cron_jobs.secret " .. id end

--- A new one.
function M.new() return "whsec_" .. crypto.base64(crypto.unhex(crypto.random_hex(BYTES))) end

--- As it is kept in the row of this job.
function M.seal(id, secret) return crypto.seal(secret, context_of(id)) end

--- The secret of a row, or nil and why not.
function M.open(row) return crypto.open(row.secret or "", context_of(row.id)) end

return M
