-- scripts/gateway/update.lua -- is there a newer version?  Off unless the operator says where to ask (update.url) and
-- whose word counts (update.public_key).
-- The server answers {"signed": TEXT, "signature": BASE64}: the signature (Ed25519) is of the text's bytes, and the
-- text is JSON: {"version", "url" (where people read about it), "expires_at" (optional), "artifacts" (optional: what
-- gateway.release installs, by platform)}.

local config = require "human.config"
local crypto = require "human.crypto"
local fetch = require "human.fetch"
local json = require "human.json"
local system = require "human.system"
local task = require "human.task"
local time = require "human.time"
local semver = require "gateway.semver"
local addresses = require "gateway.web_address"

local M = {}

local TIMEOUT_S, BYTES_MAX, URL_MAX = 8, 65536, 2000 -- clients wait 10 seconds
local KEPT_S = 600                               -- clients ask whenever they show the version

local kept                                       -- the last answer: {at, value}; of this worker

-- The bytes of update.public_key, in base64 or hex.
local function public_key()
  local text = config.update.public_key
  local key = #text == 64 and crypto.unhex(text) or crypto.unbase64(text)
  return key and #key == 32 and key or nil
end

--- Whether it is set up; what is missing is named when it is only half.
function M.is_on() return config.update.url ~= "" end

local function get()
  local answer, err = fetch { url = config.update.url, guard = true, timeout_s = TIMEOUT_S, max_bytes = BYTES_MAX,
                              headers = { accept = "application/json" } }
  if not answer then return nil, "the server of updates was not reached: " .. err.message end
  if answer.status ~= 200 then return nil, ("the server of updates answered %d"):format(answer.status) end
  return answer.body
end

local function opened(body, key)
  local envelope = json.decode(body)
  if type(envelope) ~= "table" or type(envelope.signed) ~= "string" or type(envelope.signature) ~= "string" then
    return nil, "the server of updates did not answer with signed and signature"
  end
  local signature = crypto.unbase64(envelope.signature)
  if not signature or not crypto.ed25519_verify(key, envelope.signed, signature) then
    return nil, "what the server of updates says is not signed by update.public_key"
  end
  return json.decode(envelope.signed) or {}
end

local function read(body)
  local key = public_key()
  if not key then return nil, "update.public_key must be an Ed25519 key of 32 bytes, in base64 or hex" end
  local said, why = opened(body, key)
  if why then return nil, why end
  local latest = type(said) == "table" and semver.parse(said.version)
  if not latest then return nil, "what was signed names no version, such as 1.2.3" end
  local over_ms = said.expires_at and (time.parse(tostring(said.expires_at)) or 0)
  if over_ms and over_ms < time.now_ms() then return nil, "what was signed is no longer valid (expires_at)" end
  return said, latest
end

--- A version without the "v" that may stand before it.
function M.plain(version) return (tostring(version):gsub("^v", "")) end

--- What was signed: {version, url, artifacts, ..} and its version as of semver.parse; or nil and why it is not known.
function M.read()
  local body, why = get()
  if not body then return nil, why end
  return read(body)
end

local function ask()
  local said, latest = M.read()
  if not said then return nil, latest end
  local current = system.health().version
  local mine = semver.parse(current)
  local address = addresses.read(said.url, URL_MAX)
  local url = address and address.scheme == "https" and address.url or ""
  local name = M.plain(said.version)
  return { current = current, current_version = current, latest = name, latest_version = name,
           available = mine ~= nil and semver.compare(mine, latest) < 0, url = url }
end

--- What there is: {current, latest, available, current_version, latest_version, url}; or nil and why it is not known.
function M.check()
  if kept and task.clock() - kept.at < KEPT_S then return kept.value end
  local value, why = ask()
  if not value then return nil, why end
  kept = { at = task.clock(), value = value }
  return value
end

return M
