-- scripts/gateway/push.lua -- tells people who are not connected that an answer is ready, an approval is wanted, a
-- cron job is done, or something failed. The news goes into the outbox in the transaction of its cause; each
-- registration gets a queue row of its own, so a slow or dead one holds up no other.

local crypto = require "human.crypto"
local db = require "human.db"
local fetch = require "human.fetch"
local id = require "human.id"
local json = require "human.json"
local log = require "human.log"
local outbox = require "human.outbox"
local queue = require "human.queue"
local standardwebhooks = require "standardwebhooks"
local time = require "human.time"
local cut = require("human.text").cut
local texts = require "agent.texts"
local web = require "gateway.push.web"

local M = {}

M.PROVIDERS = { "webhook", "webpush", "fcm", "apns" }
M.TOKEN_MAX = 4096
local MAX, LOCK = 50, 401115                     -- limit: push registrations; any number, as long as it stays the same
local TOPIC, SEND = "gateway.push", "gateway.push.send"
local TEXT_BYTES, TITLE_BYTES = 1000, 100        -- of what a message says
local ATTEMPTS, TIMEOUT_S, ANSWER_BYTES = 6, 20, 65536
local BACKOFF_S = { 2, 10, 60, 300, 1800 }
local LATE_MS = 86400000                         -- what is older is news to nobody
local WAIT_MAX_S = 3600                          -- that a receiver may ask for (Retry-After)

local UNDELIVERED = {
  fcm = "This server does not send by FCM: register a Web Push subscription or a webhook instead",
  apns = "This server does not send by APNs: register a Web Push subscription or a webhook instead",
}

M.sql = {
  lock = "select pg_advisory_xact_lock($1::bigint)",
  count = "select count(*) from gateway_push where token_hash <> $1",
  register = [[insert into gateway_push (id, token_hash, provider, sealed, device_id) values ($1, $2, $3, $4, $5)
    on conflict (token_hash) do update set provider = excluded.provider, sealed = excluded.sealed,
      device_id = excluded.device_id, failed_at = null, error = null returning id]],
  unregister = "delete from gateway_push where token_hash = $1",
  any = "select exists (select 1 from gateway_push where provider in ('webhook', 'webpush'))",
  reached = "select id from gateway_push where provider in ('webhook', 'webpush') order by id",
  get = "select id, token_hash, provider, sealed from gateway_push where id = $1",
  gone = "delete from gateway_push where id = $1",
  sent = "update gateway_push set sent_at = human_now(), failed_at = null, error = null where id = $1",
  failed = "update gateway_push set failed_at = human_now(), error = $2 where id = $1",
  list = [[select id, provider, created_at, sent_at, failed_at, error from gateway_push order by id limit $1::int]],
}

local hooks = standardwebhooks.new(crypto)

local function context(hash) return "gateway push " .. hash end

-- ---- who is told -------------------------------------------------------------------------------------------

-- What a token is: what is sealed of it, and what it is known by; or nil and why it is none.
local READ = {}

function READ.webhook(token, secret)
  local url, no_address = web.address(token)
  if not url then return nil, "the token of a webhook is its https address: " .. no_address end
  secret = secret or "whsec_" .. crypto.base64(crypto.unhex(crypto.random_hex(32)))
  return { url = url, secret = secret }, url
end

function READ.webpush(token)
  local value = json.decode(token)
  local to, why = web.subscription(value)
  if not to then return nil, "the token of Web Push is a subscription as JSON: " .. why end
  return { endpoint = to.endpoint, keys = value.keys }, to.endpoint
end

local function plain(token) return { token = token }, token end
READ.fcm, READ.apns = plain, plain

-- A token of Web Push is known by its endpoint, however the rest is written; an address however it is.
local function identity(token)
  local value = token:find "^%s*{" and json.decode(token)
  if type(value) == "table" and type(value.endpoint) == "string" then token = value.endpoint end
  return web.address(token) or token
end

local function add(tx, hash, provider, sealed, device_id)
  tx:query(M.sql.lock, LOCK)
  if tx:value(M.sql.count, hash) >= MAX then return nil end
  return tx:value(M.sql.register, id.new(), hash, provider, sealed, device_id)
end

--- Registers a token; one that is registered already is replaced.  Returns {id, deliverable, note, secret (of a
--- webhook, which is shown this once)}; or nil and why not, and a code.
function M.register(provider, token, secret, device_id)
  local kept, known_by = READ[provider](token, secret)
  if not kept then return nil, known_by, "push_invalid" end
  local hash = crypto.sha256_hex(known_by)
  local sealed = crypto.seal(json.encode(kept), context(hash))
  local registered = db.tx(function(tx) return add(tx, hash, provider, sealed, device_id) end)
  if not registered then return nil, nil, "too_many_registrations" end
  return { id = registered, deliverable = UNDELIVERED[provider] == nil, note = UNDELIVERED[provider],
           secret = kept.secret }
end

--- Whether it was registered.
function M.unregister(token) return db.exec(M.sql.unregister, crypto.sha256_hex(identity(token))) > 0 end

--- All registrations, without what reaches them.
function M.list() return db.query(M.sql.list, MAX) end

-- ---- what is told ------------------------------------------------------------------------------------------

local function put(tx, event)
  if not tx:value(M.sql.any) then return end
  event.title, event.body = cut(texts.valid(event.title), TITLE_BYTES), cut(texts.valid(event.body or ""), TEXT_BYTES)
  event.timestamp = time.now()
  outbox.put(tx, TOPIC, event.sessionKey, event)
