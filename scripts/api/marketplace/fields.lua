-- scripts/api/marketplace/fields.lua -- fields that many routes of trading have in common.

local s = require "human.schema"

local M = {}

local PRICE_MAX = 100000

M.direction = s.enum { "sell", "buy" }
M.listing_type = s.enum { "task_execution", "data_product", "compute_access", "knowledge_artifact", "agent_template",
                          "evaluation_service" }
M.tag = s.string { min = 1, max = 64, pattern = "^[%w_:*-]+$", form = "a tag such as data:extraction" }
M.tags = s.array(M.tag, { min = 1, max = 32 })
M.sla_hours = s.int { min = 1, max = 168 }
M.tier = s.int { min = 0, max = 2 }
M.limit = s.int { min = 1, max = 50 }:default(20)
M.offset = s.int { min = 0, max = 10000 }:default(0)

--- Dollars, of which there must be some; options: as.
function M.price(options) return s.usd { min = 0.01, max = PRICE_MAX, as = options.as } end

--- An object that is kept as JSON, such as a schema.
M.object = s.json { max = 32768 }:describe "An object"

return M
