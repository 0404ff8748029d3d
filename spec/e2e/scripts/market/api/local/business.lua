-- spec/e2e/scripts/market/api/local/business.lua -- POST /api/local/business: business of an actor has been
-- done, as when a transaction of it is accepted.

local api = require "human.api"
local referrals = require "marketplace.referrals"
local s = require "human.schema"

local M = {}
local g = api.group { tag = "Business", base = "/api/local", auth = false }

g:post("/business", { summary = "Business was done", body = s.object { actor_id = s.uuid }, reply = { [204] = false } },
  function(ctx, body)
    ctx:tx(function(tx) referrals.settle(tx, body.actor_id) end)
    return 204
  end)

return M
