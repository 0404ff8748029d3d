-- host/lua/http/caller.lua -- where a request comes from: the client's address, the scheme, host and prefix that
-- it used, and whether it is a client of this machine.
-- Proxy headers are trusted only when the peer is one of http.trusted_proxies; from any other peer they
-- prove no more than that the request was forwarded.  Malformed or contradictory headers
-- are ignored, and such a request does not count as local.
-- Every surface uses this: routes, WebSockets, Socket.IO, logs, limits, documents.

local bit = require "bit"
local forwarded = require "human.http.forwarded"
local host = require "human.core.host"

local band, byte, find, lower, sub = bit.band, string.byte, string.find, string.lower, string.sub
local PEER, split = host.PEER, forwarded.split

local M = {}
local SHOWN_MAX = 100
local KNOWN_MAX = 64                             -- spellings of Host that are cached

-- A client's text, safe to quote in a message to that client.
local function shown(text)
  if #text <= SHOWN_MAX and find(text, "^[%w%-._~:/%[%]]+$") then return "'" .. text .. "'" end
  return "of this request"
end

local DEFAULT_PORT = { http = "80", https = "443" }

-- "https://api.example:8443": an origin as browsers write it, without the scheme's default port.
local function origin_of(scheme, authority)
  local name, port = split(authority)
  if not name then return nil end
  if find(name, ":", 1, true) then name = "[" .. name .. "]" end
  return scheme .. "://" .. name .. (port and port ~= DEFAULT_PORT[scheme] and ":" .. port or "")
end

-- Applies the headers of a trusted proxy.
local function believe(c, req)
  local word = forwarded.read(req, c.ip, c.bits)
  if not word then return end
  c.ip, c.bits, c.known = word.ip, word.bits, word.known or false
  c.scheme, c.host = word.scheme or c.scheme, word.host or c.host
end

-- Results -----------------------------------------------------------------------------------------

--- Everything about where request `req` comes from: {ip, scheme, host (authority in lower case; nil without
--- one), prefix ("" or "/path"), bits, known (false: the chain has an unknown member), trusted}.
function M.of(req)
  local ip, bits = host.peer(req)
  local authority = host.header(req, "host")
  local c = { ip = ip, bits = bits, known = true, prefix = "", host = authority and lower(authority),
              scheme = band(bits, PEER.TLS) ~= 0 and "https" or "http", trusted = band(bits, PEER.TRUSTED) ~= 0 }
  if c.trusted then
    believe(c, req)
    c.prefix = forwarded.prefix(req)
  end
  return c
end

--- The client's address.
function M.ip(req)
  local ip, bits = host.peer(req)
  if band(bits, PEER.TRUSTED) == 0 then return ip end
  return M.of(req).ip
end

-- This server's origin as the client sees it, "https://api.example"; nil if it named no host.
local function own_origin(c) return c.host and origin_of(c.scheme, c.host) end

--- The URL at which a trusted proxy serves us, "https://api.example/human"; nil without one.
function M.base(req)
  local _, bits = host.peer(req)
  if band(bits, PEER.TRUSTED) == 0 then return nil end
  local c = M.of(req)
  local origin = own_origin(c)
  return origin and origin .. c.prefix
end

--- "" or the path below which a trusted proxy serves us.
function M.prefix(req)
  local _, bits = host.peer(req)
  if band(bits, PEER.TRUSTED) == 0 then return "" end
  return forwarded.prefix(req)
end

--- Is this Origin the origin that the request itself is for?
function M.is_own(req, origin) return lower(origin) == own_origin(M.of(req)) end

-- Host ------------------------------------------------------------------------------------------------

local listed

-- A name may end with a dot, the DNS root.
local function without_root(name) return byte(name, -1) == 46 and sub(name, 1, -2) or name end

local function listing()
  local conf, set = host.conf(), { localhost = true }
  local names = (conf.http and conf.http.hosts or "") .. "," .. (conf.host or "")
  for word in names:gmatch "[^%s,]+" do
    word = lower(word)
    local name = not host.address(word) and split(word) or word
    set[host.address(name) or without_root(name)] = true
  end
  return set
end

-- Is it a name of this machine, an address we listen on, or in http.hosts?
local function is_ours(authority)
  listed = listed or listing()
  local name = split(lower(authority))
  if not name then return false end
  name = without_root(name)
  local address, bits = host.address(name)
  if address then return band(bits, PEER.LOOPBACK) ~= 0 or listed[address] == true end
  return listed[name] == true
end

local known, n_known = {}, 0

--- May a listener that only this machine can reach answer a request for this host?  Also one without a host
--- (HTTP/1.0): a web page cannot send that.
function M.host_is_known(req)
  local authority = host.header(req, "host")
  if not authority then return true end
  local yes = known[authority]
  if yes == nil then
    yes = is_ours(authority)
    if n_known >= KNOWN_MAX then known, n_known = {}, 0 end
    known[authority], n_known = yes, n_known + 1
  end
  return yes
end

--- The message for a host that is not known.
function M.host_unknown(req)
  return "Host " .. shown(host.header(req, "host")) .. " is not a name of this server; http.hosts may list it"
end

-- This machine ------------------------------------------------------------------------------------------

-- Headers that reveal a proxy of any kind; name is in lower case.
local function is_of_proxy(name)
  return find(name, "forwarded", 1, true) or find(name, "ip$") or find(name, "ipv6$") or find(name, "addr$")
    or find(name, "address$") or name == "via" or name == "cdn-loop" or find(name, "^proxy%-")
end

local function passed_on(req)
  local names = {}
  for name in pairs(host.headers(req)) do
    if is_of_proxy(name) then names[#names + 1] = name end
  end
  table.sort(names)
  return names[1]
end

local function why_veiled(req, c)
  local _, bits = host.peer(req)
  if band(bits, PEER.VEILED) ~= 0 then
    return "a PROXY header names no client, or comes from a peer that is not in http.trusted_proxies"
  end
  local name = passed_on(req)
  if name and not c.trusted then
    return ("it was passed on (header %s), and %s is not in http.trusted_proxies"):format(shown(name), c.ip)
  end
  local says = host.header(req, "x-forwarded-for") or host.header(req, "forwarded")
  if not c.known or (name and not says) then return "a proxy does not say for whom it asks" end
  if not says and band(bits, PEER.OLD) ~= 0 then
    return "it speaks HTTP/1.0, as proxies do that do not say for whom they ask"
  end
end

local function why_foreign_page(req, c)
  local origin, site = host.header(req, "origin"), host.header(req, "sec-fetch-site")
  if origin and lower(origin) ~= own_origin(c) then
    return "a page of another origin asks: " .. shown(origin)
  end
  if site and site ~= "same-origin" and site ~= "none" then
    return "a page of another origin asks (Sec-Fetch-Site: " .. shown(site) .. ")"
  end
end

--- Is the client on this machine, and neither behind an untrusted proxy nor a page of another origin?
--- true; or false and the condition that fails.
function M.is_local(req)
  local c = M.of(req)
  local why = why_veiled(req, c)
  if not why and band(c.bits, PEER.LOOPBACK) == 0 then why = "the client " .. c.ip .. " is not on this machine" end
  local authority = host.header(req, "host")
  if not why and not (authority and is_ours(authority) and is_ours(c.host)) then
    why = authority and "Host " .. shown(c.host) .. " is not a name of this machine and not in http.hosts"
      or "it names no Host"
  end
  why = why or why_foreign_page(req, c)
  return why == nil, why
end

return M
