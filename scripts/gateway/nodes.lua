-- scripts/gateway/nodes.lua -- the hosts of this database.  Each says every few seconds what it is; who says nothing
-- any more is gone, and soon forgotten.  Any worker of a host may say it, so that the death of one takes no host away.

local bus = require "human.bus"
local db = require "human.db"
local json = require "human.json"
local log = require "human.log"
local state = require "human.state"
local system = require "human.system"
local task = require "human.task"
local numbers = require "gateway.numbers"

local M = {}

local BEAT_S, GONE_S = 4, 15                     -- limit: gateway nodes
local MAX = 200

M.sql = {
  -- Another worker of the host may have said it just now.
  beat = ([[insert into gateway_nodes as n (id, about, seen_at) values ($1, $2::jsonb, clock_timestamp())
    on conflict (id) do update set about = excluded.about, seen_at = excluded.seen_at
    where n.seen_at < clock_timestamp() - interval '%d seconds']]):format(BEAT_S - 1),
  forget = ([[delete from gateway_nodes where seen_at < clock_timestamp() - interval '%d seconds']]):format(4 * GONE_S),
  list = ([[select id, about from gateway_nodes where id <> $1
    and seen_at > clock_timestamp() - interval '%d seconds' order by id limit %d]]):format(GONE_S, MAX),
}

--- What this host is.
function M.me()
  local now, n = system.health(), numbers.now()
  return {
    id = now.instance, name = now.instance, type = "gateway", version = now.version,
    status = now.status == "ok" and "online" or "degraded", uptime_secs = now.uptime_s, workers = now.workers,
    ws_connections = n.websockets, memory_mb = n.memory_mb,
  }
end

--- All hosts that are there: this one first.
function M.list()
  local me = M.me()
  local nodes = { me }
  for _, row in ipairs(db.query(M.sql.list, me.id)) do nodes[#nodes + 1] = json.decode(row.about) end
  return nodes
end

-- Every two seconds, on each worker (bus.look).
local function beat()
  local kept, now = state.table "gateway.nodes", task.clock()
  if kept.at and now - kept.at < BEAT_S then return end
  kept.at = now
  local me = M.me()
  local ok, err = pcall(function()
    if db.exec(M.sql.beat, me.id, json.encode(me)) > 0 then db.exec(M.sql.forget) end
  end)
  if not ok and tostring(err) == "canceled" then error(err, 0) end
  if not ok then log.debug("the host was not noted", { error = tostring(err) }) end
end

bus.on("bus.look", beat)

return M
