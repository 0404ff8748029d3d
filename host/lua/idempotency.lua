-- host/lua/idempotency.lua -- Idempotency-Key: a request that is sent twice is carried out once.
-- After draft-ietf-httpapi-idempotency-key-header: a repeat gets the answer that the first request got.  The key is
-- opaque text: its quotes, if any, are part of it.
-- The handler's database work and its answer are one transaction (human.pg.whole): both are stored, or neither.  An
-- advisory lock shows others that it runs.  A handler that reaches beyond the database commits a claim along with its
-- work so far.  A claim is a lease, so the key of a worker that died becomes free again; only if the worker dies
-- between the handler's last commit and the stored answer may the request run twice.
-- request.lua calls this only for requests that carry the header.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local host = require "human.core.host"
local id = require "human.id"
local log = require "human.log"
local rules = require "human.http.idempotency_key"
local sealed = require "human.http.sealed_answer"
local upload = require "human.http.upload"

local M = {}

local LEASE_S, SLACK_S = 60, 30                  -- a claim outlives any request by SLACK_S
local BODY_MAX = 1024 * 1024                     -- of a stored answer
local TRIES = 3                                  -- a row may disappear between claim and look-up
local ATTEMPTS = 3                               -- of a request that kills workers; then it is not started again
local SWEEP_ROWS, SWEEP_ROUNDS = 1000, 100

local LEFT = [[coalesce(k.lease_until <= now() and k.attempts %s %d, false)]]
local FOUND = "k.fingerprint, k.status, k.headers, k.body, k.is_sealed, k.body is null as is_lost, "
  .. LEFT:format(">=", ATTEMPTS) .. " as gave_up"

