-- spec/e2e/scripts/abilities/api/shop/shop.lua -- abilities that ask a shop: what things cost, and to order them.

local abilities = require "agent.abilities"
local api = require "human.api"
local config = require "human.config"
local db = require "human.db"
local fetch = require "human.fetch"
local json = require "human.json"
local s = require "human.schema"

local g = api.group { tag = "Shop", base = "/shop", auth = false, shape = "agent" }
local WHAT = { type = "object", required = { "what" }, properties = { what = { type = "string" } } }

local function ask(_, name, arguments, once)
  local answer, err = fetch { url = config.shop.url .. "/" .. name, method = "POST", timeout_s = 60,
                              headers = { ["x-once"] = once }, body = json.encode(arguments) }
  if not answer then error(err.message) end
  return answer.body, answer.status ~= 200
end

abilities.source("shop", {
  offered = function()
    return { { name = "price", description = "What something costs.", risk = "low", parameters = WHAT },
             { name = "order", description = "Orders something.", risk = "medium", parameters = WHAT } }
  end,
  call = ask,
})

g:post("/grant/{id}", { summary = "Let an agent go shopping", params = { id = s.id }, reply = { [204] = false } }, function(ctx)
  db.tx(function(tx) abilities.grant(tx, ctx.params.id) end)
  return 204
end)

return g
