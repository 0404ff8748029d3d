-- host/lua/http/cors.lua -- which web pages may read answers, send requests that need a preflight, and open WebSockets.
-- A policy belongs to a route (option `cors` of its group).  Pages of our own origin are always allowed, others
-- if listed.  "*" is for routes that need a key: the page must know it, since browsers do not add it.
-- On a route without authentication, or one that admits clients by their address, "*" would give every page
-- the rights of its visitor's machine; so there it counts only if the group itself says so, or not at all.

local caller = require "human.http.caller"
local host = require "human.core.host"

local M = {}
local EXPOSE = "access-control-expose-headers: x-request-id, x-total-count, link, retry-after, "
  .. "idempotent-replayed\r\n"
local MAX_AGE_S = 600
local CREDENTIALS = "access-control-allow-credentials: true\r\n"
local VARY = "vary: Origin\r\n"

--- Only our own pages.  fixed: lines of every answer; varies: there are more, which depend on Origin.
M.none = { fixed = "", varies = false, any = false, origins = {} }
local any = { fixed = "access-control-allow-origin: *\r\n" .. EXPOSE, varies = false, any = true, origins = {} }

local policies = setmetatable({}, { __mode = "v" }) -- text -> policy: equal ones are the same

--- The policy of a list: "*", or origins separated by commas or white space.  with_cookies: their pages may send
--- cookies.
function M.policy(text, with_cookies)
  if text == "*" then return any end
  local key = with_cookies and "cookies " .. text or text
  local policy, origins = policies[key], {}
  if policy then return policy end
  for origin in text:gmatch "[^%s,]+" do origins[origin:lower()] = true end
  if not next(origins) then return M.none end
  policy = { fixed = VARY, varies = true, any = false, origins = origins, extra = with_cookies and CREDENTIALS or "" }
  policies[key] = policy
  return policy
end

--- Checks the option of a group or Socket.IO server: nil, false, or a text.
function M.check(option, where)
  if option == nil or option == false or type(option) == "string" then return option end
  error(where .. ": cors must be false, \"*\", or origins separated by commas", 0)
end

--- A route's policy.  has_key: a key is required; is_ambient: clients may be admitted by where they connect from;
--- by_cookie: the key may be a cookie, which listed pages may send.
function M.of_route(option, has_key, is_ambient, where, by_cookie)
  if option == "*" and is_ambient then
    error(where .. ": cors = \"*\" would give every web page what clients of this machine may do", 0)
  end
  if option then return M.policy(option, by_cookie) end
  if option == false or is_ambient then return M.none end
  local policy = M.policy(host.conf().cors.origins)
  if policy.any and not has_key then return M.none end
  return policy
end

--- May a page of this request's Origin use a route with this policy?  Clients other than browsers send no Origin.
function M.permits(policy, req)
  if policy.any then return true end
  local origin = host.header(req, "origin")
  return not origin or policy.origins[origin:lower()] == true or caller.is_own(req, origin)
end

--- Header lines for this request's answer besides policy.fixed, or "".
function M.headers(policy, req)
  if not policy.varies then return "" end
  local origin = host.header(req, "origin")
  if not origin or not policy.origins[origin:lower()] then return "" end
  return "access-control-allow-origin: " .. origin .. "\r\n" .. policy.extra .. EXPOSE
end

--- Header lines that answer a preflight (Fetch standard, "CORS-preflight fetch"); none if it is not allowed.
function M.preflight(policy, req, allow)
  if not M.permits(policy, req) then return "" end
  local asked = host.header(req, "access-control-request-headers")
  local list = asked and asked:match "^[%w%-_, ]+$" or "content-type, x-api-key, authorization, idempotency-key"
  return "access-control-allow-methods: " .. allow .. "\r\naccess-control-allow-headers: " .. list
    .. "\r\naccess-control-max-age: " .. MAX_AGE_S .. "\r\n"
end

return M
