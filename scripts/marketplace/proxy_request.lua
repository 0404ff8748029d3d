-- scripts/marketplace/proxy_request.lua -- the request that a tool is sent: its address, the input, and what shows who
-- asks.  The secret is in no table of ours but sealed, and in nothing that a caller sees.

local crypto = require "human.crypto"
local json = require "human.json"
local parameters = require "marketplace.proxy_parameters"
local rules = require "marketplace.rules.subscriptions"
local tool_meta = require "marketplace.tool_meta"

local M = {}

local SHOWN = {
  header = function(secret) return secret end,
  bearer = function(secret) return "Bearer " .. secret end,
  basic = function(secret) return "Basic " .. crypto.base64(secret) end,
}

-- nil: the credential cannot be shown, so that nothing is sent.
local function sign(request, meta, secret)
  local kind = meta.auth_type or "none"
  if kind == "none" then return true end
  if not secret or secret:find "%c" then return nil end
  local name = meta.auth_header
  if kind == "query" then
    request.url = parameters.with_query(request.url, name or "api_key", secret)
    return true
  end
  name = kind == "header" and (name or "X-API-Key") or "Authorization"
  if not parameters.is_free(name) then return nil end
  for other in pairs(request.headers) do
    if other:lower() == name:lower() then request.headers[other] = nil end
  end
  request.headers[name] = SHOWN[kind](secret)
  return true
end

--- The request of one call; nil and why, where the tool is not set up for it.  call: {listing_id, tool_meta (JSON),
--- tool_secret (sealed), input (JSON of an object), timeout_ms}.
function M.make(call)
  local meta, secret = json.decode(call.tool_meta), nil
  if call.tool_secret then
    secret = tool_meta.open(call.listing_id, call.tool_secret)
    if not secret then return nil, "the tool's credential cannot be opened on this host" end
  end
  local request = { url = meta.upstream_url, method = meta.method or "POST", guard = true,
                    timeout_s = call.timeout_ms / 1000, max_bytes = rules.output_bytes,
                    headers = { Accept = "application/json" } }
  parameters.fill(request, meta, call.input)
  if not sign(request, meta, secret) then return nil, "the tool's credential cannot be shown as it asks for" end
  return request
end

return M
