-- host/lua/http/auth.lua -- named authenticators, declared by scripts, chosen by routes.
-- An authenticator takes the token from one header and asks its script function for the actor.
-- Tokens are never logged and never stored here.

local cookies = require "human.http.cookies"
local cors = require "human.http.cors"
local fail = require "human.fail"
local guard = require "human.guard"
local headers = require "human.http.headers"
local host = require "human.core.host"

local M = {}

local function bearer(value)
  return value:match "^[Bb][Ee][Aa][Rr][Ee][Rr] +([%w%-._~+/]+=*)$"
end

-- Adds an authenticator to the generation being built.  scheme: {type = "apiKey", header = name} or
-- {type = "http", scheme = "bearer"} or {type = "apiKey", cookie = name}, optionally optional = true (fn is
-- also called without a token) and a description; ambient = true: fn may admit a client because of where it
-- connects from, not what it knows (cookies are ambient, too).  fn(ctx, token) -> actor, or nil, an error
-- code and facts for the client (human.fail).
function M.declare(gen, name, scheme, fn, where)
  if gen.auth[name] then
    error(where .. ": authenticator '" .. name .. "' was declared at " .. gen.auth[name].where, 0)
  end
  local kind, header, cookie = scheme.type, scheme.header, scheme.cookie
  if cookie and kind == "apiKey" and not header then header = "Cookie" end
  if kind == "http" and scheme.scheme == "bearer" then
    header = "Authorization"
  elseif kind ~= "apiKey" or type(header) ~= "string" then
    error(where .. ": api.auth: type must be apiKey with a header or a cookie, or http with scheme bearer", 0)
  end
  local why = headers.refusal(header, "") or cookie and headers.refusal(cookie, "")
  if why then error(where .. ": api.auth: " .. why, 0) end
  if type(fn) ~= "function" then error(where .. ": api.auth: a function is needed", 0) end
  gen.auth[name] = {
    name = name, scheme = scheme, header = header:lower(), take = kind == "http" and bearer or nil,
    optional = scheme.optional or false, ambient = scheme.ambient or header:lower() == "cookie", fn = fn, where = where,
    cookie = cookie, by_cookie = header:lower() == "cookie",
    challenge = kind == "http" and 'Bearer realm="human"'
      or cookie and 'Cookie realm="human", cookie-name="' .. cookie .. '"'
      or 'ApiKey realm="human", header="' .. header .. '"',
  }
end

-- The list of authenticators for spec: false, a name, or names of which one must accept.
function M.compile(gen, spec, where)
  if not spec then return false end
  local list = {}
  for i, name in ipairs(type(spec) == "table" and spec or { spec }) do
    list[i] = gen.auth[name]
    if not list[i] then error(where .. ": no authenticator named '" .. tostring(name) .. "'", 0) end
  end
  return list
end

--- What a list means for pages of other origins: whether a key is required, whether one authenticator admits
--- clients by where they connect from, and whether one reads a cookie.
function M.kind(list)
  local has_key, is_ambient, by_cookie = list ~= false, false, false
  for _, a in ipairs(list or {}) do
    is_ambient = is_ambient or a.ambient
    by_cookie = by_cookie or a.by_cookie
    has_key = has_key and not a.ambient and not a.optional
  end
  return has_key, is_ambient, by_cookie
end

local function refuse(a, code, data)
  local f = fail.new(code or "unauthorized", data)
  if f.status == 401 then
    f.data = f.data or {}
    f.data.headers = { ["www-authenticate"] = a.challenge }
  end
  error(f, 0)
end

local function token_of(ctx, a)
  local value = host.header(ctx.req, a.header)
  if value and a.cookie then value = cookies.values(value, a.cookie)[1] end
  if value and a.take then value = a.take(value) end
  if value == "" then return nil end
  return value
end

-- Browsers add cookies to requests of any page, so unsafe methods are accepted only from allowed pages.
local function check_page(ctx)
  local route = ctx.route
  if route.method == "GET" or cors.permits(route.cors, ctx.req) then return end
  fail.throw("forbidden", { message = "Origin is not allowed" })
end

-- Sets ctx.actor or throws.  Of several authenticators, the first one that finds its header decides.
function M.run(ctx, list)
  local last = #list
  for i = 1, last do
    local a = list[i]
    local token = token_of(ctx, a)
    if token or (a.optional and i == last) then
      local actor, code, data
      if token and a.by_cookie then check_page(ctx) end
      if token then
        actor, code, data = guard.check(ctx.ip, token, a.fn, ctx, token)
      else
        actor, code, data = a.fn(ctx)
      end
      if not actor then refuse(a, code, data) end
      ctx.actor, ctx.authority = actor, a.name
      return
    end
  end
  refuse(list[1])
end

return M