M.sql = {
  -- Takes the lock if it is free, and reads the stored row, if any: always one row.
  first = "select pg_try_advisory_xact_lock(hashtextextended($1::text || ' ' || $2::text, 0)) as is_mine, "
    .. "coalesce(k.created_at <= now() - $3::int * interval '1 hour', false) as is_old, "
    .. LEFT:format("<", ATTEMPTS) .. " as is_dead, " .. FOUND
    .. " from (select 1) one left join idempotency_keys k on k.scope = $1 and k.key = $2",
  -- Deletes an expired row, or one whose holder died while it ran the request.
  clear = [[delete from idempotency_keys k where scope = $1 and key = $2
    and (created_at <= now() - $3::int * interval '1 hour' or ]] .. LEFT:format("<", ATTEMPTS) .. ")",
  answer = [[insert into idempotency_keys (scope, key, fingerprint, status, headers, body, is_sealed)
    values ($1, $2, $3, $4::int, $5, decode($6, 'base64'), $7::bool)]],
  leave = [[insert into idempotency_keys (scope, key, fingerprint, owner, lease_until, attempts)
    values ($1, $2, $3, $4, now() + $5::float8 * interval '1 second', $6::int)]],
  claim = [[insert into idempotency_keys as k (scope, key, fingerprint, owner, lease_until)
    values ($1, $2, $3, $4, now() + $5::float8 * interval '1 second')
    on conflict (scope, key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner,
      lease_until = excluded.lease_until, status = null, headers = null, body = null, is_sealed = false,
      created_at = now(),
      attempts = case when k.created_at <= now() - $6::int * interval '1 hour' then 1 else k.attempts + 1 end
    where k.created_at <= now() - $6::int * interval '1 hour'
      or (k.lease_until <= now() and k.fingerprint = excluded.fingerprint and k.attempts < $7::int)
    returning owner]],
  look = "select " .. FOUND .. " from idempotency_keys k where scope = $1 and key = $2",
  store = [[update idempotency_keys set owner = null, lease_until = null, status = $4::int, headers = $5,
      body = decode($6, 'base64'), is_sealed = $7::bool
    where scope = $1 and key = $2 and owner = $3]],
  release = "delete from idempotency_keys where scope = $1 and key = $2 and owner = $3",
  sweep = [[delete from idempotency_keys where ctid = any (array(select ctid from idempotency_keys
    where created_at <= now() - $1::int * interval '1 hour' order by created_at limit $2::int))]],
}

-- Claims ----------------------------------------------------------------------------------------------

-- Two requests are the same if path parameters, query and body are equal byte by byte; of a body on disk, its
-- contents.  Only the body may contain NUL, so it comes last.  Two calls of RPC are if their params are.
local function fingerprint(ctx, route, body)
  local params_text = rawget(ctx, "params_text")
  if params_text then return crypto.sha256_hex(params_text) end
  local parts = {}
  for i, name in ipairs(route.names or {}) do parts[i] = tostring(ctx.params[name]) end
  parts[#parts + 1] = ctx.raw_query or ""
  parts[#parts + 1] = ctx.ahead and upload.identity(body) or host.body(ctx.req)
  return crypto.sha256_hex(table.concat(parts, "\0"))
end

-- The owner of the key: anonymous callers are distinguished by address.
local function scope_of(ctx, route)
  local actor = ctx.actor
  local who = actor and actor.kind ~= "public" and actor.id or "public " .. ctx.ip
  return tostring(who) .. " " .. (route.scope or route.title)
end

local function claim_of(ctx, route, key, body)
  rules.check(key)
  return { scope = scope_of(ctx, route), key = key, print = fingerprint(ctx, route, body), owner = id.new(),
           lease_s = math.max(LEASE_S, route.timeout_s + SLACK_S), attempts = route.once and ATTEMPTS or 1 }
end

-- The error that ends a repeat.
local Repeat = { __tostring = function() return "this request was answered before" end }
local function is_repeat(v) return getmetatable(v) == Repeat end

local function in_progress() fail.throw("idempotency_in_progress", { retry_after_s = 1 }) end

-- The stored answer for a repeat that found this row: {status, headers, body}.
local function judge(claim, row)
  if row.fingerprint ~= claim.print then fail.throw "idempotency_key_reused" end
  if row.gave_up then
    fail.throw("idempotency_answer_lost", { message = "It was begun and never came to its end" })
  end
  if not row.status then in_progress() end
  if row.is_lost then fail.throw "idempotency_answer_lost" end
  if row.is_sealed then sealed.open(row, claim) end
  return row
end

-- The answer as stored: headers, body (base64, or nil) and whether it is sealed.
local function kept(claim, route, status, headers, body)
  local is_secret = sealed.is_needed(route, status, headers)
  if is_secret then headers, body = sealed.close(headers, body, claim) end
  return headers, body and #body <= BODY_MAX and host.base64(body) or nil, is_secret
end

-- Transient answers (5xx, 429) are not stored: a repeat may get another.
local function is_kept(status) return status ~= nil and status < 500 and status ~= 429 end

-- A lease ---------------------------------------------------------------------------------------------

local function take(claim)
  for _ = 1, TRIES do
    if db.row(M.sql.claim, claim.scope, claim.key, claim.print, claim.owner, claim.lease_s, rules.KEEP_H, ATTEMPTS) then
      return nil
    end
    local row = db.row(M.sql.look, claim.scope, claim.key)
    if row then return judge(claim, row) end
  end
  in_progress()
end

-- Returns nil and sets ctx.claim if the request must run; else the stored answer {status,
-- headers (lines), body}.  Fails with 400, 409 or 422.
function M.begin(ctx, route, key, body)
  local claim = claim_of(ctx, route, key, body)
  local answer = take(claim)
  if not answer then ctx.claim = claim end
  return answer
end

-- The client gets its answer even if it cannot be stored.
local function settle(ctx, what, ...)
  local claim = ctx.claim
  ctx.claim = false
  ctx.task.max_awaits = nil                      -- a handler that used them all must still release its key
  local ok, err = pcall(db.exec, M.sql[what], claim.scope, claim.key, claim.owner, ...)
  if ok and err == 1 then return end
  log.warn("idempotency: " .. what .. " failed", { request_id = ctx.id, route = ctx.route.title,
    error = ok and "the claim was taken over" or tostring(err) })
end

-- Releases the key: the next request with it runs again.
function M.release(ctx) settle(ctx, "release") end

--- For a handler of a route with idempotent = "lease": what it answers is true of this moment alone, so it is not kept,
--- and a repeat with the same key is carried out.
function M.pass(ctx)
  if ctx.claim then M.release(ctx) end
end

-- Stores the answer of the request that holds the claim, unless it is transient.  headers: its own lines.
function M.store(ctx, status, headers, body)
  if not is_kept(status) then return M.release(ctx) end
  settle(ctx, "store", status, kept(ctx.claim, ctx.route, status, headers, body))
end

-- Nobody knows what became of the request that has the claim, and it must not be begun again.
function M.lose(ctx) settle(ctx, "store", 409, "", nil, false) end

-- One transaction -------------------------------------------------------------------------------------

-- Raises unless nobody else runs the request and no answer is stored.
local function check_first(claim, tx, row)
  if row.fingerprint and not row.is_old and not (row.is_dead and row.fingerprint == claim.print) then
    error(setmetatable(judge(claim, row), Repeat), 0)
  end
  if not row.is_mine then in_progress() end
  if row.fingerprint then tx:ask(M.sql.clear, claim.scope, claim.key, rules.KEEP_H) end
end

-- Another request stored an answer in spite of the lock: roll back and look again.
local function raced(err)
  if not db.is_error(err) or err.constraint ~= "idempotency_keys_pkey" then return nil end
  err.sqlstate = "40001"
  return err
end

local function plan_of(ctx, route, key, body)
  local plan = { raced = raced }
  function plan.keeps(answer) return is_kept(answer.status) end
  if route.idempotent == "tx" then
    plan.strict = "not in " .. route.title .. ', which is one transaction (idempotent = "tx")'
  end
  if not key then
    function plan.store() end
    return plan
  end
  local claim = claim_of(ctx, route, key, body)
  plan.first = { M.sql.first, claim.scope, claim.key, rules.KEEP_H }
  function plan.check(tx, row) check_first(claim, tx, row) end
  function plan.store(tx, answer)
    tx:ask(M.sql.answer, claim.scope, claim.key, claim.print, answer.status,
      kept(claim, route, answer.status, answer.headers, answer.body))
  end
  function plan.leave(tx)
    tx:ask(M.sql.leave, claim.scope, claim.key, claim.print, claim.owner, claim.lease_s, claim.attempts)
  end
  function plan.left() ctx.claim = claim end
  return plan
end

-- Runs a request once for all requests with this key (nil: no key).  fn() runs the handler, never raises
-- and returns {status, headers (own lines), body}; it runs again after a lost race.  Its database work is
-- committed only if that answer is not transient.  Returns what fn returned; or nil and the stored
-- answer of an earlier request.  ctx.claim is set afterwards when the handler reached beyond the database.
function M.carry_out(ctx, route, key, body, fn)
  local ok, answer = pcall(db.whole, plan_of(ctx, route, key, body), fn)
  if ok then return answer end
  if is_repeat(answer) then return nil, answer end
  error(answer, 0)
end

-- Deletes expired rows; returns how many.
function M.sweep() return db.sweep(M.sql.sweep, SWEEP_ROWS, SWEEP_ROUNDS, rules.KEEP_H, SWEEP_ROWS) end

return M
