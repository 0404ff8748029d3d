-- scripts/gateway/devices.lua -- who a client of the control protocol is, by its token or by where it asks from.
-- Four kinds of clients may be the operator: one that knows gateway.auth_token; one with the token of a paired
-- device; a command of this host, which gets the host's pass from the control socket; and, while the gateway neither
-- has a token nor asks for pairing, a client on this machine (ctx:is_local: no proxy of strangers, a Host and an
-- Origin of ours).
-- Everybody else is "public": may open a socket to sign in, and is nobody until then.
-- Only the SHA-256 of a device's token is stored. When a device is revoked its sockets end at once, on all hosts, and
-- within two seconds or so where the message about it is lost.

local bus = require "human.bus"
local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local guard = require "human.guard"
local id = require "human.id"
local json = require "human.json"
local log = require "human.log"
local s = require "human.schema"

local M = {}

M.PREFIX = "zc_"
M.COOKIE = "human_session"                       -- of a browser that has signed in; its value is a device's token
M.ROLES = { "operator", "viewer", "node" }
local DIGITS = 64                                -- hexadecimal ones, of a token
local MAX = 1000                                 -- limit: paired devices
local LOCK = 401111                              -- any number, as long as it stays the same
local COLUMNS = "id, label, role, created_at, last_used_at"

M.sql = {
  check = "select id, role from gateway_devices where token_hash = $1",
  used = "update gateway_devices set last_used_at = human_now() where id = $1 "
    .. "and (last_used_at is null or last_used_at < human_now() - interval '1 minute')",
  still = "select id, role from gateway_devices where id in (select jsonb_array_elements_text($1::jsonb))",
  list = "select " .. COLUMNS .. " from gateway_devices order by id limit $1",
  count = "select count(*) from gateway_devices",
  insert = "insert into gateway_devices (id, token_hash, label, role) values ($1, $2, $3, $4) returning " .. COLUMNS,
  lock = "select pg_advisory_xact_lock($1::bigint)",
  delete = "delete from gateway_devices where id = $1",
  find = "select id from gateway_devices where token_hash = $1",
}

-- What changes with the token of the settings, and does not tell what it is.
local function proof() return crypto.secret_hmac_hex("gateway.auth_token", "gateway socket") end

--- Whether a token is set for all clients.
function M.has_auth_token() return proof() ~= nil end

-- May a client of this machine do without a token?
local function is_open() return not config.gateway.require_pairing and not M.has_auth_token() end

local function device(token)
  if #token ~= #M.PREFIX + DIGITS or not token:find("^" .. M.PREFIX .. "%x+$") then return nil end
  local row = db.row(M.sql.check, crypto.sha256_hex(token))
  if not row then return nil end
  db.soon(function(err) log.debug("use of a device not noted", { error = tostring(err) }) end, M.sql.used, row.id)
  return { id = "device " .. row.id, kind = "device", device_id = row.id, role = row.role }
end

--- The actor of a browser's cookie, or nil and a code.
function M.check_cookie(token)
  local actor = device(token)
  if not actor then return nil, "invalid_token" end
  actor.by = "cookie"
  return actor
end

--- The actor who has this token, or nil and a code.
function M.check(token)
  if crypto.secret_equal("gateway.auth_token", token) then
    return { id = "operator", kind = "token", role = "operator", proof = proof() }
  end
  if crypto.secret_equal("host-pass", token) then return { id = "operator", kind = "command", role = "operator" } end
  local actor = device(token)
  if actor then return actor end
  return nil, "invalid_token"
end

--- The actor of a request without a token.
function M.without_token(ctx)
  if is_open() and ctx:is_local() then return { id = "operator", kind = "local", role = "operator" } end
  return { id = "public", kind = "public" }
end

-- Those who have it still, of actors of devices.
local function devices_still(actors, known)
  local ids, roles = {}, {}
  for _, actor in ipairs(actors) do ids[#ids + 1] = actor.device_id end
  if #ids == 0 then return end
  for _, row in ipairs(db.query(M.sql.still, json.encode(json.array(ids)))) do roles[row.id] = row.role end
  for i, actor in ipairs(actors) do
    if actor.device_id then known[i] = roles[actor.device_id] == actor.role or nil end
  end
end

--- Which of these actors may stay: {[i] = true} (api.auth).
function M.still(actors)
  local known, open, now = {}, is_open(), proof()
  for i, actor in ipairs(actors) do
    if actor.kind == "token" then known[i] = now ~= nil and actor.proof == now or nil end
    if actor.kind == "local" then known[i] = open or nil end
    if actor.kind == "public" or actor.kind == "command" then known[i] = true end
  end
  devices_still(actors, known)
  return known
end

--- Paired devices, oldest first.
function M.list() return db.query(M.sql.list, MAX) end

--- Adds a device in `tx`.  Returns the row with its token, which is shown this once; or nil and a code.
function M.add(tx, label, role)
  tx:query(M.sql.lock, LOCK)                     -- who counts counts those whom others add
  if tx:value(M.sql.count) >= MAX then return nil, "too_many_devices" end
  local token = M.PREFIX .. crypto.random_hex(DIGITS / 2)
  local row = tx:row(M.sql.insert, id.new(), crypto.sha256_hex(token), label, role)
  row.token = token
  return row
end

--- Revokes a device: its token is worth nothing, and its sockets end on all hosts.  False: there is none.
function M.revoke(device_id)
  return db.tx(function(tx)
    if tx:exec(M.sql.delete, device_id) == 0 then return false end
    bus.notify(tx, "gateway.device_gone", { id = device_id })
    return true
  end)
end

--- Adds one on its own, as M.add does.
function M.enroll(label, role)
  return db.tx(function(tx) return M.add(tx, label, role) end)
end

--- Revokes the device that has this token, if one has.
function M.leave(token)
  local row = token and db.row(M.sql.find, crypto.sha256_hex(token))
  if row then M.revoke(row.id) end
end

local BROWSERS = { { "Firefox/(%d+)", "Firefox" }, { "Edg/(%d+)", "Edge" }, { "OPR/(%d+)", "Opera" },
                   { "Chrome/(%d+)", "Chrome" }, { "Version/(%d+)[%d.]* Safari", "Safari" } }
local SYSTEMS = { "Windows", "Android", "iPhone", "iPad", "Macintosh", "Linux" }

--- A label for a browser, by what it says of itself: "Chrome 140 on Linux".
function M.browser(agent)
  agent = (agent or ""):sub(1, 500)
  local name, system = "Browser", ""
  for _, known in ipairs(BROWSERS) do
    local version = agent:match(known[1])
    if version then
      name = known[2] .. " " .. version
      break
    end
  end
  for _, known in ipairs(SYSTEMS) do
    if agent:find(known, 1, true) then
      system = " on " .. known
      break
    end
  end
  return (name .. system):sub(1, 100)
end

bus.on("gateway.device_gone", s.object { id = s.string }, function(gone) guard.revoke { device_id = gone.id } end)

-- The message may be lost, or come while a device signs in.
guard.watch { "gateway_client", "gateway_cookie" }

return M
