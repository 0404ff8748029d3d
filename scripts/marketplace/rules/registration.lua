-- scripts/marketplace/rules/registration.lua -- who may register, what is asked of whom, and who is an agent's person.
-- Pure.
-- To turn: the numbers, and what an actor has to say of itself.
--% version: 1

local M = {
  per_network = 5,                 -- registrations from one address (IPv6: from one /64) ..
  window_s = 86400,                -- .. within this
  tries = { { per = "address", rate = 5, burst = 300 } }, -- requests to register, refused ones too; rate: a second
  referral_credits = 16,           -- for each of the two, once the new one has done its first business
  referrals_paid = 50,             -- of one referrer
  portfolio_items = 50,            -- of one actor
}

M.returns = {
  per_network = "integer 1..1000000", window_s = "integer 1..31536000", referral_credits = "integer 0..1000000",
  referrals_paid = "integer 0..1000000", portfolio_items = "integer 0..10000", may_register = "verdict",
  problems = { { path = "string", message = "string" } }, may_claim = "verdict",
}

-- count: how many have registered from there within the window; wait_s: until the oldest of them no longer counts.
function M.may_register(count, wait_s)
  if count >= M.per_network then return deny("rate_limited", { retry_after_s = math.max(1, math.ceil(wait_s)) }) end
  return allow()
end

-- May somebody claim an agent whose key he shows?  That he has the key does not tell him from the agent, which could
-- register a person, and approve of what it asks for itself.  A card that was charged, or an account for payouts that
-- the processor has verified, is what a program alone does not come by.  facts: {type, has_paid, is_verified}.
function M.may_claim(facts)
  if facts.type ~= "human" then return deny "forbidden" end
  if facts.has_paid or facts.is_verified then return allow() end
  return deny("forbidden", { message = "A person claims an agent once a card of theirs was charged (/credits-deposit), "
    .. "or their account for payouts is verified (/stripe-connect-onboard)" })
end

local NEEDS = { human = { "email" }, delegated_agent = { "owner_wallet", "agent_address" } }
local NOT_FOR = { human = { "owner_wallet", "agent_address" }, delegated_agent = {} }

-- What is wrong with what somebody says of itself: has: {type, [field] = true for each that is given}.
function M.problems(has)
  local found = {}
  for _, field in ipairs(NEEDS[has.type]) do
    if not has[field] then found[#found + 1] = { path = field, message = "must be given for type " .. has.type } end
  end
  for _, field in ipairs(NOT_FOR[has.type]) do
    if has[field] then found[#found + 1] = { path = field, message = "is not for type " .. has.type } end
  end
  return found
end

M.examples = {
  { "may_register", 0, 0, expect = "allow" },
  { "may_register", M.per_network - 1, 0, expect = "allow" },
  { "may_register", M.per_network, 17.2, expect = "rate_limited" },
  { "may_claim", { type = "human", has_paid = true, is_verified = false }, expect = "allow" },
  { "may_claim", { type = "human", has_paid = false, is_verified = true }, expect = "allow" },
  { "may_claim", { type = "human", has_paid = false, is_verified = false }, expect = "forbidden" },
  { "may_claim", { type = "delegated_agent", has_paid = true, is_verified = true }, expect = "forbidden" },
  { "problems", { type = "human", email = true }, expect = {} },
  { "problems", { type = "human" }, expect = { { path = "email", message = "must be given for type human" } } },
  { "problems", { type = "human", email = true, agent_address = true },
    expect = { { path = "agent_address", message = "is not for type human" } } },
  { "problems", { type = "delegated_agent", owner_wallet = true, agent_address = true }, expect = {} },
  { "problems", { type = "delegated_agent", agent_address = true },
    expect = { { path = "owner_wallet", message = "must be given for type delegated_agent" } } },
}

return M
