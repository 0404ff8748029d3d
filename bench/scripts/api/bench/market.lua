-- bench/scripts/api/bench/market.lua -- what bench/market.mjs asks of the ledger and of streams without their routes.

local json = require "human.json"
local id = require "human.id"
local s = require "human.schema"
local ledger = require "marketplace.ledger"
local moves = require "marketplace.moves"
local streams = require "marketplace.streams"
local g = require("human.api").group { tag = "Bench", base = "/bench/market", auth = false, shape = "agent" }

local PRICE, FEE = 1000, 100

g:post("/debit", {
  summary = "A purchase with credits: a debit of the newest lots, a new lot of the seller",
  body = s.object { buyer = s.uuid, provider = s.uuid },
  reply = { [200] = s.object { m = s.int, w = s.int } },
}, function(ctx, body)
  return 200, ctx:tx(function(tx)
    return moves.purchase(tx, "bench.bought", id.new(), { buyer = body.buyer, provider = body.provider,
                                                          price_mrc = PRICE, fee_mrc = FEE, reason = "tool_call" })
  end)
end)

g:post("/transfers/{count}", {
  summary = "Transfers between two of 10,000 accounts each, in one transaction",
  params = s.object { count = s.int { min = 1, max = 8189 } },
  reply = { [200] = s.object { count = s.int } },
}, function(ctx)
  local list, n = json.array {}, ctx.params.count
  for i = 1, n do
    local from = math.random(0, 9999)
    local to = (from + math.random(1, 9999)) % 10000
    list[i] = { debit = { "payable", "bench:" .. from }, credit = { "payable", "bench:" .. to },
                amount = math.random(1, 100) }
  end
  ctx:tx(function(tx) ledger.post(tx, "bench.transfer", id.new(), list) end)
  return 200, { count = n }
end)

g:post("/event/{actor}", {
  summary = "An event in the stream of an actor's tasks",
  params = s.object { actor = s.uuid }, body = s.object { n = s.int },
  reply = { [204] = false },
}, function(ctx, body)
  ctx:tx(function(tx)
    streams.add(tx, { { key = streams.of_actor(ctx.params.actor), event = "progress",
                        data = { n = body.n, name = "transaction.assigned", status = "assigned" } } })
  end)
  return 204
end)

return {}
