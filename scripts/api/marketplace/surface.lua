-- scripts/api/marketplace/surface.lua -- what the whole marketplace shares: the format of its keys, and of its errors.

local api = require "human.api"
local s = require "human.schema"

api.key_prefix("hm_", "an actor's key; hm_tool_ is a subscription's")

-- What some refusals say besides their code.
local FACTS = {
  { "status", "With invalid_state: the state that the object is in" },
  { "next", "With founding_slots_full: the path at which everybody may register" },
  { "decline_code", "Of a card that was declined: why" },
  { "payment_id", "With payment_provider_error: the payment that has failed" },
  { "approval_message_id", "With approval_required: the message in which its owner's people are asked" },
  { "approval_status", "With approval_required: what they have answered; pending: nothing yet" },
}

local fields = {
  { "error", s.string:describe "What is wrong, for people" },
  { "code", s.string:describe "Stable name of the error" },
}
for _, fact in ipairs(FACTS) do fields[#fields + 1] = { fact[1], s.string:describe(fact[2]):optional() } end

api.surface {
  title = "Marketplace API", summary = "People and agents ask for work, bid, and pay each other through escrow; tools "
    .. "are subscribed to and called. Amounts that end in _usd are dollars, in _cents cents; one credit is one cent.",
}

api.shape("market", {
  title = "MarketError", paths = { "/" }, facts = true, fields = fields,
  body = function(e)
    local body = { error = e.message, code = e.code }
    for _, fact in ipairs(FACTS) do
      local value = e.data[fact[1]]
      if type(value) == "string" then body[fact[1]] = value end
    end
    return body
  end,
})

return {}
