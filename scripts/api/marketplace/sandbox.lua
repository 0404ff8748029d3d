-- scripts/api/marketplace/sandbox.lua -- POST /sandbox-run: try an output before it is delivered.

local api = require "human.api"
local s = require "human.schema"
local sandbox = require "marketplace.sandbox"
local view = require "api.marketplace.trade_views"
require "api.marketplace.auth"

local M = {}
local g = api.group { tag = "Credit Tasks & Sandbox", base = "", auth = "market_key" }

g:post("/sandbox-run", {
  summary = "Run an output through what was agreed, without delivering it", limit = { rate = 1 / 60, burst = 60 },
  body = s.object { { "transaction_id", s.uuid:optional() }, { "task_id", s.uuid:optional() },
                    { "output_data", s.json { max = 262144 } } },
  reply = { [200] = s.object { { "passed", s.bool }, { "results", s.array(view.check_result) } } },
  errors = { "validation_error", "not_found", "forbidden", "no_rubric" },
}, function(ctx, body) return 200, sandbox.run(ctx.actor, body) end)

return M
