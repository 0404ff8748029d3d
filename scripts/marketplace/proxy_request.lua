-- scripts/marketplace/proxy_request.lua -- the request that a tool is sent: its address, the input, and what shows who
-- asks.  The credential stays sealed here: the host opens it where the request is made.

local json = require "human.json"
local parameters = require "marketplace.proxy_parameters"
local rules = require "marketplace.rules.subscriptions"
local tool_meta = require "marketplace.tool_meta"

local M = {}

-- Where the credential is shown; nil: it cannot be shown there, so that nothing is sent.
local function place_of(meta)
  local kind = meta.auth_type
  if kind == "query" then return { as = kind, name = meta.auth_header or "api_key" } end
  if kind ~= "header" then return { as = kind } end
  local name = meta.auth_header or "X-API-Key"
  return parameters.is_free(name) and { as = kind, name = name } or nil
end

-- No header that the caller has chosen stands beside it.
local function make_room(headers, name)
  for other in pairs(headers) do
    if other:lower() == name:lower() then headers[other] = nil end
  end
end

local function sign(request, call, meta)
  local credential = call.tool_secret and place_of(meta)
  if not credential then return false end
  credential.sealed, credential.context = call.tool_secret, tool_meta.context(call.listing_id)
  if credential.as ~= "query" then make_room(request.headers, credential.name or "Authorization") end
  request.credential = credential
  return true
end

--- The request of one call; nil and why, where the tool is not set up for it.  call: {listing_id, tool_meta (JSON),
--- tool_secret (sealed), input (JSON of an object), timeout_ms}.
function M.make(call)
  local meta = json.decode(call.tool_meta)
  local request = { url = meta.upstream_url, method = meta.method or "POST", guard = true,
                    timeout_s = call.timeout_ms / 1000, max_bytes = rules.output_bytes,
                    headers = { Accept = "application/json" } }
  parameters.fill(request, meta, call.input)
  if (meta.auth_type or "none") ~= "none" and not sign(request, call, meta) then
    return nil, "the tool's credential cannot be shown as it asks for"
  end
  return request
end

return M
