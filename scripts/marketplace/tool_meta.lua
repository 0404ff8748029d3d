-- scripts/marketplace/tool_meta.lua -- where a tool listing's calls go: checked, and without its secret.

local config = require "human.config"
local crypto = require "human.crypto"
local db = require "human.db"
local fail = require "human.fail"
local jobs = require "human.jobs"
local json = require "human.json"

local M = {}

local PORTS = { ["443"] = true, ["8443"] = true, [""] = true }

-- What an upstream's address must look like; where it leads is checked when it is called (human.fetch).
local function is_safe(address)
  local url = address:lower()
  local authority = url:match "^https://([^/?#]+)"
  if not authority or authority:find("@", 1, true) then return false end
  local host, port = authority:match "^([^:]*):(%d*)$"
  host, port = host or authority, port or ""
  if host:find "[%[:]" or host:find "^%d+%.%d+%.%d+%.%d+$" or not host:find "%." then return false end
  return PORTS[port] == true
end

M.is_safe = is_safe

-- Whether the operator has named this very address in egress.allow: a tool of the operator's own machine or network.
local function is_opened(url)
  local address = url:match "^https?://(%d+%.%d+%.%d+%.%d+)%f[:/%z]"
  local opened = "," .. config.egress.allow:gsub("%s", "") .. ","
  return address ~= nil and opened:find("," .. address .. ",", 1, true) ~= nil
end

--- Refuses a tool whose address may not be called.  text: its tool_meta, JSON.
function M.check(text)
  local meta = json.decode(text)
  if not meta.upstream_url then
    fail.throw("validation_error", { details = { { path = "tool_meta.upstream_url", message = "is required" } } })
  end
  if not (is_safe(meta.upstream_url) or is_opened(meta.upstream_url)) then
    fail.throw("unsafe_url", { details = { { path = "tool_meta.upstream_url",
      message = "must be an https address with a public host name, on port 443 or 8443" } } })
  end
  local function host(url) return url:match "^%a+://[^/?#]+":lower() end
  if meta.health_url and host(meta.health_url) ~= host(meta.upstream_url) then
    fail.throw("unsafe_url", { details = { { path = "tool_meta.health_url",
      message = "must be at the host of upstream_url" } } })
  end
end

--- The JSON without auth_secret, and that.
function M.split(text)
  local meta = json.decode(text)
  local secret = meta.auth_secret
  meta.auth_secret = nil
  return json.encode(meta), secret
end

-- What a document says of a tool, so that it is not mixed with what another one said.
local OF_DOCUMENT = { "upstream_url", "auth_type", "auth_header", "method", "operation" }

--- A tool_meta (JSON) with the members of another, or with all that a document says.  now: nil where there is none.
function M.merged(now, changes, is_import)
  local meta = now and json.decode(now) or {}
  if is_import then
    for _, name in ipairs(OF_DOCUMENT) do meta[name] = nil end
  end
  for name, value in pairs(json.decode(changes)) do meta[name] = value end
  return json.encode(meta)
end

-- The secret ----------------------------------------------------------------------------------------

local OLD, AT_ONCE, ROUNDS = "market_listings.tool_secret", 200, 1000

--- What the secret of a listing is sealed for.
function M.context(listing_id) return OLD .. " " .. listing_id end

M.sql = {
  sealed = [[select id, tool_secret from market_listings where tool_secret is not null and id > $1::uuid
    order by id limit $2::int]],
  seal_again = "update market_listings set tool_secret = $3 where id = $1::uuid and tool_secret = $2",
}

--- A secret that opens for this listing alone, and in the host alone (`credential` of human.fetch).
function M.seal(listing_id, secret) return crypto.seal(secret, M.context(listing_id)) end

--- Once, at start: secrets that were sealed for no listing in particular are sealed for theirs.
function M.seal_again()
  local after = "00000000-0000-0000-0000-000000000000"
  for _ = 1, ROUNDS do
    local rows = db.query(M.sql.sealed, after, AT_ONCE)
    for _, row in ipairs(rows) do
      local again = crypto.reseal(row.tool_secret, OLD, M.context(row.id))
      if again then db.exec(M.sql.seal_again, row.id, row.tool_secret, again) end
    end
    if #rows < AT_ONCE then return end
    after = rows[#rows].id
  end
end

jobs.start "marketplace.tool_meta.seal_again"

return M
