-- scripts/marketplace/tool_meta.lua -- where a tool listing's calls go: checked, and without its secret.

local fail = require "human.fail"
local json = require "human.json"

local M = {}

local PORTS = { ["443"] = true, ["8443"] = true, [""] = true }

-- What an upstream's address must look like; where it leads is checked when it is called (human.fetch).
local function is_safe(url)
  local authority = url:match "^https://([^/?#]+)"
  if not authority or authority:find("@", 1, true) then return false end
  local host, port = authority:match "^([^:]*):(%d*)$"
  host, port = host or authority, port or ""
  if host:find "[%[:]" or host:find "^%d+%.%d+%.%d+%.%d+$" or not host:find "%." then return false end
  return PORTS[port] == true
end

--- Refuses a tool whose address may not be called.  text: its tool_meta, JSON.
function M.check(text)
  local meta = json.decode(text)
  if not is_safe(meta.upstream_url:lower()) then
    fail.throw("unsafe_url", { details = { { path = "tool_meta.upstream_url",
      message = "must be an https address with a public host name, on port 443 or 8443" } } })
  end
end

--- The JSON without auth_secret, and that.
function M.split(text)
  local meta = json.decode(text)
  local secret = meta.auth_secret
  meta.auth_secret = nil
  return json.encode(meta), secret
end

return M
