-- host/lua/cors.lua -- which web pages may read our answers (setting cors.origins).
-- "*" is one fixed header line; a list is matched exactly against Origin.  API keys travel in a
-- header and never in cookies, so credentials are not allowed and "*" is safe.

local host = require "human.host"

local M = {}
local EXPOSE = "access-control-expose-headers: x-request-id, x-total-count, link, retry-after, "
  .. "idempotent-replayed\r\n"
local MAX_AGE_S = 600
local origins                                     -- true: any; else a set

local function load_origins()
  local text = host.conf().cors.origins
  if text == "*" then return true end
  local set = {}
  for origin in text:gmatch "[^%s,]+" do set[origin:lower()] = true end
  return set
end

local function allowed_origins()
  if origins == nil then origins = load_origins() end
  return origins
end

-- Are answers the same whatever the Origin?
function M.is_fixed() return allowed_origins() == true end

-- Header lines that every answer gets, whatever the request.
function M.fixed_headers()
  if allowed_origins() == true then return "access-control-allow-origin: *\r\n" .. EXPOSE end
  return "vary: Origin\r\n"
end

-- Further header lines for this request's answer; "" where the fixed ones say all.
function M.headers(req)
  if allowed_origins() == true then return "" end
  local origin = host.header(req, "origin")
  if not origin or not origins[origin:lower()] then return "" end
  return "access-control-allow-origin: " .. origin .. "\r\n" .. EXPOSE
end

-- May a page of this request's Origin open a WebSocket?  Clients that are no browsers send none.
function M.permits(req)
  if allowed_origins() == true then return true end
  local origin = host.header(req, "origin")
  return not origin or origins[origin:lower()] == true
end

-- Header lines that answer a preflight (Fetch standard, "CORS-preflight fetch").
function M.preflight(req, allow)
  local asked = host.header(req, "access-control-request-headers")
  local list = asked and asked:match "^[%w%-_, ]+$" or "content-type, x-api-key, authorization, idempotency-key"
  return "access-control-allow-methods: " .. allow .. "\r\naccess-control-allow-headers: " .. list
    .. "\r\naccess-control-max-age: " .. MAX_AGE_S .. "\r\n"
end

return M
