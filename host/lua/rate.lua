-- host/lua/rate.lua -- how often one caller may use a route: token buckets shared by all workers.
-- The caller is the authenticated actor, else the client address (an IPv6 client by its /64, since
-- one customer usually owns all of it).

local fail = require "human.fail"
local host = require "human.host"

local M = {}

-- The first four groups of an IPv6 address as text; other addresses unchanged.
local function network(ip)
  if not ip:find(":", 1, true) then return ip end
  local v4 = ip:match "^::[fF][fF][fF][fF]:(%d+%.%d+%.%d+%.%d+)$"
  if v4 then return v4 end
  local head, tail = ip:match "^(.-)::(.*)$"
  local groups = {}
  for g in (head or ip):gmatch "[^:]+" do groups[#groups + 1] = g end
  if head then
    local after = select(2, tail:gsub("[^:]+", ""))
    for _ = #groups + 1, 8 - after do groups[#groups + 1] = "0" end
    for g in tail:gmatch "[^:]+" do groups[#groups + 1] = g end
  end
  return table.concat(groups, ":", 1, math.min(4, #groups)) .. "::/64"
end
M.network = network

-- A route's limit, {rate = per second, burst = n} or {rate, burst}, checked.
function M.compile(limit, key, where)
  if not limit then return false end
  local rate, burst = limit.rate or limit[1], limit.burst or limit[2]
  if type(rate) ~= "number" or rate <= 0 or type(burst) ~= "number" or burst < 1 then
    error(where .. ": limit needs rate > 0 (requests per second) and burst >= 1", 0)
  end
  return { rate = rate, burst = burst, key = key .. " ", retry_after_s = math.ceil(1 / rate) }
end

-- Throws rate_limited (429 with Retry-After) when the caller's bucket is empty.
function M.check(ctx, limit)
  local actor = ctx.actor
  local who = actor and actor.id or network(ctx.ip)
  if not host.rate_take(limit.key .. who, limit.rate, limit.burst) then
    fail.throw("rate_limited", { retry_after_s = limit.retry_after_s })
  end
end

return M
