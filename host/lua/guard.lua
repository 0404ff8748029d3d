-- host/lua/guard.lua -- limits how often one address may present a wrong key.
-- After limits.auth_failures within a minute an address gets 429 before its key is checked, so guessing
-- costs neither the database nor anybody's time.  A key that was right within the last minutes still passes: other
-- clients behind the same address are not locked out.  The counters are in memory shared by all workers
-- of the host; keys are never kept: a keyed hash identifies a bucket.

local bus = require "human.bus"
local fail = require "human.fail"
local grants = require "human.http.grants"
local host = require "human.core.host"
local metrics = require "human.metrics"
local rate = require "human.http.rate"
local sched = require "human.core.sched"

local M = {}
local GOOD_S = 900                               -- how long a right key is remembered
local PENDING_MAX, PENDING_S = 8, 0.01           -- unknown keys of one address that a worker checks at a time
local pending = {}                               -- address -> {n = how many keys, times = {[key] = how often}}
local failures                                   -- limits.auth_failures, once read

metrics.describe("human_auth_failures_total", "Requests with a key or token that was refused")
metrics.describe("human_auth_limited_total", "Requests that were refused before their key was looked at")

-- A known key is a bucket without a token left.
local function is_known(token) return not host.rate_take("good " .. token, 1 / GOOD_S, 1, 0) end
local function note_good(token) host.rate_take("good " .. token, 1 / GOOD_S, 1, -1) end

local function refuse_when_spent(from, per_s)
  if host.rate_take(from, per_s, failures, 0) then return end
  metrics.add("human_auth_limited_total", 1)
  fail.throw("rate_limited", { retry_after_s = math.ceil(1 / per_s),
                               message = "Too many wrong keys came from this address" })
end

-- Waits while PENDING_MAX unknown keys from this address are being checked: parallel guesses must not all get
-- through before the first turns out wrong.  The same key twice is one guess.  True: check this one now;
-- false: it is known to be right, from before or from a check meanwhile.
local function queue(token, from, per_s)
  while not is_known(token) do
    refuse_when_spent(from, per_s)
    local under_way = pending[from] or { n = 0, times = {} }
    local times = under_way.times[token]
    if times or under_way.n < PENDING_MAX then
      pending[from] = under_way
      if not times then under_way.n = under_way.n + 1 end
      under_way.times[token] = (times or 0) + 1
      return true
    end
    sched.sleep(PENDING_S)
  end
  return false
end

local function leave(token, from)
  local under_way = pending[from]
  local times = under_way.times[token] - 1
  under_way.times[token] = times > 0 and times or nil
  if times == 0 then under_way.n = under_way.n - 1 end
  if under_way.n == 0 then pending[from] = nil end
end

local function settle(token, from, per_s, is_counted, ok, actor, ...)
  if is_counted then leave(token, from) end
  if not ok then error(actor, 0) end
  if actor then
    note_good(token)
  else
    host.rate_take(from, per_s, failures)
    metrics.add("human_auth_failures_total", 1)
  end
  return actor, ...
end

--- Calls fn(...) -> actor, or nil and a reason, for a token from address ip.  Throws rate_limited
--- when too many tokens from that address were wrong.  Awaits.
function M.check(ip, token, fn, ...)
  failures = failures or host.conf().limits.auth_failures
  local from, per_s = "auth " .. rate.network(ip), failures / 60
  return settle(token, from, per_s, queue(token, from, per_s), pcall(fn, ...))
end

--- Ends the open streams, WebSockets and Socket.IO sockets of this worker whose actor has one of these
--- field values: guard.revoke { key_id = id }.
function M.revoke(fields) grants.revoke(fields) end

--- Asks the authenticators with these names (a list; nil: all) which actors of such connections may stay, now, and ends
--- the others.  Every worker does so by itself when settings or scripts are replaced, and every limits.recheck_ms.
--- Awaits.
function M.recheck(names) grants.recheck(names) end

--- While scripts load: for authenticators with these names (a list), M.recheck is also called on each worker every two
--- seconds, and when the database was away, since the message that something was revoked may have been lost.
function M.watch(names)
  local is_busy = false
  local function recheck()
    if is_busy then return end                   -- the database is slow: nothing piles up
    is_busy = true
    local ok, err = pcall(grants.recheck, names)
    is_busy = false
    if not ok then error(err, 0) end
  end
  bus.on("bus.gap", recheck)
  bus.on("bus.look", recheck)
end

return M
