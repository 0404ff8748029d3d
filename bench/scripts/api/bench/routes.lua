-- bench/scripts/api/bench/routes.lua -- what the benchmarks ask of us.  Neighbours: bench/peers.

local db = require "human.db"
local s = require "human.schema"
local sio = require "human.sio"
local g = require("human.api").group { tag = "Bench", base = "/bench", auth = false, shape = "agent" }

local read_row = "select aid as id, bid as branch, abalance as balance from pgbench_accounts where aid = $1::int"

g:post("/json", {
  summary = "Validate a body and answer it",
  body = s.object {
    id = s.string { max = 64 }, name = s.string { max = 100 }, price = s.int { min = 1, max = 1e9 },
    tags = s.array(s.string { max = 40 }, { max = 10 }), active = s.bool,
  },
  reply = { [200] = s.object {
    id = s.string, name = s.string, price = s.int, tags = s.array(s.string), active = s.bool, total = s.int,
  } },
}, function(_, body)
  body.total = body.price * 2
  return 200, body
end)

g:get("/rows/{id}", {
  summary = "Read one row by its primary key",
  params = s.object { id = s.int { min = 1 } },
  reply = { [200] = s.object { id = s.int, branch = s.int, balance = s.int } },
  errors = { "not_found" },
}, function(ctx)
  return 200, db.must("not_found", read_row, ctx.params.id)
end)

local io = sio.server { path = "/bench.io/" }
io:namespace("/", {
  on_connect = function(socket) socket:join "all" end,
  on = {
    message = function(socket, m) socket:emit("message", m) end,
    broadcast = function(_, m) io:of("/"):to("all"):emit("message", m) end,
  },
})

return g
