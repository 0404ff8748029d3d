-- host/lua/http/forwarded.lua -- headers of trusted proxies: Forwarded (RFC 7239) and X-Forwarded-*.
-- Any of them may contain values that a client forged and the proxy passed on, so a chain is read from its near end, up
-- to the first address that is not a trusted proxy.  Malformed or contradictory headers are ignored.

local bit = require "bit"
local host = require "human.core.host"
local log = require "human.log"

local band, byte, find, lower, match, sub = bit.band, string.byte, string.find, string.lower, string.match, string.sub
local TRUSTED = host.PEER.TRUSTED

local M = {}
local HOPS = 32                                  -- longest chain of proxies that we read
local NAME_MAX, PREFIX_MAX, NODE_MAX = 255, 256, 64
local WARN_S = 60

-- Texts -------------------------------------------------------------------------------------------

local function is_space(c) return c == 32 or c == 9 end

local function trimmed(text, from, to)
  while from <= to and is_space(byte(text, from)) do from = from + 1 end
  while to >= from and is_space(byte(text, to)) do to = to - 1 end
  return sub(text, from, to)
end

-- The parts of a comma-separated list, in order.
local function parts(text)
  local out, at = {}, 1
  while true do
    local comma = find(text, ",", at, true)
    out[#out + 1] = trimmed(text, at, comma and comma - 1 or #text)
    if not comma then return out end
    at = comma + 1
  end
end

--- Splits an authority into name (without brackets) and port (false if absent); nil if malformed.
function M.split(authority)
  local name, port = match(authority, "^%[([%x:.]+)%](.*)$")
  if name then
    if not find(name, ":", 1, true) then return nil end
  else
    name, port = match(authority, "^([%w%-._]+)(.*)$")
  end
  if not name or #name > NAME_MAX then return nil end
  if port == "" then return name, false end
  port = match(port, "^:(%d?%d?%d?%d?%d?)$")
  if not port then return nil end
  return name, port ~= "" and port
end

-- Addresses ----------------------------------------------------------------------------------------

-- The address in "192.0.2.1", "192.0.2.1:4711", "2001:db8::1" or "[2001:db8::1]:4711", and its PEER bits;
-- nil for "unknown", "_hidden" and everything else.
local function address_of(node)
  if #node > NODE_MAX then return nil end
  local text, port = match(node, "^%[([%x:.]+)%](.*)$")
  if not text then text, port = match(node, "^(%d+%.%d+%.%d+%.%d+)(:.*)$") end
  if text and port ~= "" and not find(port, "^:[%w._-]+$") then return nil end
  return host.address(text or node)
end

-- Walks a chain back from the peer to the first address that is not a trusted proxy.  Returns its index, address
-- and bits; index nil: the chain has an unknown member, and the address is the last known one.
local function walk(nodes, ip, bits)
  for i = #nodes, math.max(1, #nodes - HOPS + 1), -1 do
    local address, more = address_of(nodes[i])
    if not address then return nil, ip, bits end
    ip, bits = address, more
    if band(bits, TRUSTED) == 0 then return i, ip, bits end
  end
  if #nodes > HOPS then return nil, ip, bits end
  return 1, ip, bits
end

local TOKEN = "^[%w!#$%%&'*+%-.^_`|~:%[%]]+"     -- plus the characters of IPv6, which many do not quote

-- The value that begins at `at`, and the position after it.
local function value_at(text, at)
  if byte(text, at) ~= 34 then
    local _, to = find(text, TOKEN, at)
    return to and sub(text, at, to), to
  end
  local out, from = {}, at + 1
  while true do
    local to = find(text, '["\\]', from)
    if not to then return nil end
    out[#out + 1] = sub(text, from, to - 1)
    if byte(text, to) == 34 then return table.concat(out), to end
    out[#out + 1] = sub(text, to + 1, to + 1)
    from = to + 2
  end
end

local function skip(text, at) return find(text, "[^ \t]", at) or #text + 1 end

-- Reads the pair that begins at `at` into element; the position after it, or nil if malformed.
local function read_pair(text, at, element)
  local _, to = find(text, "^[%w!#$%%&'*+%-.^_`|~]+", at)
  if not to then return at end                   -- empty: between two semicolons
  local name = lower(sub(text, at, to))
  if byte(text, to + 1) ~= 61 or element[name] then return nil end
  local value, last = value_at(text, to + 2)
  if not value then return nil end
  element[name] = value
  return skip(text, last + 1)
end

-- Forwarded (RFC 7239) as a list of {["for"], proto, host, by}; nil when it is malformed.
local function read_forwarded(text)
  local list, element, at = {}, {}, 1
  while true do
    at = read_pair(text, skip(text, at), element)
    if not at then return nil end
    local c = byte(text, at)
    if c == 59 then
      at = at + 1
    elseif c == 44 or not c then
      if next(element) then list[#list + 1] = element end
      if not c then return list end
      element, at = {}, at + 1
    else
      return nil
    end
  end
end

-- What the header says: {ip, bits, known, proto, host}; nil if there is none.
local function from_forwarded(req, ip, bits)
  local text = host.header(req, "forwarded")
  if not text then return nil end
  local list, nodes = read_forwarded(text), {}
  for i, element in ipairs(list or nodes) do nodes[i] = element["for"] or "unknown" end
  if not nodes[1] then return { ip = ip, bits = bits } end
  local i, client, its = walk(nodes, ip, bits)
  local element = i and list[i] or {}
  return { ip = client, bits = its, known = i ~= nil, proto = element.proto, host = element.host }
end

-- The value for the client's position in the chain; if the lists differ in length, the one that the nearest
-- proxy added.
local function beside(req, name, i, n)
  local text = host.header(req, name)
  if not text then return nil end
  local list = parts(text)
  return #list == n and i and list[i] or list[#list]
end

local function from_x(req, ip, bits)
  local text = host.header(req, "x-forwarded-for")
  local nodes = text and parts(text) or {}
  local word = { ip = ip, bits = bits }
  local i
  if text then i, word.ip, word.bits = walk(nodes, ip, bits) end
  word.known = i ~= nil
  word.proto = beside(req, "x-forwarded-proto", i, #nodes)
  word.host = beside(req, "x-forwarded-host", i, #nodes)
  if not text and not word.proto and not word.host then return nil end
  word.silent = not text
  return word
end

-- Two values that must not contradict each other.
local function agreed(a, b)
  if a and b and a ~= b then return nil end
  return a or b
end

local warned_at = -WARN_S

local function warn(peer)
  if host.clock() - warned_at < WARN_S then return end
  warned_at = host.clock()
  log.warn("a trusted proxy sends Forwarded and X-Forwarded-For that differ; both are ignored: let it remove "
    .. "or overwrite the one that it does not write", { proxy = peer })
end

-- Combines both kinds of header: a proxy writes one kind, and may pass on a client's forgery in the other.
local function combined(req, ip, bits)
  local a, b = from_forwarded(req, ip, bits), from_x(req, ip, bits)
  if not a or not b then return a or b end
  if b.silent then b.ip, b.bits, b.known = a.ip, a.bits, a.known end
  if a.ip ~= b.ip or not a.known or not b.known then
    warn(ip)
    return { ip = ip, bits = bits, known = false }
  end
  return { ip = a.ip, bits = a.bits, known = true, proto = agreed(a.proto, b.proto), host = agreed(a.host, b.host) }
end

local function scheme_of(text)
  text = text and lower(text)
  return (text == "https" or text == "wss") and "https" or (text == "http" or text == "ws") and "http" or nil
end

--- X-Forwarded-Prefix: the path below which the proxy serves us, or "".
function M.prefix(req)
  local text = host.header(req, "x-forwarded-prefix")
  if not text then return "" end
  local list = parts(text)
  local prefix = list[#list]
  while byte(prefix, -1) == 47 do prefix = sub(prefix, 1, -2) end
  local sane = #prefix <= PREFIX_MAX and find(prefix, "^/[%w%-._~/]*$") and not find(prefix, "//", 1, true)
    and not find(prefix .. "/", "/../", 1, true)
  return sane and prefix or ""
end

-- The authority that the proxy names, with X-Forwarded-Port if it contains no port.
local function authority_of(req, named)
  local name, port = M.split(named)
  if not name then return nil end
  port = port or host.header(req, "x-forwarded-port")
  if find(name, ":", 1, true) then name = "[" .. name .. "]" end
  return port and find(port, "^%d%d?%d?%d?%d?$") and name .. ":" .. port or name
end

--- Reads the headers of the trusted proxy `ip`: {ip, bits (of the client), known (false: the chain has an unknown
--- member), scheme, host (in lower case)}, nil for missing values; or nil if there are none.
function M.read(req, ip, bits)
  local word = combined(req, ip, bits)
  if not word then return nil end
  word.scheme = scheme_of(word.proto)
  word.host = word.host and authority_of(req, lower(word.host))
  return word
end

return M
