-- scripts/gateway/channel/hook.lua -- a webhook of a channel: who sent it, and what is in it.
-- It is verified on the raw bytes: by the vendor's own scheme if the request or the account has one, otherwise by the
-- generic X-Signature. Without any secret only programs on this machine are believed, and nobody if the gateway
-- listens to the world. An accepted message is in the database before the request is answered.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local task = require "human.task"
local time = require "human.time"
local bind = require "gateway.bind"
local channel = require "gateway.channel"
local net = require "gateway.channel.net"
local requests = require "gateway.channel.requests"
local shape = require "gateway.channel.shape"
local store = require "gateway.channel.store"

local M = {}

M.BODY_MAX = 1048576                             -- limit: webhook body
local TOLERANCE_S = 300                          -- limit: webhook age
local SECRET = "gateway.webhook_hmac_secret"
M.GENERIC = { "x-signature", "x-signature-256", "x-webhook-signature", "x-hub-signature-256" }

M.WHY = {
  no_signature = "the request is not signed",
  bad_signature = "the signature is not that of the secret and this body",
  too_old = "its time is more than five minutes from ours",
  not_configured = "no secret to verify it with is set",
}

-- ---- X-Signature -----------------------------------------------------------------------------------------

-- 64 hex digits, after "sha256=" or "v1=" or nothing.
local function digest_of(value)
  local lower = value:lower()
  local hex = lower:match "^sha256=(.*)$" or lower:match "^v1=(.*)$" or lower
  return #hex == 64 and not hex:find "%X" and hex or nil
end

local function generic_header(request)
  for _, name in ipairs(M.GENERIC) do
    if request.headers[name] then return request.headers[name] end
  end
end

--- Verifies X-Signature: HMAC-SHA-256 of the body, or, with X-Timestamp, of "timestamp.body".  True, or nil and a
--- reason.
function M.generic(request)
  local given = generic_header(request)
  if not given then return nil, "no_signature" end
  local stamp, data = request.headers["x-timestamp"], request.body
  if stamp then
    local at = #stamp <= 20 and stamp:find "^%d+$" and tonumber(stamp)
    if not at or math.abs(at - request.now_s) > TOLERANCE_S then return nil, "too_old" end
    data = stamp .. "." .. data
  end
  local wanted, digest = crypto.secret_hmac_hex(SECRET, data), digest_of(given)
  if not wanted then return nil, "not_configured" end
  if not digest or not crypto.equal(wanted, digest) then return nil, "bad_signature" end
  return true
end

-- ---- verification ------------------------------------------------------------------------------------------

local function has_generic_secret() return crypto.secret_hmac_hex(SECRET, "") ~= nil end

local function is_public() return not bind.is_loopback(config.host) end

-- The vendor's own scheme.
local function by_vendor(c, request, account)
  local ok, verified, why = pcall(c.verify, request, account)
  if ok then return verified == true or nil, why or "bad_signature" end
  log.error("a channel could not verify a webhook", { channel = c.name, error = tostring(verified) })
  return nil, "bad_signature"
end

-- What is left where neither side has a signature.
local function unsigned(request, why)
  if why ~= "not_configured" or has_generic_secret() then return nil, why end
  if is_public() or not request.is_local then return nil, "not_configured" end
  return true
end

-- Notes how a step of the verification has ended, and returns that.
local function step(request, account, what, ok, why)
  requests.step(request, account, what, ok == true, ok and "" or M.WHY[why] or tostring(why))
  return ok, why
end

local function verified(c, request, account)
  local own = c.signature and request.headers[c.signature] ~= nil
  if request.method ~= "GET" and not own and generic_header(request) then
    return step(request, account, "x-signature", M.generic(request))
  end
  local ok, why = step(request, account, request.method == "GET" and "challenge" or "vendor",
    by_vendor(c, request, account))
  if ok or own or request.method == "GET" then return ok, why end
  return step(request, account, "unsigned", unsigned(request, why))
end

--- The account that a request is for: of those that are on, the first that it is signed for.  Nil and why not.
function M.account(c, request)
  local reason, any
  for _, account in ipairs(channel.accounts(c)) do
    local missing = channel.missing(c, account)
    requests.step(request, account, "configured", account.enabled and not missing,
      not account.enabled and "it is switched off" or missing and missing .. " is not set" or "")
    if account.enabled and not missing then
      any = account
      local ok, why = verified(c, request, account)
      if ok then
        account.me = net.me_to_read(c, account)
        return account
      end
      reason = (not reason or reason == "not_configured") and why or reason
    end
  end
  reason = reason or "not_configured"
  if any then store.note(any, "in", reason .. ": " .. (M.WHY[reason] or reason)) end
  return nil, reason, any == nil
end

-- ---- reading -----------------------------------------------------------------------------------------------

local function decoded(c, request, account)
  if c.read then return c.read(request, account) end
  local body, why = json.decode(request.body)
  return not why and body or nil
end

local function answered(answer)
  local body = answer.body or ""
  if type(body) == "table" then body = json.encode(body) end
  return { status = answer.status or 200, type = answer.type or "application/json", body = body }
end

local RECEIVED = { status = 200, type = "application/json", body = '{"received":true}' }

-- {answer, messages} of a request that is verified; nil: it is not what it should be.
local function understood(c, request, account)
  local body = request.method ~= "GET" and decoded(c, request, account) or nil
  if request.method ~= "GET" and type(body) ~= "table" then return nil end
  local answer = c.answer and c.answer(request, body, account)
  if request.method == "GET" then return answer and { answer = answer, messages = {} } or nil end
  return { answer = answer or RECEIVED, messages = shape.messages(c.parse(body, account)) }
end

--- Takes a webhook. request: {method, path, query, headers, body, now_s, is_local}, and for requests.keep: steps,
--- account, messages.  Returns {status, type, body}; or nil and "refused" (and why), "invalid", "full".
function M.receive(c, request)
  local account, why, unset = M.account(c, request)
  if not account then return nil, "refused", why, unset end
  request.account = account.name
  local ok, got = pcall(understood, c, request, account)
  if not ok then log.error("a channel could not read a webhook", { channel = c.name, error = tostring(got) }) end
  if not ok or not got then
    store.note(account, "in", "the body was not understood")
    requests.step(request, account, "understood", false, "the body was not understood")
    return nil, "invalid"
  end
  request.messages = #got.messages
  requests.step(request, account, "understood", true, "")
  if got.messages[1] then
    if store.is_full(c.name) then return nil, "full" end
    db.tx(function(tx) store.take(tx, account, got.messages) end)
  end
  store.note(account, "in")
  return answered(got.answer)
end

--- A request as the pipeline reads it.
function M.request(ctx, c, body)
  local headers = {}
  for _, list in ipairs { M.GENERIC, { "x-timestamp", "content-type" }, c.headers or {} } do
    for _, name in ipairs(list) do headers[name] = ctx:header(name) end
  end
  return { method = body and "POST" or "GET", query = ctx.query or {}, headers = headers, body = body or "",
           now_s = math.floor(time.now_ms() / 1000), is_local = ctx:is_local() == true,
           address = ctx.ip, steps = {}, began = task.clock() }
end

return M
