-- scripts/gateway/bind.lua -- whether what listens at an address is reached from this machine alone.  Pure.

local M = {}

--- Whether a setting such as `host` names this machine alone.
function M.is_loopback(host) return host == "localhost" or host == "::1" or host:find "^127%." ~= nil end

return M
