-- scripts/marketplace/rules/approvals.lua -- which purchases of an agent need the consent of a person it belongs to.
-- An agent's autonomy: 0 asks for everything, 1 (the default) and 2 for what is new or much, 3 for nothing.
--% version: 1

local M = {
  day_cap_cents = 10000,           -- that an agent spends in a day (UTC) without asking
  answer_hours = 24,               -- in which a request is answered; then it is as good as denied
  consent_hours = 24,              -- for which consent that was not used is good
  open_requests = 20,              -- of an agent, that nobody has answered yet
}

M.returns = {
  day_cap_cents = "integer 0..100000000", answer_hours = "integer 1..720", consent_hours = "integer 1..720",
  open_requests = "integer 1..1000",
  consent = { "none", "observed", "first_purchase", "daily_cap" },
}

--- Why a purchase needs consent; "none": it needs none.  purchase: {type (of the buyer), autonomy, price_cents,
--- spent_cents (today, before it), is_first (it has never bought from this provider)}.
function M.consent(purchase)
  if purchase.type == "human" or purchase.autonomy >= 3 then return "none" end
  if purchase.autonomy == 0 then return "observed" end
  if purchase.is_first then return "first_purchase" end
  if purchase.spent_cents + purchase.price_cents > M.day_cap_cents then return "daily_cap" end
  return "none"
end

local function purchase(change)
  local facts = { type = "delegated_agent", autonomy = 1, price_cents = 4000, spent_cents = 6000, is_first = false }
  for name, value in pairs(change) do facts[name] = value end
  return facts
end

M.examples = {
  { "consent", purchase {}, expect = "none" },
  { "consent", purchase { spent_cents = 6001 }, expect = "daily_cap" },
  { "consent", purchase { price_cents = 10001, spent_cents = 0 }, expect = "daily_cap" },
  { "consent", purchase { is_first = true }, expect = "first_purchase" },
  { "consent", purchase { autonomy = 0, price_cents = 1 }, expect = "observed" },
  { "consent", purchase { autonomy = 2, is_first = true }, expect = "first_purchase" },
  { "consent", purchase { autonomy = 3, is_first = true, price_cents = 1000000 }, expect = "none" },
  { "consent", purchase { type = "human", autonomy = 0 }, expect = "none" },
}

return M