end

--- A run is over, in tx: of those that a client asked for.  Jobs (M.job_over), channels and /v1 tell of their own.
function M.run_over(tx, run, ending)
  if run.cause or ending.state == "aborted" then return end
  local failed = ending.state == "failed"
  put(tx, { type = failed and "error" or "answer.ready", title = failed and "A run has failed" or "Answer ready",
            body = ending.text, code = ending.error_code, sessionKey = run.session_key, runId = run.id })
end

-- What is told of a run of a job, by the state that the history has.  Who aborts one knows it.
local JOBS = {
  completed = { "cron.completed", "Job done: " }, failed = { "error", "Job failed: " },
  interrupted = { "error", "Job interrupted: " }, skipped = { "cron.skipped", "Job skipped: " },
}

--- A run of a job of cron is over, in tx, or was skipped.  job: {id, name, session_key}; outcome: {state, error,
--- output, reason, run_id (of the session; nil: it did not begin)}.
function M.job_over(tx, job, outcome)
  local about = JOBS[outcome.state]
  if not about then return end
  local parts = { outcome.error }
  if outcome.output and outcome.output:find "%S" then parts[#parts + 1] = outcome.output end
  put(tx, { type = about[1], title = about[2] .. job.name, body = table.concat(parts, "\n\n"), code = outcome.reason,
            status = outcome.state, jobId = job.id, sessionKey = job.session_key, runId = outcome.run_id })
end

--- An approval is wanted, in tx: as the event exec.approval.requested has it.
function M.approval_wanted(tx, approval)
  put(tx, { type = "approval.requested", title = "Approval wanted: " .. approval.tool,
            body = approval.request.command or approval.arguments, sessionKey = approval.sessionKey,
            runId = approval.runId, approvalId = approval.id, risk = approval.risk,
            expiresAtMs = approval.expiresAtMs })
end

--- A batch of the outbox: a row of the queue for each registration.
function M.deliver(batch)
  db.tx(function(tx)
    local reached = tx:query(M.sql.reached)
    for _, event in ipairs(batch) do
      for _, row in ipairs(reached) do queue.add(tx, SEND, row.id, nil, { event = event.payload }) end
    end
    batch:done(tx)
  end)
end

-- ---- sending -------------------------------------------------------------------------------------------------

local REQUEST = {}

function REQUEST.webhook(to, event, message_id)
  local body = json.encode_sorted { type = event.type, timestamp = event.timestamp, data = event } -- each time the same
  local headers = hooks:sign(message_id, math.floor(time.now_ms() / 1000), body, to.secret)
  headers["content-type"] = "application/json"
  return { url = to.url, method = "POST", body = body, headers = headers }
end

function REQUEST.webpush(to, event)
  return web.request(assert(web.subscription(to)), json.encode(event), event.type == "approval.requested")
end

local function request_for(target, row)
  local opened, why = crypto.open(target.sealed, context(target.token_hash))
  if not opened then return nil, "it cannot be opened here: " .. why end
  local request, reason = REQUEST[target.provider](json.decode(opened), row.payload.event, "msg_" .. row.id)
  if not request then return nil, reason end
  request.guard, request.timeout_s, request.max_bytes = true, TIMEOUT_S, ANSWER_BYTES
  return request
end

local function end_row(row, sql, ...)
  local args, n = { ... }, select("#", ...)
  db.tx(function(tx)
    tx:exec(sql, unpack(args, 1, n))
    row:done(tx)
  end)
end

local function give_up(row, target, why)
  log.warn("push not delivered", { push_id = target.id, provider = target.provider, error = why })
  end_row(row, M.sql.failed, target.id, cut(log.mask(why), 500))
end

-- What an answer means: "sent", "gone", "again" (and after how many seconds), or nil: it is of no use.
local function meaning(answer)
  if answer.status >= 200 and answer.status < 300 then return "sent" end
  if answer.status == 404 or answer.status == 410 then return "gone" end
  if answer.status ~= 408 and answer.status ~= 429 and answer.status < 500 then return nil end
  return "again", math.min(tonumber(answer.headers["retry-after"]) or 0, WAIT_MAX_S)
end

local function again(row, target, seconds, why)
  if row.attempt >= ATTEMPTS then return give_up(row, target, why) end
  row:retry_in(math.max(seconds, BACKOFF_S[row.attempt] or BACKOFF_S[#BACKOFF_S]), why)
end

--- A row of the queue: {event}, for the registration that is its key.
function M.send(row)
  local target = db.row(M.sql.get, row.key)
  if not target then return end
  if time.now_ms() - time.parse(row.payload.event.timestamp) > LATE_MS then return end
  local request, why = request_for(target, row)
  if not request then return give_up(row, target, why) end
  local answer, err = fetch(request)
  if not answer and err.code == "denied" then return give_up(row, target, err.message) end
  if not answer then return again(row, target, 0, err.message) end
  local what, seconds = meaning(answer)
  if what == "sent" then return end_row(row, M.sql.sent, target.id) end
  if what == "gone" then return end_row(row, M.sql.gone, target.id) end
  why = ("it answered %d"):format(answer.status)
  if what == "again" then return again(row, target, seconds, why) end
  give_up(row, target, why)
end

outbox.on(TOPIC, "gateway.push.deliver")
queue.define(SEND, "gateway.push.send", { per_key = true, attempts = ATTEMPTS, backoff = BACKOFF_S, concurrency = 16,
                                          timeout_s = TIMEOUT_S + 10 })

return M
