-- host/lua/http/rate.lua -- how often one caller may use a route: token buckets shared by all workers.
-- The caller is the authenticated actor, else the client address (an IPv6 client by its /64, since
-- one customer usually owns all of it); a limit may be one of the actor or of the address alone.

local fail = require "human.fail"
local host = require "human.core.host"

local M = {}

-- The first four groups of an IPv6 address; other addresses unchanged.
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

local WHO = {
  address = function(ctx) return network(ctx.ip) end,
  actor = function(ctx) return ctx.actor and ctx.actor.id or "" end,
}
function WHO.caller(ctx) return ctx.actor and ctx.actor.id or network(ctx.ip) end

-- One limit, {rate = per second, burst = n, per = "caller" | "address" | "actor"} or {rate, burst}, checked.
local function one(limit, key, where)
  local rate, burst, per = limit.rate or limit[1], limit.burst or limit[2], limit.per or "caller"
  if type(rate) ~= "number" or rate <= 0 or type(burst) ~= "number" or burst < 1 then
    error(where .. ": limit needs rate > 0 (requests per second) and burst >= 1", 0)
  end
  if not WHO[per] then error(where .. ': limit: per must be "caller", "address" or "actor"', 0) end
  local prefix = per == "caller" and key .. " " or key .. " " .. per .. " "
  return { rate = rate, burst = burst, key = prefix, who = WHO[per], retry_after_s = math.ceil(1 / rate) }
end

-- A route's limit, or a list of them, all of which hold.
function M.compile(limit, key, where)
  if not limit then return false end
  local list = {}
  for i, l in ipairs(type(limit[1]) == "table" and limit or { limit }) do list[i] = one(l, key, where) end
  return list
end

-- Throws rate_limited (429 with Retry-After) when one of the caller's buckets is empty.
function M.check(ctx, limits)
  for i = 1, #limits do
    local limit = limits[i]
    if not host.rate_take(limit.key .. limit.who(ctx), limit.rate, limit.burst) then
      fail.throw("rate_limited", { retry_after_s = limit.retry_after_s })
    end
  end
end

--- What is left of the caller's tightest limit: {limit (at once), left, full_s (until all are there again)}; nil where
--- there is none.
function M.left(ctx, limits)
  local least
  for _, limit in ipairs(limits or {}) do
    local left = host.rate_left(limit.key .. limit.who(ctx), limit.rate, limit.burst)
    if not least or left < least.left then
      least = { limit = limit.burst, left = left, full_s = (limit.burst - left) / limit.rate }
    end
  end
  return least
end

return M
