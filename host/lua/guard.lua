-- host/lua/guard.lua -- how often one address may come with a wrong key.
-- Whoever has spent limits.auth_failures within a minute is answered 429 before its key is looked at, so
-- guessing costs neither the database nor anybody's time.  A key that was right within the last minutes passes
-- all the same: those who share an address with somebody who guesses go on.  Counted in memory that all workers
-- of the host share; keys are never kept, a bucket is found by a keyed hash.

local fail = require "human.fail"
local grants = require "human.grants"
local host = require "human.host"
local metrics = require "human.metrics"
local rate = require "human.rate"

local M = {}
local GOOD_S = 900                               -- for how long a key that was right is known to have been
local failures                                   -- limits.auth_failures, once read

metrics.describe("human_auth_failures_total", "Requests with a key or token that was refused")
metrics.describe("human_auth_limited_total", "Requests that were refused before their key was looked at")

-- "Good" is a bucket that has no token left.
local function is_known(token) return not host.rate_take("good " .. token, 1 / GOOD_S, 1, 0) end
local function note_good(token) host.rate_take("good " .. token, 1 / GOOD_S, 1) end

--- fn(...) -> actor, or nil and what is wrong, about a token that came from address ip.  Throws rate_limited
--- when too many from there were wrong.
function M.check(ip, token, fn, ...)
  failures = failures or host.conf().limits.auth_failures
  local from = "auth " .. rate.network(ip)
  local per_s = failures / 60
  if not host.rate_take(from, per_s, failures, 0) and not is_known(token) then
    metrics.add("human_auth_limited_total", 1)
    fail.throw("rate_limited", { retry_after_s = math.ceil(1 / per_s),
                                 message = "Too many wrong keys came from this address" })
  end
  local actor, code, data = fn(...)
  if actor then
    note_good(token)
  else
    host.rate_take(from, per_s, failures)
    metrics.add("human_auth_failures_total", 1)
  end
  return actor, code, data
end

--- Ends the streams, WebSockets and Socket.IO sockets of this worker that are open for actors of whom one of
--- these fields has this value: guard.revoke { key_id = id }.
function M.revoke(fields) grants.revoke(fields) end

return M
