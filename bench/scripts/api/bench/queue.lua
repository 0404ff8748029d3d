-- bench/scripts/api/bench/queue.lua -- kinds of work for bench/queue.mjs: one that does nothing, one whose effect and
-- end are one transaction, one of which a key has one at a time.

local db = require "human.db"
local queue = require "human.queue"
local s = require "human.schema"
local g = require("human.api").group { tag = "Bench", base = "/bench", auth = false, shape = "agent" }

local M = {}

function M.idle() end

function M.once(row)
  db.tx(function(tx)
    tx:ask("insert into bench_effects (row_id) values ($1)", row.id)
    row:done(tx)
  end)
end

queue.define("bench.idle", "api.bench.queue.idle")
queue.define("bench.once", "api.bench.queue.once")
queue.define("bench.keyed", "api.bench.queue.once", { per_key = true })

g:post("/queue/{kind}/{count}", {
  summary = "Adds rows that are due at once",
  params = s.object { kind = s.string, count = s.int { min = 1, max = 100000 } },
  reply = { [204] = false },
}, function(ctx)
  ctx:tx(function(tx)
    for n = 1, ctx.params.count do queue.add(tx, ctx.params.kind, "k" .. n % 100, nil, { n = n }) end
  end)
  return 204
end)

return M
