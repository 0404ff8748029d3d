-- scripts/gateway/cron/deliver.lua -- where the results of jobs go: to a channel, or as a signed webhook to an
-- address.
-- The end of a run is an event of the outbox (cron.ended), written in the same transaction. Here it becomes a message
-- of the channel, or a queue row that is retried until the address accepts it. Failures are in the history and the
-- list.

local crypto = require "human.crypto"
local db = require "human.db"
local fetch = require "human.fetch"
local json = require "human.json"
local log = require "human.log"
local outbox = require "human.outbox"
local queue = require "human.queue"
local time = require "human.time"
local webhooks = require("standardwebhooks").new(crypto)
local announce = require "gateway.cron.announce"
local limits = require "gateway.rules.cron"
local news = require "gateway.news"
local rows = require "gateway.cron.rows"
local secrets = require "gateway.cron.secret"

local M = {}

local WEBHOOK, TIMEOUT_S, ANSWER_BYTES, ERROR_BYTES = "cron.webhook", 30, 65536, 500
local AGAIN_S = { 2, 10, 60, 300, 1800 }         -- before the second try, the third, ..
local NO_KEY, OTHERS_S, OTHERS_TRIES = "no host could open its secret: hosts of one database share seal.key", 2, 300
-- Answers after which another try may help.
local AGAIN = { [408] = true, [409] = true, [425] = true, [429] = true }

M.sql = {
  job = rows.JOB .. " where j.id = $1::bigint",
  run = rows.RUN .. " where r.id = $1::bigint and r.delivery = 'pending'",
  whole = "select whole from gateway_cron_outputs where run_id = $1::bigint",
  try = [[update gateway_cron_runs set delivery_tries = delivery_tries + 1 where id = $1::bigint
    returning delivery_tries]],
  settle = [[update gateway_cron_runs set delivery = $2, delivery_error = $3 where id = $1::bigint
    and delivery = 'pending']],
  failed = [[update gateway_cron_jobs set last_error = $2 where id = $1::bigint]],
  remove = "delete from gateway_cron_jobs where id = $1::bigint",
}

--- Writes down how a delivery ended; why: nil, it has arrived.
function M.settle(tx, job, run, why)
  if not rows.lock(tx, job.id) then return end
  if tx:exec(M.sql.settle, run.id, why and "failed" or "delivered", why) == 0 then return end
  if why and not job.delivery.bestEffort then tx:exec(M.sql.failed, job.id, "It was not delivered: " .. why) end
  if why then
    news.after(tx, "error", { message = ("The result of the job \"%s\" was not delivered: %s"):format(job.name, why),
                              code = "cron_not_delivered" })
  elseif job.removed_after and run.state == "completed" then
    tx:exec(M.sql.remove, job.id)
  end
end

local function read(q, payload)
  local row = q:row(M.sql.job, payload.job)
  local run = row and q:row(M.sql.run, payload.run)
  if not run then return nil end
  return rows.job(row), rows.run(run), row
end

local function begin(tx, event)
  local job, run = read(tx, event.payload)
  if not run then return end
  if job.delivery.mode == "webhook" then
    queue.add(tx, WEBHOOK, tostring(run.id), nil, { job = job.id, run = run.id, event = event.id })
  else
    local why = announce.say(tx, job, run)
    if why then M.settle(tx, job, run, why) end
  end
end

--- Events of the outbox: runs that are over.
function M.take(batch)
  db.tx(function(tx)
    for _, event in ipairs(batch) do begin(tx, event) end
    batch:done(tx)
  end)
end

-- Webhooks ------------------------------------------------------------------------------------------------

local function body_of(job, run)
  return json.encode_sorted({
    type = "cron.run." .. run.state, timestamp = time.format(run.finished_at or time.now_ms()),
    data = { job_id = job.id, job = job.name, run_id = run.id, status = run.state, cause = run.cause,
             due_at = time.format(run.due_at), started_at = run.started_at and time.format(run.started_at),
             finished_at = run.finished_at and time.format(run.finished_at), error = run.error,
             output = db.value(M.sql.whole, run.id) or run.output or "" },
  }, { "type", "timestamp", "data" })
end

-- Sends it once: nil, it has arrived; or why not, and whether another try may help.
local function send(job, run, secret, event_id)
  local body = body_of(job, run)
  local headers = webhooks:sign(event_id, math.floor(time.now_ms() / 1000), body, secret)
  headers["content-type"] = "application/json"
  local answer, err = fetch { url = job.delivery.to, method = "POST", headers = headers, body = body, guard = true,
                              timeout_s = TIMEOUT_S, max_bytes = ANSWER_BYTES }
  if not answer then return err.message:sub(1, ERROR_BYTES), err.code == "timeout" or err.code == "network" end
  if answer.status >= 200 and answer.status < 300 then return nil end
  return "it answered " .. answer.status, AGAIN[answer.status] or answer.status >= 500
end

--- A row of the queue: {job, run, event}.
function M.webhook(row)
  local job, run, stored = db.tx(function(tx) return read(tx, row.payload) end)
  if not run then return end
  local secret = secrets.open(stored)
  if not secret and row.attempt < OTHERS_TRIES then return row:retry_in(OTHERS_S, NO_KEY) end
  local tries = db.value(M.sql.try, run.id)
  local why, may_help = NO_KEY, false
  if secret then why, may_help = send(job, run, secret, row.payload.event) end
  if why and may_help and tries < limits.delivery_attempts then return row:retry_in(AGAIN_S[tries] or 1800, why) end
  db.tx(function(tx)
    M.settle(tx, job, run, why)
    row:done(tx)
  end)
  if why then log.warn("cron: a result was not delivered", { job = job.id, run = run.id, error = why }) end
end

-- A message of a channel was sent, or will not be.
announce.on_end(function(tx, about, why)
  local job, run = read(tx, about)
  if run then M.settle(tx, job, run, why) end
end)

outbox.on("cron.ended", "gateway.cron.deliver.take")
queue.define(WEBHOOK, "gateway.cron.deliver.webhook", { concurrency = 16, attempts = 1000, timeout_s = 60,
                                                        backoff = { 2, 10, 60 } })

return M
