-- bench/scripts/api/bench/tools.lua -- what bench/tools.mjs asks of the quota without the call that it is for.

local s = require "human.schema"
local quotas = require "marketplace.quotas"
local g = require("human.api").group { tag = "Bench", base = "/bench/tools", auth = false, shape = "agent" }

local TIMEOUT_MS, LATENCY_MS = 1000, 1

g:post("/reservation", {
  summary = "A place of the quota of a subscription is taken, and its call has succeeded",
  body = s.object { id = s.uuid, period_id = s.uuid, listing_id = s.uuid },
  reply = { [200] = s.object { calls = s.int } },
}, function(_, body)
  local call = quotas.reserve(body, TIMEOUT_MS)
  quotas.succeed(call, LATENCY_MS)
  return 200, { calls = call.calls }
end)

return {}
