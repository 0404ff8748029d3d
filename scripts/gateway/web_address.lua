-- scripts/gateway/web_address.lua -- reads addresses of the web that strangers, clients or models give: the only place
-- that says what one is.  Where it leads, and that it has TLS outside of the operator's own networks, the guard of
-- human.fetch judges whenever it is used.  Pure.

local M = {}

local HOST_MAX, MAX = 253, 2000
local PORTS = { http = 80, https = 443 }

local function host_of(authority)
  local host, rest = authority:match "^(%[[%x:.]+%])(.*)$"
  if not host then
    host, rest = authority:match "^([%w._-]+)(.*)$"
    if not host or host:find "^%." or host:find("..", 1, true) or #host > HOST_MAX then return nil end
  end
  return host:lower(), rest
end

-- The port; false where it is the usual one; nil: it is none.
local function port_of(rest, scheme)
  if rest == "" or rest == ":" then return false end
  local digits = rest:match "^:(%d+)$"
  local port = digits and #digits <= 5 and tonumber(digits)
  if not port or port < 1 or port > 65535 then return nil end
  return port ~= PORTS[scheme] and port
end

--- {url, scheme, host, origin} of a text that is an http or https address; scheme and host are in lower case, the usual
--- port is left out, and `url` is the address so written.  Or nil, why not, and "secret" where it has a user or a
--- password in it, or a secret is to be filled in.  max: of its bytes (2000).
function M.read(text, max)
  max = max or MAX
  if type(text) ~= "string" then return nil, "the address is no text" end
  if #text > max then return nil, ("the address is longer than %d bytes"):format(max) end
  -- The host of human.fetch fills `${` in with a secret.
  if text:find "[%c%s\127-\255\"<>\\^`{}|]" then
    local is_filled = text:find("${", 1, true)
    return nil, "the address has characters that have to be written as %XX", is_filled and "secret" or nil
  end
  local scheme, authority, rest = text:match "^(%a+)://([^/?#]*)(.*)$"
  scheme = scheme and scheme:lower()
  if not PORTS[scheme] then return nil, "the address is not https://.." end
  if authority:find("@", 1, true) then return nil, "the address has a user or a password in it", "secret" end
  local host, after = host_of(authority)
  if not host then return nil, "the address has no name of a host" end
  local port = port_of(after, scheme)
  if port == nil then return nil, "the address has a port that there is not: 1 to 65535" end
  local origin = scheme .. "://" .. host .. (port and ":" .. port or "")
  return { url = origin .. rest, scheme = scheme, host = host, origin = origin }
end

return M
