-- scripts/gateway/pairing.lua -- pairs devices: a code from the server's terminal for a token of the device's own.
-- There is one code, of 8 digits; it is good once, and for ten minutes.  Guesses are counted by address before the code
-- is looked at, in the transaction that looks: five wrong ones close pairing to that address for ten minutes, a hundred
-- to a whole /48 of IPv6, and to no other, so that nobody can lock the owner out.
-- The code itself is in no table and no log: it goes to the terminals of all hosts sealed.

local bus = require "human.bus"
local config = require "human.config"
local console = require "human.console"
local crypto = require "human.crypto"
local db = require "human.db"
local jobs = require "human.jobs"
local s = require "human.schema"
local system = require "human.system"
local bind = require "gateway.bind"
local devices = require "gateway.devices"

local M = {}

local DIGITS = 8
local NEW_S, GOOD_S = 600, 660                   -- a new code comes before the old one ends
local START_S = 60
local LOCKED_S = 600
-- Of whom guesses are counted: an address, which of IPv6 is a /64; and of IPv6 a site, for whoever has a /48 has 65,536
-- addresses that each had guesses of their own.
local WHOLE, SITE = { bits = 64, failures = 5 }, { bits = 48, failures = 100 } -- limit: pairing failures
local CONTEXT = "gateway pairing code"

M.sql = {
  put = [[insert into gateway_pair_code as c (code_hash, expires_at)
    values ($1, human_now() + $2::int * interval '1 second')
    on conflict (is_only) do update set code_hash = excluded.code_hash, expires_at = excluded.expires_at
      where $3::boolean or c.expires_at < human_now() + interval '90 seconds'
    returning expires_at]],
  use = "delete from gateway_pair_code where code_hash = $1 and expires_at > human_now()",
  -- One row for each address; its lock lets guesses of one address pass one by one.
  attempt = [[insert into gateway_pair_failures as f (network, failures)
    values (case when family($1::inet) = 6 then network(set_masklen($1::inet, $3::int)) else $1::inet end, 1)
    on conflict (network) do update set updated_at = human_now(),
      failures = case when f.locked_until <= human_now() or f.updated_at < human_now() - $2::int * interval '1 second'
        then 1 else f.failures + 1 end,
      locked_until = case when f.locked_until > human_now() then f.locked_until end
    returning network, failures, ceil(extract(epoch from locked_until - human_now()))::int as locked_s]],
  lock = "update gateway_pair_failures set locked_until = human_now() + $2::int * interval '1 second' "
    .. "where network = $1::inet",
  forgive = "delete from gateway_pair_failures where network = $1::inet",
  sweep = "delete from gateway_pair_failures where updated_at < human_now() - interval '1 hour'",
}

-- Is there anybody who cannot come in otherwise?
local function is_wanted()
  return config.gateway.require_pairing or devices.has_auth_token() or not bind.is_loopback(config.host)
end

-- Without modulo bias: 2^53 is so much more than 10^8 that no code is likelier than another to any measure.
local function new_code() return ("%08d"):format(math.floor(crypto.random() * 10 ^ DIGITS)) end

-- Puts a new code in the place of the present one, which may be good or is about to end, and shows it on the terminals.
local function renew(tx, if_needed)
  local code = new_code()
  local expires_at = tx:value(M.sql.put, crypto.sha256_hex(code), GOOD_S, not if_needed)
  if not expires_at then return end
  bus.notify(tx, "gateway.pair_code", { sealed = crypto.seal(code, CONTEXT) })
  return code, expires_at
end

--- A new code for who asks for one: {code, expires_at}.
function M.code()
  return db.tx(function(tx)
    local code, expires_at = renew(tx)
    return { code = code, expires_at = expires_at }
  end)
end

-- Where a browser of this machine finds the page.
local function page()
  local scheme = config.tls.certificate ~= "" and "https" or "http"
  return ("%s://localhost:%d"):format(scheme, config.port)
end

bus.on("gateway.pair_code", s.object { sealed = s.string }, function(message)
  if not console.wanted() or system.health().worker ~= 0 then return end
  local code = crypto.open(message.sealed, CONTEXT)
  if not code then return end
  console.show { ("To pair a device with the gateway: code %s, good once, for 10 minutes."):format(code),
                 ("In a browser of this machine: %s/#token=%s"):format(page(), code) }
end)

--- Job: a new code before the present one ends; not while the host starts, when `begin` shows one.
function M.run()
  local is_due = config.gateway.enabled and is_wanted() and system.health().uptime_s > START_S
  if is_due then db.tx(function(tx) renew(tx, true) end) end
  db.exec(M.sql.sweep)
end

--- Job, at each start of a host: its terminal has not seen the present code.
function M.begin()
  if config.gateway.enabled and is_wanted() then M.code() end
end

jobs.every("gateway.pairing", NEW_S, "gateway.pairing.run")
jobs.start "gateway.pairing.begin"

-- What PostgreSQL takes for an address.
local function address(ip)
  local v4 = ip:match "^::[fF][fF][fF][fF]:(%d+%.%d+%.%d+%.%d+)$"
  return v4 or ip:find "^[%x:.]+$" and ip or "0.0.0.0"
end

-- Counts a guess: those of whom it is counted, with `failures`; or nil and how long they are locked out.
local function attempt(tx, ip)
  local tried = {}
  for i, whose in ipairs(ip:find(":", 1, true) and { WHOLE, SITE } or { WHOLE }) do
    tried[i] = tx:row(M.sql.attempt, ip, LOCKED_S, whose.bits)
    if tried[i].locked_s then return nil, tried[i].locked_s end
    tried[i].most = whose.failures
  end
  return tried
end

local function wrong(tx, tried)
  for _, one in ipairs(tried) do
    if one.failures >= one.most then tx:exec(M.sql.lock, one.network, LOCKED_S) end
  end
  return { refused = "invalid_code" }
end

--- Pairs a device of the client at `ip`: its row with `token`; or {refused = code of the catalogue, retry_after_s}.
function M.pair(ip, code, label, role)
  return db.tx(function(tx)
    local tried, locked_s = attempt(tx, address(ip))
    if not tried then return { refused = "locked_out", retry_after_s = locked_s } end
    if tx:exec(M.sql.use, crypto.sha256_hex(code)) == 0 then return wrong(tx, tried) end
    for _, one in ipairs(tried) do tx:exec(M.sql.forgive, one.network) end
    local device, refused = devices.add(tx, label, role)
    renew(tx)
    return device or { refused = refused }
  end)
end

return M
