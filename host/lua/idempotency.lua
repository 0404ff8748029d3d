-- host/lua/idempotency.lua -- Idempotency-Key: a request that is sent twice is carried out once.
-- After draft-ietf-httpapi-idempotency-key-header: the first request with a key claims a row and stores
-- its answer there before it is sent; a repeat gets that answer.  The key is opaque text: its quotes, if
-- any, are part of it.  A claim is a lease, so the key of a worker that died comes free again; between
-- a handler's commit and the stored answer lies the one moment in which that may run it a second time.
-- request.lua asks begin() only for requests that carry the header.

local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local host = require "human.core.host"
local id = require "human.id"
local log = require "human.log"
local rules = require "human.http.idempotency_key"

local M = {}

local LEASE_S, SLACK_S = 60, 30                  -- a claim outlives any request by SLACK_S
local BODY_MAX = 1024 * 1024                     -- of a stored answer
local TRIES = 3                                  -- a row may go between the claim and the look
local ATTEMPTS = 3                               -- of a request whose workers died; then nobody begins it again
local SWEEP_ROWS, SWEEP_ROUNDS = 1000, 100

M.sql = {
  -- A row that nobody needs any more, or whose holder died over the same request, is taken over.
  claim = [[insert into idempotency_keys as k (scope, key, fingerprint, owner, lease_until)
    values ($1, $2, $3, $4, now() + $5::float8 * interval '1 second')
    on conflict (scope, key) do update set fingerprint = excluded.fingerprint, owner = excluded.owner,
      lease_until = excluded.lease_until, status = null, headers = null, body = null, created_at = now(),
      attempts = case when k.created_at <= now() - $6::int * interval '1 hour' then 1 else k.attempts + 1 end
    where k.created_at <= now() - $6::int * interval '1 hour'
      or (k.lease_until <= now() and k.fingerprint = excluded.fingerprint and k.attempts < $7::int)
    returning owner]],
  look = [[select fingerprint, status, headers, body, body is null as is_lost,
      coalesce(lease_until <= now() and attempts >= $3::int, false) as gave_up
    from idempotency_keys where scope = $1 and key = $2]],
  store = [[update idempotency_keys set owner = null, lease_until = null, status = $4::int, headers = $5,
      body = decode($6, 'base64')
    where scope = $1 and key = $2 and owner = $3]],
  release = "delete from idempotency_keys where scope = $1 and key = $2 and owner = $3",
  sweep = [[delete from idempotency_keys where (scope, key) in (select scope, key from idempotency_keys
    where created_at <= now() - $1::int * interval '1 hour' order by created_at limit $2::int)]],
}

-- What makes two requests the same: path parameters, query and body, byte by byte.  Only the body may
-- hold a NUL, and it comes last.
local function fingerprint(ctx, route)
  local parts = {}
  for i, name in ipairs(route.names or {}) do parts[i] = tostring(ctx.params[name]) end
  parts[#parts + 1] = ctx.raw_query or ""
  parts[#parts + 1] = host.body(ctx.req)
  return crypto.sha256_hex(table.concat(parts, "\0"))
end

local function scope_of(ctx, route)
  local actor = ctx.actor
  return tostring(actor and actor.id or "public") .. " " .. route.title
end

local function in_progress() fail.throw("idempotency_in_progress", { retry_after_s = 1 }) end

-- What a repeat is told about the row it found.
local function judge(row, print)
  if row.fingerprint ~= print then fail.throw "idempotency_key_reused" end
  if row.gave_up then
    fail.throw("idempotency_answer_lost", { message = "The request was begun several times and never came to its end" })
  end
  if not row.status then in_progress() end
  if row.is_lost then fail.throw "idempotency_answer_lost" end
  return row
end

-- Nil when the request is to be carried out, with ctx.claim set; else the stored answer {status,
-- headers (lines), body}.  Fails with 400, 409 or 422.
function M.begin(ctx, route, key)
  rules.check(key)
  local claim = { scope = scope_of(ctx, route), key = key, owner = id.new() }
  local print = fingerprint(ctx, route)
  local lease_s = math.max(LEASE_S, route.timeout_s + SLACK_S)
  for _ = 1, TRIES do
    if db.row(M.sql.claim, claim.scope, key, print, claim.owner, lease_s, rules.KEEP_H, ATTEMPTS) then
      ctx.claim = claim
      return nil
    end
    local row = db.row(M.sql.look, claim.scope, key, ATTEMPTS)
    if row then return judge(row, print) end
  end
  in_progress()
end

-- The answer stands whatever becomes of its record.
local function settle(ctx, what, ...)
  local claim = ctx.claim
  ctx.claim = false
  ctx.task.max_awaits = nil                      -- a handler that used them all must not keep its key
  local ok, err = pcall(db.exec, M.sql[what], claim.scope, claim.key, claim.owner, ...)
  if ok and err == 1 then return end
  log.warn("idempotency: " .. what .. " failed", { request_id = ctx.id, route = ctx.route.title,
    error = ok and "the claim was taken over" or tostring(err) })
end

-- Give the key back: the next request with it is carried out again.
function M.release(ctx) settle(ctx, "release") end

-- Keep the answer of the request that has the claim, unless it is about the moment (5xx, 429) and may
-- be another one when the request is sent again.  headers: its own lines.
function M.store(ctx, status, headers, body)
  if status >= 500 or status == 429 then return M.release(ctx) end
  settle(ctx, "store", status, headers, #body <= BODY_MAX and host.base64(body) or nil)
end

-- Removes what is older than answers are kept; returns how many rows.
function M.sweep()
  local total = 0
  for _ = 1, SWEEP_ROUNDS do
    local n = db.exec(M.sql.sweep, rules.KEEP_H, SWEEP_ROWS)
    total = total + n
    if n < SWEEP_ROWS then break end
  end
  return total
end

return M
