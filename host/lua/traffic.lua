-- host/lua/traffic.lua -- request counters, kept in Lua and handed to the host once a second.
-- A counter of the host is shared by all workers and costs a name lookup; a table costs nothing.

local host = require "human.host"
local timer = require "human.timer"

local M = {}
local FLUSH_S = 1
local counts, names, armed = {}, {}, false

local function name_of(status)
  local name = names[status]
  if not name then
    name = ('human_http_requests_total{status="%d"}'):format(status)
    names[status] = name
  end
  return name
end

-- Hand over what was counted; /metrics calls it before it reads.
function M.flush()
  armed = false
  for status, n in pairs(counts) do
    host.metric(name_of(status), n)
    counts[status] = nil
  end
end

-- One answer with this status (499: the client left first).
function M.count(status)
  counts[status] = (counts[status] or 0) + 1
  if not armed then
    armed = true
    timer.start(FLUSH_S, M.flush)
  end
end

return M
