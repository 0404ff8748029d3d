-- scripts/marketplace/proxy_request.lua -- the request that a tool is sent: its address, the input, and what shows who
-- asks.  The secret is in no table of ours but sealed, and in nothing that a caller sees.

local crypto = require "human.crypto"
local fail = require "human.fail"
local json = require "human.json"
local rules = require "marketplace.rules.subscriptions"

local M = {}

local SEALED = "market_listings.tool_secret"     -- what listings.lua seals it for

-- Headers that are the connection's, or ours.
local TAKEN = { host = true, connection = true, ["content-length"] = true, ["content-type"] = true,
                ["transfer-encoding"] = true, te = true, trailer = true, upgrade = true, expect = true,
                ["proxy-authorization"] = true, ["keep-alive"] = true, accept = true, ["accept-encoding"] = true }

local function escape(text)
  return (tostring(text):gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

local function with_query(url, name, value)
  local base, fragment = url:match "^([^#]*)(.*)$"
  return base .. (base:find("?", 1, true) and "&" or "?") .. escape(name) .. "=" .. escape(value) .. fragment
end

local function number_text(value) return type(value) == "number" and json.number(value) or tostring(value) end

-- The members of an input as parameters: what is no text, number or boolean as JSON.
local function as_query(url, input)
  local names = {}
  for name in pairs(input) do names[#names + 1] = name end
  table.sort(names)
  for _, name in ipairs(names) do
    local value = input[name]
    url = with_query(url, name, type(value) == "table" and json.encode(value) or number_text(value))
    if #url > rules.address_bytes then
      fail.throw("validation_error", { details = { { path = "input",
        message = "is too long for a tool that is asked by GET" } } })
    end
  end
  return url
end

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
    request.url = with_query(request.url, name or "api_key", secret)
    return true
  end
  name = kind == "header" and (name or "X-API-Key") or "Authorization"
  if TAKEN[name:lower()] then return nil end
  request.headers[name] = SHOWN[kind](secret)
  return true
end

--- The request of one call; nil and why, where the tool is not set up for it.  call: {tool_meta (JSON), tool_secret
--- (sealed), input (JSON of an object), timeout_ms}.
function M.make(call)
  local meta, secret = json.decode(call.tool_meta), nil
  if call.tool_secret then
    secret = crypto.open(call.tool_secret, SEALED)
    if not secret then return nil, "the tool's credential cannot be opened on this host" end
  end
  local request = { url = meta.upstream_url, method = meta.method or "POST", guard = true,
                    timeout_s = call.timeout_ms / 1000, max_bytes = rules.output_bytes,
                    headers = { Accept = "application/json" } }
  if request.method == "GET" then
    request.url = as_query(request.url, json.decode(call.input))
  else
    request.body, request.headers["Content-Type"] = call.input, "application/json"
  end
  if not sign(request, meta, secret) then return nil, "the tool's credential cannot be shown as it asks for" end
  return request
end

return M
