-- host/lua/dns.lua -- questions to the domain name system that no request of human.fetch answers.  The host's threads
-- ask: a call awaits, and blocks nobody else.

local host = require "human.core.host"
local sched = require "human.core.sched"

local M = {}
local CODES = { [host.E.GONE] = "none", [host.E.TIMEOUT] = "timeout", [host.E.LIMIT] = "too_large",
                [host.E.FULL] = "busy" }

--- The TXT records of a name: a list of texts, at most 64.  server: whom to ask, "address" or "address:port" of IPv4
--- (nil: the system's resolver).  Or nil and {code = "none" | "timeout" | "too_large" | "busy" (two questions of this
--- worker wait already) | "network", message}.  Awaits, up to some eight seconds.
function M.txt(name, server)
  if type(name) ~= "string" then error("dns.txt: the name must be a string", 2) end
  local id = host.dns_txt(sched.owner(), name, server or "")
  if id == host.E.INVAL then error("dns.txt: the name or the server is malformed", 2) end
  local status, data = sched.await(id)
  if status == 0 then return host.unpack(data) end
  return nil, { code = CODES[status] or "network", message = name .. ": " .. host.error_name(status) }
end

return M
